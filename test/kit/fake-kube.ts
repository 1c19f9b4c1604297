import { isMap } from '../../api/json-map.js';
import type { KubeObject, NewObject, ObjectRef, Stored } from '../../api/objects.js';
import {
  type ClusterRef,
  type KeptListOptions,
  type KubeClient,
  KubeError,
  type ListOptions,
  type ManagedFields,
  type Resource,
  type ResourceType,
  type ReviewType,
  type ServerVersion,
  type Subresource,
  type WatchEvent,
} from '../../kube/client.js';
import { refName, resourceName } from '../../kube/resource-path.js';
import type { Clock } from '../../process/ports.js';
import { type CallInfo, type CallMatcher, Interventions } from './fake-interventions.js';
import { selects } from './fake-selectors.js';
import { copy, FakeStore } from './fake-store.js';
import { FakeWatch } from './fake-watch.js';

/** A write that was asked for, whether it succeeded or not. */
interface FakeAction {
  readonly verb: 'create' | 'replace' | 'patch' | 'delete';
  /** `jobs`, `werfbundles`. */
  readonly plural: string;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name: string;
  /** Object, patch or delete options, as they were sent. */
  readonly body: unknown;
}

/** A cluster in memory; see {@link createFakeKube}. */
export interface FakeKube extends KubeClient {
  /** Puts an object in (or over an old one) as it is, status included, without an action; returns it as stored. */
  seed<S extends Stored>(type: ResourceType<S>, object: NewObject<S>): S;
  /** The object as it is now. */
  read<S extends Stored>(type: ResourceType<S>, ref: ClusterRef): S | undefined;
  /** All of a kind, sorted by namespace and name. */
  all<S extends Stored>(type: ResourceType<S>): readonly S[];
  /** Deletes without an action, finalizers or not. */
  vanish(type: ResourceType, ref: ClusterRef): void;
  /** The next `times` (1) calls that fit fail; a function is asked for a fresh error each time. */
  failNext(matcher: CallMatcher, error: KubeError | (() => KubeError), times?: number): void;
  /** The next call that fits fails *after* it was carried out: its answer is lost on the way. */
  loseAnswer(matcher: CallMatcher, error: KubeError): void;
  /** Calls `run` before the next call that fits is carried out: somebody else was quicker. The call waits for the promise that `run` returns. */
  before(matcher: CallMatcher, run: () => unknown): void;
  /** Every write that was asked for, in order. */
  readonly actions: readonly FakeAction[];
  clearActions(): void;
  /** What `podLog` answers; a Pod without has ''. */
  setPodLog(ref: ObjectRef, container: string, text: string): void;
  /** Who has written an object's fields; without, the client of the caller all of them. */
  setManagedFields(type: ResourceType, ref: ObjectRef, fields: readonly ManagedFields[]): void;
  /** What `createSubresource` or `ask` answers for `pods/binding`, `subjectaccessreviews`; without, the body comes back. */
  answer(resource: string, answer: (ref: ClusterRef, body: object) => unknown): void;
  /** Ends all open watches: in good order, or with an error. */
  endWatches(error?: KubeError): void;
  /** Forgets the history: open watches end with `gone`, and so does each that starts from before now. */
  expire(): void;
  /** Sends a bookmark to all open watches. */
  bookmark(): void;
  /** Watches that are open now. */
  openWatches(): number;
  /** What `serverVersion` answers. */
  gitVersion: string;
  /** Plurals of the kinds that are not served; reads of them still find nothing. */
  readonly unserved: Set<string>;
}

/** Calls that write nothing. */
const QUESTIONS = ['get', 'list', 'watch', 'log', 'ask', 'dry-run'] as const;

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

class MemoryKube implements FakeKube {
  gitVersion = 'v1.36.0';
  readonly unserved = new Set(['nothings']);
  readonly #store: FakeStore;
  readonly #interventions = new Interventions();
  readonly #logs = new Map<string, string>();
  readonly #managedFields = new Map<string, readonly ManagedFields[]>();
  readonly #answers = new Map<string, (ref: ClusterRef, body: object) => unknown>();
  readonly #watches = new Set<FakeWatch<Stored>>();
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

  seed<S extends Stored>(type: ResourceType<S>, object: NewObject<S>): S {
    return copy<S>(this.#store.seed(type, object));
  }

  read<S extends Stored>(type: ResourceType<S>, ref: ClusterRef): S | undefined {
    const found = this.#store.read(type, ref);
    return found === undefined ? undefined : copy<S>(found);
  }

  all<S extends Stored>(type: ResourceType<S>): readonly S[] {
    return this.#store.all(type).map((object) => copy<S>(object));
  }

  vanish(type: ResourceType, ref: ClusterRef): void {
    this.#store.vanish(type, ref);
  }

  failNext(matcher: CallMatcher, error: KubeError | (() => KubeError), times = 1): void {
    const make = typeof error === 'function' ? error : () => error;
    this.#interventions.add({ matcher, error: make, late: false, times });
  }

  loseAnswer(matcher: CallMatcher, error: KubeError): void {
    this.#interventions.add({ matcher, error: () => error, late: true, times: 1 });
  }

  before(matcher: CallMatcher, run: () => unknown): void {
    this.#interventions.add({ matcher, run, late: false, times: 1 });
  }

  setPodLog(ref: ObjectRef, container: string, text: string): void {
    this.#logs.set(`${refName(ref)}/${container}`, text);
  }

  setManagedFields(type: ResourceType, ref: ObjectRef, fields: readonly ManagedFields[]): void {
    this.#managedFields.set(`${type.plural}/${refName(ref)}`, fields);
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
    for (const watch of this.#watches) watch.bookmark(this.#store.revision);
  }

  openWatches(): number {
    return this.#watches.size;
  }

  async get<S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined> {
    return await this.#call({ verb: 'get', type, ref }, signal, () => this.read(type, ref));
  }

  async managedFields(type: ResourceType, ref: ClusterRef, signal: AbortSignal) {
    return await this.#call({ verb: 'get', type, ref }, signal, () => {
      const object = this.#store.read(type, ref);
      if (object === undefined) return undefined;
      const { apiVersion: _, kind: __, metadata: ___, ...content } = object;
      const all: ManagedFields = { manager: 'werfbundle', operation: 'Update', fieldsV1: fieldsOf(content) };
      return this.#managedFields.get(`${type.plural}/${refName(ref)}`) ?? [all];
    });
  }

  async list<S extends Stored, K = S>(type: ResourceType<S>, options: KeptListOptions<S, K>, signal: AbortSignal) {
    const keep = options.keep ?? ((object: S) => object as unknown as K);
    return await this.#call({ verb: 'list', type, ref: anyOf(options) }, signal, () => ({
      items: this.all(type)
        .filter((object) => selects(options, object))
        .map((object) => (options.metadataOnly === true ? bare(object) : object))
        .map(keep),
      resourceVersion: this.#store.revision.toString(),
    }));
  }

  async create<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S> {
    const ref = refOf(object);
    return await this.#call({ verb: 'create', type, ref, body: object }, signal, (action) =>
      copy<S>(this.#store.create(type, object, action)),
    );
  }

  async dryRunCreate<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S> {
    const ref = refOf(object);
    return await this.#call({ verb: 'dry-run', type, ref, body: object }, signal, (action) =>
      copy<S>(this.#store.wouldCreate(type, object, action)),
    );
  }

  async serverVersion(signal: AbortSignal): Promise<ServerVersion> {
    const type = { group: '', version: 'v1', plural: 'version', kind: 'Info', namespaced: false };
    return await this.#call({ verb: 'get', type, ref: { name: '' } }, signal, () => ({ gitVersion: this.gitVersion }));
  }

  async serves(type: Resource, signal: AbortSignal): Promise<boolean> {
    return await this.#call({ verb: 'get', type, ref: { name: '' } }, signal, () => !this.unserved.has(type.plural));
  }

  async replace<S extends Stored>(type: ResourceType<S>, object: S, signal: AbortSignal): Promise<S> {
    return await this.#call({ verb: 'replace', type, ref: refOf(object), body: object }, signal, (action) =>
      copy<S>(this.#store.replace(type, object, action)),
    );
  }

  async mergePatch<S extends Stored>(
    type: ResourceType<S>,
    ref: ClusterRef,
    patch: object,
    options: { readonly subresource?: 'status'; readonly dryRun?: true },
    signal: AbortSignal,
  ): Promise<S> {
    const { subresource, dryRun = false } = options;
    const call = { verb: 'patch' as const, type, ref, body: patch, ...(subresource && { subresource }) };
    const target = { type, ref, door: subresource ?? 'main', dryRun } as const;
    return await this.#call(dryRun ? { ...call, dryRun } : call, signal, (action) =>
      copy<S>(this.#store.patch(target, patch, action)),
    );
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

  async createSubresource<B extends object, A>(
    { of: type, name: subresource }: Subresource<B, A>,
    ref: ClusterRef,
    body: B,
    signal: AbortSignal,
  ): Promise<A> {
    const call = { verb: 'create' as const, type, ref, subresource, body };
    return await this.#call(call, signal, () => this.#answerOf(`${type.plural}/${subresource}`, ref, body) as A);
  }

  async ask<Q, A>(type: ReviewType<Q, A>, spec: Q, signal: AbortSignal): Promise<A | undefined> {
    const ref = { name: '' };
    return await this.#call({ verb: 'ask', type, ref }, signal, () => {
      const { status } = this.#answerOf(type.plural, ref, { spec }) as { readonly status?: A };
      return status;
    });
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

  async *followPodLog(
    ref: ObjectRef,
    options: Parameters<KubeClient['followPodLog']>[1],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const text = await this.podLog(ref, options, signal);
    if (text !== undefined && text !== '') yield Buffer.from(text);
  }

  async head(type: ResourceType, options: ListOptions, signal: AbortSignal): Promise<string> {
    return await this.#call({ verb: 'list', type, ref: anyOf(options) }, signal, () => this.#store.revision.toString());
  }

  async *watch<S extends Stored>(
    type: ResourceType<S>,
    options: ListOptions & { readonly resourceVersion: string; readonly metadataOnly?: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<S>> {
    const action = `watch ${resourceName(type)}`;
    const watch = new FakeWatch<S>(type, options);
    const onAbort = (): void => watch.end(new KubeError('aborted', `${action}: aborted`));
    const call: CallInfo = { verb: 'watch', type, ref: anyOf(options) };
    const unlisten = await this.#call(call, signal, () => {
      for (const revision of this.#store.since(Number(options.resourceVersion), action)) watch.push(revision);
      this.#watches.add(watch);
      return this.#store.listen((revision) => watch.push(revision));
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      yield* watch.events();
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
    const intervention = this.#interventions.take(call);
    const waiting = intervention?.run?.();
    if (waiting instanceof Promise) {
      await waiting;
      if (signal.aborted) throw new KubeError('aborted', `${action}: aborted`, { cause: signal.reason });
    }
    if (intervention?.error !== undefined && !intervention.late) throw intervention.error();
    const result = run(action);
    if (intervention?.error !== undefined) throw intervention.error();
    return result;
  }

  #record({ verb, type, ref, subresource, dryRun, body }: CallInfo): void {
    if (isQuestion(verb) || dryRun === true) return;
    const { name, namespace = '' } = ref;
    const sub = subresource === undefined ? {} : { subresource };
    this.#actions.push({ verb, plural: type.plural, ...sub, namespace, name, body: copy(body) });
  }

  #answerOf(resource: string, ref: ClusterRef, body: object): unknown {
    return copy(this.#answers.get(resource)?.(ref, body) ?? body);
  }
}

const fieldsOf = (value: unknown): object =>
  isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, below]) => [`f:${key}`, fieldsOf(below)])) : {};

const isQuestion = (verb: CallInfo['verb']): verb is (typeof QUESTIONS)[number] =>
  QUESTIONS.some((question) => question === verb);

const anyOf = ({ namespace }: ListOptions): ClusterRef => ({ name: '', namespace: namespace ?? '' });

const refOf = ({ metadata }: KubeObject): ClusterRef => ({
  name: metadata?.name ?? '',
  namespace: metadata?.namespace ?? '',
});

const bare = <S extends Stored>({ apiVersion, kind, metadata }: S): S => ({ apiVersion, kind, metadata }) as S;
