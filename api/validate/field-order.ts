import { type SchemaNode, SPEC_SCHEMA } from '../schema-node.js';

/** Sorts what has a field by where the field stands in the schema, list items by their index. The input is left as it is. */
export const inSchemaOrder = <T extends { readonly field: string }>(items: readonly T[]): readonly T[] =>
  items.length < 2
    ? items
    : items
        .map((item) => ({ item, place: placeOf(item.field) }))
        .toSorted((a, b) => compare(a.place, b.place))
        .map(({ item }) => item);

/** Position of each step among its siblings: `spec.registry.url` is [0, 0]. */
const placeOf = (field: string): readonly number[] => {
  let node: SchemaNode | undefined = SPEC_SCHEMA;
  const slots: number[] = [];
  for (const [, name, index] of field.matchAll(/\.([A-Za-z]+)|\[(\d+)\]/g)) {
    const properties: Readonly<Record<string, SchemaNode>> = node?.properties ?? {};
    slots.push(name === undefined ? Number(index) : Object.keys(properties).indexOf(name));
    node = name === undefined ? node?.items : properties[name];
  }
  return slots;
};

const compare = (a: readonly number[], b: readonly number[]): number => {
  const differs = a.findIndex((place, index) => place !== b[index]);
  return differs < 0 ? a.length - b.length : (a[differs] ?? 0) - (b[differs] ?? -1);
};
