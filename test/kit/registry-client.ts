import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Clock } from '../../process/ports.js';
import { systemClock } from '../../process/system-clock.js';
import type { BundleArchives, Registry, RegistryTarget, RepositoryCatalog } from '../../registry/port.js';
import { createRegistry, type RegistryDeps } from '../../registry/registry.js';
import { type FakeRegistry, startFakeRegistry } from './fake-registry.js';

/** Of calls that nobody ends. */
export const signal = new AbortController().signal;
/** Time enough for whatever answers at all. */
const MS_RESERVE = 5_000;

/** The real clock, which a test may put forward. */
export const shiftedClock = (): Clock & { shift: number } => {
  const clock = {
    shift: 0,
    now: () => Date.now() + clock.shift,
    monotonic: () => performance.now() + clock.shift,
    startTimer: systemClock.startTimer,
    sleep: (ms: number, stop?: AbortSignal) => delay(ms, undefined, stop === undefined ? {} : { signal: stop }),
  };
  return clock;
};

/** A registry client that may ask this machine, often; closed when the test ends. */
export const clientFor = (
  t: Test,
  changes: Partial<RegistryDeps> = {},
): Registry & RepositoryCatalog & BundleArchives => {
  const client = createRegistry({
    timeouts: { connectMs: MS_RESERVE, headersMs: MS_RESERVE, bodyMs: MS_RESERVE },
    limits: { pages: 20, tags: 1000, bodyBytes: 100_000 },
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: shiftedClock(),
    userAgent: 'werfbundle-test',
    ...changes,
  });
  t.teardown(() => client.close());
  return client;
};

/** A registry for one test. @param tls - left out: it speaks plain HTTP */
export const fakeFor = async (t: Test, tls?: { key: string; cert: string }): Promise<FakeRegistry> => {
  const fake = await startFakeRegistry(tls);
  t.teardown(() => fake.close());
  return fake;
};

/** Repository acme/app of a registry, without credentials. */
export const targetOf = (fake: FakeRegistry, changes: Partial<RegistryTarget> = {}): RegistryTarget => ({
  host: fake.host,
  repository: 'acme/app',
  insecure: true,
  ...changes,
});
