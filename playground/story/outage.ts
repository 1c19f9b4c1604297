import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { DEMO, demo, PATIENCE_MS, type Stage, showKubectl } from '../stage.js';

const reachable = (status: WerfBundleStatus) => status.conditions?.find(({ type }) => type === 'RegistryReachable');

const failing = (stage: Stage, failures: number, wait: string) =>
  stage.bundles.until(
    demo('shop'),
    {
      what: `after failure ${failures} bundle shop waits ${wait}`,
      withinMs: PATIENCE_MS,
      is: (status) =>
        status.consecutiveFailures === failures &&
        (reachable(status)?.message ?? '').includes(`next try after ${wait}`),
    },
    stage.signal,
  );

/** A registry that goes away is polled with backoff, and found again when it is back. */
export const outage = async (stage: Stage): Promise<void> => {
  const { screen, registry, signal } = stage;
  screen.heading('A registry that goes away');
  await registry.stop();
  screen.say('the registry is stopped');
  for (const [failures, wait] of [
    [1, '30s'],
    [2, '1m'],
  ] as const) {
    await failing(stage, failures, wait);
    await showKubectl(stage, ['get', 'wb', 'shop', '-n', DEMO]);
    await showKubectl(stage, ['get', 'wb', 'shop', '-n', DEMO, '-o', 'jsonpath={.status.nextAttemptTime}']);
    screen.kept(`failure ${failures}: the next poll comes after ${wait}`);
  }
  await registry.start();
  screen.say('the registry is back');
  await stage.bundles.until(
    demo('shop'),
    {
      what: 'bundle shop has recovered',
      withinMs: PATIENCE_MS,
      is: (status) =>
        status.phase === 'Synced' && status.consecutiveFailures === 0 && reachable(status)?.status === 'True',
    },
    signal,
  );
  await showKubectl(stage, ['get', 'wb', 'shop', '-n', DEMO]);
  screen.kept('the counter is 0 again, and shop is Synced as before');
};
