import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { KubeClient } from '../kube/client.js';
import { type Readiness, startHealthServer } from '../process/health-server.js';
import type { Clock, Log } from '../process/ports.js';
import { pause, untilAborted } from '../process/sleep.js';
import { StartError } from '../process/start-error.js';
import type { Tracer } from '../process/tracer.js';
import { Refusals } from '../serving/refusals.js';
import { Calls } from './calls.js';
import type { ReceiverConfig } from './config.js';
import { createReceiverMetrics } from './metrics.js';
import { PushRecorder } from './push-recorder.js';
import { ReceiversFolder } from './receivers-folder.js';
import { REFUSALS } from './refusals.js';
import { startServer } from './server.js';

/** What the receiver runs on. */
interface Surroundings {
  readonly config: ReceiverConfig;
  readonly client: Pick<KubeClient, 'mergePatch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this program, for /metrics. */
  readonly version: string;
  /** For /metrics; the client's metrics are registered already. */
  readonly registry: Registry;
  readonly tracer: Tracer;
}

/** How long calls under way at the end may take, milliseconds. */
const GRACE_MS = 5_000;
/** How often to find out whether pushes can be passed on, milliseconds. */
const PROBE_MS = 10_000;

/**
 * Runs the receiver until `signal` is aborted, and winds up: readiness fails at once, calls are answered for --shutdown-delay.
 * @throws StartError for whatever its user can mend
 */
export const runReceiver = async (surroundings: Surroundings, signal: AbortSignal): Promise<void> => {
  const { config, client, clock, log, registry, version } = surroundings;
  collectDefaultMetrics({ register: registry });
  const metrics = createReceiverMetrics(registry);
  metrics.built(version);
  const folder = new ReceiversFolder({ folder: config.receiversDir, clock, log, onLook: metrics.configured });
  const problems = await folder.open();
  if (problems.length > 0) throw new StartError(problems);
  const recorder = new PushRecorder({ client, clock, log, namespace: config.namespace });
  const refusals = new Refusals({ reasons: REFUSALS, clock, log, count: metrics.refused });
  let readiness: Readiness = { ok: false, reason: 'starting' };
  const health = await startHealthServer({
    address: config.healthAddress,
    ready: () => readiness,
    metrics: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  });
  try {
    const calls = new Calls({
      clock,
      log,
      recorder,
      refusals,
      receivers: () => folder.receivers,
      onCall: metrics.called,
      tracer: surroundings.tracer,
    });
    const { listen, maxConnections, maxConnectionsPerPeer } = config;
    const server = await startServer({ listen, calls, maxConnections, maxConnectionsPerPeer, refusals, clock, log });
    metrics.countConnections(server.connections);
    const probe = async (): Promise<void> => {
      const recorded = await recorder.probe();
      readiness = recorded.kind === 'failed' ? { ok: false, reason: recorded.why } : { ok: true };
    };
    await probe();
    log.info('receiver ready', { health: health.port, port: server.port });
    await Promise.race([untilAborted(signal), Promise.all([folder.run(signal), probing(probe, clock, signal)])]);
    readiness = { ok: false, reason: 'stopping' };
    log.info('receiver stopping', { delayMs: config.shutdownDelay });
    await server.stop(config.shutdownDelay, GRACE_MS);
    refusals.stop();
    log.info('receiver stopped');
  } finally {
    await health.close();
  }
};

const probing = async (probe: () => Promise<void>, clock: Pick<Clock, 'sleep'>, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await pause(clock, PROBE_MS, signal);
    if (!signal.aborted) await probe();
  }
};
