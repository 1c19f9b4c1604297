import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import { type Reference, referencesOf } from '../../api/references/references.js';
import type { StoredBundle } from '../../api/werfbundle.js';

export type ReferredKind = Reference['kind'];

/** An object that a bundle names, whether it exists or not. */
interface NamedObject {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  /** Whether it holds values: when it changes, the bundle may have to be deployed again. */
  readonly values: boolean;
}

/** The objects outside of a bundle that decide whether, and what, it deploys. Each source of values is looked for in two namespaces. */
export const namedObjects = (
  bundle: StoredBundle,
  platform: NonNullable<Parameters<typeof referencesOf>[2]>,
): readonly NamedObject[] =>
  referencesOf(bundle, bundle.metadata.namespace, platform).flatMap(({ kind, use, namespaces, name }) =>
    namespaces.map((namespace) => ({ kind, ref: { namespace, name }, values: use === 'values' })),
  );

interface Naming {
  readonly bundle: ObjectRef;
  readonly values: boolean;
}

/** Which bundles name an object. Its size depends on what bundles name, not on the cluster. */
export class ReferenceIndex {
  readonly #byObject = new Map<string, Map<string, Naming>>();
  readonly #byBundle = new Map<string, readonly NamedObject[]>();

  /** @param references - all that the bundle names now; none once it is deleted */
  set(bundle: ObjectRef, references: readonly NamedObject[]): void {
    const key = objectKey(bundle);
    for (const reference of this.#byBundle.get(key) ?? []) this.#remove(reference, key);
    if (references.length === 0) this.#byBundle.delete(key);
    else this.#byBundle.set(key, references);
    for (const reference of references) this.#add(reference, bundle);
  }

  namedBy(kind: ReferredKind, ref: ObjectRef): Iterable<Naming> {
    return this.#byObject.get(kindKey(kind, ref))?.values() ?? [];
  }

  /** The bundles that name anything of a kind, each once. */
  *naming(kind: ReferredKind): Iterable<ObjectRef> {
    for (const [key, references] of this.#byBundle) {
      if (!references.some((reference) => reference.kind === kind)) continue;
      const [namespace = '', name = ''] = key.split('/');
      yield { namespace, name };
    }
  }

  #add({ kind, ref, values }: NamedObject, bundle: ObjectRef): void {
    const key = kindKey(kind, ref);
    const naming = this.#byObject.get(key) ?? new Map<string, Naming>();
    const before = naming.get(objectKey(bundle));
    naming.set(objectKey(bundle), { bundle, values: values || before?.values === true });
    this.#byObject.set(key, naming);
  }

  #remove({ kind, ref }: NamedObject, bundleKey: string): void {
    const key = kindKey(kind, ref);
    const naming = this.#byObject.get(key);
    naming?.delete(bundleKey);
    if (naming?.size === 0) this.#byObject.delete(key);
  }
}

const kindKey = (kind: ReferredKind, ref: ObjectRef): string => `${kind} ${objectKey(ref)}`;
