import { Counter, type Registry } from 'prom-client';
import type { Clock, Log } from './ports.js';
import type { SpanResult } from './span-exports.js';
import { NO_TRACER, type Tracer } from './tracer.js';
import { readTracing } from './tracing-settings.js';

/** What the tracing of a program needs. */
interface TracingDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the program, which is its service.name unless the environment has another: `werfbundle-controller`. */
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For /metrics; nothing is registered while nothing is traced. */
  readonly registry: Registry;
}

/** A tracer, and its end. */
interface StartedTracing {
  readonly tracer: Tracer;
  /** Sends what waits, within a few seconds. Never rejects. */
  close(): Promise<void>;
}

/**
 * Traces as the environment says (OTEL_…). Only then OpenTelemetry's libraries are read, which are in a file of their own. No setting keeps
 * a program from starting: what is wrong with one is logged.
 */
export const startTracing = async (deps: TracingDeps): Promise<StartedTracing> => {
  const { env, name, version, clock, log, registry } = deps;
  const tracing = readTracing(env, name);
  for (const why of tracing.warnings) log.warn('a variable of traces is left out', { why });
  if (tracing.kind === 'off') return { tracer: NO_TRACER, close: async () => {} };
  const { openTelemetry } = await import('./open-telemetry.js');
  return openTelemetry(tracing, { clock, log, program: { name, version }, count: registerSpans(registry) });
};

const SPAN_RESULTS: readonly SpanResult[] = ['sent', 'failed', 'dropped'];

/** Registers werfbundle_spans_total. @returns what counts */
export const registerSpans = (registry: Registry): ((result: SpanResult, spans: number) => void) => {
  const counter = new Counter({
    name: 'werfbundle_spans_total',
    help: 'Spans of traces, if any are made: by result (sent; failed: the collector did not take them; dropped: too many waited already).',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of SPAN_RESULTS) counter.inc({ result }, 0);
  return (result, spans) => counter.inc({ result }, spans);
};
