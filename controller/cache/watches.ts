import { targetNamespaceOf } from '../../api/names.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { ChangeFeed } from '../../kube/change-feed.js';
import type { KubeClient, ListOptions, ResourceType } from '../../kube/client.js';
import type { Change } from '../../kube/reflector.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import { RunningSet } from '../../kube/running-set.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import type { Platform } from '../decide/observation.js';
import { namedObjects, ReferenceIndex, type ReferredKind } from './references.js';
import type { Share } from './share.js';

interface WatchesDeps {
  readonly client: Pick<KubeClient, 'head' | 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly platform: Pick<Platform, 'namespace' | 'defaultRegistrySecret'>;
  /** With namespaces: in these and in the targets of their bundles alone; namespaces themselves can't be watched then. */
  readonly share: Share;
  /** Secrets too, for which the controller needs rights that it has not by default. */
  readonly secrets: boolean;
  /** Something that the bundle names has changed. */
  readonly onChange: (bundle: ObjectRef) => void;
}

/** When the values of a bundle were touched last. */
export interface ValuesChanges {
  /** Wall clock; undefined: not since they were looked at. */
  valuesChangedAt(bundle: ObjectRef): number | undefined;
  /** They were looked at as they are since `at`. */
  settle(bundle: ObjectRef, at: number): void;
}

const WATCHED: readonly (readonly [ReferredKind, ResourceType])[] = [
  ['ConfigMap', CONFIGMAPS],
  ['ServiceAccount', SERVICEACCOUNTS],
  ['Namespace', NAMESPACES],
];

/**
 * Wakes a bundle when something changes that it names. Keeps names and no objects: what a change means is read when the bundle is
 * looked at.
 */
export class Watches implements ValuesChanges {
  readonly #deps: WatchesDeps;
  readonly #index = new ReferenceIndex();
  readonly #watched: readonly (readonly [ReferredKind, ResourceType])[];
  readonly #followed = new Set<string>();
  readonly #feeds = new RunningSet();
  readonly #valuesChanges = new Map<string, number>();

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
    this.#watched = deps.secrets ? [...WATCHED, ['Secret', SECRETS]] : WATCHED;
    if (this.#everywhere()) for (const [kind, type] of this.#watched) this.#follow(kind, type, {});
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#feeds.run(signal);
  }

  #everywhere(): boolean {
    return this.#deps.share.namespaces.length === 0;
  }

  #follow(kind: ReferredKind, type: ResourceType, list: ListOptions): void {
    const { client, clock, random, log } = this.#deps;
    const feed = new ChangeFeed({
      client,
      clock,
      random,
      log,
      type,
      list,
      onChange: (ref) => this.#changed(kind, ref),
      onGap: () => this.#missed(kind),
    });
    this.#feeds.add((signal) => feed.start(signal));
  }

  /** What a bundle names is in its own namespace, in its target, or, if the platform gave it, in the operator's. */
  #followAround(bundle: StoredBundle): void {
    if (this.#everywhere()) return;
    const { secrets, platform } = this.#deps;
    const platforms = secrets && platform.defaultRegistrySecret !== undefined ? [platform.namespace] : [];
    for (const namespace of [bundle.metadata.namespace, targetNamespaceOf(bundle), ...platforms]) {
      if (this.#followed.has(namespace)) continue;
      this.#followed.add(namespace);
      for (const [kind, type] of this.#watched) if (type.namespaced) this.#follow(kind, type, { namespace });
    }
  }

  /** A bundle came, changed or went: what it names is known from now on. */
  bundleChanged({ ref, before, after }: Change<StoredBundle>): void {
    if (before !== undefined && after !== undefined && isSameSpec(before.metadata, after.metadata)) return;
    if (after !== undefined) this.#followAround(after);
    this.#index.set(ref, after === undefined ? [] : namedObjects(after, this.#deps.platform));
    if (after === undefined) this.#valuesChanges.delete(objectKey(ref));
  }

  valuesChangedAt(bundle: ObjectRef): number | undefined {
    return this.#valuesChanges.get(objectKey(bundle));
  }

  settle(bundle: ObjectRef, at: number): void {
    if (this.#valuesChanges.get(objectKey(bundle)) === at) this.#valuesChanges.delete(objectKey(bundle));
  }

  #changed(kind: ReferredKind, ref: ObjectRef): void {
    const { clock, onChange } = this.#deps;
    for (const { bundle, values } of this.#index.namedBy(kind, ref)) {
      if (values) this.#valuesChanges.set(objectKey(bundle), clock.now());
      onChange(bundle);
    }
  }

  /** Who waits for something looks again; what else has changed is found by the next scan. */
  #missed(kind: ReferredKind): void {
    for (const bundle of this.#index.naming(kind)) this.#deps.onChange(bundle);
  }
}

/** A generation counts for one bundle alone: what has its name next begins anew. */
const isSameSpec = (before: StoredBundle['metadata'], after: StoredBundle['metadata']): boolean =>
  before.uid === after.uid && before.generation === after.generation;
