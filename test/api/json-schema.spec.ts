import t from 'tap';
import { compileSchema } from '../../api/json-schema/compile.js';
import { evaluate } from '../../api/json-schema/evaluate.js';
import { expressionSize } from '../../api/json-schema/expression-size.js';
import { mendable, wordsOf } from '../../api/json-schema/words.js';
import { readExpression } from '../../api/regular-expression.js';

// What schemas mean is compared with Helm in test/contract/helm-schemas.spec.ts; here is what Helm does not have: words, and bounds.

const told = (schema: unknown, value: unknown, isSecret = false): readonly string[] | string => {
  const compiled = compileSchema(typeof schema === 'string' ? schema : JSON.stringify(schema));
  if (compiled.kind === 'unusable') return `${compiled.fault.pointer}: ${compiled.fault.words}`;
  const evaluation = evaluate(compiled.root, value);
  if (evaluation.kind === 'too-costly') return 'too costly';
  return mendable(evaluation.violations).map(
    (violation) => `/${violation.at.map(({ key }) => key).join('/')}: ${wordsOf(violation, { isSecret })}`,
  );
};

const CLOSED = { properties: { port: { type: 'integer', maximum: 65535 } }, additionalProperties: false };

const WORDS: readonly (readonly [title: string, schema: unknown, value: unknown, words: readonly string[]])[] = [
  [
    'all that is wrong is told',
    CLOSED,
    { port: 70000, prot: 1 },
    ['/port: at most 65535 is allowed, and this is 70000', '/prot: the chart knows no value of this name'],
  ],
  ['of several types', { type: ['string', 'null'] }, [], ['/: a text or null is needed, and this is a list']],
  [
    'of alternatives that differ by type only, the types',
    { anyOf: [{ type: 'string' }, { type: 'object' }] },
    1,
    ['/: a text or a map is needed'],
  ],
  [
    'of alternatives of which the type shows one, what is wrong by that one',
    { anyOf: [{ type: 'string' }, CLOSED, { type: 'null' }] },
    { port: 'x' },
    ['/port: a whole number is needed, and this is a text'],
  ],
  [
    'of other alternatives, how many there are',
    { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    {},
    ['/: it fits none of 2 alternatives'],
  ],
  [
    'a long enumeration is cut',
    { enum: Array.from({ length: 12 }, (_, n) => n) },
    'x',
    ['/: one of 0, 1, 2, 3, 4, 5, 6, 7 and 4 more is needed'],
  ],
  ['what is missing', { required: ['a', 'b', 'c'] }, { b: 1 }, ['/: "a", "c" are missing']],
  [
    'what is needed beside something',
    { dependencies: { tls: ['cert'] } },
    { tls: {} },
    ['/: "cert" is missing, needed beside "tls"'],
  ],
];

t.test('what is wrong is said in words that name no keyword', async (t) => {
  for (const [title, schema, value, words] of WORDS) t.strictSame(told(schema, value), words, title);
});

t.test('of a secret value nothing is said but what is wanted', async (t) => {
  const rows: readonly (readonly [schema: object, value: unknown, words: string])[] = [
    [{ type: 'integer' }, 's3cr3t', '/: a whole number is needed'],
    [{ minLength: 8 }, 's3cr3t', '/: at least 8 characters are needed'],
    [{ maximum: 5 }, 4711, '/: at most 5 is allowed'],
    [{ const: 'public' }, 's3cr3t', '/: nothing but "public" is allowed'],
    [{ enum: ['a', 'b'] }, 's3cr3t', '/: one of "a", "b" is needed'],
    [{ pattern: '^x' }, 's3cr3t', '/: it does not match ^x'],
    [{ uniqueItems: true }, ['s3cr3t', 's3cr3t'], '/: two items are equal'],
    [{ propertyNames: { maxLength: 2 } }, { s3cr3t: 1 }, '/: the name does not fit: at most 2 characters are allowed'],
  ];
  for (const [schema, value, words] of rows) t.strictSame(told(schema, value, true), [words]);
});

const nested = (levels: number, inner: object): object =>
  levels === 0 ? inner : { allOf: [nested(levels - 1, inner)] };

const chain = (length: number, last: (n: number) => object): object => ({
  $ref: '#/$defs/a0',
  $defs: Object.fromEntries(Array.from({ length }, (_, n) => [`a${n}`, last(n + 1)])),
});

t.test('no schema holds up who judges by it', async (t) => {
  const doubling = chain(60, (n) =>
    n === 60 ? {} : { allOf: [{ $ref: `#/$defs/a${n}` }, { $ref: `#/$defs/a${n}` }] },
  );
  const long = chain(5_000, (n) => (n === 5_000 ? {} : { $ref: `#/$defs/a${n}` }));
  const many = {
    patternProperties: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`^a{1,900}b${n}$`, {}])),
  };
  t.strictSame(told(doubling, {}), 'too costly', 'each schema asks the next one twice');
  t.strictSame(told(long, {}), 'too costly', 'a chain that would end the stack');
  t.strictSame(told({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}b`), ['/: it does not match ^(a+)+$']);
  t.strictSame(told({ pattern: '^([a-z]{1,30}){1,33}$' }, 'a'.repeat(1_000_000)), 'too costly');
  t.strictSame(told(many, { ab: 1 }), 'too costly');
  t.match(told(nested(150, {}), {}), /nested more than 200 levels deep/, 'each level of this has two');
  t.match(told(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, {}), /nested more than/);
  t.match(told(JSON.stringify({ description: 'x'.repeat(3_000_000) }), {}), /more than 2 MiB/);
  t.strictSame(told({ enum: Array.from({ length: 20_000 }, (_, n) => ({ n, x: n })) }, { n: 0, x: 1 }).length, 1);
});

t.test('an expression costs what it becomes, in a schema and in the values', async (t) => {
  const within = (count: number): string => `^((([a-z]${'x'.repeat(70)}){10}){10}){${count}}$`;
  const regex = { $schema: 'http://json-schema.org/draft-07/schema#', format: 'regex' };
  t.strictSame(told({ pattern: within(10) }, 'x'), 'too costly', 'repetitions within repetitions');
  t.strictSame(told({ properties: { a: { pattern: within(10) }, b: { type: 'string' } } }, { b: 'x' }), []);
  t.strictSame(told({ pattern: within(1) }, 'x').length, 1);
  t.strictSame(told(regex, within(10)), 'too costly');
  t.strictSame(
    told(
      { ...regex, format: undefined, items: regex },
      Array.from({ length: 10 }, () => within(1)),
    ),
    'too costly',
  );
  t.strictSame(told(regex, `${'x'.repeat(2_000)}(`), ['/: this is no regex']);
  t.strictSame(told(regex, 'x'.repeat(2_000)), [], 'which is no reason to refuse it');
});

t.test('what an expression becomes is never more than is counted', async (t) => {
  const parts = [
    'a',
    '\\pL',
    '[]x(]',
    '[[:alpha:](]',
    '\\Qa(\\E',
    '\\(',
    '\\x{41}',
    '(',
    '(?:',
    '(?i)',
    ')',
    ')',
    '{2}',
    '{0,4}',
    '{2,}',
    '{9}',
    '*',
    '?',
    '|',
    '^',
    '()',
  ];
  let [seed, compared] = [1, 0];
  for (let turn = 0; turn < 20_000; turn += 1) {
    const picked = Array.from({ length: 8 }, () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return parts[Math.floor((seed / 2 ** 31) * parts.length)];
    });
    const text = picked.join('');
    const size = expressionSize(text);
    const read = size < 5_000 ? readExpression(text) : { kind: 'invalid' as const };
    if (read.kind === 'invalid') continue;
    compared += 1;
    if (read.expression.programSize() > size + 2) t.fail(`${text}: ${read.expression.programSize()}, counted ${size}`);
  }
  t.ok(compared > 500, `${compared}`);
  t.ok(expressionSize('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,5}$') < 1_000);
  t.ok(expressionSize(`(?i)[${'a-\u{10fffe}'.repeat(100)}]`) > 100_000, 'each range is folded by its characters');
});

t.test('another document is never loaded, and a draft must be known', async (t) => {
  for (const $ref of ['https://example.com/schema.json', 'other.json', '/etc/passwd', 'file:///etc/passwd'])
    t.match(told({ properties: { a: { $ref } } }, {}), /leads to another document, which is not loaded/, $ref);
  t.match(
    told({ $schema: 'https://example.com/mine' }, {}),
    /^\/\$schema: \$schema names a draft that is not known here/,
  );
});

t.test('a schema is judged by with the values of its keys alone, whatever they are called', async (t) => {
  const schema = '{"properties": {"__proto__": {"type": "string"}}, "required": ["__proto__"]}';
  t.strictSame(told(schema, JSON.parse('{"__proto__": 1}')), [
    '/__proto__: a text is needed, and this is a whole number',
  ]);
  t.strictSame(told(schema, {}), ['/: "__proto__" is missing']);
});
