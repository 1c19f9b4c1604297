import { isMap } from '../../api/json-map.js';
import { GROUP, KIND, type WerfBundle } from '../../api/werfbundle.js';
import { type Manifest, textAt } from './manifests.js';

/** A bundle of the input, and its namespace. */
export interface BundleManifest extends Manifest {
  readonly namespace: string;
}

/**
 * The bundles among objects, of whatever version.
 * @param namespace - for bundles that name none
 */
export const bundlesAmong = (manifests: readonly Manifest[], namespace: string): readonly BundleManifest[] =>
  manifests
    .filter(({ apiVersion, kind }) => kind === KIND && apiVersion.startsWith(`${GROUP}/`))
    .map((manifest) => ({ ...manifest, namespace: textAt(manifest, 'metadata', 'namespace') || namespace }));

/** The object with the namespace that it gets when it is applied. */
export const bundleOf = ({ value, namespace }: BundleManifest): WerfBundle => {
  const metadata = isMap(value['metadata']) ? value['metadata'] : {};
  // The rules accept anything as a spec.
  return { ...value, metadata: { ...metadata, namespace } } as unknown as WerfBundle;
};
