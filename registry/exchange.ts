import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { Clock } from '../process/ports.js';
import type { Connections } from './connections.js';
import { failureOf, isHangUp, WireError } from './failures.js';
import type { HostLimiter } from './host-limiter.js';
import type { HttpAnswer } from './http-answer.js';
import type { HeldBack, RegistryFailure } from './port.js';
import { ABANDONED, verdictOf } from './verdict.js';

/** How far a server is trusted; of a {@link RegistryTarget}. */
interface Trust {
  readonly insecure: boolean;
  readonly ca?: string;
}

interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  /** Names in lower case. `authorization` stays behind when a redirect leaves the origin. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Reads the body of an error too: for the person who asked, never for a status. */
  readonly readsErrors?: true;
}

interface ExchangeDeps {
  readonly connections: Connections;
  readonly hosts: HostLimiter;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Time for a whole body after its headers, milliseconds. */
  readonly bodyMs: number;
  /** Limit for the unzipped body, bytes. */
  readonly bodyBytes: number;
}

/** Sends one request, follows its redirects, and reads the answer. Rejects only with the reason of an aborted signal. */
export type Exchange = (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
) => Promise<HttpAnswer | RegistryFailure | HeldBack>;

const REDIRECTS_MAX = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** How much of an unused body is read: after a small one the connection can be used again, a large one is not worth it. */
const IGNORED_BODY_BYTES = 64 * 1024;

/** Errors of the network become failures here, and only here. */
export const createExchange =
  (deps: ExchangeDeps): Exchange =>
  async (request, trust, signal) => {
    try {
      return await followed(request, trust, signal, deps);
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(error);
    }
  };

const followed = async (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
  deps: ExchangeDeps,
): Promise<HttpAnswer | RegistryFailure | HeldBack> => {
  let current = request;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const { host } = current.url;
    const elsewhere = host === request.url.host ? undefined : host;
    const answer = await answerFrom(current, trust, signal, deps);
    if (answer.kind === 'held') return answer;
    if (answer.kind === 'failed') return { ...answer, ...(elsewhere !== undefined && { host: elsewhere }) };
    const location = REDIRECTS.has(answer.status) ? answer.header('location') : undefined;
    if (location === undefined || isWrite(request)) {
      return elsewhere === undefined ? answer : { ...answer, redirectedTo: elsewhere };
    }
    current = redirected(current, location, trust);
  }
  throw new WireError('protocol', `more than ${REDIRECTS_MAX} redirects`);
};

const isWrite = ({ method }: HttpRequest): boolean => method === 'POST' || method === 'PUT';

const answerFrom = async (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
  deps: ExchangeDeps,
): Promise<HttpAnswer | RegistryFailure | HeldBack> => {
  try {
    return await permitted(request, trust, signal, deps);
  } catch (error) {
    signal.throwIfAborted();
    return failureOf(error);
  }
};

const redirected = (request: HttpRequest, location: string, trust: Trust): HttpRequest => {
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new WireError('protocol', 'a redirect to no URL');
  if (url.protocol === 'http:' && !trust.insecure) {
    throw new WireError(
      'protocol',
      'a redirect to plain HTTP, which is not followed unless spec.registry.insecure is set',
    );
  }
  const { authorization, ...others } = request.headers;
  const keeps = url.origin === request.url.origin && authorization !== undefined;
  return { ...request, url, headers: keeps ? { ...others, authorization } : others };
};

/** Each hop needs a permit of its own host. */
const permitted = async (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
  deps: ExchangeDeps,
): Promise<HttpAnswer | HeldBack> => {
  const permit = await deps.hosts.acquire({ url: request.url, ca: trust.ca }, signal);
  if (permit.kind === 'held') return permit;
  const now = (): number => deps.clock.now();
  try {
    const answer = await sent(request, trust, signal, deps);
    permit.done(verdictOf(answer, request.method, now()));
    return answer;
  } catch (error) {
    permit.done(signal.aborted ? ABANDONED : verdictOf(failureOf(error), request.method, now()));
    throw error;
  }
};

const sent = async (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
  deps: ExchangeDeps,
): Promise<HttpAnswer> => {
  const response = await responseTo(request, trust, signal, deps);
  const headers = (name: string): readonly string[] => [response.headers[name] ?? []].flat();
  const header = (name: string): string | undefined => headers(name)[0];
  const isSuccess = response.statusCode >= 200 && response.statusCode < 300;
  const useful = (isSuccess || request.readsErrors === true) && request.method !== 'HEAD';
  const body = useful
    ? await read(response.body, { encoding: header('content-encoding'), bytes: deps.bodyBytes }, deps)
    : Buffer.alloc(0);
  if (!useful) await ignore(response.body, deps);
  return { kind: 'answer', status: response.statusCode, origin: request.url.origin, header, headers, body };
};

const responseTo = async (
  request: HttpRequest,
  trust: Trust,
  signal: AbortSignal,
  deps: ExchangeDeps,
): Promise<Dispatcher.ResponseData> => {
  const send = (): Promise<Dispatcher.ResponseData> => {
    const { body, length } = sendable(request);
    return deps.connections.dispatcher(request.url, trust.ca).request({
      origin: request.url.origin,
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method,
      headers: { 'user-agent': deps.userAgent, 'accept-encoding': 'gzip', ...length, ...request.headers },
      body,
      signal,
    });
  };
  try {
    return await send();
  } catch (error) {
    // A kept connection may be closed by the server just as it is used again; reading once more is harmless.
    if (signal.aborted || isWrite(request) || !isHangUp(error)) throw error;
    return await send();
  }
};

/** The time for an answer begins anew with each piece that the server takes: it bounds silence, not the size of an upload. */
const PIECE_BYTES = 64 * 1024;

/** A large body goes out in pieces, and then its length has to be said. */
const sendable = ({ body }: HttpRequest): Sendable =>
  Buffer.isBuffer(body) && body.length > PIECE_BYTES
    ? { body: Readable.from(piecesOf(body)), length: { 'content-length': `${body.length}` } }
    : { body: body ?? null, length: {} };

interface Sendable {
  readonly body: string | Buffer | Readable | null;
  readonly length: Readonly<Record<string, string>>;
}

function* piecesOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

interface ReadLimits {
  readonly encoding: string | undefined;
  readonly bytes: number;
}

const read = async (body: Readable, limits: ReadLimits, deps: ExchangeDeps): Promise<Buffer> => {
  // A body that is destroyed before its end emits an error, which would end the process if nobody listened.
  body.on('error', () => undefined);
  const late = new WireError('timeout', 'context deadline exceeded');
  const timer = deps.clock.startTimer(deps.bodyMs, () => body.destroy(late));
  try {
    return await collected(body, limits);
  } finally {
    timer.cancel();
    body.destroy();
  }
};

const collected = async (body: Readable, { encoding, bytes }: ReadLimits): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(body, encoding)) {
    size += chunk.length;
    if (size > bytes) throw new WireError('protocol', `the answer is larger than ${bytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const decoded = (body: Readable, encoding: string | undefined): AsyncIterable<Buffer> => {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return body;
  if (name !== 'gzip' && name !== 'x-gzip')
    throw new WireError('protocol', 'the answer has an encoding nobody asked for');
  const gunzip = createGunzip();
  body.on('error', (error) => gunzip.destroy(error));
  return body.pipe(gunzip);
};

/** Reads the rest of a body, so that the connection can be used again. Failures are ignored. */
const ignore = async (body: Readable, deps: ExchangeDeps): Promise<void> => {
  try {
    await read(body, { encoding: undefined, bytes: IGNORED_BODY_BYTES }, deps);
  } catch {
    body.destroy();
  }
};
