import { collectDefaultMetrics, type Registry } from 'prom-client';
import { ChartJudge } from '../admission/chart/chart-judge.js';
import { KeptCharts } from '../admission/chart/kept-charts.js';
import { createChecks } from '../admission/checks.js';
import { createGuard } from '../admission/guard/guard.js';
import { createHandler } from '../admission/handler.js';
import type { ImpactDeps } from '../admission/impact/judge-impact.js';
import { createAdmissionMetrics } from '../admission/metrics.js';
import { BundleIndex } from '../admission/references/bundle-index.js';
import { ValuesPool } from '../admission/values/values-pool.js';
import type { Serving } from '../certs/certificate-manager.js';
import { scheduleFor } from '../certs/schedule.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { type Readiness, startHealthServer } from '../process/health-server.js';
import type { Clock, Log, Random } from '../process/ports.js';
import { untilAborted } from '../process/sleep.js';
import { StartError } from '../process/start-error.js';
import type { Tracer } from '../process/tracer.js';
import { addressOf, type Certificates, calledName, createCertificates } from './certificates.js';
import { ClientCa } from './client-ca.js';
import type { Config } from './config.js';
import { createServerMetrics } from './metrics.js';
import { SelfCheck } from './self-check.js';
import { type AdmissionServer, startServer } from './server.js';

/** What the webhook runs on. */
interface Surroundings {
  readonly config: Config;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of this program, for /metrics. */
  readonly version: string;
  /** For /metrics; the client's metrics are registered already. */
  readonly registry: Registry;
  readonly tracer: Tracer;
}

/** How long calls under way at the end may take: as long as the apiserver waits by our configurations. */
const GRACE_MS = 10_000;

/**
 * Runs the webhook until `signal` is aborted, and winds up: readiness fails at once, requests are answered for --shutdown-delay and
 * asked to close their connections, and only then the port is closed.
 * @throws StartError for whatever its user can mend
 */
export const runWebhook = async (surroundings: Surroundings, signal: AbortSignal): Promise<void> => {
  const { config, log, registry } = surroundings;
  collectDefaultMetrics({ register: registry });
  let ready = (): Readiness => ({ ok: false, reason: 'starting' });
  const health = await startHealthServer({
    address: config.healthAddress,
    ready: () => ready(),
    metrics: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  });
  try {
    const running = await startAdmission({ ...surroundings, ready: () => ready() }, signal);
    const selfCheck = selfCheckOf(surroundings, running, health.port);
    ready = () => selfCheck.readiness;
    const { certificates, bundles, clients, server } = running;
    const parts = [
      ...[certificates.run(signal), bundles?.start(signal), selfCheck.run(signal)],
      clients?.run((pem) => server.useClientCa(pem), signal),
    ];
    await Promise.race([untilAborted(signal), Promise.all(parts)]);
    ready = () => ({ ok: false, reason: 'stopping' });
    log.info('webhook stopping', { delayMs: config.shutdownDelay });
    await running.server.stop(config.shutdownDelay, GRACE_MS);
    log.info('webhook stopped');
  } finally {
    await health.close();
  }
};

interface Running {
  readonly server: AdmissionServer;
  readonly certificates: Certificates;
  /** What follows the cluster's bundles, if anybody asks for them. */
  readonly bundles: BundleIndex | undefined;
  readonly clients: ClientCa | undefined;
}

/** The cluster's bundles, for the checks and the guard. */
const bundlesOf = ({ client, clock, random, log, config }: Surroundings): BundleIndex =>
  new BundleIndex({ client, clock, random, log, keepUses: config.guardValues });

/** The controller's default registry Secret, and whether it begins anything at all, are not known here. */
const impactSettings = (config: Config): ImpactDeps['settings'] => {
  const { namespace, crossNamespace, allowedRegistries, allowedImages, certificateSecret } = config;
  const policy = { allowedRegistries, allowedImages, certificateSecret };
  return {
    platform: { namespace, crossNamespace, policy, defaultRegistrySecret: undefined, suspendAll: false },
    maxImpact: config.maxImpact,
  };
};

const clientCaOf = async ({ config, clock, log }: Surroundings): Promise<ClientCa | undefined> => {
  const { clientCa: file, timeScale } = config;
  if (file === undefined) return undefined;
  return await ClientCa.open({ file, lookMs: scheduleFor(timeScale).fileLookMs, clock, log });
};

const selfCheckOf = (
  { config, clock, log }: Surroundings,
  { server, certificates }: Running,
  health: number,
): SelfCheck => {
  const listen = { host: config.listen.host, port: server.port };
  const about = { ...listen, health };
  return new SelfCheck({ listen, name: calledName(config), certificates: certificates.manager, clock, log, about });
};

/** Opens the certificates, then the port, and then publishes to the configurations, which may contain the port. */
const startAdmission = async (
  deps: Surroundings & { readonly ready: () => Readiness },
  signal: AbortSignal,
): Promise<Running> => {
  const { config, clock, log } = deps;
  const metrics = createAdmissionMetrics(deps.registry);
  metrics.built(deps.version);
  let server: AdmissionServer | undefined;
  const onServe = (serving: Serving): void => {
    server?.use(serving);
    metrics.certificateExpires(serving.expires);
  };
  const certificates = createCertificates({ ...deps, onServe });
  const serving = await mended('get the certificates', () => certificates.manager.open(signal));
  const values = new ValuesPool({ log });
  const bundles = bundlesOf(deps);
  const kept = new KeptCharts({ client: deps.client, metrics, namespace: config.namespace });
  const charts = new ChartJudge({ kept, pool: values, clock, log });
  const checks = createChecks({ ...deps, values, charts, metrics, releases: bundles });
  const settings = impactSettings(config);
  const impact = { bundles, answers: values, settings };
  const clients = await clientCaOf(deps);
  const started = await startServer({
    listen: config.listen,
    serving,
    handler: createHandler({ checks, clock, log, metrics, tracer: deps.tracer }),
    ...(config.guardValues && {
      guard: createGuard({ ...deps, values, charts, metrics, uses: bundles, impact, authorize: config.authorize }),
    }),
    maxInFlight: config.maxInFlight,
    maxConnections: config.maxConnections,
    maxConnectionsPerPeer: config.maxConnectionsPerPeer,
    clients: clients && { pem: clients.pem, names: config.clientNames },
    metrics: createServerMetrics(deps.registry),
    ready: deps.ready,
    clock,
    log,
  });
  server = started;
  try {
    const address = addressOf(config, started.port);
    await mended('publish the certificates', () => certificates.manager.publish(address, signal));
    log.info('webhook configurations are right', { address });
  } catch (error) {
    await started.stop(0, 0);
    throw error;
  }
  const asked = config.checkReferences || config.guardValues;
  return { server: started, certificates, bundles: asked ? bundles : undefined, clients };
};

/** Turns a refusal of the apiserver at the start into a {@link StartError}: the user can mend missing rights or a wrong address. */
const mended = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    throw new StartError([`can't ${what}: ${error.message}`], { cause: error });
  }
};
