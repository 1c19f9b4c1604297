import type { ProblemCode } from '../../api/problem.js';
import type { FoundSource, ValuesProblem } from '../../api/values/problem.js';
import type { ValuesSource } from '../../api/werfbundle.js';
import type { Use } from '../references/uses.js';
import type { ValuesAnswer, ValuesPool } from '../values/values-pool.js';
import type { SourceChange } from './source-change.js';

/** Something that a change would break. */
export interface Fault {
  readonly code: ProblemCode;
  /** Path in the ConfigMap or Secret. */
  readonly field: string;
  readonly text: string;
  /** Whether the fault breaks this use of the source. */
  affects(use: Use): boolean;
}

type Faults =
  | {
      readonly kind: 'found';
      readonly faults: readonly Fault[];
      readonly unchecked: readonly string[];
      /** Whether the change concerns anything that is used. */
      readonly isUsed: boolean;
    }
  | { readonly kind: 'failed'; readonly reason: string };

type Judge = Pick<ValuesPool, 'judge'>;

/**
 * What a change breaks for the uses of a source: only keys that it changes, and only what was not broken before.
 * @param uses - of any bundles; not empty
 */
export const faultsOf = async (
  { before, after }: SourceChange,
  { uses, values }: { readonly uses: readonly Use[]; readonly values: Judge },
  signal: AbortSignal,
): Promise<Faults> => {
  const usedKeys = new Set(uses.map(({ key }) => key));
  const used = changedKeys(before, after).filter((key) => usedKeys.has(undefined) || usedKeys.has(key));
  const [now, was] = [judgement(after, used), judgement(before, used)];
  const answer = await values.judge(now, signal);
  if (answer.kind === 'failed') return answer;
  const lost = used.filter((key) => !has(after, key));
  // The old content is parsed only if the new one has faults.
  const past: ValuesAnswer = answer.problems.length + lost.length === 0 ? sound : await values.judge(was, signal);
  if (past.kind === 'failed') return past;
  const brokenBefore = new Set(past.problems.map(({ key }) => key));
  const faults = [
    ...answer.problems.filter(({ key }) => !brokenBefore.has(key)).map(brokenKey),
    ...lost.filter((key) => !brokenBefore.has(key)).map((key) => lostKey(after, key)),
    ...(keysOf(after).length === 0 && keysOf(before).length > 0 ? [noKeys(after)] : []),
  ];
  const unchecked = answer.warnings.map(({ message }) => message).filter(isUnchecked);
  return { kind: 'found', faults, unchecked, isUsed: used.length > 0 };
};

const sound: ValuesAnswer = { kind: 'judged', problems: [], warnings: [] };
const isUnchecked = (message: string): boolean => message.startsWith('not checked: ');

const keysOf = ({ data, binary = [] }: FoundSource): readonly string[] => [...Object.keys(data), ...binary];
const has = ({ data, binary = [] }: FoundSource, key: string): boolean =>
  Object.hasOwn(data, key) || binary.includes(key);

/** Binary content is not compared: no values can be read from it in any case. */
const changedKeys = (before: FoundSource, after: FoundSource): readonly string[] => {
  const keys = new Set([...keysOf(before), ...keysOf(after)]);
  const textOf = ({ data }: FoundSource, key: string) => (Object.hasOwn(data, key) ? data[key] : undefined);
  return [...keys].filter((key) => has(before, key) !== has(after, key) || textOf(before, key) !== textOf(after, key));
};

/** Each of the keys as a source of its own, so that each fault names its key. */
const judgement = (found: FoundSource, keys: readonly string[]) => {
  const { kind, name, namespace } = found;
  const source = (key: string): ValuesSource =>
    kind === 'ConfigMap' ? { configMapRef: { name }, key } : { secretRef: { name }, key };
  const sources = keys.filter((key) => has(found, key)).map((key) => ({ source: source(key), found }));
  return { sources, bundleNamespace: namespace, targetNamespace: namespace };
};

/** A fault without a key concerns all the changed keys together. */
const brokenKey = ({ key, text }: ValuesProblem): Fault => ({
  code: 'FieldValueInvalid',
  field: key === undefined ? 'data' : `data[${key}]`,
  // Contents are not repeated, neither a ConfigMap's nor a Secret's.
  text: `Invalid value: "<contents omitted>": ${text}`,
  affects: (use) => key === undefined || use.key === undefined || use.key === key,
});

const lostKey = ({ kind, namespace, name }: FoundSource, key: string): Fault => ({
  code: 'FieldValueRequired',
  field: `data[${key}]`,
  text: `Required value: ${kind} ${namespace}/${name} would lose this key`,
  affects: (use) => use.key === key && !use.optional,
});

const noKeys = ({ kind, namespace, name }: FoundSource): Fault => ({
  code: 'FieldValueRequired',
  field: 'data',
  text: `Required value: ${kind} ${namespace}/${name} would lose all its keys`,
  affects: (use) => use.key === undefined && !use.optional,
});
