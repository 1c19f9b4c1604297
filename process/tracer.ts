import type { TraceContext } from '../api/traceparent.js';
import type { Log, LogFields } from './ports.js';

/** What is told of a span, by the names of OpenTelemetry's semantic conventions where there are some; never a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** How a span begins. */
interface SpanStart {
  /** `server`: it answers a call from outside; `internal` if left out. */
  readonly kind?: 'internal' | 'server';
  /** What it is a part of, here or in another process; without, it begins a trace of its own. */
  readonly parent?: TraceContext | undefined;
  /** What led to it without being trusted to steer it. */
  readonly link?: TraceContext | undefined;
  /** Milliseconds since 1970; now if left out. */
  readonly at?: number;
  readonly attributes?: SpanAttributes;
}

/** How a span ends. */
interface SpanEnd {
  /** Milliseconds since 1970, its begin at the earliest; now if left out. */
  readonly at?: number;
  readonly attributes?: SpanAttributes;
  /** What it failed for, as one word of a small set: `JobLost`. */
  readonly failure?: string | undefined;
}

/** A piece of work that has begun. One that is never ended is never told of, and leaves nothing behind. */
export interface Span {
  /** Its place in its trace, for what it causes; undefined: nothing is traced. */
  readonly context: TraceContext | undefined;
  end(how?: SpanEnd): void;
}

/** Tells a collector of pieces of work, if somebody has asked for that. No call of it waits, throws or fails. */
export interface Tracer {
  /** @param name - the same for all of a kind: `run Job` */
  begin(name: string, start?: SpanStart): Span;
}

/** What is begun while nothing is traced. */
export const NO_SPAN: Span = { context: undefined, end: () => {} };

/** Traces nothing, and costs nothing. */
export const NO_TRACER: Tracer = { begin: () => NO_SPAN };

/** A log whose lines can be found by their trace; the log itself if there is none, or if it is not recorded. */
export const tracedLog = (log: Log, context: TraceContext | undefined): Log =>
  context?.isSampled === true ? log.child(traceFields(context)) : log;

/** Fields of log lines by which collectors join them to their trace; none if it is not recorded. */
export const traceFields = (context: TraceContext | undefined): LogFields =>
  context?.isSampled === true ? { trace_id: context.traceId, span_id: context.spanId } : {};
