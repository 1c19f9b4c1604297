import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { werfVersionIn } from '../api/werf-version.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { connect } from '../kube/connect.js';
import type { Candidate } from '../kube/election-step.js';
import { createKubeClient } from '../kube/http-client.js';
import { startHealthServer } from '../process/health-server.js';
import { createLog } from '../process/json-log.js';
import { runProcess, StartError } from '../process/run.js';
import { startTracing } from '../process/start-tracing.js';
import { systemClock, systemRandom } from '../process/system-clock.js';
import { createRegistry, DEFAULT_REGISTRY_LIMITS, DEFAULT_REGISTRY_TIMEOUTS } from '../registry/registry.js';
import { leaseNameOf, type Share } from './cache/share.js';
import { type ControllerConfig, parseConfig } from './config.js';
import { Controller } from './controller.js';
import type { Platform } from './decide/observation.js';
import type { Proof } from './deploy/job-signature.js';
import { type JobTemplate, parseJobTemplate } from './deploy/job-template.js';
import { type Installation, readInstallationKey } from './installation-key.js';
import { Metrics } from './metrics.js';
import { ReadingThread } from './values/reading-thread.js';
import { ValuesReader } from './values/values-reader.js';

declare const WERFBUNDLE_VERSION: string;

const USER_AGENT = `werfbundle-controller/${WERFBUNDLE_VERSION}`;

/** The configuration, or undefined if only help or version was requested. */
const configured = (): ControllerConfig | undefined => {
  const parsed = parseConfig(process.argv.slice(2), process.env, process.stdout.columns);
  switch (parsed.kind) {
    case 'ok':
      return parsed.config;
    case 'invalid':
      throw new StartError(parsed.problems);
    case 'help':
      process.stdout.write(parsed.text);
      return undefined;
    case 'version':
      process.stdout.write(`${WERFBUNDLE_VERSION}\n`);
      return undefined;
  }
};

const platformOf = (
  config: ControllerConfig,
  { jobTemplate, proof }: { readonly jobTemplate: JobTemplate | undefined; readonly proof: Proof },
): Platform => ({
  jobTemplate,
  timeScale: config.timeScale,
  suspendAll: config.suspendAll,
  checksumKey: proof.key,
  werfImage: config.werfImage,
  werfVersion: config.werfVersion,
  namespace: config.namespace,
  crossNamespace: config.crossNamespace,
  policy: {
    allowedRegistries: config.allowedRegistries,
    allowedImages: config.allowedImages,
    certificateSecret: config.certificateSecret,
  },
  defaultRegistrySecret: config.defaultRegistrySecret,
  failedRetryIntervalMs: config.failedRetryInterval,
  chartSchemas: config.chartSchemas,
  version: WERFBUNDLE_VERSION,
});

/** Read once: changes count from the next start. */
const jobTemplateOf = async ({ jobTemplate: file }: ControllerConfig): Promise<JobTemplate | undefined> => {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartError([`--job-template: ${file} can't be read: ${error.code ?? error.message}`]);
  });
  const parsed = parseJobTemplate(text);
  if (parsed.kind === 'ok') return parsed.template;
  throw new StartError(parsed.problems.map((problem) => `--job-template: ${file}: ${problem}`));
};

const proofOf = async (
  { client, installation }: { readonly client: KubeClient; readonly installation: Installation },
  signal: AbortSignal,
): Promise<Proof> => {
  try {
    return await readInstallationKey(client, installation, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || signal.aborted) throw error;
    throw new StartError([`cannot start: ${error.message}`]);
  }
};

const shareOf = ({ watchNamespaces, watchLabelSelector }: ControllerConfig): Share => ({
  namespaces: watchNamespaces,
  labelSelector: watchLabelSelector,
});

/** The identity has a random part, since two processes on one host, one after the other, may have the same name. */
const candidateOf = (config: ControllerConfig): Candidate => ({
  namespace: config.namespace,
  name: leaseNameOf(shareOf(config)),
  identity: `${hostname()}_${randomUUID()}`,
});

await runProcess(async (signal, fail) => {
  const config = configured();
  if (config === undefined) return;
  const log = createLog({ level: config.logLevel, name: 'controller' });
  const connection = await connect({ kubeconfig: config.kubeconfig, context: config.context });
  let controller: Controller | undefined;
  const metrics = new Metrics(config);
  metrics.built(WERFBUNDLE_VERSION);
  const client = createKubeClient(connection, {
    userAgent: USER_AGENT,
    onRequest: (report) => metrics.requested(report),
  });
  const registry = createRegistry({
    timeouts: DEFAULT_REGISTRY_TIMEOUTS,
    limits: DEFAULT_REGISTRY_LIMITS,
    rate: { perSecond: config.registryRequestsPerSecond, burst: config.registryBurst },
    timeScale: config.timeScale,
    onHold: ({ host, why, forMs }) => log.warn('a registry host is left alone for a while', { host, why, forMs }),
    allowNetworks: config.allowNetworks,
    denyNetworks: config.denyNetworks,
    proxies: config.proxies,
    clock: systemClock,
    userAgent: USER_AGENT,
  });
  const tracing = await startTracing({
    env: process.env,
    name: 'werfbundle-controller',
    version: WERFBUNDLE_VERSION,
    clock: systemClock,
    log,
    registry: metrics.registry,
  });
  const thread = new ReadingThread({ log });
  const values = new ValuesReader({ clock: systemClock, thread });
  const health = await startHealthServer({
    address: config.healthAddress,
    ready: () => (controller?.synced() ? { ok: true } : { ok: false, reason: 'the caches are not filled yet' }),
    metrics: () => metrics.text(),
  });
  try {
    if (config.timeScale !== 1)
      log.warn('time is scaled: polls and backoffs come sooner than the specs say', { timeScale: config.timeScale });
    const installation = { namespace: config.namespace, lease: leaseNameOf(shareOf(config)) };
    const jobTemplate = await jobTemplateOf(config);
    const proof = await proofOf({ client, installation }, signal);
    const platform = platformOf(config, { jobTemplate, proof });
    const werf = werfVersionIn(platform.werfImage, platform);
    if (werf.kind === 'unknown') log.warn('it is not known which werf runs: set --werf-version', { why: werf.why });
    const { workers } = config;
    controller = new Controller({
      client,
      registry,
      values,
      thread,
      clock: systemClock,
      random: systemRandom,
      log,
      platform,
      installation,
      proof,
      workers,
      watchSecrets: config.watchSecrets,
      followPushes: config.followPushes,
      limits: { total: config.maxJobs, perNamespace: config.maxJobsPerNamespace },
      instance: hostname(),
      metrics,
      tracer: tracing.tracer,
      share: shareOf(config),
      candidate: config.leaderElect ? candidateOf(config) : undefined,
      onStuck: fail,
    });
    log.info('controller starts', { version: WERFBUNDLE_VERSION, server: connection.server.host, health: health.port });
    await controller.start(signal);
    log.info('controller stops');
  } finally {
    thread.stop();
    await Promise.all([tracing.close(), health.close(), registry.close(), client.close()]);
  }
});
