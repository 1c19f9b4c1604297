import { objectKey } from '../object-key.js';
import type { ObjectRef } from '../objects.js';
import {
  checkRelease,
  heldFault,
  holderOf,
  type ReleaseHolder,
  releaseKeyOf,
  releaseOf,
} from '../references/release.js';
import { ReleaseHolders } from '../release-holders.js';
import type { StoredBundle } from '../werfbundle.js';
import type { BundleChange } from './world.js';

/** A bundle, and the release that it claims; undefined: none that could be one. */
interface Claim {
  readonly bundle: StoredBundle;
  readonly releaseKey: string | undefined;
}

/** Which bundles claim which release: only the oldest of them is deployed. */
export class ReleaseClaims {
  readonly #holders = new ReleaseHolders();

  /** A bundle was there, and is there now. */
  change(before: StoredBundle | undefined, after: StoredBundle | undefined): void {
    const was = before && releaseKeyOf(before);
    if (before !== undefined && was !== undefined) this.#holders.leave(was, before.metadata);
    const is = after && releaseKeyOf(after);
    if (after !== undefined && is !== undefined) this.#holders.enter(is, holderOf(after));
  }

  /** The bundles with the same release as one of these. */
  with(bundles: readonly (StoredBundle | undefined)[]): readonly ObjectRef[] {
    const keys = new Set(bundles.flatMap((bundle) => (bundle && releaseKeyOf(bundle)) ?? []));
    return [...keys].flatMap((key) => this.#holders.of(key));
  }

  /** Why a bundle may not deploy its release: an older one holds it. @param changes - of bundles, as if they were made */
  fault({ bundle, releaseKey: key }: Claim, changes: readonly BundleChange[]): string | undefined {
    if (key === undefined) return undefined;
    const held = this.#holders.of(key);
    // Mostly it is alone.
    if (changes.length === 0 && held.length < 2) return undefined;
    const holders = new Map(held.map((holder) => [objectKey(holder), holder]));
    for (const { ref, after } of changes) {
      holders.delete(objectKey(ref));
      if (after !== undefined && releaseKeyOf(after) === key) holders.set(objectKey(ref), claimantOf(after));
    }
    const hold = checkRelease(claimantOf(bundle), holders.values());
    const release = releaseOf(bundle, bundle.metadata.namespace);
    return hold.kind === 'held' && release !== undefined ? heldFault(release, hold.by).text : undefined;
  }
}

/** A bundle that is only being created is younger than all others. */
const claimantOf = (bundle: StoredBundle): ReleaseHolder => {
  const holder = holderOf(bundle);
  return bundle.metadata.uid === '' ? { ...holder, createdAt: AT_LAST } : holder;
};

/** Later than any time that an apiserver writes. */
const AT_LAST = '9999-12-31T23:59:59Z';
