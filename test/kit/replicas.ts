import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Test } from 'tap';
import type { AdmissionFixture, WebhookWish } from './admission-fixture.js';
import { startBalancer } from './balancer.js';
import { eventually } from './eventually.js';
import type { WebhookProgram } from './webhook-program.js';

/** Webhooks as in a cluster: several, behind a balancer that follows /readyz. */
interface Replicas {
  /** Where the apiserver calls them. */
  readonly url: string;
  /** Calls that found nobody ready. */
  readonly turnedAway: readonly string[];
  start(wish?: WebhookWish): Promise<WebhookProgram>;
  /** SIGTERM; the balancer goes on asking it until it has ended. @returns the exit code */
  stop(replica: WebhookProgram): Promise<number | null>;
  /** Waits until the balancer has found so many of them ready. */
  ready(count: number): Promise<void>;
}

/** Starts the balancer, and no webhook yet. @param all - what each of them is started with */
export const startReplicas = async (
  t: Test,
  fixture: Pick<AdmissionFixture, 'startWebhook'>,
  all: Pick<WebhookWish, 'server' | 'flags'>,
): Promise<Replicas> => {
  const balancer = await startBalancer(t);
  const url = `https://127.0.0.1:${balancer.port}`;
  return {
    url,
    get turnedAway() {
      return balancer.turnedAway;
    },
    start: async (wish = {}) => {
      const flags = ['--advertise-url', url, ...(all.flags ?? []), ...(wish.flags ?? [])];
      const replica = await fixture.startWebhook({ ...all, ...wish, flags });
      balancer.add(replica);
      return replica;
    },
    stop: async (replica) => {
      const code = await replica.stop();
      balancer.remove(replica);
      return code;
    },
    ready: async (count) => {
      const seen = await eventually(
        async () => balancer.ready,
        (ready) => ready === count,
      );
      if (seen !== count) throw new Error(`${seen} webhooks are ready, not ${count}`);
    },
  };
};

/** A port that nobody listens on at the moment. */
export const anyFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};
