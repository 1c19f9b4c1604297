import { Registry } from 'prom-client';
import t from 'tap';
import { createAdmissionMetrics } from '../../admission/metrics.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { parseConfig } from '../../controller/config.js';
import { Metrics } from '../../controller/metrics.js';
import { JobSlots } from '../../controller/reconcile/job-slots.js';
import { countRequests } from '../../kube/request-metrics.js';
import { bundle, observation, syncedStatus } from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { drifted } from '../kit/drift-statuses.js';
import { metricFaults, metricOf } from '../kit/exposition.js';

const named = (name: string, status: WerfBundleStatus, namespace = 'ops'): StoredBundle =>
  bundle(status, { metadata: { name, namespace } });

const refOf = ({ metadata: { namespace, name } }: StoredBundle): ObjectRef => ({ namespace, name });

const add = (metrics: Metrics, after: StoredBundle, before?: StoredBundle): void =>
  metrics.bundleChanged({ ref: refOf(after), before, after });

const seriesIn = async (metrics: Metrics): Promise<readonly string[]> =>
  (await metrics.text()).body.split('\n').filter((line) => line.startsWith('werfbundle_bundle_info{'));

const suspended = (status: WerfBundleStatus): WerfBundleStatus =>
  decided(observation(bundle(status, { spec: { suspend: true } }), { access: { kind: 'not-needed' } })).status;

t.test('each bundle has a series, which says how it is', async (t) => {
  const metrics = new Metrics();
  const rows: readonly { status: WerfBundleStatus; want: string }[] = [
    {
      status: { observedGeneration: -1 },
      want: 'phase="none",ready="none",reason="none",suspended="false",drifted="none",tag=""',
    },
    {
      status: syncedStatus(),
      want: 'phase="Synced",ready="True",reason="Deployed",suspended="false",drifted="none",tag="v1.0.0"',
    },
    {
      status: suspended(syncedStatus()),
      want: 'phase="Synced",ready="True",reason="Deployed",suspended="true",drifted="none",tag="v1.0.0"',
    },
    {
      status: { ...syncedStatus(), conditions: [drifted('True')] },
      want: 'phase="Synced",ready="none",reason="none",suspended="false",drifted="True",tag="v1.0.0"',
    },
    {
      status: { phase: 'Failed', conditions: [{ ...drifted('False'), type: 'Ready', reason: 'Made"Up' }] },
      want: 'phase="Failed",ready="False",reason="other",suspended="false",drifted="none",tag=""',
    },
    {
      status: suspended({}),
      want: 'phase="Syncing",ready="none",reason="none",suspended="true",drifted="none",tag=""',
    },
    {
      status: { lastAppliedTag: 'a"b\\c\nd' },
      want: 'phase="none",ready="none",reason="none",suspended="false",drifted="none",tag="a\\"b\\\\c\\nd"',
    },
    {
      status: { lastAppliedTag: 'v'.repeat(1_000) },
      want: `phase="none",ready="none",reason="none",suspended="false",drifted="none",tag="${'v'.repeat(128)}"`,
    },
  ];
  for (const [index, { status }] of rows.entries()) add(metrics, named(`b-${index}`, status));
  t.strictSame(
    await seriesIn(metrics),
    rows.map(({ want }, index) => `werfbundle_bundle_info{namespace="ops",name="b-${index}",${want}} 1`),
  );
  t.strictSame(metricFaults((await metrics.text()).body), [], 'as Prometheus and the reference would have it');
});

t.test('a series changes and goes with its bundle, and never stands twice', async (t) => {
  const metrics = new Metrics();
  const first = named('app', {});
  const twin = named('app', {}, 'team-b');
  add(metrics, first);
  add(metrics, twin);
  const synced = named('app', suspended(syncedStatus()));
  add(metrics, synced, first);
  t.same([(await seriesIn(metrics)).length, metricOf((await metrics.text()).body, 'bundles_suspended')], [2, 1]);
  metrics.bundleChanged({ ref: refOf(synced), before: synced, after: undefined });
  t.same(await seriesIn(metrics), [
    'werfbundle_bundle_info{namespace="team-b",name="app",phase="none",ready="none",reason="none",suspended="false",drifted="none",tag=""} 1',
  ]);
  t.equal(metricOf((await metrics.text()).body, 'bundles_suspended'), 0);
  metrics.bundleChanged({ ref: refOf(twin), before: twin, after: undefined });
  t.same(await seriesIn(metrics), []);
  metrics.bundleChanged({ ref: refOf(twin), before: twin, after: undefined });
  t.same(await seriesIn(metrics), [], 'who goes twice is gone');
});

t.test('bundles that have drifted are counted, by what the last check found', async (t) => {
  const metrics = new Metrics();
  const count = async () => metricOf((await metrics.text()).body, 'bundles_drifted');
  const withDrift = (status: 'True' | 'False') => named('app', { ...syncedStatus(), conditions: [drifted(status)] });
  add(metrics, withDrift('True'));
  t.equal(await count(), 1);
  add(metrics, withDrift('False'), withDrift('True'));
  t.equal(await count(), 0);
});

t.test('who waits for a job slot is counted when it is asked, as long as this controller leads', async (t) => {
  const metrics = new Metrics();
  const counts = async () => {
    const { body } = await metrics.text();
    return [metricOf(body, 'job_slots_taken'), metricOf(body, 'bundles_queued')];
  };
  t.same(await counts(), [0, 0]);
  const slots = new JobSlots({ total: 1, perNamespace: 0 }, () => {});
  metrics.countSlots(() => slots.counts);
  for (const name of ['a', 'b', 'c']) slots.request({ namespace: 'ops', name }, { namespace: 'ops', name });
  t.same(await counts(), [1, 2]);
  metrics.countSlots();
  t.same(await counts(), [0, 0], 'the term is over');
});

t.test('--bundle-metrics=false takes the series away, and nothing else', async (t) => {
  const whole = new Metrics();
  const few = new Metrics({ bundleMetrics: false });
  for (const metrics of [whole, few]) add(metrics, named('app', syncedStatus()));
  const families = async (metrics: Metrics) =>
    [...(await metrics.text()).body.matchAll(/^# TYPE (werfbundle_\w+)/gm)].map(([, name]) => name);
  const left = await families(few);
  t.same(
    (await families(whole)).filter((name) => !left.includes(name)),
    ['werfbundle_bundle_info'],
  );
  t.equal(metricOf((await few.text()).body, 'bundles', { phase: 'Synced' }), 1);
  const flag = (...argv: readonly string[]) => {
    const parsed = parseConfig(argv, {});
    return parsed.kind === 'ok' ? parsed.config.bundleMetrics : parsed.kind;
  };
  t.same([flag(), flag('--bundle-metrics=false'), flag('--no-bundle-metrics')], [true, false, false]);
});

t.test('ten thousand bundles cost a scrape little, and a change nothing that grows with them', async (t) => {
  const metrics = new Metrics();
  const statuses = [{}, syncedStatus(), suspended(syncedStatus())];
  const bundles = Array.from({ length: 10_000 }, (_, index) =>
    named(`bundle-${index}`, statuses[index % 3] ?? {}, `team-${index % 100}`),
  );
  for (const each of bundles) add(metrics, each);
  const started = process.cpuUsage();
  const scrapes = 10;
  for (let count = 0; count < scrapes; count += 1) await metrics.text();
  const { user } = process.cpuUsage(started);
  t.equal((await seriesIn(metrics)).length, 10_000);
  t.ok(user / 1_000 / scrapes < 100, `${Math.round(user / 1_000 / scrapes)} ms of CPU for each scrape`);
});

t.test('each metric has a name and a help that a stranger understands', async (t) => {
  const registry = new Registry();
  createAdmissionMetrics(registry);
  countRequests(registry);
  const text = `${await registry.metrics()}\n${(await new Metrics().text()).body}`;
  const helps = new Map(
    [...text.matchAll(/^# HELP (werfbundle_\w+) (.*)$/gm)].map(([, name = '', help = '']) => [name, help]),
  );
  const types = [...text.matchAll(/^# TYPE (werfbundle_\w+) (\w+)$/gm)];
  t.ok(types.length > 20, `${types.length} metrics`);
  for (const [, name = '', type] of types) {
    const help = helps.get(name) ?? '';
    t.match(help, /^[A-Z1].*\.$/, `${name} has a sentence`);
    t.ok(help.split(' ').length >= 7, `${name}: ${help}`);
    t.equal(type === 'counter', name.endsWith('_total'), `${name} is a ${type}`);
    t.notMatch(
      name,
      /_(ms|milliseconds|minutes|hours|kb|mb|count|sum|bucket|gauge|counter)$/,
      `${name} has a base unit`,
    );
    if (type === 'histogram') t.match(name, /_seconds$/);
    if (name.includes('_seconds') && type === 'gauge') t.match(help, /in seconds|Deprecated/, `${name} says of what`);
  }
  t.match(helps.get('werfbundle_certificate_expiry_seconds'), /^Deprecated/);
});
