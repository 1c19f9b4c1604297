import { isMap, type JsonMap } from '../json-map.js';
import { below, type Pointer } from './pointer.js';

/** A version of JSON Schema. */
export type Draft = 4 | 6 | 7 | 2019 | 2020;

/** What Helm reads a schema by that does not say which draft it is of. */
export const LATEST: Draft = 2020;

const BY_ADDRESS: Readonly<Record<string, Draft>> = {
  'json-schema.org/schema': LATEST,
  'json-schema.org/draft/2020-12/schema': 2020,
  'json-schema.org/draft/2019-09/schema': 2019,
  'json-schema.org/draft-07/schema': 7,
  'json-schema.org/draft-06/schema': 6,
  'json-schema.org/draft-04/schema': 4,
};

/** The draft that `$schema` names; undefined if it names none that Helm knows by itself. */
export const draftOf = (address: string): Draft | undefined => {
  const name = address.replace(/^https?:\/\//, '').replace(/#$/, '');
  return Object.hasOwn(BY_ADDRESS, name) ? BY_ADDRESS[name] : undefined;
};

/** The address that a schema gives itself, without a fragment; '' if it gives none. */
export const idOf = (schema: JsonMap, draft: Draft): string => {
  // Beside a $ref nothing counts in the older drafts.
  if (draft < 2019 && Object.hasOwn(schema, '$ref')) return '';
  const id = schema[draft === 4 ? 'id' : '$id'];
  return typeof id === 'string' ? (id.split('#')[0] ?? '') : '';
};

/** How a keyword holds schemas. */
interface SchemaPlace {
  readonly keyword: string;
  readonly holds: 'one' | 'some' | 'named';
  readonly since: Draft;
}

const place = (since: Draft, holds: SchemaPlace['holds'], keywords: string): readonly SchemaPlace[] =>
  keywords.split(' ').map((keyword) => ({ keyword, holds, since }));

/** Where schemas stand within a schema. A later draft has the places of those before it. */
const PLACES: readonly SchemaPlace[] = [
  ...place(4, 'named', 'definitions properties patternProperties dependencies'),
  ...place(4, 'some', 'allOf anyOf oneOf items'),
  ...place(4, 'one', 'not additionalProperties items additionalItems'),
  ...place(6, 'one', 'propertyNames contains'),
  ...place(7, 'one', 'if then else'),
  ...place(2019, 'named', '$defs dependentSchemas'),
  ...place(2019, 'one', 'unevaluatedProperties unevaluatedItems contentSchema'),
  ...place(2020, 'some', 'prefixItems'),
];

/** A schema that stands within another one. */
interface SchemaWithin {
  readonly pointer: Pointer;
  readonly schema: unknown;
  /** Whether Helm finds out that it is none before anybody refers to it. */
  readonly isChecked: boolean;
}

/** The schemas that stand directly within a schema, with their places; those of keywords that the draft does not know are none. */
export const schemasWithin = (schema: JsonMap, draft: Draft, pointer: Pointer): readonly SchemaWithin[] =>
  PLACES.flatMap(({ keyword, holds, since }) => {
    const held = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
    if (since > draft || held === undefined) return [];
    const at = below(pointer, keyword);
    // The draft's own schema has forgotten this one.
    const isChecked = draft < 2020 || keyword !== 'additionalItems';
    if (holds === 'one') return Array.isArray(held) ? [] : [{ pointer: at, schema: held, isChecked }];
    if (holds === 'some' ? !Array.isArray(held) : !isMap(held)) return [];
    return Object.entries(held as object).map(([step, item]) => ({
      pointer: below(at, step),
      schema: item as unknown,
      isChecked,
    }));
  });
