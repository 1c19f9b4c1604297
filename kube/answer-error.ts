import { isMap } from '../api/json-map.js';
import { KubeError, type KubeErrorCode, type RefusalCause } from './client.js';

/** An HTTP answer other than success. `body` as text; it need not be a Status. */
export interface FailedAnswer {
  /** What was being done: `create jobs.batch ops/my-app-1`. */
  readonly action: string;
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: string;
  /** The request was about Secrets or tokens: nothing that the apiserver quotes may be repeated. */
  readonly confidential: boolean;
  /** Wall clock, for a Retry-After that is a date. */
  readonly now: number;
}

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[];
  };
}

/** Long enough for any sentence of the apiserver, short enough for a status or an event. */
const MAX_DETAIL = 1024;

const byStatus: Readonly<Record<number, KubeErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  410: 'gone',
  413: 'too-large',
  422: 'invalid',
  429: 'too-many-requests',
  500: 'unavailable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'timeout',
};

const words: Readonly<Record<KubeErrorCode, string>> = {
  unauthorized: 'unauthorized',
  forbidden: 'forbidden',
  conflict: 'conflict',
  'already-exists': 'already exists',
  'not-found': 'not found',
  gone: 'gone',
  invalid: 'invalid',
  'too-large': 'too large',
  'too-many-requests': 'too many requests',
  unavailable: 'unavailable',
  timeout: 'timed out',
  aborted: 'aborted',
  other: 'failed',
};

/** A code for people: `already exists`. */
export const codeWords = (code: KubeErrorCode): string => words[code];

/** The {@link KubeError} for an answer of the apiserver. Never throws. */
export const errorOfAnswer = (answer: FailedAnswer): KubeError => {
  const status = parseStatus(answer.body);
  const code = codeOf(answer.status, status);
  const detail = detailOf(answer, status);
  const retryAfterMs = retryAfterOf(answer, status);
  const causes = causesOf(answer, status);
  return new KubeError(code, `${answer.action}: ${words[code]}${detail === undefined ? '' : `: ${detail}`}`, {
    status: answer.status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(detail !== undefined && { detail }),
    ...(causes.length > 0 && { causes }),
  });
};

const causesOf = ({ confidential }: FailedAnswer, { reason, details }: Status): readonly RefusalCause[] =>
  confidential || reason !== 'Invalid'
    ? []
    : (details?.causes ?? []).map(({ field = '', message = '' }) => ({ field, message }));

const parseStatus = (body: string): Status => {
  try {
    const parsed: unknown = JSON.parse(body);
    return isMap(parsed) ? parsed : {};
  } catch {
    // A proxy's page, not the apiserver's words: the HTTP status alone counts.
    return {};
  }
};

const codeOf = (httpStatus: number, { reason, message, details }: Status): KubeErrorCode => {
  // A 404 that names no object means that the kind is not served: it does not say that the object is absent.
  if (httpStatus === 404 && details?.name === undefined) return 'other';
  if (reason === 'AlreadyExists') return 'already-exists';
  if (reason === 'Expired' || reason === 'Gone') return 'gone';
  if (reason === 'Timeout' || reason === 'ServerTimeout') return 'timeout';
  // etcd's limit of 1.5 MiB comes back as a 500.
  if (httpStatus === 500 && /request is too large|message larger than max/.test(message ?? '')) return 'too-large';
  return byStatus[httpStatus] ?? 'other';
};

const detailOf = (answer: FailedAnswer, { message, details }: Status): string | undefined => {
  if (answer.confidential && (answer.status === 400 || answer.status === 422)) {
    const fields = (details?.causes ?? []).flatMap(({ field }) => (field === undefined ? [] : [field]));
    return fields.length === 0 ? undefined : `see ${[...new Set(fields)].join(', ')}`.slice(0, MAX_DETAIL);
  }
  if (answer.status === 404 && details?.name === undefined) return 'the apiserver does not serve this kind';
  if (message === undefined || message === '') return undefined;
  // A body that cannot be decoded is quoted after these words.
  return message.replace(/,? error found in #.*$/s, '').slice(0, MAX_DETAIL);
};

const retryAfterOf = ({ retryAfter, now }: FailedAnswer, { details }: Status): number | undefined => {
  const seconds = retryAfter === undefined || retryAfter === '' ? details?.retryAfterSeconds : Number(retryAfter);
  if (seconds !== undefined && Number.isFinite(seconds)) return seconds > 0 ? seconds * 1000 : undefined;
  const date = Date.parse(retryAfter ?? '');
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};
