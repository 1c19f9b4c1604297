import { createHash } from 'node:crypto';
import { CONFIRM_IMPACT } from '../../api/annotations.js';
import { canonicalJson } from '../../api/canonical-json.js';
import { withDefaults } from '../../api/defaults.js';
import { valueAt } from '../../api/json-map.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import { withoutNulls } from '../../api/schema-node.js';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import { type Manifest, textAt } from '../validate/manifests.js';

/** Enough of a hash that nobody meets it by chance. */
const LETTERS = 16;

/**
 * The code that confirms the impact of an object's content: another one for each content that bundles read.
 * @returns undefined for a Secret: a hash would let its readers guess what the Secret holds
 */
export const confirmationCode = (manifest: Manifest, namespace: string): string | undefined => {
  if (manifest.kind === 'Secret') return undefined;
  const about = [manifest.kind, namespace, textAt(manifest, 'metadata', 'name'), contentOf(manifest)];
  return createHash('sha256').update(canonicalJson(about)).digest('hex').slice(0, LETTERS);
};

/** Whether the manifest confirms the content that it has. */
export const isConfirmed = (manifest: Manifest, code: string | undefined): boolean =>
  code !== undefined && valueAt(manifest.value, 'metadata', 'annotations', CONFIRM_IMPACT) === code;

/** What bundles read of an object. */
const contentOf = ({ kind, value }: Manifest): unknown => {
  switch (kind) {
    case 'ConfigMap':
      return [value['data'] ?? {}, value['binaryData'] ?? {}];
    case 'Namespace':
      return [valueAt(value, 'metadata', 'annotations', ACCEPT_BUNDLES_FROM) ?? ''];
    case 'WerfBundle':
      return [withDefaults(withoutNulls(value['spec']) as WerfBundleSpec)];
    default:
      return [];
  }
};
