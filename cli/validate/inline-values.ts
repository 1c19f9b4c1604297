import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Warning } from '../../api/problem.js';
import { keyText, plainScalar } from '../../api/values/yaml-scalar.js';

const VALUES = 'spec.converge.values';
/** Further ones are only counted. */
const MAX_WARNINGS = 20;

/**
 * What becomes of a bundle's own values before anybody but kubectl sees them: it reads the file as YAML 1.1 and sends JSON, and its
 * client-side apply sends no nulls. Keys are told like values.
 * @param bundle - the bundle's node
 */
export const changedValues = (bundle: Node): readonly Warning[] => {
  const values = ['spec', 'converge', 'values'].reduce<unknown>(
    (node, key) => (isMap(node) ? node.get(key, true) : undefined),
    bundle,
  );
  const warnings = isMap(values) ? warningsIn(values, VALUES) : [];
  const rest = warnings.length - MAX_WARNINGS;
  if (rest <= 0) return warnings;
  return [...warnings.slice(0, MAX_WARNINGS), { field: VALUES, message: `and ${rest} more like these` }];
};

/** Aliases are passed over: what they stand for is told where it is written. */
const warningsIn = (node: unknown, field: string): readonly Warning[] => {
  if (isSeq(node)) return node.items.flatMap((item, index) => warningsIn(item, `${field}[${index}]`));
  if (isScalar(node)) return ofScalar(node, field);
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const below = key.source === '<<' ? field : `${field}.${String(key.value)}`;
    return [...ofKey(key, below), ...(value === null ? [dropped(below)] : warningsIn(value, below))];
  });
};

const ofScalar = (scalar: Scalar, field: string): readonly Warning[] => {
  if (scalar.value === null) return [dropped(field)];
  const stored = storedAs(scalar);
  if (stored === undefined) return [];
  const { source } = scalar;
  return [{ field, message: `kubectl reads ${source} as ${stored}: write "${source}" for the text, or ${stored}` }];
};

const ofKey = (key: Scalar, field: string): readonly Warning[] => {
  const stored = storedAs(key);
  const { source } = key;
  return stored === undefined
    ? []
    : [{ field, message: `kubectl reads the key ${source} as ${stored}: write "${source}"` }];
};

const dropped = (field: string): Warning => ({
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
