import type { Stored } from '../api/objects.js';
import type { Clock, Random } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import { KubeError, type WatchEvent } from './client.js';
import { firstStep, type ReflectorEvent, type ReflectorState, stepReflector } from './reflector-step.js';
import { Watchdog } from './watchdog.js';

/** Follows a part of the cluster: reads its present state, and then each change. */
interface Follower<S extends Stored> {
  /** Reads the present state. @returns its resourceVersion @throws KubeError */
  readonly begin: (signal: AbortSignal) => Promise<string>;
  /** The changes after a version, as {@link KubeClient.watch} has them. */
  readonly changes: (resourceVersion: string, signal: AbortSignal) => AsyncIterable<WatchEvent<S>>;
  readonly onChange: (event: Exclude<WatchEvent<S>, { type: 'BOOKMARK' }>) => void;
  /** A beginning or a watch has ended. @param failures - in a row, this one included */
  readonly onEnd: (event: ReflectorEvent, failures: number) => void;
}

/**
 * Begins, watches, and begins again where a watch can't go on, as {@link stepReflector} says. Runs until aborted.
 * @throws what is no KubeError: a bug
 */
export const followChanges = async <S extends Stored>(
  follower: Follower<S>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<void> => {
  let state: ReflectorState = firstStep;
  while (!signal.aborted) {
    const watching = { state };
    const event = await act(follower, { watching, clock, random }, signal);
    if (signal.aborted) return;
    const step = stepReflector(watching.state, event, random.uniform());
    state = step.state;
    follower.onEnd(event, state.failures);
    if (step.delayMs > 0) await pause(clock, step.delayMs, signal);
  }
};

interface ListWatchDeps {
  /** Updated by each change. */
  readonly watching: { state: ReflectorState };
  readonly clock: Clock;
  readonly random: Random;
}

/** Begins or watches until there is an event to decide on. */
const act = async <S extends Stored>(
  follower: Follower<S>,
  deps: ListWatchDeps,
  signal: AbortSignal,
): Promise<ReflectorEvent> => {
  const { state } = deps.watching;
  try {
    if (state.kind === 'listing') return { kind: 'listed', resourceVersion: await follower.begin(signal) };
    return await watch(follower, { ...deps, from: state.resourceVersion }, signal);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { kind: 'failed', code: error.code, retryAfterMs: error.retryAfterMs };
  }
};

const watch = async <S extends Stored>(
  { changes, onChange }: Follower<S>,
  { watching, clock, random, from }: ListWatchDeps & { readonly from: string },
  signal: AbortSignal,
): Promise<ReflectorEvent> => {
  const startedAt = clock.monotonic();
  const watchdog = new Watchdog(clock, signal);
  try {
    for await (const event of changes(from, watchdog.signal)) {
      watchdog.alive();
      if (event.type !== 'BOOKMARK') onChange(event);
      const resourceVersion = versionOf(event);
      watching.state = stepReflector(watching.state, { kind: 'progressed', resourceVersion }, random.uniform()).state;
    }
    return { kind: 'watch-ended', livedMs: clock.monotonic() - startedAt };
  } catch (error) {
    if (watchdog.bit) return { kind: 'watch-silent' };
    throw error;
  } finally {
    watchdog.stop();
  }
};

const versionOf = (event: WatchEvent<Stored>): string =>
  event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
