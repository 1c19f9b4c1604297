import t from 'tap';
import { encodeKeptChart, KEPT_BY, keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { sweepCharts } from '../../controller/charts/sweep-charts.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import { bundle, deployment, iso, NOW, syncedStatus } from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const HOUR = 60 * 60_000;
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
  const deps = { client: kube, clock, log, namespace: 'operator', lease: LEASE, timeScale: 1, bundles: () => bundles };
  const running = sweepCharts(deps, stopping.signal);
  const names = () => kube.all(CONFIGMAPS).map(({ metadata }) => metadata.name);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { clock, kube, log, names, stop };
};

const nameOf = (n: number): string => keptChartName(digestOf(n)) ?? '';

t.test('a chart that no status names is deleted once it is a day old', async (t) => {
  const status = syncedStatus({
    lastAppliedDigest: digestOf(1),
    deployment: deployment({ digest: digestOf(2) }),
    refusedDigest: digestOf(3),
  });
  const kept = [1, 2, 3, 4].map((n) => keptAt(n, 30 * HOUR));
  const { clock, names, log, stop } = swept([...kept, keptAt(5, 22 * HOUR)], [bundle(status), bundle()]);
  await settle();
  t.equal(names().length, 5, 'nothing happens at the start');
  await clock.advance(HOUR);
  t.strictSame(names(), [1, 2, 3, 5].map(nameOf), 'what is deployed, decided or refused stays');
  await clock.advance(2 * HOUR);
  t.strictSame(names(), [1, 2, 3].map(nameOf));
  t.match(log.entries, [{ message: 'charts that nobody uses were deleted', fields: { charts: 1 } }, {}]);
  await stop();
});

t.test('what others have kept, or written, is left alone', async (t) => {
  const plain = { ...keptAt(6, 99 * HOUR), metadata: { ...keptAt(6, 99 * HOUR).metadata, labels: {} } };
  const { clock, names, stop } = swept([keptAt(7, 99 * HOUR, 'another-lease'), plain], []);
  await clock.advance(HOUR);
  t.strictSame(names().toSorted(), [nameOf(6), nameOf(7)].toSorted());
  await stop();
});

t.test('so many are deleted at once, and a failure is tried again', async (t) => {
  const many = Array.from({ length: 130 }, (_, n) => keptAt(9, (30 + n) * HOUR)).map((one, n) => ({
    ...one,
    metadata: { ...one.metadata, name: `werfbundle-chart-${n}` },
  }));
  const { clock, kube, names, log, stop } = swept(many, []);
  kube.failNext({ verb: 'list', plural: 'configmaps' }, new KubeError('unavailable', 'list configmaps: unavailable'));
  await clock.advance(HOUR);
  t.equal(names().length, 130);
  t.match(log.entries, [{ level: 'warn', fields: { error: 'list configmaps: unavailable' } }]);
  await clock.advance(HOUR);
  t.equal(names().length, 30);
  t.ok(names().includes('werfbundle-chart-0'), 'the oldest first');
  await clock.advance(HOUR);
  t.equal(names().length, 0);
  await stop();
});
