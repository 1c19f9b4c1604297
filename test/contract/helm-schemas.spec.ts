import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { canonicalJson } from '../../api/canonical-json.js';
import { loadChart } from '../../api/chart/chart.js';
import { judgeChartValues } from '../../api/chart/judge-chart-values.js';
import type { ChartCase } from '../kit/chart-case.js';
import { helmJudge } from '../kit/helm-judge.js';
import { madeUpCharts, madeUpSchemas } from '../kit/made-up-charts.js';
import { POPULAR_CASES } from '../kit/popular-charts.js';
import { CORNER_CASES } from '../kit/schema-corners.js';

/** Helm's verdicts for who has no Go: written anew by `RECORD_HELM=1 npm test -- test/contract/helm-schemas.spec.ts`. */
const RECORDED = join(process.cwd(), 'test/contract/testdata/helm-schemas.json');

const CASES: readonly ChartCase[] = [...POPULAR_CASES, ...CORNER_CASES];

/** A verdict in a word: `refused`, or a digest of the values that templates would get. */
type Verdict = string;

/** Of all digits of a number JSON says nothing: Helm's 1e+06 and 1000000 are one. */
const digestOf = (values: unknown): Verdict =>
  createHash('sha256')
    .update(canonicalJson(values ?? {}))
    .digest('hex')
    .slice(0, 8);

const OTHERS = {
  a: { b: null, c: [{}] },
  global: { a: { b: 1 } },
  one: { global: { one: {} } },
  two: { a: null },
  service: null,
};

const ours = ({ files, values }: ChartCase): Verdict => {
  const loaded = loadChart(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));
  if (loaded.kind === 'unreadable') return `unreadable: ${loaded.why}`;
  // A chart is kept: what it was asked before must not matter.
  for (const others of [{}, OTHERS]) judgeChartValues(loaded.chart, others);
  const judgement = judgeChartValues(loaded.chart, values);
  return judgement.findings.length > 0 ? 'refused' : digestOf(judgement.values);
};

/** What differs from Helm's own judgements, which are in the order of the cases. */
const differences = (
  cases: readonly ChartCase[],
  judged: readonly { readonly values?: unknown; readonly error?: string }[],
): readonly string[] =>
  cases.flatMap((item, n) => {
    const { values, error } = judged[n] ?? { error: 'no answer' };
    const [here, there] = [ours(item), error === undefined ? digestOf(values) : 'refused'];
    return here === there
      ? []
      : [
          `${item.title}: ${here} here, ${there} by Helm (${error}): ${JSON.stringify(item.files)} ${JSON.stringify(item.values)}`,
        ];
  });

const verdicts = CASES.map((item) => [item.title, ours(item)] as const);

t.test('there are hundreds of cases, each with a title of its own, and verdicts of both kinds', async (t) => {
  t.ok(CASES.length >= 300, `${CASES.length}`);
  t.equal(new Set(CASES.map(({ title }) => title)).size, CASES.length);
  const refused = verdicts.filter(([, verdict]) => verdict === 'refused').length;
  t.ok(refused > 100 && refused < CASES.length - 100, `${refused} are refused`);
});

const helm = await helmJudge();
const skip = helm.kind === 'missing' && `Helm can't be built here: ${helm.why}`;

t.test('Helm itself gives each case the same verdict, and templates the same values', { skip }, async (t) => {
  if (helm.kind === 'missing') return;
  const judged = await helm.judge(CASES);
  t.equal(judged.length, CASES.length);
  const theirs = CASES.map(({ title }, n) => {
    const { values, error } = judged[n] ?? { error: 'no answer' };
    return [title, error === undefined ? digestOf(values) : 'refused'] as const;
  });
  t.strictSame(differences(CASES, judged), []);
  if (process.env['RECORD_HELM'] !== undefined)
    await writeFile(RECORDED, `${JSON.stringify(Object.fromEntries(theirs), undefined, 1)}\n`);
});

t.test('so it does with thousands of schemas and charts that are made up', { skip }, async (t) => {
  if (helm.kind === 'missing') return;
  for (const seed of [1, 2]) {
    const cases = [...madeUpSchemas(seed, 2_000), ...madeUpCharts(seed, 500)];
    const judged = await helm.judge(cases);
    t.equal(judged.length, cases.length);
    t.strictSame(differences(cases, judged).slice(0, 3), [], `seed ${seed}`);
    const allowed = judged.filter(({ error }) => error === undefined).length;
    t.ok(
      allowed > 500 && allowed < 2_000,
      `there are verdicts of both kinds: ${allowed} of ${cases.length} are allowed`,
    );
  }
});

t.test('each verdict is the one of Helm that is recorded', async (t) => {
  t.strictSame(Object.fromEntries(verdicts), JSON.parse(await readFile(RECORDED, 'utf8')));
});
