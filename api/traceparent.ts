/** A place in a trace, as programs tell it to each other. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0: of the span that others are children of. */
  readonly spanId: string;
  /** Whether the trace is recorded: whoever goes on with it does the same. */
  readonly isSampled: boolean;
}

const FORM = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Of the flags; the others mean nothing here. */
const SAMPLED = 1;

/**
 * Reads a traceparent of version 00, strictly: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. Never throws.
 * @returns undefined for all that is none
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export const parseTraceparent = (text: unknown): TraceContext | undefined => {
  const [, traceId, spanId, flags = ''] = (typeof text === 'string' && FORM.exec(text)) || [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
};

/** Writes what {@link parseTraceparent} reads. */
export const formatTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
