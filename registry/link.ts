/** Where the next page of a listing is. `refused`: the registry names a place where our credentials must not go. */
type NextPage =
  | { readonly kind: 'last' }
  | { readonly kind: 'next'; readonly url: URL }
  | { readonly kind: 'refused'; readonly message: string };

const LINK = /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g;
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/i;

/**
 * Reads the `Link` header of one page. A link may be relative, and registries behind a proxy often write it without their port
 * or with the wrong scheme: only its host is held against the page's, then the page's own origin is used.
 * Never throws.
 * @param current - the page that the header came with
 * @param header - the header's value; undefined when there was none
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export const nextPage = (current: URL, header: string | undefined): NextPage => {
  const target = header === undefined ? undefined : nextTarget(header);
  if (target === undefined) return { kind: 'last' };
  const url = URL.canParse(target, current.href) ? new URL(target, current) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return { kind: 'refused', message: 'the registry names a next page of tags that is no URL' };
  }
  if (url.hostname !== current.hostname) {
    return {
      kind: 'refused',
      message: 'the registry names a next page of tags on another host, which is not followed',
    };
  }
  return { kind: 'next', url: new URL(`${url.pathname}${url.search}`, current.origin) };
};

const nextTarget = (header: string): string | undefined => {
  for (const [, target, params = ''] of header.matchAll(LINK)) {
    const rel = REL.exec(params);
    const relations = (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/);
    if (relations.includes('next')) return target;
  }
  return undefined;
};
