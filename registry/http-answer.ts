import { isMap, type JsonMap } from '../api/json-map.js';
/** An HTTP answer of whatever status, its body read and unzipped. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** The origin that answered, after redirects. */
  readonly origin: string;
  /** `host[:port]` that answered, if redirects led to another one than was asked. */
  readonly redirectedTo?: string;
  /** The target's credential was sent with the request, or for its token. */
  readonly credentialSent?: true;
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** Empty unless the status is 2xx: what a registry says in an error is only for a person who pushes. */
  readonly body: Buffer;
}

/** The JSON object in an answer's body; undefined if it is anything else. Never throws. */
export const jsonObject = (body: Buffer): JsonMap | undefined => {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return isMap(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** No known registry sends longer ones, and they would be kept for each page and written to statuses. */
const LONGEST_ETAG = 256;

/**
 * The `ETag` of an answer as it may be sent back and shown: visible ASCII, with or without the quotes that it should have.
 * @returns undefined if there is none, or none of use
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-etag
 */
export const parseEtag = (header: string | undefined): string | undefined => {
  const etag = header?.trim() ?? '';
  return etag.length <= LONGEST_ETAG && /^[\x21-\x7e]+$/.test(etag) ? etag : undefined;
};
