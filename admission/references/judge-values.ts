import { valuesSourceOf } from '../../api/references/references.js';
import { type FoundSource, missingSource } from '../../api/values/problem.js';
import type { ValuesInput } from '../../api/values/resolve.js';
import type { BundleReferences, Reference, Source } from './bundle-references.js';
import { denied, type Finding, lacking, missing, noted, unchecked } from './finding.js';
import type { LookupTime } from './lookup-time.js';
import type { Lookups } from './lookups.js';
import type { ParseValues } from './ports.js';
import { fetchFirst, storedSources } from './whole-values.js';

export interface ValuesDeps {
  readonly lookups: Pick<Lookups, 'get'>;
  readonly granted: ReadonlySet<Reference>;
  readonly parseValues: ParseValues;
  readonly time: LookupTime;
}

/**
 * Whether the sources of a bundle's values exist and can be used, each by itself and all of them merged. All are read as soon
 * as any of the values changed; nothing is reported of those that did not change themselves.
 */
export const judgeValues = async (deps: ValuesDeps, refs: BundleReferences): Promise<readonly Finding[]> => {
  const { own, target, sources, inline } = refs;
  if (!refs.valuesChanged || target === undefined) return [];
  const read = await Promise.all(sources.map((source) => readSource(deps, refs, source)));
  const findings = read.flatMap((item) => item.findings);
  if (inline === undefined && read.every(({ input }) => input.found === undefined)) return findings;
  const question = {
    sources: read.map(({ input }) => input),
    ...(inline !== undefined && { inline }),
    bundleNamespace: own,
    targetNamespace: target,
  };
  return [...findings, ...(await parsed(deps, refs, question))];
};

interface ReadSource {
  readonly input: ValuesInput;
  readonly findings: readonly Finding[];
}

const NOTHING: ReadSource = { input: { source: { optional: true } }, findings: [] };

const readSource = async (deps: ValuesDeps, refs: BundleReferences, from: Source | undefined): Promise<ReadSource> => {
  if (from === undefined || !deps.granted.has(from)) return NOTHING;
  const { changed, field, kind, name } = from;
  const source = valuesSourceOf(from);
  const fetched = await fetchFirst(storedSources(deps.lookups), from);
  if (fetched.kind === 'found')
    return { input: { source, found: fetched.value }, findings: changed ? shadowable(from, fetched.value) : [] };
  if (!changed) return { input: { source }, findings: [] };
  if (fetched.kind === 'failed') {
    return { input: { source }, findings: [unchecked(field, `${kind} ${name}`, fetched.why)] };
  }
  const where = { index: from.index, bundleNamespace: refs.own, targetNamespace: refs.target ?? refs.own };
  return { input: { source }, findings: source.optional === true ? [] : [missing(missingSource(source, where))] };
};

/** A source that is looked for in the bundle's namespace first, and was found in the target only. */
const shadowable = (
  { namespaces, field, index }: Source,
  { kind, name, namespace }: FoundSource,
): readonly Finding[] => {
  const [first, second] = namespaces;
  if (second === undefined || namespace === first) return [];
  const what = `${kind} ${name} exists only in namespace '${namespace}'`;
  const remedy = `set spec.converge.valuesFrom[${index}].from to Target if it is to come from there`;
  const message = `${what}: whoever may create one of this name in namespace '${first}' shadows it; ${remedy}`;
  return [noted({ rule: 'values-source-shadowed', field, message })];
};

const ALL = 'spec.converge.valuesFrom';

const parsed = async (
  { parseValues, time }: ValuesDeps,
  { sources }: BundleReferences,
  question: Parameters<ParseValues>[0],
): Promise<readonly Finding[]> => {
  const isReported = ({ field }: { readonly field: string }): boolean => {
    const index = /^spec\.converge\.valuesFrom\[(\d+)\]/.exec(field)?.[1];
    return index === undefined || sources[Number(index)]?.changed === true;
  };
  const answer = await parseValues(question, time.signal);
  if (answer.kind === 'failed') return [unchecked(ALL, 'the values', answer.reason)];
  return [
    ...answer.problems
      .filter(isReported)
      .map(({ lacksKey, rule, code, field, message }) =>
        (lacksKey === true ? lacking : denied)({ rule, code, field, message }),
      ),
    ...answer.warnings.filter(isReported).map(noted),
  ];
};
