import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from './http-answer.js';
import type { RegistryFailure } from './port.js';

/** A fault that this client found itself; its message is fit for a status. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: 'refused-address' | 'timeout' | 'protocol' | 'connection';

  constructor(code: WireError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Retry-After beyond this is cut: a registry must not be able to silence a bundle for good. */
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000;

/** undici reports a proxy's answer in its message only. */
const BY_PROXY = /^Proxy (?:response|Authentication Required) \((\d{3})\)/;

type Cause = Pick<RegistryFailure, 'code' | 'message'>;

const TIMED_OUT: Cause = { code: 'timeout', message: 'context deadline exceeded' };
const UNKNOWN_AUTHORITY: Cause = {
  code: 'certificate',
  message: 'certificate signed by unknown authority; give its CA with spec.registry.caSecretRef',
};
const CUT: Cause = { code: 'connection', message: 'connection closed before the answer was complete' };

/** By the code of Node's, OpenSSL's or undici's error. The words are those that Go programs use, where they have some. */
const CAUSES: Readonly<Record<string, Cause>> = {
  UND_ERR_CONNECT_TIMEOUT: TIMED_OUT,
  UND_ERR_HEADERS_TIMEOUT: TIMED_OUT,
  UND_ERR_BODY_TIMEOUT: TIMED_OUT,
  ETIMEDOUT: TIMED_OUT,
  ECONNREFUSED: { code: 'connection', message: 'connection refused' },
  ENOTFOUND: { code: 'connection', message: 'no such host' },
  EAI_AGAIN: { code: 'connection', message: 'no such host: name resolution failed for the time being' },
  EHOSTUNREACH: { code: 'connection', message: 'no route to host' },
  ENETUNREACH: { code: 'connection', message: 'network is unreachable' },
  ECONNRESET: { code: 'connection', message: 'connection reset by peer' },
  EPIPE: { code: 'connection', message: 'connection reset by peer' },
  UND_ERR_SOCKET: CUT,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT,
  Z_BUF_ERROR: CUT,
  CERT_HAS_EXPIRED: { code: 'certificate', message: 'certificate has expired' },
  CERT_NOT_YET_VALID: { code: 'certificate', message: 'certificate is not yet valid' },
  CERT_REVOKED: { code: 'certificate', message: 'certificate is revoked' },
  ERR_TLS_CERT_ALTNAME_INVALID: { code: 'certificate', message: 'certificate is not valid for this host name' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  ERR_SSL_WRONG_VERSION_NUMBER: {
    code: 'connection',
    message: 'the server does not speak TLS; for a registry with plain HTTP set spec.registry.insecure',
  },
  UND_ERR_HEADERS_OVERFLOW: { code: 'protocol', message: 'the answer has too large headers' },
  Z_DATA_ERROR: { code: 'protocol', message: 'the answer is no valid gzip' },
};

/** What a thrown error of a request means. Never throws; nothing of the error's own text is kept, unless it is ours. */
export const failureOf = (error: unknown): RegistryFailure => {
  if (error instanceof WireError) return { kind: 'failed', code: error.code, message: error.message };
  const code = codeOf(error);
  const known = CAUSES[code];
  if (known !== undefined) return { kind: 'failed', ...known };
  const isParserError = error instanceof Error && error.name === 'HTTPParserError';
  if (code.startsWith('HPE_') || isParserError)
    return { kind: 'failed', code: 'protocol', message: 'the answer is no HTTP' };
  if (/^CERT_|CERT/.test(code)) return { kind: 'failed', code: 'certificate', message: 'certificate is not valid' };
  const refusedByProxy = BY_PROXY.exec(error instanceof Error ? error.message : '');
  if (refusedByProxy !== null) {
    const { message } = failureOfStatus(Number(refusedByProxy[1]), undefined, 0);
    return { kind: 'failed', code: 'connection', message: `the proxy makes no connection: ${message}` };
  }
  const detail = code === '' ? '' : ` (${code})`;
  return { kind: 'failed', code: 'connection', message: `connection failed${detail}` };
};

/** Whether the server hung up on a request: as it does to a kept connection at the moment of its reuse. */
export const isHangUp = (error: unknown): boolean => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

/**
 * What an unexpected answer means.
 * @param retryAfter - the header's value
 * @param now - wall clock, milliseconds
 */
export const failureOfStatus = (status: number, retryAfter: string | undefined, now: number): RegistryFailure => {
  const words = STATUS_CODES[status]?.toLowerCase();
  const message = words === undefined ? `${status}` : `${status} ${words}`;
  const retryAfterMs = parseRetryAfter(retryAfter, now);
  const failure = { kind: 'failed', code: codeOfStatus(status), message } as const;
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
};

/** {@link failureOfStatus} of an answer, with what is known of who gave it, and to whom. */
export const failureOfAnswer = (answer: HttpAnswer, now: number): RegistryFailure => ({
  ...failureOfStatus(answer.status, answer.header('retry-after'), now),
  ...(answer.redirectedTo !== undefined && { host: answer.redirectedTo }),
  ...(answer.credentialSent && { credentialSent: true }),
});

/**
 * Milliseconds to wait, in [0, 24 h]; undefined if there is no header or it is neither seconds nor a date.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export const parseRetryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return /^\d+$|^[A-Za-z]{3},? /.test(text) && !Number.isNaN(ms)
    ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS)
    : undefined;
};

/** An answer that no registry should give; the message is fit for a status. */
export const protocolFailure = (message: string): RegistryFailure => ({ kind: 'failed', code: 'protocol', message });

const codeOfStatus = (status: number): RegistryFailure['code'] => {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'server-error' : 'protocol';
};

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  return error.code;
};
