import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock, Log } from '../process/ports.js';
import { Connections } from '../serving/connections.js';
import { peerOf } from '../serving/peer.js';
import { type ReadBody, readBody } from '../serving/read-body.js';
import { ReceivingRoom } from '../serving/receiving-room.js';
import { admitFirst, drain, listen } from '../serving/tcp-server.js';
import { answerUnreadable, hasHost, originForm } from '../serving/unreadable-requests.js';
import { type CallAnswer, type Calls, MAX_BODY_BYTES } from './calls.js';
import type { Refusal } from './refusals.js';

/** Room for all bodies that are being received, bytes. */
const RECEIVING_BYTES = 4 * MAX_BODY_BYTES;
/** An idle connection of a sender, or of a proxy, is kept for so long, milliseconds. */
const KEEP_ALIVE_MS = 75_000;
/** Time for a call's headers and body, waiting for room included, milliseconds. */
const RECEIVE_MS = 30_000;
/** How often that is looked at, milliseconds. */
const RECEIVE_LOOK_MS = 5_000;

interface ServerDeps {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly calls: Pick<Calls, 'answer'>;
  readonly maxConnections: number;
  readonly maxConnectionsPerPeer: number;
  readonly refusals: { add(reason: Refusal, peer: string): void };
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
}

/** A server that listens. */
interface ReceiverServer {
  readonly port: number;
  /** How many connections are open. */
  readonly connections: () => number;
  /**
   * Ends it: for `delayMs` it goes on answering, asking each client to close its connection; then no new calls are taken, and after at most
   * `graceMs` more all connections are cut.
   */
  stop(delayMs: number, graceMs: number): Promise<void>;
}

/**
 * Listens for calls, by plain HTTP: TLS is for the Ingress or Gateway in front of it.
 * @throws StartError with one line if it cannot listen there
 */
export const startServer = async (deps: ServerDeps): Promise<ReceiverServer> => {
  const { clock, refusals, maxConnections, maxConnectionsPerPeer } = deps;
  const connections = new Connections({
    clock,
    refusals,
    most: { all: maxConnections, perPeer: maxConnectionsPerPeer },
    giveUp: (response) => send(response, { status: 408, message: 'the body came too slowly, or not at all' }, true),
  });
  const room = new ReceivingRoom({ limit: RECEIVING_BYTES, largest: MAX_BODY_BYTES });
  const state = { draining: false };
  const options = {
    requireHostHeader: false,
    requestTimeout: RECEIVE_MS,
    connectionsCheckingInterval: RECEIVE_LOOK_MS,
  };
  const server = createServer(options, (request, response) => {
    if (!connections.began(request, response) || !hasHost({ request, response }, connections)) return;
    answer({ request, response }, { ...deps, connections, room, state }).catch((error: unknown) => {
      deps.log.error('request failed', { error });
      send(response, { status: 500, message: 'the receiver failed; its log says why' }, true);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  answerUnreadable(server, connections);
  admitFirst(server, (socket) => {
    const stays = connections.admit(socket);
    // Without TLS requests may come at once.
    if (stays) connections.opened(socket, false);
    return stays;
  });
  const port = await listen(server, deps.listen);
  return {
    port,
    connections: () => connections.count,
    stop: async (delayMs, graceMs) => {
      state.draining = true;
      await drain(server, { connections, clock }, { delayMs, graceMs });
    },
  };
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Surroundings extends ServerDeps {
  readonly connections: Connections;
  readonly room: ReceivingRoom;
  readonly state: { readonly draining: boolean };
}

const answer = async (
  { request, response }: Exchange,
  { calls, connections, room, state, clock }: Surroundings,
): Promise<void> => {
  const at = clock.now();
  const held = room.enter(request);
  connections.holds(request, held);
  let reading: Promise<ReadBody> | undefined;
  const read = (): Promise<ReadBody> => {
    reading ??= readBody(request, { response, limit: MAX_BODY_BYTES, held });
    return reading;
  };
  try {
    const { method = '', url = '', headers, socket } = request;
    const made = await calls.answer({ method, url: originForm(url), headers, peer: peerOf(socket), at, read });
    // Whoever is answered while they still write may never see why: what nobody wants of a body is read, and kept nowhere.
    if (reading === undefined) await ended(request, response);
    send(response, made, made.isLast === true || state.draining || reading === undefined);
  } finally {
    held.leave();
  }
};

/** Reads a body to its end, or until the caller is gone. */
const ended = (request: IncomingMessage, response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    request.once('end', resolve);
    response.once('close', resolve);
    request.resume();
  });

const send = (response: ServerResponse, { status, message, retryAfter }: CallAnswer, isLast: boolean): void => {
  if (response.destroyed || response.headersSent) return;
  const body = `${JSON.stringify({ message })}\n`;
  response
    .writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
      ...(status === 405 && { Allow: 'POST' }),
      ...(isLast && { Connection: 'close' }),
    })
    .end(body);
};
