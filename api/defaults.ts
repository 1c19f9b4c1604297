import { isMap, type JsonMap, valueAt } from './json-map.js';
import { type SchemaNode, SPEC_SCHEMA } from './schema-node.js';
import type { WerfBundleSpec } from './werfbundle.js';

/** One operation of a JSON patch (RFC 6902). `path` is a JSON pointer: `/spec/converge/timeout`. */
export interface AddOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/**
 * The spec with every default of the CRD's schema. Existing values stay as they are, malformed ones included; nothing is defaulted
 * inside list items. A null counts as absent where there is a default: the apiserver sees it so too.
 */
export const withDefaults = (spec: WerfBundleSpec): WerfBundleSpec =>
  // The cast is sound: only fields of the type were added.
  filled(spec, SPEC_SCHEMA) as WerfBundleSpec;

/**
 * The shortest JSON patch that gives a bundle its defaults: only `add`, and nothing for a bundle that has them.
 * Never throws; a spec that is no map gets no patch.
 */
export const defaultsPatch = (bundle: unknown): readonly AddOperation[] =>
  additions(valueAt(bundle, 'spec'), SPEC_SCHEMA, '/spec');

const isAbsent = (value: JsonMap, field: string): boolean =>
  !Object.hasOwn(value, field) || value[field] === null || value[field] === undefined;

const filled = (value: unknown, schema: SchemaNode): unknown => {
  if (!isMap(value) || schema.properties === undefined) return value;
  const result: Record<string, unknown> = { ...value };
  for (const [field, part] of Object.entries(schema.properties)) {
    if (!isAbsent(value, field)) result[field] = filled(value[field], part);
    else if (part.default !== undefined) result[field] = filled(part.default, part);
  }
  return result;
};

// Names of fields in this schema need no escaping in a JSON pointer.
const additions = (value: unknown, schema: SchemaNode, path: string): readonly AddOperation[] => {
  if (!isMap(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([field, part]): readonly AddOperation[] => {
    const here = `${path}/${field}`;
    if (!isAbsent(value, field)) return additions(value[field], part, here);
    return part.default === undefined ? [] : [{ op: 'add', path: here, value: filled(part.default, part) }];
  });
};
