import { isMap } from '../../api/json-map.js';
import { type SchemaNode, SPEC_SCHEMA } from '../../api/schema-node.js';
import { slipsBetween } from './slips.js';

/** A field that the schema does not have. The apiserver prunes it before any webhook sees it. */
interface UnknownField {
  /** As the apiserver writes paths: `spec.registry.pollIntervall`. */
  readonly field: string;
  readonly message: string;
}

/** The schema of a bundle without metadata, which is Kubernetes' own. */
const BUNDLE: SchemaNode = {
  properties: { apiVersion: {}, kind: {}, metadata: {}, spec: SPEC_SCHEMA, status: {} },
};

/** All fields of an object that no WerfBundle has. Free-form maps (`converge.values`) may hold anything. Never throws. */
export const unknownFields = (bundle: unknown): readonly UnknownField[] => unknownIn(bundle, BUNDLE, '');

const unknownIn = (value: unknown, schema: SchemaNode, path: string): readonly UnknownField[] => {
  const { properties, items } = schema;
  if (Array.isArray(value) && items !== undefined) {
    return value.flatMap((item, index) => unknownIn(item, items, `${path}[${index}]`));
  }
  if (!isMap(value) || properties === undefined) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const field = path === '' ? name : `${path}.${name}`;
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return known === undefined
      ? [{ field, message: wordsFor(name, Object.keys(properties)) }]
      : unknownIn(part, known, field);
  });
};

const wordsFor = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known) ?? elsewhere(name);
  return near === undefined ? `unknown field; known are ${known.join(', ')}` : `unknown field; did you mean ${near}?`;
};

/** The most similar name, if it differs by slips only: one in four letters, and no more than three. */
const nearest = (name: string, known: readonly string[]): string | undefined => {
  const most = Math.min(3, Math.max(1, Math.floor(name.length / 4)));
  const [best] = known
    .map((other) => ({ other, slips: slipsBetween(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ slips }) => slips <= most)
    .toSorted((one, two) => one.slips - two.slips);
  return best?.other;
};

/** The one place where the schema has a field of this name. */
const elsewhere = (name: string): string | undefined => {
  const [only, another] = pathsTo(name, SPEC_SCHEMA, 'spec');
  return another === undefined ? only : undefined;
};

const pathsTo = (name: string, { properties = {}, items }: SchemaNode, path: string): readonly string[] => [
  ...(items === undefined ? [] : pathsTo(name, items, `${path}[]`)),
  ...Object.entries(properties).flatMap(([field, part]) => [
    ...(field.toLowerCase() === name.toLowerCase() ? [`${path}.${field}`] : []),
    ...pathsTo(name, part, `${path}.${field}`),
  ]),
];
