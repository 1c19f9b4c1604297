import type { ObjectRef } from '../../api/objects.js';
import { checkRelease, holderOf, type ReleaseHolder, releaseKeyOf } from '../../api/references/release.js';
import { ReleaseHolders } from '../../api/release-holders.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Change } from '../../kube/reflector.js';

/**
 * Which bundles deploy the same release. The webhook refuses a second one, but it may have been down, and it lets two pass that are
 * created at once: the older one holds the release.
 */
export class Releases {
  readonly #holders = new ReleaseHolders();

  /** @returns the other bundles with a release that this one began or ceased to claim: they have to be reconciled */
  changed({ ref, before, after }: Change<StoredBundle>): readonly ObjectRef[] {
    const was = before && releaseKeyOf(before);
    const is = after && releaseKeyOf(after);
    if (was === is && before?.metadata.uid === after?.metadata.uid) return [];
    if (was !== undefined) this.#holders.leave(was, ref);
    if (after !== undefined && is !== undefined) this.#holders.enter(is, holderOf(after));
    const keys = new Set([was, is].filter((key) => key !== undefined));
    return [...keys].flatMap((key) => this.#holders.others(key, ref));
  }

  /** The oldest of the bundles with the same release, if this one is not. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined {
    const key = releaseKeyOf(bundle);
    const hold = checkRelease(holderOf(bundle), key === undefined ? [] : this.#holders.of(key));
    return hold.kind === 'held' ? { namespace: hold.by.namespace, name: hold.by.name } : undefined;
  }

  /** The other bundles with the same release, of any age. */
  otherHolders(bundle: StoredBundle): readonly ReleaseHolder[] {
    const key = releaseKeyOf(bundle);
    return key === undefined ? [] : this.#holders.others(key, bundle.metadata);
  }
}
