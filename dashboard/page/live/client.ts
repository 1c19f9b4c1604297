import type { Refusal } from '../../protocol.js';
import { parseHarmless } from './harmless-json.js';
import { LineSplitter } from './line-splitter.js';

/** The server has said no, or has failed. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly refusal: Refusal;
}

/** The server was not reached, or stopped in the middle. */
interface Lost {
  readonly kind: 'lost';
}

/** What became of a call. */
export type Answer<T> = { readonly kind: 'answered'; readonly value: T } | Refused | Lost;

/** What became of a call that answers by lines. */
export type LinesEnd = { readonly kind: 'ended' } | Refused | Lost;

/** The server, as the page sees it. Paths begin with `/api/`. Nothing rejects; what is aborted counts as lost. */
export interface Client {
  get<T>(path: string, signal: AbortSignal): Promise<Answer<T>>;
  /** @param take - gets each line as soon as it is there */
  lines<T>(path: string, signal: AbortSignal, take: (line: T) => void): Promise<LinesEnd>;
}

/** What of a request is said: this page, and nobody else, asks for something that is new each time. */
interface FetchInit {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly cache: 'no-store';
  readonly credentials: 'omit';
}

/** The browser's `fetch`, or a spec's. */
export type Fetch = (path: string, init: FetchInit) => Promise<Response>;

interface ClientOptions {
  readonly fetch: Fetch;
  /** '' where none is needed. */
  readonly key: string;
  /** Hears of each answer that the key is not, or no longer, good for. */
  readonly onUnauthorized?: (refusal: Refusal) => void;
}

/** A client with a key. */
export const createClient = (options: ClientOptions): Client => ({
  get: async <T>(path: string, signal: AbortSignal): Promise<Answer<T>> => {
    const response = await call(path, signal, options);
    if ('kind' in response) return response;
    try {
      return { kind: 'answered', value: parseHarmless(await response.text()) as T };
    } catch {
      return { kind: 'lost' };
    }
  },
  lines: async <T>(path: string, signal: AbortSignal, take: (line: T) => void): Promise<LinesEnd> => {
    const response = await call(path, signal, options);
    if ('kind' in response) return response;
    return response.body === null ? { kind: 'ended' } : readLines(response.body, take);
  },
});

const call = async (path: string, signal: AbortSignal, options: ClientOptions): Promise<Response | Refused | Lost> => {
  const { key, onUnauthorized } = options;
  const headers: Record<string, string> = key === '' ? {} : { authorization: `Bearer ${key}` };
  try {
    const response = await options.fetch(path, { headers, signal, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return response;
    const refusal = refusalIn(response.status, await response.text());
    if (response.status === 401) onUnauthorized?.(refusal);
    return { kind: 'refused', status: response.status, refusal };
  } catch {
    return { kind: 'lost' };
  }
};

/** A proxy between may answer in words of its own. */
const refusalIn = (status: number, body: string): Refusal => {
  try {
    const found = parseHarmless(body);
    if (typeof found === 'object' && found !== null && 'message' in found) return found as Refusal;
  } catch {}
  return { message: `The server answered with status ${status}.` };
};

const readLines = async <T>(body: ReadableStream<Uint8Array>, take: (line: T) => void): Promise<LinesEnd> => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const splitter = new LineSplitter();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      for (const line of splitter.push(decoder.decode(piece.value, { stream: true }))) take(parseHarmless(line) as T);
    return { kind: 'ended' };
  } catch {
    await reader.cancel().catch(() => undefined);
    return { kind: 'lost' };
  }
};
