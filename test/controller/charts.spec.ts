import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { decodeKeptChart, encodeKeptChart, keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap, Stored } from '../../api/objects.js';
import { tarOf } from '../../cli/publish/tar.js';
import { ChartStore } from '../../controller/charts/chart-store.js';
import { Charts } from '../../controller/charts/charts.js';
import { KeptRoom } from '../../controller/charts/kept-room.js';
import { ReadingThread } from '../../controller/values/reading-thread.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { BundleArchive, RegistryTarget } from '../../registry/port.js';
import { type ChartParts, chartFiles } from '../kit/chart-case.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const TARGET: RegistryTarget = { host: 'registry.example', repository: 'acme/app', insecure: false };
const { signal } = new AbortController();

const archiveOf = (parts: ChartParts, more: Readonly<Record<string, string>> = {}): BundleArchive => {
  const files = Object.entries({ ...chartFiles(parts), ...more }).map(([path, text]) => [`app/${path}`, text]);
  return { kind: 'archive', bytes: gzipSync(tarOf(Object.fromEntries(files))) };
};

const WITH_SCHEMA = archiveOf({ schema: { properties: { replicas: { type: 'integer' } } } });
const WITHOUT = archiveOf({ defaults: { replicas: 1 } });

const inputOf = (inline: Readonly<Record<string, unknown>>) => ({
  sources: [],
  inline,
  bundleNamespace: 'ops',
  targetNamespace: 'ops',
});
const question = (replicas: unknown, target = TARGET) => ({ digest: DIGEST, target, input: inputOf({ replicas }) });

const REFUSED = {
  kind: 'refuses',
  chart: 'app 1.0.0',
  problems: [
    'spec.converge.values.replicas: a whole number is needed, and this is a text (values.schema.json of chart app, /properties/replicas/type)',
  ],
};

/** What becomes of a job instead of its work; undefined: it is done. */
interface Busy {
  next: 'slow' | 'waits' | 'exhausted' | undefined;
}

const abortOf = (given: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => given.addEventListener('abort', resolve));

/** A thread that a spec can hold up. */
const heldUp = (thread: ReadingThread, busy: Partial<Busy>): Pick<ReadingThread, 'run'> => ({
  run: async (job, bytes, waiting, working) => {
    const { next } = busy;
    if (next === undefined) return await thread.run(job, bytes, waiting, working);
    if (next === 'exhausted') return { kind: 'exhausted' };
    await abortOf(next === 'slow' ? (working?.signal ?? waiting) : waiting);
    return { kind: 'aborted', began: next === 'slow' };
  },
});

/** Charts of a cluster and a registry in memory; each `open` is a process of its own. */
const harness = (t: Test, archive: BundleArchive, busy: Partial<Busy> = {}) => {
  const clock = createFakeClock();
  const kube = createFakeKube({ clock });
  const log = recordLog();
  const thread = new ReadingThread({ log });
  t.teardown(() => thread.stop());
  const offer = { archive, answers: Promise.resolve() };
  const pulls: string[] = [];
  const reads: string[] = [];
  const archives = {
    readArchive: async ({ host }: RegistryTarget, digest: string) => {
      pulls.push(`${host} ${digest}`);
      await offer.answers;
      return offer.archive;
    },
  };
  const open = (room = new KeptRoom(clock)): Charts =>
    new Charts({
      archives,
      store: new ChartStore({ client: kube, log, namespace: 'operator', lease: 'werfbundle-controller', room }),
      thread: heldUp(thread, busy),
      clock,
      log,
      namespace: 'operator',
      timeScale: 1,
      onRead: (result) => reads.push(result),
      signal,
    });
  const kept = () => kube.all(CONFIGMAPS);
  return { open, offer, pulls, reads, kept, kube, clock, log };
};

t.test('a chart is pulled once, kept, and read by the next process from where it is kept', async (t) => {
  const { open, pulls, reads, kept } = harness(t, WITH_SCHEMA);
  const charts = open();
  t.strictSame(await charts.judge(question('many'), signal), REFUSED);
  t.strictSame(await charts.judge(question(3), signal), { kind: 'accepts' });
  const [configMap, ...others] = kept();
  t.strictSame([configMap?.metadata.name, others], [keptChartName(DIGEST), []]);
  t.strictSame(configMap?.metadata.labels, {
    'werf.io/kept-chart': 'true',
    'werf.io/kept-by': 'werfbundle-controller',
    'app.kubernetes.io/part-of': 'werfbundle',
  });
  t.equal(configMap && decodeKeptChart(configMap, DIGEST)?.kind, 'chart');
  t.strictSame(await open().judge(question('many'), signal), REFUSED);
  t.strictSame([pulls.length, reads], [1, ['kept']]);
});

t.test('bundles that want the same chart at the same time wait for one pull', async (t) => {
  const { open, pulls } = harness(t, WITH_SCHEMA);
  const charts = open();
  const verdicts = await Promise.all(['a', 'b', 1].map((replicas) => charts.judge(question(replicas), signal)));
  t.strictSame([pulls.length, verdicts.map(({ kind }) => kind)], [1, ['refuses', 'refuses', 'accepts']]);
});

t.test('a chart without a schema accepts everything, and leaves nothing behind', async (t) => {
  const { open, pulls, reads, kept, kube } = harness(t, WITHOUT);
  const charts = open();
  for (let turn = 0; turn < 3; turn += 1)
    t.strictSame(await charts.judge(question('many'), signal), { kind: 'accepts' });
  t.strictSame([pulls.length, reads, kept()], [1, ['no-schema'], []]);
  t.strictSame(
    kube.actions.filter(({ verb }) => verb === 'create'),
    [],
  );
  const within = archiveOf({ subcharts: [{ name: 'redis' }] }, { 'templates/values.schema.json': '{}' });
  const other = harness(t, within);
  t.strictSame(await other.open().judge(question('many'), signal), { kind: 'accepts' });
  t.strictSame(other.reads, ['no-schema'], 'what only looks like one is none');
});

t.test('a chart that can’t be read keeps nobody from deploying, and is not asked for at each look', async (t) => {
  const { open, offer, pulls, reads, log, clock, kept } = harness(t, {
    kind: 'failed',
    code: 'unauthorized',
    message: '401 unauthorized',
  });
  const charts = open();
  const unjudged = { kind: 'unjudged', why: '401 unauthorized' };
  for (let turn = 0; turn < 3; turn += 1) t.strictSame(await charts.judge(question('many'), signal), unjudged);
  t.strictSame([pulls.length, reads, kept()], [1, ['failed'], []]);
  t.match(log.entries, [
    {
      level: 'warn',
      fields: { repository: 'registry.example/acme/app', digest: DIGEST, error: '401 unauthorized' },
    },
  ]);
  offer.archive = WITH_SCHEMA;
  const credential = { kind: 'basic', username: 'u', password: 'p' } as const;
  const withCredential = { ...TARGET, credential };
  t.strictSame(
    await charts.judge(question('many', withCredential), signal),
    REFUSED,
    'others may have other credentials',
  );
  await clock.advance(5 * 60_000);
  t.strictSame(await charts.judge(question('many'), signal), REFUSED);
});

t.test('a turn is waited for where only the rate is in the way, and an answer for ten seconds', async (t) => {
  const { open, offer, pulls, clock } = harness(t, { kind: 'held', why: 'rate', forMs: 2_000 });
  const judging = open().judge(question('many'), signal);
  await settle();
  offer.archive = WITH_SCHEMA;
  await clock.advance(2_000);
  t.strictSame([await judging, pulls.length], [REFUSED, 2]);
  const slow = harness(t, { kind: 'held', why: 'rate', forMs: 4_000 });
  const late = slow.open().judge(question('many'), signal);
  await settle();
  await slow.clock.advance(10_000);
  t.strictSame(await late, { kind: 'unjudged', why: 'it took more than 10 s' });
  const broken = harness(t, { kind: 'held', why: 'breaker', forMs: 1 });
  t.match(await broken.open().judge(question('many'), signal), { kind: 'unjudged', why: /left alone/ });
});

t.test('why nothing can be judged by a chart is kept as well', async (t) => {
  const { open, pulls, reads, kept, log } = harness(t, { kind: 'unusable', why: 'its archive has more than 8 MiB' });
  const unjudged = { kind: 'unjudged', why: 'its archive has more than 8 MiB' };
  t.strictSame(await open().judge(question('many'), signal), unjudged);
  t.strictSame(await open().judge(question('many'), signal), unjudged);
  t.strictSame([pulls.length, reads], [1, ['unjudged']]);
  t.equal(kept()[0]?.data?.['reason'], unjudged.why);
  t.strictSame(
    log.entries.map(({ level }) => level).filter((level) => level !== 'info'),
    [],
  );
  const broken = archiveOf({ schema: {} }, { 'values.yaml': 'a: [' });
  const other = harness(t, broken);
  t.match(await other.open().judge(question('many'), signal), { kind: 'unjudged', why: /^values\.yaml:1:5: / });
  t.match(other.kept()[0]?.data?.['reason'], /^values\.yaml:1:5: /);
});

t.test('a ConfigMap that no controller has written so counts as not there', async (t) => {
  const { open, pulls, kube } = harness(t, WITH_SCHEMA);
  const name = keptChartName(DIGEST) ?? '';
  const foreign = {
    metadata: { name, namespace: 'operator', uid: '1', resourceVersion: '1' },
    data: { digest: DIGEST },
    binaryData: { chart: 'bm90IGRlZmxhdGVk' },
  } as Stored<ConfigMap>;
  kube.seed(CONFIGMAPS, foreign);
  const charts = open();
  t.strictSame(await charts.judge(question('many'), signal), REFUSED);
  t.strictSame(await charts.judge(question(1), signal), { kind: 'accepts' });
  t.equal(pulls.length, 1, 'and what was pulled is kept in memory');
  const other = harness(t, WITH_SCHEMA);
  const ofAnother = encodeKeptChart(
    { kind: 'unjudged', why: 'x' },
    { digest: `${DIGEST.slice(0, -1)}c`, namespace: 'operator' },
  );
  other.kube.seed(CONFIGMAPS, { ...foreign, ...ofAnother, metadata: foreign.metadata } as Stored<ConfigMap>);
  t.strictSame(await other.open().judge(question('many'), signal), REFUSED);
});

t.test('a schema that only this project gives up, or that leads elsewhere, is left to werf', async (t) => {
  const remote = { $ref: 'https://schemas.example/app.json', properties: { replicas: { type: 'integer' } } };
  const { open } = harness(t, archiveOf({ schema: remote }));
  t.match(await open().judge(question('many'), signal), { kind: 'unjudged', why: /leads to another document/ });
  const branches = (levels: number): object =>
    levels === 0 ? { type: 'integer' } : { anyOf: [branches(levels - 1), { allOf: [branches(levels - 1)] }] };
  const costly = { properties: { list: { items: branches(11) } } };
  const given = { ...question(1), input: inputOf({ list: Array.from({ length: 2_000 }, () => 'x') }) };
  const other = harness(t, archiveOf({ schema: costly }));
  t.match(await other.open().judge(given, signal), { kind: 'unjudged', why: /takes too long/ });
});

t.test('what takes too much is kept nowhere, and its chart left alone for ten minutes', async (t) => {
  for (const next of ['slow', 'exhausted'] as const) {
    const busy: Partial<Busy> = { next };
    const { open, pulls, reads, kept, clock } = harness(t, WITH_SCHEMA, busy);
    const charts = open();
    const judging = charts.judge(question('many'), signal);
    await settle();
    await clock.advance(3_000);
    t.match(await judging, { kind: 'unjudged', why: /too much (time|memory)/ });
    busy.next = undefined;
    t.match(await charts.judge(question('many'), signal), { kind: 'unjudged', why: /too much (time|memory)/ });
    t.strictSame([pulls.length, reads, kept()], [1, ['failed'], []], next);
    await clock.advance(10 * 60_000);
    t.strictSame(await charts.judge(question('many'), signal), REFUSED);
    busy.next = next;
    const again = charts.judge(question('many'), signal);
    await settle();
    await clock.advance(3_000);
    t.match(await again, { kind: 'unjudged', why: /too much (time|memory)/ });
    t.match(kept()[0]?.binaryData, { chart: String }, 'what is kept stays');
  }
});

t.test('what only waits for others is not judged this time, and no fault of its chart', async (t) => {
  const busy: Partial<Busy> = { next: 'waits' };
  const { open, kept, clock } = harness(t, WITH_SCHEMA, busy);
  const charts = open();
  const judging = charts.judge(question('many'), signal);
  await settle();
  await clock.advance(10_000);
  t.match(await judging, { kind: 'unjudged', why: /too many others/ });
  t.strictSame(kept(), []);
  busy.next = undefined;
  t.strictSame(await charts.judge(question('many'), signal), REFUSED);
});

t.test('who is stopped is stopped', async (t) => {
  const { open } = harness(t, WITH_SCHEMA);
  await t.rejects(open().judge(question('many'), AbortSignal.abort()), { code: 'aborted' });
});

t.test('where there is no room, a chart is judged from memory, and kept as soon as there is', async (t) => {
  const { open, pulls, reads, kept, clock, log } = harness(t, WITH_SCHEMA);
  const room = new KeptRoom(clock);
  for (let n = 0; n < 500; n += 1) room.found(`chart-${n}`, 1_000);
  const charts = open(room);
  for (let turn = 0; turn < 3; turn += 1) t.strictSame(await charts.judge(question('many'), signal), REFUSED);
  t.strictSame([pulls.length, reads, kept()], [1, ['kept'], []]);
  t.match(log.entries, [{ level: 'warn', message: /^no more charts are kept until/ }]);
  t.equal(log.entries.length, 1, 'it is said once');
  room.free('chart-7');
  t.strictSame(await charts.judge(question('many'), signal), REFUSED);
  t.strictSame([pulls.length, kept().length], [1, 1], 'the registry is not asked for it');
});

t.test('what was swept is kept again when it is used', async (t) => {
  const { open, pulls, kept, kube, clock } = harness(t, WITH_SCHEMA);
  const room = new KeptRoom(clock);
  const charts = open(room);
  await charts.judge(question(1), signal);
  const [first] = kept();
  const name = keptChartName(DIGEST) ?? '';
  kube.vanish(CONFIGMAPS, { namespace: 'operator', name });
  room.listed([]);
  room.startListing();
  room.listed([]);
  await Promise.all([charts.judge(question(1), signal), charts.judge(question(2), signal)]);
  const [again] = kept();
  t.strictSame([again?.data, again?.binaryData, pulls.length], [first?.data, first?.binaryData, 1]);
  t.equal(kube.actions.filter(({ verb }) => verb === 'create').length, 2);
  t.match(again?.metadata.annotations?.['werf.io/kept-bytes'], /^1\d\d\d$/);
});

t.test('what can’t be written is not tried at each look', async (t) => {
  const { open, kept, kube, log } = harness(t, WITH_SCHEMA);
  kube.failNext({ verb: 'create', plural: 'configmaps' }, new KubeError('forbidden', 'create configmaps: forbidden'));
  const charts = open();
  for (let turn = 0; turn < 3; turn += 1) t.strictSame(await charts.judge(question('many'), signal), REFUSED);
  t.strictSame([kept(), log.entries.length], [[], 1]);
});
