import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type Chart, loadChart } from '../../api/chart/chart.js';
import { chartProblems } from '../../api/chart/chart-problems.js';
import { unpackChart } from '../../api/chart/unpack.js';
import { type ResolveInput, resolveValues, type ValuesInput } from '../../api/values/resolve.js';
import { tarOf } from '../../cli/publish/tar.js';
import { type ChartParts, chartFiles } from '../kit/chart-case.js';

const bytesOf = (files: Readonly<Record<string, string>>): ReadonlyMap<string, Buffer> =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));

const chartOf = (parts: ChartParts): Chart => {
  const loaded = loadChart(bytesOf(chartFiles(parts)));
  if (loaded.kind === 'unreadable') throw new Error(loaded.why);
  return loaded.chart;
};

const CHART = chartOf({
  name: 'web',
  defaults: { replicas: 1, service: { port: 80 }, redis: { enabled: true }, mode: 'odd' },
  dependencies: [{ name: 'redis', version: '1.0.0', condition: 'redis.enabled' }],
  schema: {
    properties: {
      replicas: { type: 'integer' },
      service: { properties: { port: { maximum: 65535 } }, additionalProperties: false },
      mode: { enum: ['odd', 'even'] },
      hosts: { items: { required: ['name'], properties: { name: { pattern: '^[a-z.]+$' } } } },
    },
  },
  subcharts: [
    {
      name: 'redis',
      defaults: { auth: { password: 'as long as it takes' } },
      schema: {
        properties: {
          auth: {
            properties: { password: { type: 'string', minLength: 8 } },
            additionalProperties: { type: 'string' },
          },
          global: { properties: { token: { enum: ['a', 'b'] } } },
        },
      },
    },
  ],
});

const source = (kind: 'ConfigMap' | 'Secret', name: string, data: Readonly<Record<string, string>>): ValuesInput => ({
  source: kind === 'ConfigMap' ? { configMapRef: { name } } : { secretRef: { name } },
  found: { kind, namespace: 'shop', name, data },
});

const judged = (given: Pick<ResolveInput, 'sources' | 'inline'>, chart = CHART) => {
  const input = { ...given, bundleNamespace: 'shop', targetNamespace: 'shop' };
  const resolved = resolveValues(input);
  if (resolved.kind === 'invalid') throw new Error(resolved.message);
  return chartProblems(chart, { ...resolved, input });
};

t.test('an inline value is named by its field, and shown', async (t) => {
  const { problems, warnings } = judged({ sources: [], inline: { replicas: 'three', hosts: [{ name: 'A' }] } });
  t.strictSame(warnings, []);
  t.strictSame(problems, [
    {
      rule: 'values-unlike-schema',
      code: 'FieldValueInvalid',
      field: 'spec.converge.values.replicas',
      message:
        'Invalid value: "three": a whole number is needed, and this is a text (values.schema.json of chart web, /properties/replicas/type)',
      text: 'spec.converge.values.replicas: a whole number is needed, and this is a text (values.schema.json of chart web, /properties/replicas/type)',
      place: 'inline',
    },
    {
      rule: 'values-unlike-schema',
      code: 'FieldValueInvalid',
      field: 'spec.converge.values.hosts[0].name',
      message:
        'Invalid value: "A": it does not match ^[a-z.]+$ (values.schema.json of chart web, /properties/hosts/items/properties/name/pattern)',
      text: 'spec.converge.values.hosts[0].name: it does not match ^[a-z.]+$ (values.schema.json of chart web, /properties/hosts/items/properties/name/pattern)',
      place: 'inline',
    },
  ]);
});

t.test('a value of a ConfigMap is named by source, key, line and column', async (t) => {
  const sources = [
    source('ConfigMap', 'base', { 'values.yaml': 'replicas: 2\n' }),
    source('ConfigMap', 'web', {
      'a.yaml': 'mode: even\n',
      'b.yaml': '# ports\nservice:\n  prot: 80\n  port: 99999\n',
    }),
  ];
  t.strictSame(judged({ sources }).problems, [
    {
      rule: 'values-unlike-schema',
      code: 'FieldValueInvalid',
      field: 'spec.converge.valuesFrom[1].configMapRef.name',
      message:
        'Invalid value: "web": key "b.yaml" of ConfigMap shop/web: line 3, column 3: service.prot: the chart knows no value of this name (values.schema.json of chart web, /properties/service/additionalProperties)',
      text: 'key "b.yaml" of ConfigMap shop/web: line 3, column 3: service.prot: the chart knows no value of this name (values.schema.json of chart web, /properties/service/additionalProperties)',
      place: 'source',
      source: { kind: 'ConfigMap', namespace: 'shop', name: 'web' },
      key: 'b.yaml',
      position: { line: 3, column: 3 },
    },
    {
      rule: 'values-unlike-schema',
      code: 'FieldValueInvalid',
      field: 'spec.converge.valuesFrom[1].configMapRef.name',
      message:
        'Invalid value: "web": key "b.yaml" of ConfigMap shop/web: line 4, column 3: service.port: at most 65535 is allowed, and this is 99999 (values.schema.json of chart web, /properties/service/properties/port/maximum)',
      text: 'key "b.yaml" of ConfigMap shop/web: line 4, column 3: service.port: at most 65535 is allowed, and this is 99999 (values.schema.json of chart web, /properties/service/properties/port/maximum)',
      place: 'source',
      source: { kind: 'ConfigMap', namespace: 'shop', name: 'web' },
      key: 'b.yaml',
      position: { line: 4, column: 3 },
    },
  ]);
});

t.test(
  'of a Secret nothing is shown but where it is: no value, no type, no count, and no key that the chart has not',
  async (t) => {
    const text =
      'redis:\n  auth:\n    password: s3cr3t\n    hush: 4711\nservice:\n  quiet: 1\nglobal:\n  token: t0k3n\n';
    const { problems } = judged({ sources: [source('Secret', 'web', { 'values.yaml': text })] });
    t.strictSame(
      problems.map((problem) => problem.text),
      [
        'key "values.yaml" of Secret shop/web: line 6, column 3: service.…: the chart knows no value of this name (values.schema.json of chart web, /properties/service/additionalProperties)',
        'key "values.yaml" of Secret shop/web: line 3, column 5: redis.auth.password: at least 8 characters are needed (charts/redis/values.schema.json of chart web, /properties/auth/properties/password/minLength)',
        'key "values.yaml" of Secret shop/web: line 4, column 5: redis.auth.…: a text is needed (charts/redis/values.schema.json of chart web, /properties/auth/additionalProperties/type)',
        'key "values.yaml" of Secret shop/web: line 8, column 3: redis.global.token: one of "a", "b" is needed (charts/redis/values.schema.json of chart web, /properties/global/properties/token/enum)',
      ],
    );
    t.notMatch(JSON.stringify(problems), /s3cr3t|4711|hush|quiet|t0k3n/);
  },
);

t.test('a value that a Secret gives one chart within is no less secret to those within that', async (t) => {
  const outer = chartOf({
    name: 'outer',
    subcharts: [
      {
        name: 'middle',
        subcharts: [
          { name: 'inner', schema: { properties: { global: { properties: { token: { type: 'integer' } } } } } },
        ],
      },
    ],
  });
  const text = 'middle: {global: {token: t0k3n}}\n';
  const { problems } = judged({ sources: [source('Secret', 'web', { 'values.yaml': text })] }, outer);
  t.strictSame(
    problems.map(({ message }) => message),
    [
      'Invalid value: "web": key "values.yaml" of Secret shop/web: line 1, column 19: middle.inner.global.token: a whole number is needed (charts/middle/charts/inner/values.schema.json of chart outer, /properties/global/properties/token/type)',
    ],
  );
});

t.test("the chart's own default, which its own schema refuses, is told to be that", async (t) => {
  const chart = chartOf({
    name: 'odd',
    defaults: { mode: 'even', size: 'x' },
    schema: { properties: { size: { type: 'integer' } } },
  });
  t.strictSame(
    judged({ sources: [] }, chart).problems.map(({ message }) => message),
    [
      'Invalid value: "x": the chart\u2019s own default (values.yaml, line 2, column 1): a whole number is needed, and this is a text (values.schema.json of chart odd, /properties/size/type)',
    ],
  );
});

t.test('what nobody has given is missing in the values of the bundle', async (t) => {
  const chart = chartOf({
    name: 'strict',
    schema: { required: ['domain'], properties: { tls: { required: ['cert'] } } },
  });
  t.strictSame(
    judged({ sources: [], inline: { tls: {} } }, chart).problems.map(({ field, message }) => `${field}: ${message}`),
    [
      'spec.converge.values: Invalid value: "object": "domain" is missing (values.schema.json of chart strict, /required)',
      'spec.converge.values.tls: Invalid value: "object": "cert" is missing (values.schema.json of chart strict, /properties/tls/required)',
    ],
  );
});

t.test('a schema that Helm can\u2019t use refuses all values, and says where it is wrong', async (t) => {
  const chart = chartOf({ name: 'broken', schema: { properties: { a: { pattern: '(?!x)' } } } });
  t.strictSame(
    judged({ sources: [] }, chart).problems.map(({ rule, text }) => `${rule}: ${text}`),
    [
      'chart-schema-unusable: values.schema.json of chart broken can\u2019t be used, so that Helm refuses all values: /properties/a/pattern: pattern has an expression that can\u2019t be used: RE2 has no look-ahead and no look-behind: "(?!"',
    ],
  );
});

t.test('a schema that costs too much is passed over, with a warning', async (t) => {
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [
      `a${n}`,
      { allOf: [{ $ref: `#/$defs/a${n + 1}` }, { $ref: `#/$defs/a${n + 1}` }] },
    ]),
  );
  const chart = chartOf({ name: 'bomb', schema: { $ref: '#/$defs/a0', $defs: { ...$defs, a40: {} } } });
  t.strictSame(judged({ sources: [] }, chart), {
    problems: [],
    warnings: [
      {
        rule: 'chart-not-judged',
        field: 'spec.converge.values',
        message: 'not judged by values.schema.json of the chart: it takes too long',
      },
    ],
  });
});

t.test('the expressions of all charts within cost together what those of one may', async (t) => {
  const deep = (n: number): object => ({ pattern: `^((([a-z]${'x'.repeat(70 + n)}){10}){10}){2}$` });
  const subcharts = Array.from({ length: 40 }, (_, n) => ({ name: `s${n}`, schema: { properties: { a: deep(n) } } }));
  const chart = chartOf({ name: 'app', schema: { properties: { a: { pattern: '^[a-z]+$' } } }, subcharts });
  const inline = { a: '1', ...Object.fromEntries(subcharts.map(({ name }) => [name, { a: 'x' }])) };
  const { problems, warnings } = judged({ sources: [], inline }, chart);
  t.match(problems[0]?.text, /it does not match \^\[a-z]/, 'its own come first');
  t.equal(problems.length, 2);
  t.equal(warnings.length, 39, 'which is no reason to refuse values');
});

t.test('of hundreds of problems some are told, and the rest is counted', async (t) => {
  const chart = chartOf({ name: 'closed', schema: { additionalProperties: false } });
  const inline = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`a${n}`, n]));
  const { problems } = judged({ sources: [], inline }, chart);
  t.equal(problems.length, 51);
  t.equal(problems.at(-1)?.text, 'and 20 more that the chart refuses');
});

const packed = (files: Readonly<Record<string, string>>, name = 'web'): Buffer =>
  gzipSync(tarOf(Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]))));

t.test('a chart is the same from its archive, and so are archives within it', async (t) => {
  const within = packed(chartFiles({ name: 'redis', defaults: { size: 1 } }), 'redis');
  const files = new Map([...bytesOf(chartFiles({ name: 'web' })), ['charts/redis-1.0.0.tgz', within] as const]);
  const archive = gzipSync(tarOf(Object.fromEntries([...files].map(([path, content]) => [`web/${path}`, content]))));
  const unpacked = unpackChart(archive);
  t.equal(unpacked.kind, 'files');
  if (unpacked.kind === 'invalid') return;
  t.strictSame([...unpacked.files.keys()].sort(), ['Chart.yaml', 'charts/redis-1.0.0.tgz']);
  const loaded = loadChart(unpacked.files);
  t.strictSame(loaded, loadChart(files));
  t.match(loaded, {
    chart: { subcharts: [{ name: 'redis', folder: 'charts/redis-1.0.0.tgz/', defaults: { values: { size: 1 } } }] },
  });
});

t.test('an archive that is none, or leads out of its folder, is refused', async (t) => {
  const whole = packed({ 'Chart.yaml': 'name: web' });
  t.strictSame(unpackChart(Buffer.from('text')), { kind: 'invalid', why: 'it is no archive that gzip made' });
  t.strictSame(unpackChart(gzipSync(Buffer.alloc(0))), { kind: 'invalid', why: 'the archive is empty' });
  t.strictSame(unpackChart(whole, 512), { kind: 'invalid', why: 'it has more than 0 MiB' });
  t.strictSame(unpackChart(packed({ '../../etc/passwd': 'x' })), {
    kind: 'invalid',
    why: '"web/../../etc/passwd" leads out of the chart\u2019s folder',
  });
  const broken = gzipSync(tarOf({ 'web/a': 'x'.repeat(2_000) }).subarray(0, 1_024));
  t.strictSame(unpackChart(broken), { kind: 'invalid', why: 'the archive breaks off' });
});

t.test('a chart that Helm would not read is told by its file', async (t) => {
  const why = (files: Readonly<Record<string, string>>): unknown => loadChart(bytesOf(files));
  t.strictSame(why({}), { kind: 'unreadable', why: 'Chart.yaml: it is missing' });
  t.strictSame(why({ 'Chart.yaml': 'name: a', 'values.yaml': '- 1' }), {
    kind: 'unreadable',
    why: 'values.yaml: it is a list, where a map of values is needed',
  });
  t.strictSame(why({ 'Chart.yaml': 'name: a', 'charts/b/Chart.yaml': 'name: b\na: b: c' }), {
    kind: 'unreadable',
    why: 'charts/b/Chart.yaml:2:4: it is no YAML: mapping values are not allowed here',
  });
});
