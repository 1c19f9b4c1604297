import { bundleReferencesOf } from '../../admission/references/bundle-references.js';
import type { Chart } from '../../api/chart/chart.js';
import { isMap, valueAt } from '../../api/json-map.js';
import type { Problem, Warning } from '../../api/problem.js';
import { RULES, type RuleName } from '../../api/rules.js';
import { inSchemaOrder } from '../../api/validate/field-order.js';
import { quoteAdvice, quoteAsWritten, required, wrongType } from '../../api/validate/wording.js';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import { type Admission, type AdmissionDeps, admit } from './admission.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';
import { changedScalars } from './changed-scalars.js';
import { judgedByChart } from './judge-by-chart.js';
import type { Position } from './kubernetes-yaml.js';
import { locate, writtenAt } from './locate.js';
import { locateManifest, locateValue } from './locate-value.js';
import { textAt } from './manifests.js';
import { misspellings } from './misspelled.js';
import { type FilePosition, type Finding, type Result, verdictOf } from './result.js';
import { unknownFields } from './unknown-fields.js';

export interface JudgeDeps extends AdmissionDeps {
  /** Whether a reference that could not be checked counts as a problem. */
  readonly strict: boolean;
  /** Names of files of which some bytes are no UTF-8. */
  readonly lossy: ReadonlySet<string>;
  /** The chart that all bundles deploy; left out, values are not judged by one. */
  readonly chart?: Chart;
}

/** Judges one bundle of the input, and finds the position of each finding. */
export const judgeBundle = async (deps: JudgeDeps, bundle: BundleManifest): Promise<Result> => {
  const { problems, unresolved } = await findingsOf(deps, bundle);
  const at = <T extends { readonly rule: RuleName; readonly field: string }>(item: T) => ({
    ...item,
    rule: RULES[item.rule].id,
    ...locate(bundle.yaml, bundle.node, item.field),
  });
  const located = [...problems, ...(deps.strict ? unresolved.map(asProblem) : [])].toSorted(asRead).map(at);
  return {
    file: bundle.file,
    document: bundle.document,
    kind: KIND,
    name: textAt(bundle, 'metadata', 'name') || textAt(bundle, 'metadata', 'generateName'),
    namespace: bundle.namespace,
    verdict: verdictOf(located),
    problems: located,
    unresolved: deps.strict ? [] : unresolved.map(({ code: _, ...item }) => at(item)),
  };
};

/** A finding whose position is not known yet. */
type Unlocated = Omit<Finding, keyof Position | 'rule'> & Pick<Problem, 'rule'>;
type Open = Pick<Problem, 'rule' | 'code' | 'field' | 'message'>;

interface Findings {
  readonly problems: readonly Unlocated[];
  readonly unresolved: readonly Open[];
}

/** Unknown fields, which a cluster never sees, come first, warnings last; the rest is in its order already. */
const rankOf = ({ severity, code }: Unlocated): number =>
  severity === 'warning' ? 2 : code === 'UnknownField' ? 0 : 1;
const asRead = (one: Unlocated, other: Unlocated): number => rankOf(one) - rankOf(other);

const errorOf = (problem: Problem): Unlocated => ({ severity: 'error', ...problem });
const warningOf = ({ rule, field, message }: Warning): Unlocated => ({
  rule,
  severity: 'warning',
  code: 'Warning',
  field,
  message,
});

const asProblem = ({ rule, code, field, message }: Open): Unlocated => {
  const prefix = code === 'FieldValueNotFound' ? 'Not found' : 'Internal error';
  return { rule, severity: 'error', code, field, message: `${prefix}: ${message}` };
};

const LOSSY: Warning = {
  rule: 'not-utf8',
  field: '',
  message: 'some bytes of the file are no UTF-8; kubectl puts U+FFFD in their place',
};

const findingsOf = async (deps: JudgeDeps, bundle: BundleManifest): Promise<Findings> => {
  const own = ownFaults(bundle);
  if (bundle.apiVersion !== API_VERSION || bundle.kind !== KIND || !isMap(valueAt(bundle.value, 'metadata') ?? {})) {
    return { problems: own.map(errorOf), unresolved: [] };
  }
  const unknown = unknownFields(bundle.value).map(
    (unknown): Unlocated => ({ rule: 'unknown-field', severity: 'error', code: 'UnknownField', ...unknown }),
  );
  const admitted = await admit(deps, bundle);
  const admission = deps.chart === undefined ? admitted : judgedByChart(deps.chart, bundle, admitted);
  const asInFile = (problem: Problem): Unlocated => errorOf(asWritten(bundle, problem));
  const placed = admission.problems.map((problem) => ({
    ...asInFile(problem),
    ...sourceOf(deps, bundle, { problem, values: admission.values }),
  }));
  const faulty = new Set(placed.map(({ field }) => field));
  const changed = changedScalars(bundle.node).filter(({ field }) => !faulty.has(field));
  const warnings = [...(deps.lossy.has(bundle.file) ? [LOSSY] : []), ...admission.warnings, ...changed];
  return {
    problems: [...own.map(asInFile), ...unknown, ...placed, ...warnings.map(warningOf)],
    unresolved: openOf(deps, bundle, admission),
  };
};

/** A cluster no longer knows how a number was written; the file does. */
const asWritten = ({ yaml, node }: BundleManifest, problem: Problem): Problem => {
  const written = problem.code === 'FieldValueTypeInvalid' ? writtenAt(yaml, node, problem.field) : undefined;
  return written === undefined ? problem : { ...problem, message: quoteAsWritten(problem.message, written) };
};

/** Problems for which the apiserver refuses an object before it calls any webhook. */
const ownFaults = (bundle: BundleManifest): readonly Problem[] => {
  const other = misspellings(bundle);
  if (other.length > 0) return other;
  if (bundle.apiVersion !== API_VERSION) {
    const message = `Unsupported value: supported values: "${API_VERSION}"`;
    return [{ rule: 'unknown-version', code: 'FieldValueNotSupported', field: 'apiVersion', message }];
  }
  const metadata = valueAt(bundle.value, 'metadata');
  const wrong = [
    ...noTexts('metadata', metadata, ['name', 'generateName', 'namespace']),
    ...['labels', 'annotations'].flatMap((map) => noTexts(`metadata.${map}`, valueAt(metadata, map))),
  ];
  const named = ['name', 'generateName'].some((field) => (valueAt(metadata, field) ?? '') !== '');
  return named ? wrong : [required('no-name', 'metadata.name', 'name or generateName is required'), ...wrong];
};

/** Fields of a map that have to be texts, and are none. */
const noTexts = (path: string, map: unknown, fields = isMap(map) ? Object.keys(map) : []): readonly Problem[] =>
  fields.flatMap((field): readonly Problem[] => {
    const value = valueAt(map, field) ?? '';
    return typeof value === 'string' ? [] : [wrongType(`${path}.${field}`, value, 'a string', quoteAdvice(value))];
  });

/** The position of a fault in a source of values, if that source is in the input. */
const sourceOf = (
  { source: { objects } }: JudgeDeps,
  bundle: BundleManifest,
  { problem, values }: { readonly problem: Problem; readonly values: Admission['values'] },
): { readonly source?: FilePosition } => {
  const fault = values.find(({ field, message }) => field === problem.field && message === problem.message);
  const { kind, name, namespace = '' } = fault?.source ?? {};
  if (fault === undefined || kind === undefined || name === undefined) return {};
  const manifest = objects.find(kind, { namespace, name }, bundle.file);
  if (manifest === undefined) return {};
  const place = fault.key === undefined ? undefined : locateValue(manifest, fault.key, fault.position);
  return { source: { file: manifest.file, ...(place ?? locateManifest(manifest)) } };
};

const RELEASE = 'spec.converge.releaseName';
const NOT_CHECKED = 'reference-not-checked';

/** References that were not judged, each with the reason. */
const openOf = ({ source }: JudgeDeps, bundle: BundleManifest, admission: Admission): readonly Open[] => {
  const refs = bundleReferencesOf(bundleOf(bundle), bundle.namespace);
  const { releasesFault } = admission;
  const message = `whether the release is another bundle's could not be checked: ${releasesFault}`;
  return inSchemaOrder([
    ...(releasesFault === undefined
      ? []
      : [{ rule: NOT_CHECKED, code: 'InternalError', field: RELEASE, message } as const]),
    ...admission.open.map(({ kind, problem: { code, field, message } }): Open => {
      if (kind === 'unchecked')
        return { rule: NOT_CHECKED, code, field, message: message.replace(/^Internal error: /, '') };
      const reference = refs.references.find((one) => one.field === field);
      const what =
        reference === undefined
          ? `namespace ${refs.target}`
          : `${reference.kind} ${reference.name} of namespace ${reference.namespaces.join(' or ')}`;
      return { rule: 'reference-unknown', code, field, message: `${what} ${source.unknown ?? 'was not found'}` };
    }),
  ]);
};
