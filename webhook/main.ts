import { Registry } from 'prom-client';
import { connect } from '../kube/connect.js';
import { createKubeClient } from '../kube/http-client.js';
import { countRequests } from '../kube/request-metrics.js';
import { createLog } from '../process/json-log.js';
import { runProcess } from '../process/run.js';
import { StartError } from '../process/start-error.js';
import { startTracing } from '../process/start-tracing.js';
import { systemClock, systemRandom } from '../process/system-clock.js';
import { type Config, parseConfig } from './config.js';
import { runWebhook } from './start.js';

declare const WERFBUNDLE_VERSION: string;

const run = async (config: Config, signal: AbortSignal): Promise<void> => {
  const log = createLog({ level: config.logLevel, name: 'webhook' });
  const connection = await connect({ kubeconfig: config.kubeconfig, context: config.context });
  const registry = new Registry();
  const client = createKubeClient(connection, {
    userAgent: `werfbundle-webhook/${WERFBUNDLE_VERSION}`,
    onRequest: countRequests(registry),
  });
  log.info('webhook starting', { version: WERFBUNDLE_VERSION, server: connection.server, namespace: config.namespace });
  if (config.timeScale !== 1)
    log.warn('certificates age faster than they should (--time-scale)', { timeScale: config.timeScale });
  const about = { clock: systemClock, log, registry, version: WERFBUNDLE_VERSION };
  const { tracer, close } = await startTracing({ ...about, env: process.env, name: 'werfbundle-webhook' });
  try {
    await runWebhook({ ...about, config, client, random: systemRandom, tracer }, signal);
  } finally {
    await Promise.all([close(), client.close()]);
  }
};

await runProcess(async (signal) => {
  const parsed = parseConfig({ argv: process.argv.slice(2), env: process.env, columns: process.stdout.columns });
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(`${parsed.text}\n`);
      return;
    case 'version':
      process.stdout.write(`${WERFBUNDLE_VERSION}\n`);
      return;
    case 'invalid':
      throw new StartError(parsed.problems);
    case 'ok':
      await run(parsed.config, signal);
  }
});
