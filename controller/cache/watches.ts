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
  /** With namespaces: watches only these and the targets of their bundles; Namespace objects can't be watched then. */
  readonly share: Share;
  /** Whether to watch Secrets, too, for which the controller needs rights that it does not have by default. */
  readonly secrets: boolean;
  /** An object that the bundle names has changed. */
  readonly onChange: (bundle: ObjectRef) => void;
}

/** When a source of a bundle's values changed last. */
export interface ValuesChanges {
  /** Wall clock; undefined: not since the values were read. */
  valuesChangedAt(bundle: ObjectRef): number | undefined;
  /** The values were read as they are since the change at `at`. */
  settle(bundle: ObjectRef, at: number): void;
}

const WATCHED: readonly (readonly [ReferredKind, ResourceType])[] = [
  ['ConfigMap', CONFIGMAPS],
  ['ServiceAccount', SERVICEACCOUNTS],
  ['Namespace', NAMESPACES],
];

/**
 * Wakes a bundle when an object changes that it names. Keeps names and no objects: what a change means is read when the bundle is
 * reconciled.
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

  /** Watches the namespaces of what a bundle names: its own, its target, and the operator's for the platform's default Secret. */
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

  /** Called when a bundle was created, changed or deleted: updates what it names. */
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

  /** Wakes the bundles that name the kind, since a change was missed; a missed change of values is found after the next scan. */
  #missed(kind: ReferredKind): void {
    for (const bundle of this.#index.naming(kind)) this.#deps.onChange(bundle);
  }
}

/** Generations are compared for one uid only: a later bundle of the same name begins anew. */
const isSameSpec = (before: StoredBundle['metadata'], after: StoredBundle['metadata']): boolean =>
  before.uid === after.uid && before.generation === after.generation;
