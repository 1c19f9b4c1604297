import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { tarOf } from '../../cli/publish/tar.js';
import { type Outcome, validateCommand } from '../../cli/validate/command.js';
import { chartFiles } from '../kit/chart-case.js';
import { fakeFor } from '../kit/registry-client.js';

const CHART = chartFiles({
  name: 'web',
  defaults: { replicas: 1, service: { port: 80 } },
  schema: {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      replicas: { type: 'integer', minimum: 1 },
      service: { type: 'object', properties: { port: { type: 'integer' } }, additionalProperties: false },
      password: { type: 'string', minLength: 8 },
    },
  },
});

const bundle = (converge: string): string => `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: a, namespace: ops}
spec:
  registry: {url: ghcr.io/acme/app, tag: v1}
  converge:
    serviceAccountName: deployer
${converge.replace(/^/gm, '    ')}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: ops}
`;

const FILES: Readonly<Record<string, string>> = {
  'good.yaml': bundle('values: {replicas: 2}'),
  'inline.yaml': bundle('values:\n  replicas: 0\n  service:\n    prot: 80'),
  'sources.yaml': `${bundle('valuesFrom:\n- configMapRef: {name: web}\n- secretRef: {name: web}')}---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: ops}
data:
  values.yaml: |
    # of the shop
    service:
      port: "80"
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: ops}
stringData:
  values.yaml: |
    password: hush
`,
  'absent.yaml': bundle('values: {replicas: none}\nvaluesFrom: [{configMapRef: {name: web}}]'),
  'optional.yaml': bundle('values: {replicas: none}\nvaluesFrom: [{configMapRef: {name: web}, optional: true}]'),
  'broken.yaml': `${bundle('valuesFrom: [{configMapRef: {name: web}}]')}---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: ops}
data: {values.yaml: "- a"}
`,
  'none.yaml': bundle('environment: production'),
};

interface Place {
  readonly run: (...args: readonly string[]) => Promise<Outcome | undefined>;
}

const prepared = async (t: Test): Promise<Place> => {
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-chart-'));
  const before = process.cwd();
  t.teardown(async () => {
    process.chdir(before);
    await rm(dir, { recursive: true });
  });
  const put = async (name: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  };
  for (const [name, text] of Object.entries(FILES)) await put(name, text);
  for (const [path, text] of Object.entries(CHART)) await put(`chart/${path}`, text);
  await put(
    'chart.tgz',
    gzipSync(tarOf(Object.fromEntries(Object.entries(CHART).map(([path, text]) => [`web/${path}`, text])))),
  );
  await put('strict/Chart.yaml', 'apiVersion: v2\nname: strict\nversion: 1.0.0\n');
  await put('strict/values.schema.json', '{"required": ["domain"]}');
  await put('text.tgz', 'text');
  await put('odd/values.yaml', 'a: 1\n');
  process.chdir(dir);
  const run = async (...args: readonly string[]): Promise<Outcome | undefined> => {
    let ended: Outcome | undefined;
    await validateCommand((outcome) => {
      ended = outcome;
    }, '1.2.3').parseAsync(args, { from: 'user' });
    return ended;
  };
  return { run };
};

const ONE = '1 bundle, 1 refused:';

t.test('values are judged by the chart that is given, from a folder and from an archive', async (t) => {
  const { run } = await prepared(t);
  for (const chart of ['chart', 'chart.tgz']) {
    t.strictSame(await run('--chart', chart, 'good.yaml'), {
      stdout: '1 bundle, 0 refused: 0 problems, 0 warnings\n',
      stderr: '',
      exitCode: 0,
    });
    t.strictSame(await run('--chart', chart, 'inline.yaml'), {
      stdout: `inline.yaml: WerfBundle ops/a
  inline.yaml:9:7: error: spec.converge.values.replicas: Invalid value: 0: at least 1 is needed, and this is 0 (values.schema.json of chart web, /properties/replicas/minimum) [WB095]
     9 |       replicas: 0
       |       ^
  inline.yaml:11:9: error: spec.converge.values.service.prot: Invalid value: 80: the chart knows no value of this name (values.schema.json of chart web, /properties/service/additionalProperties) [WB095]
    11 |         prot: 80
       |         ^

${ONE} 2 problems, 0 warnings
`,
      stderr: '',
      exitCode: 1,
    });
  }
  t.match(await run('good.yaml'), { exitCode: 0 }, 'without one nothing is judged by it');
  t.match(await run('inline.yaml'), { exitCode: 0 });
});

t.test('a value of a source is pointed to in its file; of a Secret no line is shown', async (t) => {
  const { run } = await prepared(t);
  t.strictSame(
    (await run('--chart', 'chart', 'sources.yaml'))?.stdout,
    `sources.yaml: WerfBundle ops/a
  sources.yaml:9:22: error: spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "web": key "values.yaml" of ConfigMap ops/web: line 3, column 3: service.port: a whole number is needed, and this is a text (values.schema.json of chart web, /properties/service/properties/port/type) [WB095]
    see sources.yaml:23:7
    23 |       port: "80"
       |       ^
  sources.yaml:10:19: error: spec.converge.valuesFrom[1].secretRef.name: Invalid value: "web": key "values.yaml" of Secret ops/web: line 1, column 1: password: at least 8 characters are needed (values.schema.json of chart web, /properties/password/minLength) [WB095]
    see sources.yaml:30:5

${ONE} 2 problems, 0 warnings
`,
  );
});

t.test('what is not known, or can\u2019t be read, is not judged by a chart', async (t) => {
  const { run } = await prepared(t);
  const absent = await run('--chart', 'chart', 'absent.yaml');
  t.match(absent, {
    exitCode: 0,
    stdout: /not judged by the schema of the chart, since not all sources of values are known \[WB097\]/,
  });
  t.notMatch(absent?.stdout, /WB095/);
  const broken = await run('--chart', 'chart', 'broken.yaml');
  t.match(broken, { exitCode: 1, stdout: /\[WB081\]/ });
  t.notMatch(broken?.stdout, /WB09[57]/);
  t.match(
    await run('--chart', 'chart', 'optional.yaml'),
    { exitCode: 1, stdout: /replicas: Invalid value: "none": a whole number/ },
    'a source that may be absent is',
  );
});

t.test('a chart with values that only werf can read judges nothing, and says which file it is', async (t) => {
  const { run } = await prepared(t);
  const files = { 'Chart.yaml': CHART['Chart.yaml'] ?? '', 'values.schema.json': '{"required": ["domain"]}' };
  const put = async (chart: string, more: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries({ ...files, ...more })) {
      await mkdir(dirname(join(chart, path)), { recursive: true });
      await writeFile(join(chart, path), text);
    }
    return run('--chart', chart, 'none.yaml');
  };
  t.match(await put('plain', {}), { exitCode: 1, stdout: /"domain" is missing/ });
  const within = { 'charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n' };
  for (const [chart, file, more] of [
    ['encrypted', 'secret-values.yaml', {}],
    ['encrypted-within', 'charts/db/secret-values.yaml', within],
  ] as const) {
    const outcome = await put(chart, { ...more, [file]: 'domain: 1000f2a5' });
    t.equal(outcome?.exitCode, 0);
    t.match(
      outcome?.stdout,
      `warning: spec.converge.values: not judged by the schema of the chart: its ${file} has values that only werf can read, and that come over all others [WB097]`,
    );
    t.notMatch(outcome?.stdout, /WB095/);
  }
});

t.test('a chart may want values of a bundle that has none', async (t) => {
  const { run } = await prepared(t);
  t.match(await run('--chart', 'strict', 'none.yaml'), {
    exitCode: 1,
    stdout:
      /6:3: error: spec\.converge\.values: Invalid value: "object": "domain" is missing \(values\.schema\.json of chart strict, \/required\) \[WB095\]/,
  });
  t.match(await run('--chart', 'chart', 'none.yaml'), { exitCode: 0 });
});

t.test('a problem has rule, field and source in JSON, and nothing else', async (t) => {
  const { run } = await prepared(t);
  const { results } = JSON.parse((await run('--chart', 'chart', '-o', 'json', 'sources.yaml'))?.stdout ?? '{}');
  t.strictSame(results[0].problems[0], {
    severity: 'error',
    rule: 'WB095',
    code: 'FieldValueInvalid',
    field: 'spec.converge.valuesFrom[0].configMapRef.name',
    message:
      'Invalid value: "web": key "values.yaml" of ConfigMap ops/web: line 3, column 3: service.port: a whole number is needed, and this is a text (values.schema.json of chart web, /properties/service/properties/port/type)',
    source: { file: 'sources.yaml', line: 23, column: 7 },
    line: 9,
    column: 22,
  });
});

t.test('a chart that is published is pulled, with the login of this machine', async (t) => {
  const { run } = await prepared(t);
  const fake = await fakeFor(t);
  const login = { username: 'anna', password: 'pass' };
  fake.behave({ access: { kind: 'basic', ...login } });
  const packed = Object.fromEntries(Object.entries(CHART).map(([path, text]) => [`web/${path}`, text]));
  fake.publish('acme/web', 'v1.0.0', { chart: gzipSync(tarOf(packed)) });
  fake.publish('acme/web', 'image', 'image');
  const published = (tag: string) => `oci://${fake.host}/acme/web:${tag}`;
  const judged = (tag: string, file: string) => run('--insecure', '--chart', published(tag), file);
  const config = join(process.cwd(), 'docker');
  const before = process.env['DOCKER_CONFIG'];
  process.env['DOCKER_CONFIG'] = config;
  t.teardown(() => {
    if (before === undefined) delete process.env['DOCKER_CONFIG'];
    else process.env['DOCKER_CONFIG'] = before;
  });
  const misuse = (tag: string, why: string) => ({
    stdout: '',
    stderr: `werfbundle: --chart: ${published(tag)}: ${why}\n`,
    exitCode: 2,
  });
  const file = join(config, 'config.json');
  t.strictSame(
    await judged('v1.0.0', 'good.yaml'),
    misuse('v1.0.0', `401 unauthorized: ${file} has no login for it: docker login`),
  );
  await mkdir(config);
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  await writeFile(file, JSON.stringify({ auths: { [fake.host]: { auth } } }));
  t.match(await judged('v1.0.0', 'good.yaml'), { exitCode: 0 });
  t.match(await judged('v1.0.0', 'inline.yaml'), { exitCode: 1, stdout: /at least 1 is needed/ });
  t.strictSame(
    await run('--chart', published('v1.0.0'), 'good.yaml'),
    misuse('v1.0.0', 'the server does not speak TLS; for a registry with plain HTTP give --insecure'),
  );
  t.strictSame(await judged('v2.0.0', 'good.yaml'), misuse('v2.0.0', 'there is no tag v2.0.0'));
  t.strictSame(await judged('image', 'good.yaml'), misuse('image', 'it is no bundle'));
  t.match(await run('--chart', `oci://${fake.host}/acme/web`, 'good.yaml'), {
    exitCode: 2,
    stderr: /a tag is missing/,
  });
  t.strictSame(await run('--insecure', '--chart', 'chart', 'good.yaml'), {
    stdout: '',
    stderr: 'werfbundle: --insecure: only with --chart oci://…\n',
    exitCode: 2,
  });
});

t.test('a chart that can\u2019t be read is wrong use', async (t) => {
  const { run } = await prepared(t);
  for (const [chart, why] of [
    ['nowhere', 'there is no such folder or file'],
    ['text.tgz', 'it is no archive that gzip made'],
    ['odd', 'Chart.yaml: it is missing'],
  ])
    t.strictSame(await run('--chart', chart ?? '', 'good.yaml'), {
      stdout: '',
      stderr: `werfbundle: --chart: ${chart}: ${why}\n`,
      exitCode: 2,
    });
});
