import type { ObjectRef } from '../../api/objects.js';
import { checkRelease, holderOf, type ReleaseHolder, releaseKeyOf } from '../../api/references/release.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Change } from '../../kube/reflector.js';

/**
 * Which bundles deploy the same release. The webhook refuses a second one, but it may have been down, and it lets two pass that are
 * created at once: the older one holds the release.
 */
export class Releases {
  /** By release. Most have one, and a list of one takes a fifth of what a Map takes. */
  readonly #holders = new Map<string, readonly ReleaseHolder[]>();

  /** @returns the other bundles with a release that this one began or ceased to claim: they have to be reconciled */
  changed({ ref, before, after }: Change<StoredBundle>): readonly ObjectRef[] {
    const was = before && releaseKeyOf(before);
    const is = after && releaseKeyOf(after);
    if (was === is && before?.metadata.uid === after?.metadata.uid) return [];
    if (was !== undefined) this.#leave(was, ref);
    if (after !== undefined && is !== undefined) this.#enter(is, after);
    const keys = new Set([was, is].filter((key) => key !== undefined));
    return [...keys].flatMap((key) => this.#others(key, ref));
  }

  /** The oldest of the bundles with the same release, if this one is not. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined {
    const key = releaseKeyOf(bundle);
    const hold = checkRelease(holderOf(bundle), key === undefined ? [] : this.#of(key));
    return hold.kind === 'held' ? { namespace: hold.by.namespace, name: hold.by.name } : undefined;
  }

  /** The other bundles with the same release, of any age. */
  otherHolders(bundle: StoredBundle): readonly ReleaseHolder[] {
    const key = releaseKeyOf(bundle);
    return key === undefined ? [] : this.#others(key, bundle.metadata);
  }

  #of(key: string): readonly ReleaseHolder[] {
    return this.#holders.get(key) ?? [];
  }

  #enter(key: string, bundle: StoredBundle): void {
    const holder = holderOf(bundle);
    this.#holders.set(key, this.#others(key, holder).concat(holder));
  }

  #leave(key: string, ref: ObjectRef): void {
    const left = this.#others(key, ref);
    if (left.length === 0) this.#holders.delete(key);
    else this.#holders.set(key, left);
  }

  #others(key: string, { namespace, name }: ObjectRef): readonly ReleaseHolder[] {
    return this.#of(key).filter((holder) => holder.namespace !== namespace || holder.name !== name);
  }
}
