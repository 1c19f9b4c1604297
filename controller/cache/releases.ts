import { releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Change } from '../../kube/reflector.js';

/**
 * Which bundles deploy the same release. The webhook refuses a second one, but may have been down, and two that are created at once
 * pass both: the older one has the release.
 */
export class Releases {
  readonly #holders = new Map<string, Map<string, StoredBundle['metadata']>>();

  /** @returns the other bundles with a release that this one came to, or left: they have to be looked at anew */
  changed({ ref, before, after }: Change<StoredBundle>): readonly ObjectRef[] {
    const was = before && keyOf(before);
    const is = after && keyOf(after);
    if (was === is && before?.metadata.uid === after?.metadata.uid) return [];
    if (was !== undefined) this.#leave(was, ref);
    if (after !== undefined && is !== undefined) this.#enter(is, after);
    const keys = new Set([was, is].filter((key) => key !== undefined));
    return [...keys].flatMap((key) => this.#others(key, ref));
  }

  /** The oldest of the bundles with the same release, if this one is not; of two of one second, the one with the lower uid. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined {
    let oldest = bundle.metadata;
    for (const other of this.#holders.get(keyOf(bundle))?.values() ?? []) if (isOlder(other, oldest)) oldest = other;
    return oldest.uid === bundle.metadata.uid ? undefined : { namespace: oldest.namespace, name: oldest.name };
  }

  #enter(key: string, { metadata }: StoredBundle): void {
    const { namespace, name, uid, resourceVersion, generation, creationTimestamp = '' } = metadata;
    const holders = this.#holders.get(key) ?? new Map<string, StoredBundle['metadata']>();
    holders.set(`${namespace}/${name}`, { namespace, name, uid, resourceVersion, generation, creationTimestamp });
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

const keyOf = (bundle: StoredBundle): string => `${targetNamespaceOf(bundle)}/${releaseNameOf(bundle)}`;

const isOlder = (a: StoredBundle['metadata'], b: StoredBundle['metadata']): boolean => {
  const [left = '', right = ''] = [a.creationTimestamp, b.creationTimestamp];
  return left === right ? a.uid < b.uid : left < right;
};
