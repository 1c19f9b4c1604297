import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { isLargerThan } from '../../api/json-size.js';
import { parseKey } from '../../api/values/parse-key.js';
import { provenanceOf } from '../../api/values/provenance.js';
import { type ResolvedValues, resolveValues, type ValuesInput } from '../../api/values/resolve.js';
import type { ValueMap } from '../../api/values/value.js';
import { writeValuesFile } from '../../api/values/write-file.js';
import { configMap, resolve, secret } from './values-inputs.js';

const valuesOf = (resolved: ResolvedValues): unknown =>
  resolved.kind === 'resolved' ? resolved.values : resolved.message;

/** What a key of a ConfigMap holds → what becomes of it. */
const KEYS: readonly { title: string; key?: string; text: string; want: unknown }[] = [
  { title: 'a map', text: 'a:\n  b: 1\n', want: { a: { b: 1 } } },
  { title: 'JSON is YAML', key: 'values.json', text: '{"a": [1, "x", null, true]}', want: { a: [1, 'x', null, true] } },
  { title: 'nothing at all is no values', text: '', want: {} },
  { title: 'a comment is no values', text: '# later\n', want: {} },
  { title: 'null is no values', text: '~', want: {} },
  {
    title: 'texts in quotes stay texts',
    text: 'a: "true"\nb: "007"\nc: "null"\nd: "1e3"\ne: "1.0"\nf: "yes"',
    want: { a: 'true', b: '007', c: 'null', d: '1e3', e: '1.0', f: 'yes' },
  },
  {
    title: 'integers are exact up to 2^53',
    text: 'a: 1000000\nb: 9007199254740991\nc: -9007199254740991',
    want: { a: 1000000, b: 9007199254740991, c: -9007199254740991 },
  },
  {
    title: 'keys with dots, slashes, brackets, and an empty one',
    text: '"kubernetes.io/role": a\n"l[0]": b\n"": c',
    want: { 'kubernetes.io/role': 'a', 'l[0]': 'b', '': 'c' },
  },
  { title: 'keys that are numbers or booleans become texts', text: '1: a\ntrue: b', want: { '1': 'a', true: 'b' } },
  {
    title: 'null, an empty map and an empty list are values',
    text: 'a: null\nb: {}\nc: []',
    want: { a: null, b: {}, c: [] },
  },
  { title: 'a merge key in quotes is a key like any other', text: '"<<": {a: 1}', want: { '<<': { a: 1 } } },
  { title: 'an anchor that nobody refers to', text: 'a: &x 1', want: { a: 1 } },
  {
    title: 'a list',
    text: '- 1',
    want: 'key "values.yaml" of ConfigMap ops/app-config is a list, where a map of values is needed',
  },
  {
    title: 'a single value under a YAML key',
    key: 'values.yml',
    text: 'hello',
    want: 'key "values.yml" of ConfigMap ops/app-config is a single value, where a map of values is needed',
  },
  {
    title: 'several documents',
    text: 'a: 1\n---\nb: 2',
    want: 'key "values.yaml" of ConfigMap ops/app-config has several YAML documents, where one is needed',
  },
  {
    title: 'duplicate keys',
    text: 'a: 1\nb: 2\na: 3',
    want: 'key "values.yaml" of ConfigMap ops/app-config has a key twice in one map: line 3, column 1: "a"',
  },
  {
    title: 'an integer beyond 2^53',
    text: 'a:\n  b: 9007199254740993',
    want: 'key "values.yaml" of ConfigMap ops/app-config has an integer beyond 2^53, which would lose digits: quote it: line 2, column 6',
  },
  {
    title: 'infinity',
    text: 'a: .inf',
    want: 'key "values.yaml" of ConfigMap ops/app-config has a number that JSON does not know: quote it: line 1, column 4',
  },
  {
    title: 'a map as key',
    text: '? {a: 1}\n: 2',
    want: 'key "values.yaml" of ConfigMap ops/app-config has a key that is no text: line 1, column 3',
  },
  {
    title: 'an unknown tag',
    text: 'a: !secret x',
    want: 'key "values.yaml" of ConfigMap ops/app-config is no YAML: line 1, column 4: Unresolved tag: !secret',
  },
  {
    title: 'a line that is indented too far',
    text: 'a: 1\n  b: 2',
    want: 'key "values.yaml" of ConfigMap ops/app-config is no YAML: line 2, column 4: mapping values are not allowed here',
  },
  {
    title: 'a colon too many',
    text: 'a:\n  image: nginx: latest',
    want: 'key "values.yaml" of ConfigMap ops/app-config is no YAML: line 2, column 10: mapping values are not allowed here',
  },
  {
    title: 'a quote that does not end',
    text: 'a: "x\nb: 1',
    want: 'key "values.yaml" of ConfigMap ops/app-config is no YAML: line 2, column 5: Missing closing "quote',
  },
  {
    title: 'a tab as indentation',
    text: 'a:\n\tb: 1',
    want: /^key "values.yaml" of ConfigMap ops\/app-config is no YAML: line 2, column 1: /,
  },
  {
    title: 'deep nesting',
    text: `a: ${'['.repeat(200)}${']'.repeat(200)}`,
    want: 'key "values.yaml" of ConfigMap ops/app-config is nested more than 100 levels deep',
  },
  {
    title: 'nesting that would end the stack',
    text: '['.repeat(60_000),
    want: 'key "values.yaml" of ConfigMap ops/app-config is nested more than 100 levels deep',
  },
  {
    title: 'half a character',
    text: 'a: "\\ud800"',
    want: 'a of ConfigMap ops/app-config (key "values.yaml") has half a character (a lone surrogate), which no file can hold',
  },
  {
    title: 'a key that YAML readers do not take',
    text: `? ${'k'.repeat(1001)}\n: 1`,
    want: /^k{200} of ConfigMap ops\/app-config \(key "values.yaml"\) has a key of more than 1000 characters$/,
  },
];

t.test('each key with a YAML ending is YAML with a map at its root', (t) => {
  for (const { title, key = 'values.yaml', text, want } of KEYS) {
    const got = valuesOf(resolve([configMap('app-config', { [key]: text })]));
    if (want instanceof RegExp) t.match(got, want, title);
    else t.strictSame(got, want, title);
  }
  t.end();
});

t.test('of what is wrong in a Secret only the place is told', (t) => {
  const marked = 'supersecret';
  const texts = [
    `a: !${marked} x`,
    `a: 1\n ${marked}: 2`,
    `${marked}: 1\n${marked}: 2`,
    `- ${marked}`,
    `a: *${marked}`,
    `a: "${marked}\\ud800"\n`,
    `${marked}: "\\ud800"`,
  ];
  for (const text of texts) {
    const got = resolve([secret('app-secret', { 'values.yaml': text })]);
    t.equal(got.kind, 'invalid');
    t.notMatch(JSON.stringify(got), marked, text);
  }
  const position = { line: 2, column: 1 };
  const message = 'key "values.yaml" of Secret ops/app-secret has a key twice in one map: line 2, column 1';
  t.strictSame(resolve([secret('app-secret', { 'values.yaml': 'a: 1\na: 2' })]), {
    kind: 'invalid',
    problems: [
      {
        rule: 'values-key-twice',
        code: 'FieldValueInvalid',
        field: 'spec.converge.valuesFrom[0].secretRef.name',
        message: `Invalid value: "app-secret": ${message}`,
        text: message,
        source: { kind: 'Secret', name: 'app-secret', namespace: 'ops' },
        key: 'values.yaml',
        position,
      },
    ],
    message,
  });
  t.end();
});

t.test("a source that does not exist is told of in the guide's words, unless it is optional", (t) => {
  const config: ValuesInput = { source: { configMapRef: { name: 'app-config' } } };
  const keys: ValuesInput = { source: { secretRef: { name: 'app-keys' } } };
  const own = resolveValues({ sources: [config, keys], bundleNamespace: 'ops', targetNamespace: 'ops' });
  t.strictSame(own, {
    kind: 'invalid',
    problems: [
      {
        rule: 'reference-absent',
        code: 'FieldValueNotFound',
        field: 'spec.converge.valuesFrom[0].configMapRef.name',
        message: "Not found: failed to get ConfigMap 'app-config' from namespace 'ops'",
        text: "failed to get ConfigMap 'app-config' from namespace 'ops'",
        source: { kind: 'ConfigMap', name: 'app-config' },
      },
      {
        rule: 'reference-absent',
        code: 'FieldValueNotFound',
        field: 'spec.converge.valuesFrom[1].secretRef.name',
        message: "Not found: failed to get Secret 'app-keys' from namespace 'ops'",
        text: "failed to get Secret 'app-keys' from namespace 'ops'",
        source: { kind: 'Secret', name: 'app-keys' },
      },
    ],
    message:
      "failed to get ConfigMap 'app-config' from namespace 'ops'; failed to get Secret 'app-keys' from namespace 'ops'",
  });
  const cross = resolveValues({ sources: [config, keys], bundleNamespace: 'ops', targetNamespace: 'production' });
  t.equal(
    valuesOf(cross),
    "configMap 'app-config' not found in namespaces 'ops' or 'production'; secret 'app-keys' not found in namespaces 'ops' or 'production'",
  );
  const optional = { source: { ...config.source, optional: true } };
  t.strictSame(valuesOf(resolve([optional])), {}, 'skipped if it is optional');
  const many = Array.from({ length: 25 }, (_, n) => ({ source: { configMapRef: { name: `c${n}` } } }));
  t.match(valuesOf(resolve(many)), /from namespace 'ops'; and 5 more$/, 'a message has an end');
  t.end();
});

t.test('the keys of a source merge in the order of their names, unless one is named', (t) => {
  const data = { 'b.yaml': 'x: b\nw: 1', 'a.yaml': 'x: a\nz: 1' };
  t.strictSame(valuesOf(resolve([configMap('c', data)])), { x: 'b', z: 1, w: 1 }, 'merge in the order of their names');
  t.strictSame(valuesOf(resolve([configMap('c', data, { key: 'a.yaml' })])), { x: 'a', z: 1 }, 'one key may be named');
  t.equal(
    valuesOf(resolve([configMap('c', data, { key: 'd.yaml' })])),
    'ConfigMap ops/c has no key "d.yaml"; it has "a.yaml", "b.yaml"',
    'a key that does not exist',
  );
  const optional = configMap('c', data, { key: 'd.yaml' });
  t.strictSame(
    valuesOf(resolve([{ ...optional, source: { ...optional.source, optional: true } }])),
    {},
    '... is skipped if optional',
  );
  t.equal(valuesOf(resolve([configMap('c', {})])), 'ConfigMap ops/c has no keys', 'a source without keys');
  t.equal(
    valuesOf(resolve([configMap('c', {}, { binary: ['logo'] })])),
    'key "logo" of ConfigMap ops/c is binary; name the key that holds values in valuesFrom[].key',
    'binary data',
  );
  t.strictSame(
    valuesOf(resolve([configMap('c', data, { binary: ['logo'], key: 'a.yaml' })])),
    { x: 'a', z: 1 },
    '... that is not used',
  );
  t.end();
});

t.test('later sources win: maps merge, lists and single values replace, null stays', (t) => {
  const base = configMap('base', { 'v.yaml': 'app: {replicas: 1, image: a}\nlist: [1, 2]\ngone: {x: 1}\nkept: {}' });
  const over = secret('over', { 'v.yaml': 'app: {replicas: 3}\nlist: [3]\ngone: null\nkept: {a: 1}' });
  const got = resolve([base, over], { app: { image: 'b', empty: {} }, list: [] });
  t.strictSame(valuesOf(got), { app: { replicas: 3, image: 'b', empty: {} }, list: [], gone: null, kept: { a: 1 } });
  const leaves = got.kind === 'resolved' ? got.leaves : [];
  const fromBase = { kind: 'ConfigMap', namespace: 'ops', name: 'base', key: 'v.yaml' };
  const fromOver = { ...fromBase, kind: 'Secret', name: 'over' };
  t.strictSame(
    [...provenanceOf(leaves)],
    [
      ['app.replicas', fromOver],
      ['app.image', { kind: 'spec' }],
      ['app.empty', { kind: 'spec' }],
      ['list', { kind: 'spec' }],
      ['gone', fromOver],
      ['kept.a', fromOver],
    ],
    'each value knows its source',
  );
  t.strictSame(
    valuesOf(resolve([configMap('c', { 'v.yaml': 'a: {b: 1}' })], { a: {} })),
    { a: { b: 1 } },
    'an empty map changes nothing',
  );
  t.end();
});

t.test('what is probably meant otherwise is warned about, with both sources', (t) => {
  const got = resolve([configMap('c', { name: 'x', other: 'y', 'v.yaml': 'a: {b: 1}' })], { a: 1 });
  t.strictSame(got.kind === 'resolved' && got.warnings, [
    {
      rule: 'values-single-text',
      field: 'spec.converge.valuesFrom[0].configMapRef.name',
      message:
        'key "name" of ConfigMap ops/c holds a single text: it becomes the text value "name"; YAML belongs under a key that ends in .yaml',
    },
    {
      rule: 'values-clash',
      field: 'spec.converge.values',
      message:
        'a is a map in one of ConfigMap ops/c (key "v.yaml") and spec.converge.values and none in the other: the latter wins',
    },
  ]);
  t.end();
});

t.test('no key reaches a prototype', (t) => {
  const evil = '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 2}}\ntoString: x';
  const got = resolve([
    configMap('a', { 'v.yaml': evil }),
    configMap('b', { 'v.yaml': '__proto__: {more: 1}', __proto__x: 'y' }),
  ]);
  t.equal(
    JSON.stringify(valuesOf(got)),
    '{"__proto__":{"polluted":1,"more":1},"constructor":{"prototype":{"polluted":2}},"toString":"x","__proto__x":"y"}',
  );
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
  t.end();
});

/**
 * Values that a Go YAML 1.1 reader must read as they are. Given to one by hand, behind a comment, so that it does not take the file
 * for JSON (`kubectl annotate --local -o json`): all of them came back unchanged.
 */
const HARD = {
  texts: [
    'a,b',
    'a=b',
    'a\\b',
    '[x]',
    '{',
    '{}',
    '"',
    "'",
    'a\nb\n',
    '-----BEGIN X-----\nMII=\n-----END X-----\n',
    'grün 🚀',
    '  x  ',
    '$(HOME)',
  ],
  looksOtherwise: [
    'true',
    '007',
    'null',
    '1e3',
    '1.0',
    'yes',
    'no',
    'off',
    '0777',
    '0o17',
    '0x1f',
    '1_000',
    '12:30',
    '2024-01-01',
    '~',
    '',
    '=',
    '<<',
    '.inf',
    '- a',
    '# b',
    'a: b',
    '*a',
    '&a',
    '!a',
  ],
  controls: ['\u0000', '\u0007', '\u007f', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff', '\uffff', '\t', '\r\n'],
  numbers: [0, 1, -1, 1000000, 9007199254740991, 1.5, 1e-7, 1e21, 0.1],
  others: [null, true, false, {}, [], [[]], [{ a: [] }]],
  'kubernetes.io/role': { 'l[0]': 1, '': 2, yes: 3, '0777': 4, null: 5, '<<': 6, '- x': 7 },
};

t.test('the values file says the same to readers of YAML 1.1 and 1.2', (t) => {
  const file = writeValuesFile(HARD);
  for (const version of ['1.1', '1.2'] as const) t.strictSame(parse(file, { version }), HARD, `YAML ${version}`);
  t.notMatch(file, /[\u007f-\u009f\u2028\u2029\ufeff\uffff]/, 'nothing that a reader refuses or takes as a line break');
  const anyValues = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.jsonValue({ maxDepth: 3 }), {
    maxKeys: 6,
  });
  const law = fc.property(anyValues, (values) => {
    const got = resolve([], JSON.parse(JSON.stringify(values)));
    if (got.kind !== 'resolved') return true;
    const read = (version: '1.1' | '1.2') =>
      JSON.stringify(parse(writeValuesFile(got.values as ValueMap), { version }));
    return read('1.1') === JSON.stringify(got.values) && read('1.2') === read('1.1');
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 200 }), 'for any values');
  t.strictSame(resolve([], {}).kind === 'resolved' && resolve([], {}), {
    kind: 'resolved',
    values: {},
    secretTexts: [],
    leaves: [],
    warnings: [],
  });
  t.end();
});

t.test('what could not arrive as it is written is refused', (t) => {
  const large = 'x'.repeat(600_000);
  t.match(
    valuesOf(resolve([configMap('a', { 'v.yaml': `a: ${large}` }), configMap('b', { 'v.yaml': `b: ${large}` })])),
    /^the merged values have 12000\d\d bytes; at most 1000000 can be delivered$/,
  );
  const four = ['a', 'b', 'c', 'd'].map((name) => configMap(name, { 'v.yaml': `${name}: ${large}` }));
  t.equal(valuesOf(resolve(four)), 'all sources together have 2400012 bytes; at most 2097152 are read');
  t.equal(
    valuesOf(resolve([], { a: { b: [2 ** 53] } })),
    'a.b of spec.converge.values has an integer beyond 2^53, which would lose digits: quote it',
  );
  t.match(
    valuesOf(resolve([], { ['\u2028'.repeat(200)]: 1 })),
    / of spec.converge.values has a key of more than 1000 characters$/,
  );
  let deep: unknown = 1;
  for (let level = 0; level < 5_000; level += 1) deep = { a: deep };
  t.equal(valuesOf(resolve([], { a: deep })), 'spec.converge.values is nested more than 100 levels deep');
  t.end();
});

t.test('every text of a Secret with 6 characters or more is to be hidden in logs, whether or not it has won', (t) => {
  const pem = '-----BEGIN X-----\n  MIIabc\nshort\n-----END X-----\n';
  const got = resolve(
    [
      secret('s', {
        'v.yaml': 'a: password\nb: [nested1, {c: 123456}]\nd: short\ne: true\nf: 1234567.5',
        token: '0123456',
        pem,
      }),
      configMap('c', { 'v.yaml': 'a: harmless\nx: visible text' }),
    ],
    { inline: 'visible too' },
  );
  t.strictSame(
    got.kind === 'resolved' && [...got.secretTexts].sort(),
    [
      '  MIIabc',
      '-----BEGIN X-----',
      pem,
      '-----END X-----',
      '0123456',
      '1.2345675e+06',
      '1.23456e+05',
      '123456',
      '1234567.5',
      'MIIabc',
      'nested1',
      'password',
    ].sort(),
  );
  t.end();
});

t.test('so are its keys, and what is JSON in a text', (t) => {
  const texts = (data: Record<string, string>) => {
    const got = resolve([secret('s', data)]);
    return got.kind === 'resolved' && [...got.secretTexts].sort();
  };
  const map = 'sk-live-51abcdef: alice\nnested: {"inner-key": {short: [{"in-a-list": 1}]}}';
  t.strictSame(texts({ 'values.yaml': map }), ['in-a-list', 'inner-key', 'nested', 'sk-live-51abcdef'], 'keys');
  const json = JSON.stringify({ password: 'hunter22', more: JSON.stringify(['in-json', 7654321]) });
  t.strictSame(
    texts({ 'credentials-name.yaml': `text: ${JSON.stringify(json)}` }),
    ['7.654321e+06', '7654321', '["in-json",7654321]', 'hunter22', 'in-json', json, 'password'].sort(),
    'JSON in JSON; the name of a key of the Secret is none of its contents',
  );
  t.strictSame(texts({ 'values.yaml': 'a: 1e21' })?.toString(), '1000000000000000000000', 'a number in all its digits');
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  t.strictSame(texts({ token: deep }), [deep], 'no nesting overflows the stack');
  t.end();
});

t.test('a large text is read in time linear in its size', (t) => {
  const keys = Array.from({ length: 20_000 }, (_, n) => `key${n}: value`).join('\n');
  const started = process.hrtime.bigint();
  const parsed = parseKey('values.yaml', keys);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  t.equal(parsed.kind === 'map' && Object.keys(parsed.values).length, 20_000);
  t.ok(ms < 10_000, `20,000 keys took ${ms.toFixed()} ms`);
  t.end();
});

t.test('the size of JSON is looked at no further than is needed', (t) => {
  t.equal(isLargerThan(undefined, 1), false);
  t.equal(isLargerThan({ a: ['xyz', 1, null] }, 9), false);
  t.equal(isLargerThan({ a: ['xyz', 1, null] }, 8), true);
  t.equal(isLargerThan({ ['k'.repeat(100)]: 1 }, 50), true);
  t.equal(isLargerThan(Array.from({ length: 100 }), 50), true, 'parts count, whatever they are');
  t.end();
});
