import t from 'tap';
import { formatTraceparent, parseTraceparent } from '../../api/traceparent.js';
import { readTracing } from '../../process/tracing-settings.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const TARGET = { kind: 'otlp', protocol: 'http/protobuf', url: 'http://collector:4318/v1/traces' };
const BATCH = { delayMs: 5_000, timeoutMs: 30_000, maxQueueSize: 2_048, maxBatchSize: 512 };
const ON = {
  kind: 'on',
  target: TARGET,
  sampler: { isParentBased: true, ratio: 1 },
  batch: BATCH,
  attributes: { 'service.name': 'werfbundle-test' },
  warnings: [],
};
const GRPC =
  'OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken here, only http/protobuf and http/json (port 4318): nothing is traced';

type Env = Readonly<Record<string, string>>;

const read = (env: Env) => readTracing(env, 'werfbundle-test');

t.test('nothing is traced', async (t) => {
  const rows: readonly (readonly [string, Env, string?])[] = [
    ['as long as nobody asks for it', {}],
    ['by settings alone', { OTEL_SERVICE_NAME: 'shop', OTEL_TRACES_SAMPLER: 'always_on' }],
    ['by an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['when all of OpenTelemetry is off', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
    ['when no exporter is wanted', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    ['by gRPC', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, GRPC],
    [
      'to what is no address',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT: is no address of http:// or https://: nothing is traced',
    ],
  ];
  for (const [title, env, warning] of rows)
    t.strictSame(read(env), { kind: 'off', warnings: warning === undefined ? [] : [warning] }, title);
});

t.test('it is traced', async (t) => {
  const rows: readonly (readonly [string, Env, object])[] = [
    ['to a collector', ENDPOINT, {}],
    [
      "to a collector's path",
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/otlp/' },
      { target: { ...TARGET, url: 'https://collector/otlp/v1/traces' } },
    ],
    [
      "to a collector's path, before its query",
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/otlp?tenant=shop' },
      { target: { ...TARGET, url: 'https://collector/otlp/v1/traces?tenant=shop' } },
    ],
    [
      'with headers that can be read, and in a time that can be waited for',
      {
        ...ENDPOINT,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%3Bb==, x-tenant = shop ,,',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2147483647',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1e99',
      },
      {},
    ],
    [
      'to an address of traces alone, as it is',
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/here' },
      { target: { ...TARGET, url: 'http://traces:4318/here' } },
    ],
    [
      'where OpenTelemetry does by default, if its exporter is named',
      { OTEL_TRACES_EXPORTER: 'otlp' },
      { target: { ...TARGET, url: 'http://localhost:4318/v1/traces' } },
    ],
    ['into the log', { OTEL_TRACES_EXPORTER: 'console' }, { target: { kind: 'console' } }],
    [
      'in JSON',
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      { target: { ...TARGET, protocol: 'http/json' } },
    ],
    [
      'of some, whatever their parents say',
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { sampler: { isParentBased: false, ratio: 0.25 } },
    ],
    [
      'as their parents say, and else never',
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
      { sampler: { isParentBased: true, ratio: 0 } },
    ],
    [
      'in batches as they are wanted, none larger than what waits at most',
      {
        ...ENDPOINT,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_BSP_EXPORT_TIMEOUT: '200',
        OTEL_BSP_MAX_QUEUE_SIZE: '10',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '20',
      },
      { batch: { delayMs: 100, timeoutMs: 200, maxQueueSize: 10, maxBatchSize: 10 } },
    ],
    [
      'of what the environment says that it is',
      {
        ...ENDPOINT,
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=no,team=a%2Cb, k8s.pod.name=x',
        OTEL_SERVICE_NAME: 'shop',
      },
      { attributes: { 'service.name': 'shop', team: 'a,b', 'k8s.pod.name': 'x' } },
    ],
  ];
  for (const [title, env, changes] of rows) t.strictSame(read(env), { ...ON, ...changes }, title);
});

t.test('what is no value is left out, and warned of', async (t) => {
  const rows: readonly (readonly [Env, string])[] = [
    [{ OTEL_SDK_DISABLED: 'yes' }, 'OTEL_SDK_DISABLED: is none of true, false, and is ignored'],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER: is none of otlp, console, none, and is ignored'],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http' },
      'OTEL_EXPORTER_OTLP_PROTOCOL: is none of http/protobuf, http/json, grpc, and is ignored',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
      'OTEL_TRACES_SAMPLER: is none of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio, and is ignored',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '50%' },
      'OTEL_TRACES_SAMPLER_ARG: is no number from 0 to 1: 1 is used',
    ],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, 'OTEL_BSP_MAX_QUEUE_SIZE: is no number above 0: 2048 is used'],
    [
      { OTEL_RESOURCE_ATTRIBUTES: 'team=shop,stage=%zz' },
      'OTEL_RESOURCE_ATTRIBUTES: is no list like "team=shop,stage=live", and is ignored',
    ],
  ];
  for (const [env, warning] of rows)
    t.strictSame(read({ ...ENDPOINT, ...env }), { ...ON, warnings: [warning] }, warning);
});

t.test('what the exporter would pass over in silence is warned of', async (t) => {
  const headers = 'OTEL_EXPORTER_OTLP_TRACES_HEADERS';
  const unread = `${headers}: is no list like "authorization=Bearer%20TOKEN", percent-encoded: what is none is left out`;
  const rows: readonly (readonly [Env, string])[] = [
    [{ [headers]: 'Authorization: Bearer token' }, unread],
    [{ [headers]: 'x-token=%zz' }, unread],
    [{ [headers]: 'x-a=1,=2' }, unread],
    [{ [headers]: `x-token=${'a'.repeat(4_096)}` }, unread],
    [{ [headers]: 'x-token=a;b' }, `${headers}: has a ";", where a header ends: write %3B`],
    [{ [headers]: 'x-token=a%0Ab' }, `${headers}: has a letter that no header may have: no span can be sent with it`],
    [{ [headers]: 'x token=a' }, `${headers}: has a letter that no header may have: no span can be sent with it`],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318#there' },
      'OTEL_EXPORTER_OTLP_ENDPOINT: has a "#": what follows it is never sent, and is left out',
    ],
  ];
  for (const [env, warning] of rows)
    t.strictSame(read({ ...ENDPOINT, ...env }), { ...ON, warnings: [warning] }, JSON.stringify(env).slice(0, 80));
  t.strictSame(read({ ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: '1e99' }), {
    ...ON,
    target: { ...TARGET, timeoutMs: 2_147_483_647 },
    warnings: ['OTEL_EXPORTER_OTLP_TIMEOUT: is longer than can be waited for: 2147483647 is used'],
  });
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

t.test('a traceparent is read as it is written', async (t) => {
  for (const isSampled of [true, false]) {
    const context = { traceId: TRACE, spanId: SPAN, isSampled };
    t.strictSame(parseTraceparent(formatTraceparent(context)), context);
  }
  t.equal(formatTraceparent({ traceId: TRACE, spanId: SPAN, isSampled: true }), `00-${TRACE}-${SPAN}-01`);
  t.strictSame(
    parseTraceparent(`00-${TRACE}-${SPAN}-03`),
    { traceId: TRACE, spanId: SPAN, isSampled: true },
    'a random id',
  );
});

t.test('what is no traceparent is none', async (t) => {
  const wrong = [
    ...[undefined, 7, null, '', `00-${TRACE}-${SPAN}`, `00-${TRACE}-${SPAN}-01-more`, ` 00-${TRACE}-${SPAN}-01`],
    ...[`00-${TRACE}-${SPAN}-01\n`, `01-${TRACE}-${SPAN}-01`, `ff-${TRACE}-${SPAN}-01`],
    ...[`00-${TRACE.toUpperCase()}-${SPAN}-01`, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`],
    ...[
      `00-${TRACE.slice(1)}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-1`,
      `00-${TRACE}-${SPAN}-zz`,
      [`00-${TRACE}-${SPAN}-01`],
    ],
  ];
  for (const text of wrong) t.equal(parseTraceparent(text), undefined, JSON.stringify(text));
});
