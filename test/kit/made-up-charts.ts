import fc from 'fast-check';
import { type ChartCase, type ChartParts, chartFiles } from './chart-case.js';

const KEYS = ['a', 'b', 'c'];
const key = fc.constantFrom(...KEYS);
const DRAFTS = [
  undefined,
  undefined,
  'http://json-schema.org/draft-04/schema#',
  'http://json-schema.org/draft-06/schema#',
  'http://json-schema.org/draft-07/schema#',
  'https://json-schema.org/draft/2019-09/schema',
  'https://json-schema.org/draft/2020-12/schema',
];

const scalar: fc.Arbitrary<unknown> = fc.constantFrom(
  ...[null, true, false, 0, 1, 2, -1, 1.5, 0.3, 1e21, 100, '', 'a', 'ab', 'abc', '10.0.0.1', '2024-02-29', 'ä', '😀'],
);

/** JSON of few keys and values, so that what a schema says of it is mostly about something. */
const value = (levels: number): fc.Arbitrary<unknown> =>
  levels === 0
    ? scalar
    : fc.oneof(
        { weight: 3, arbitrary: scalar },
        { weight: 2, arbitrary: fc.dictionary(key, value(levels - 1), { maxKeys: 3 }) },
        { weight: 2, arbitrary: fc.array(value(levels - 1), { maxLength: 3 }) },
      );

const map = (levels: number): fc.Arbitrary<Record<string, unknown>> =>
  fc.dictionary(key, value(levels - 1), { maxKeys: 3 });

/** Hardly one is wrong, or most schemas would be. */
const count = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(0, 1, 2, 3) },
  { weight: 1, arbitrary: fc.constant(1.5) },
);
const number = fc.constantFrom<unknown>(0, 1, 2, -1, 0.1, 0.5, 1.5);
const type = fc.constantFrom('string', 'integer', 'number', 'object', 'array', 'boolean', 'null');
const pattern = fc.constantFrom('^a', 'b$', '^[a-b]+$', '.', '^\\p{L}$', '[0-9]{1,3}', 'c|^$', '(?i)A');
const names = fc.uniqueArray(key, { minLength: 1, maxLength: 2 });
const format = fc.constantFrom(
  'ipv4',
  'date',
  'email',
  'hostname',
  'uri',
  'uri-reference',
  'regex',
  'semver',
  'int32',
  'uuid',
);
const reference = fc.constantFrom('#', '#/definitions/a', '#/definitions/b', '#/definitions/c', '#/properties/a');

/** All keywords, each with what may stand there; a few of them are wrong in some draft. */
const keywords = (levels: number): Readonly<Record<string, fc.Arbitrary<unknown>>> => {
  const one = schema(levels - 1);
  const some = fc.array(one, { minLength: 1, maxLength: 3 });
  const named = fc.dictionary(key, one, { minKeys: 1, maxKeys: 3 });
  return {
    type: fc.oneof(type, fc.uniqueArray(type, { minLength: 2, maxLength: 4 })),
    const: value(1),
    enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }),
    format,
    pattern,
    multipleOf: fc.constantFrom(1, 2, 0.1, 0.5, 3),
    minimum: number,
    maximum: number,
    exclusiveMinimum: fc.oneof({ weight: 20, arbitrary: number }, { weight: 1, arbitrary: fc.constant(true) }),
    exclusiveMaximum: number,
    minLength: count,
    maxLength: count,
    minItems: count,
    maxItems: count,
    minProperties: count,
    maxProperties: count,
    uniqueItems: fc.boolean(),
    required: names,
    properties: named,
    patternProperties: fc.dictionary(pattern, one, { minKeys: 1, maxKeys: 2 }),
    additionalProperties: one,
    propertyNames: one,
    dependencies: fc.dictionary(key, fc.oneof(names, one), { minKeys: 1, maxKeys: 2 }),
    dependentRequired: fc.dictionary(key, names, { minKeys: 1, maxKeys: 2 }),
    dependentSchemas: named,
    items: fc.oneof({ weight: 8, arbitrary: one }, { weight: 1, arbitrary: some }),
    additionalItems: one,
    prefixItems: some,
    contains: one,
    minContains: count,
    maxContains: count,
    not: one,
    allOf: some,
    anyOf: some,
    oneOf: some,
    if: one,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: one,
    else: one,
    unevaluatedProperties: one,
    unevaluatedItems: one,
    $ref: reference,
    $dynamicRef: fc.constantFrom('#', '#/definitions/a', '#node'),
    $recursiveRef: fc.constant('#'),
    $dynamicAnchor: fc.constant('node'),
    $recursiveAnchor: fc.boolean(),
    unknown: fc.constant(1),
  };
};

/** A schema with a few keywords. */
const schema = (levels: number): fc.Arbitrary<unknown> =>
  levels === 0
    ? fc.oneof(
        { weight: 8, arbitrary: type.map((only) => ({ type: only })) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<unknown>({}, { not: {} }, { const: 1 }, { minLength: 2 }, { enum: [1, 'a'] }),
        },
        { weight: 1, arbitrary: fc.boolean() },
      )
    : fc
        .uniqueArray(fc.constantFrom(...ALL), { minLength: 1, maxLength: 3 })
        .chain((chosen) =>
          fc.record(Object.fromEntries(chosen.map((name) => [name, keywords(levels)[name] ?? scalar]))),
        );

const ALL = Object.keys(keywords(1));

/** The top of a schema: mostly with definitions that references can lead to. */
const document: fc.Arbitrary<unknown> = fc
  .record({
    $schema: fc.constantFrom(...DRAFTS),
    own: schema(3),
    definitions: fc.record({ a: schema(2), b: schema(2), c: schema(1) }),
  })
  .map(({ $schema, own, definitions }) => ({
    ...($schema !== undefined && { $schema }),
    ...(typeof own === 'object' && own),
    definitions,
  }));

const tables = ['one', 'two', 'global', 'a', 'tags'];
/** Values as charts around and within have them: many of the same keys, and nulls. */
const layered = (levels: number): fc.Arbitrary<Record<string, unknown>> =>
  fc.dictionary(
    fc.constantFrom(...tables, 'enabled', 'b'),
    levels === 0 ? scalar : fc.oneof(scalar, layered(levels - 1), layered(levels - 1)),
    { maxKeys: 5 },
  );

const dependency = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      version: fc.constantFrom('1.0.0', '1.x', '^1', '>=2', '*'),
      alias: fc.constantFrom(`${name}-1`, 'a', name),
      condition: fc.constantFrom(`${name}.enabled`, 'enabled', 'a.enabled,enabled', 'global.enabled'),
      tags: fc.constantFrom(['a'], ['a', 'b'], ['enabled']),
      'import-values': fc.constantFrom<unknown>(
        ['a'],
        [{ child: 'a', parent: 'a' }],
        [{ child: 'global', parent: 'b.a' }],
      ),
    },
    { requiredKeys: ['name', 'version'] },
  );

/** A chart with two within, of which one has one within, too. */
const umbrella: fc.Arbitrary<ChartParts> = fc
  .record({
    top: layered(3),
    one: layered(2),
    two: layered(2),
    deep: layered(2),
    dependencies: fc.option(
      fc
        .tuple(dependency('one'), dependency('two'))
        .filter(([one, two]) => (one.alias ?? '') !== 'a' || two.alias !== 'a'),
      { nil: undefined },
    ),
    further: fc.option(fc.tuple(dependency('deep')), { nil: undefined }),
    wants: schema(2),
  })
  .map(({ top, one, two, deep, dependencies, further, wants }) => ({
    name: 'top',
    defaults: top,
    ...(dependencies && { dependencies }),
    subcharts: [
      { name: 'one', defaults: one, schema: { properties: { a: { type: ['object', 'string', 'number'] } } } },
      {
        name: 'two',
        defaults: two,
        ...(further && { dependencies: further }),
        subcharts: [{ name: 'deep', defaults: deep, schema: typeof wants === 'object' ? wants : {} }],
      },
    ],
  }));

/** Schemas with values for them, half of which have nothing else in the chart; made by chance, the same ones for the same seed. */
export const madeUpSchemas = (seed: number, count: number): readonly ChartCase[] =>
  fc
    .sample(fc.tuple(document, map(3)), { seed, numRuns: count })
    .map(([made, values], n) => ({ title: `schema ${n}`, files: chartFiles({ schema: made }), values }));

/** Charts within charts with values for them. */
export const madeUpCharts = (seed: number, count: number): readonly ChartCase[] =>
  fc
    .sample(fc.tuple(umbrella, layered(3)), { seed, numRuns: count })
    .map(([parts, values], n) => ({ title: `charts ${n}`, files: chartFiles(parts), values }));
