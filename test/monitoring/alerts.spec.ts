import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { type AlertRule, alertGroups, alertRules } from '../kit/alert-rules.js';
import { prometheusPrograms, runPromtool } from '../kit/prometheus.js';
import { knownMetrics, readExpr } from '../kit/promql.js';

const ROOT = join(import.meta.dirname, '..', '..');
const TESTS = join(import.meta.dirname, 'alerts.test.yaml');
const PAGES = 'docs/alerts';
const RUNBOOK = 'https://github.com/werf/werfbundle/blob/main/docs/alerts/';
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const rules = alertRules();
const names = rules.map(({ alert }) => alert);

/** A test of promtool's, as far as it is looked at here. */
interface AlertTest {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const programs = await prometheusPrograms();
const skip = programs.kind === 'missing' && programs.why;

t.test(
  'each alert fires on its series, with its labels and texts, and is silent just short of it',
  { skip },
  async (t) => {
    if (programs.kind === 'missing') throw new Error(programs.why);
    const dir = t.testdir();
    await writeFile(join(dir, 'alerts.yaml'), stringify(alertGroups()));
    await copyFile(TESTS, join(dir, 'alerts.test.yaml'));
    const { ok, text } = await runPromtool(programs.promtool, ['test', 'rules', join(dir, 'alerts.test.yaml')]);
    t.ok(ok, text);
    t.match(text, 'SUCCESS');
    const checked = await runPromtool(programs.promtool, ['check', 'rules', join(dir, 'alerts.yaml')]);
    t.match(checked.text, `SUCCESS: ${rules.length} rules found`);
  },
);

t.test('each alert has a series that fires it, and one that does not', async (t) => {
  const { tests } = parse(read('test/monitoring/alerts.test.yaml')) as { readonly tests: readonly AlertTest[] };
  const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  const having = (fires: boolean) =>
    new Set(cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname));
  t.strictSame([...having(true)].toSorted(), names.toSorted(), 'fires');
  t.strictSame([...having(false)].toSorted(), names.toSorted(), 'is silent');
  const misnamed = tests.filter(({ name, alert_rule_test }) => !name.startsWith(`${alert_rule_test[0]?.alertname}: `));
  t.strictSame(
    misnamed.map(({ name }) => name),
    [],
  );
});

t.test('each metric, label and value that an alert names exists', async (t) => {
  const known = await knownMetrics();
  for (const { alert, expr } of rules) {
    const { metrics, faults } = readExpr(expr, known);
    t.ok(metrics.length > 0, alert);
    t.strictSame(faults, [], alert);
  }
  const faultsOf = (expr: string) => readExpr(expr, known).faults;
  t.strictSame(
    [
      'sum by (phase) (werfbundle_bundels)',
      'werfbundle_bundles{fase="Failed"} > 0',
      'werfbundle_bundles{phase=~"Failed|Broken"} > 0',
      'sum by (receiver) (rate(werfbundle_jobs_total[5m]))',
      'werfbundle_job_duration_seconds',
      'rate(werfbundle_job_duration_seconds_bucket{le="5"}[5m])',
    ].map(faultsOf),
    [
      ['there is no metric werfbundle_bundels', 'no metric of it has label phase'],
      ['werfbundle_bundles has no label fase'],
      ['werfbundle_bundles is never Broken'],
      ['no metric of it has label receiver'],
      ['there is no metric werfbundle_job_duration_seconds'],
      [],
    ],
    'what is misspelt is found',
  );
});

/** What is wrong with an alert's form. */
const formFaults = ({ alert, for: lasting, labels, annotations }: AlertRule): readonly string[] => [
  ...(/^WerfBundle[A-Z]\w+$/.test(alert) ? [] : ['its name']),
  ...(/^\d+[mh]$/.test(lasting) ? [] : ['for']),
  ...(/^(critical|warning)$/.test(labels['severity'] ?? '') ? [] : ['severity']),
  ...(/[^.]$/.test(annotations['summary'] ?? '') ? [] : ['summary']),
  ...(/\.$/.test(annotations['description'] ?? '') ? [] : ['description']),
  ...(annotations['runbook_url'] === `${RUNBOOK}${alert}.md` ? [] : ['runbook_url']),
];

t.test('each alert says how bad it is, what it is, and where to read on', async (t) => {
  t.ok(rules.length >= 15);
  t.equal(new Set(names).size, names.length, 'no two have one name');
  for (const rule of rules) t.strictSame(formFaults(rule), [], rule.alert);
});

t.test('each alert has a page, each page an alert; docs/monitoring.md lists them as they are', async (t) => {
  const pages = readdirSync(join(ROOT, PAGES)).map((file) => file.replace(/\.md$/, ''));
  t.strictSame(pages.toSorted(), names.toSorted());
  for (const name of names) {
    const page = read(join(PAGES, `${name}.md`));
    t.match(page, new RegExp(`^# ${name}\n`), name);
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    t.strictSame(headings, ['What it means', 'How to find the cause', 'How to mend it'], name);
  }
  const rows = [
    ...read('docs/monitoring.md').matchAll(/^\| \[`?(\w+)`?\]\(alerts\/(\w+)\.md\) \| (\w+) \| (\w+) \|/gm),
  ];
  t.strictSame(
    rows.map(([, name, file, severity, lasting]) => [name, file, severity, lasting]),
    rules.map(({ alert, labels, for: lasting }) => [alert, alert, labels['severity'], lasting]),
  );
});
