import type { ObjectRef } from '../../api/objects.js';
import { checkRelease, holderOf, type ReleaseHolder, releaseKeyOf } from '../../api/references/release.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Change } from '../../kube/reflector.js';

/**
 * Which bundles deploy the same release. The webhook refuses a second one, but it may have been down, and it lets two pass that are
 * created at once: the older one holds the release.
 */
export class Releases {
  readonly #holders = new Map<string, Map<string, ReleaseHolder>>();

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
    const hold = checkRelease(
      holderOf(bundle),
      (key === undefined ? undefined : this.#holders.get(key))?.values() ?? [],
    );
    return hold.kind === 'held' ? { namespace: hold.by.namespace, name: hold.by.name } : undefined;
  }

  #enter(key: string, bundle: StoredBundle): void {
    const holder = holderOf(bundle);
    const holders = this.#holders.get(key) ?? new Map<string, ReleaseHolder>();
    holders.set(`${holder.namespace}/${holder.name}`, holder);
    this.#holders.set(key, holders);
  }

  #leave(key: string, { namespace, name }: ObjectRef): void {
    const holders = this.#holders.get(key);
    holders?.delete(`${namespace}/${name}`);
    if (holders?.size === 0) this.#holders.delete(key);
  }

  #others(key: string, ref: ObjectRef): readonly ObjectRef[] {
    const holders = [...(this.#holders.get(key)?.values() ?? [])];
    return holders.filter(({ namespace, name }) => namespace !== ref.namespace || name !== ref.name);
  }
}
