/** Longer ones are of no registry that is known, and would be kept for each page and stand in statuses. */
const LONGEST_ETAG = 256;

/**
 * The `ETag` of an answer as it may be sent back and shown: visible ASCII, with or without the quotes that it should have.
 * @returns undefined if there is none, or none of use
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-etag
 */
export function parseEtag(header: string | undefined): string | undefined {
  const etag = header?.trim() ?? '';
  return etag.length <= LONGEST_ETAG && /^[\x21-\x7e]+$/.test(etag) ? etag : undefined;
}
