import { isMap, type SchemaNode, SPEC_SCHEMA } from '../api/schema-node.js';

/** A field that the schema does not have. In a cluster it vanishes before anybody sees it. */
export interface UnknownField {
  /** As the apiserver writes paths: `spec.registry.pollIntervall`. */
  readonly field: string;
  readonly message: string;
}

/** The fields of a bundle besides metadata, which is Kubernetes' own. */
const BUNDLE: SchemaNode = {
  properties: { apiVersion: {}, kind: {}, metadata: {}, spec: SPEC_SCHEMA, status: {} },
};

/** All fields of an object that no WerfBundle has. Free-form maps (`converge.values`) may hold anything. Never throws. */
export const unknownFields = (bundle: unknown): readonly UnknownField[] => unknownIn(bundle, BUNDLE, '');

function unknownIn(value: unknown, schema: SchemaNode, path: string): readonly UnknownField[] {
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
}

function wordsFor(name: string, known: readonly string[]): string {
  const closest = known.find((other) => isCloseTo(name.toLowerCase(), other.toLowerCase()));
  return closest === undefined
    ? `unknown field; known are ${known.join(', ')}`
    : `unknown field; did you mean ${closest}?`;
}

/** Equal but for one letter that is missing, too much or another, or for two neighbours that changed places. */
function isCloseTo(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  const [left, right] = [one.slice(start), other.slice(start)];
  return (
    left.slice(1) === right ||
    left === right.slice(1) ||
    left.slice(1) === right.slice(1) ||
    (left[0] === right[1] && left[1] === right[0] && left.slice(2) === right.slice(2))
  );
}
