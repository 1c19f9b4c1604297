import { targetNamespaceOf } from '../../api/names.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';

export type ReferredKind = 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'Namespace';

/** An object that a bundle names, whether it exists or not. */
interface Reference {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  /** It holds values: when it changes, others may have to be deployed. */
  readonly values: boolean;
}

/** Whatever outside of a bundle decides whether, and what, it deploys. Each source of values is looked for in two namespaces. */
export const referencesOf = (
  bundle: StoredBundle,
  platform: { readonly namespace: string; readonly defaultRegistrySecret: string | undefined },
): readonly Reference[] => {
  const { registry, converge = {} } = bundle.spec;
  const own = bundle.metadata.namespace;
  const target = targetNamespaceOf(bundle);
  const named = (kind: ReferredKind, namespace: string, name: string | undefined): readonly Reference[] =>
    name === undefined ? [] : [{ kind, ref: { namespace, name }, values: false }];
  const sources = (converge.valuesFrom ?? []).flatMap(({ configMapRef, secretRef }) =>
    [...new Set([own, target])].flatMap((namespace) => [
      ...named('ConfigMap', namespace, configMapRef?.name),
      ...named('Secret', namespace, secretRef?.name),
    ]),
  );
  const credentials =
    registry.secretRef === undefined
      ? named('Secret', platform.namespace, platform.defaultRegistrySecret)
      : named('Secret', own, registry.secretRef.name);
  return [
    ...credentials,
    ...named('Secret', own, registry.caSecretRef?.name),
    ...named('Secret', own, converge.werfSecretKeyRef?.name),
    ...named('ServiceAccount', target, converge.serviceAccountName),
    ...(target === own ? [] : named('Namespace', '', target)),
    ...sources.map((source) => ({ ...source, values: true })),
  ];
};

interface Naming {
  readonly bundle: ObjectRef;
  readonly values: boolean;
}

/** Which bundles name an object. Costs what bundles name, whatever else there is in the cluster. */
export class ReferenceIndex {
  readonly #byObject = new Map<string, Map<string, Naming>>();
  readonly #byBundle = new Map<string, readonly Reference[]>();

  /** @param references - all that the bundle names now; none when it is gone */
  set(bundle: ObjectRef, references: readonly Reference[]): void {
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

  #add({ kind, ref, values }: Reference, bundle: ObjectRef): void {
    const key = kindKey(kind, ref);
    const naming = this.#byObject.get(key) ?? new Map<string, Naming>();
    const before = naming.get(objectKey(bundle));
    naming.set(objectKey(bundle), { bundle, values: values || before?.values === true });
    this.#byObject.set(key, naming);
  }

  #remove({ kind, ref }: Reference, bundleKey: string): void {
    const key = kindKey(kind, ref);
    const naming = this.#byObject.get(key);
    naming?.delete(bundleKey);
    if (naming?.size === 0) this.#byObject.delete(key);
  }
}

const kindKey = (kind: ReferredKind, ref: ObjectRef): string => `${kind} ${objectKey(ref)}`;
