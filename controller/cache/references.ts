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

/** An object, and the bundles that name it: one for all of these. */
interface Named {
  readonly key: string;
  readonly kind: ReferredKind;
  readonly by: Map<string, Naming>;
}

/** Which bundles name an object. Its size depends on what bundles name, not on the cluster. */
export class ReferenceIndex {
  readonly #byObject = new Map<string, Named>();
  readonly #byBundle = new Map<string, readonly Named[]>();

  /** @param references - all that the bundle names now; none once it is deleted */
  set(bundle: ObjectRef, references: readonly NamedObject[]): void {
    const key = objectKey(bundle);
    for (const named of this.#byBundle.get(key) ?? []) this.#remove(named, key);
    const all = new Set(references.map((reference) => this.#add(reference, { bundle, key })));
    if (all.size === 0) this.#byBundle.delete(key);
    else this.#byBundle.set(key, [...all]);
  }

  namedBy(kind: ReferredKind, ref: ObjectRef): Iterable<Naming> {
    return this.#byObject.get(kindKey(kind, ref))?.by.values() ?? [];
  }

  /** The bundles that name anything of a kind, each once. */
  *naming(kind: ReferredKind): Iterable<ObjectRef> {
    for (const [key, all] of this.#byBundle) {
      if (!all.some((named) => named.kind === kind)) continue;
      const [namespace = '', name = ''] = key.split('/');
      yield { namespace, name };
    }
  }

  #add(
    { kind, ref, values }: NamedObject,
    { bundle, key }: { readonly bundle: ObjectRef; readonly key: string },
  ): Named {
    const objectsKey = kindKey(kind, ref);
    const named = this.#byObject.get(objectsKey) ?? { key: objectsKey, kind, by: new Map<string, Naming>() };
    named.by.set(key, { bundle, values: values || named.by.get(key)?.values === true });
    this.#byObject.set(objectsKey, named);
    return named;
  }

  #remove(named: Named, bundleKey: string): void {
    named.by.delete(bundleKey);
    if (named.by.size === 0) this.#byObject.delete(named.key);
  }
}

const kindKey = (kind: ReferredKind, ref: ObjectRef): string => `${kind} ${objectKey(ref)}`;
