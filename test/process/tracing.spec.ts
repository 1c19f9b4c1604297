import { Registry } from 'prom-client';
import t, { type Test } from 'tap';
import { startTracing } from '../../process/start-tracing.js';
import { NO_SPAN, tracedLog } from '../../process/tracer.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { startCollector } from '../kit/otlp-collector.js';
import { recordLog } from '../kit/record-log.js';

const BEGIN = Date.UTC(2026, 10, 30, 9);
const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true };

const start = async (env: Readonly<Record<string, string>>) => {
  const [clock, log, registry] = [createFakeClock(BEGIN), recordLog(), new Registry()];
  const { tracer, close } = await startTracing({ env, name: 'werfbundle-test', version: '1', clock, log, registry });
  const counts = async (): Promise<Readonly<Record<string, number>>> => {
    const [metric] = await registry.getMetricsAsJSON();
    return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [labels['result'], value]));
  };
  return { tracer, close, clock, log, registry, counts };
};

const toCollector = async (t: Test, more: Readonly<Record<string, string>> = {}) => {
  const collector = await startCollector(t);
  return { collector, ...(await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...more })) };
};

/** Variables that OpenTelemetry's exporter reads itself, from the environment of the process. */
const ofExporter = (t: Test, variables: Readonly<Record<string, string>>): void => {
  Object.assign(process.env, variables);
  t.teardown(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
};

t.test('while nothing is traced there are no metrics, no lines, and no spans', async (t) => {
  const { tracer, close, log, registry } = await start({});
  const span = tracer.begin('work');
  span.end();
  await close();
  t.equal(span, NO_SPAN);
  t.strictSame([log.entries, await registry.metrics()], [[], '\n']);
  t.equal(tracedLog(log, span.context), log);
});

for (const protocol of ['http/protobuf', 'http/json'])
  t.test(`a collector gets spans by ${protocol}`, async (t) => {
    const { tracer, close, clock, counts, collector } = await toCollector(t, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    const link = { ...PARENT, traceId: 'a'.repeat(32) };
    const attributes = { 'k8s.job.name': 'web-1', list: ['a', 'b'], left: undefined };
    const outer = tracer.begin('outer', { kind: 'server', parent: PARENT, link, at: BEGIN - 86_400_000, attributes });
    const inner = tracer.begin('inner', { parent: outer.context });
    await clock.advance(1_500);
    inner.end({ at: BEGIN - 1, failure: 'JobLost' });
    outer.end({ attributes: { 'http.response.status_code': 202, ok: true } });
    await close();
    const { traceId } = PARENT;
    const both = { service: 'werfbundle-test', traceId };
    t.strictSame(collector.spans, [
      {
        ...both,
        name: 'inner',
        kind: 1,
        spanId: inner.context?.spanId,
        parentSpanId: outer.context?.spanId,
        start: BEGIN,
        end: BEGIN,
        attributes: { 'error.type': 'JobLost' },
        failed: true,
        links: [],
      },
      {
        ...both,
        name: 'outer',
        kind: 2,
        spanId: outer.context?.spanId,
        parentSpanId: PARENT.spanId,
        start: BEGIN - 86_400_000,
        end: BEGIN + 1_500,
        attributes: { 'k8s.job.name': 'web-1', list: ['a', 'b'], 'http.response.status_code': 202, ok: true },
        failed: false,
        links: [link.traceId],
      },
    ]);
    t.match(collector.requests, [{ path: '/v1/traces' }]);
    t.strictSame(await counts(), { sent: 2, failed: 0, dropped: 0 });
  });

t.test('a span that is not ended is not told of', async (t) => {
  const { tracer, close, collector } = await toCollector(t);
  tracer.begin('given up');
  await close();
  t.strictSame(collector.requests, []);
});

t.test('what is not recorded is not sent, and says so to whoever goes on with it', async (t) => {
  const { tracer, close, log, collector } = await toCollector(t, { OTEL_TRACES_SAMPLER: 'always_off' });
  const span = tracer.begin('work');
  span.end();
  await close();
  t.match(span.context, { isSampled: false });
  t.strictSame(collector.requests, []);
  t.equal(tracedLog(log, span.context), log, 'lines do not name what nobody can find');
});

t.test('a parent decides whether its children are recorded', async (t) => {
  const { tracer, close, collector } = await toCollector(t);
  for (const isSampled of [true, false])
    tracer.begin(`sampled ${isSampled}`, { parent: { ...PARENT, isSampled } }).end();
  await close();
  t.strictSame(
    collector.spans.map(({ name }) => name),
    ['sampled true'],
  );
});

t.test('lines of a log say to which trace they belong', async (t) => {
  const log = recordLog();
  tracedLog(log, PARENT).info('hello', { a: 1 });
  const [entry] = log.entries;
  t.strictSame(entry?.fields, { trace_id: PARENT.traceId, span_id: PARENT.spanId, a: 1 });
});

t.test('spans can be lines of the log', async (t) => {
  const { tracer, close, log } = await start({ OTEL_TRACES_EXPORTER: 'console' });
  const span = tracer.begin('work', { attributes: { a: 1 } });
  span.end({ at: BEGIN + 5, failure: 'Failed' });
  await close();
  const { traceId, spanId } = span.context ?? {};
  const fields = { span: 'work', kind: 'INTERNAL', trace_id: traceId, span_id: spanId, parent: undefined };
  const rest = { begun: new Date(BEGIN), ms: 5, failed: true, attributes: { a: 1, 'error.type': 'Failed' } };
  t.strictSame(log.entries.at(-1), { level: 'info', message: 'span', fields: { ...fields, ...rest } });
});

t.test('a collector that never answers holds up nothing, and what can not wait is dropped', async (t) => {
  // The request of this spec shall not outlive it.
  ofExporter(t, { OTEL_EXPORTER_OTLP_TIMEOUT: '50' });
  const { tracer, close, clock, log, counts, collector } = await toCollector(t, { OTEL_BSP_MAX_QUEUE_SIZE: '3' });
  collector.behave('hang');
  for (let number = 0; number < 8; number += 1) tracer.begin('work').end();
  t.strictSame(await counts(), { sent: 0, failed: 0, dropped: 2 }, 'three are being sent, and three wait');
  const closed = close();
  await clock.advance(2_999);
  await clock.advance(1);
  await closed;
  t.strictSame(log.entries.at(-1), {
    level: 'warn',
    message: 'the collector was not waited for: the last spans are lost',
    fields: { collector: `${collector.url}/v1/traces` },
  });
});

t.test('a batch without an answer in time counts as failed', async (t) => {
  ofExporter(t, { OTEL_EXPORTER_OTLP_TIMEOUT: '50' });
  const { tracer, close, clock, counts, collector } = await toCollector(t, {
    OTEL_BSP_EXPORT_TIMEOUT: '20',
    OTEL_BSP_SCHEDULE_DELAY: '1',
  });
  collector.behave('hang');
  tracer.begin('work').end();
  while (collector.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await clock.advance(20);
  t.strictSame(await counts(), { sent: 0, failed: 1, dropped: 0 });
  const closed = close();
  await clock.advance(3_000);
  await closed;
});

t.test('a collector that refuses is told of once, and again when it takes them', async (t) => {
  const { tracer, close, log, counts, collector } = await toCollector(t, { OTEL_BSP_SCHEDULE_DELAY: '1' });
  collector.behave('refuse');
  for (const request of [1, 2]) {
    tracer.begin('work').end();
    await t.resolves(untilCounted(counts, 'failed', request));
  }
  collector.behave('take');
  tracer.begin('work').end();
  await collector.until((spans) => spans.length === 1);
  await close();
  const where = { collector: `${collector.url}/v1/traces` };
  t.strictSame(
    log.entries.map(({ message, fields }) => ({ message, ...fields })),
    [
      { message: 'traces are sent', ...where, service: 'werfbundle-test' },
      { message: 'spans could not be sent', ...where, lost: 1, error: 'Bad Request 400' },
      { message: 'spans are sent again', ...where, lost: 2 },
    ],
  );
});

const untilCounted = async (
  counts: () => Promise<Readonly<Record<string, number>>>,
  result: string,
  wanted: number,
): Promise<void> => {
  while (((await counts())[result] ?? 0) < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
};

t.test('what is wrong is told, and a password is not', async (t) => {
  const { log, close } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:secret@127.0.0.1:1/x?token=secret',
    OTEL_TRACES_SAMPLER: 'xray',
  });
  await close();
  t.match(log.entries, [
    { level: 'warn', message: 'a variable of traces is left out', fields: { why: /^OTEL_TRACES_SAMPLER: / } },
    { level: 'info', message: 'traces are sent', fields: { collector: 'http://127.0.0.1:1/x' } },
  ]);
  t.notMatch(JSON.stringify(log.entries), /secret/);
});

t.test("the exporter's own variables count, and nothing of a header is told", async (t) => {
  ofExporter(t, {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=very%20secret',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.crt',
  });
  const { tracer, close, log, collector } = await toCollector(t);
  tracer.begin('work').end();
  await close();
  t.match(collector.requests, [{ headers: { 'x-token': 'very secret' } }]);
  t.match(log.entries, [
    { message: 'a variable of traces is left out', fields: { why: 'Failed to read root certificate file' } },
    { message: 'traces are sent' },
  ]);
  t.notMatch(JSON.stringify(log.entries), /secret/);
});
