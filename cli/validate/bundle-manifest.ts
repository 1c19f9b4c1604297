import { isMap } from '../../api/json-map.js';
import { GROUP, KIND, type WerfBundle } from '../../api/werfbundle.js';
import { type Manifest, textAt } from './manifests.js';
import { misspellings } from './misspelled.js';

/** A bundle of the input, and its namespace. */
export interface BundleManifest extends Manifest {
  readonly namespace: string;
}

/**
 * The bundles among objects, of whatever version, and what was meant as one.
 * @param namespace - for bundles that name none
 */
export const bundlesAmong = (manifests: readonly Manifest[], namespace: string): readonly BundleManifest[] =>
  manifests
    .filter((manifest) => isBundle(manifest) || misspellings(manifest).length > 0)
    .map((manifest) => ({ ...manifest, namespace: textAt(manifest, 'metadata', 'namespace') || namespace }));

const isBundle = ({ apiVersion, kind }: Manifest): boolean => kind === KIND && apiVersion.startsWith(`${GROUP}/`);

/** The object with the namespace that it gets when it is applied. */
export const bundleOf = ({ value, namespace }: BundleManifest): WerfBundle => {
  const metadata = isMap(value['metadata']) ? value['metadata'] : {};
  // The rules accept anything as a spec.
  return { ...value, metadata: { ...metadata, namespace } } as unknown as WerfBundle;
};
