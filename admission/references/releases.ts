import { releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { type Change, createReflector, type Reflector } from '../../kube/reflector.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import type { Place } from './subject.js';

/** A bundle that deploys into a place, or will. */
export interface Holder {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
}

/** Who has which release. */
export interface Releases {
  /**
   * All bundles with this place, as they were a moment ago: two that are created at once may not see each other, and the controller
   * deploys the older one only. Rejects with the signal's reason if they are not known before it is aborted.
   */
  holders(place: Place, signal: AbortSignal): Promise<readonly Holder[]>;
}

interface Held {
  readonly place: Place;
  readonly holder: Holder;
}

/**
 * Releases by a watch on all bundles, of which a few texts are kept: a list for each request would be megabytes where there are
 * thousands of bundles.
 */
export class ReleaseIndex implements Releases {
  readonly #bundles: Reflector<Held>;
  readonly #holders = new Map<string, Map<string, Holder>>();

  constructor(options: {
    readonly client: Pick<KubeClient, 'list' | 'watch'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  }) {
    this.#bundles = createReflector<StoredBundle, Held>({
      ...options,
      type: WERFBUNDLES,
      project: heldBy,
      onChange: (change) => this.#changed(change),
    });
  }

  /** Runs until aborted. */
  start(signal: AbortSignal): Promise<void> {
    return this.#bundles.start(signal);
  }

  async holders(place: Place, signal: AbortSignal): Promise<readonly Holder[]> {
    await this.#bundles.whenSynced(signal);
    return [...(this.#holders.get(keyOf(place))?.values() ?? [])];
  }

  #changed({ ref, before, after }: Change<Held>): void {
    const own = `${ref.namespace}/${ref.name}`;
    if (before !== undefined) {
      const others = this.#holders.get(keyOf(before.place));
      others?.delete(own);
      if (others?.size === 0) this.#holders.delete(keyOf(before.place));
    }
    if (after === undefined) return;
    const holders = this.#holders.get(keyOf(after.place)) ?? new Map<string, Holder>();
    this.#holders.set(keyOf(after.place), holders.set(own, after.holder));
  }
}

const keyOf = ({ namespace, release }: Place): string => `${namespace}/${release}`;

const heldBy = (bundle: StoredBundle): Held => {
  const { namespace, name, uid, creationTimestamp = '' } = bundle.metadata;
  return {
    place: { namespace: targetNamespaceOf(bundle), release: releaseNameOf(bundle) },
    holder: { namespace, name, uid, createdAt: creationTimestamp },
  };
};
