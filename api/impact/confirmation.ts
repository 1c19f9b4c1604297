import { createHash } from 'node:crypto';
import { CONFIRM_IMPACT } from '../annotations.js';
import { canonicalJson } from '../canonical-json.js';
import { withDefaults } from '../defaults.js';
import { type JsonMap, valueAt } from '../json-map.js';
import type { ObjectRef } from '../objects.js';
import { ACCEPT_BUNDLES_FROM } from '../references/target-namespace.js';
import { withoutNulls } from '../schema-node.js';
import type { WerfBundleSpec } from '../werfbundle.js';
import type { Change } from './world.js';

/** An object that may do something to bundles, or the manifest of one. */
interface Proposed {
  readonly kind: Change['kind'];
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  /** The whole object; any JSON. */
  readonly value: JsonMap;
}

/** Enough of a hash that nobody meets it by chance. */
const LETTERS = 16;

/**
 * The code that confirms the impact of an object's content: another one for each content that bundles read. Never throws.
 * @returns undefined for a Secret: a hash would let its readers guess what the Secret holds
 */
export const confirmationCode = ({ kind, ref, value }: Proposed): string | undefined => {
  if (kind === 'Secret') return undefined;
  const about = [kind, ref.namespace, ref.name, contentOf(kind, value)];
  return createHash('sha256').update(canonicalJson(about)).digest('hex').slice(0, LETTERS);
};

/** Whether an object confirms the content that it has. @param code - of that content */
export const isConfirmed = (value: JsonMap, code: string | undefined): boolean =>
  code !== undefined && valueAt(value, 'metadata', 'annotations', CONFIRM_IMPACT) === code;

/** What bundles read of an object. */
const contentOf = (kind: Exclude<Change['kind'], 'Secret'>, value: JsonMap): unknown => {
  switch (kind) {
    case 'ConfigMap':
      return [value['data'] ?? {}, value['binaryData'] ?? {}];
    case 'Namespace':
      return [valueAt(value, 'metadata', 'annotations', ACCEPT_BUNDLES_FROM) ?? ''];
    case 'WerfBundle':
      return [withDefaults(withoutNulls(value['spec']) as WerfBundleSpec)];
    case 'ServiceAccount':
      return [];
  }
};
