import type { KubeObject, ObjectRef } from '../../api/objects.js';
import {
  type ClusterRef,
  type KubeClient,
  KubeError,
  type ListOptions,
  type ResourceType,
  type WatchEvent,
} from '../../kube/client.js';
import type { Clock } from '../../kube/ports.js';
import { apiVersionOf, refName, resourceName } from '../../kube/resource-path.js';
import { selects } from './fake-selectors.js';
import { FakeStore, type Revision, type Stored } from './fake-store.js';

export type FakeVerb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'delete' | 'log';

/** A write that was asked for, whether it succeeded or not. */
export interface FakeAction {
  readonly verb: 'create' | 'replace' | 'patch' | 'delete';
  /** `jobs`, `werfbundles`. */
  readonly plural: string;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name: string;
  /** Object, patch or delete options, as they were sent. */
  readonly body: unknown;
}

/** Which call a fault is meant for; what is left out fits all. */
export interface CallMatcher {
  readonly verb?: FakeVerb;
  readonly plural?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A cluster in memory; see {@link createFakeKube}. */
export interface FakeKube extends KubeClient {
  /** Puts an object in (or over an old one) as it is, status included, without an action; returns it as stored. */
  seed<T extends KubeObject>(type: ResourceType, object: T): T;
  /** The object as it is now. */
  read<T extends KubeObject>(type: ResourceType, ref: ClusterRef): T | undefined;
  /** All of a kind, sorted by namespace and name. */
  all<T extends KubeObject>(type: ResourceType): readonly T[];
  /** Deletes without an action, finalizers or not. */
  vanish(type: ResourceType, ref: ClusterRef): void;
  /** The next `times` (1) calls that fit fail; a function is asked for a fresh error each time. */
  failNext(matcher: CallMatcher, error: KubeError | (() => KubeError), times?: number): void;
  /** The next call that fits fails *after* it was carried out: its answer is lost on the way. */
  loseAnswer(matcher: CallMatcher, error: KubeError): void;
  /** Calls `run` before the next call that fits is carried out: somebody else was quicker. */
  before(matcher: CallMatcher, run: () => void): void;
  /** Every write that was asked for, in order. */
  readonly actions: readonly FakeAction[];
  clearActions(): void;
  /** What `podLog` answers; a Pod without has ''. */
  setPodLog(ref: ObjectRef, container: string, text: string): void;
  /** What `createSubresource` or `create` answers for `pods/binding`, `subjectaccessreviews`; without, the body comes back. */
  answer(resource: string, answer: (ref: ClusterRef, body: object) => unknown): void;
  /** Ends all open watches: in good order, or with an error. */
  endWatches(error?: KubeError): void;
  /** Forgets the history: open watches end with `gone`, and so does each that starts from before now. */
  expire(): void;
  /** Sends a bookmark to all open watches. */
  bookmark(): void;
  /** Watches that are open now. */
  openWatches(): number;
}

/** Kinds that are asked and answered, and never stored. */
const VIRTUAL = new Set(['subjectaccessreviews', 'selfsubjectaccessreviews', 'tokenreviews']);

/**
 * A cluster in memory that behaves as the apiserver does, proven by the contract suite: versions, preconditions, merge patches,
 * status as a subresource, finalizers, selectors, watches with replay.
 *
 * Not simulated: schemas and their defaults (bundles get a status with observedGeneration -1 only), namespaces that must exist,
 * garbage collection, controllers, and a Pod's time to terminate.
 * @param options.clock - for timestamps; 2026-01-01 without
 */
export const createFakeKube = (options: { readonly clock?: Clock } = {}): FakeKube =>
  new MemoryKube(() => options.clock?.now() ?? Date.UTC(2026, 0, 1));

interface Intervention {
  readonly matcher: CallMatcher;
  readonly error?: () => KubeError;
  readonly late: boolean;
  readonly run?: () => void;
  times: number;
}

interface CallInfo {
  readonly verb: FakeVerb;
  readonly type: ResourceType;
  readonly ref: ClusterRef;
  readonly subresource?: string;
  readonly body?: unknown;
}

interface OpenWatch {
  push(revision: Revision): void;
  bookmark(): void;
  end(error?: KubeError): void;
}

class MemoryKube implements FakeKube {
  readonly #store: FakeStore;
  readonly #interventions = new Set<Intervention>();
  readonly #logs = new Map<string, string>();
  readonly #answers = new Map<string, (ref: ClusterRef, body: object) => unknown>();
  readonly #watches = new Set<OpenWatch>();
  #actions: FakeAction[] = [];

  constructor(now: () => number) {
    this.#store = new FakeStore(now);
  }

  get actions(): readonly FakeAction[] {
    return this.#actions;
  }

  clearActions(): void {
    this.#actions = [];
  }

  seed<T extends KubeObject>(type: ResourceType, object: T): T {
    return copy<T>(this.#store.seed(type, object));
  }

  read<T extends KubeObject>(type: ResourceType, ref: ClusterRef): T | undefined {
    const found = this.#store.read(type, ref);
    return found === undefined ? undefined : copy<T>(found);
  }

  all<T extends KubeObject>(type: ResourceType): readonly T[] {
    return this.#store.all(type).map((object) => copy<T>(object));
  }

  vanish(type: ResourceType, ref: ClusterRef): void {
    const old = this.#store.read(type, ref);
    if (old === undefined) return;
    this.#store.seed(type, { ...old, metadata: { ...old.metadata, finalizers: [] } });
    this.#store.remove(type, ref, { action: 'vanish' });
  }

  failNext(matcher: CallMatcher, error: KubeError | (() => KubeError), times = 1): void {
    const make = typeof error === 'function' ? error : () => error;
    this.#interventions.add({ matcher, error: make, late: false, times });
  }

  loseAnswer(matcher: CallMatcher, error: KubeError): void {
    this.#interventions.add({ matcher, error: () => error, late: true, times: 1 });
  }

  before(matcher: CallMatcher, run: () => void): void {
    this.#interventions.add({ matcher, run, late: false, times: 1 });
  }

  setPodLog(ref: ObjectRef, container: string, text: string): void {
    this.#logs.set(`${refName(ref)}/${container}`, text);
  }

  answer(resource: string, answer: (ref: ClusterRef, body: object) => unknown): void {
    this.#answers.set(resource, answer);
  }

  endWatches(error?: KubeError): void {
    for (const watch of [...this.#watches]) watch.end(error);
  }

  expire(): void {
    this.#store.compact();
    this.endWatches(new KubeError('gone', 'watch: gone', { status: 410 }));
  }

  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  openWatches(): number {
    return this.#watches.size;
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ClusterRef, signal: AbortSignal): Promise<T | undefined> {
    return await this.#call({ verb: 'get', type, ref }, signal, () => this.read<T>(type, ref));
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions, signal: AbortSignal) {
    return await this.#call({ verb: 'list', type, ref: anyOf(options) }, signal, () => ({
      items: this.all<T>(type).filter((object) => selects(options, object)),
      resourceVersion: this.#store.revision.toString(),
    }));
  }

  async create<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    const ref = refOf(object);
    return await this.#call({ verb: 'create', type, ref, body: object }, signal, (action) =>
      VIRTUAL.has(type.plural)
        ? (this.#answerOf(type.plural, ref, object) as T)
        : copy<T>(this.#store.create(type, object, action)),
    );
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    return await this.#call({ verb: 'replace', type, ref: refOf(object), body: object }, signal, (action) =>
      copy<T>(this.#store.replace(type, object, action)),
    );
  }

  async mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ClusterRef,
    patch: object,
    options: { readonly subresource?: 'status' },
    signal: AbortSignal,
  ): Promise<T> {
    const door = options.subresource ?? 'main';
    const call = { verb: 'patch' as const, type, ref, body: patch, ...options };
    return await this.#call(call, signal, (action) => copy<T>(this.#store.patch({ type, ref, door }, patch, action)));
  }

  async delete(
    type: ResourceType,
    ref: ClusterRef,
    options: Parameters<KubeClient['delete']>[2],
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    return await this.#call({ verb: 'delete', type, ref, body: options }, signal, (action) =>
      this.#store.remove(type, ref, { ...options, action }) ? 'deleted' : 'absent',
    );
  }

  async createSubresource<T>(
    type: ResourceType,
    ref: ClusterRef,
    subresource: string,
    body: object,
    signal: AbortSignal,
  ): Promise<T> {
    const resource = subresource === '' ? type.plural : `${type.plural}/${subresource}`;
    return await this.#call(
      { verb: 'create', type, ref, subresource, body },
      signal,
      () => this.#answerOf(resource, ref, body) as T,
    );
  }

  async podLog(
    ref: ObjectRef,
    options: Parameters<KubeClient['podLog']>[1],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const type = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
    return await this.#call({ verb: 'log', type, ref }, signal, () => {
      if (this.#store.read(type, ref) === undefined) return undefined;
      const text = this.#logs.get(`${refName(ref)}/${options.container}`) ?? '';
      const lines = text.split(/(?<=\n)/);
      const tail = lines.slice(-(options.tailLines ?? lines.length)).join('');
      return Buffer.from(tail).subarray(0, options.limitBytes).toString();
    });
  }

  async *watch<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const queue: WatchEvent<T>[] = [];
    let ended: { readonly error?: KubeError | undefined } | undefined;
    let wake = (): void => undefined;
    const watch: OpenWatch = {
      push: (revision) => {
        const event = eventOf<T>(type, options, revision);
        if (event !== undefined) queue.push(event);
        wake();
      },
      bookmark: () => {
        queue.push({ type: 'BOOKMARK', resourceVersion: this.#store.revision.toString() });
        wake();
      },
      end: (error) => {
        ended ??= { error };
        wake();
      },
    };
    const action = `watch ${resourceName(type)}`;
    const onAbort = (): void => watch.end(new KubeError('aborted', `${action}: aborted`));
    const call: CallInfo = { verb: 'watch', type, ref: anyOf(options) };
    const past = await this.#call(call, signal, () => this.#store.since(Number(options.resourceVersion), action));
    for (const revision of past) watch.push(revision);
    const unlisten = this.#store.listen(watch.push);
    this.#watches.add(watch);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event;
        if (ended?.error !== undefined) throw ended.error;
        if (ended !== undefined) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      unlisten();
      this.#watches.delete(watch);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What all calls have in common: they take a turn, heed the signal, are recorded, and may be made to fail. */
  async #call<R>(call: CallInfo, signal: AbortSignal, run: (action: string) => R): Promise<R> {
    const action = `${call.verb} ${resourceName(call.type)} ${refName(call.ref)}`;
    await Promise.resolve();
    if (signal.aborted) throw new KubeError('aborted', `${action}: aborted`, { cause: signal.reason });
    this.#record(call);
    const intervention = this.#intervene(call);
    intervention?.run?.();
    if (intervention?.error !== undefined && !intervention.late) throw intervention.error();
    const result = run(action);
    if (intervention?.error !== undefined) throw intervention.error();
    return result;
  }

  #record({ verb, type, ref, subresource, body }: CallInfo): void {
    if (verb === 'get' || verb === 'list' || verb === 'watch' || verb === 'log' || VIRTUAL.has(type.plural)) return;
    const { name, namespace = '' } = ref;
    const sub = subresource === undefined || subresource === '' ? {} : { subresource };
    this.#actions.push({ verb, plural: type.plural, ...sub, namespace, name, body: copy(body) });
  }

  #intervene(call: CallInfo): Intervention | undefined {
    const found = [...this.#interventions].find(({ matcher }) => fits(matcher, call));
    if (found === undefined) return undefined;
    found.times -= 1;
    if (found.times === 0) this.#interventions.delete(found);
    return found;
  }

  #answerOf(resource: string, ref: ClusterRef, body: object): unknown {
    return copy(this.#answers.get(resource)?.(ref, body) ?? body);
  }
}

const fits = (matcher: CallMatcher, { verb, type, ref, subresource = '' }: CallInfo): boolean =>
  (matcher.verb ?? verb) === verb &&
  (matcher.plural ?? type.plural) === type.plural &&
  (matcher.subresource ?? subresource) === subresource &&
  (matcher.namespace ?? ref.namespace ?? '') === (ref.namespace ?? '') &&
  (matcher.name ?? ref.name) === ref.name;

/** A change as a watch with a selector sees it: what comes into view is ADDED, what leaves it DELETED. */
const eventOf = <T extends KubeObject>(
  type: ResourceType,
  options: ListOptions,
  { plural, number, before, after }: Revision,
): WatchEvent<T> | undefined => {
  if (plural !== type.plural) return undefined;
  const was = before !== undefined && selects(options, before);
  const is = after !== undefined && selects(options, after);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: copy<T>(after) };
  if (!was) return undefined;
  // The object as it was last, under the version of its going.
  const gone: Stored = { ...before, metadata: { ...before.metadata, resourceVersion: number.toString() } };
  return { type: 'DELETED', object: copy<T>({ ...gone, apiVersion: apiVersionOf(type), kind: type.kind }) };
};

const anyOf = ({ namespace }: ListOptions): ClusterRef => ({ name: '', namespace: namespace ?? '' });

const refOf = ({ metadata }: KubeObject): ClusterRef => ({
  name: metadata?.name ?? '',
  namespace: metadata?.namespace ?? '',
});

const copy = <T>(value: unknown): T => (value === undefined ? value : JSON.parse(JSON.stringify(value))) as T;
