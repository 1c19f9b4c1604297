import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createColors } from 'picocolors';
import t from 'tap';
import { RULES } from '../../api/rules.js';
import { type Outcome, validateCommand } from '../../cli/validate/command.js';
import { decodeText } from '../../cli/validate/decode-text.js';
import { excluding } from '../../cli/validate/exclude.js';
import { judgeInputs } from '../../cli/validate/judge-inputs.js';
import { quoting } from '../../cli/validate/quote.js';
import { asGithub } from '../../cli/validate/report-github.js';
import { asJson } from '../../cli/validate/report-json.js';
import { asJunit } from '../../cli/validate/report-junit.js';
import { asSarif } from '../../cli/validate/report-sarif.js';
import { asText } from '../../cli/validate/report-text.js';
import { parseConfig } from '../../webhook/config.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { judgeText } from '../kit/judge-text.js';
import { readXml } from '../kit/xml.js';

const GOOD = `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: a, namespace: ops}
spec:
  registry: {url: ghcr.io/acme/app, tag: v1}
  converge: {serviceAccountName: default}
`;
const FINE = '1 bundle, 0 refused: 0 problems, 0 warnings\n';

const dir = mkdtempSync(join(tmpdir(), 'werfbundle-odd-'));
const home = process.cwd();
process.chdir(dir);
t.teardown(() => {
  process.chdir(home);
  rmSync(dir, { recursive: true });
});

const validate = async (...args: readonly string[]): Promise<Outcome | undefined> => {
  const ended: Outcome[] = [];
  await validateCommand((outcome) => ended.push(outcome), '1.2.3').parseAsync(args, { from: 'user' });
  return ended[0];
};

/** What is said, without the line that is quoted. */
const told = async (...args: readonly string[]) => {
  const { stdout = '', stderr = '', exitCode } = (await validate(...args)) ?? {};
  return [exitCode, stderr, ...stdout.split('\n').filter((line) => /: (error|warning): /.test(line))];
};

const put = (name: string, content: string | Buffer): void => {
  mkdirSync(join(dir, name, '..'), { recursive: true });
  writeFileSync(join(dir, name), content);
};

const utf16 = (text: string, isBig: boolean): Buffer => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};

t.test('files are read in the encodings that kubectl reads', async (t) => {
  const files: Readonly<Record<string, string | Buffer>> = {
    'bom.yaml': `\uFEFF${GOOD}`,
    'two-boms.yaml': `\uFEFF${GOOD}---\n\uFEFF# nothing\n`,
    'crlf.yaml': GOOD.replaceAll('\n', '\r\n'),
    'little.yaml': utf16(GOOD, false),
    'big.yaml': utf16(GOOD, true),
    'no-newline.yaml': GOOD.trimEnd(),
  };
  for (const [name, content] of Object.entries(files)) {
    put(name, content);
    t.strictSame(await validate(name), { stdout: FINE, stderr: '', exitCode: 0 }, name);
  }
  put('latin.yaml', Buffer.from(`# Größe\n${GOOD}`, 'latin1'));
  t.strictSame(
    await told('latin.yaml'),
    [
      0,
      '',
      '  latin.yaml:2:1: warning: some bytes of the file are no UTF-8; kubectl puts U+FFFD in their place [WB008]',
    ],
    'what is no UTF-8 is read as kubectl does, and said',
  );
  t.match(decodeText(Buffer.from('a\uFFFD')), { isLossy: false }, 'a letter U+FFFD is one');
});

t.test('what can not be manifests is named as what it is', async (t) => {
  put('binary.yaml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]));
  put('large.json', Buffer.alloc(16 * 1024 * 1024 + 1, ' '));
  put('deep.yaml', '['.repeat(100_000));
  put(
    'quoted.yaml',
    `${GOOD}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a: "${'['.repeat(1000)}"\n  b: ${'x['.repeat(500)}\n  c: |\n    ${'{'.repeat(1000)}\n`,
  );
  const levels = Array.from(
    { length: 3 },
    (_, at) => `a${at + 1}: &a${at + 1} ${'['.repeat(150)}*a${at}${']'.repeat(150)}\n`,
  ).join('');
  put('chain.yaml', `a0: &a0 [1]\n${levels}`);
  put('control.yaml', `${GOOD}x: "\u0001"\n`);
  put('folder.yaml/x.txt', '');
  t.strictSame(await told('binary.yaml'), [1, '', '  binary.yaml:1:1: error: the file is binary, and no text [WB003]']);
  t.strictSame(await told('large.json'), [
    1,
    '',
    '  large.json:1:1: error: the file has more than 16 MiB, which no file of manifests has [WB003]',
  ]);
  t.strictSame(await told('deep.yaml'), [1, '', '  deep.yaml:1:1: error: is nested more than 400 levels deep [WB001]']);
  t.strictSame(await told('chain.yaml'), [
    1,
    '',
    '  chain.yaml:1:1: error: is nested more than 400 levels deep [WB002]',
  ]);
  t.strictSame(await told('quoted.yaml'), [0, ''], 'brackets in texts are no nesting');
  t.strictSame(await told('folder.yaml'), [2, 'werfbundle: there is no .yaml, .yml or .json file in folder.yaml\n']);
  t.strictSame(
    await told('', 'good.yaml/x', 'x'.repeat(300)),
    [
      2,
      `werfbundle: can't read "": there is no such file or directory\nwerfbundle: can't read good.yaml/x: there is no such file or directory\nwerfbundle: can't read ${'x'.repeat(300)}: the name is too long\n`,
    ],
    'all that can not be read is told at once',
  );
  t.strictSame(
    await told('/dev/zero'),
    [1, '', '  /dev/zero:1:1: error: the file has more than 16 MiB, which no file of manifests has [WB003]'],
    'what never ends is not waited for',
  );
});

/** As JSON, of this name. */
const json = (name: string, tag = 'v1'): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name, namespace: 'ops', annotations: { note: 'a "}{" and a \\' } },
    spec: { registry: { url: 'ghcr.io/acme/app', tag }, converge: { serviceAccountName: 'default' } },
  });

t.test('of what is no YAML at all, little is quoted', async (t) => {
  const [result] = await judgeText(
    'README.md',
    `# Title\n\nwords\n\n## More\n\n${'a paragraph of words\n'.repeat(20)}`,
  );
  t.equal(
    result?.problems[0]?.message,
    'Unexpected scalar token in YAML stream: "a paragraph of words\\na paragraph of words\\na paragraph of w…"',
  );
});

t.test('JSON objects that follow one another are read as kubectl reads them', async (t) => {
  const [a, b] = [json('a'), json('b')];
  const TWO = '2 bundles, 0 refused: 0 problems, 0 warnings\n';
  const good: Readonly<Record<string, string>> = {
    'close.json': a + b,
    'lines.json': `\uFEFF\n${a}\n\n${b}\n`,
    'indented.json': [a, b].map((text) => JSON.stringify(JSON.parse(text), null, 2)).join('\n'),
    'marked.json': `${a}\n---\n${b}\n`,
    'yaml-behind.json': `${a}\n${GOOD}`,
    'yaml-behind-mark.json': `${a}\n---\n${GOOD}---\n`,
  };
  for (const [name, content] of Object.entries(good)) {
    put(name, content);
    t.strictSame(await validate(name), { stdout: TWO, stderr: '', exitCode: 0 }, name);
  }
  put('wrong.json', `${a}\n${a}${json('b', '')}`);
  t.match(
    await told('wrong.json'),
    [1, '', new RegExp(`wrong.json:2:${a.length + a.indexOf('"tag"') + 1}: error: spec.registry.tag: `)],
    'lines and columns are those of the file',
  );
  const bad: Readonly<Record<string, string>> = {
    'comma.json': `${a},${b}`,
    'cut.json': a + b.slice(0, -1),
    'text-cut.json': `${a}{"a": "\\"}`,
    'behind-yaml.yaml': `${GOOD}---\n${a}${b}`,
    'no-json.yaml': `{apiVersion: v1}\n${a}`,
  };
  for (const [name, content] of Object.entries(bad)) {
    put(name, content);
    t.match(
      await told(name),
      [1, '', /error: .*\[WB001\]$/],
      `${name} is refused: kubectl refuses it, or drops the last object`,
    );
  }
});

t.test('what YAML allows and kubectl does not is refused', async (t) => {
  const directive = 'Kubernetes reads no YAML directives (%YAML, %TAG): take the line away';
  const beside = 'Kubernetes wants nothing but a comment beside "---": put it on a line of its own';
  const unmarked = 'Kubernetes does not read what comes after "..." without a line "---" between them';
  const unspaced = 'YAML wants a blank between "---" and a comment, and Kubernetes does not: put one there';
  const flow = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n';
  const rows: readonly [text: string, at: string, message: string][] = [
    [`%YAML 1.1\n---\n${GOOD}`, '1:1', directive],
    [`# 1.2 reads y as a text\n%YAML 1.2\n---\n${GOOD}`, '2:1', directive],
    [`%TAG ! tag:acme,2026:\n---\n${flow}`, '1:1', directive],
    [`${flow}...\n%YAML 1.1\n---\n${flow}`, '3:1', directive],
    ['%YAML 1.1\n---\n', '1:1', directive],
    [`--- ${flow}`, '1:5', beside],
    [`${flow}---\t!x\na: 1\n`, '2:5', beside],
    ['---a: 1\n', '1:4', beside],
    [`a: 1\n---b: 2\n`, '2:4', beside],
    [`---\na: 1\n----\n${flow}`, '3:4', beside],
    [`a: |\n---b\n`, '2:4', beside],
    [`a: 1\n---#b\nc: 1\n`, '2:4', unspaced],
    [`a: 1\n---#b: 2\n`, '2:4', unspaced],
    ['a: "b\n---c"\n', '1:6', 'Missing closing "quote'],
    [`${flow}...\n# next\n${flow}`, '4:1', unmarked],
  ];
  for (const [text, at, message] of rows) {
    put('odd.yaml', text);
    t.strictSame(await told('odd.yaml'), [1, '', `  odd.yaml:${at}: error: ${message} [WB001]`], text);
  }
  put('fine.yaml', `# before\n--- # first\n${GOOD}# ---a\n...\n---\n# %YAML 1.2\n${flow}...\n---\t\n...\n`);
  t.strictSame(await validate('fine.yaml'), { stdout: FINE, stderr: '', exitCode: 0 });
  put('hidden.yaml', `%YAML 1.1\n---\napiVersion: v1\nkind: Secret\nstringData: {a: b}\n`);
  t.strictSame(await told('hidden.yaml'), [
    1,
    '',
    '  hidden.yaml:1:1: error: is no YAML (directive); nothing is quoted of a file that holds a Secret [WB001]',
  ]);
});

t.test('folders may hold anything', async (t) => {
  put('tree/good.yaml', GOOD);
  put('tree/binary.yaml', Buffer.from([0]));
  symlinkSync('.', join(dir, 'tree/loop'));
  symlinkSync('.', join(dir, 'tree/loop.yaml'));
  spawnSync('mkfifo', [join(dir, 'tree/pipe.yaml')]);
  t.strictSame(await validate('tree'), {
    stdout: FINE,
    stderr: 'skipped, since it is no YAML: tree/binary.yaml\n',
    exitCode: 0,
  });
  symlinkSync('nowhere', join(dir, 'tree/dangling.yaml'));
  symlinkSync('circle.yaml', join(dir, 'tree/circle.yaml'));
  t.strictSame(
    await told('tree'),
    [
      2,
      "werfbundle: can't read tree/circle.yaml: a symbolic link leads to itself\nwerfbundle: can't read tree/dangling.yaml: there is no such file or directory\n",
    ],
    'links that lead nowhere are told',
  );
  t.strictSame(await told('tree', '--exclude', 'circle.*', '--exclude', 'dangling.yaml'), [
    0,
    'skipped, since it is no YAML: tree/binary.yaml\n',
  ]);
});

t.test('--exclude takes globs as .gitignore has them', (t) => {
  const cases: readonly [glob: string, path: string, isExcluded: boolean][] = [
    ['*.tmpl.yaml', 'f/a.tmpl.yaml', true],
    ['*.tmpl.yaml', 'f/x/y/a.tmpl.yaml', true],
    ['*.tmpl.yaml', 'f/a.yaml', false],
    ['charts', 'f/charts', true],
    ['charts/', 'f/x/charts/a.yaml', true],
    ['charts', 'f/mycharts/a.yaml', false],
    ['charts/**', 'f/charts/x/a.yaml', true],
    ['charts/**', 'f/x/charts/a.yaml', false],
    ['/charts', 'f/charts/a.yaml', true],
    ['./x/*.yaml', 'f/x/a.yaml', true],
    ['x/*.yaml', 'f/x/y/a.yaml', false],
    ['**/y/*.yaml', 'f/x/y/a.yaml', true],
    ['**/y/*.yaml', 'f/y/a.yaml', true],
    ['a?.yaml', 'f/a1.yaml', true],
    ['a?.yaml', 'f/a.yaml', false],
    ['a+(1).yaml', 'f/a+(1).yaml', true],
    ['f', 'f/a.yaml', false],
  ];
  for (const [glob, path, isExcluded] of cases)
    t.equal(excluding([glob]).below('f')(path), isExcluded, `${glob} and ${path}`);
  t.equal(excluding([]).below('f')('f/a.yaml'), false, 'none excludes nothing');
  t.end();
});

t.test('--ignore-rule is for warnings', async (t) => {
  put('warned.yaml', GOOD.replace(', tag: v1', '').replace('  converge: {serviceAccountName: default}\n', ''));
  t.strictSame(
    (await told('warned.yaml')).slice(2).map((line) => /\[(.*)\]/.exec(String(line))?.[1]),
    ['WB040', 'WB046'],
  );
  t.strictSame(await validate('warned.yaml', '--ignore-rule', 'WB040', '--ignore-rule=WB046'), {
    stdout: FINE,
    stderr: '',
    exitCode: 0,
  });
  const json = await validate('warned.yaml', '-o', 'json', '--ignore-rule', 'WB040', '--ignore-rule', 'WB046');
  t.match(JSON.parse(json?.stdout ?? ''), { summary: { allowed: 1, warned: 0 }, results: [{ verdict: 'allow' }] });
  t.strictSame(await told('warned.yaml', '--ignore-rule', 'WB018', '--ignore-rule', 'wb040'), [
    2,
    `werfbundle: --ignore-rule: WB018 is a problem, which the webhook refuses as well; only warnings can be ignored
werfbundle: --ignore-rule: there is no rule "wb040"; docs/rules.md lists them
`,
  ]);
});

t.test('nothing of Node itself is printed', (t) => {
  put('good.yaml', GOOD);
  mkdirSync(join(dir, 'gone'));
  const program = `${process.execPath} ${join(home, 'dist', 'werfbundle.js')} validate`;
  const rows: readonly [command: string, said: object][] = [
    [
      `${program} good.yaml > /dev/full`,
      { status: 2, stderr: "werfbundle: can't write the output: the disk is full\n" },
    ],
    [`${program} nope.yaml 2> /dev/full`, { status: 2, stderr: '' }],
    [`${program} - <&-`, { status: 2, stderr: 'werfbundle: standard input is empty\n' }],
    [`${program} good.yaml >&-`, { status: 0, stderr: '' }],
    [`${program} good.yaml -o sarif | head -c 1 > /dev/null; exit \${PIPESTATUS[0]}`, { status: 0, stderr: '' }],
    [
      `cd gone; rmdir ../gone; ${program} ../good.yaml`,
      { status: 2, stderr: 'werfbundle: the current folder does not exist any more: go to another one\n' },
    ],
  ];
  for (const [command, said] of rows) {
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: dir, encoding: 'utf8' });
    t.strictSame({ status, stderr }, said, command.replace(program, 'werfbundle validate'));
  }
  t.end();
});

const ids = new Set<string>(Object.values(RULES).map(({ id }) => id));

/** Pieces that YAML, and the objects, are made of; put together at random they are hardly ever right. */
const PIECES = [
  ...GOOD.split(/(?<=\n)/),
  ...'{ } [ ] : , - ? | > & * ! % @ ` " \' # --- ... <<: &a *a !!int !!binary'.split(' '),
  ...[
    '\n',
    '\t',
    '\r\n',
    '\uFEFF',
    '\u2028',
    '\uD800',
    '\0',
    '  ',
    'kind: Secret\n',
    'kind: List\nitems:\n',
    '- ',
    '0x_',
    '.inf',
    '1e999',
  ],
  ...['valuesFrom: [{configMapRef: {name: a}}]\n', 'spec: ', 'metadata: ', 'null', 'data:\n  a.yaml: |\n'],
];

t.test('nothing of a file reaches a terminal as a command to it', async (t) => {
  put(
    'escape.yaml',
    GOOD.replace('name: a', 'name: "\\e[31ma"').replace('tag: v1', 'tag: v1, "\\e[31mb": "\\e]0;x\\a"'),
  );
  const { stdout = '' } = (await validate('escape.yaml')) ?? {};
  t.notMatch(stdout, '\u001b');
  t.match(stdout, 'spec.registry. [31mb: unknown field');
});

t.test('whatever a file holds, it is judged, and every report is well-formed', async (t) => {
  const parsed = parseConfig({ argv: [], env: {} });
  if (parsed.kind !== 'ok') throw new Error('the flags are wrong');
  const how = { config: parsed.config, clock: createFakeClock(), strict: false, namespace: 'ops' };
  const text = fc.oneof(
    fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join('')),
    // The right thing with a mistake in it.
    fc
      .tuple(fc.nat(GOOD.length), fc.constantFrom(...PIECES), fc.nat(8))
      .map(([at, piece, cut]) => GOOD.slice(0, at) + piece + GOOD.slice(at + cut)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      const { results } = await judgeInputs([{ name: 'f', text: given, found: false }], how);
      const report = { results, files: 1 };
      const quote = quoting([{ name: 'f', text: given, found: false }]);
      const shown = asText(report, { colors: createColors(false), quote, columns: undefined });
      readXml(asJunit(report, '/'));
      JSON.parse(asSarif(report, { version: '1.2.3', root: '/' }));
      JSON.parse(asJson(report));
      const found = results.flatMap(({ problems, unresolved }) => [...problems, ...unresolved]);
      return (
        found.every(({ rule, line, column }) => ids.has(rule) && line >= 1 && column >= 1) &&
        !/\bat .*\.js:\d|undefined|\[object |RangeError|TypeError/.test(shown + asGithub(report, '/')) &&
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
        !/[\u0000-\u0009\u000b-\u001f]/.test(shown)
      );
    }),
    { numRuns: 400 },
  );
  t.pass('400 of them');
});
