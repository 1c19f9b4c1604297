import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';

/** Where one of the servers behind a balancer listens. */
export interface Backend {
  readonly port: number;
  readonly healthPort: number;
}

/** A TCP balancer, as a Service is one: new connections go to whom /readyz calls ready, and those that live stay where they are. */
export interface Balancer {
  readonly port: number;
  add(backend: Backend): void;
  remove(backend: Backend): void;
  /** Backends that were ready when they were asked last. */
  readonly ready: number;
  /** Connections that found nobody ready. */
  readonly turnedAway: number;
}

/** How often /readyz is asked. */
const PROBE_MS = 100;

/** Starts a balancer on 127.0.0.1 that ends with the spec. */
export async function startBalancer(t: Test): Promise<Balancer> {
  const ready = new Map<Backend, boolean>();
  const sockets = new Set<Socket>();
  const ending = new AbortController();
  const traffic = { turn: 0, turnedAway: 0 };
  const server = createServer((socket) => {
    const choice = [...ready].filter(([, isReady]) => isReady).map(([backend]) => backend);
    const backend = choice[traffic.turn++ % Math.max(1, choice.length)];
    if (backend === undefined) {
      traffic.turnedAway += 1;
      socket.destroy();
      return;
    }
    const upstream = connect(backend.port, '127.0.0.1');
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => sockets.delete(one));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const probe = async (backend: Backend): Promise<void> => {
    const isReady = await fetch(`http://127.0.0.1:${backend.healthPort}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready.has(backend)) ready.set(backend, isReady);
  };
  const probing = (async () => {
    while (!ending.signal.aborted) {
      await Promise.all([...ready.keys()].map(probe));
      await delay(PROBE_MS);
    }
  })();
  t.teardown(async () => {
    ending.abort();
    await probing;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => ready.set(backend, false),
    remove: (backend) => ready.delete(backend),
    get ready() {
      return [...ready.values()].filter((isReady) => isReady).length;
    },
    get turnedAway() {
      return traffic.turnedAway;
    },
  };
}
