import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { partsOf } from '../../cli/publish/bundle.js';
import { readChartFolder } from '../../cli/publish/chart-folder.js';
import { checkChart } from '../../cli/publish/check-chart.js';
import { goProgram } from '../kit/go-program.js';

interface Loaded {
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** SHA-256 by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly error?: string;
}

const helm = await goProgram('helm-chart');
const skip = helm.kind === 'missing' && `Helm's own loader can't be built here: ${helm.why}`;

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Makes a chart's folder. A content that begins with `->` is a symbolic link. */
const makeChart = async (folder: string, files: Readonly<Record<string, string>>): Promise<string> => {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    if (content.startsWith('->')) await symlink(content.slice(2), file);
    else await writeFile(file, content);
  }
  return folder;
};

const CHART = 'apiVersion: v2\nname: app\nversion: 1.0.0\n';
const TEMPLATE = { 'templates/a.yaml': 'a: 1\n' };
const EVERYTHING = `${CHART}description: an app
home: https://app.example
sources: [https://git.example/app]
keywords: [a, b]
maintainers: [{name: Anna, email: anna@app.example}]
icon: https://app.example/icon
appVersion: "1.10"
deprecated: true
annotations: {"app.example/b": "2", "app.example/a": "1"}
kubeVersion: ">=1.30"
type: application
dependencies: [{name: common, version: 1.x.x, repository: "https://charts.example"}]
`;
const COMMON = { 'charts/common/Chart.yaml': 'apiVersion: v2\nname: common\nversion: 1.0.0\n' };

const CHARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a small chart': { 'Chart.yaml': CHART, ...TEMPLATE },
  'all fields, a dependency, values and a schema': {
    'Chart.yaml': EVERYTHING,
    'values.yaml': '\ufeffa: ä\n',
    'values.schema.json': '{}',
    'README.md': '',
    'crds/a.yaml': 'a: 1',
    'charts/common/templates/_lib.tpl': 'x',
    ...COMMON,
    ...TEMPLATE,
  },
  'links, and what is ignored': {
    'Chart.yaml': CHART,
    '.helmignore': '*.md\nci/\n/top.txt\ndeep/[a-b]*.txt\n# end\n',
    'README.md': '',
    'top.txt': '',
    'ci/x.yaml': '',
    'deep/ax.txt': '',
    'deep/cx.txt': '',
    'templates/.swp': '',
    'templates/link.yaml': '->a.yaml',
    'folder-link': '->templates',
    ...TEMPLATE,
  },
  'ignored by a name with a dash': {
    'Chart.yaml': CHART,
    '.helmignore': 'not-this\n.*\n',
    'not-this': '',
    ...TEMPLATE,
  },
  'numbers in the place of texts': {
    'Chart.yaml': `${CHART.replace('1.0.0', '1.10')}appVersion: 2\nannotations: {a: true, b: 1.5}\n`,
    ...TEMPLATE,
  },
  'a lenient version': { 'Chart.yaml': CHART.replace('1.0.0', '"v1.2"'), ...TEMPLATE },
};

t.test('the published chart is to Helm what the folder is, file by file', { skip }, async (t) => {
  if (helm.kind === 'missing') return;
  for (const [title, files] of Object.entries(CHARTS)) {
    const dir = t.testdir({ archive: {} });
    const folder = await makeChart(join(dir, 'folder'), files);
    const read = await readChartFolder(folder);
    if (read.kind !== 'files') throw new Error(`${title}: ${JSON.stringify(read)}`);
    const checked = checkChart(read.files);
    if (checked.kind !== 'ok') throw new Error(`${title}: ${checked.problems.join('; ')}`);
    const { config, layer } = partsOf(checked.chart);
    const archive = join(dir, 'archive/app.tgz');
    await writeFile(archive, layer.content);
    const [byFolder, byArchive] = await helm.ask<Loaded>([{ path: folder }, { path: archive }], ['load']);
    t.equal(byFolder?.error, undefined, title);
    t.strictSame(byArchive, byFolder, title);
    const digests = [...read.files].map(([path, content]) => [path, sha256(content)] as const);
    t.strictSame(byArchive?.files, Object.fromEntries(digests), title);
    t.strictSame(JSON.parse(config.content.toString()), byFolder?.metadata, `${title}: the config is Helm’s`);
  }
});

const WRITTEN = [
  ...[
    'text',
    '1',
    '1.50',
    '1e-7',
    '0x1F',
    'yes',
    '~',
    '""',
    '2024-01-01',
    '12:30:45',
    '"a\\tb\\u00a0c\\u0007d"',
    '">=1 <2"',
  ],
  ...[
    '[]',
    '[a]',
    '[1, true, ~]',
    '[[a]]',
    '[{name: common}]',
    '[{name: b, email: 1, other: [1]}]',
    '{}',
    '{a: b}',
    '{a: 1}',
  ],
  ...['[{name: common}, {name: common, alias: x}]', '[{name: common}, {name: common}]', '[~]', '{a: [b]}', '{name: x}'],
];
const FIELDS = [
  ...[
    'name',
    'home',
    'sources',
    'version',
    'description',
    'keywords',
    'maintainers',
    'icon',
    'apiVersion',
    'condition',
  ],
  ...['tags', 'appVersion', 'deprecated', 'annotations', 'kubeVersion', 'dependencies', 'type', 'Description', 'other'],
];
const MAINTAINER = ['name', 'email', 'url', 'Email', 'other'];
const DEPENDENCY = ['name', 'version', 'repository', 'condition', 'tags', 'enabled', 'import-values', 'alias', 'Tags'];

/** Charts that differ in what one field has. */
const oddCharts = (): readonly (readonly [title: string, chart: string])[] => [
  ...FIELDS.flatMap((field) =>
    WRITTEN.map(
      (value) =>
        [`${field}: ${value}`, `${CHART.replace(new RegExp(`^${field}:.*\n`, 'm'), '')}${field}: ${value}\n`] as const,
    ),
  ),
  ...MAINTAINER.flatMap((field) =>
    WRITTEN.map(
      (value) => [`maintainers' ${field}: ${value}`, `${CHART}maintainers: [{${field}: ${value}}]\n`] as const,
    ),
  ),
  ...DEPENDENCY.flatMap((field) =>
    WRITTEN.map((value) => {
      const others = field === 'name' ? '' : 'name: common, ';
      return [`dependencies' ${field}: ${value}`, `${CHART}dependencies: [{${others}${field}: ${value}}]\n`] as const;
    }),
  ),
];

/** What is refused here though Helm loads it: it would not deploy it, or the tag's name could not be told. */
const REFUSED_HERE =
  /apiVersion: "v2" is needed|name: .*letters and digits|not in charts\/|each needs a name|kubeVersion: .* is no range/;

t.test('each field of Chart.yaml takes what it takes with Helm', { skip }, async (t) => {
  if (helm.kind === 'missing') return;
  const rows = oddCharts();
  const dir = t.testdir({});
  const places: { readonly path: string }[] = [];
  for (const [n, [, chart]] of rows.entries())
    places.push({ path: await makeChart(join(dir, `${n}`), { 'Chart.yaml': chart, ...COMMON, ...TEMPLATE }) });
  const answers = await helm.ask<Loaded>(places, ['load']);
  const differences: string[] = [];
  for (const [n, [title, chart]] of rows.entries()) {
    const files = { 'Chart.yaml': chart, ...COMMON, ...TEMPLATE };
    const ours = checkChart(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));
    const { error, metadata } = answers[n] ?? {};
    if (ours.kind === 'ok' && error !== undefined) differences.push(`${title}: Helm refuses it: ${error}`);
    if (ours.kind === 'invalid' && error === undefined && !ours.problems.every((problem) => REFUSED_HERE.test(problem)))
      differences.push(`${title}: refused here: ${ours.problems.join('; ')}`);
    if (ours.kind !== 'ok' || error !== undefined) continue;
    const config: unknown = JSON.parse(partsOf(ours.chart).config.content.toString());
    if (!isDeepStrictEqual(config, metadata))
      differences.push(`${title}: ${JSON.stringify(config)} is ${JSON.stringify(metadata)} to Helm`);
  }
  t.ok(rows.length > 800, 'all fields, and all that may be written');
  t.strictSame(differences, []);
});

t.test('what Helm refuses is refused here', { skip }, async (t) => {
  if (helm.kind === 'missing') return;
  const charts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'no Chart.yaml': TEMPLATE,
    'no name': { 'Chart.yaml': 'apiVersion: v2\nversion: 1.0.0\n', ...TEMPLATE },
    'a version that is none': { 'Chart.yaml': CHART.replace('1.0.0', 'latest'), ...TEMPLATE },
    'a name with a slash': { 'Chart.yaml': CHART.replace('app', 'a/b'), ...TEMPLATE },
    'an unknown type': { 'Chart.yaml': `${CHART}type: app\n`, ...TEMPLATE },
    'a list as appVersion': { 'Chart.yaml': `${CHART}appVersion: [1]\n`, ...TEMPLATE },
    'values that are a text': { 'Chart.yaml': CHART, 'values.yaml': 'text', ...TEMPLATE },
    'an ignored Chart.yaml': { 'Chart.yaml': CHART, '.helmignore': '!*.md\n', ...TEMPLATE },
    'a pattern that is none': { 'Chart.yaml': CHART, '.helmignore': '[a\n', ...TEMPLATE },
    'two stars': { 'Chart.yaml': CHART, '.helmignore': 'a/**\n', ...TEMPLATE },
    'a text where keywords are due': { 'Chart.yaml': `${CHART}keywords: hello\n`, ...TEMPLATE },
    'a chart in charts/ with a text where keywords are due': {
      'Chart.yaml': CHART,
      'charts/a/Chart.yaml': 'name: a\nversion: 1.0.0\nkeywords: hello\n',
    },
    'a chart in charts/ of a chart in charts/': {
      'Chart.yaml': CHART,
      'charts/a/Chart.yaml': 'name: a\nversion: 1.0.0\n',
      'charts/a/charts/b/Chart.yaml': 'name: b\nversion: latest\n',
    },
    'values of a chart in charts/ that are a text': {
      'Chart.yaml': CHART,
      'charts/a/Chart.yaml': 'name: a\nversion: 1.0.0\n',
      'charts/a/values.yaml': 'text',
    },
    'a folder in charts/ without Chart.yaml': { 'Chart.yaml': CHART, 'charts/a/values.yaml': 'a: 1' },
    'a file in charts/ that is no chart': { 'Chart.yaml': CHART, 'charts/README.md': 'x', ...TEMPLATE },
    'a link to nothing': { 'Chart.yaml': CHART, 'templates/b': '->nowhere', ...TEMPLATE },
  };
  for (const [title, files] of Object.entries(charts)) {
    const folder = await makeChart(join(t.testdir({}), 'folder'), files);
    const [theirs] = await helm.ask<Loaded>([{ path: folder }], ['load']);
    t.not(theirs?.error, undefined, `${title}: Helm refuses it`);
    const read = await readChartFolder(folder);
    const ours = read.kind === 'files' ? checkChart(read.files) : read;
    t.equal(ours.kind, 'invalid', `${title}: ${theirs?.error}`);
  }
});
