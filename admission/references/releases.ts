import {
  holderOf,
  keyOfRelease,
  type Release,
  type ReleaseHolder,
  releaseKeyOf,
} from '../../api/references/release.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { type Change, createReflector, type Reflector } from '../../kube/reflector.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Log, Random } from '../../process/ports.js';

/** Which bundles claim which release. */
export interface Releases {
  /**
   * All bundles with this release, as they were a moment ago: two that are created at once may not see each other, and the controller
   * deploys the older one only. Rejects with the signal's reason if they are not known before it is aborted.
   */
  holders(release: Release, signal: AbortSignal): Promise<readonly ReleaseHolder[]>;
}

interface Held {
  /** undefined: malformed; such a bundle has no release. */
  readonly release: string | undefined;
  readonly holder: ReleaseHolder;
}

/**
 * Releases by a watch on all bundles, of which a few texts are kept: a list for each request would be megabytes where there are
 * thousands of bundles.
 */
export class ReleaseIndex implements Releases {
  readonly #bundles: Reflector<Held>;
  readonly #holders = new Map<string, Map<string, ReleaseHolder>>();

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

  async holders(release: Release, signal: AbortSignal): Promise<readonly ReleaseHolder[]> {
    await this.#bundles.whenSynced(signal);
    return [...(this.#holders.get(keyOfRelease(release))?.values() ?? [])];
  }

  #changed({ ref, before, after }: Change<Held>): void {
    const own = `${ref.namespace}/${ref.name}`;
    if (before?.release !== undefined) {
      const others = this.#holders.get(before.release);
      others?.delete(own);
      if (others?.size === 0) this.#holders.delete(before.release);
    }
    if (after?.release === undefined) return;
    const holders = this.#holders.get(after.release) ?? new Map<string, ReleaseHolder>();
    this.#holders.set(after.release, holders.set(own, after.holder));
  }
}

const heldBy = (bundle: StoredBundle): Held => ({ release: releaseKeyOf(bundle), holder: holderOf(bundle) });
