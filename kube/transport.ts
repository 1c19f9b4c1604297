import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { Deadline } from '../process/deadline.js';
import { systemClock } from '../process/system-clock.js';
import { codeWords, errorOfAnswer } from './answer-error.js';
import { KubeError, type KubeErrorCode, type Resource } from './client.js';
import type { Connection } from './connect.js';
import { type Exchanged, Expired, exchange } from './exchange.js';
import { resourceName } from './resource-path.js';
import { SECRETS } from './resources.js';
import { warningsIn } from './warning-header.js';

/** A call that has ended, for kube_requests_total; every field has few values. */
export interface RequestReport {
  readonly verb: Verb;
  /** `jobs.batch`, `pods/log`. */
  readonly resource: string;
  /** The HTTP status, or the code of a call without an answer. */
  readonly code: string;
}

export interface TransportOptions {
  /** The apiserver takes what stands before the slash as the name of the field manager. */
  readonly userAgent?: string;
  readonly onRequest?: (report: RequestReport) => void;
  /** Called with each warning of an answer, those of admission webhooks among them. */
  readonly onWarning?: (text: string) => void;
}

/** As RBAC names them. */
type Verb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'watch';

/** One request to the apiserver, as a value. */
export interface Call {
  readonly verb: Verb;
  readonly type: Resource;
  /** Below the server's own path. */
  readonly path: string;
  /** What the call is about, for messages: `ops/my-app`. */
  readonly target: string;
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  /** The Accept header, if the answer is not to be plain JSON. */
  readonly accept?: string;
}

/** Beside the caller's signal: no unary call to an apiserver that is alive takes longer. */
const CALL_TIMEOUT_MS = 30_000;

const methods: Readonly<Record<Verb, Dispatcher.HttpMethod>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};

/**
 * Requests to one apiserver over HTTP/1.1, through one pool of kept connections.
 * Every fault is a {@link KubeError}; no body ever becomes part of a message.
 */
export class Transport {
  readonly #connection: Connection;
  readonly #options: TransportOptions;
  readonly #dispatcher: Dispatcher;
  readonly #prefix: string;

  constructor(connection: Connection, options: TransportOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#dispatcher = dispatcherFor(connection);
    this.#prefix = connection.server.pathname.replace(/\/+$/, '');
  }

  /** Ends all connections; what still runs fails. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** The answer, parsed. */
  async json<T>(call: Call, signal: AbortSignal): Promise<T> {
    const text = await this.text(call, signal);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new KubeError('other', `${actionOf(call)}: the answer is no JSON`);
    }
  }

  /** The answer as text, within 30 s. */
  async text(call: Call, signal: AbortSignal): Promise<string> {
    try {
      return await this.#reported(call, () => this.#once(call, signal));
    } catch (error) {
      // The server closed a kept connection while the request was under way; a read may simply be repeated.
      if (methods[call.verb] !== 'GET' || signal.aborted || !isLostConnection(error)) throw error;
      return await this.#reported(call, () => this.#once(call, signal));
    }
  }

  /**
   * The bytes of an answer that goes on, up to `ms`; the caller reads them to the end or breaks off.
   * @throws KubeError: `aborted` with the signal, `timeout` when the time is over
   */
  async *stream(call: Call, ms: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const deadline = new Deadline(systemClock, ms, { signal });
    try {
      const body = await this.#reported(call, () => this.#open(call, deadline.signal));
      for await (const chunk of body) yield chunk as Uint8Array;
      signal.throwIfAborted();
    } catch (error) {
      throw ended(error, { action: actionOf(call), aborted: signal.aborted, expired: deadline.expired });
    } finally {
      deadline.release();
    }
  }

  async #once(call: Call, signal: AbortSignal): Promise<string> {
    try {
      signal.throwIfAborted();
      const request = await this.#request(call);
      signal.throwIfAborted();
      const { status, headers, text } = await exchange(this.#dispatcher, request, { ms: CALL_TIMEOUT_MS, signal });
      this.#warn(headers);
      if (isSuccess(status)) return text;
      throw failureOf(call, { status, headers, text });
    } catch (error) {
      throw ended(error, { action: actionOf(call), aborted: signal.aborted, expired: error instanceof Expired });
    }
  }

  #warn(headers: Exchanged['headers']): void {
    if (this.#options.onWarning === undefined) return;
    for (const text of warningsIn(headers['warning'])) this.#options.onWarning(text);
  }

  /** Sends the request; an answer other than success is a {@link KubeError}. */
  async #open(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
    signal.throwIfAborted();
    const request = await this.#request(call);
    const { statusCode, headers, body } = await this.#dispatcher.request({ ...request, signal });
    if (isSuccess(statusCode)) return body;
    throw failureOf(call, { status: statusCode, headers, text: await body.text() });
  }

  async #request(call: Call): Promise<Dispatcher.DispatchOptions> {
    return {
      origin: this.#connection.server.origin,
      path: `${this.#prefix}${call.path}${queryText(call.query)}`,
      method: methods[call.verb],
      headers: await this.#headers(call),
      body: call.body === undefined ? null : JSON.stringify(call.body),
      // Else undici ends the connection after each DELETE, whose body some servers leave unread; apiservers read it.
      reset: false,
      // The deadline of the call covers both; undici's own would end a quiet watch.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  async #headers(call: Call): Promise<Record<string, string>> {
    const contentType = call.verb === 'patch' ? 'application/merge-patch+json' : 'application/json';
    return {
      accept: call.accept ?? (call.subresource === 'log' ? '*/*' : 'application/json'),
      'user-agent': this.#options.userAgent ?? 'werfbundle',
      ...(call.body !== undefined && { 'content-type': contentType }),
      ...(await authenticated(this.#connection, actionOf(call))),
    };
  }

  async #reported<T>(call: Call, run: () => Promise<T>): Promise<T> {
    const { verb, type, subresource = '' } = call;
    const resource = subresource === '' ? resourceName(type) : `${resourceName(type)}/${subresource}`;
    try {
      const result = await run();
      this.#options.onRequest?.({ verb, resource, code: verb === 'create' ? '201' : '200' });
      return result;
    } catch (error) {
      const code = error instanceof KubeError ? (error.status?.toString() ?? error.code) : 'other';
      this.#options.onRequest?.({ verb, resource, code });
      throw error;
    }
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

const failureOf = (call: Call, { status, headers, text }: Exchanged): KubeError => {
  const retryAfter = headers['retry-after'];
  return errorOfAnswer({
    action: actionOf(call),
    status,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : retryAfter?.[0],
    body: text,
    confidential: call.type.plural === SECRETS.plural || call.subresource === 'token',
    now: systemClock.now(),
  });
};

/** Reads certificates once: reading them for each connection would cost as much as the rest of the handshake. */
const readOnce = (
  material: SecureContextOptions,
): SecureContextOptions & { readonly secureContext?: SecureContext } => {
  try {
    return { secureContext: createSecureContext(material) };
  } catch {
    // Unreadable certificates fail, and are reported, where they are used.
    return material;
  }
};

const dispatcherFor = ({ server, tls, proxy }: Connection): Dispatcher => {
  const { ca, cert, key, rejectUnauthorized, servername } = tls;
  const given = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  const material = {
    rejectUnauthorized,
    ...readOnce(given),
    ...(servername !== undefined && { servername }),
  };
  // Shorter than the idle times of apiservers (90 s) and of the usual load balancers (60 s).
  const keepAlive = { keepAliveTimeout: 30_000, keepAliveMaxTimeout: 50_000 };
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: material, ...keepAlive });
  const connect = server.protocol === 'https:' ? { ...material, timeout: 10_000 } : { timeout: 10_000 };
  return new Agent({ connect, ...keepAlive });
};

/** What a call does, for messages: `create jobs.batch ops/my-app-1`. */
export const actionOf = ({ verb, type, target, subresource = '' }: Call): string =>
  [verb, subresource === '' ? resourceName(type) : `${resourceName(type)}/${subresource}`, target]
    .filter((word) => word !== '')
    .join(' ');

const queryText = (query: Call['query'] = {}): string => {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
};

const authenticated = async (connection: Connection, action: string): Promise<Record<string, string>> => {
  try {
    return await connection.headers();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'no credentials';
    throw new KubeError('unauthorized', `${action}: cannot get credentials: ${detail}`, { cause });
  }
};

const isLostConnection = (error: unknown): boolean =>
  error instanceof KubeError &&
  error.code === 'unavailable' &&
  error.status === undefined &&
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(errno(error.cause) ?? '');

const errno = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};

/** A fault of the transport as a {@link KubeError}. */
const ended = (
  error: unknown,
  call: { readonly action: string; readonly aborted: boolean; readonly expired: boolean },
): KubeError => {
  if (error instanceof KubeError) return error;
  const code: KubeErrorCode = call.aborted ? 'aborted' : call.expired ? 'timeout' : 'unavailable';
  const detail = code === 'unavailable' && error instanceof Error ? `: ${error.message}` : '';
  return new KubeError(code, `${call.action}: ${codeWords(code)}${detail}`, { cause: error });
};
