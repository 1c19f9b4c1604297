import { changeKey, type ObjectName } from '../../api/impact/world.js';
import type { ObjectRef } from '../../api/objects.js';
import {
  holderOf,
  keyOfRelease,
  type Release,
  type ReleaseHolder,
  releaseKeyOf,
} from '../../api/references/release.js';
import { ReleaseHolders } from '../../api/release-holders.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { type Change, createReflector, type Reflector } from '../../kube/reflector.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import { deployedChartOf } from '../chart/deployed-chart.js';
import type { Releases } from './releases.js';
import { type NamedUse, type Use, type Uses, usesOf } from './uses.js';

/** What is kept of a bundle: a few texts. */
interface Kept {
  /** Its spec is the same as long as this is; undefined: nobody knows. */
  readonly generation: number | undefined;
  readonly isGoing: boolean;
  /** Of the chart that its values will meet, by its status. */
  readonly digest: string | undefined;
  /** undefined: malformed; such a bundle has no release. */
  readonly release: string | undefined;
  readonly holder: ReleaseHolder;
  readonly uses: readonly NamedUse[];
}

/**
 * All bundles by their releases, and by what they name, from one watch: a list for each request would be megabytes where there are thousands
 * of bundles. What changes a status only, which is most of what is heard, costs next to nothing, unless it names another chart.
 */
export class BundleIndex implements Releases, Uses {
  readonly #bundles: Reflector<Kept>;
  readonly #holders = new ReleaseHolders();
  readonly #uses = new Map<string, Use[]>();

  /** @param options.keepUses - whether it will be asked for {@link of}; otherwise nothing is kept for that */
  constructor({
    keepUses,
    ...options
  }: {
    readonly client: Pick<KubeClient, 'list' | 'watch'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly keepUses: boolean;
  }) {
    this.#bundles = createReflector<StoredBundle, Kept>({
      ...options,
      type: WERFBUNDLES,
      project: (bundle, before) => keptOf(bundle, { before: before(), keepUses }),
      onChange: (change) => this.#changed(change),
    });
  }

  /** Runs until aborted. */
  start(signal: AbortSignal): Promise<void> {
    return this.#bundles.start(signal);
  }

  async holders(release: Release, signal: AbortSignal): Promise<readonly ReleaseHolder[]> {
    await this.#bundles.whenSynced(signal);
    return this.#holders.of(keyOfRelease(release));
  }

  async of(object: Pick<ObjectName, 'kind' | 'ref'>, signal: AbortSignal): Promise<readonly Use[]> {
    await this.#bundles.whenSynced(signal);
    return [...(this.#uses.get(changeKey(object)) ?? [])];
  }

  /** The other bundles with a bundle's release. */
  rivalsOf(ref: ObjectRef): readonly ObjectRef[] {
    const release = this.#bundles.get(ref)?.release;
    return release === undefined ? [] : this.#holders.others(release, ref);
  }

  #changed({ ref, before, after }: Change<Kept>): void {
    if (before === after) return;
    if (before?.release !== undefined) this.#holders.leave(before.release, ref);
    if (after?.release !== undefined) this.#holders.enter(after.release, after.holder);
    for (const { name, use } of before?.uses ?? []) this.#forget(name, use);
    for (const { name, use } of after?.uses ?? []) {
      const all = this.#uses.get(name);
      if (all === undefined) this.#uses.set(name, [use]);
      else all.push(use);
    }
  }

  #forget(name: string, use: Use): void {
    const all = this.#uses.get(name);
    const at = all?.indexOf(use) ?? -1;
    if (all === undefined || at < 0) return;
    if (all.length === 1) this.#uses.delete(name);
    else all.splice(at, 1);
  }
}

const keptOf = (
  bundle: StoredBundle,
  { before, keepUses }: { readonly before: Kept | undefined; readonly keepUses: boolean },
): Kept => {
  const { uid, generation, deletionTimestamp } = bundle.metadata as Partial<StoredBundle['metadata']>;
  const isGoing = deletionTimestamp !== undefined;
  const digest = keepUses ? deployedChartOf(bundle)?.digest : undefined;
  const isSameSpec = before?.holder.uid === uid && before?.generation === generation && before?.isGoing === isGoing;
  if (before !== undefined && generation !== undefined && isSameSpec && before.digest === digest) return before;
  return {
    generation,
    isGoing,
    digest,
    release: releaseKeyOf(bundle),
    holder: holderOf(bundle),
    uses: keepUses ? usesOf(bundle, digest) : [],
  };
};
