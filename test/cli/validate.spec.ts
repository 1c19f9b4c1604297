import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { Progress } from '../../cli/progress.js';
import { type Outcome, validateCommand } from '../../cli/validate/command.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { bundleText as bundle, GOOD_BUNDLE as GOOD, judgeText } from '../kit/judge-text.js';

/** What such a bundle refers to. */
const ACCOUNT = '---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer, namespace: ops}\n';

/** `line:column severity code field message` of everything found, but that most of these bundles name no ServiceAccount. */
const found = async (text: string): Promise<readonly string[]> =>
  (await judgeText('f', text)).flatMap(({ problems }) =>
    problems
      .filter(({ message }) => !message.startsWith('none is named: '))
      .map(({ line, column, severity, code, field, message }) =>
        [`${line}:${column}`, severity, code, field, message].join(' '),
      ),
  );

t.test('findings and where they are', async (t) => {
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
      title: 'a text without quotes is told as it is written, though kubectl would make a number of it',
      given: bundle('registry:\n  url: ghcr.io/acme/app\n  tag: 6063e25'),
      want: [
        '7:5 error FieldValueTypeInvalid spec.registry.tag Invalid value: 6.063e+28: must be a string, not a number: quote it as it was written: "6063e25"',
      ],
    },
    {
      title: 'so are versions, words and numbers with zeros, and what an anchor stands for',
      given: bundle(
        'registry:\n  url: ghcr.io/acme/app\n  versionConstraint: 1.10\n  tagPattern: 0123\nconverge:\n  environment: on\n  releaseName: &a 1_000\n  serviceAccountName: *a',
      ),
      want: [
        '7:5 error FieldValueTypeInvalid spec.registry.versionConstraint Invalid value: 1.1: must be a string, not a fraction: quote it as it was written: "1.10"',
        '8:5 error FieldValueTypeInvalid spec.registry.tagPattern Invalid value: 83: must be a string, not a number: quote it as it was written: "0123"',
        '11:5 error FieldValueTypeInvalid spec.converge.releaseName Invalid value: 1000: must be a string, not a number: quote it as it was written: "1_000"',
        '12:5 error FieldValueTypeInvalid spec.converge.serviceAccountName Invalid value: 1000: must be a string, not a number: quote it as it was written: "1_000"',
        '10:5 error FieldValueTypeInvalid spec.converge.environment Invalid value: true: must be a string, not true or false: quote it as it was written: "on"',
      ],
    },
    {
      title: 'names, labels and annotations are texts, which the apiserver says in words of Go',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: v1}').replace(
        '{name: a, namespace: ops}',
        '{name: 0123, namespace: ops, labels: {build: 6063e25, none: null}, annotations: {werf.io/allow-downgrade: true}}',
      ),
      want: [
        '3:12 error FieldValueTypeInvalid metadata.name Invalid value: 83: must be a string, not a number: quote it as it was written: "0123"',
        '3:49 error FieldValueTypeInvalid metadata.labels.build Invalid value: 6.063e+28: must be a string, not a number: quote it as it was written: "6063e25"',
        '3:92 error FieldValueTypeInvalid metadata.annotations.werf.io/allow-downgrade Invalid value: true: must be a string, not true or false: quote it as it was written: "true"',
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
      title: 'values that kubectl changes, or drops, before anybody sees them',
      given: bundle(
        'registry: {url: ghcr.io/acme/app, tag: v1}\nconverge:\n  values:\n    ver: 1.10\n    on: yes\n    port: 0777\n    list: [1_000, 1.5, 8080, text, "0777", True]\n    gone: null\n    empty:\n    0x10: !!str 1.10',
      ),
      want: [
        '8:7 warning Warning spec.converge.values.ver kubectl reads 1.10 as 1.1: write "1.10" for the text, or 1.1',
        '9:7 warning Warning spec.converge.values.true kubectl reads the key on as true: write "on"',
        '9:7 warning Warning spec.converge.values.true kubectl reads yes as true: write "yes" for the text, or true',
        '10:7 warning Warning spec.converge.values.port kubectl reads 0777 as 511: write "0777" for the text, or 511',
        '11:14 warning Warning spec.converge.values.list[0] kubectl reads 1_000 as 1000: write "1_000" for the text, or 1000',
        '12:7 warning Warning spec.converge.values.gone kubectl apply drops a null, so the default of the chart stays: use kubectl apply --server-side, which keeps it',
        '13:7 warning Warning spec.converge.values.empty kubectl apply drops a null, so the default of the chart stays: use kubectl apply --server-side, which keeps it',
        '14:7 warning Warning spec.converge.values.16 kubectl reads the key 0x10 as 16: write "0x10"',
      ],
    },
    {
      title: 'fields that do not exist, with the one that was meant',
      given: bundle(
        'registry:\n  url: ghcr.io/acme/app\n  tag: v1\n  pollIntervall: 5m\nconverge:\n  valuesFrom:\n  - configMapRef: {name: a, nmae: b}\n  values: {anything: {goes: true}}\nsuspended: true\nserviceAccountName: a\nanything: 1',
      ),
      want: [
        '8:5 error UnknownField spec.registry.pollIntervall unknown field; did you mean pollInterval?',
        '11:31 error UnknownField spec.converge.valuesFrom[0].configMapRef.nmae unknown field; did you mean name?',
        '13:3 error UnknownField spec.suspended unknown field; did you mean suspend?',
        '14:3 error UnknownField spec.serviceAccountName unknown field; did you mean spec.converge.serviceAccountName?',
        '15:3 error UnknownField spec.anything unknown field; known are registry, converge, deletionPolicy, suspend',
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
      title: 'maps that are merged in',
      given: bundle(
        'registry: &base {url: ghcr.io/acme/app, tag: v1}\nconverge:\n  values: {<<: *base, retries: 1}\n  <<: &more {retries: 11}',
      ),
      want: ['8:16 error FieldValueInvalid spec.converge.retries Invalid value: 11: must be less than or equal to 10'],
    },
    {
      title: 'what contains itself',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: v1}\nconverge: {values: &all {a: *all}}'),
      want: ['1:1 error SyntaxError  an anchor contains itself'],
    },
    {
      title: 'booleans as kubectl reads them',
      given: bundle(
        'registry: {url: ghcr.io/acme/app, tag: v1}\nsuspend: yes\nconverge:\n  rollbackOnFailure: y\n  driftDetection: {enabled: "on"}',
      ),
      want: [
        '9:22 error FieldValueTypeInvalid spec.converge.driftDetection.enabled Invalid value: "on": must be true or false, not a string',
      ],
    },
    {
      title: 'commits that look like numbers beyond all numbers are texts to kubectl',
      given: bundle('registry: {url: ghcr.io/acme/app, tag: 976e483}\nconverge: {environment: 1e400}'),
      want: [],
    },
    {
      title: 'whole numbers that are others to kubectl than they look',
      given: bundle(
        'registry: {url: ghcr.io/acme/app, tag: v1}\nconverge: {retries: 012, logRetentionDays: 0x10, resourceLimits: {cpu: 1_0}}\nsuspend: yes',
      ),
      want: [
        '6:14 warning Warning spec.converge.retries kubectl reads 012 as 10: write "012" for the text, or 10',
        '6:28 warning Warning spec.converge.logRetentionDays kubectl reads 0x10 as 16: write "0x10" for the text, or 16',
        '6:69 warning Warning spec.converge.resourceLimits.cpu kubectl reads 1_0 as 10: write "1_0" for the text, or 10',
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
        '13:1 error SyntaxError  Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    },
    {
      title: 'a key twice',
      given: `${GOOD}spec: {}\n`,
      want: ['11:1 error SyntaxError  Map keys must be unique'],
    },
    {
      title: 'other kinds and empty documents',
      given: '---\n---\nkind: ConfigMap\napiVersion: v1\n---\n# nothing\n',
      want: [],
    },
    { title: 'another group', given: GOOD.replace('werf.io/', 'example.org/'), want: [] },
    ...[
      ...['Werfbundle', 'werfbundle', 'WerfBundles', 'WERFBUNDLE', 'WerfBundel', 'werf-bundle'].map((kind) => ({
        title: `kind ${kind}`,
        given: GOOD.replace('kind: WerfBundle', `kind: ${kind}`),
        want: [`2:1 error FieldValueNotSupported kind Unsupported value: "${kind}": did you mean "WerfBundle"?`],
      })),
      ...['Werf.io/v1alpha1', 'WERF.IO/v1', 'wref.io/v1alpha1', 'v1alpha1', 'v1'].map((apiVersion) => ({
        title: `apiVersion ${apiVersion}`,
        given: GOOD.replace('werf.io/v1alpha1', apiVersion),
        want: [
          `1:1 error FieldValueNotSupported apiVersion Unsupported value: "${apiVersion}": did you mean "werf.io/v1alpha1"?`,
        ],
      })),
    ],
    {
      title: 'both of them',
      given: GOOD.replace('kind: WerfBundle', 'kind: werfbundle').replace('werf.io', 'Werf.io'),
      want: [
        '2:1 error FieldValueNotSupported kind Unsupported value: "werfbundle": did you mean "WerfBundle"?',
        '1:1 error FieldValueNotSupported apiVersion Unsupported value: "Werf.io/v1alpha1": did you mean "werf.io/v1alpha1"?',
      ],
    },
    {
      title: 'no apiVersion',
      given: GOOD.replace('apiVersion: werf.io/v1alpha1\n', ''),
      want: ['1:1 error FieldValueRequired apiVersion Required value: "werf.io/v1alpha1" is probably meant'],
    },
    {
      title: 'no kind',
      given: GOOD.replace('kind: WerfBundle\n', ''),
      want: ['1:1 error FieldValueRequired kind Required value: "WerfBundle" is probably meant'],
    },
    ...['Bundle', 'WerfProject', 'WerfBundleClaim', 'WerfBundleList', 'Werf'].map((kind) => ({
      title: `another kind of the group: ${kind}`,
      given: GOOD.replace('kind: WerfBundle', `kind: ${kind}`),
      want: [],
    })),
    ...['fluxcd.io/v1', 'deckhouse.io/v1alpha1', 'werf.dev/v1alpha1'].map((apiVersion) => ({
      title: `another group: ${apiVersion}`,
      given: GOOD.replace('werf.io/v1alpha1', apiVersion),
      want: [],
    })),
  ];
  for (const { title, given, want } of cases) t.same(await found(given), want, title);
});

const asJson = JSON.stringify({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { generateName: 'j-' },
  spec: { registry: { url: 'ghcr.io/acme/app' } },
});

t.test('what is judged', async (t) => {
  const results = await judgeText(
    'f',
    `# a comment\n---\n${GOOD}---\nkind: ConfigMap\n---\n${GOOD.replace('1.x', 'x.y.z')}`,
  );
  t.same(
    results.map(({ document, name, namespace, verdict }) => ({ document, name, namespace, verdict })),
    [
      { document: 1, name: 'good', namespace: 'ops', verdict: 'allow' },
      { document: 3, name: 'good', namespace: 'ops', verdict: 'deny' },
    ],
    'each bundle of a file',
  );
  const { kind: _, apiVersion: __, ...bare } = JSON.parse(asJson);
  const lists = [
    { kind: 'List', apiVersion: 'v1', items: [{ kind: 'Pod' }, JSON.parse(asJson), JSON.parse(asJson)] },
    { kind: 'WerfBundleList', apiVersion: 'werf.io/v1alpha1', items: [bare] },
  ];
  const listed = await judgeText('f', lists.map((list) => JSON.stringify(list)).join('\n---\n'), {
    namespace: 'shops',
  });
  t.same(
    listed.map(({ namespace, name, verdict, problems: [first] }) => [
      ...[namespace, name, verdict, first?.line],
      (first?.column ?? 0) > 80,
    ]),
    [
      ['shops', 'j-', 'warn', 1, true],
      ['shops', 'j-', 'warn', 1, true],
      ['shops', 'j-', 'warn', 3, true],
    ],
    'each item of a List, generateName for a name, and --namespace where there is none',
  );

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]`;
  t.match((await found(bomb))[0], /^1:1 error SyntaxError {2}has more aliases/, 'aliases are limited');

  const object = { apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata: {} };
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.jsonValue(), async (text, spec) => {
      await judgeText('f', text);
      return (await judgeText('f', JSON.stringify({ ...object, spec }))).length === 1;
    }),
  );
  t.pass('any text is judged without a fault');
});

t.test('progress', async (t) => {
  const clock = createFakeClock();
  const shown = async (isTTY: boolean, ms: number): Promise<string> => {
    let written = '';
    const progress = new Progress({ isTTY, write: (text: string) => (written += text) }, clock);
    progress.start();
    progress.tell('bundle 1 of 2');
    await clock.advance(ms);
    progress.tell('bundle 2 of 2');
    progress.end();
    return written;
  };
  t.equal(
    await shown(true, 1000),
    '\r\u001b[Kbundle 1 of 2\r\u001b[Kbundle 2 of 2\r\u001b[K',
    'after a second, and gone at the end',
  );
  t.equal(await shown(true, 999), '', 'not before');
  t.equal(await shown(false, 5000), '', 'on terminals only');
  t.equal(clock.pending(), 0);
});

t.test('the command', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-cli-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  };
  const mistaken = bundle(
    'registry:\n  url: ghcr.io/acme/app\n  tag: v1\n  pollInterval: "15"\nconverge: {serviceAccountName: deployer}\n',
  );
  const bad = `${mistaken.trimEnd()}\n${ACCOUNT}`;
  const source = (namespace: string, text: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'v', namespace },
      data: { 'v.yaml': text },
    });
  const converging = (name: string, more: string): string =>
    GOOD.replace('name: good', `name: ${name}`).replace('deployer}', `deployer, ${more}}`) + ACCOUNT;
  const using = converging('using', 'valuesFrom: [{configMapRef: {name: v}}]');
  await put('good.yaml', `${GOOD}${ACCOUNT}`);
  await put('sub/bad.yml', bad);
  await put('sub/chart.yaml', '{{ if .Values.x }}\napiVersion: v1\nkind: WerfBundle\n{{ end }}');
  await put('sub/notes.json', 'no JSON: [');
  await put('sub/.hidden/bad.yaml', bad);
  await put('sub/node_modules/bad.yaml', bad);
  await put('clusters/a/app.yaml', using);
  await put('clusters/a/values.json', source('ops', 'a: 1'));
  await put('clusters/b/app.yaml', `${using}---\n${using.replace('using', 'other')}`);
  await put('clusters/b/values.json', source('ops', 'a: b: c'));
  await put('clusters/c/app.yaml', converging('third', 'releaseName: using'));
  await put('broken/app.yaml', `${GOOD}  - x`);
  await put('empty/readme.txt', '');
  const werfbundle = (args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}) => {
    const program = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      cwd: dir,
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: dir, CI: 'true', ...env },
    });
    return { status, stdout, stderr };
  };
  process.chdir(dir);
  t.teardown(() => process.chdir(join(import.meta.dirname, '..', '..')));
  const inProcess = async (args: readonly string[]) => {
    const ended: Outcome[] = [];
    await validateCommand((outcome) => ended.push(outcome), '1.2.3').parseAsync(args, { from: 'user' });
    return ended.map(({ exitCode, stdout, stderr }) => ({ status: exitCode, stdout, stderr }))[0];
  };
  const told = (file: string): string => `${file}: WerfBundle ops/a
  ${file}:8:5: error: spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m" [WB018]
     8 |     pollInterval: "15"
       |     ^

`;
  const sum = (bundles: string, rest: string): string => `${bundles}, ${rest}\n`;
  const fine = sum('1 bundle', '0 refused: 0 problems, 0 warnings');

  const cases: readonly {
    readonly title: string;
    readonly args: readonly string[];
    readonly input?: string;
    readonly status: number;
    readonly stdout?: string;
    readonly stderr?: string;
  }[] = [
    { title: 'a good file', args: ['good.yaml'], status: 0, stdout: fine },
    {
      title: 'files and folders, each file once, without colours where no terminal is',
      args: ['-f', 'good.yaml', '-f', './good.yaml', '--filename', 'sub', 'good.yaml'],
      status: 1,
      stdout: told('sub/bad.yml') + sum('2 bundles', '1 refused: 1 problem, 0 warnings'),
      stderr: 'skipped, since it is no YAML: sub/chart.yaml, sub/notes.json\n',
    },
    {
      title: 'standard input',
      args: ['-'],
      input: bad,
      status: 1,
      stdout: told('-') + sum('1 bundle', '1 refused: 1 problem, 0 warnings'),
    },
    {
      title: 'of several objects of one name the nearest counts',
      args: ['clusters/a'],
      status: 0,
      stdout: fine,
    },
    {
      title: 'broken YAML in a folder of manifests',
      args: ['broken'],
      status: 1,
      stdout: `broken/app.yaml: document 1
  broken/app.yaml:11:1: error: A block sequence may not be used as an implicit map key [WB001]
    11 |   - x
       | ^

0 bundles, 0 refused: 1 problem, 0 warnings
`,
    },
    {
      title: 'no bundle at all',
      args: ['-'],
      input: 'kind: Pod',
      status: 0,
      stdout: sum('0 bundles', '0 refused: 0 problems, 0 warnings'),
      stderr: 'no WerfBundle in -\n',
    },
    { title: 'strictness', args: ['--strict', '-'], input: `${GOOD}${ACCOUNT}`, status: 0, stdout: fine },
    {
      title: 'files that are not there',
      args: ['nope.yaml', 'good.yaml', 'nor-this'],
      status: 2,
      stderr:
        "werfbundle: can't read nope.yaml: there is no such file or directory\nwerfbundle: can't read nor-this: there is no such file or directory\n",
    },
    {
      title: 'nothing to read',
      args: ['empty', '-'],
      status: 2,
      stderr: 'werfbundle: there is no .yaml, .yml or .json file in empty\nwerfbundle: standard input is empty\n',
    },
    {
      title: 'no file',
      args: [],
      status: 2,
      stderr: 'werfbundle: no file given: werfbundle validate FILE…, or - for standard input\n',
    },
    {
      title: 'wrong settings, all of them',
      args: ['good.yaml', '--context=a', '-n', 'A', '--allowed-registries=https://x'],
      status: 2,
      stderr: `werfbundle: --allowed-registries: "https://x": a pattern has no scheme; write for example "ghcr.io/acme"
werfbundle: --context: only with --cluster
werfbundle: --namespace: "A" is no name of a namespace
`,
    },
    {
      title: 'no cluster',
      args: ['good.yaml', '--cluster', '--kubeconfig', '/nonexistent/k'],
      status: 2,
      stderr:
        'werfbundle: kubeconfig /nonexistent/k: cannot be read: no such file; give another one with --kubeconfig FILE\n',
    },
  ];
  for (const { title, args, input = '', status, stdout = '', stderr = '' } of cases) {
    // Standard input is the process's own; for everything else no process is needed.
    const ended = args.includes('-') ? werfbundle(['validate', ...args], input) : await inProcess(args);
    t.strictSame(ended, { status, stdout, stderr }, title);
  }
  const clusters = werfbundle(['validate', 'clusters', '-o', 'github'], '', { GITHUB_WORKSPACE: dirname(dir) });
  t.strictSame(
    clusters.stdout.split('\n').map((line) => line.replace(/::spec.*/, '')),
    [
      `::error file=${basename(dir)}/clusters/b/values.json,line=1,col=102,title=WB080 WerfBundle ops/using`,
      `::error file=${basename(dir)}/clusters/b/values.json,line=1,col=102,title=WB080 WerfBundle ops/other`,
      '4 bundles, 2 refused: 2 problems, 0 warnings',
      '',
    ],
    'each folder is by itself, its releases too',
  );
  const json = werfbundle(['validate', '-o', 'json', 'sub/bad.yml']);
  t.equal(json.status, 1);
  t.same(JSON.parse(json.stdout), {
    summary: {
      files: 1,
      bundles: 1,
      denied: 1,
      warned: 0,
      allowed: 0,
      problems: 1,
      warnings: 0,
      unresolved: 0,
    },
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
            rule: 'WB018',
            severity: 'error',
            code: 'FieldValueInvalid',
            field: 'spec.registry.pollInterval',
            message: 'Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
            line: 8,
            column: 5,
          },
        ],
        unresolved: [],
      },
    ],
  });
  t.equal(werfbundle(['validate', '--nope']).status, 2);
  t.match(werfbundle(['--version']), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
  t.match(werfbundle(['validate', '--help']), { status: 0, stdout: /Exit code 0: valid/ });
});
