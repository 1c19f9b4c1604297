import { setImmediate } from 'node:timers/promises';
import { objectKey } from '../api/object-key.js';
import { type ObjectRef, refOf, type Stored } from '../api/objects.js';
import type { Clock, Log, Random } from '../process/ports.js';
import type { KubeClient, ListOptions, ResourceType, WatchEvent } from './client.js';
import { followChanges } from './list-watch.js';
import type { ReflectorEvent } from './reflector-step.js';
import { resourceName } from './resource-path.js';
import type { KeptText, TextStore } from './text-store.js';

/** An object appeared (`before` undefined), changed, or was deleted (`after` undefined). */
export interface Change<P> {
  readonly ref: ObjectRef;
  readonly before: P | undefined;
  readonly after: P | undefined;
}

export interface ReflectorDeps<S extends Stored, P> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly type: ResourceType<S>;
  readonly list?: ListOptions;
  /** What is kept of an object, as little as is needed. `before` reads what was kept of it until now, if it was there. */
  readonly project: (object: S, before: () => P | undefined) => P;
  /**
   * Keeps it there as deflated JSON text, which each read inflates and parses: a twentieth of the memory, and nothing to be looked through by
   * the garbage collector. For many objects that are read seldom; P has to be JSON.
   */
  readonly texts?: TextStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called after the cache has it. A throw is logged and changes nothing. */
  readonly onChange: (change: Change<P>) => void;
}

/**
 * A copy of a part of the cluster, kept up to date.
 *
 * Guarantees: its content was true at one moment, and catches up however long the apiserver was away; a relist replaces
 * the whole at once and announces only the differences; no fault of the apiserver or of a handler ends it.
 * Assumptions: readers tolerate stale data (every write carries a precondition).
 */
export interface Reflector<P> {
  /** Runs until aborted; rejects for bugs only. */
  start(signal: AbortSignal): Promise<void>;
  /** `namespace` is '' for cluster-scoped objects. */
  get(ref: ObjectRef): P | undefined;
  has(ref: ObjectRef): boolean;
  values(): IterableIterator<P>;
  /** The names of all that is there. Like `has`, they read nothing of an object. */
  refs(): IterableIterator<ObjectRef>;
  /** Whether the first list has been received. */
  synced(): boolean;
  /** Rejects with the signal's reason when it is aborted first. */
  whenSynced(signal: AbortSignal): Promise<void>;
}

/** `K`: the form in which a value is kept. */
interface Entry<K> {
  readonly ref: ObjectRef;
  readonly resourceVersion: string;
  readonly kept: K;
}

interface Form<P, K> {
  readonly keep: (value: P) => K;
  readonly read: (kept: K) => P;
}

/** How many objects of a first list are announced in one turn. */
const SLICE = 250;

/** A {@link Reflector} that has not been started. */
export const createReflector = <S extends Stored, P>(deps: ReflectorDeps<S, P>): Reflector<P> =>
  deps.texts !== undefined
    ? new ListWatchReflector<S, P, KeptText>(deps, textForm(deps.texts))
    : new ListWatchReflector<S, P, P>(deps, { keep: (value) => value, read: (kept) => kept });

const textForm = <P>(texts: TextStore): Form<P, KeptText> => ({
  keep: (value) => texts.keep(JSON.stringify(value)),
  read: (kept) => JSON.parse(texts.read(kept)) as P,
});

class ListWatchReflector<S extends Stored, P, K> implements Reflector<P> {
  readonly #deps: ReflectorDeps<S, P>;
  readonly #form: Form<P, K>;
  readonly #log: Log;
  readonly #synced = new AbortController();
  #entries = new Map<string, Entry<K>>();

  constructor(deps: ReflectorDeps<S, P>, form: Form<P, K>) {
    this.#deps = deps;
    this.#form = form;
    this.#log = deps.log.child({ resource: resourceName(deps.type) });
  }

  get(ref: ObjectRef): P | undefined {
    return this.#read(this.#entries.get(objectKey(ref)));
  }

  has(ref: ObjectRef): boolean {
    return this.#entries.has(objectKey(ref));
  }

  *values(): IterableIterator<P> {
    for (const { kept } of this.#entries.values()) yield this.#form.read(kept);
  }

  *refs(): IterableIterator<ObjectRef> {
    for (const { ref } of this.#entries.values()) yield ref;
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
    const { client, type, list = {} } = this.#deps;
    const follower = {
      begin: (running: AbortSignal) => this.#list(running),
      changes: (resourceVersion: string, running: AbortSignal) =>
        client.watch(type, { ...list, resourceVersion }, running),
      onChange: this.#take.bind(this),
      onEnd: this.#report.bind(this),
    };
    await followChanges(follower, this.#deps, signal);
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, type, list = {} } = this.#deps;
    const before = this.#entries;
    const keep = (object: S): Entry<K> | undefined => this.#project(object, before.get(objectKey(refOf(object))));
    const { items, resourceVersion } = await client.list(type, { ...list, keep }, signal);
    const entries = new Map<string, Entry<K>>();
    for (const entry of items) if (entry !== undefined) entries.set(objectKey(entry.ref), entry);
    this.#entries = entries;
    if (this.synced()) this.#announceDifferences(before, entries);
    else await this.#announceFirst(entries);
    this.#synced.abort();
    return resourceVersion;
  }

  #take({ type, object }: Exclude<WatchEvent<S>, { type: 'BOOKMARK' }>): void {
    const key = objectKey(refOf(object));
    const before = this.#entries.get(key);
    const ref = before?.ref ?? refOf(object);
    const after = type === 'DELETED' ? undefined : this.#project(object, before);
    if (after === undefined) this.#entries.delete(key);
    else this.#entries.set(key, after);
    if (before !== after) this.#announce(ref, before, after);
  }

  /** The entry of an object; the previous one if nothing changed, or if projecting fails: stale is better than missing. */
  #project(object: S, before: Entry<K> | undefined): Entry<K> | undefined {
    const { resourceVersion } = object.metadata;
    if (before !== undefined && before.resourceVersion === resourceVersion) return before;
    // The same as before: others keep it, too.
    const ref = before?.ref ?? refOf(object);
    try {
      return { ref, resourceVersion, kept: this.#form.keep(this.#deps.project(object, () => this.#read(before))) };
    } catch (error) {
      this.#log.error('object could not be read into the cache', { object: objectKey(ref), error });
      return before;
    }
  }

  /** In slices: ten thousand objects at once would block the event loop, and nobody relies on the cache before all are announced. */
  async #announceFirst(entries: ReadonlyMap<string, Entry<K>>): Promise<void> {
    let announced = 0;
    for (const entry of entries.values()) {
      this.#announce(entry.ref, undefined, entry);
      announced += 1;
      if (announced % SLICE === 0) await setImmediate();
    }
  }

  #announceDifferences(before: ReadonlyMap<string, Entry<K>>, after: ReadonlyMap<string, Entry<K>>): void {
    for (const [key, entry] of after) {
      const old = before.get(key);
      if (old !== entry) this.#announce(entry.ref, old, entry);
    }
    for (const [key, entry] of before) if (!after.has(key)) this.#announce(entry.ref, entry, undefined);
  }

  #announce(ref: ObjectRef, before: Entry<K> | undefined, after: Entry<K> | undefined): void {
    try {
      this.#deps.onChange({ ref, before: this.#read(before), after: this.#read(after) });
    } catch (error) {
      this.#log.error('handler of a change failed', { object: objectKey(ref), error });
    }
  }

  #read(entry: Entry<K> | undefined): P | undefined {
    return entry && this.#form.read(entry.kept);
  }

  #report(event: ReflectorEvent, failures: number): void {
    // Where nothing changes, nothing is heard, unless the apiserver sends bookmarks; the next watch misses nothing.
    if (event.kind === 'watch-silent') this.#log.debug('watch begins again: nothing was heard of it');
    if (event.kind !== 'failed') return;
    const fields = { code: event.code, failures };
    // A dropped watch is normal: only a lasting failure is logged, now and then.
    if (failures === 3 || failures % 10 === 0) this.#log.warn('cannot follow the cluster', fields);
    else this.#log.debug('list or watch failed', fields);
  }
}
