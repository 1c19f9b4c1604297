import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';

/** Where one of the servers behind a balancer listens. */
interface Backend {
  readonly port: number;
  readonly healthPort: number;
}

/**
 * A TCP balancer, as a Service is one: new connections go to whom /readyz calls ready, and those that live stay where they are. Who says
 * that it is not ready is believed at once; who does not answer is given the three tries that a kubelet gives.
 */
interface Balancer {
  readonly port: number;
  add(backend: Backend): void;
  remove(backend: Backend): void;
  /** Backends that were ready when they were asked last. */
  readonly ready: number;
  /** Connections that found nobody ready, each with what was last said by /readyz of each backend. */
  readonly turnedAway: readonly string[];
}

/** How often /readyz is asked. */
const PROBE_MS = 100;
const MOST_SILENCES = 3;

/** What is known of a backend. */
interface Health {
  readonly isReady: boolean;
  /** Probes in a row without an answer. */
  readonly silences: number;
  readonly said: string;
}

/** Starts a balancer on 127.0.0.1 that ends with the spec. */
export const startBalancer = async (t: Test): Promise<Balancer> => {
  const ready = new Map<Backend, Health>();
  const sockets = new Set<Socket>();
  const ending = new AbortController();
  const traffic = { turn: 0, turnedAway: [] as string[] };
  const server = createServer((socket) => {
    const choice = [...ready].filter(([, { isReady }]) => isReady).map(([backend]) => backend);
    const backend = choice[traffic.turn++ % Math.max(1, choice.length)];
    if (backend === undefined) {
      traffic.turnedAway.push([...ready.values()].map(({ said }) => said).join(', '));
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
    const answer = await fetch(`http://127.0.0.1:${backend.healthPort}/readyz`)
      .then(async (response) => ({ isReady: response.status === 200, said: await response.text() }))
      .catch((error: Error) => ({ isReady: undefined, said: String(error.cause ?? error) }));
    const before = ready.get(backend);
    if (before === undefined) return;
    const silences = answer.isReady === undefined ? before.silences + 1 : 0;
    const isReady = answer.isReady ?? (before.isReady && silences < MOST_SILENCES);
    ready.set(backend, { isReady, silences, said: answer.said.trim() });
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
    add: (backend) => ready.set(backend, { isReady: false, silences: 0, said: 'not asked yet' }),
    remove: (backend) => ready.delete(backend),
    get ready() {
      return [...ready.values()].filter(({ isReady }) => isReady).length;
    },
    get turnedAway() {
      return traffic.turnedAway;
    },
  };
};
