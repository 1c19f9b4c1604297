import { createHash } from 'node:crypto';
import type { Test } from 'tap';
import type { ObjectIdentity } from '../../api/objects.js';
import type { ScanInterest, ScanOutcome, ScanResult, ScansDeps } from '../../controller/scans/scan.js';
import { createScans } from '../../controller/scans/scans.js';
import { NO_TRACER } from '../../process/tracer.js';
import type { RegistryFailure } from '../../registry/port.js';
import { createFakeClock } from './fake-clock.js';
import { MemoryRegistry } from './memory-registry.js';
import { recordLog } from './record-log.js';
import { recordSpans } from './record-spans.js';

/** Milliseconds. */
export const SECOND = 1_000;
/** Milliseconds. */
export const MINUTE = 60 * SECOND;
/** A registry that refuses the credential. */
export const UNAUTHORIZED: RegistryFailure = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
/** A registry that does not answer. */
export const TIMEOUT: RegistryFailure = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };

/** A bundle by a short name: `a` is in namespace shop, `other/a` is not. */
export const ref = (name: string): ObjectIdentity => {
  const [own = '', namespace = 'shop'] = name.split('/').toReversed();
  return { namespace, name: own, uid: `${name}-1` };
};
/** What stands for an ETag where a registry gives none. */
export const hashOf = (...tags: string[]): string =>
  `tags-sha256:${createHash('sha256').update(tags.toSorted().join('\n')).digest('hex')}`;

/** A board on a registry in memory; every wish is of bundle `a` for ghcr.io/acme/app at once, unless said otherwise. */
export const board = (
  test: Test,
  {
    uniform = 0.5,
    timeScale = 1,
    lastPush,
    isTraced = false,
  }: { uniform?: number; timeScale?: number; lastPush?: ScansDeps['lastPush']; isTraced?: boolean } = {},
) => {
  const registry = new MemoryRegistry();
  registry.publish('acme/app', { v1: 'sha256:1' });
  const clock = createFakeClock();
  const log = recordLog();
  const tracer = recordSpans(clock);
  const delivered: string[] = [];
  const results: ScanResult[] = [];
  const holds: string[] = [];
  const scans = createScans({
    registry,
    clock,
    random: { uniform: () => uniform },
    log,
    timeScale,
    ...(lastPush && { lastPush }),
    tracer: isTraced ? tracer : NO_TRACER,
    onDelivery: ({ name }) => delivered.push(name),
    onHold: ({ name }) => holds.push(name),
    onScan: (result) => results.push(result),
  });
  /** Who was woken for a hold since it was asked last, and what is said to it. */
  const heldFor = () => holds.splice(0).map((name) => `${name} ${scans.held(ref(name))}`);
  const stop = new AbortController();
  const stopped = scans.start(stop.signal);
  test.teardown(() => stop.abort());
  const want = (name: string, changes: Partial<ScanInterest> = {}): void =>
    scans.subscribe({
      bundle: ref(name),
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      policy: {},
      pollIntervalMs: 15 * MINUTE,
      due: { kind: 'at', time: clock.now() },
      ...changes,
    });
  const outcomeOf = (name: string): ScanOutcome | undefined => scans.pending(ref(name))?.outcome;
  const lists = (): number => registry.calls.filter((call) => call.startsWith('list')).length;
  return { registry, clock, log, tracer, delivered, results, scans, heldFor, want, outcomeOf, lists, stop, stopped };
};
