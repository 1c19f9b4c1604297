import { specSchema } from './generated/spec-schema.js';
import { isMap, type JsonMap } from './json-map.js';

/** The keywords that this project reads from a node of the CRD's schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/** The schema of spec, as the CRD has it. */
export const SPEC_SCHEMA: SchemaNode = specSchema;

/**
 * The value without the nulls that the apiserver takes away before it looks at an object: those of fields that the schema knows.
 * Nulls in lists and in free-form maps (`converge.values`) stay. A value without such nulls is not copied.
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting-and-nullable
 */
export const withoutNulls = (value: unknown, schema: SchemaNode = SPEC_SCHEMA): unknown => {
  const { items, properties } = schema;
  if (Array.isArray(value)) return items === undefined ? value : listWithoutNulls(value, items);
  return isMap(value) && properties !== undefined ? mapWithoutNulls(value, properties) : value;
};

const listWithoutNulls = (list: readonly unknown[], items: SchemaNode): readonly unknown[] => {
  const cleaned = list.map((item) => withoutNulls(item, items));
  return cleaned.every((item, index) => item === list[index]) ? list : cleaned;
};

const mapWithoutNulls = (map: JsonMap, properties: NonNullable<SchemaNode['properties']>): JsonMap => {
  let copy: Record<string, unknown> | undefined;
  for (const field of Object.keys(map)) {
    const schema = Object.hasOwn(properties, field) ? properties[field] : undefined;
    if (schema === undefined) continue;
    const cleaned = withoutNulls(map[field], schema);
    if (cleaned === map[field] && cleaned !== null) continue;
    copy ??= { ...map };
    if (cleaned === null) delete copy[field];
    else copy[field] = cleaned;
  }
  return copy ?? map;
};
