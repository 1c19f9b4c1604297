import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Warning } from '../../api/problem.js';
import type { RuleName } from '../../api/rules.js';
import { keyText, plainScalar } from '../../api/values/yaml-scalar.js';

const SPEC = 'spec';
const VALUES = 'spec.converge.values';
/** Further ones are only counted. */
const MAX_WARNINGS = 20;

/**
 * What becomes of a bundle before anybody but kubectl sees it: it reads the file as YAML 1.1 and sends JSON, and its client-side apply
 * sends no nulls. In the values, where a chart decides what is meant, everything counts, keys too; elsewhere whole numbers that are
 * others than they look, since texts without quotes are problems there.
 * @param bundle - the bundle's node
 */
export const changedScalars = (bundle: Node): readonly Warning[] => {
  const at = (node: unknown, key: string): unknown => (isMap(node) ? node.get(key, true) : undefined);
  const spec = at(bundle, 'spec');
  const values = at(at(spec, 'converge'), 'values');
  const inValues = isMap(values) ? warningsIn(values, VALUES) : [];
  const rest = inValues.length - MAX_WARNINGS;
  return [
    ...numbersIn(spec, SPEC),
    ...inValues.slice(0, MAX_WARNINGS),
    ...(rest <= 0 ? [] : [{ rule: CHANGED, field: VALUES, message: `and ${rest} more like these` }]),
  ];
};

const CHANGED: RuleName = 'kubectl-changes-value';

/** Whole numbers with a prefix or with underscores, outside of the values. */
const numbersIn = (node: unknown, field: string): readonly Warning[] => {
  if (field === VALUES) return [];
  if (isSeq(node)) return node.items.flatMap((item, index) => numbersIn(item, `${field}[${index}]`));
  if (isScalar(node))
    return Number.isInteger(node.value) && /^[-+]?(0.|\d+_)/.test(node.source ?? '') ? told(node, field) : [];
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => (isScalar(key) ? numbersIn(value, below(field, key)) : []));
};

/** The path of a key's value. What is merged in has that of the map itself. */
const below = (field: string, key: Scalar): string => (key.source === '<<' ? field : `${field}.${String(key.value)}`);

/** Aliases are passed over: what they stand for is told where it is written. */
const warningsIn = (node: unknown, field: string): readonly Warning[] => {
  if (isSeq(node)) return node.items.flatMap((item, index) => warningsIn(item, `${field}[${index}]`));
  if (isScalar(node)) return node.value === null ? [dropped(field)] : told(node, field);
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const path = below(field, key);
    return [...ofKey(key, path), ...(value === null ? [dropped(path)] : warningsIn(value, path))];
  });
};

const told = (scalar: Scalar, field: string): readonly Warning[] => {
  const stored = storedAs(scalar);
  if (stored === undefined) return [];
  const { source } = scalar;
  const message = `kubectl reads ${source} as ${stored}: write "${source}" for the text, or ${stored}`;
  return [{ rule: CHANGED, field, message }];
};

const ofKey = (key: Scalar, field: string): readonly Warning[] => {
  const stored = storedAs(key);
  const { source } = key;
  return stored === undefined
    ? []
    : [
        {
          rule: 'kubectl-changes-key',
          field,
          message: `kubectl reads the key ${source} as ${stored}: write "${source}"`,
        },
      ];
};

const dropped = (field: string): Warning => ({
  rule: 'kubectl-drops-null',
  field,
  message:
    'kubectl apply drops a null, so the default of the chart stays: use kubectl apply --server-side, which keeps it',
});

/** What a plain scalar is once it is JSON; undefined if that is what is written. `True` and `TRUE` are true to everybody. */
const storedAs = ({ type, tag, source }: Scalar): string | undefined => {
  if (type !== 'PLAIN' || source === undefined || isTagged(tag)) return undefined;
  const scalar = plainScalar(source);
  if (scalar.kind === 'text' || scalar.kind === 'null' || /^(true|false)$/i.test(source)) return undefined;
  const stored = scalar.kind === 'float' ? String(scalar.value) : keyText(scalar);
  return stored === source ? undefined : stored;
};

const isTagged = (tag: string | undefined): boolean => tag === 'tag:yaml.org,2002:str';
