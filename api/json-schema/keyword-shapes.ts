import { canonicalJson } from '../canonical-json.js';
import { isMap, type JsonMap } from '../json-map.js';
import type { Draft } from './draft.js';
import { formatNamed } from './formats.js';
import type { Patterns } from './patterns.js';

/** Why a schema is none, and where in it. */
interface ShapeFault {
  readonly keyword: string;
  /** Completes a sentence that begins with the keyword: `needs a text`. */
  readonly words: string;
}

/** What is wrong with a keyword's value, as {@link ShapeFault} has it; undefined if nothing is. */
type Shape = (value: unknown, draft: Draft, read: Patterns) => string | undefined;

const needs =
  (what: string, fits: (value: unknown, draft: Draft) => boolean): Shape =>
  (value, draft) =>
    fits(value, draft) ? undefined : `needs ${what}`;

const isSchema = (value: unknown, draft: Draft): boolean => isMap(value) || (typeof value === 'boolean' && draft > 4);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown, draft: Draft): boolean =>
  Array.isArray(value) &&
  value.every(isText) &&
  new Set(value).size === value.length &&
  (draft > 4 || value.length > 0);
const isSchemas = (value: unknown, draft: Draft): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isSchema(item, draft));
const areNamed = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  isMap(value) && Object.values(value).every(fits);

const text = needs('a text', isText);
const flag = needs('true or false', (value) => typeof value === 'boolean');
const number = needs('a number', (value) => typeof value === 'number');
const count = needs('a whole number that is not negative', (value) => Number.isInteger(value) && Number(value) >= 0);
const schema = needs('a schema', isSchema);
const schemas = needs('a list of schemas that is not empty', isSchemas);
const texts = needs('a list of texts, each of them once', isTexts);
const named = needs('a map of schemas', (value, draft) => areNamed(value, (item) => isSchema(item, draft)));
const reference = needs('the address of a schema', (value) => isText(value) && isFormat('uri-reference', value));
const anchor = needs('a name', (value, draft) => isText(value) && (draft === 2019 ? ANCHOR_2019 : ANCHOR).test(value));

const ANCHOR_2019 = /^[A-Za-z][-A-Za-z0-9.:_]*$/;
const ANCHOR = /^[A-Za-z_][-A-Za-z0-9._]*$/;

const isFormat = (name: string, value: string): boolean => formatNamed(name)?.(value) !== false;

const pattern: Shape = (value, _, known) => {
  if (!isText(value)) return 'needs a text';
  const read = known.read(value);
  return read.kind === 'ok' ? undefined : `has an expression that can\u2019t be used: ${read.reason}`;
};

const patterns: Shape = (value, draft, known) => {
  const fault = named(value, draft, known);
  const [wrong] = isMap(value) ? Object.keys(value).flatMap((key) => pattern(key, draft, known) ?? []) : [];
  return fault ?? wrong;
};

const TYPES = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);
const isType = (value: unknown): boolean => isText(value) && TYPES.has(value);
const type = needs(
  `one of ${[...TYPES].join(', ')}, or a list of them`,
  (value) =>
    isType(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isType) && new Set(value).size === value.length),
);

const list = needs('a list', Array.isArray);
const values: Shape = (value, draft) => {
  if (!Array.isArray(value)) return 'needs a list';
  if (draft >= 2019) return undefined;
  const isUnique = new Set(value.map(canonicalJson)).size === value.length;
  return value.length > 0 && isUnique ? undefined : 'needs a list of values that is not empty, each of them once';
};

const items = needs('a schema', (value, draft) => isSchema(value, draft) || (draft < 2020 && isSchemas(value, draft)));
const additional = needs('a schema', (value, draft) => isSchema(value, draft) || typeof value === 'boolean');
const dependencies = needs('a map of schemas or lists of texts', (value, draft) =>
  areNamed(value, (item) => isSchema(item, draft) || isTexts(item, draft)),
);

/** The keywords of all drafts, and what each needs from which draft on, up to which. */
interface Row {
  readonly shape: Shape;
  readonly keywords: string;
  readonly since?: Draft;
  readonly until?: Draft;
}

const ROWS: readonly Row[] = [
  { shape: text, keywords: 'title description format' },
  { shape: text, keywords: 'id', until: 4 },
  { shape: text, keywords: '$ref', until: 4 },
  { shape: text, keywords: '$comment contentMediaType contentEncoding', since: 7 },
  { shape: needs('the address of a draft', (value) => isText(value) && isFormat('uri', value)), keywords: '$schema' },
  { shape: reference, keywords: '$id $ref', since: 6 },
  {
    shape: needs('an address without a fragment', (value) => isText(value) && /^[^#]*#?$/.test(value)),
    keywords: '$id',
    since: 2019,
  },
  { shape: reference, keywords: '$recursiveRef', since: 2019 },
  { shape: reference, keywords: '$dynamicRef', since: 2020 },
  { shape: anchor, keywords: '$anchor', since: 2019 },
  { shape: anchor, keywords: '$dynamicAnchor $recursiveAnchor', since: 2020 },
  { shape: flag, keywords: '$recursiveAnchor', since: 2019, until: 2019 },
  { shape: flag, keywords: 'uniqueItems' },
  { shape: flag, keywords: 'exclusiveMaximum exclusiveMinimum', until: 4 },
  { shape: flag, keywords: 'readOnly writeOnly', since: 7 },
  { shape: flag, keywords: 'deprecated', since: 2019 },
  {
    shape: needs('a number greater than 0', (value) => typeof value === 'number' && value > 0),
    keywords: 'multipleOf',
  },
  { shape: number, keywords: 'maximum minimum' },
  { shape: number, keywords: 'exclusiveMaximum exclusiveMinimum', since: 6 },
  { shape: count, keywords: 'maxLength minLength maxItems minItems maxProperties minProperties' },
  { shape: count, keywords: 'maxContains minContains', since: 2019 },
  { shape: pattern, keywords: 'pattern' },
  { shape: named, keywords: 'definitions properties' },
  { shape: named, keywords: 'patternProperties', until: 6 },
  { shape: patterns, keywords: 'patternProperties', since: 7 },
  { shape: named, keywords: '$defs dependentSchemas', since: 2019 },
  { shape: dependencies, keywords: 'dependencies' },
  {
    shape: needs('a map of lists of texts', (value, draft) => areNamed(value, (item) => isTexts(item, draft))),
    keywords: 'dependentRequired',
    since: 2019,
  },
  {
    shape: needs('a map of true or false', (value) => areNamed(value, (item) => typeof item === 'boolean')),
    keywords: '$vocabulary',
    since: 2019,
  },
  { shape: additional, keywords: 'additionalProperties' },
  { shape: additional, keywords: 'additionalItems', until: 2019 },
  { shape: items, keywords: 'items' },
  { shape: schema, keywords: 'not' },
  { shape: schema, keywords: 'propertyNames contains', since: 6 },
  { shape: schema, keywords: 'if then else', since: 7 },
  { shape: schema, keywords: 'unevaluatedItems unevaluatedProperties contentSchema', since: 2019 },
  { shape: schemas, keywords: 'allOf anyOf oneOf' },
  { shape: schemas, keywords: 'prefixItems', since: 2020 },
  { shape: texts, keywords: 'required' },
  { shape: values, keywords: 'enum' },
  { shape: type, keywords: 'type' },
  { shape: list, keywords: 'examples', since: 7 },
];

const shapesOf = (draft: Draft): ReadonlyMap<string, readonly Shape[]> => {
  const shapes = new Map<string, Shape[]>();
  for (const { shape, keywords, since = 4, until = 2020 } of ROWS) {
    if (draft < since || draft > until) continue;
    for (const keyword of keywords.split(' ')) shapes.set(keyword, [...(shapes.get(keyword) ?? []), shape]);
  }
  return shapes;
};

const SHAPES: ReadonlyMap<Draft, ReadonlyMap<string, readonly Shape[]>> = new Map(
  ([4, 6, 7, 2019, 2020] as const).map((draft) => [draft, shapesOf(draft)]),
);

/**
 * What keeps a schema from being one of its draft, the schemas within it aside: what Helm's library finds out by the draft's own schema of
 * schemas, before it looks at any values.
 */
export const shapeFault = (found: JsonMap, draft: Draft, known: Patterns): ShapeFault | undefined => {
  const shapes = SHAPES.get(draft);
  for (const [keyword, value] of Object.entries(found)) {
    for (const shape of shapes?.get(keyword) ?? []) {
      const words = shape(value, draft, known);
      if (words !== undefined) return { keyword, words };
    }
  }
  const lonely = draft === 4 && ['Maximum', 'Minimum'].find((end) => isLonely(found, end));
  return lonely ? { keyword: `exclusive${lonely}`, words: `needs ${lonely.toLowerCase()} beside it` } : undefined;
};

const isLonely = (found: JsonMap, end: string): boolean =>
  Object.hasOwn(found, `exclusive${end}`) && !Object.hasOwn(found, end.toLowerCase());
