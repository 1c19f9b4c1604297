import { changeKey, type ObjectName } from '../../api/impact/world.js';
import type { ObjectRef } from '../../api/objects.js';
import { type Reference, referencesOf } from '../../api/references/references.js';
import type { StoredBundle } from '../../api/werfbundle.js';

/** What a bundle names an object for. */
export interface Use {
  readonly bundle: ObjectRef;
  readonly as: Reference['use'];
  /** One key of the object, or all that it has. */
  readonly key: string | undefined;
  readonly optional: boolean;
  /** Of the chart that its values will meet, if that is known. */
  readonly digest: string | undefined;
}

/** Which bundles name which objects. */
export interface Uses {
  /**
   * Uses by all bundles that look for this object, as of a moment ago; of a source of values they may find another one first, in their own
   * namespace. Rejects with the signal's reason if it is aborted before the bundles are known.
   */
  of(object: Pick<ObjectName, 'kind' | 'ref'>, signal: AbortSignal): Promise<readonly Use[]>;
}

/** A use, and what is used: `ConfigMap ops/app`. */
export interface NamedUse {
  readonly name: string;
  readonly use: Use;
}

/**
 * All that a bundle names, in each namespace where it is looked for. One that is being deleted uses nothing any more.
 * @param digest - of the chart that its values will meet
 */
export const usesOf = (bundle: StoredBundle, digest: string | undefined): readonly NamedUse[] => {
  const { namespace, name, deletionTimestamp } = bundle.metadata;
  if (deletionTimestamp !== undefined) return [];
  const ref = { namespace, name };
  return referencesOf(bundle, namespace).flatMap((reference) => {
    const { kind, optional, use: as } = reference;
    const key = reference.use === 'values' || reference.use === 'werf-key' ? reference.key : undefined;
    const use: Use = { bundle: ref, as, key, optional, digest };
    return reference.namespaces.map((where) => ({
      name: changeKey({ kind, ref: { namespace: where, name: reference.name } }),
      use,
    }));
  });
};
