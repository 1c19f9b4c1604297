import { once, setMaxListeners } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** How it connects: `localAddress` 127.0.0.2 makes it another peer; `allowHalfOpen`: it may end its half alone. */
type CallerOptions = ConnectionOptions & { readonly localAddress?: string; readonly allowHalfOpen?: boolean };

/** A caller that speaks HTTP by hand: what it sends, when, and whether it reads. */
export interface SlowCaller {
  readonly socket: TLSSocket;
  /** All that came so far. */
  received(): string;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  isOpen(): boolean;
  send(text: string | Buffer): void;
}

/** Opens one; it trusts any certificate. */
export const openSlowCaller = async (port: number, options: CallerOptions = {}): Promise<SlowCaller> => {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  const ended = closeOf(socket);
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  await Promise.race([once(socket, 'secureConnect').catch(() => {}), ended]);
  return {
    socket,
    ended,
    received: () => text,
    isOpen: () => !socket.destroyed && socket.readable,
    send: (bytes) => void socket.write(bytes),
  };
};

/** Several of them, each of which has sent the same bytes. */
export const openSlowCallers = async (
  port: number,
  { count, first = '', ...options }: { readonly count: number; readonly first?: string | Buffer } & CallerOptions,
): Promise<readonly SlowCaller[]> => {
  const callers = await Promise.all(Array.from({ length: count }, () => openSlowCaller(port, options)));
  for (const caller of callers) caller.send(first);
  return callers;
};

/** A connection that never says who it is: no handshake. */
export const openSilent = async (
  port: number,
  bytes = '',
): Promise<{ readonly socket: Socket; readonly ended: Promise<void> }> => {
  const socket = connectTcp(port, '127.0.0.1');
  const ended = closeOf(socket);
  socket.resume();
  await Promise.race([once(socket, 'connect').catch(() => {}), ended]);
  socket.write(bytes);
  return { socket, ended };
};

/** The headers of a call. */
export const headersOf = (path: string, length: number | 'chunked'): string => {
  const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return `POST ${path} HTTP/1.1\r\nHost: webhook\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
};

const closeOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {}).once('close', () => resolve());
  });

/** What attackers do: each opens a connection, sends `first`, then a byte every two seconds, and begins anew when it is given up. */
interface Attack {
  readonly count: number;
  readonly first: string | Buffer;
}

/** 210 that trickle, two that announce a large body and send nothing, and some that send much and stop. */
const ATTACK: readonly Attack[] = [
  { count: 210, first: `${headersOf('/validate', 1000)}{` },
  { count: 2, first: headersOf('/validate', 7_300_000) },
  { count: 20, first: `${headersOf('/validate', 7_300_000)}${'x'.repeat(200_000)}` },
  { count: 10, first: 'POST /validate HTTP/1.1\r\nHost: ' },
];

const TRICKLE_MS = 2000;
/** An attacker who was given up waits as long: the test is of slow callers, not of handshakes. */
const AGAIN_MS = 200;

/** Attacks until it is stopped. @returns once all have sent their first bytes */
export const startAttack = async (
  port: number,
  attacks: readonly Attack[] = ATTACK,
): Promise<{ readonly givenUp: () => number; stop(): Promise<void> }> => {
  const ending = new AbortController();
  const { signal } = ending;
  setMaxListeners(0, signal);
  let givenUp = 0;
  const pause = (ms: number): Promise<unknown> => delay(ms, undefined, { signal }).catch(() => {});
  const attackOnce = async (first: string | Buffer): Promise<void> => {
    const caller = await openSlowCaller(port);
    if (!caller.isOpen()) return;
    caller.send(first);
    while (!signal.aborted && caller.isOpen()) {
      await Promise.race([pause(TRICKLE_MS), caller.ended]);
      if (caller.isOpen()) caller.send(' ');
    }
    caller.socket.destroy();
    givenUp += 1;
  };
  const again = async (first: string | Buffer): Promise<void> => {
    while (!signal.aborted) {
      await attackOnce(first);
      await pause(AGAIN_MS);
    }
  };
  const attackers = attacks.flatMap(({ count, first }) => Array.from({ length: count }, () => again(first)));
  await pause(1000);
  return {
    givenUp: () => givenUp,
    stop: async () => {
      ending.abort();
      await Promise.all(attackers);
    },
  };
};
