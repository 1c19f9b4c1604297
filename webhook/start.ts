import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Address, publish } from '../certs/publish.js';
import { fromDirectory, fromSecret, type Serving } from '../certs/source.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import type { Clock, Log } from '../kube/ports.js';
import { type Readiness, startHealthServer } from '../kube/process/health-server.js';
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../kube/resources.js';
import { StartError } from '../kube/start-error.js';
import type { Config } from './config.js';
import { createHandler } from './handler.js';
import { createAdmissionMetrics } from './metrics.js';
import { type AdmissionServer, startServer } from './server.js';
import { specRules } from './spec-rules.js';

/** What the webhook runs on. */
export interface Surroundings {
  readonly config: Config;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Calls under way at the end may take as long as an apiserver waits for them by our configurations. */
const GRACE_MS = 10_000;

/**
 * Runs the webhook until `signal` is aborted, and winds up: readiness fails at once, requests are answered for --shutdown-delay and
 * asked to close their connections, and only then the port is closed.
 * @throws StartError for whatever its user can mend
 */
export async function runWebhook(surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  const { config, log } = surroundings;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let readiness: Readiness = { ok: false, reason: 'starting' };
  const ready = () => readiness;
  const health = await startHealthServer({
    address: config.healthAddress,
    ready,
    metrics: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  });
  try {
    const server = await startAdmission({ ...surroundings, registry, ready }, signal);
    readiness = { ok: true };
    const { host } = config.listen;
    log.info('webhook ready', { host, port: server.port, healthPort: health.port });
    await aborted(signal);
    readiness = { ok: false, reason: 'stopping' };
    log.info('webhook stopping', { delayMs: config.shutdownDelay });
    await server.stop(config.shutdownDelay, GRACE_MS);
    log.info('webhook stopped');
  } finally {
    await health.close();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Certificates, then the port, then the configurations, in which the port may stand. */
async function startAdmission(
  needs: Surroundings & { readonly registry: Registry; readonly ready: () => Readiness },
  signal: AbortSignal,
): Promise<AdmissionServer> {
  const { config, clock, log } = needs;
  const metrics = createAdmissionMetrics(needs.registry);
  const serving = await mended('get the certificates', () => certificates(needs, signal));
  metrics.certificateExpires(serving.expires);
  const server = await startServer({
    listen: config.listen,
    serving,
    handler: createHandler({ checks: [specRules], clock, log, metrics }),
    maxInFlight: config.maxInFlight,
    ready: needs.ready,
    clock,
    log,
  });
  try {
    await mended('publish the certificates', () => announce(needs, serving, server.port, signal));
  } catch (error) {
    await server.stop(0, 0);
    throw error;
  }
  return server;
}

/** A refusal of the apiserver at the start is for the user to mend: missing rights, a wrong address. */
async function mended<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    throw new StartError([`can't ${what}: ${error.message}`], { cause: error });
  }
}

function certificates({ config, kube, clock, log }: Surroundings, signal: AbortSignal): Promise<Serving> {
  if (config.certDir !== undefined) return fromDirectory(config.certDir, clock.now());
  const service = `${config.serviceName}.${config.namespace}.svc`;
  const advertised = config.advertiseUrl === undefined ? [] : [config.advertiseUrl.host];
  const names = [service, `${service}.cluster.local`, ...advertised];
  const secret = { namespace: config.namespace, name: config.certificateSecret };
  return fromSecret({ kube, clock, log, secret, names }, signal);
}

async function announce(
  { config, kube, log }: Surroundings,
  serving: Serving,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const address: Address =
    config.advertiseUrl === undefined
      ? { kind: 'service', namespace: config.namespace, name: config.serviceName }
      : { kind: 'url', base: config.advertiseUrl.base(port) };
  const targets = [
    { type: MUTATING_WEBHOOKS, name: config.mutatingWebhookName, path: '/mutate' },
    { type: VALIDATING_WEBHOOKS, name: config.validatingWebhookName, path: '/validate' },
  ];
  await publish({ kube, targets, address, trusted: serving.trusted }, signal);
  log.info('webhook configurations are right', { address });
}
