import { ROLLBACK_TO } from '../annotations.js';
import { isMap, valueAt } from '../json-map.js';
import { cutReleaseName } from '../names.js';
import type { Problem } from '../problem.js';
import { rollbackOf } from '../rollback.js';
import { withoutNulls } from '../schema-node.js';
import type { VersionConstraint } from '../version-constraint.js';
import { liveFieldAdvice } from './live-field.js';
import { forbidden, invalid, quoted, required } from './wording.js';

/** The input of the rules between fields. No part of it need have the right type. */
export interface Subject {
  /** Without the nulls that the apiserver takes away. */
  readonly spec: unknown;
  readonly bundle: unknown;
  readonly old: unknown;
  /** What spec.registry.versionConstraint means, read once for all rules; undefined if there is none that could be read. */
  readonly constraint: VersionConstraint | undefined;
}

/** Rules that need more than one field, or the object as it was. */
export const crossFieldProblems = (subject: Subject): readonly Problem[] => RULES.flatMap((rule) => rule(subject));

type Rule = (subject: Subject) => readonly Problem[];

const EXCLUDED_BY_TAG = ['versionConstraint', 'tagPattern', 'tagOrder'];

const tagExcludesSelection: Rule = ({ spec, bundle, old }) => {
  const registry = valueAt(spec, 'registry');
  const tag = valueAt(registry, 'tag');
  if (typeof tag !== 'string') return [];
  const others = EXCLUDED_BY_TAG.filter((field) => {
    const value = valueAt(registry, field);
    return value !== undefined && !(field === 'versionConstraint' && value === '');
  });
  if (others.length === 0) return [];
  const advice = liveFieldAdvice({ object: bundle, old, fields: [['tag'], others] });
  const words = `exactly this tag is deployed, which excludes ${others.join(', ')}; remove one or the other`;
  return [invalid('tag-and-selection', 'spec.registry.tag', tag, `${words}${advice}`)];
};

const otherNamespaceNeedsServiceAccount: Rule = ({ spec, bundle }) => {
  const own = valueAt(bundle, 'metadata', 'namespace');
  const target = valueAt(spec, 'converge', 'targetNamespace');
  if (typeof own !== 'string' || own === '' || typeof target !== 'string' || target === own) return [];
  if (valueAt(spec, 'converge', 'serviceAccountName') !== undefined) return [];
  const words = `the ServiceAccount in namespace ${quoted(target)} that the deploy runs as; it may only be left out for a deploy into the bundle's own namespace ${quoted(own)}`;
  return [required('service-account-required', 'spec.converge.serviceAccountName', words)];
};

const sourceIsOneOfTwo: Rule = ({ spec }) => {
  const sources = valueAt(spec, 'converge', 'valuesFrom');
  if (!Array.isArray(sources)) return [];
  return sources.flatMap((source: unknown, index): readonly Problem[] => {
    if (!isMap(source)) return [];
    const given = ['configMapRef', 'secretRef'].filter((field) => valueAt(source, field) !== undefined);
    const field = `spec.converge.valuesFrom[${index}]`;
    if (given.length === 0)
      return [required('source-of-two-kinds', field, 'exactly one of configMapRef and secretRef')];
    return given.length === 1
      ? []
      : [
          forbidden(
            'source-of-two-kinds',
            field,
            'exactly one of configMapRef and secretRef may be given; make two items of it',
          ),
        ];
  });
};

/** Forbids changing the fields that say where the release is: the old release would stay behind, unnoticed. */
const placeIsFixed: Rule = ({ spec, bundle, old }) => {
  const deployed = valueAt(old, 'status', 'lastAppliedTag');
  if (typeof deployed !== 'string' || deployed === '') return [];
  const oldSpec = withoutNulls(valueAt(old, 'spec'));
  return (['targetNamespace', 'releaseName'] as const).flatMap((name): readonly Problem[] => {
    const [before, after] = [resolved(name, oldSpec, old), resolved(name, spec, bundle)];
    if (before === after || typeof before !== 'string') return [];
    // If the whole map was removed, the problem names the map.
    const field = isMap(valueAt(spec, 'converge')) ? `spec.converge.${name}` : 'spec.converge';
    const words = `${name} is fixed to ${quoted(before)} since tag ${quoted(deployed)} was deployed there; a release elsewhere needs a bundle of its own`;
    const given = valueAt(spec, 'converge', name);
    // What is no text is refused as that.
    if (given !== undefined && typeof given !== 'string') return [];
    return [
      given === undefined ? required('release-moved', field, words) : invalid('release-moved', field, given, words),
    ];
  });
};

const resolved = (name: 'targetNamespace' | 'releaseName', spec: unknown, bundle: unknown): unknown => {
  const given = valueAt(spec, 'converge', name);
  if (given !== undefined) return given;
  if (name === 'targetNamespace') return valueAt(bundle, 'metadata', 'namespace');
  const own = valueAt(bundle, 'metadata', 'name');
  return typeof own === 'string' ? cutReleaseName(own) : undefined;
};

/** What a person has rolled back to takes the place of spec.registry.tag, and is judged as that. */
const rollbackNamesATag: Rule = ({ bundle }) => {
  const tag = rollbackOf(bundle);
  if (tag === undefined || /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag)) return [];
  const words =
    'a tag is needed: 1 to 128 letters, digits, "_", "." and "-", of which the first is a letter, a digit or "_"';
  return [invalid('rollback-tag', `metadata.annotations[${ROLLBACK_TO}]`, tag, words)];
};

const RULES: readonly Rule[] = [
  tagExcludesSelection,
  otherNamespaceNeedsServiceAccount,
  sourceIsOneOfTwo,
  placeIsFixed,
  rollbackNamesATag,
];
