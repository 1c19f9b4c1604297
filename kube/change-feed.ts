import type { KubeObject, ObjectRef } from '../api/objects.js';
import { type KubeClient, KubeError, type ListOptions, type ResourceType } from './client.js';
import type { Clock, Log, Random } from './ports.js';
import { firstStep, type ReflectorEvent, type ReflectorState, stepReflector } from './reflector-step.js';
import { resourceName } from './resource-path.js';
import { ignoreAbort, Watchdog } from './watchdog.js';

export interface ChangeFeedOptions {
  readonly client: Pick<KubeClient, 'head' | 'watch'>;
  readonly type: ResourceType;
  readonly list?: ListOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** An object was created, changed or deleted. Must not throw, and return at once. `namespace` is '' for cluster-scoped ones. */
  readonly onChange: (ref: ObjectRef) => void;
  /** Changes may have been missed: the watch could not go on where it had ended. */
  readonly onGap: () => void;
}

/**
 * Tells which objects of a kind change, from metadata-only watches; keeps nothing of them, and lists nothing.
 *
 * Guarantees: whatever changes after the watch was begun is told, or `onGap` is; no fault of the apiserver ends it. A change may be
 * told more than once.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #log: Log;
  #begun = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
    this.#log = options.log.child({ resource: resourceName(options.type) });
  }

  /** Runs until aborted; rejects for bugs only. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let state: ReflectorState = firstStep;
    while (!signal.aborted) {
      const { reached, event } = await this.#act(state, signal);
      if (signal.aborted) return;
      const step = stepReflector(reached, event, random.uniform());
      state = step.state;
      if (event.kind === 'failed') this.#report(event.code, state.failures);
      if (step.delayMs > 0) await clock.sleep(step.delayMs, signal).catch(ignoreAbort(signal));
    }
  }

  async #act(
    state: ReflectorState,
    signal: AbortSignal,
  ): Promise<{ readonly reached: ReflectorState; readonly event: ReflectorEvent }> {
    const watching = { state };
    try {
      const event = state.kind === 'listing' ? await this.#begin(signal) : await this.#watch(watching, signal);
      return { reached: watching.state, event };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return { reached: watching.state, event: { kind: 'failed', code: error.code, retryAfterMs: error.retryAfterMs } };
    }
  }

  async #begin(signal: AbortSignal): Promise<ReflectorEvent> {
    const { client, type, list = {}, onGap } = this.#options;
    const resourceVersion = await client.head(type, list, signal);
    if (this.#begun) onGap();
    this.#begun = true;
    return { kind: 'listed', resourceVersion };
  }

  async #watch(watching: { state: ReflectorState }, signal: AbortSignal): Promise<ReflectorEvent> {
    const { client, type, list = {}, clock, random, onChange } = this.#options;
    const { state } = watching;
    if (state.kind !== 'watching') return { kind: 'watch-ended', livedMs: 0 };
    const startedAt = clock.monotonic();
    const watchdog = new Watchdog(clock, signal);
    try {
      const options = { ...list, resourceVersion: state.resourceVersion, metadataOnly: true };
      for await (const event of client.watch<KubeObject>(type, options, watchdog.signal)) {
        watchdog.alive();
        const bookmark = event.type === 'BOOKMARK';
        const resourceVersion = bookmark ? event.resourceVersion : (event.object.metadata.resourceVersion ?? '');
        watching.state = stepReflector(watching.state, { kind: 'progressed', resourceVersion }, random.uniform()).state;
        if (!bookmark) onChange(refOf(event.object));
      }
      return { kind: 'watch-ended', livedMs: clock.monotonic() - startedAt };
    } catch (error) {
      if (watchdog.bit) return { kind: 'watch-silent' };
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  /** A dropped watch is everyday life; what lasts is worth a line now and then. */
  #report(code: KubeError['code'], failures: number): void {
    const fields = { code, failures };
    if (failures === 3 || failures % 10 === 0) this.#log.warn('cannot follow changes', fields);
    else this.#log.debug('watch failed', fields);
  }
}

const refOf = ({ metadata }: KubeObject): ObjectRef => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
});
