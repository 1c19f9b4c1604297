import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import { Ajv } from 'ajv';
import { createColors } from 'picocolors';
import t from 'tap';
import { RULES } from '../../api/rules.js';
import { quoting } from '../../cli/validate/quote.js';
import { asGithub } from '../../cli/validate/report-github.js';
import { asJson } from '../../cli/validate/report-json.js';
import { asJunit } from '../../cli/validate/report-junit.js';
import { asSarif } from '../../cli/validate/report-sarif.js';
import { asText } from '../../cli/validate/report-text.js';
import type { Result } from '../../cli/validate/result.js';
import type { Report } from '../../cli/validate/summary.js';
import { bundleText as bundle, GOOD_BUNDLE as GOOD, judgeText } from '../kit/judge-text.js';
import { readXml } from '../kit/xml.js';

const reportOf = (results: readonly Result[]): Report => ({ results, files: 1 });

/** The published schema of SARIF 2.1.0, which is of an older draft than ajv reads; nothing in it means something else by now. */
const isSarif = (() => {
  const file = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(file, 'utf8'));
  return new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true }).compile(schema);
})();

/** Everything that is said of a text, in every form. */
const allReports = (report: Report, text: string) => {
  const quote = quoting([{ name: 'f', text, found: false }]);
  return {
    text: asText(report, { colors: createColors(true), quote, columns: undefined }),
    github: asGithub(report, '/'),
    json: asJson(report),
    sarif: asSarif(report, { version: '1.2.3', root: '/' }),
    junit: asJunit(report, '/'),
  };
};

t.test('nothing of a Secret is printed', async (t) => {
  const password = 'hunter2-hunter2';
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: ops}\nstringData:\n  values.yaml: "${password}: ["\n`;
  const uses = bundle('registry: {url: ghcr.io/acme/app, tag: v1}\nconverge: {valuesFrom: [{secretRef: {name: a}}]}');
  const inOneLine = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b' }, stringData: { a: password } },
      { apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata: { name: 'b' }, spec: {} },
    ],
  });
  const cases: readonly { readonly title: string; readonly text: string }[] = [
    { title: 'a Secret that is used', text: `${secret}---\n${uses}` },
    { title: 'one in the same line', text: inOneLine },
    { title: 'one that is no YAML', text: `${secret}  b: ${password}: *${password}\n - ${password}\n` },
    { title: 'a kind that is no YAML', text: `kind: "Secret\ndata: ${password}\n@${password}: {` },
    { title: 'one before what is no YAML', text: `${secret}---\nkind: [\n` },
  ];
  for (const { title, text } of cases) {
    const results = await judgeText('f', text);
    const printed = Object.values(allReports(reportOf(results), text));
    t.equal(
      results.some(({ verdict }) => verdict === 'deny'),
      true,
      `${title}: there is something to tell`,
    );
    t.notMatch(printed.join('\n'), password, title);
  }
});

const TEXT = `apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: ops}
data:
  values.yaml: |
    a: b: c
---
${bundle('registry:\n  url: ghcr.io/acme/app\n  pollInterval: "15"\nconverge:\n  targetNamespace: ops\n  serviceAccountName: deployer\n  valuesFrom: [{configMapRef: {name: values}}]\n  image: "a,b: 100%\\u001b[31m"')}
---
${GOOD}`;

t.test('the reports', async (t) => {
  const results = await judgeText('apps/a.yaml', TEXT);
  const report = reportOf(results);
  const quote = quoting([{ name: 'apps/a.yaml', text: TEXT, found: false }]);
  t.equal(
    `${asText(report, { colors: createColors(false), quote, columns: undefined })}\n`,
    `apps/a.yaml: WerfBundle ops/a
  apps/a.yaml:14:5: error: spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m" [WB018]
    14 |     pollInterval: "15"
       |     ^
  apps/a.yaml:19:5: error: spec.converge.image: Invalid value: "a,b: 100%\\u001b[31m": an image has no white space and only ASCII characters, for example "ghcr.io/werf/werf:3.2.0" [WB016]
    19 |     image: "a,b: 100%\\u001b[31m"
       |     ^
  apps/a.yaml:18:34: error: spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "values": key "values.yaml" of ConfigMap ops/values is no YAML: line 1, column 4: mapping values are not allowed here [WB080]
    see apps/a.yaml:6:8
     6 |     a: b: c
       |        ^
  apps/a.yaml:12:3: warning: spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0) [WB040]
    12 |   registry:
       |   ^
  apps/a.yaml:17:5: not checked: spec.converge.serviceAccountName: ServiceAccount deployer of namespace ops is not in the input [WB063]

apps/a.yaml: WerfBundle ops/good
  apps/a.yaml:30:14: not checked: spec.converge.serviceAccountName: ServiceAccount deployer of namespace ops is not in the input [WB063]

2 bundles, 1 refused: 3 problems, 1 warning, 2 references not checked
`,
    'for people',
  );
  t.strictSame(
    asGithub(report, process.cwd()).split('\n'),
    [
      '::error file=apps/a.yaml,line=14,col=5,title=WB018 WerfBundle ops/a::spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
      '::error file=apps/a.yaml,line=19,col=5,title=WB016 WerfBundle ops/a::spec.converge.image: Invalid value: "a,b: 100%25\\u001b[31m": an image has no white space and only ASCII characters, for example "ghcr.io/werf/werf:3.2.0"',
      '::error file=apps/a.yaml,line=6,col=8,title=WB080 WerfBundle ops/a::spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "values": key "values.yaml" of ConfigMap ops/values is no YAML: line 1, column 4: mapping values are not allowed here',
      '::warning file=apps/a.yaml,line=12,col=3,title=WB040 WerfBundle ops/a::spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)',
      '::notice file=apps/a.yaml,line=17,col=5,title=WB063 WerfBundle ops/a::spec.converge.serviceAccountName: not checked: ServiceAccount deployer of namespace ops is not in the input',
      '::notice file=apps/a.yaml,line=30,col=14,title=WB063 WerfBundle ops/good::spec.converge.serviceAccountName: not checked: ServiceAccount deployer of namespace ops is not in the input',
      '2 bundles, 1 refused: 3 problems, 1 warning, 2 references not checked',
    ],
    'for GitHub',
  );
  const odd = results.map((result) => ({
    ...result,
    file: '50%,a:b.yaml',
    unresolved: [],
    problems: result.problems.slice(0, 1),
  }));
  t.match(
    asGithub({ results: odd, files: 1 }, process.cwd()),
    '::error file=50%25%2Ca%3Ab.yaml,line=14,',
    'with its own escapes',
  );
  t.match(asText(report, { colors: createColors(true), quote, columns: undefined }), '\u001b[31merror', 'in colours');
  const screen = { colors: createColors(true), quote, columns: 80 };
  const shown = stripVTControlCharacters(asText(report, screen)).split('\n');
  t.match(
    shown.join('\n'),
    `  apps/a.yaml:14:5: error: spec.registry.pollInterval: Invalid value: "15": a
    unit is missing; durations from "1m" to "24h", for example "15m" [WB018]
    14 |     pollInterval: "15"
       |     ^
`,
    'on a terminal broken between words, whatever the colours',
  );
  t.strictSame(
    shown.filter((line) => line.length > 80 && !/^ *\d* \|/.test(line)),
    [],
  );
  const long = JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { generateName: 'j-' },
    spec: { registry: { url: 'ghcr.io/acme/app' }, x: 'y'.repeat(200) },
  });
  const narrow = asText(reportOf(await judgeText('f', long)), {
    colors: createColors(false),
    columns: undefined,
    quote: quoting([{ name: 'f', text: long, found: false }]),
  });
  t.match(
    narrow,
    /^ +1 \| …y":\{"url":"ghcr.io\/acme\/app"\},"x":"y{65}…\n +\| {32}\^$/m,
    'long lines are cut around the place',
  );
});

t.test('SARIF', async (t) => {
  const results = await judgeText('apps/a b.yaml', TEXT);
  const { runs, ...log } = JSON.parse(asSarif(reportOf(results), { version: '1.2.3', root: process.cwd() }));
  t.strictSame(isSarif({ ...log, runs }) || isSarif.errors, true, 'is what its schema wants');
  t.strictSame(log, { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0' });
  const [run] = runs;
  const { rules, ...driver } = run.tool.driver;
  t.strictSame(driver, {
    name: 'werfbundle',
    semanticVersion: '1.2.3',
    informationUri: 'https://github.com/werf/werfbundle',
  });
  t.strictSame(
    rules.map(({ id }: { readonly id: string }) => id),
    Object.values(RULES)
      .map(({ id }) => id)
      .toSorted(),
    'all rules are described',
  );
  const { what, mend } = RULES['malformed-duration'];
  t.strictSame(
    rules.find(({ id }: { readonly id: string }) => id === 'WB018'),
    {
      id: 'WB018',
      name: 'MalformedDuration',
      shortDescription: { text: what },
      fullDescription: { text: what },
      helpUri: 'https://github.com/werf/werfbundle/blob/main/docs/rules.md#wb018',
      help: { text: `${what} ${mend}`, markdown: `${what}\n\n${mend}` },
      defaultConfiguration: { level: 'error' },
    },
    'by what is wrong, and what to do',
  );
  const place = (startLine: number, startColumn: number) => ({
    physicalLocation: {
      artifactLocation: { uri: 'apps/a%20b.yaml', uriBaseId: '%SRCROOT%' },
      region: { startLine, startColumn },
    },
  });
  const logicalLocations = [{ fullyQualifiedName: 'WerfBundle ops/a', kind: 'object' }];
  const values = run.results.find(({ ruleId }: { readonly ruleId: string }) => ruleId === 'WB080');
  t.strictSame(
    values,
    {
      ruleId: 'WB080',
      ruleIndex: rules.findIndex(({ id }: { readonly id: string }) => id === 'WB080'),
      level: 'error',
      message: {
        text: 'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "values": key "values.yaml" of ConfigMap ops/values is no YAML: line 1, column 4: mapping values are not allowed here',
      },
      locations: [{ ...place(18, 34), logicalLocations }],
      relatedLocations: [{ id: 1, ...place(6, 8), message: { text: 'the cause' } }],
    },
    'a result is at its field, and its cause elsewhere a related location',
  );
  t.strictSame(
    run.results.map(({ ruleId, level }: Readonly<Record<string, string>>) => `${ruleId} ${level}`),
    ['WB018 error', 'WB016 error', 'WB080 error', 'WB040 warning', 'WB063 note', 'WB063 note'],
  );
  const stdin = JSON.parse(asSarif(reportOf(await judgeText('-', TEXT)), { version: '1.2.3', root: '/' }));
  t.strictSame(isSarif(stdin) || isSarif.errors, true);
  t.strictSame(
    stdin.runs[0].results[0].locations,
    [{ logicalLocations }],
    'standard input is no file that could be opened',
  );
  const outside = JSON.parse(
    asSarif(reportOf(await judgeText('/tmp/x y.yaml', 'a: [')), { version: '1.2.3', root: '/srv' }),
  );
  t.strictSame(
    outside.runs[0].results[0].locations[0].physicalLocation.artifactLocation,
    { uri: 'file:///tmp/x%20y.yaml' },
    'a file outside of the repository has its whole address',
  );
});

t.test('JUnit', async (t) => {
  const results = await judgeText('apps/a&b.yaml', TEXT);
  const message =
    'spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"';
  const account =
    'spec.converge.serviceAccountName: ServiceAccount deployer of namespace ops is not in the input [WB063]';
  const file = 'apps/a&b.yaml';
  const counts = { tests: '2', failures: '1', errors: '0', skipped: '0', time: '0' };
  const withoutSpace = (element: ReturnType<typeof readXml>): object => ({
    ...element,
    text: element.text.trim(),
    children: element.children.map(withoutSpace),
  });
  const leaf = (name: string, text: string, attributes: Readonly<Record<string, string>> = {}) => ({
    name,
    attributes,
    children: [],
    text,
  });
  const testCase = (name: string, children: readonly object[]) => ({
    name: 'testcase',
    attributes: { name, classname: file, file, time: '0' },
    children,
    text: '',
  });
  t.strictSame(
    withoutSpace(readXml(asJunit(reportOf(results), process.cwd()))),
    {
      name: 'testsuites',
      attributes: { name: 'werfbundle validate', ...counts },
      children: [
        {
          name: 'testsuite',
          attributes: { name: file, ...counts },
          children: [
            testCase('WerfBundle ops/a', [
              leaf(
                'failure',
                [
                  `${file}:14:5: error: ${message} [WB018]`,
                  `${file}:19:5: error: spec.converge.image: Invalid value: "a,b: 100%\\u001b[31m": an image has no white space and only ASCII characters, for example "ghcr.io/werf/werf:3.2.0" [WB016]`,
                  `${file}:18:34: error: spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "values": key "values.yaml" of ConfigMap ops/values is no YAML: line 1, column 4: mapping values are not allowed here [WB080] (see ${file}:6:8)`,
                ].join('\n'),
                { type: 'WB018', message: `${message} (and 2 more)` },
              ),
              leaf(
                'system-out',
                [
                  `${file}:12:3: warning: spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0) [WB040]`,
                  `${file}:17:5: not checked: ${account}`,
                ].join('\n'),
              ),
            ]),
            testCase('WerfBundle ops/good', [leaf('system-out', `${file}:30:14: not checked: ${account}`)]),
          ],
          text: '',
        },
      ],
      text: '',
    },
    'a test case for each bundle, with everything that was found',
  );
  const odd = (await judgeText('f', bundle('registry: {url: "a\\uD800\\uFFFE<&\\u0001]]>", tag: v1}'))).map(
    (result) => ({
      ...result,
      name: 'x\u0001\uFFFF<>&"\'',
    }),
  );
  t.match(
    readXml(asJunit(reportOf(odd), '/')).children[0]?.children[0]?.attributes['name'],
    /^WerfBundle ops\/x/,
    'anything is escaped',
  );
  t.strictSame(
    readXml(asJunit(reportOf([]), '/')),
    {
      name: 'testsuites',
      attributes: { name: 'werfbundle validate', ...counts, tests: '0', failures: '0' },
      children: [],
      text: '\n',
    },
    'no bundle is no test',
  );
});

t.test('JSON begins with a summary', async (t) => {
  const { summary, results } = JSON.parse(asJson({ results: await judgeText('f', TEXT), files: 3 }));
  t.strictSame(summary, {
    files: 3,
    bundles: 2,
    denied: 1,
    warned: 0,
    allowed: 1,
    problems: 3,
    warnings: 1,
    unresolved: 2,
  });
  t.equal(results.length, 2);
});
