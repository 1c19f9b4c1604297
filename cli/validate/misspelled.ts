import type { Problem } from '../../api/problem.js';
import { quoted } from '../../api/validate/wording.js';
import { API_VERSION, GROUP, KIND } from '../../api/werfbundle.js';
import type { Manifest } from './manifests.js';
import { slipsBetween } from './slips.js';

/** Slips of typing that leave a name recognisable: `WerfBundel`, `werf-bundles`. */
const KIND_SLIPS = 2;
const GROUP_SLIPS = 1;

/**
 * What is wrong with kind and group of an object that was probably meant as a bundle, though no apiserver would know it as one. Empty for
 * bundles, and for everything that looks like another kind.
 */
export const misspellings = ({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): readonly Problem[] => {
  const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*$/s, '') : '';
  if (kind === KIND && group === GROUP) return [];
  if (kind === '') return group === GROUP ? [missing('kind', KIND)] : [];
  const isNear = slips(kind, KIND) <= KIND_SLIPS && (group === '' || slips(group, GROUP) <= GROUP_SLIPS);
  if (!isNear) return [];
  return [
    ...(kind === KIND ? [] : [misspelled('kind', kind, KIND)]),
    ...(group === GROUP
      ? []
      : [apiVersion === '' ? missing('apiVersion', API_VERSION) : misspelled('apiVersion', apiVersion, API_VERSION)]),
  ];
};

const slips = (written: string, meant: string): number =>
  // No long name is near, and comparing takes time.
  written.length > 2 * meant.length
    ? Number.POSITIVE_INFINITY
    : slipsBetween(written.toLowerCase(), meant.toLowerCase());

const RULE = 'misspelled-kind';

const missing = (field: string, meant: string): Problem => ({
  rule: RULE,
  code: 'FieldValueRequired',
  field,
  message: `Required value: ${quoted(meant)} is probably meant`,
});

const misspelled = (field: string, written: string, meant: string): Problem => ({
  rule: RULE,
  code: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${quoted(written)}: did you mean ${quoted(meant)}?`,
});
