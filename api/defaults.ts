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

/** A value that has all its defaults already, as what the apiserver has stored does, is not copied. */
const filled = (value: unknown, schema: SchemaNode): unknown => {
  if (!isMap(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [field, part] of partsWithDefaults(schema)) {
    const isThere = !isAbsent(value, field);
    const was = isThere ? value[field] : part.default;
    if (was === undefined) continue;
    const is = filled(was, part);
    if (isThere && is === was) continue;
    copy ??= { ...value };
    copy[field] = is;
  }
  return copy ?? value;
};

type Parts = readonly (readonly [field: string, part: SchemaNode])[];

/** The fields of a schema that have a default, or something in them that has one. */
const partsWithDefaults = (schema: SchemaNode): Parts => {
  const known = knownParts.get(schema);
  if (known !== undefined) return known;
  const parts = Object.entries(schema.properties ?? {}).filter(
    ([, part]) => part.default !== undefined || partsWithDefaults(part).length > 0,
  );
  knownParts.set(schema, parts);
  return parts;
};

const knownParts = new WeakMap<SchemaNode, Parts>();

// Names of fields in this schema need no escaping in a JSON pointer.
const additions = (value: unknown, schema: SchemaNode, path: string): readonly AddOperation[] => {
  if (!isMap(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([field, part]): readonly AddOperation[] => {
    const here = `${path}/${field}`;
    if (!isAbsent(value, field)) return additions(value[field], part, here);
    return part.default === undefined ? [] : [{ op: 'add', path: here, value: filled(part.default, part) }];
  });
};
