import { setImmediate } from 'node:timers/promises';
import type { KubeObject, ObjectRef } from '../api/objects.js';
import { type KubeClient, KubeError, type ListOptions, type ResourceType, type WatchEvent } from './client.js';
import type { Clock, Log, Random } from './ports.js';
import { firstStep, type ReflectorEvent, type ReflectorState, stepReflector } from './reflector-step.js';
import { resourceName } from './resource-path.js';
import { ignoreAbort, Watchdog } from './watchdog.js';

/** An object appeared (`before` undefined), changed, or went (`after` undefined). */
export interface Change<P> {
  readonly ref: ObjectRef;
  readonly before: P | undefined;
  readonly after: P | undefined;
}

export interface ReflectorOptions<T extends KubeObject, P> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly type: ResourceType;
  readonly list?: ListOptions;
  /** What is kept of an object; as little as is needed. */
  readonly project: (object: T) => P;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called after the cache has it. A throw is logged and changes nothing. */
  readonly onChange: (change: Change<P>) => void;
}

/**
 * A copy of a part of the cluster, kept up to date.
 *
 * Guarantees: what is in it was true at one moment, and becomes true again however long the apiserver was away; a relist replaces
 * the whole at once and announces only the differences; no fault of the apiserver or of a handler ends it.
 * Assumptions: readers bear with old data (every write carries a precondition).
 */
export interface Reflector<P> {
  /** Runs until aborted; rejects for bugs only. */
  start(signal: AbortSignal): Promise<void>;
  /** `namespace` is '' for cluster-scoped objects. */
  get(ref: ObjectRef): P | undefined;
  values(): IterableIterator<P>;
  /** The whole was there once. */
  synced(): boolean;
  /** Rejects with the signal's reason when it is aborted first. */
  whenSynced(signal: AbortSignal): Promise<void>;
}

interface Entry<P> {
  readonly ref: ObjectRef;
  readonly resourceVersion: string;
  readonly value: P;
}

/** Objects of a first list that are announced at once. */
const SLICE = 250;

/** A {@link Reflector} that has not been started. */
export const createReflector = <T extends KubeObject, P>(options: ReflectorOptions<T, P>): Reflector<P> =>
  new ListWatchReflector(options);

class ListWatchReflector<T extends KubeObject, P> implements Reflector<P> {
  readonly #options: ReflectorOptions<T, P>;
  readonly #log: Log;
  readonly #synced = new AbortController();
  #entries = new Map<string, Entry<P>>();

  constructor(options: ReflectorOptions<T, P>) {
    this.#options = options;
    this.#log = options.log.child({ resource: resourceName(options.type) });
  }

  get(ref: ObjectRef): P | undefined {
    return this.#entries.get(keyOf(ref))?.value;
  }

  *values(): IterableIterator<P> {
    for (const { value } of this.#entries.values()) yield value;
  }

  synced(): boolean {
    return this.#synced.signal.aborted;
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.synced()) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const onSynced = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#synced.signal.addEventListener('abort', onSynced, { once: true });
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let state: ReflectorState = firstStep;
    while (!signal.aborted) {
      const { reached, event } = await this.#act(state, signal);
      if (signal.aborted) return;
      const step = stepReflector(reached, event, random.uniform());
      state = step.state;
      this.#report(event, step.state.failures);
      if (step.delayMs > 0) await clock.sleep(step.delayMs, signal).catch(ignoreAbort(signal));
    }
  }

  /** Lists or watches until there is something to decide. `reached`: the state as the watch moved it on. */
  async #act(
    state: ReflectorState,
    signal: AbortSignal,
  ): Promise<{ readonly reached: ReflectorState; readonly event: ReflectorEvent }> {
    const watching = { state };
    try {
      const event = state.kind === 'listing' ? await this.#list(signal) : await this.#watch(watching, signal);
      return { reached: watching.state, event };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return { reached: watching.state, event: { kind: 'failed', code: error.code, retryAfterMs: error.retryAfterMs } };
    }
  }

  async #list(signal: AbortSignal): Promise<ReflectorEvent> {
    const { client, type, list = {} } = this.#options;
    const before = this.#entries;
    const keep = (object: T): Entry<P> | undefined => this.#project(object, before.get(keyOf(refOf(object))));
    const { items, resourceVersion } = await client.list<T, Entry<P> | undefined>(type, { ...list, keep }, signal);
    const entries = new Map<string, Entry<P>>();
    for (const entry of items) if (entry !== undefined) entries.set(keyOf(entry.ref), entry);
    this.#entries = entries;
    if (this.synced()) this.#announceDifferences(before, entries);
    else await this.#announceFirst(entries);
    this.#synced.abort();
    return { kind: 'listed', resourceVersion };
  }

  async #watch(watching: { state: ReflectorState }, signal: AbortSignal): Promise<ReflectorEvent> {
    const { client, type, list = {}, clock, random } = this.#options;
    const { state } = watching;
    if (state.kind !== 'watching') return { kind: 'watch-ended', livedMs: 0 };
    const startedAt = clock.monotonic();
    const watchdog = new Watchdog(clock, signal);
    try {
      const options = { ...list, resourceVersion: state.resourceVersion };
      for await (const event of client.watch<T>(type, options, watchdog.signal)) {
        watchdog.alive();
        const resourceVersion = this.#take(event);
        watching.state = stepReflector(watching.state, { kind: 'progressed', resourceVersion }, random.uniform()).state;
      }
      return { kind: 'watch-ended', livedMs: clock.monotonic() - startedAt };
    } catch (error) {
      if (watchdog.bit) return { kind: 'watch-silent' };
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  /** @returns the resourceVersion that the event brought */
  #take(event: WatchEvent<T>): string {
    if (event.type === 'BOOKMARK') return event.resourceVersion;
    const { object } = event;
    const ref = refOf(object);
    const before = this.#entries.get(keyOf(ref));
    const after = event.type === 'DELETED' ? undefined : this.#project(object, before);
    if (after === undefined) this.#entries.delete(keyOf(ref));
    else this.#entries.set(keyOf(ref), after);
    if (before !== after) this.#announce({ ref, before: before?.value, after: after?.value });
    return object.metadata.resourceVersion ?? '';
  }

  /** The entry of an object; the one before if nothing changed, or if it cannot be made: old is better than gone. */
  #project(object: T, before: Entry<P> | undefined): Entry<P> | undefined {
    const resourceVersion = object.metadata.resourceVersion ?? '';
    if (before !== undefined && before.resourceVersion === resourceVersion) return before;
    const ref = refOf(object);
    try {
      return { ref, resourceVersion, value: this.#options.project(object) };
    } catch (error) {
      this.#log.error('object could not be read into the cache', { ...ref, error });
      return before;
    }
  }

  /** In slices: nobody rests on the cache before all of it is told, and ten thousand objects would hold up all else for a while. */
  async #announceFirst(entries: ReadonlyMap<string, Entry<P>>): Promise<void> {
    let told = 0;
    for (const { ref, value } of entries.values()) {
      this.#announce({ ref, before: undefined, after: value });
      told += 1;
      if (told % SLICE === 0) await setImmediate();
    }
  }

  #announceDifferences(before: ReadonlyMap<string, Entry<P>>, after: ReadonlyMap<string, Entry<P>>): void {
    for (const [key, entry] of after) {
      const old = before.get(key);
      if (old !== entry) this.#announce({ ref: entry.ref, before: old?.value, after: entry.value });
    }
    for (const [key, { ref, value }] of before) {
      if (!after.has(key)) this.#announce({ ref, before: value, after: undefined });
    }
  }

  #announce(change: Change<P>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#log.error('handler of a change failed', { ...change.ref, error });
    }
  }

  #report(event: ReflectorEvent, failures: number): void {
    if (event.kind === 'watch-silent') this.#log.warn('watch dropped: nothing was heard of it');
    if (event.kind !== 'failed') return;
    const fields = { code: event.code, failures };
    // A dropped watch is everyday life; what lasts is worth a line now and then.
    if (failures === 3 || failures % 10 === 0) this.#log.warn('cannot follow the cluster', fields);
    else this.#log.debug('list or watch failed', fields);
  }
}

const keyOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

const refOf = ({ metadata }: KubeObject): ObjectRef => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
});
