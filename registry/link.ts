import { quoted } from '../api/validate/wording.js';

/**
 * Where the next page of a listing is. `refused`: the registry names a place where our credentials must not go, or says something
 * that can't be understood, so that the list may have more pages than are known.
 */
type NextPage =
  | { readonly kind: 'last' }
  | { readonly kind: 'next'; readonly url: URL }
  | { readonly kind: 'refused'; readonly message: string };

/** One link of a header. */
interface Link {
  readonly target: string;
  /** Relation types in lower case; undefined: it has no `rel`. */
  readonly relations: readonly string[] | undefined;
}

/** What stands before a link: the lists of HTTP may have empty elements. */
const BEFORE = /^[\s,]*/;
/** `<target>`, or a bare target, as old registries write it. */
const TARGET = /^(?:<([^>]*)>|([^\s<>;,"'=][^\s<>;,"']*))/;
/** `; rel="next"`, in the forms that RFC 8288 allows, and in single quotes. */
const PARAMETER = /^\s*;\s*([^\s=;,<>"']+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s;,"'<>]*)))?/;
/** What stands after a link: a semicolon too many does no harm. */
const AFTER = /^[\s;]*(?:,|$)/;

/**
 * Reads the `Link` headers of one page. A link may be relative, and registries behind a proxy often write it without their port
 * or with the wrong scheme: only its host is compared with the page's, then the page's own origin is used. If no link has a
 * relation `next`, and one alone has no relation at all, that one is taken for the next page. Never throws.
 * @param current - the URL of the page that the headers came with
 * @param headers - the values of all `Link` headers, one for each line
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export const nextPage = (current: URL, headers: readonly string[]): NextPage => {
  const links: Link[] = [];
  for (const header of headers) {
    const found = linksIn(header);
    if (found === undefined) return unreadable(header);
    links.push(...found);
  }
  const next = links.find(({ relations }) => relations?.includes('next'));
  if (next !== undefined) return pageAt(current, next.target);
  const [unnamed, other] = links.filter(({ relations }) => relations === undefined);
  if (other !== undefined) return unreadable(headers.join(', '));
  return unnamed === undefined ? { kind: 'last' } : pageAt(current, unnamed.target);
};

const pageAt = (current: URL, target: string): NextPage => {
  const url = URL.canParse(target, current.href) ? new URL(target, current) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return refused(`the registry names a next page of tags that is no URL: ${quoted(target)}`);
  }
  if (url.hostname !== current.hostname) {
    return refused(`the registry names a next page of tags on another host, ${url.host}, which is not followed`);
  }
  return { kind: 'next', url: new URL(`${url.pathname}${url.search}`, current.origin) };
};

/** @returns undefined if a part of the header is not understood */
const linksIn = (header: string): readonly Link[] | undefined => {
  const links: Link[] = [];
  let rest = header.replace(BEFORE, '');
  while (rest !== '') {
    const target = TARGET.exec(rest);
    if (target === null) return undefined;
    const { relations, after } = parametersOf(rest.slice(target[0].length));
    if (!AFTER.test(after)) return undefined;
    links.push({ target: (target[1] ?? target[2] ?? '').trim(), relations });
    rest = after.replace(AFTER, '').replace(BEFORE, '');
  }
  return links;
};

/** Of several `rel`, the first one counts. `after`: what follows the last parameter. */
const parametersOf = (text: string): Pick<Link, 'relations'> & { readonly after: string } => {
  let relations: Link['relations'];
  let after = text;
  for (let parameter = PARAMETER.exec(after); parameter !== null; parameter = PARAMETER.exec(after)) {
    const [all, name, quotedValue, singleQuoted, token] = parameter;
    after = after.slice(all.length);
    if (name?.toLowerCase() !== 'rel') continue;
    const value = quotedValue?.replace(/\\(.)/g, '$1') ?? singleQuoted ?? token ?? '';
    relations ??= value.trim().toLowerCase().split(/\s+/);
  }
  return { relations, after };
};

const refused = (message: string): NextPage => ({ kind: 'refused', message });

const unreadable = (header: string): NextPage =>
  refused(`the list of tags may have more pages, but the registry's Link header can't be read: ${quoted(header)}`);
