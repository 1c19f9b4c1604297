import t from 'tap';
import { encodeKeptChart, KEPT_BY, keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap, Stored } from '../../api/objects.js';
import type { Plan, StoredBundle } from '../../api/werfbundle.js';
import { KeptRoom } from '../../controller/charts/kept-room.js';
import { sweepCharts } from '../../controller/charts/sweep-charts.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import { bundle, deployment, iso, NOW, syncedStatus } from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LEASE = 'werfbundle-controller-1a2b3c4d';

const digestOf = (n: number): string => `sha256:${String(n).padStart(2, '0').repeat(32)}`;

const keptAt = (n: number, ageMs: number, keptBy = LEASE): Stored<ConfigMap> => {
  const configMap = encodeKeptChart({ kind: 'unjudged', why: 'x' }, { digest: digestOf(n), namespace: 'operator' });
  const { labels, ...metadata } = configMap.metadata;
  const given = { uid: `uid-${n}`, resourceVersion: '1', creationTimestamp: iso(-ageMs) };
  return { ...configMap, metadata: { ...metadata, ...given, labels: { ...labels, [KEPT_BY]: keptBy } } };
};

const swept = (kept: readonly Stored<ConfigMap>[], bundles: readonly StoredBundle[]) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const log = recordLog();
  for (const one of kept) kube.seed(CONFIGMAPS, one);
  const stopping = new AbortController();
  const room = new KeptRoom(clock);
  const given = { namespace: 'operator', lease: LEASE, timeScale: 1, bundles: () => bundles };
  const deps = { client: kube, clock, log, room, ...given };
  const running = sweepCharts(deps, stopping.signal);
  const names = () => kube.all(CONFIGMAPS).map(({ metadata }) => metadata.name);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { clock, kube, log, room, names, stop };
};

const many = (count: number, ageMs = DAY): readonly Stored<ConfigMap>[] => {
  const one = keptAt(9, ageMs);
  const named = (n: number) => ({ ...one.metadata, name: `werfbundle-chart-${n}` });
  return Array.from({ length: count }, (_, n) => ({ ...one, metadata: named(n) }));
};

const planOf = (digest: string, after: number): Plan => ({
  number: 1,
  after,
  tag: 'v1.0.0',
  digest,
  checksum: 'k:c',
  reason: 'NewTag',
  jobName: 'app-plan-1',
  startedAt: iso(0),
});

const nameOf = (n: number): string => keptChartName(digestOf(n)) ?? '';

t.test('a chart that no status names is deleted once it is ten minutes old', async (t) => {
  const status = syncedStatus({
    lastAppliedDigest: digestOf(1),
    deployment: deployment({ digest: digestOf(2), number: 7 }),
    refusedDigest: digestOf(3),
    plan: planOf(digestOf(6), 7),
  });
  const done = syncedStatus({
    deployment: deployment({ digest: digestOf(2), number: 7 }),
    plan: planOf(digestOf(4), 6),
  });
  const kept = [1, 2, 3, 4, 6].map((n) => keptAt(n, 11 * MINUTE));
  const { clock, names, log, stop } = swept([...kept, keptAt(5, 5 * MINUTE)], [bundle(status), bundle(done), bundle()]);
  await settle();
  t.strictSame(names(), [1, 2, 3, 5, 6].map(nameOf), 'what is deployed, decided, planned or refused stays');
  await clock.advance(9 * MINUTE);
  t.equal(names().length, 5);
  await clock.advance(MINUTE);
  t.strictSame(names(), [1, 2, 3, 6].map(nameOf));
  const deleted = { level: 'info', message: 'charts that nobody uses were deleted', fields: { charts: 1 } };
  t.match(log.entries, [deleted, deleted]);
  await stop();
});

t.test('what others have kept, or written, is left alone', async (t) => {
  const plain = { ...keptAt(6, DAY), metadata: { ...keptAt(6, DAY).metadata, labels: {} } };
  const { names, stop } = swept([keptAt(7, DAY, 'another-lease'), plain], []);
  await settle();
  t.strictSame(names().toSorted(), [nameOf(6), nameOf(7)].toSorted());
  await stop();
});

t.test('what was judged by just now stays: the status will name it', async (t) => {
  const { clock, room, names, stop } = swept([keptAt(8, DAY), keptAt(9, DAY)], []);
  room.use(nameOf(8));
  await settle();
  t.strictSame(names(), [nameOf(8)]);
  await clock.advance(10 * MINUTE);
  t.strictSame(names(), []);
  await stop();
});

t.test('all are deleted at once, however many', async (t) => {
  const { names, log, stop } = swept(many(1_500), []);
  await settle();
  t.equal(names().length, 0);
  t.match(log.entries, [{ fields: { charts: 1_500 } }]);
  await stop();
});

t.test('an error does not keep the others, and is tried again', async (t) => {
  const { clock, kube, names, log, stop } = swept(many(30), []);
  const failing = (verb: 'list' | 'delete', times = 1): void =>
    kube.failNext({ verb, plural: 'configmaps' }, () => new KubeError('unavailable', `${verb}: unavailable`), times);
  failing('list');
  failing('delete', 3);
  await settle();
  t.equal(names().length, 30);
  await clock.advance(10 * MINUTE);
  t.equal(names().length, 3);
  await clock.advance(10 * MINUTE);
  t.equal(names().length, 0);
  t.match(log.entries, [
    { level: 'warn', fields: { error: 'list: unavailable' } },
    { level: 'info', fields: { charts: 27 } },
    { level: 'warn', fields: { charts: 3, error: 'delete: unavailable' } },
    { level: 'info', fields: { charts: 3 } },
  ]);
  await stop();
});

t.test('a sweep counts what is there, and makes room', async (t) => {
  const { room, names, clock, stop } = swept(many(600, 5 * MINUTE), []);
  t.equal(room.take('one', 1), 'taken', 'before it is known what is there');
  await settle();
  t.equal(names().length, 600);
  t.strictSame([room.take('two', 1), room.take('three', 1)], ['full', 'full-again']);
  await clock.advance(10 * MINUTE);
  t.equal(names().length, 0);
  t.equal(room.take('two', 1), 'taken');
  await stop();
});

t.test('there is room for so many, and for so many bytes', async (t) => {
  const clock = createFakeClock(NOW);
  const many = new KeptRoom(clock);
  const taken = Array.from({ length: 1_000 }, (_, n) => many.take(`chart-${n}`, 1_000));
  t.strictSame([taken.indexOf('full'), taken.lastIndexOf('taken')], [500, 499]);
  t.equal(many.take('chart-3', 1_000), 'there');
  const large = new KeptRoom(clock);
  const bytes = 257 * 1024;
  const fitting = Array.from({ length: 300 }, (_, n) => large.take(`chart-${n}`, bytes)).lastIndexOf('taken') + 1;
  t.equal(fitting, Math.floor((64 * 1024 * 1024) / bytes));
  large.free('chart-0');
  t.equal(large.take('another', bytes), 'taken');
});

t.test('what is written while a list is under way counts', async (t) => {
  const room = new KeptRoom(createFakeClock(NOW));
  room.take('before', 1);
  room.startListing();
  room.take('meanwhile', 1);
  room.listed([['listed', 1]]);
  t.strictSame(
    ['before', 'meanwhile', 'listed'].map((name) => room.take(name, 1)),
    ['taken', 'there', 'there'],
  );
});
