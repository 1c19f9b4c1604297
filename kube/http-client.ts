import type { KubeObject, ObjectRef } from '../api/objects.js';
import {
  type ClusterRef,
  type KubeClient,
  KubeError,
  type ListOptions,
  type ResourceType,
  type WatchEvent,
} from './client.js';
import type { Connection } from './connect.js';
import { apiVersionOf, collectionPath, objectPath, refName } from './resource-path.js';
import { PODS } from './resources.js';
import { actionOf, type Call, Transport, type TransportOptions } from './transport.js';
import { linesOf, parseWatchLine, withoutManagedFields } from './watch-stream.js';

/** Half of client-go's: a page of bundles has 4 MB at the most, which are parsed in 20 ms or so. Nothing else is done meanwhile. */
const PAGE_SIZE = 250;
/** The server ends a watch after a time in this range, seconds: spreads the reconnects of many processes. */
const WATCH_SECONDS = { from: 300, to: 600 };
/** The server had its time and did not end the watch: the connection is dead. */
const WATCH_GRACE_MS = 15_000;

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

  async get<T extends KubeObject>(type: ResourceType, ref: ClusterRef, signal: AbortSignal): Promise<T | undefined> {
    const call: Call = { verb: 'get', type, path: objectPath(type, ref), target: refName(ref) };
    return absentAsUndefined(async () => withoutManagedFields(await this.#transport.json<T>(call, signal)));
  }

  async list<T extends KubeObject, K = T>(
    type: ResourceType,
    options: ListOptions & { readonly keep?: (object: T) => K },
    signal: AbortSignal,
  ) {
    try {
      return await this.#pages<T, K>({ type, options, limit: PAGE_SIZE }, signal);
    } catch (error) {
      // The list grew old between two pages. The whole of it in one answer cannot.
      if (!(error instanceof KubeError && error.code === 'gone')) throw error;
      return await this.#pages<T, K>({ type, options, limit: undefined }, signal);
    }
  }

  async #pages<T extends KubeObject, K>(
    from: {
      readonly type: ResourceType;
      readonly options: ListOptions & { readonly keep?: (object: T) => K };
      readonly limit: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly K[]; readonly resourceVersion: string }> {
    const { type, options, limit } = from;
    const kinds = { apiVersion: apiVersionOf(type), kind: type.kind };
    // Without `keep`, K is T.
    const keep = options.keep ?? ((object: T) => object as unknown as K);
    const items: K[] = [];
    let next: string | undefined;
    for (;;) {
      const query = { ...selectors(options), limit: limit?.toString(), continue: next };
      const call: Call = { verb: 'list', type, ...collectionOf(type, options), query };
      const page = await this.#transport.json<List<T>>(call, signal);
      // Items of a list carry neither kind nor apiVersion; a get does.
      for (const item of page.items ?? []) items.push(keep(Object.assign(withoutManagedFields(item), kinds)));
      next = page.metadata.continue;
      if (next === undefined || next === '') return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
    }
  }

  async create<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    const { namespace, name, generateName } = object.metadata ?? {};
    const target = refName({ name: name ?? `${generateName ?? ''}*`, namespace: namespace ?? '' });
    const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    const call: Call = { verb: 'create', type, path: collectionPath(type, namespace), target, body };
    return withoutManagedFields(await this.#transport.json<T>(call, signal));
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T> {
    const ref = { name: object.metadata.name ?? '', namespace: object.metadata.namespace ?? '' };
    const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    const path = objectPath(type, type.namespaced ? ref : { name: ref.name });
    return withoutManagedFields(
      await this.#transport.json<T>({ verb: 'update', type, path, target: refName(ref), body }, signal),
    );
  }

  async mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ClusterRef,
    patch: object,
    options: { readonly subresource?: 'status' },
    signal: AbortSignal,
  ): Promise<T> {
    const { subresource } = options;
    const path = objectPath(type, ref, subresource);
    const call: Call = { verb: 'patch', type, path, target: refName(ref), body: patch };
    return withoutManagedFields(
      await this.#transport.json<T>(subresource === undefined ? call : { ...call, subresource }, signal),
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

  async createSubresource<T>(
    type: ResourceType,
    ref: ClusterRef,
    subresource: string,
    body: object,
    signal: AbortSignal,
  ): Promise<T> {
    const path = subresource === '' ? collectionPath(type, ref.namespace) : objectPath(type, ref, subresource);
    return await this.#transport.json<T>(
      { verb: 'create', type, path, target: refName(ref), subresource, body },
      signal,
    );
  }

  async podLog(
    ref: ObjectRef,
    options: Parameters<KubeClient['podLog']>[1],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const query = {
      container: options.container,
      tailLines: options.tailLines?.toString(),
      limitBytes: options.limitBytes?.toString(),
    };
    const path = objectPath(PODS, ref, 'log');
    try {
      const call: Call = { verb: 'get', type: PODS, path, target: refName(ref), subresource: 'log', query };
      return await absentAsUndefined(() => this.#transport.text(call, signal));
    } catch (error) {
      // A container that has not started has no log: 400 "is waiting to start".
      if (error instanceof KubeError && error.status === 400) return '';
      throw error;
    }
  }

  async head(type: ResourceType, options: ListOptions, signal: AbortSignal): Promise<string> {
    const query = { ...selectors(options), limit: '1' };
    const call: Call = { verb: 'list', type, ...collectionOf(type, options), query, accept: metadataOf('List') };
    const { metadata } = await this.#transport.json<List<KubeObject>>(call, signal);
    return metadata.resourceVersion ?? '';
  }

  async *watch<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions & { readonly resourceVersion: string; readonly metadataOnly?: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
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
      const event = parseWatchLine<T>(line, action);
      if (event !== undefined) yield event;
    }
  }
}

interface List<T> {
  readonly items?: readonly T[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

const collectionOf = (type: ResourceType, { namespace }: ListOptions) => ({
  path: collectionPath(type, namespace),
  target: namespace === undefined ? '' : `in ${namespace}`,
});

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
