import type { ObjectRef } from '../api/objects.js';
import type { StoredBundle } from '../api/werfbundle.js';
import { ChangeFeed } from '../kube/change-feed.js';
import type { KubeClient, ResourceType } from '../kube/client.js';
import type { Clock, Log, Random } from '../kube/ports.js';
import type { Change } from '../kube/reflector.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../kube/resources.js';
import type { Platform } from './observation.js';
import { ReferenceIndex, type ReferredKind, referencesOf } from './references.js';

export interface WatchesOptions {
  readonly client: Pick<KubeClient, 'head' | 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly platform: Pick<Platform, 'namespace' | 'defaultRegistrySecret'>;
  /** Secrets too, for which the controller needs rights that it has not by default. */
  readonly secrets: boolean;
  /** Something that the bundle names has changed. */
  readonly onChange: (bundle: ObjectRef) => void;
}

/** When the values of a bundle were touched last. */
export interface Touches {
  /** Wall clock; undefined: not since they were looked at. */
  touchedAt(bundle: ObjectRef): number | undefined;
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
export class Watches implements Touches {
  readonly #options: WatchesOptions;
  readonly #index = new ReferenceIndex();
  readonly #feeds: readonly ChangeFeed[];
  readonly #touches = new Map<string, number>();

  constructor(options: WatchesOptions) {
    this.#options = options;
    const { client, clock, random, log, secrets } = options;
    const watched = secrets ? [...WATCHED, ['Secret', SECRETS] as const] : WATCHED;
    this.#feeds = watched.map(
      ([kind, type]) =>
        new ChangeFeed({
          ...{ client, clock, random, log, type },
          onChange: (ref) => this.#changed(kind, ref),
          onGap: () => this.#missed(kind),
        }),
    );
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.start(signal)));
  }

  /** A bundle came, changed or went: what it names is known from now on. */
  bundleChanged({ ref, before, after }: Change<StoredBundle>): void {
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return;
    this.#index.set(ref, after === undefined ? [] : referencesOf(after, this.#options.platform));
    if (after === undefined) this.#touches.delete(keyOf(ref));
  }

  touchedAt(bundle: ObjectRef): number | undefined {
    return this.#touches.get(keyOf(bundle));
  }

  settle(bundle: ObjectRef, at: number): void {
    if (this.#touches.get(keyOf(bundle)) === at) this.#touches.delete(keyOf(bundle));
  }

  #changed(kind: ReferredKind, ref: ObjectRef): void {
    const { clock, onChange } = this.#options;
    for (const { bundle, values } of this.#index.namedBy(kind, ref)) {
      if (values) this.#touches.set(keyOf(bundle), clock.now());
      onChange(bundle);
    }
  }

  /** Who waits for something looks again; what else has changed is found by the next scan. */
  #missed(kind: ReferredKind): void {
    for (const bundle of this.#index.naming(kind)) this.#options.onChange(bundle);
  }
}

const keyOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;
