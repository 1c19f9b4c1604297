import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { WebhookName } from '../admission/admission-request.js';
import { type Answer, plainAnswer } from '../admission/encode.js';
import type { Call, Handler } from '../admission/handler.js';
import type { CallTime } from '../admission/verdict.js';
import { parseTraceparent } from '../api/traceparent.js';
import { Deadline } from '../process/deadline.js';
import type { Readiness } from '../process/health-server.js';
import type { Clock, Log } from '../process/ports.js';
import { Semaphore } from '../process/semaphore.js';
import type { Connections } from '../serving/connections.js';
import { peerOf } from '../serving/peer.js';
import { type ReadBody, readBody } from '../serving/read-body.js';
import { ReceivingRoom } from '../serving/receiving-room.js';
import { deadlineMs } from './deadline.js';
import type { Refusal } from './refusals.js';

/**
 * Longest body that is read, bytes. An object in etcd has at most 1.5 MiB of protobuf, for which JSON needs at most twice as much;
 * a review holds two of them (object and oldObject), and 1 MiB remains for the rest: controller-runtime derives the same 7 MiB.
 * @see https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/webhook/admission/http.go
 */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;
/** Room for all bodies that are being received or judged, bytes: as they came, they stand outside of V8's heap. */
const RECEIVING_BYTES = 2 * MAX_BODY_BYTES;
/** Larger bodies have to wait their turn to be judged; smaller ones are no problem, even --max-in-flight of them. */
const SMALL_BODY_BYTES = 64 * 1024;
/** Room for all larger bodies that are judged, bytes: parsed, they stay well below the heap's limit in the Deployment. */
const JUDGED_BYTES = 2 * MAX_BODY_BYTES;

/** What the routes need. */
export interface RoutesDeps {
  /** Answers /mutate and /validate. */
  readonly handler: Handler;
  /** Answers /guard, which is not served otherwise. */
  readonly guard?: Handler;
  /** Calls judged at once; more are answered 503. A call counts from the end of its body on. */
  readonly maxInFlight: number;
  readonly ready: () => Readiness;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Pick<Connections, 'holds'>;
  readonly refusals: { add(reason: Refusal, peer: string): void };
  /** Whether this request's caller may ask for admission. */
  readonly isAccepted: (request: Request) => boolean;
}

interface Traffic {
  inFlight: number;
  readonly receiving: ReceivingRoom;
  readonly judged: Semaphore;
}

/** A router without an app: an app would change the prototype of each request and response, which slows down all of Node's work on them. */
export const createRouter = (deps: RoutesDeps): Router => {
  const routes = Router();
  const { handler, guard } = deps;
  const traffic = {
    inFlight: 0,
    receiving: new ReceivingRoom({ limit: RECEIVING_BYTES, largest: MAX_BODY_BYTES }),
    judged: new Semaphore(JUDGED_BYTES),
  };
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
  (webhook: WebhookName, deps: RoutesDeps, traffic: Traffic): RequestHandler =>
  async (request: Request, response: Response) => {
    if (!deps.isAccepted(request)) {
      refuseStranger(deps, { request, response });
      return;
    }
    const held = traffic.receiving.enter(request);
    deps.connections.holds(request, held);
    try {
      const read = await readBody(request, { response, limit: MAX_BODY_BYTES, held });
      if (read.kind === 'body') await judgeInTurn({ webhook, request, response, body: read.bytes }, deps, traffic);
      else send(response, unread[read.kind]);
    } finally {
      held.leave();
    }
  };

interface WholeCall {
  readonly webhook: WebhookName;
  readonly request: Request;
  readonly response: Response;
  readonly body: Uint8Array;
}

const judgeInTurn = async (call: WholeCall, deps: RoutesDeps, traffic: Traffic): Promise<void> => {
  const { request, response, body } = call;
  if (traffic.inFlight >= deps.maxInFlight) {
    const text = `more than ${deps.maxInFlight} requests at once (--max-in-flight); try again`;
    deps.refusals.add('in-flight', peerOf(request.socket));
    send(response, plainAnswer(503, text));
    return;
  }
  const room = body.length > SMALL_BODY_BYTES ? body.length : 0;
  traffic.inFlight += 1;
  if (room > 0) await traffic.judged.acquire(room);
  try {
    if (!response.closed) await judge(call, deps);
  } finally {
    if (room > 0) traffic.judged.release(room);
    traffic.inFlight -= 1;
  }
};

const judge = async (
  { webhook, request, response, body }: WholeCall,
  { handler, clock }: RoutesDeps,
): Promise<void> => {
  const withinMs = deadlineMs(/[?&]timeout=([^&]*)/.exec(request.url)?.[1]);
  const time = new Deadline(clock, withinMs);
  response.once('close', () => {
    if (!response.writableFinished) time.abort(new Error('nobody waits for the answer any more'));
    time.release();
  });
  const contentType = request.headers['content-type'] ?? '';
  const parent = parseTraceparent(request.headers['traceparent']);
  const call = { webhook, contentType, body, withinMs, ...(parent !== undefined && { parent }) };
  send(response, await handler(callOf(call, time)));
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

const WITHOUT_CERTIFICATE = plainAnswer(
  403,
  'a client certificate is needed that --client-ca vouches for; docs/operations.md says how the apiserver gets one',
);

/** Answer to a request that is given up. */
const TOO_SLOW = plainAnswer(408, 'the body came too slowly, or not at all');

/** Answers a request whose body came too slowly, if it is not answered yet; its connection ends. */
export const giveUp = (response: Response): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  send(response, TOO_SLOW);
};

/** Its body is read to the end and kept nowhere: whoever is answered while they still write may never see why. */
const refuseStranger = (
  { refusals }: Pick<RoutesDeps, 'refusals'>,
  { request, response }: { readonly request: Request; readonly response: Response },
): void => {
  refusals.add('client-certificate', peerOf(request.socket));
  response.setHeader('Connection', 'close');
  request.once('end', () => send(response, WITHOUT_CERTIFICATE)).resume();
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
  if (response.destroyed || response.headersSent) return;
  // Express is not used here: its send() takes longer than the rules do.
  response
    .writeHead(answer.status, { 'Content-Type': answer.contentType, 'Content-Length': Buffer.byteLength(answer.body) })
    .end(answer.body);
};
