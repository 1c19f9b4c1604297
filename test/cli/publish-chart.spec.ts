import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { partsOf } from '../../cli/publish/bundle.js';
import { readChartFolder } from '../../cli/publish/chart-folder.js';
import { checkChart } from '../../cli/publish/check-chart.js';
import { globOf } from '../../cli/publish/glob.js';
import { parseIgnoreRules } from '../../cli/publish/ignore-rules.js';

t.test('a pattern means what it means to Go', async (t) => {
  const rows: readonly (readonly [pattern: string, path: string, fits: boolean])[] = [
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', 'a/b.yaml', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[]a]x', 'ax', false],
    ['[c-a]x', 'bx', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a+(b).$', 'a+(b).$', true],
    ['ä?', 'äö', true],
    ['a-b/c', 'a-b/c', true],
    ['[\\-x]', '-', true],
    ['', '', true],
  ];
  for (const [pattern, path, fits] of rows) {
    const glob = globOf(pattern);
    t.equal(glob.kind === 'ok' && glob.matches(path), fits, `${pattern} and ${path}`);
  }
  for (const pattern of ['[', '[]', '[a', '[a-', '[-a]', 'a\\', '[\\']) {
    t.equal(globOf(pattern).kind, 'invalid', pattern);
  }
});

t.test('.helmignore means what it means to Helm', async (t) => {
  const rows: readonly {
    readonly title: string;
    readonly text: string;
    readonly ignored: readonly string[];
    readonly kept: readonly string[];
  }[] = [
    { title: 'a name, in any folder', text: '*.bak\n', ignored: ['a.bak', 'x/y/a.bak'], kept: ['a.bakx'] },
    { title: 'a path from the top', text: '/secrets.yaml', ignored: ['secrets.yaml'], kept: ['x/secrets.yaml'] },
    { title: 'a path with a folder', text: 'ci/*.yaml', ignored: ['ci/a.yaml'], kept: ['x/ci/a.yaml', 'ci/x/a.yaml'] },
    { title: 'a folder only', text: 'ci/', ignored: ['ci/'], kept: ['ci'] },
    { title: 'comments and empty lines', text: '\ufeff# all\n\n  *.md  \r\n', ignored: ['a.md'], kept: ['# all'] },
    { title: 'negated: whatever does not fit', text: '!*.yaml', ignored: ['a.md'], kept: ['a.yaml'] },
    { title: 'a negated folder: every file', text: '!ci/', ignored: ['a.yaml', 'x/'], kept: ['ci/'] },
    {
      title: 'no file at all',
      text: '',
      ignored: ['templates/.hidden'],
      kept: ['.hidden', 'templates/a', '.helmignore'],
    },
  ];
  for (const { title, text, ignored, kept } of rows) {
    const parsed = parseIgnoreRules(text);
    const ignores = (path: string): boolean =>
      parsed.kind === 'ok' && parsed.rules.ignores(path.replace(/\/$/, ''), path.endsWith('/'));
    t.strictSame([...ignored, ...kept].filter(ignores), ignored, title);
  }
  t.strictSame(parseIgnoreRules('a/**/b\n*.md\n[x'), {
    kind: 'invalid',
    problems: [
      '.helmignore:1: "a/**/b" has **, which Helm does not support',
      '.helmignore:3: "[x" is no pattern: a [ is not closed, or nothing follows a \\',
    ],
  });
});

const CHART = 'apiVersion: v2\nname: app\nversion: 1.0.0\n';

t.test('a folder is read with its links followed and what it ignores left out', async (t) => {
  const dir = t.testdir({
    common: { '_lib.tpl': 'shared' },
    chart: {
      'Chart.yaml': `\ufeff${CHART}`,
      '.helmignore': 'ci/\n*.bak\nbroken-and-ignored\n',
      ci: { 'values.yaml': 'secret: 1' },
      templates: { 'a.yaml': 'a: 1', '.a.yaml.swp': 'x', 'a.yaml.bak': 'x' },
    },
  });
  const folder = join(dir, 'chart');
  await symlink('../../common', join(folder, 'templates/common'));
  await symlink('a.yaml', join(folder, 'templates/b.yaml'));
  await symlink('nowhere', join(folder, 'broken-and-ignored'));
  const read = await readChartFolder(folder);
  if (read.kind !== 'files') throw new Error(JSON.stringify(read));
  t.strictSame(Object.fromEntries([...read.files].map(([path, content]) => [path, content.toString()])), {
    '.helmignore': 'ci/\n*.bak\nbroken-and-ignored\n',
    'Chart.yaml': CHART,
    'templates/a.yaml': 'a: 1',
    'templates/b.yaml': 'a: 1',
    'templates/common/_lib.tpl': 'shared',
  });
  t.strictSame(read.followed, ['templates/b.yaml -> templates/a.yaml', 'templates/common -> ../common']);
});

t.test('a .helmignore that is no file is a problem of the chart', async (t) => {
  const folder = t.testdir({ 'Chart.yaml': CHART, '.helmignore': {} });
  t.strictSame(await readChartFolder(folder), { kind: 'invalid', problems: ['.helmignore: this is no file'] });
});

t.test('what can’t be packed is named, all of it', async (t) => {
  const dir = t.testdir({ chart: { 'Chart.yaml': CHART, deep: {} }, file: '' });
  const folder = join(dir, 'chart');
  await symlink('nowhere', join(folder, 'broken'));
  await symlink('..', join(folder, 'deep/loop'));
  await writeFile(join(folder, 'large.bin'), Buffer.alloc(5 * 1024 * 1024 + 1));
  const unread = process.getuid?.() === 0 ? [] : ['unread: it may not be read'];
  await writeFile(join(folder, 'unread'), '');
  await chmod(join(folder, 'unread'), 0);
  t.strictSame(await readChartFolder(folder), {
    kind: 'invalid',
    problems: [
      'broken: a symbolic link to nothing',
      'deep/loop: a symbolic link to a folder that it is in',
      'large.bin: it has more than 5 MiB, which Helm does not read; name it in .helmignore if it is no part of the chart',
      ...unread,
    ],
  });
  await mkdir(join(dir, 'huge'));
  for (let n = 0; n < 21; n += 1) await writeFile(join(dir, 'huge', `${n}`), Buffer.alloc(5 * 1024 * 1024));
  t.strictSame(await readChartFolder(join(dir, 'huge')), {
    kind: 'invalid',
    problems: ['the chart has more than 100 MiB, which Helm does not read; name what is no part of it in .helmignore'],
  });
  t.strictSame(await readChartFolder(join(dir, 'none')), {
    kind: 'unreadable',
    why: `${join(dir, 'none')}: there is no such folder`,
  });
  t.strictSame(await readChartFolder(join(dir, 'file')), {
    kind: 'unreadable',
    why: `${join(dir, 'file')}: this is no folder; give the one with Chart.yaml`,
  });
});

const TEMPLATE = { 'templates/a.yaml': 'a: 1\n' };
const checked = (files: Readonly<Record<string, string>>) =>
  checkChart(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));

t.test('a chart in a folder below is told with the path to give', (t) => {
  const files = new Map([['chart/Chart.yaml', Buffer.from(CHART)]]);
  t.match(checkChart(files, 'playground'), {
    problems: ['Chart.yaml: it is missing; there is one in playground/chart: give that folder'],
  });
  t.end();
});

t.test('a chart is refused for all that Helm or werf would refuse it for later', async (t) => {
  const rows: readonly {
    readonly title: string;
    readonly files: Readonly<Record<string, string>>;
    readonly problems: readonly string[];
  }[] = [
    {
      title: 'no Chart.yaml',
      files: TEMPLATE,
      problems: ['Chart.yaml: it is missing; write one with apiVersion: v2, a name and a version'],
    },
    {
      title: 'of another case',
      files: { 'chart.yaml': CHART },
      problems: ['chart.yaml: Helm reads the name Chart.yaml only; rename it'],
    },
    {
      title: 'in a folder below',
      files: { 'web/Chart.yaml': CHART },
      problems: ['Chart.yaml: it is missing; there is one in web: give that folder'],
    },
    {
      title: 'a project of werf',
      files: { 'werf.yaml': 'a: 1', '.helm/templates/a.yaml': 'a: 1' },
      problems: [
        'Chart.yaml: it is missing; write one with apiVersion: v2, a name and a version in .helm, and give that folder',
      ],
    },
    {
      title: 'no YAML',
      files: { 'Chart.yaml': 'name: [a' },
      problems: [
        'Chart.yaml:1:9: it is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    },
    {
      title: 'no map',
      files: { 'Chart.yaml': '- a' },
      problems: ['Chart.yaml: a map is needed, with "key: value" in each line'],
    },
    {
      title: 'all at once',
      files: { 'Chart.yaml': 'apiVersion: v1\nname: a/b\nversion: latest\ntype: library\nannotations: {a: [1]}\n' },
      problems: [
        'Chart.yaml: apiVersion: "v2" is needed; "v1" is for Helm 2',
        'Chart.yaml: type: a library can’t be deployed; publish the chart that uses it',
        'Chart.yaml: annotations.a: a text is needed',
        'Chart.yaml: name: "a/b": letters and digits are needed, with "-", "." or "_" between them',
        'Chart.yaml: version: "latest": a semantic version is needed, for example 1.0.0',
        'templates/: there is no file in it: nothing would be deployed',
      ],
    },
    {
      title: 'nothing in it',
      files: { 'Chart.yaml': '', ...TEMPLATE },
      problems: [
        'Chart.yaml: apiVersion: "v2" is needed',
        'Chart.yaml: name: letters and digits are needed, with "-", "." or "_" between them',
        'Chart.yaml: version: a semantic version is needed, for example 1.0.0',
      ],
    },
    {
      title: 'lists where Helm wants texts',
      files: { 'Chart.yaml': 'apiVersion: v2\nname: [app]\nversion: 1.1\nappVersion: {a: 2}\n', ...TEMPLATE },
      problems: ['Chart.yaml: name: a text is needed', 'Chart.yaml: appVersion: a text is needed'],
    },
    {
      title: 'fields of another type',
      files: {
        'Chart.yaml': `${CHART}keywords: hello\ndeprecated: "yes"\nmaintainers: [{email: [x]}, ~]\nsources: [{a: 1}]\nicon: {}\n`,
        ...TEMPLATE,
      },
      problems: [
        'Chart.yaml: keywords: a list is needed, with "- " before each item',
        'Chart.yaml: deprecated: true or false is needed',
        'Chart.yaml: maintainers[0].email: a text is needed',
        'Chart.yaml: maintainers[1]: a map is needed, with "key: value" in each line',
        'Chart.yaml: sources[0]: a text is needed',
        'Chart.yaml: icon: a text is needed',
      ],
    },
    {
      title: 'dependencies that can’t be told apart',
      files: {
        'Chart.yaml': `${CHART}dependencies: [{name: db}, {name: db}, {name: db, alias: a.b}, text]\n`,
        'charts/db-1.2.3.tgz': '',
      },
      problems: [
        'Chart.yaml: dependencies[3]: a map is needed, with "key: value" in each line',
        'Chart.yaml: dependencies: "db" is there twice; alias gives one another name',
        'Chart.yaml: dependencies: alias "a.b": letters, digits, "-" and "_" are needed',
      ],
    },
    {
      title: 'what is in charts/ and is none',
      files: {
        'Chart.yaml': CHART,
        'charts/a/Chart.yaml': 'name: a\nversion: 1\ntype: library\nkeywords: hello',
        'charts/a/charts/b/Chart.yaml': '- b',
        'charts/a/charts/b/values.yaml': 'b',
        'charts/README.md': '',
        'charts/_lib/x': '',
        'charts/db-1.2.3.tgz': '',
      },
      problems: [
        'charts/a/Chart.yaml: keywords: a list is needed, with "- " before each item',
        'charts/a/charts/b/Chart.yaml: a map is needed, with "key: value" in each line',
        'charts/README.md: Helm takes what is in charts/ for a chart, which this is not; name it in .helmignore',
      ],
    },
    {
      title: 'dependencies that nobody has fetched',
      files: {
        'Chart.yaml': `${CHART}dependencies: [{name: redis}, {name: common}, {name: db}, {}]\n`,
        'charts/other/Chart.yaml': 'name: common\nversion: 1.0.0',
        'charts/db-1.2.3.tgz': '',
        ...TEMPLATE,
      },
      problems: [
        'Chart.yaml: dependencies: each needs a name',
        'Chart.yaml: dependencies: not in charts/: redis; run "helm dependency build" first',
      ],
    },
    {
      title: 'values that are none',
      files: { 'Chart.yaml': CHART, 'values.yaml': 'text', 'values.schema.json': '{', ...TEMPLATE },
      problems: [
        'values.yaml: a map is needed, with "key: value" in each line',
        'values.schema.json: this is no JSON object',
      ],
    },
    {
      title: 'an alias to nothing',
      files: { 'Chart.yaml': CHART, 'values.yaml': 'a: *nope', ...TEMPLATE },
      problems: ['values.yaml:1:4: it has an alias (*name) of an anchor that is not there'],
    },
    {
      title: 'a merge of what is no map',
      files: { 'Chart.yaml': CHART, 'values.yaml': '<<: 1', ...TEMPLATE },
      problems: ['values.yaml:1:5: it has a merge key (<<) without a map, or a list of maps'],
    },
    {
      title: 'a path that no archive holds',
      files: { 'Chart.yaml': CHART, [`templates/${'x'.repeat(101)}`]: '' },
      problems: [
        `templates/${'x'.repeat(101)}: this path is too long: at most 100 bytes in its last part, and 250 in all`,
      ],
    },
  ];
  for (const { title, files, problems } of rows) t.strictSame(checked(files), { kind: 'invalid', problems }, title);
});

t.test('a chart becomes what Helm would make of it', async (t) => {
  const text = `# a comment\n${CHART}deprecated: no\nkeywords: []\nannotations: {a: b}\nunknown: 1\ndescription: ä\n`;
  const found = checked({ 'Chart.yaml': text, 'values.yaml': '', 'templates/NOTES.txt': 'hi' });
  if (found.kind !== 'ok') throw new Error(found.problems.join());
  t.equal(found.version, '1.0.0');
  const { config, layer } = partsOf(found.chart);
  t.equal(config.mediaType, 'application/vnd.cncf.helm.config.v1+json');
  t.equal(
    config.content.toString(),
    '{"name":"app","version":"1.0.0","description":"ä","apiVersion":"v2","annotations":{"a":"b"}}',
    'its fields in Helm’s order, without those that are empty',
  );
  t.equal(layer.mediaType, 'application/tar+gzip');
  const tar = gunzipSync(layer.content);
  const names = Array.from({ length: tar.length / 512 }, (_, n) => tar.toString('utf8', n * 512, n * 512 + 100));
  t.strictSame(
    names.map((name) => name.replace(/\0.*/s, '')).filter((name) => name.startsWith('app/')),
    ['app/Chart.yaml', 'app/templates/NOTES.txt', 'app/values.yaml'],
  );
  const turned = { ...found.chart, files: new Map([...found.chart.files].toReversed()) };
  t.equal(partsOf(turned).layer.content.compare(layer.content), 0, 'equal charts are equal bytes');
});

t.test('the playground’s chart is one', async (t) => {
  const read = await readChartFolder(join(process.cwd(), 'playground/chart'));
  if (read.kind !== 'files') throw new Error(JSON.stringify(read));
  t.equal(checkChart(read.files).kind, 'ok');
  t.match(await readFile('playground/samples/web.yaml', 'utf8'), /url: localhost:5000\/demo\/web\n/);
});
