// A program of its own beside the others (build.mjs), which nobody reads while nothing is traced.
import { type Context, DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TraceContext } from '../api/traceparent.js';
import { Deadline } from './deadline.js';
import type { Clock, Log } from './ports.js';
import { SpanExports, type SpanResult } from './span-exports.js';
import type { SpanAttributes, Tracer } from './tracer.js';
import type { SamplerSettings, SpanTarget, Tracing } from './tracing-settings.js';

interface OpenTelemetryDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Name and version of the program, for the scope of its spans. */
  readonly program: { readonly name: string; readonly version: string };
  readonly count: (result: SpanResult, spans: number) => void;
}

/** A tracer that has to be closed. */
interface OpenTelemetry {
  readonly tracer: Tracer;
  /** Sends what waits, within {@link CLOSE_MS}; what is left then is lost. Never rejects. */
  close(): Promise<void>;
}

/** How long the end of the process may be held up, milliseconds. */
const CLOSE_MS = 3_000;

/** Begins to trace: spans wait, and are sent in batches. OTEL_EXPORTER_OTLP_… are read by OpenTelemetry's own exporter. */
export const openTelemetry = (tracing: Extract<Tracing, { kind: 'on' }>, deps: OpenTelemetryDeps): OpenTelemetry => {
  const { clock, log, program, count } = deps;
  const { batch, attributes } = tracing;
  const collector = tracing.target.kind === 'console' ? 'the log' : withoutSecrets(tracing.target.url);
  const exports = new SpanExports({ ...batch, clock, log, collector, count });
  const processor = new BatchSpanProcessor({
    exporter: exports.watched(exporterOf(tracing.target, log)),
    maxQueueSize: batch.maxQueueSize,
    maxExportBatchSize: batch.maxBatchSize,
    scheduledDelayMillis: batch.delayMs,
    exportTimeoutMillis: batch.timeoutMs,
  });
  const provider = new TracerProvider({
    sampler: samplerOf(tracing.sampler),
    resource: defaultResource().merge(
      resourceFromAttributes(Object.assign({ 'service.version': program.version }, attributes)),
    ),
    spanProcessors: [exports.bounded(processor)],
  });
  log.info('traces are sent', { collector, service: attributes['service.name'] });
  return {
    tracer: tracerOf(provider, { clock, program }),
    close: async () => {
      const deadline = new Deadline(clock, CLOSE_MS);
      // Whatever it fails for was counted, and told of, for the batch.
      const flushed = provider.shutdown().then(
        () => {},
        () => {},
      );
      await deadline.run((signal) =>
        Promise.race([flushed, new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))]),
      );
      if (deadline.expired) log.warn('the collector was not waited for: the last spans are lost', { collector });
    },
  };
};

const tracerOf = (
  provider: TracerProvider,
  { clock, program }: Pick<OpenTelemetryDeps, 'clock' | 'program'>,
): Tracer => {
  const tracer = provider.getTracer(program.name, program.version);
  return {
    begin: (name, { kind = 'internal', parent, link, at = clock.now(), attributes = {} } = {}) => {
      const options = {
        kind: kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL,
        startTime: new Date(at),
        attributes: mutable(attributes),
        ...(link !== undefined && { links: [{ context: spanContextOf(link) }] }),
      };
      const span = tracer.startSpan(name, options, contextOf(parent));
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        context: { traceId, spanId, isSampled: (traceFlags & 1) === 1 },
        end: ({ at: until = clock.now(), attributes: more = {}, failure } = {}) => {
          span.setAttributes(mutable(more));
          if (failure !== undefined)
            span.setStatus({ code: SpanStatusCode.ERROR }).setAttributes({ 'error.type': failure });
          span.end(new Date(Math.max(at, until)));
        },
      };
    },
  };
};

const contextOf = (parent: TraceContext | undefined): Context =>
  parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent));

const spanContextOf = ({ traceId, spanId, isSampled }: TraceContext) => ({
  traceId,
  spanId,
  traceFlags: isSampled ? 1 : 0,
  isRemote: true,
});

const mutable = (attributes: SpanAttributes) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
  );

const samplerOf = ({ isParentBased, ratio }: SamplerSettings): Sampler => {
  const root =
    ratio === 1 ? new AlwaysOnSampler() : ratio === 0 ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
};

const exporterOf = (target: SpanTarget, log: Log): SpanExporter => {
  if (target.kind === 'console') return logExporter(log);
  const { url, protocol, timeoutMs } = target;
  const options = { url, ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }) };
  // It says what is wrong with its variables as it is made; afterwards it would say of each batch what is said better elsewhere.
  const quiet = (): void => {};
  const warn = (message: string): void => log.warn('a variable of traces is left out', { why: message });
  const logger = { error: quiet, warn, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = protocol === 'http/json' ? new JsonExporter(options) : new ProtobufExporter(options);
  diag.disable();
  return exporter;
};

/** Writes each span as a line of the log. */
const logExporter = (log: Log): SpanExporter => ({
  export: (spans, done) => {
    for (const span of spans) log.info('span', spanFields(span));
    done({ code: 0 });
  },
  shutdown: async () => {},
});

const spanFields = (span: ReadableSpan) => {
  const { name, kind, attributes, status, startTime, duration } = span;
  return {
    span: name,
    kind: SpanKind[kind],
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    begun: new Date(millis(startTime)),
    ms: millis(duration),
    failed: status.code === SpanStatusCode.ERROR,
    attributes,
  };
};

const millis = ([seconds, nanos]: readonly [number, number]): number => seconds * 1_000 + nanos / 1e6;

/** An address without user, password and query. */
const withoutSecrets = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
};
