import fc from 'fast-check';
import t from 'tap';
import { foundSource } from '../../api/values/found-source.js';
import { parseKey } from '../../api/values/parse-key.js';
import type { ResolvedValues } from '../../api/values/resolve.js';
import { configMap, resolve, secret } from './values-inputs.js';

const valuesOf = (resolved: ResolvedValues): unknown =>
  resolved.kind === 'resolved' ? resolved.values : resolved.message;
const warningsOf = (got: ResolvedValues): unknown => (got.kind === 'resolved' ? got.warnings : got.message);
const read = (text: string): unknown => valuesOf(resolve([configMap('c', { 'v.yaml': text })]));

/** Plain scalars → what Helm makes of them. */
const SCALARS: readonly (readonly [texts: string, value: unknown])[] = [
  ['y Y yes Yes YES on On ON true True TRUE', true],
  ['n N no No NO off Off OFF false False FALSE', false],
  ['~ null Null NULL', null],
  ['0644 0o644 0O644 +0644 0_644 420 0x1A4 0b110100100', 420],
  ['-0644 -0o644 -0x1a4 0b-110100100', -420],
  ['1_000 1000 1__0_00_ 1e3 1E+3 1000.0 1_000.0 +1000', 1000],
  ['08 8. 8.0 8e0', 8],
  ['.5 +.5 0.5 5e-1', 0.5],
  ['0 -0 +0 00 -0.0 0x0', 0],
];
/** Plain scalars that are texts to Helm, whatever other readers say. */
const TEXTS =
  'yEs oN nUll tRue _1 0b12 0o8 0x 0xg 1e 1e400 ._5 . + 12:30 190:20:30 2024-01-01 2001-12-14t21:59:43.10-05:00 << = 1.2.3 .iNf NaN 6063e';

t.test('scalars mean what they mean to Helm', (t) => {
  for (const [texts, value] of SCALARS) {
    for (const text of texts.split(' ')) t.strictSame(read(`a: [${text}]`), { a: [value] }, text);
  }
  for (const text of TEXTS.split(' ')) t.strictSame(read(`a: ${text}`), { a: text }, `${text} is a text`);
  const rows: readonly (readonly [text: string, want: unknown])[] = [
    ['%YAML 1.1\n---\na: yes', { a: true }],
    ['a: !!str yes\nb: !!str 0777\nc: !!str', { a: 'yes', b: '0777', c: '' }],
    ['a: !!int "0644"\nb: !!float 1\nc: !!bool "on"\nd: !!null ""', { a: 420, b: 1, c: true, d: null }],
    ['a: !!binary aGk=\nb: !!binary |\n  aGVs\n  bG8=\n', { a: 'hi', b: 'hello' }],
    ['a: !!timestamp 2024-02-29\nb: ! 12\nc: !<tag:yaml.org,2002:str> 1', { a: '2024-02-29', b: '12', c: '1' }],
    ['a: !!map {b: 1}\nc: !!set {d, e}', { a: { b: 1 }, c: { d: null, e: null } }],
    ['a: |\n  yes\nb: >-\n  0777\n', { a: 'yes\n', b: '0777' }],
    ['a:\nb: ""', { a: null, b: '' }],
  ];
  for (const [text, want] of rows) t.strictSame(read(text), want, text);
  t.end();
});

t.test('keys are the texts that Helm makes of them', (t) => {
  const rows: readonly (readonly [text: string, want: unknown])[] = [
    ['y: 1\non: 2\n', 'key "v.yaml" of ConfigMap ops/c has a key twice in one map: line 2, column 1: "true"'],
    ['{y: 1, no: 2}', { true: 1, false: 2 }],
    ['0777: a\n1_000: b\n0x10: c\n08: d\n-1: e', { 511: 'a', 1000: 'b', 16: 'c', 8: 'd', '-1': 'e' }],
    [
      '1.5: a\n1e6: b\n1234567.0: c\n16777217.0: d',
      { 1.5: 'a', '1e+06': 'b', '1.234567e+06': 'c', '1.6777216e+07': 'd' },
    ],
    ['0.00001: a\n1e300: b\n.nan: c\n-0.0: d', { '1e-05': 'a', '.inf': 'b', '.nan': 'c', '-0': 'd' }],
    ['9007199254740993: a', { '9007199254740993': 'a' }],
    ['"y": 1\n!!str on: 2\n!!binary aGk=: 3\n2024-01-01: 4', { y: 1, on: 2, hi: 3, '2024-01-01': 4 }],
    ['a: &k key\n*k : 1', { a: 'key', key: 1 }],
    ['~: 1', 'key "v.yaml" of ConfigMap ops/c has a key that is no text: line 1, column 1'],
    ['1: a\n"1": b', 'key "v.yaml" of ConfigMap ops/c has a key twice in one map: line 2, column 1: "1"'],
  ];
  for (const [text, want] of rows) t.strictSame(read(text), want, text);
  t.end();
});

t.test('anchors and merge keys mean what they mean to Helm', (t) => {
  const rows: readonly { readonly title: string; readonly text: string; readonly want: unknown }[] = [
    { title: 'an alias', text: 'a: &x {b: [1]}\nc: *x', want: { a: { b: [1] }, c: { b: [1] } } },
    { title: 'the last anchor of a name', text: 'a: &x 1\nb: &x 2\nc: *x', want: { a: 1, b: 2, c: 2 } },
    {
      title: 'a merge',
      text: 'base: &b {x: 1}\napp:\n  <<: *b\n  y1: 2',
      want: { base: { x: 1 }, app: { x: 1, y1: 2 } },
    },
    { title: 'what follows a merge wins', text: '<<: {a: 1, b: 1}\na: 2', want: { a: 2, b: 1 } },
    { title: 'what stands before one does not', text: 'a: 2\n<<: {a: 1}', want: { a: 1 } },
    { title: 'the first of a list of maps wins', text: '<<: [{a: 1}, {a: 2, b: 2}]', want: { a: 1, b: 2 } },
    {
      title: 'a merge in a merge',
      text: 'a: &a {x: 1}\nb: &b {<<: *a, z: 1}\nc: {<<: *b}',
      want: { a: { x: 1 }, b: { x: 1, z: 1 }, c: { x: 1, z: 1 } },
    },
    { title: 'two merges', text: '<<: {a: 1}\nb: 1\n<<: {b: 2}', want: { a: 1, b: 2 } },
    { title: 'a merge by its tag', text: '!!merge "<<": {a: 1}', want: { a: 1 } },
    {
      title: 'no map to merge',
      text: '<<: 1',
      want: /has a merge key \(<<\) without a map, or a list of maps: line 1, column 5$/,
    },
    {
      title: 'no maps to merge',
      text: 'a: &a [1]\n<<: *a',
      want: /has a merge key \(<<\) without a map, or a list of maps: line 2, column 5$/,
    },
    {
      title: 'no anchor',
      text: 'a: *x',
      want: /has an alias \(\*name\) of an anchor that is not there: line 1, column 4$/,
    },
    {
      title: 'an alias within its anchor',
      text: 'a: &x {b: *x}',
      want: /has an alias \(\*name\) within what it stands for: line 1, column 11$/,
    },
  ];
  for (const { title, text, want } of rows) {
    if (want instanceof RegExp) t.match(read(text), want, title);
    else t.strictSame(read(text), want, title);
  }
  const levels = 'abcdefghij'.split('');
  const laughs = levels
    .map((name, n) => `${name}: &${name} [${n === 0 ? 'x' : `${`*${levels[n - 1]}, `.repeat(9)}`}]`)
    .join('\n');
  t.match(read(laughs), /has aliases \(\*name\) that stand for more than 1000000 characters: line \d+, column \d+$/);
  const chain = Array.from({ length: 2_000 }, (_, n) => `k${n}: &k${n} [${n === 0 ? 'x' : `*k${n - 1}`}]`).join('\n');
  t.match(read(chain), /is nested more than 100 levels deep$/, 'levels behind aliases count');
  t.end();
});

t.test('nesting that would end the stack is found before anything is parsed', (t) => {
  const levels = 60_000;
  const deep: Readonly<Record<string, string>> = {
    brackets: '['.repeat(levels),
    'brackets of maps': '{a: '.repeat(levels),
    'brackets on lines of their own': `a:\n${' [\n'.repeat(levels)}`,
    dashes: `a:\n${'- '.repeat(levels)}x`,
    'question marks': `${'? '.repeat(levels)}x`,
    indentation: Array.from({ length: 1_000 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
  };
  for (const [what, text] of Object.entries(deep)) {
    t.equal(read(text), 'key "v.yaml" of ConfigMap ops/c is nested more than 100 levels deep', what);
    t.strictSame(valuesOf(resolve([configMap('c', { text })])), { text }, `${what}, which are a text elsewhere`);
  }
  const wide = Array.from({ length: 2_000 }, (_, n) => `k${n}: [1, {a: -1 - 2}] # - - -`).join('\n');
  t.equal(parseKey('v.yaml', wide).kind, 'map', 'many lines are not deep');
  t.end();
});

t.test('what JSON cannot hold, and what Helm refuses, is refused', (t) => {
  const rows: readonly (readonly [text: string, reason: string])[] = [
    ['a: .inf', 'has a number that JSON does not know: quote it: line 1, column 4'],
    ['a: !!float .nan', 'has a number that JSON does not know: quote it: line 1, column 12'],
    ['a: 9_007_199_254_740_993', 'has an integer beyond 2^53, which would lose digits: quote it: line 1, column 4'],
    ['a: 0xffffffffffffff', 'has an integer beyond 2^53, which would lose digits: quote it: line 1, column 4'],
    ['a: 123456789012345678901234', 'has an integer beyond 2^53, which would lose digits: quote it: line 1, column 4'],
    ['a: !!int x', 'has a value that is no !!int: line 1, column 10'],
    ['a: !!bool 1', 'has a value that is no !!bool: line 1, column 11'],
    ['a: !!binary x', 'has a value that is no !!binary: line 1, column 13'],
    ['a: !!binary /w==', 'has a value that is no !!binary: line 1, column 13'],
    ['a: !!timestamp 2023-02-29', 'has a value that is no !!timestamp: line 1, column 16'],
    ['a: !!foo x', 'is no YAML: line 1, column 4: Unresolved tag: tag:yaml.org,2002:foo'],
    ['a: !x {b: 1}', 'is no YAML: line 1, column 4: Unresolved tag: !x'],
    ['a: "x\u0007y"', 'has a control character (U+0007): write it as an escape in double quotes: line 1, column 6'],
    ['%YAML 1.2\n---\na: 1', 'says that it is YAML of another version than 1.1, which Helm does not read'],
  ];
  for (const [text, reason] of rows)
    t.equal(read(text), `key "v.yaml" of ConfigMap ops/c ${reason}`, `refused: ${reason.slice(0, 30)}`);
  t.end();
});

/** A plain scalar → what is said of it; undefined if nothing is. */
const AMBIGUOUS: readonly (readonly [scalar: string, warning: string | undefined])[] = [
  ['yes', 'is read as true; readers of YAML 1.2 take it for a text: write "yes" or true'],
  ['Off', 'is read as false; readers of YAML 1.2 take it for a text: write "Off" or false'],
  ['y', 'is read as true; readers of YAML 1.2 take it for a text: write "y" or true'],
  ['0777', 'is read as 511; readers of YAML 1.2 take it for 777: write "0777" or 511'],
  ['-0777', 'is read as -511; readers of YAML 1.2 take it for -777: write "-0777" or -511'],
  ['0899', 'is read as 899; readers of YAML 1.1 take it for a text: write "0899" or 899'],
  ['0o17', 'is read as 15; readers of YAML 1.1 take it for a text: write "0o17" or 15'],
  ['1e3', 'is read as 1000; readers of YAML 1.1 take it for a text: write "1e3" or 1000'],
  ['1_000', 'is read as 1000; readers of YAML 1.2 take it for a text: write "1_000" or 1000'],
  ['0b11', 'is read as 3; readers of YAML 1.2 take it for a text: write "0b11" or 3'],
  ['-0x1f', 'is read as -31; readers of YAML 1.2 take it for a text: write "-0x1f" or -31'],
  ...[
    'true',
    '0',
    '-1',
    '1.5',
    '1.0e+3',
    '0x1f',
    'yesterday',
    'none',
    '"yes"',
    "'0777'",
    '12:30',
    '~',
    '2024-01-01',
    '!!str yes',
    '!!int 0777',
    '.5',
    '-.5',
    '+5',
  ].map((scalar) => [scalar, undefined] as const),
];

t.test('scalars that other readers of YAML read otherwise are warned about', (t) => {
  const field = 'spec.converge.valuesFrom[0].configMapRef.name';
  for (const [scalar, warning] of AMBIGUOUS) {
    const got = warningsOf(resolve([configMap('c', { 'v.yaml': `a:\n  - b: ${scalar}` })]));
    const message = `key "v.yaml" of ConfigMap ops/c: ${scalar} (line 2, column 8) ${warning}`;
    t.strictSame(got, warning === undefined ? [] : [{ rule: 'values-ambiguous', field, message }], scalar);
  }
  const keys = 'y: 1\n"on": 2\n0777: a\n1e3: c\n';
  t.strictSame(
    warningsOf(resolve([configMap('c', { 'v.yaml': keys })])),
    [
      'key y (line 1, column 1) is read as true; readers of YAML 1.2 take it for a text: write "y"',
      'key 0777 (line 3, column 1) is read as 511; readers of YAML 1.2 take it for 777: write "0777"',
      'key 1e3 (line 4, column 1) is read as 1000; readers of YAML 1.1 take it for a text: write "1e3"',
    ].map((message) => ({ rule: 'values-ambiguous', field, message: `key "v.yaml" of ConfigMap ops/c: ${message}` })),
    'and keys',
  );
  const many = { 'v.yaml': Array.from({ length: 1000 }, (_, n) => `k${n}: no`).join('\n') };
  const texts = (got: ResolvedValues) => (got.kind === 'resolved' ? got.warnings.map(({ message }) => message) : []);
  t.strictSame(texts(resolve([configMap('c', many)])).slice(2), [
    'key "v.yaml" of ConfigMap ops/c: no (line 3, column 5) is read as false; readers of YAML 1.2 take it for a text: write "no" or false',
    'key "v.yaml" of ConfigMap ops/c: and 997 more like these',
  ]);
  t.strictSame(
    texts(resolve([secret('s', { ...many, 'w.yaml': 'a: 0123' })])),
    [
      'key "v.yaml" of Secret ops/s has 1000 scalars that other readers of YAML read otherwise, like yes or 0777: quote texts',
      'key "w.yaml" of Secret ops/s has 1 scalar that other readers of YAML read otherwise, like yes or 0777: quote texts',
    ],
    'of a Secret only how many',
  );
  t.end();
});

/** Texts under a key without a YAML ending, each of which is the value of the key's name. */
const SINGLE_TEXTS = [
  'value',
  '0123456',
  '#hash',
  '',
  '\n',
  'Zx9-correct:',
  '{Zx9}',
  '{"a": 1}',
  '[1]',
  '? Zx9',
  '- Zx9',
  '%Zx9',
  '@Zx9',
  '|Zx9',
  '>Zx9',
  '`Zx9',
  '[Zx9',
  '"Zx9',
  "'Zx9",
  '*abc',
  '&abc',
  '!abc',
  'a: 1',
  'a: 1\n',
  'a: 1\r\n',
  '\na: 1\n\n',
  ' lead',
  'trail ',
  '\t',
  'yes',
  '~',
  '---',
  '...',
  '%YAML 1.2',
  '\u0000\u0007',
  '\ufeffx',
  '\u2028',
  '-----BEGIN X-----\nabc\n-----END X-----\n',
  '-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nabc\n-----END X-----\n',
  '{\n  "a": 1\n}\n',
  '- a\n- b\n',
  'a: 1\n  b: 2\n',
  'a: 1\n---\nb: 2\n',
  'one\ntwo\n',
  '\n\n',
  '# a\n# b\n',
  'user nginx;\nevents {\n}\n',
  'A=1\nB=2\n',
  'a: "x\nb: 1',
];

t.test('a key without a YAML ending that holds one line, or no block map, is that text', (t) => {
  for (const text of SINGLE_TEXTS) {
    t.strictSame(valuesOf(resolve([secret('s', { password: text })])), { password: text }, encodeURIComponent(text));
  }
  const printable = fc.string({
    unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
    minLength: 20,
    maxLength: 20,
  });
  const passwords = fc.sample(printable, { numRuns: 20_000, seed: 1 });
  const all = Object.fromEntries(passwords.map((password, n) => [`p${n}`, password]));
  t.strictSame(valuesOf(resolve([secret('s', all)])), all, '20,000 passwords of 20 printable characters');
  t.end();
});

t.test('several lines that are a block map are merged in, which is said', (t) => {
  const warning = (key: string) => ({
    rule: 'values-unmarked-map',
    field: 'spec.converge.valuesFrom[0].configMapRef.name',
    message: `key "${key}" of ConfigMap ops/c holds several lines that are a map: it is merged in, and there is no text value "${key}"; YAML belongs under a key that ends in .yaml`,
  });
  const got = resolve([
    configMap('c', { config: 'a: 1\nb: [2]\n', 'other.conf': '# one\nc: 3', 'v.yml': 'd: 4\ne: 5' }),
  ]);
  t.strictSame(valuesOf(got), { a: 1, b: [2], c: 3, d: 4, e: 5 });
  t.strictSame(warningsOf(got), [warning('config'), warning('other.conf')], 'each such key is named');
  t.equal(
    valuesOf(resolve([configMap('c', { config: 'a: 1\na: 2' })])),
    'key "config" of ConfigMap ops/c has a key twice in one map: line 2, column 1: "a"',
    'such a map has to be one that can be used',
  );
  t.end();
});

t.test('of a Secret what is no UTF-8 is no text, and of a ConfigMap what is binaryData', (t) => {
  const encoded = (bytes: readonly number[]) => Buffer.from(bytes).toString('base64');
  const data = { good: encoded([0x7a, 0xc3, 0xbc]), bad: encoded([0x7a, 0xff]), empty: '' };
  const source = { source: { secretRef: { name: 's' } } };
  const found = foundSource({ kind: 'Secret', namespace: 'ops', name: 's' }, { data });
  t.equal(
    valuesOf(resolve([{ ...source, found }])),
    'key "bad" of Secret ops/s is binary; name the key that holds values in valuesFrom[].key',
  );
  const one = { source: { secretRef: { name: 's' }, key: 'good' }, found };
  t.strictSame(valuesOf(resolve([one])), { good: 'zü' }, 'another key may be named');
  const binaryData = { text: encoded([0x61]) };
  const config = foundSource({ kind: 'ConfigMap', namespace: 'ops', name: 'c' }, { binaryData });
  t.equal(
    valuesOf(resolve([{ source: { configMapRef: { name: 'c' } }, found: config }])),
    'key "text" of ConfigMap ops/c is binary; name the key that holds values in valuesFrom[].key',
  );
  t.end();
});

t.test('merge keys and aliases are read in time linear in the text', (t) => {
  const keys = Array.from({ length: 1_000 }, (_, n) => `key${n}: &a${n} {x: ${n}}`).join('\n');
  const merges = Array.from(
    { length: 1_000 },
    (_, n) => `merge${n}: {<<: [*a${n}, *a${(n * 7) % 1_000}], y: *a${n}}`,
  ).join('\n');
  const started = process.hrtime.bigint();
  const parsed = parseKey('values.yaml', `${keys}\n${merges}`);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  t.equal(parsed.kind, 'map');
  t.ok(ms < 10_000, `it took ${ms.toFixed()} ms`);
  t.end();
});
