import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../process/ports.js';
import type { ConnectionRefusal } from './connection-refusals.js';
import { type ConnectionFacts, connectionToClose, faultOf, type Phase } from './connection-rules.js';
import { peerOf } from './peer.js';
import type { HeldBody } from './receiving-room.js';

interface ConnectionsDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'startTimer'>;
  readonly refusals: { add(reason: ConnectionRefusal, peer: string): void };
  /** In all, and of each peer. */
  readonly most: { readonly all: number; readonly perPeer: number };
  /** Answers a request that is given up, before its connection ends. */
  readonly giveUp: (response: ServerResponse) => void;
}

/** How often each connection is looked at, milliseconds. */
const LOOK_MS = 250;
/** No more time than this counts from one look to the next, milliseconds: while the process stood still, callers could not be heard. */
const MOST_PASSED_MS = 500;
/** So many connections give way to new ones in a second: each new one costs a TLS handshake. */
const MOST_GIVING_WAY = 100;

/** The request that is under way on a connection, or was last. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly since: number;
  /** Of the connection, before its body. */
  readonly bytesBefore: number;
  body: HeldBody | undefined;
  waitedMs: number;
  answerSince: number | undefined;
}

interface Connection {
  readonly key: string;
  readonly socket: Socket;
  readonly peer: string;
  readonly openedAt: number;
  /** What its requests come by: the socket of TLS, or itself. Undefined until the handshake is done. */
  carrier: Socket | undefined;
  isTrusted: boolean;
  /** Whether a request before this one was answered. */
  isProven: boolean;
  usedAt: number;
  asked: Asked | undefined;
  /** How many bytes had come when it was found idle; more of them are headers. */
  idleBytes: number | undefined;
  headersSince: number | undefined;
  isGivenUp: boolean;
  /** It was judged by CAs that may count no more. */
  isOutdated: boolean;
}

const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

const isUnderWay = (asked: Asked): boolean => !asked.response.writableEnded && !asked.response.destroyed;

/**
 * The connections of a server: how many there may be, and how long each may take for what is awaited of it.
 *
 * Times are looked up at intervals and not kept by a timer each, since most requests are over before the next look.
 */
export class Connections {
  readonly #deps: ConnectionsDeps;
  readonly #open = new Map<string, Connection>();
  readonly #peers = new Map<string, number>();
  readonly #byCarrier = new WeakMap<Socket, Connection>();
  #timer: Timer | undefined;
  /** Time as it counts for callers, at the last look; and when that was. */
  #time = 0;
  #lookedAt = 0;
  /** Connections that may give way now; a new one comes every 1/{@link MOST_GIVING_WAY} s. */
  #giving = MOST_GIVING_WAY;
  #givingAt = 0;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
  }

  /** How many there are. */
  get count(): number {
    return this.#open.size;
  }

  /** Whether a request is being received, judged or answered. */
  get isBusy(): boolean {
    return [...this.#open.values()].some(({ asked }) => asked !== undefined && !isOver(asked));
  }

  /** A connection was opened. @returns whether it may stay; otherwise it is closed, before it costs a handshake */
  admit(socket: Socket): boolean {
    const peer = peerOf(socket);
    const full = this.#fullFor(peer);
    if (full !== undefined && !this.#makeRoom(full, peer)) {
      this.#deps.refusals.add(full, peer);
      socket.destroy();
      return false;
    }
    this.#add(socket, peer);
    return true;
  }

  /**
   * Requests may come: its handshake is done, or it needs none.
   * @param carrier - what they come by: the socket of TLS, or the connection's own
   * @param isTrusted - whether it has shown the client certificate that is asked for
   */
  opened(carrier: Socket, isTrusted: boolean): void {
    const connection = this.#open.get(keyOf(carrier));
    if (connection === undefined) return;
    connection.carrier = carrier;
    connection.isTrusted = isTrusted;
    this.#byCarrier.set(carrier, connection);
  }

  /** A request has begun. @returns whether it is to be answered; otherwise its connection is closed */
  began(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#byCarrier.get(request.socket);
    if (connection === undefined) return true;
    if (connection.isGivenUp) return false;
    if (connection.asked !== undefined && isUnderWay(connection.asked)) {
      this.#close(connection, 'pipelined');
      return false;
    }
    if (connection.isOutdated) response.setHeader('Connection', 'close');
    connection.isProven = isProven(connection);
    const since = this.#now();
    const bytesBefore = request.socket.bytesRead;
    connection.asked = { request, response, since, bytesBefore, body: undefined, waitedMs: 0, answerSince: undefined };
    connection.usedAt = since;
    connection.idleBytes = undefined;
    connection.headersSince = undefined;
    return true;
  }

  /** The body of the request under way is kept here. */
  holds(request: IncomingMessage, body: HeldBody): void {
    const asked = this.#byCarrier.get(request.socket)?.asked;
    if (asked?.request === request) asked.body = body;
  }

  /** What came by a carrier can't be read as a request. @returns whether it may be told so: nothing else is being written to it */
  unreadable(carrier: Socket, reason: ConnectionRefusal): boolean {
    const connection = this.#byCarrier.get(carrier);
    if (connection === undefined || connection.isGivenUp) return false;
    this.#deps.refusals.add(reason, connection.peer);
    const response = connection.asked?.response;
    return carrier.writable && (response?.headersSent !== true || response.writableEnded);
  }

  /** Whether a connection has shown the client certificate that is asked for. */
  trusts(socket: Socket): boolean {
    return this.#byCarrier.get(socket)?.isTrusted === true;
  }

  /** All that are open end with their next answer: what they were trusted for has changed. */
  outdate(): void {
    for (const connection of this.#open.values()) connection.isOutdated = true;
  }

  /** Closes all of them at once. */
  closeAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #fullFor(peer: string): 'connections' | 'peer-connections' | undefined {
    const { most } = this.#deps;
    if ((this.#peers.get(peer) ?? 0) >= most.perPeer) return 'peer-connections';
    return this.#open.size >= most.all ? 'connections' : undefined;
  }

  #makeRoom(full: 'connections' | 'peer-connections', peer: string): boolean {
    const now = this.#now();
    this.#giving = Math.min(MOST_GIVING_WAY, this.#giving + ((now - this.#givingAt) * MOST_GIVING_WAY) / 1000);
    this.#givingAt = now;
    if (this.#giving < 1) return false;
    const candidates = [...this.#open.values()].filter((other) => full === 'connections' || other.peer === peer);
    const facts = candidates.map((connection) => ({ ...this.#factsOf(connection, now), connection }));
    const chosen = connectionToClose(facts);
    if (chosen === undefined) return false;
    this.#giving -= 1;
    this.#close(chosen.connection, 'gave-way');
    return true;
  }

  #add(socket: Socket, peer: string): void {
    const now = this.#now();
    const key = keyOf(socket);
    this.#open.set(key, {
      key,
      socket,
      peer,
      openedAt: now,
      carrier: undefined,
      isTrusted: false,
      isProven: false,
      usedAt: now,
      asked: undefined,
      idleBytes: 0,
      headersSince: undefined,
      isGivenUp: false,
      isOutdated: false,
    });
    this.#peers.set(peer, (this.#peers.get(peer) ?? 0) + 1);
    socket.once('close', () => this.#forget(key));
    if (this.#timer === undefined) this.#lookLater(now);
  }

  #forget(key: string): void {
    const connection = this.#open.get(key);
    if (connection === undefined) return;
    this.#open.delete(key);
    const left = (this.#peers.get(connection.peer) ?? 0) - 1;
    if (left > 0) this.#peers.set(connection.peer, left);
    else this.#peers.delete(connection.peer);
    if (this.#open.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Forgotten at once, so that its place is free: the event comes later. */
  #close(connection: Connection, reason: ConnectionRefusal): void {
    this.#deps.refusals.add(reason, connection.peer);
    this.#forget(connection.key);
    connection.isGivenUp = true;
    connection.socket.destroy();
  }

  #now(): number {
    return this.#time + Math.min(this.#deps.clock.monotonic() - this.#lookedAt, MOST_PASSED_MS);
  }

  #lookLater(now: number): void {
    this.#time = now;
    this.#lookedAt = this.#deps.clock.monotonic();
    this.#timer = this.#deps.clock.startTimer(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const now = this.#now();
    for (const connection of [...this.#open.values()]) this.#lookAt(connection, now);
    if (this.#open.size > 0) this.#lookLater(now);
    else this.#timer = undefined;
  }

  #lookAt(connection: Connection, now: number): void {
    if (connection.isGivenUp) {
      connection.socket.destroy();
      return;
    }
    note(connection, { now, passedMs: now - this.#time });
    const stalls = connection.asked?.body?.look() ?? false;
    const facts = this.#factsOf(connection, now);
    const fault = faultOf(facts.phase.kind === 'body' ? { ...facts, phase: { ...facts.phase, stalls } } : facts);
    if (fault === undefined) return;
    if (fault === 'slow-body' && connection.asked !== undefined && isUnderWay(connection.asked)) {
      // It is told why, and has until the next look to read it.
      connection.isGivenUp = true;
      this.#deps.refusals.add(fault, connection.peer);
      this.#deps.giveUp(connection.asked.response);
    } else this.#close(connection, fault);
  }

  #factsOf(connection: Connection, now: number): ConnectionFacts {
    const { openedAt, usedAt, isTrusted } = connection;
    return { now, openedAt, usedAt, isTrusted, isProven: isProven(connection), phase: phaseOf(connection) };
  }
}

const isOver = ({ request, response }: Asked): boolean =>
  request.complete && (response.writableFinished || response.destroyed);

const isProven = ({ isProven: before, asked }: Connection): boolean =>
  before || (asked?.response.writableEnded === true && asked.request.complete);

/** Writes down what only a look at intervals can tell. */
const note = (connection: Connection, { now, passedMs }: { readonly now: number; readonly passedMs: number }): void => {
  const { asked, carrier } = connection;
  if (asked?.body?.isPaused === true) asked.waitedMs += passedMs;
  if (asked?.response.writableEnded === true && !asked.response.writableFinished) asked.answerSince ??= now;
  if (carrier === undefined || (asked !== undefined && !isOver(asked))) return;
  connection.idleBytes ??= carrier.bytesRead;
  if (carrier.bytesRead > connection.idleBytes) connection.headersSince ??= now;
};

const phaseOf = ({ carrier, asked, headersSince }: Connection): Phase => {
  if (carrier === undefined) return { kind: 'handshake' };
  if (headersSince !== undefined) return { kind: 'headers', since: headersSince };
  if (asked === undefined || isOver(asked)) return { kind: 'idle' };
  const { request, response, since, waitedMs, bytesBefore, answerSince } = asked;
  if (!request.complete) {
    return { kind: 'body', since, waitedMs, bytes: carrier.bytesRead - bytesBefore, stalls: false };
  }
  return response.writableEnded && answerSince !== undefined
    ? { kind: 'answer', since: answerSince }
    : { kind: 'call' };
};
