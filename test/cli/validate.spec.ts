import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { judgeText } from '../../cli/judge-text.js';

const GOOD = `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata:
  name: good
  namespace: ops
spec:
  registry:
    url: ghcr.io/acme/app
    versionConstraint: 1.x
`;

const bundle = (spec: string): string => `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: a, namespace: ops}
spec:
${spec.replace(/^/gm, '  ')}`;

/** `line:column severity code field message` of everything found. */
const found = (text: string): readonly string[] =>
  judgeText('f', text).flatMap(({ problems }) =>
    problems.map(({ line, column, severity, code, field, message }) =>
      [`${line}:${column}`, severity, code, field, message].join(' '),
    ),
  );

t.test('findings and where they are', (t) => {
  const cases: readonly { title: string; given: string; want: readonly string[] }[] = [
    { title: 'a good bundle', given: GOOD, want: [] },
    {
      title: 'a value is pointed to by its key',
      given: bundle('registry:\n  url: ghcr.io/acme/app\n  tag: v1\n  pollInterval: "15"'),
      want: [
        '8:5 error FieldValueInvalid spec.registry.pollInterval Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
      ],
    },
    {
      title: 'something missing is pointed to by what should hold it',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: v1}\nconverge:\n  targetNamespace: other'),
      want: [
        '6:3 error FieldValueRequired spec.converge.serviceAccountName Required value: the ServiceAccount in namespace "other" that the deploy runs as; it may only be left out for a deploy into the bundle\'s own namespace "ops"',
      ],
    },
    {
      title: 'items of lists, and names of another item',
      given: bundle(
        'registry: {url: ghcr.io/acme/app, tag: v1}\nconverge:\n  valuesFrom:\n  - configMapRef: {name: ok}\n  - {}\n  - secretRef:\n      name: Not_OK',
      ),
      want: [
        '9:7 error FieldValueRequired spec.converge.valuesFrom[1] Required value: exactly one of configMapRef and secretRef',
        '11:9 error FieldValueInvalid spec.converge.valuesFrom[2].secretRef.name Invalid value: "Not_OK": a name has lower-case letters, digits, "-" and ".", begins and ends with a letter or digit, and has at most 253 characters',
      ],
    },
    {
      title: 'fields that do not exist, with the one that was meant',
      given: bundle(
        'registry:\n  url: ghcr.io/acme/app\n  tag: v1\n  pollIntervall: 5m\nconverge:\n  valuesFrom:\n  - configMapRef: {name: a, nmae: b}\n  values: {anything: {goes: true}}\nsuspended: true',
      ),
      want: [
        '8:5 error UnknownField spec.registry.pollIntervall unknown field; did you mean pollInterval?',
        '11:31 error UnknownField spec.converge.valuesFrom[0].configMapRef.nmae unknown field; did you mean name?',
        '13:3 error UnknownField spec.suspended unknown field; known are registry, converge, deletionPolicy, suspend',
      ],
    },
    {
      title: 'a warning is no error',
      given: bundle('registry: {url: ghcr.io/acme/app}'),
      want: [
        '5:3 warning Warning spec.registry no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)',
      ],
    },
    {
      title: 'values behind an anchor',
      given: bundle(
        'registry: {url: ghcr.io/acme/app, tag: v1, pollInterval: &often 1s}\nconverge:\n  timeout: *often',
      ),
      want: [
        '5:46 error FieldValueInvalid spec.registry.pollInterval Invalid value: "1s": is too short; durations from "1m" to "24h", for example "15m"',
        '7:5 error FieldValueInvalid spec.converge.timeout Invalid value: "1s": is too short; durations from "1m" to "24h", for example "30m"',
      ],
    },
    {
      title: 'booleans as kubectl reads them',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: v1}\nsuspend: yes\nconverge:\n  rollbackOnFailure: y'),
      want: [
        '8:5 error FieldValueTypeInvalid spec.converge.rollbackOnFailure Invalid value: "y": must be true or false, not a string',
      ],
    },
    {
      title: 'texts that look like times stay texts',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: 2026-01-01}\nconverge: {environment: 12:30}'),
      want: [
        '6:14 error FieldValueInvalid spec.converge.environment Invalid value: "12:30": an environment has at most 63 letters, digits, "-", "_" and ".", and begins and ends with a letter or digit',
      ],
    },
    {
      title: 'a version of the API that does not exist',
      given: GOOD.replace('v1alpha1', 'v1'),
      want: ['1:1 error FieldValueNotSupported apiVersion Unsupported value: supported values: "werf.io/v1alpha1"'],
    },
    {
      title: 'no YAML',
      given: `${GOOD}---\nspec: [\n`,
      want: [
        '12:1 error SyntaxError  Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    },
    {
      title: 'a key twice',
      given: `${GOOD}spec: {}\n`,
      want: ['10:1 error SyntaxError  Map keys must be unique'],
    },
    {
      title: 'other kinds and empty documents',
      given: '---\n---\nkind: ConfigMap\napiVersion: v1\n---\n# nothing\n',
      want: [],
    },
    { title: 'another group', given: GOOD.replace('werf.io/', 'example.org/'), want: [] },
  ];
  for (const { title, given, want } of cases) t.same(found(given), want, title);
  t.end();
});

const asJson = JSON.stringify({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { generateName: 'j-' },
  spec: { registry: { url: 'ghcr.io/acme/app' } },
});

t.test('what is judged', (t) => {
  const results = judgeText('f', `# a comment\n---\n${GOOD}---\nkind: ConfigMap\n---\n${GOOD.replace('1.x', 'x.y.z')}`);
  t.same(
    results.map(({ document, name, namespace, verdict }) => ({ document, name, namespace, verdict })),
    [
      { document: 1, name: 'good', namespace: 'ops', verdict: 'allow' },
      { document: 3, name: 'good', namespace: 'ops', verdict: 'deny' },
    ],
    'each bundle of a file',
  );
  const list = judgeText(
    'f',
    JSON.stringify({
      kind: 'List',
      apiVersion: 'v1',
      items: [{ kind: 'Pod' }, JSON.parse(asJson), JSON.parse(asJson)],
    }),
  );
  t.same(
    list.map(({ name, verdict, problems }) => [name, verdict, problems[0]?.line, (problems[0]?.column ?? 0) > 100]),
    [
      ['j-', 'warn', 1, true],
      ['j-', 'warn', 1, true],
    ],
    'each item of a List, and generateName for a name',
  );

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]`;
  t.match(found(bomb)[0], /^1:1 error SyntaxError {2}Excessive alias count/, 'aliases are limited');

  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (text, json) => {
      judgeText('f', text);
      return (
        judgeText('f', JSON.stringify({ apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata: {}, spec: json }))
          .length === 1
      );
    }),
  );
  t.pass('any text is judged without a fault');
  t.end();
});

t.test('the command', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-cli-'));
  t.teardown(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, 'sub', '.hidden'), { recursive: true });
  const bad = bundle('registry:\n  url: ghcr.io/acme/app\n  tag: v1\n  pollInterval: "15"\n');
  await writeFile(join(dir, 'good.yaml'), GOOD);
  await writeFile(join(dir, 'sub', 'bad.yml'), bad);
  await writeFile(join(dir, 'sub', 'chart.yaml'), '{{ if .Values.x }}\n{{ end }}');
  await writeFile(join(dir, 'sub', '.hidden', 'bad.yaml'), bad);
  const werfbundle = (args: readonly string[], input = '') => {
    const program = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      cwd: dir,
      input,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const line =
    'sub/bad.yml:8:5: error: spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"\n';

  t.same(werfbundle(['validate', 'good.yaml']), {
    status: 0,
    stdout: '1 bundle, 0 refused: 0 problems, 0 warnings\n',
    stderr: '',
  });
  t.same(
    werfbundle(['validate', '-f', 'good.yaml', '-f', '.']),
    { status: 1, stdout: `${line}3 bundles, 1 refused: 1 problem, 0 warnings\n`, stderr: '' },
    'files and folders, without colours where no terminal is',
  );
  t.same(werfbundle(['validate', '-'], bad), {
    status: 1,
    stdout: `${line.replace('sub/bad.yml', '-')}1 bundle, 1 refused: 1 problem, 0 warnings\n`,
    stderr: '',
  });
  const json = werfbundle(['validate', '-o', 'json', 'sub']);
  t.equal(json.status, 1);
  t.same(JSON.parse(json.stdout), {
    results: [
      {
        file: 'sub/bad.yml',
        document: 1,
        kind: 'WerfBundle',
        name: 'a',
        namespace: 'ops',
        verdict: 'deny',
        problems: [
          {
            severity: 'error',
            code: 'FieldValueInvalid',
            field: 'spec.registry.pollInterval',
            message: 'Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
            line: 8,
            column: 5,
          },
        ],
      },
    ],
  });
  t.same(werfbundle(['validate', '-'], 'kind: Pod'), {
    status: 0,
    stdout: '0 bundles, 0 refused: 0 problems, 0 warnings\n',
    stderr: 'no WerfBundle in -\n',
  });
  t.same(werfbundle(['validate', 'nope.yaml', 'good.yaml', 'nor-this']), {
    status: 2,
    stdout: '',
    stderr:
      "werfbundle: can't read nope.yaml: there is no such file or directory\nwerfbundle: can't read nor-this: there is no such file or directory\n",
  });
  t.same(werfbundle(['validate']), {
    status: 2,
    stdout: '',
    stderr: 'werfbundle: no file given: werfbundle validate FILE…, or - for standard input\n',
  });
  t.equal(werfbundle(['validate', '--nope']).status, 2);
  t.match(werfbundle(['--version']), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
  t.match(werfbundle(['validate', '--help']), { status: 0, stdout: /Exit code 0: valid/ });
});
