import { canonicalJson } from '../canonical-json.js';
import { isMap } from '../json-map.js';
import type { Budget } from './budget.js';
import { isMultiple } from './exact-number.js';
import type { Bound, Bounds, Pattern, SchemaNode } from './schema-node.js';
import type { What } from './violation.js';

/** A keyword with what it finds wrong. */
export interface Found {
  readonly keyword: string;
  readonly what: What;
}

/** What JSON Schema calls a value; a whole number is `integer`. */
const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

/** What is wrong with a value's kind, so that nothing else about it needs to be said: as in Helm, only the first of these is told. */
export const kindFault = (node: SchemaNode, value: unknown, budget: Budget): Found | undefined => {
  const { types, constant, choices, format } = node;
  const got = typeOf(value);
  if (types !== undefined && types.size > 0 && !types.has(got) && !(got === 'integer' && types.has('number')))
    return { keyword: 'type', what: { kind: 'type', wanted: [...types], got } };
  if (constant !== undefined && !isSame(value, constant.value, budget))
    return { keyword: 'const', what: { kind: 'constant', wanted: constant.value } };
  if (choices?.some((choice) => isSame(value, choice, budget)) === false)
    return { keyword: 'enum', what: { kind: 'choice', wanted: choices } };
  if (
    format !== undefined &&
    typeof value === 'string' &&
    budget.spend(value.length / 100) &&
    !format.fits(value, budget)
  )
    return { keyword: 'format', what: { kind: 'format', name: format.name } };
  return undefined;
};

/** Whether two values are equal; 1 and 1.0 are one number. */
const isSame = (one: unknown, other: unknown, budget: Budget): boolean => {
  if (!budget.spend(0.1)) return false;
  if (Array.isArray(one))
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, n) => isSame(item, other[n], budget))
    );
  if (!isMap(one)) return one === other;
  if (!isMap(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key], budget))
  );
};

/** What is wrong with a number. */
export const numberFaults = ({ bounds, multipleOf }: SchemaNode, value: number): readonly Found[] => [
  ...bounded(bounds, value, { least: ['minimum'], most: ['maximum'] }),
  ...bounded(bounds, value, { least: ['exclusiveMinimum'], most: ['exclusiveMaximum'], excluded: true }),
  ...(multipleOf === undefined || isMultiple(value, multipleOf)
    ? []
    : [{ keyword: 'multipleOf', what: { kind: 'multiple', of: multipleOf } } as const]),
];

/** What is wrong with a text. A character beyond U+FFFF counts once. */
export const textFaults = ({ bounds, pattern }: SchemaNode, text: string, budget: Budget): readonly Found[] => {
  const isCounted = bounds.minLength !== undefined || bounds.maxLength !== undefined;
  const length = isCounted && budget.spend(text.length / 100) ? [...text].length : 0;
  return [
    ...(isCounted ? countFaults(bounds, 'Length', length) : []),
    ...(pattern === undefined || matches(pattern, text, budget)
      ? []
      : [{ keyword: 'pattern', what: { kind: 'pattern', text: pattern.text } } as const]),
  ];
};

/** Whether an expression is found in a text; once the budget is exhausted, true. */
export const matches = ({ expression, size }: Pattern, text: string, budget: Budget): boolean => {
  if (expression !== undefined) return !budget.spend(1 + (text.length * size) / 100) || expression.test(text);
  budget.exhaust();
  return true;
};

/** What is wrong with the number of a value's characters, items or keys. */
export const countFaults = (bounds: Bounds, of: 'Length' | 'Items' | 'Properties' | 'Contains', count: number) =>
  bounded(bounds, count, { least: [`min${of}`], most: [`max${of}`] });

interface Ends {
  readonly least: readonly Bound[];
  readonly most: readonly Bound[];
  /** The bound itself does not fit. */
  readonly excluded?: true;
}

const bounded = (bounds: Bounds, got: number, { least, most, excluded }: Ends): readonly Found[] => {
  const isWrong = (bound: Bound, wanted: number): boolean =>
    (excluded === true && got === wanted) || (least.includes(bound) ? got < wanted : got > wanted);
  return [...least, ...most].flatMap((bound): readonly Found[] => {
    const wanted = bounds[bound];
    return wanted !== undefined && isWrong(bound, wanted)
      ? [{ keyword: bound, what: { kind: 'bound', bound, wanted, got } }]
      : [];
  });
};

/** Two equal items of a list, by their places; undefined if all differ. */
export const sameItems = (
  items: readonly unknown[],
  budget: Budget,
): { readonly first: number; readonly second: number } | undefined => {
  const places = new Map<string, number>();
  for (const [second, item] of items.entries()) {
    const text = canonicalJson(item);
    if (!budget.spend(1 + text.length / 100)) return undefined;
    const first = places.get(text);
    if (first !== undefined) return { first, second };
    places.set(text, second);
  }
  return undefined;
};
