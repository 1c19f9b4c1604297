import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../../api/json-map.js';
import type { KubeObject, ObjectMeta, Stored } from '../../api/objects.js';
import { type ClusterRef, KubeError, type ResourceType } from '../../kube/client.js';
import { apiVersionOf } from '../../kube/resource-path.js';

/** An object as the store has it, of whatever kind. */
type AnyStored = Stored & { readonly spec?: unknown; readonly status?: unknown };

/** One write, for watches: `before` and `after` it. */
export interface Revision {
  readonly plural: string;
  readonly number: number;
  readonly before: AnyStored | undefined;
  /** `undefined`: deleted. */
  readonly after: AnyStored | undefined;
}

/** What of an object a write through this door may change. */
type Door = 'main' | 'status';

interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** Kinds whose status has a door of its own here; what others may write into it, they write with the rest. */
const WITH_STATUS = new Set(['werfbundles', 'jobs', 'pods', 'namespaces', 'nodes']);
/** Kinds that count the changes of their spec. */
const WITH_GENERATION = new Set(['werfbundles', 'jobs', 'leases']);
/** Custom resources can't be replaced without saying which version is meant. */
const NEEDS_VERSION = new Set(['werfbundles']);
const FIRST_REVISION = 1000;

/** etcd and the apiserver's registry in one: versions, generations, preconditions, finalizers, and a history for watches. */
export class FakeStore {
  readonly #objects = new Map<string, AnyStored>();
  readonly #listeners = new Set<(revision: Revision) => void>();
  readonly #now: () => number;
  #history: Revision[] = [];
  #revision = FIRST_REVISION;
  #compacted = FIRST_REVISION;
  #uids = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get revision(): number {
    return this.#revision;
  }

  read(type: ResourceType, ref: ClusterRef): AnyStored | undefined {
    return this.#objects.get(keyOf(type, ref));
  }

  /** Sorted by namespace and name, as the apiserver does. */
  all(type: ResourceType): readonly AnyStored[] {
    const prefix = `${type.plural}/`;
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).toSorted();
    return keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Puts an object in as it is, status included; fills in what the apiserver sets if it is left out. */
  seed(type: ResourceType, object: KubeObject): AnyStored {
    const old = this.read(type, refOf(object));
    return this.#write(type, old, this.#born(type, object, { ...old?.metadata, ...object.metadata }));
  }

  create(type: ResourceType, object: KubeObject, action: string): AnyStored {
    return this.#write(type, undefined, this.wouldCreate(type, object, action));
  }

  /** The object as it would be created; nothing is stored. */
  wouldCreate(type: ResourceType, object: KubeObject, action: string): AnyStored {
    const { name, generateName = '' } = object.metadata;
    const metadata = { ...object.metadata, name: name ?? `${generateName}${this.#suffix()}` };
    if (this.read(type, { ...metadata, namespace: metadata.namespace ?? '' }) !== undefined) {
      throw new KubeError('already-exists', `${action}: already exists`, { status: 409 });
    }
    const { uid: _, deletionTimestamp: __, creationTimestamp: ___, ...chosen } = metadata;
    const { status: ____, ...rest } = object as AnyStored;
    const body = WITH_STATUS.has(type.plural) ? rest : object;
    const first = type.plural === 'werfbundles' ? { status: { observedGeneration: -1 } } : {};
    return { ...this.#born(type, body, chosen), ...first };
  }

  replace(type: ResourceType, object: KubeObject, action: string): AnyStored {
    const old = this.#existing(type, refOf(object), action);
    const { resourceVersion, uid } = object.metadata;
    if (resourceVersion === undefined && NEEDS_VERSION.has(type.plural)) {
      const field = 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update';
      throw new KubeError('invalid', `${action}: invalid: ${field}`, { status: 422 });
    }
    check(old, { resourceVersion, uid }, action);
    return this.#update(type, old, object as AnyStored, 'main');
  }

  patch(
    target: { readonly type: ResourceType; readonly ref: ClusterRef; readonly door: Door; readonly dryRun?: boolean },
    patch: object,
    action: string,
  ): AnyStored {
    const old = this.#existing(target.type, target.ref, action);
    const { metadata = {} } = patch as { readonly metadata?: Preconditions };
    check(old, metadata, action);
    const wanted = merge(old, patch) as AnyStored;
    return target.dryRun === true ? wanted : this.#update(target.type, old, wanted, target.door);
  }

  remove(type: ResourceType, ref: ClusterRef, options: Preconditions & { readonly action: string }): boolean {
    const old = this.read(type, ref);
    if (old === undefined) return false;
    check(old, options, options.action);
    if ((old.metadata.finalizers ?? []).length === 0) {
      this.#erase(type, old);
    } else if (old.metadata.deletionTimestamp === undefined) {
      this.#write(type, old, { ...old, metadata: { ...old.metadata, deletionTimestamp: this.#timestamp() } });
    }
    return true;
  }

  /** Takes an object away, finalizers or not. */
  vanish(type: ResourceType, ref: ClusterRef): void {
    const old = this.read(type, ref);
    if (old !== undefined) this.#erase(type, old);
  }

  /** Revisions after a number. @throws KubeError `gone` if they are no longer known */
  since(revision: number, action: string): readonly Revision[] {
    if (revision < this.#compacted) throw new KubeError('gone', `${action}: gone`, { status: 410 });
    return this.#history.filter(({ number }) => number > revision);
  }

  /** Forgets the history: watches from before now are `gone`. */
  compact(): void {
    this.#revision += 1;
    this.#compacted = this.#revision;
    this.#history = [];
  }

  /** @returns a function that ends it */
  listen(listener: (revision: Revision) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #existing(type: ResourceType, ref: ClusterRef, action: string): AnyStored {
    const old = this.read(type, ref);
    if (old === undefined) throw new KubeError('not-found', `${action}: not found`, { status: 404 });
    return old;
  }

  #born(type: ResourceType, object: KubeObject, metadata: ObjectMeta): AnyStored {
    this.#uids += 1;
    return {
      ...object,
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: {
        uid: `00000000-0000-4000-8000-${this.#uids.toString().padStart(12, '0')}`,
        creationTimestamp: this.#timestamp(),
        ...(WITH_GENERATION.has(type.plural) && { generation: 1 }),
        ...metadata,
        name: metadata.name ?? '',
        resourceVersion: '',
      },
    };
  }

  #update(type: ResourceType, old: AnyStored, wanted: AnyStored, door: Door): AnyStored {
    const next = door === 'status' ? withStatus(old, wanted.status) : ownDoor(type, old, wanted);
    const { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion } = old.metadata;
    const fixed = defined({ uid, creationTimestamp, deletionTimestamp, generation, resourceVersion });
    const kept = { ...next, metadata: { ...next.metadata, ...fixed } } as AnyStored;
    if (isDeepStrictEqual(kept, old)) return old;
    const counts = WITH_GENERATION.has(type.plural) && !isDeepStrictEqual(content(kept), content(old));
    const counted = counts ? { ...kept.metadata, generation: (generation ?? 1) + 1 } : kept.metadata;
    const written = this.#write(type, old, { ...kept, metadata: counted });
    const over = deletionTimestamp !== undefined && (written.metadata.finalizers ?? []).length === 0;
    if (over) this.#erase(type, written);
    return written;
  }

  #write(type: ResourceType, before: AnyStored | undefined, object: AnyStored): AnyStored {
    this.#revision += 1;
    const metadata = { ...object.metadata, resourceVersion: this.#revision.toString() };
    // Through JSON, as on the wire: what is undefined is not there, and nobody shares a reference with the store.
    const after = deepFreeze(JSON.parse(JSON.stringify({ ...object, metadata })) as AnyStored);
    this.#objects.set(keyOf(type, refOf(after)), after);
    this.#publish({ plural: type.plural, number: this.#revision, before, after });
    return after;
  }

  #erase(type: ResourceType, before: AnyStored): void {
    this.#revision += 1;
    this.#objects.delete(keyOf(type, refOf(before)));
    this.#publish({ plural: type.plural, number: this.#revision, before, after: undefined });
  }

  #publish(revision: Revision): void {
    this.#history.push(revision);
    for (const listener of this.#listeners) listener(revision);
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  #suffix(): string {
    return (this.#revision + 1).toString(36).padStart(5, 'x');
  }
}

/** RFC 7386. */
const merge = (target: unknown, patch: unknown): unknown => {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = merge(result[key], value);
  }
  return result;
};

const check = (old: AnyStored, { uid, resourceVersion }: Preconditions, action: string): void => {
  const stale = resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion;
  if (!stale && (uid === undefined || uid === old.metadata.uid)) return;
  throw new KubeError('conflict', `${action}: conflict`, { status: 409 });
};

const withStatus = (old: AnyStored, status: unknown): AnyStored => defined({ ...old, status }) as AnyStored;

const ownDoor = (type: ResourceType, old: AnyStored, wanted: AnyStored): AnyStored =>
  WITH_STATUS.has(type.plural) ? withStatus(wanted, old.status) : wanted;

/** All but metadata and status: a change of it is a new generation. */
const content = ({ metadata: _, status: __, ...rest }: AnyStored): object => rest;

const defined = (map: object): object =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));

const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
};

const refOf = ({ metadata }: KubeObject): ClusterRef => ({
  name: metadata.name ?? '',
  namespace: metadata.namespace ?? '',
});

const keyOf = (type: ResourceType, { namespace, name }: ClusterRef): string =>
  `${type.plural}/${type.namespaced ? (namespace ?? '') : ''}/${name}`;

/** A value of its own, as if it had come over the wire. */
export const copy = <T>(value: unknown): T => (value === undefined ? value : JSON.parse(JSON.stringify(value))) as T;
