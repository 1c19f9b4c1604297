import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { asked, dashboard, type Panel } from '../kit/dashboard.js';
import { prometheusPrograms, runPromtool } from '../kit/prometheus.js';
import { knownMetrics, readExpr } from '../kit/promql.js';

const ROOT = join(import.meta.dirname, '..', '..');
const whole = dashboard();
const panels = whole.panels.filter(({ type }) => type !== 'row');
const exprs = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

t.test(
  'it is what Grafana 11 and 12 read, always at one address, with rows of what is looked at together',
  async (t) => {
    t.match(whole, { uid: 'werfbundle', schemaVersion: 39 });
    t.strictSame(
      whole.panels.filter(({ type }) => type === 'row').map(({ title }) => title),
      ['Overview', 'Deployments', 'Registries', 'Admission', 'Pushes', 'Processes'],
    );
    t.strictSame(
      whole.templating.list.map(({ name, type }) => `${name}: ${type}`),
      ['datasource: datasource', 'namespace: query', 'job: query'],
    );
    const variables = whole.templating.list.map(({ name }) => name);
    const used = exprs.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
    t.strictSame(
      used.filter((name) => ![...variables, '__rate_interval'].includes(name)),
      [],
      'no other variables are used',
    );
  },
);

t.test('each panel says what it shows, in which unit, of the data source that was chosen', async (t) => {
  t.ok(panels.length > 20);
  for (const { title, description, fieldConfig, datasource, targets = [] } of panels) {
    t.match(title, /^[A-Za-z]\S/);
    t.match(description, /^\S.{20,}\.$/, title);
    t.match(fieldConfig?.defaults.unit, /^(short|none|s|ops|reqps|percentunit|bytes)$/, title);
    t.ok(targets.length > 0, title);
    for (const target of [{ datasource }, ...targets]) t.equal(target.datasource?.uid, `\${datasource}`, title);
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, 'no two have one title');
});

const overlaps = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

t.test('ids are unique, and no two panels overlap', async (t) => {
  const { panels: all } = whole;
  t.equal(new Set(all.map(({ id }) => id)).size, all.length);
  const over = all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => (overlaps(one, other) ? [`${one.title} and ${other.title}`] : [])),
  );
  t.strictSame(over, []);
  t.ok(all.every(({ gridPos: { x, w } }) => x >= 0 && x + w <= 24));
});

t.test('each metric and label exists, those of legends and variables, too', async (t) => {
  const known = await knownMetrics();
  for (const { title, expr } of exprs) {
    const { metrics, faults } = readExpr(asked(expr, whole, '5m'), known);
    t.ok(metrics.length > 0, title);
    t.strictSame(faults, [], title);
  }
  for (const { title, targets = [] } of panels)
    for (const { expr, legendFormat } of targets) {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      const grouped = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
      t.strictSame(
        labels.filter((label) => !grouped.includes(label)),
        [],
        title,
      );
    }
  for (const { name, definition } of whole.templating.list.filter(({ type }) => type === 'query')) {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? [];
    t.strictSame(readExpr(`sum by (${label}) (${metric})`, known).faults, [], name);
  }
});

const programs = await prometheusPrograms();
const skip = programs.kind === 'missing' && programs.why;

t.test('each expression is one that Prometheus can read', { skip }, async (t) => {
  if (programs.kind === 'missing') throw new Error(programs.why);
  const file = join(t.testdir(), 'panels.yaml');
  const rules = exprs.map(({ expr }, index) => ({ record: `panel:${index}`, expr: asked(expr, whole, '5m') }));
  await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }));
  const { ok, text } = await runPromtool(programs.promtool, ['check', 'rules', file]);
  t.ok(ok, text);
  t.match(text, `SUCCESS: ${rules.length} rules found`);
});

t.test('it is found by the sidecar of Grafana, which looks for a label', async (t) => {
  const text = readFileSync(join(ROOT, 'manifests/monitoring/grafana/kustomization.yaml'), 'utf8');
  t.match(parse(text), {
    configMapGenerator: [{ name: 'werfbundle-dashboard', files: ['werfbundle.json'] }],
    generatorOptions: { disableNameSuffixHash: true, labels: { grafana_dashboard: '1' } },
  });
});
