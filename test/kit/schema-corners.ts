import { type ChartCase, chartFiles } from './chart-case.js';

const D4 = 'http://json-schema.org/draft-04/schema#';
const D6 = 'http://json-schema.org/draft-06/schema#';
const D7 = 'http://json-schema.org/draft-07/schema#';
const D19 = 'https://json-schema.org/draft/2019-09/schema';
const D20 = 'https://json-schema.org/draft/2020-12/schema';
const DRAFTS = { 4: D4, 6: D6, 7: D7, 2019: D19, 2020: D20 };

const oneCase = (title: string, schema: unknown, values: object): ChartCase => ({
  title,
  files: chartFiles({ schema }),
  values: values as ChartCase['values'],
});

/** A schema of the value `a`, by a draft or by none. */
const ofA = (schema: unknown, $schema?: string): object => ({
  ...($schema !== undefined && { $schema }),
  properties: { a: schema },
});

/** The same schema by each draft. */
const inAllDrafts = (title: string, schema: object, values: object): readonly ChartCase[] =>
  Object.entries(DRAFTS).map(([draft, $schema]) => oneCase(`draft ${draft}: ${title}`, { $schema, ...schema }, values));

/** What drafts mean differently, or do not know. */
const DRAFT_CASES: readonly ChartCase[] = [
  ...inAllDrafts('a bound that is excluded by true', ofA({ minimum: 1, exclusiveMinimum: true }), { a: 1 }),
  ...inAllDrafts('a bound that is excluded by a number', ofA({ exclusiveMinimum: 1 }), { a: 1 }),
  ...inAllDrafts('a constant', ofA({ const: 'b' }), { a: 'c' }),
  ...inAllDrafts(
    'an id of its own',
    {
      id: 'https://example.com/a',
      $id: 'https://example.com/b',
      $ref: '#/definitions/a',
      definitions: { a: { required: ['x'] } },
    },
    {},
  ),
  ...inAllDrafts(
    'what stands beside a reference',
    { ...ofA({ $ref: '#/definitions/b', minimum: 5 }), definitions: { b: { type: 'integer' } } },
    { a: 1 },
  ),
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  ...inAllDrafts('a condition', ofA({ if: { type: 'string' }, then: { minLength: 3 } }), { a: 'x' }),
  ...inAllDrafts('a format that does not fit', ofA({ format: 'ipv4' }), { a: 'localhost' }),
  ...inAllDrafts('a list of schemas for items', ofA({ items: [{ type: 'string' }], additionalItems: false }), {
    a: ['x', 1],
  }),
  ...inAllDrafts('true for a schema', ofA(true), { a: 1 }),
  ...inAllDrafts('dependencies', { dependencies: { a: ['b'] } }, { a: 1 }),
  ...inAllDrafts('names of keys', { propertyNames: { maxLength: 2 } }, { abc: 1 }),
  ...inAllDrafts('what is not evaluated', { properties: { a: {} }, unevaluatedProperties: false }, { a: 1, b: 2 }),
  ...inAllDrafts('an empty enum', ofA({ enum: [] }), {}),
  ...inAllDrafts('a broken schema below $defs', { $defs: { a: { type: 'nothing' } } }, {}),
  ...inAllDrafts('a broken schema below definitions', { definitions: { a: { type: 'nothing' } } }, {}),
];

/** What is said of a schema as a whole. */
const WHOLE_CASES: readonly ChartCase[] = [
  oneCase('no JSON', '{"type": "object",}', {}),
  oneCase('a list', '[]', {}),
  oneCase('false', 'false', {}),
  oneCase('true', 'true', { a: 1 }),
  oneCase('null', 'null', {}),
  oneCase('an empty text', '""', {}),
  oneCase('nothing in it', {}, { a: 1 }),
  oneCase('by https, without a hash', ofA({ type: 'string' }, 'https://json-schema.org/draft-07/schema'), { a: 1 }),
  oneCase(
    'by the address of the latest draft',
    ofA({ prefixItems: [{ type: 'string' }] }, 'https://json-schema.org/schema'),
    { a: [1] },
  ),
  oneCase('an unknown type', ofA({ type: 'str' }), {}),
  oneCase('a type twice', ofA({ type: ['string', 'string'] }), {}),
  oneCase('no type at all', ofA({ type: [] }), {}),
  oneCase('required that is true', ofA({ required: true }, D7), {}),
  oneCase('required by name, twice', { $schema: D7, required: ['a', 'a'] }, { a: 1 }),
  oneCase('required of nothing in draft 4', { $schema: D4, required: [] }, {}),
  oneCase('a negative length', ofA({ minLength: -1 }), {}),
  oneCase('a length with a fraction', ofA({ minLength: 1.5 }), {}),
  oneCase('a length of 2.0', '{"properties": {"a": {"minLength": 2.0}}}', { a: 'x' }),
  oneCase('a multiple of nothing', ofA({ multipleOf: 0 }), {}),
  oneCase('properties that are a list', { properties: ['a'] }, {}),
  oneCase('a property that is a text', ofA('string'), {}),
  oneCase('an empty allOf', ofA({ allOf: [] }), {}),
  oneCase('a description that is a list', ofA({ description: ['a'] }), {}),
  oneCase('a default of the wrong type', ofA({ type: 'string', default: 5 }), {}),
  oneCase('unknown keywords', ofA({ 'x-type': 5, form: true, existingJavaType: 'String' }), { a: 1 }),
  oneCase('look-ahead', ofA({ pattern: '^(?!a)' }), {}),
  oneCase('look-ahead in a name', { $schema: D7, patternProperties: { '(?=a)': {} } }, {}),
  oneCase('a back-reference', ofA({ pattern: '(a)\\1' }), {}),
  oneCase('an unknown escape', ofA({ pattern: '\\cA' }), {}),
  oneCase('an escape of Unicode as in JavaScript', ofA({ pattern: '\\u0041' }), { a: 'A' }),
  oneCase('an escaped slash and dash', ofA({ pattern: '^[a-z\\-\\/]+$' }), { a: 'a-b/c' }),
  oneCase('a repetition of more than a thousand', ofA({ pattern: 'a{1001}' }), {}),
  oneCase('a class of Unicode', ofA({ pattern: '^\\p{L}+$' }), { a: 'größe' }),
  oneCase('a digit is ASCII', ofA({ pattern: '^\\d$' }), { a: '٣' }),
  oneCase('a line end before the end', ofA({ pattern: '^a$' }), { a: 'a\n' }),
  oneCase('a dot and a line end', ofA({ pattern: '^.$' }), { a: '\n' }),
];

/** Where references lead. */
const REFERENCE_CASES: readonly ChartCase[] = [
  oneCase('a reference to nowhere', { properties: { a: { $ref: '#/$defs/b' } } }, {}),
  oneCase('a reference to nowhere in what nobody refers to', { $defs: { a: { $ref: '#/$defs/b' } } }, {}),
  oneCase('a reference to what is no schema', { properties: { a: { $ref: '#/$defs/b' } }, $defs: { b: 'text' } }, {}),
  oneCase(
    'a reference to an unknown place',
    { properties: { a: { $ref: '#/shared/b' } }, shared: { b: { type: 'string' } } },
    { a: 1 },
  ),
  oneCase(
    'a reference to an unknown place that is broken',
    { properties: { a: { $ref: '#/shared/b' } }, shared: { b: { type: 5 } } },
    {},
  ),
  oneCase(
    'a reference with escapes',
    { properties: { a: { $ref: '#/$defs/b~1c%20d~0' } }, $defs: { 'b/c d~': { type: 'string' } } },
    { a: 1 },
  ),
  oneCase(
    'a reference to itself',
    { properties: { a: { $ref: '#' } }, additionalProperties: false },
    { a: { a: { b: 1 } } },
  ),
  oneCase('a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, {}),
  oneCase('a circle within not', { not: { $ref: '#/$defs/a' }, $defs: { a: { $ref: '#/$defs/a' } } }, {}),
  oneCase(
    'a reference by name',
    { properties: { a: { $ref: '#b' } }, $defs: { x: { $anchor: 'b', type: 'string' } } },
    { a: 1 },
  ),
  oneCase(
    'a reference by name in draft 7',
    { $schema: D7, properties: { a: { $ref: '#b' } }, definitions: { x: { $id: '#b', type: 'string' } } },
    { a: 1 },
  ),
  oneCase('a name twice', { $defs: { x: { $anchor: 'b' }, y: { $anchor: 'b' } } }, {}),
  oneCase('an address twice', { $defs: { x: { $id: 'b' }, y: { $id: 'b' } } }, {}),
  oneCase(
    'a reference to an address within',
    { $id: 'https://example.com/root', properties: { a: { $ref: 'b' } }, $defs: { x: { $id: 'b', type: 'string' } } },
    { a: 1 },
  ),
  oneCase(
    'a reference within the part with an address',
    {
      properties: { a: { $ref: 'https://example.com/b' } },
      $defs: { x: { $id: 'https://example.com/b', $ref: '#/$defs/y', $defs: { y: { type: 'string' } } } },
    },
    { a: 1 },
  ),
  oneCase(
    'a part of another draft',
    {
      properties: { a: { $ref: 'https://example.com/b' } },
      $defs: { x: { $id: 'https://example.com/b', $schema: D7, format: 'ipv4' } },
    },
    { a: 'x' },
  ),
  oneCase('a reference to a URN that nobody knows', { properties: { a: { $ref: 'urn:example:b' } } }, { a: 1 }),
  oneCase(
    'a tree that is extended',
    {
      $id: 'https://example.com/strict',
      $dynamicAnchor: 'node',
      $ref: 'tree',
      unevaluatedProperties: false,
      $defs: {
        tree: {
          $id: 'tree',
          $dynamicAnchor: 'node',
          properties: { data: true, children: { items: { $dynamicRef: '#node' } } },
        },
      },
    },
    { children: [{ daat: 1 }] },
  ),
  oneCase(
    'a tree that is extended in 2019-09',
    {
      $schema: D19,
      $id: 'https://example.com/strict',
      $recursiveAnchor: true,
      $ref: 'tree',
      unevaluatedProperties: false,
      $defs: {
        tree: {
          $schema: D19,
          $id: 'tree',
          $recursiveAnchor: true,
          properties: { data: true, children: { items: { $recursiveRef: '#' } } },
        },
      },
    },
    { children: [{ daat: 1 }] },
  ),
];

/** Numbers, and what is compared. */
const VALUE_CASES: readonly ChartCase[] = [
  oneCase('0.3 is a multiple of 0.1', ofA({ multipleOf: 0.1 }), { a: 0.3 }),
  oneCase('0.35 is no multiple of 0.1', ofA({ multipleOf: 0.1 }), { a: 0.35 }),
  oneCase('a large multiple', ofA({ multipleOf: 0.01 }), { a: 4.02e15 }),
  oneCase('1e6 is an integer', ofA({ type: 'integer' }), { a: 1e6 }),
  oneCase('1.0 is 1', ofA({ enum: [1.0] }), { a: 1 }),
  oneCase('0 is not false', ofA({ enum: [0] }), { a: false }),
  oneCase('maps are equal in any order', ofA({ const: { x: 1, y: [2] } }), { a: { y: [2], x: 1 } }),
  oneCase('lists are not', ofA({ const: [1, 2] }), { a: [2, 1] }),
  oneCase('items that are equal maps', ofA({ uniqueItems: true }), {
    a: [
      { x: 1, y: 2 },
      { y: 2, x: 1 },
    ],
  }),
  oneCase('items that are 1 and true', ofA({ uniqueItems: true }), { a: [1, true] }),
  oneCase('thirty items, two of them equal', ofA({ uniqueItems: true }), {
    a: [...Array.from({ length: 29 }, (_, n) => n), 7],
  }),
  oneCase('a null that stays', ofA({ type: 'string' }), { a: null }),
  oneCase(
    'a key like that of a prototype',
    { properties: { constructor: { type: 'string' } }, required: ['toString'] },
    { constructor: 1 },
  ),
  oneCase('at least no item of a kind', ofA({ contains: { type: 'string' }, minContains: 0 }), { a: [1] }),
  oneCase('at least two of a kind', ofA({ contains: { type: 'string' }, minContains: 2 }), { a: ['x', 1] }),
  oneCase('alternatives, two of which fit', ofA({ oneOf: [{ type: 'integer' }, { minimum: 2 }] }), { a: 3 }),
  oneCase(
    'items that are left over',
    ofA({ anyOf: [{ prefixItems: [{}] }, { prefixItems: [{}, { type: 'string' }] }], unevaluatedItems: false }),
    { a: [1, 'x'] },
  ),
  oneCase(
    'keys that alternatives have spoken of',
    { anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: {} } }], unevaluatedProperties: false },
    { a: 'x', b: 1 },
  ),
  oneCase(
    'keys that an alternative that does not fit has spoken of',
    { anyOf: [{ properties: { a: { type: 'integer' } } }, { properties: { b: {} } }], unevaluatedProperties: false },
    { a: 'x', b: 1 },
  ),
];

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  'date-time': [
    '2024-02-29T12:00:00Z',
    '2023-02-29T12:00:00Z',
    '2024-01-01 12:00:00Z',
    '2016-12-31T23:59:60Z',
    '2016-12-31T22:59:60Z',
  ],
  date: ['2024-02-29', '2024-2-9', '2024-13-01'],
  time: ['12:00:00Z', '12:00:00', '24:00:00Z', '12:00:00.5+02:00', '12:00:00+2'],
  duration: ['PT1H', 'P1W', 'P1DT', '1h', 'P1M1Y'],
  email: ['a@example.com', 'a.@example.com', 'a@[127.0.0.1]', '"a b"@example.com', 'a@b@c'],
  hostname: ['example.com', 'example.com.', '-a.com', 'a_b.com', 'a..b', `${'a'.repeat(64)}.com`],
  ipv4: ['10.0.0.1', '10.0.0', '256.1.1.1'],
  ipv6: ['::1', 'fe80::1%eth0', '1.2.3.4', '::ffff:10.0.0.1', '1:2:3:4:5:6:7'],
  uri: [
    'https://example.com/a?b#c',
    '/a',
    'example.com',
    'https://exa mple.com',
    'urn:a:b',
    'http://[::1]:80',
    'http://a:b',
    'https://example.com/%zz',
    'https://example.com/a b',
    'mailto:a@example.com',
  ],
  'uri-reference': ['/a', 'a:b', '1:b', '\\\\host', '#a', ''],
  'uri-template': ['/a/{b}', '/a/{b', '/a/b}'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000', '123e4567e89b12d3a456426614174000'],
  'json-pointer': ['/a/b~0', '/a~2', 'a', ''],
  'relative-json-pointer': ['1/a', '0#', '01/a', '/a'],
  regex: ['^a+$', '(?!a)', '[', '\\d{2,3}'],
  semver: ['1.2.3', '1.2', 'v1.2.3', '1.2.3-rc.1+b', '1.2.3-01'],
  'idn-hostname': ['not a host'],
};

const FORMAT_CASES: readonly ChartCase[] = Object.entries(FORMATS).flatMap(([format, texts]) =>
  texts.map((a) => oneCase(`format ${format}: ${JSON.stringify(a)}`, ofA({ format }, D7), { a })),
);

/** Schemas of all drafts, and what is odd in them. */
export const CORNER_CASES: readonly ChartCase[] = [
  ...DRAFT_CASES,
  ...WHOLE_CASES,
  ...REFERENCE_CASES,
  ...VALUE_CASES,
  ...FORMAT_CASES,
];
