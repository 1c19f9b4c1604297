import { parseRegistryUrl } from '../../api/registry-url.js';

/** Where a bundle is published to. */
export interface Reference {
  readonly kind: 'ok';
  /** Lower case, with the port: `ghcr.io`, `localhost:5000`. */
  readonly host: string;
  /** Path below the host: `acme/app`. */
  readonly repository: string;
  readonly tag: string;
  /** As `spec.registry.url` has it: `ghcr.io/acme/app`. */
  readonly url: string;
}

const TAG = /^\w[\w.-]{0,127}$/;
/** A tag can only follow the last slash: before that, a colon separates the port. */
const TAGGED = /^(?<url>.*\/[^/:]*):(?<tag>[^/:]*)$/s;

/** Reads `host[:port]/path:tag`, optionally behind `oci://`. Never throws. */
export const parseReference = (text: string): Reference | { readonly kind: 'invalid'; readonly why: string } => {
  const invalid = (why: string) => ({ kind: 'invalid', why: `${JSON.stringify(text)}: ${why}` }) as const;
  if (/@sha\d+:/.test(text)) return invalid('a bundle is published under a tag, not under a digest');
  const { url, tag } = TAGGED.exec(text)?.groups ?? {};
  if (url === undefined || tag === undefined)
    return invalid('a tag is missing; write host[:port]/path:tag, for example "ghcr.io/acme/app:v1.0.0"');
  const parsed = parseRegistryUrl(url);
  if (parsed.kind === 'invalid') {
    const meant = parsed.suggestion === undefined ? '' : `; did you mean "${parsed.suggestion.url}:${tag}"?`;
    return invalid(`${parsed.reason}${meant}`);
  }
  if (!TAG.test(tag))
    return invalid('a tag has letters, digits, "_", "." and "-", at most 128, and begins with neither "." nor "-"');
  return {
    kind: 'ok',
    host: parsed.host,
    repository: parsed.repository,
    tag,
    url: `${parsed.host}/${parsed.repository}`,
  };
};
