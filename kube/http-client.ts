import { type NewObject, type ObjectRef, refOf, type Stored } from '../api/objects.js';
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
} from './client.js';
import type { Connection } from './connect.js';
import { isServed, readServerVersion } from './discovery.js';
import { apiVersionOf, collectionPath, objectPath, refName } from './resource-path.js';
import { PODS } from './resources.js';
import { streamedList } from './streamed-list.js';
import { actionOf, type Call, Transport, type TransportOptions } from './transport.js';
import { linesOf, parseWatchLine, withoutManagedFields } from './watch-stream.js';

/** Half of client-go's: a page of bundles has 4 MB at the most, whose parsing blocks the event loop for 20 ms or so. */
const PAGE_SIZE = 250;
/** The server ends a watch after a time in this range, seconds: spreads the reconnects of many processes. */
const WATCH_SECONDS = { from: 300, to: 600 };
/** If the server has not ended the watch this long after its time, the connection is dead. */
const WATCH_GRACE_MS = 15_000;
/** Nobody follows a log for longer: a deploy has a day at the most. */
const LONGEST_LOG_MS = 24 * 3_600_000;

/**
 * A {@link KubeClient} over HTTP/1.1 with one pool of kept connections.
 * `close` ends the connections; calls that are still running fail.
 */
export const createKubeClient = (
  connection: Connection,
  options: TransportOptions = {},
): KubeClient & { close(): Promise<void> } => new HttpKubeClient(new Transport(connection, options));

class HttpKubeClient implements KubeClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async get<S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined> {
    const call: Call = { verb: 'get', type, path: objectPath(type, ref), target: refName(ref) };
    return absentAsUndefined(async () => withoutManagedFields(await this.#transport.json<S>(call, signal)));
  }

  async managedFields(
    type: ResourceType,
    ref: ClusterRef,
    signal: AbortSignal,
  ): Promise<readonly ManagedFields[] | undefined> {
    const accept = metadataOf('');
    const call: Call = { verb: 'get', type, path: objectPath(type, ref), target: refName(ref), accept };
    const found = await absentAsUndefined(() => this.#transport.json<WithManagedFields>(call, signal));
    return found && (found.metadata.managedFields ?? []);
  }

  async list<S extends Stored, K = S>(type: ResourceType<S>, options: KeptListOptions<S, K>, signal: AbortSignal) {
    const { keep, streamed } = options;
    if (keep !== undefined && streamed === true) {
      const listed = await streamedList(this.#transport, { type, options, keep }, signal);
      if (listed !== undefined) return listed;
    }
    try {
      return await this.#pages<S, K>({ type, options, limit: PAGE_SIZE }, signal);
    } catch (error) {
      // The list expired between two pages. In one answer it can't.
      if (!(error instanceof KubeError && error.code === 'gone')) throw error;
      return await this.#pages<S, K>({ type, options, limit: undefined }, signal);
    }
  }

  async #pages<S extends Stored, K>(
    from: {
      readonly type: ResourceType<S>;
      readonly options: KeptListOptions<S, K>;
      readonly limit: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly K[]; readonly resourceVersion: string }> {
    const { type, options, limit } = from;
    const kinds = { apiVersion: apiVersionOf(type), kind: type.kind };
    // Without `keep`, K is S.
    const keep = options.keep ?? ((object: S) => object as unknown as K);
    const items: K[] = [];
    let next: string | undefined;
    for (;;) {
      const query = { ...selectors(options), limit: limit?.toString(), continue: next };
      const form = options.metadataOnly === true ? { accept: metadataOf('List') } : {};
      const call: Call = { verb: 'list', type, ...collectionOf(type, options), query, ...form };
      const page = await this.#transport.json<List<S>>(call, signal);
      // Items of a list carry neither kind nor apiVersion; a get does.
      for (const item of page.items ?? []) items.push(keep(Object.assign(withoutManagedFields(item), kinds)));
      next = page.metadata.continue;
      if (next === undefined || next === '') return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  async create<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S> {
    return withoutManagedFields(await this.#transport.json<S>(creationOf(type, object), signal));
  }

  async dryRunCreate<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S> {
    const call: Call = { ...creationOf(type, object), query: { dryRun: 'All' } };
    return withoutManagedFields(await this.#transport.json<S>(call, signal));
  }

  async serverVersion(signal: AbortSignal): Promise<ServerVersion> {
    return await readServerVersion(this.#transport, signal);
  }

  async serves(type: Resource, signal: AbortSignal): Promise<boolean> {
    return await isServed(this.#transport, type, signal);
  }

  async replace<S extends Stored>(type: ResourceType<S>, object: S, signal: AbortSignal): Promise<S> {
    const ref = refOf(object);
    const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    const path = objectPath(type, type.namespaced ? ref : { name: ref.name });
    return withoutManagedFields(
      await this.#transport.json<S>({ verb: 'update', type, path, target: refName(ref), body }, signal),
    );
  }

  async mergePatch<S extends Stored>(
    type: ResourceType<S>,
    ref: ClusterRef,
    patch: object,
    options: { readonly subresource?: 'status'; readonly dryRun?: true },
    signal: AbortSignal,
  ): Promise<S> {
    const { subresource, dryRun } = options;
    const path = objectPath(type, ref, subresource);
    const query = { dryRun: dryRun === true ? 'All' : undefined };
    const call: Call = { verb: 'patch', type, path, target: refName(ref), body: patch, query };
    return withoutManagedFields(
      await this.#transport.json<S>(subresource === undefined ? call : { ...call, subresource }, signal),
    );
  }

  async delete(
    type: ResourceType,
    ref: ClusterRef,
    options: Parameters<KubeClient['delete']>[2],
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    const { uid, resourceVersion, gracePeriodSeconds, propagation = 'Background' } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      gracePeriodSeconds,
      preconditions: { uid, resourceVersion },
    };
    const call: Call = { verb: 'delete', type, path: objectPath(type, ref), target: refName(ref), body };
    const answer = await absentAsUndefined(() => this.#transport.text(call, signal));
    return answer === undefined ? 'absent' : 'deleted';
  }

  async createSubresource<B extends object, A>(
    { of: type, name, apiVersion, kind }: Subresource<B, A>,
    ref: ClusterRef,
    body: B,
    signal: AbortSignal,
  ): Promise<A> {
    const call: Call = {
      verb: 'create',
      type,
      path: objectPath(type, ref, name),
      target: refName(ref),
      subresource: name,
    };
    return await this.#transport.json<A>({ ...call, body: { ...body, apiVersion, kind } }, signal);
  }

  async ask<Q, A>(type: ReviewType<Q, A>, spec: Q, signal: AbortSignal): Promise<A | undefined> {
    const body = { apiVersion: apiVersionOf(type), kind: type.kind, spec };
    const call: Call = { verb: 'create', type, path: collectionPath(type), target: '', body };
    const { status } = await this.#transport.json<{ readonly status?: A }>(call, signal);
    return status;
  }

  async podLog(
    ref: ObjectRef,
    options: Parameters<KubeClient['podLog']>[1],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { container, tailLines, limitBytes } = options;
    const call = logCall(ref, { container, tailLines: tailLines?.toString(), limitBytes: limitBytes?.toString() });
    try {
      return await absentAsUndefined(() => this.#transport.text(call, signal));
    } catch (error) {
      if (hasNotStarted(error)) return '';
      throw error;
    }
  }

  async *followPodLog(
    ref: ObjectRef,
    { container, tailLines }: Parameters<KubeClient['followPodLog']>[1],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const call = logCall(ref, { container, tailLines: tailLines?.toString(), follow: 'true' });
    try {
      yield* this.#transport.stream(call, LONGEST_LOG_MS, signal);
    } catch (error) {
      const isGone = error instanceof KubeError && error.code === 'not-found';
      if (!isGone && !hasNotStarted(error)) throw error;
    }
  }

  async head(type: ResourceType, options: ListOptions, signal: AbortSignal): Promise<string> {
    const query = { ...selectors(options), limit: '1' };
    const call: Call = { verb: 'list', type, ...collectionOf(type, options), query, accept: metadataOf('List') };
    const { metadata } = await this.#transport.json<List<Stored>>(call, signal);
    return metadata.resourceVersion;
  }

  async *watch<S extends Stored>(
    type: ResourceType<S>,
    options: ListOptions & { readonly resourceVersion: string; readonly metadataOnly?: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<S>> {
    const { from, to } = WATCH_SECONDS;
    const seconds = from + Math.floor(Math.random() * (to - from + 1));
    const query = {
      ...selectors(options),
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: seconds.toString(),
    };
    const form = options.metadataOnly === true ? { accept: metadataOf('') } : {};
    const call: Call = { verb: 'watch', type, ...collectionOf(type, options), query, ...form };
    const bytes = this.#transport.stream(call, seconds * 1000 + WATCH_GRACE_MS, signal);
    const action = actionOf(call);
    for await (const line of linesOf(bytes)) {
      const event = parseWatchLine<S>(line, action);
      if (event !== undefined) yield event;
    }
  }
}

/** No kind of objects, but it is counted and named as one. */
const creationOf = <S extends Stored>(type: ResourceType<S>, object: NewObject<S>): Call => {
  const { namespace, name, generateName } = object.metadata ?? {};
  const target = refName({ name: name ?? `${generateName ?? ''}*`, namespace: namespace ?? '' });
  const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
  return { verb: 'create', type, path: collectionPath(type, namespace), target, body };
};

interface WithManagedFields {
  readonly metadata: { readonly managedFields?: readonly ManagedFields[] };
}

interface List<T> {
  readonly items?: readonly T[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

const collectionOf = (type: ResourceType, { namespace }: ListOptions) => ({
  path: collectionPath(type, namespace),
  target: namespace === undefined ? '' : `in ${namespace}`,
});

const logCall = (ref: ObjectRef, query: NonNullable<Call['query']>): Call => ({
  verb: 'get',
  type: PODS,
  path: objectPath(PODS, ref, 'log'),
  target: refName(ref),
  subresource: 'log',
  query,
});

/** A container that has not started has no log: 400 "is waiting to start". */
const hasNotStarted = (error: unknown): boolean => error instanceof KubeError && error.status === 400;

const metadataOf = (list: 'List' | ''): string => `application/json;as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1`;

const selectors = ({ labelSelector, fieldSelector }: ListOptions) => ({ labelSelector, fieldSelector });

const absentAsUndefined = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof KubeError && error.code === 'not-found') return undefined;
    throw error;
  }
};
