import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { loadChart } from '../../api/chart/chart.js';
import {
  decodeKeptChart,
  encodeKeptChart,
  type KeptChart,
  keptBytes,
  keptChartName,
  keptChartOf,
  keptConfigMap,
  toldBytes,
} from '../../api/chart/kept-chart.js';
import { tarOf } from '../../cli/publish/tar.js';
import { type ChartParts, chartFiles } from '../kit/chart-case.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const OF = { digest: DIGEST, namespace: 'operator' };

const bytesOf = (files: Readonly<Record<string, string>>): ReadonlyMap<string, Buffer> =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));

/** With files that judging has no use for. */
const filesOf = (parts: ChartParts, more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, Buffer> =>
  bytesOf({
    ...chartFiles(parts),
    'templates/app.yaml': 'kind: ConfigMap',
    'values.yaml.orig': 'old: true',
    ...more,
  });

const archived = (parts: ChartParts): Buffer => {
  const files = filesOf(parts);
  return gzipSync(tarOf(Object.fromEntries([...files].map(([path, content]) => [`${parts.name}/${path}`, content]))));
};

const WEB: ChartParts = {
  name: 'web',
  defaults: { replicas: 1 },
  schema: { properties: { replicas: { type: 'integer' } } },
  subcharts: [{ name: 'redis', schema: { required: ['auth'] } }],
};

const paths = (kept: KeptChart | undefined): readonly string[] | undefined =>
  kept?.kind === 'chart' ? [...kept.files.keys()] : undefined;

t.test('what is kept of a chart is what it is judged by, of the charts within it as well', async (t) => {
  const files = filesOf(WEB);
  const kept = keptChartOf(files);
  t.strictSame(paths(kept), [
    'Chart.yaml',
    'values.yaml',
    'values.schema.json',
    'charts/redis/Chart.yaml',
    'charts/redis/values.schema.json',
  ]);
  if (kept?.kind !== 'chart') return t.fail('nothing is kept');
  t.strictSame(loadChart(kept.files), loadChart(files), 'the same chart is read from it');
  return undefined;
});

t.test('an archive within becomes a folder, and the chart stays the same', async (t) => {
  const files = new Map([
    ...filesOf({ ...WEB, subcharts: [] }),
    ['charts/redis-1.0.0.tgz', archived({ name: 'redis', schema: { required: ['auth'] } })] as const,
    ['charts/redis-1.0.0.tgz.prov', Buffer.from('signed')] as const,
  ]);
  const kept = keptChartOf(files);
  t.ok(paths(kept)?.includes('charts/redis-1.0.0.tgz/values.schema.json'), 'its schema is there');
  if (kept?.kind !== 'chart') return t.fail('nothing is kept');
  t.strictSame(loadChart(kept.files), loadChart(files));
  return undefined;
});

t.test('nothing is kept of a chart without a schema', async (t) => {
  t.equal(keptChartOf(filesOf({ name: 'web', subcharts: [{ name: 'redis' }] })), undefined);
  const unread = { 'templates/values.schema.json': '{}', 'charts/_old/values.schema.json': '{}' };
  t.equal(keptChartOf(filesOf({ name: 'web' }, unread)), undefined, 'nor of one that only looks so');
});

t.test('a chart that is too large, or broken, is kept with the reason alone', async (t) => {
  const large = { description: 'x'.repeat(4 * 1024 * 1024) };
  t.strictSame(keptChartOf(filesOf({ name: 'web', schema: large })), {
    kind: 'unjudged',
    why: 'its schemas and default values have more than 4 MiB',
  });
  const broken = new Map([...filesOf(WEB), ['charts/redis.tgz', Buffer.from('no archive')] as const]);
  t.strictSame(keptChartOf(broken), {
    kind: 'unjudged',
    why: 'charts/redis.tgz: it is no archive that gzip made',
  });
  const zeros = gzipSync(tarOf({ 'big/zeros': Buffer.alloc(4 * 1024 * 1024) }));
  const bombs = new Map(filesOf(WEB));
  for (let n = 0; n < 9; n += 1) bombs.set(`charts/big-${n}.tgz`, zeros);
  t.strictSame(keptChartOf(bombs), { kind: 'unjudged', why: 'the archives in charts/ have more than 32 MiB' });
});

t.test('a chart with encrypted values is not judged, since they come over all others', async (t) => {
  const encrypted = { 'charts/redis/secret-values.yaml': 'auth: 1000…' };
  t.strictSame(keptChartOf(filesOf(WEB, encrypted)), {
    kind: 'unjudged',
    why: 'charts/redis/secret-values.yaml: only werf can read these values',
  });
  t.equal(keptChartOf(filesOf({ name: 'web' }, { 'secret-values.yaml': 'a: 1000…' })), undefined, 'without a schema');
});

t.test('a kept chart is a ConfigMap that is never changed, and is read back as it was', async (t) => {
  const kept = keptChartOf(filesOf(WEB));
  if (kept === undefined) return t.fail('nothing is kept');
  const configMap = encodeKeptChart(kept, OF);
  const { binaryData, ...rest } = configMap;
  t.strictSame(rest, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `werfbundle-chart-${'ab'.repeat(20)}`,
      namespace: 'operator',
      labels: { 'werf.io/kept-chart': 'true', 'app.kubernetes.io/part-of': 'werfbundle' },
    },
    immutable: true,
    data: { digest: DIGEST },
  });
  t.strictSame(Object.keys(binaryData ?? {}), ['chart']);
  t.strictSame(decodeKeptChart(configMap, DIGEST), kept);
  return undefined;
});

t.test('why a chart is not judged is kept in words', async (t) => {
  const unjudged = { kind: 'unjudged', why: 'its archive has more than 8 MiB' } as const;
  const configMap = encodeKeptChart(unjudged, OF);
  t.strictSame(configMap.data, { digest: DIGEST, reason: 'its archive has more than 8 MiB' });
  t.equal(configMap.binaryData, undefined);
  t.strictSame(decodeKeptChart(configMap, DIGEST), unjudged);
  const noise = randomBytes(256 * 1024).toString('base64');
  const huge = keptChartOf(filesOf({ name: 'web', schema: { description: noise } }));
  if (huge === undefined) return t.fail('nothing is kept');
  t.strictSame(decodeKeptChart(encodeKeptChart(huge, OF), DIGEST), {
    kind: 'unjudged',
    why: 'its schemas and default values have more than 256 KiB, even compressed',
  });
  const long = encodeKeptChart({ kind: 'unjudged', why: 'x'.repeat(5_000) }, OF);
  t.equal(long.data?.['reason']?.length, 1_000);
  return undefined;
});

t.test('what no controller has written so counts as not there', async (t) => {
  const configMap = encodeKeptChart(keptChartOf(filesOf(WEB)) ?? { kind: 'unjudged', why: '' }, OF);
  const other = `sha256:${'ab'.repeat(20)}${'cd'.repeat(12)}`;
  t.equal(keptChartName(other), configMap.metadata.name, 'another digest may have the same name');
  t.equal(decodeKeptChart(configMap, other), undefined);
  const withChart = (chart: Buffer) =>
    decodeKeptChart({ ...configMap, binaryData: { chart: chart.toString('base64') } }, DIGEST);
  t.equal(withChart(Buffer.from('not deflated')), undefined);
  t.equal(withChart(gzipSync('{}')), undefined);
  t.equal(decodeKeptChart({ metadata: configMap.metadata, data: { digest: DIGEST } }, DIGEST), undefined);
  t.equal(decodeKeptChart({ metadata: configMap.metadata }, DIGEST), undefined);
});

t.test('digests of both kinds have names, and nothing else has', async (t) => {
  t.equal(keptChartName(`sha512:${'0f'.repeat(64)}`), `werfbundle-chart-${'0f'.repeat(20)}`);
  for (const wrong of ['', 'sha256:ab', `sha256:${'AB'.repeat(32)}`, `md5:${'ab'.repeat(32)}`, `${DIGEST}x`])
    t.equal(keptChartName(wrong), undefined, wrong);
  t.throws(() => encodeKeptChart({ kind: 'unjudged', why: '' }, { digest: 'x', namespace: 'operator' }), TypeError);
});

t.test('its bytes are counted as etcd has them, and one that does not say them counts as the largest', async (t) => {
  const chart = Buffer.alloc(3_000);
  const configMap = keptConfigMap({ data: { digest: DIGEST }, binaryData: { chart: chart.toString('base64') } }, OF);
  t.equal(keptBytes(configMap), 4_024);
  t.equal(keptBytes(encodeKeptChart({ kind: 'unjudged', why: 'x'.repeat(500) }, OF)), 1_524);
  const told = (bytes: string) => toldBytes({ ...configMap.metadata, annotations: { 'werf.io/kept-bytes': bytes } });
  t.equal(told('4024'), 4_024);
  for (const wrong of ['', '-1', '0', 'many', '1e999']) t.equal(told(wrong), 257 * 1024, wrong);
  t.equal(toldBytes(configMap.metadata), 257 * 1024);
});
