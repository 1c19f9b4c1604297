import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { WebhookName } from '../admission/admission-request.js';
import { type Answer, plainAnswer } from '../admission/encode.js';
import type { Call, Handler } from '../admission/handler.js';
import type { CallTime } from '../admission/verdict.js';
import type { KeyPair } from '../certs/issue.js';
import { Deadline } from '../process/deadline.js';
import type { Readiness } from '../process/health-server.js';
import { listenFault } from '../process/listen-fault.js';
import type { Clock, Log } from '../process/ports.js';
import { Semaphore } from '../process/semaphore.js';
import { deadlineMs } from './deadline.js';
import { type ReadBody, readBody } from './read-body.js';

/**
 * Longest body that is read, bytes. An object in etcd has at most 1.5 MiB of protobuf, for which JSON needs at most twice as much;
 * a review holds two of them (object and oldObject), and 1 MiB remains for the rest: controller-runtime derives the same 7 MiB.
 * @see https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/webhook/admission/http.go
 */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;
/** Larger bodies have to wait for room; smaller ones are no problem, even --max-in-flight of them. */
const SMALL_BODY_BYTES = 64 * 1024;
/** Room for all larger bodies under way, bytes: parsed, they stay well below the heap's limit in the Deployment. */
const LARGE_BODIES_BYTES = 2 * MAX_BODY_BYTES;
/** Idle connections live longer here than at the apiserver (90 s), or a call fails when both decide at once. */
const KEEP_ALIVE_MS = 120_000;
/** Time for a call's headers and body to arrive; the apiserver gives up after 30 s at the latest. */
const RECEIVE_MS = 30_000;
/** How often to check whether the calls under way have ended, milliseconds. */
const DRAIN_STEP_MS = 50;

/** What the server is made of. */
interface ServerDeps {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly serving: KeyPair;
  /** Answers /mutate and /validate. */
  readonly handler: Handler;
  /** Answers /guard, which is not served otherwise. */
  readonly guard?: Handler;
  /** Calls under way at once; more are answered 503. */
  readonly maxInFlight: number;
  readonly ready: () => Readiness;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that listens. */
export interface AdmissionServer {
  readonly port: number;
  /** New connections are answered with this pair; existing ones stay as they are. @throws the error of OpenSSL */
  use(serving: KeyPair): void;
  /**
   * Ends it: for `delayMs` it goes on answering, asking each client to close its connection (the apiserver learns only after a
   * while that this Pod is terminating); then no new calls are taken, and after at most `graceMs` more all connections are cut.
   */
  stop(delayMs: number, graceMs: number): Promise<void>;
}

/**
 * Listens with TLS. No rules here: bodies go to the handler, its answers back.
 * @throws StartError with one line if it cannot listen there; the error of OpenSSL for certificates it can't use
 */
export const startServer = async (deps: ServerDeps): Promise<AdmissionServer> => {
  const traffic = { inFlight: 0, draining: false, room: new Semaphore(LARGE_BODIES_BYTES) };
  const route = createRouter(deps, traffic);
  const server = createServer(tlsOptions(deps.serving), (request, response) => {
    if (traffic.draining) response.setHeader('Connection', 'close');
    // Never called: the last route takes all requests.
    route(request as Request, response as Response, () => {});
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = RECEIVE_MS;
  server.on('tlsClientError', (error) => deps.log.debug('TLS handshake failed', { error }));
  await listen(server, deps.listen);
  return {
    port: (server.address() as AddressInfo).port,
    use: (serving) => server.setSecureContext(tlsOptions(serving)),
    stop: async (delayMs, graceMs) => {
      traffic.draining = true;
      if (delayMs > 0) await deps.clock.sleep(delayMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      for (let left = graceMs; left > 0 && traffic.inFlight > 0; left -= DRAIN_STEP_MS) {
        await deps.clock.sleep(DRAIN_STEP_MS);
      }
      server.closeAllConnections();
      await closed;
    },
  };
};

/** All options each time: a new context takes over nothing from the old one, the lowest version included. */
const tlsOptions = ({ certificate, key }: KeyPair) => ({ cert: certificate, key, minVersion: 'TLSv1.2' as const });

const listen = (server: Server, { host, port }: ServerDeps['listen']): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, { host, port, flag: '--listen' })));
    server.listen({ host, port }, resolve);
  });

interface Traffic {
  inFlight: number;
  draining: boolean;
  readonly room: Semaphore;
}

/** A router without an app: an app would change the prototype of each request and response, which slows down all of Node's work on them. */
const createRouter = (deps: ServerDeps, traffic: Traffic): Router => {
  const routes = Router();
  const { handler, guard } = deps;
  const handlers = { mutate: handler, validate: handler, ...(guard !== undefined && { guard }) };
  const webhooks = Object.keys(handlers) as (keyof typeof handlers)[];
  for (const webhook of webhooks) {
    routes.post(`/${webhook}`, answering(webhook, { ...deps, handler: handlers[webhook] ?? handler }, traffic));
  }
  routes.get('/healthz', (_request, response) => send(response, plainAnswer(200, 'ok')));
  routes.get('/readyz', (_request, response) => {
    const readiness = deps.ready();
    send(response, readiness.ok ? plainAnswer(200, 'ok') : plainAnswer(503, readiness.reason));
  });
  const served = `${webhooks.map((webhook) => `POST /${webhook}`).join(' and ')} are served here`;
  routes.use((_request, response) => send(response, plainAnswer(404, served)));
  routes.use(refusing(deps.log));
  return routes;
};

const answering =
  (
    webhook: WebhookName,
    { handler, maxInFlight, clock }: Pick<ServerDeps, 'handler' | 'maxInFlight' | 'clock'>,
    traffic: Traffic,
  ): RequestHandler =>
  async (request: Request, response: Response) => {
    if (traffic.inFlight >= maxInFlight) {
      send(response, plainAnswer(503, `more than ${maxInFlight} requests at once (--max-in-flight); try again`));
      return;
    }
    traffic.inFlight += 1;
    const withinMs = deadlineMs(/[?&]timeout=([^&]*)/.exec(request.url)?.[1]);
    const time = new Deadline(clock, withinMs);
    response.once('close', () => {
      traffic.inFlight -= 1;
      if (!response.writableFinished) time.abort(new Error('nobody waits for the answer any more'));
      time.release();
    });
    const read = await readInTurn(request, response, traffic.room);
    if (read.kind !== 'body') {
      send(response, unread[read.kind]);
      return;
    }
    const contentType = request.headers['content-type'] ?? '';
    send(response, await handler(callOf({ webhook, contentType, body: read.bytes, withinMs }, time)));
  };

/** Reads a body; a large one occupies room until it is answered. */
const readInTurn = async (request: Request, response: Response, room: Semaphore): Promise<ReadBody> => {
  const bytes = Math.min(Number(request.headers['content-length'] ?? MAX_BODY_BYTES), MAX_BODY_BYTES);
  if (bytes > SMALL_BODY_BYTES) {
    await room.acquire(bytes);
    if (response.closed) {
      room.release(bytes);
      return { kind: 'gone' };
    }
    response.once('close', () => room.release(bytes));
  }
  return readBody(request, MAX_BODY_BYTES);
};

/** The signal is a getter, so that the time starts only if a check needs it. */
const callOf = (call: Omit<Call, 'signal'>, time: CallTime): Call => ({
  ...call,
  get signal() {
    return time.signal;
  },
});

/** Answers to bodies that were not read to their end. */
const unread: Readonly<Record<Exclude<ReadBody['kind'], 'body'>, Answer>> = {
  'too-large': plainAnswer(
    413,
    `the request is larger than ${MAX_BODY_BYTES} bytes: no object that etcd would take makes one like it`,
  ),
  encoded: plainAnswer(415, 'malformed request'),
  gone: plainAnswer(400, 'malformed request'),
};

/** Answers faults of the transport, before there is a body to judge. Express knows an error handler by its four parameters. */
const refusing =
  (log: Log): ErrorRequestHandler =>
  (error: { readonly status?: number }, _request, response, _next) => {
    if (response.headersSent || response.destroyed) return;
    const status = error.status ?? 500;
    if (status >= 500) log.error('request failed', { error });
    send(response, plainAnswer(status, status >= 500 ? 'the webhook failed; its log says why' : 'malformed request'));
  };

const send = (response: Response, answer: Answer): void => {
  if (response.destroyed) return;
  // Express is not used here: its send() takes longer than the rules do.
  response
    .writeHead(answer.status, { 'Content-Type': answer.contentType, 'Content-Length': Buffer.byteLength(answer.body) })
    .end(answer.body);
};
