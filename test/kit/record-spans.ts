import type { Clock } from '../../process/ports.js';
import type { SpanAttributes, Tracer } from '../../process/tracer.js';

/** A span that has ended. */
export interface EndedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** undefined: of the first of a trace. */
  readonly parentId: string | undefined;
  readonly at: number;
  readonly until: number;
  readonly attributes: SpanAttributes;
  readonly failure: string | undefined;
}

/**
 * A tracer that keeps what has ended. Traces and spans are numbered in the order in which they begin.
 * @param isSampled - what is said of traces that begin here
 */
export const recordSpans = (
  clock: Pick<Clock, 'now'>,
  isSampled = true,
): Tracer & { readonly ended: readonly EndedSpan[]; readonly links: readonly string[] } => {
  const ended: EndedSpan[] = [];
  const links: string[] = [];
  let begun = 0;
  return {
    ended,
    links,
    begin: (name, { parent, link, at = clock.now(), attributes = {} } = {}) => {
      begun += 1;
      const [traceId, spanId] = [parent?.traceId ?? hex(begun, 32), hex(begun, 16)];
      if (link !== undefined) links.push(link.traceId);
      return {
        context: { traceId, spanId, isSampled: parent?.isSampled ?? isSampled },
        end: ({ at: until = clock.now(), attributes: more = {}, failure } = {}) => {
          const all = Object.assign({}, attributes, more);
          ended.push({ name, traceId, spanId, parentId: parent?.spanId, at, until, attributes: all, failure });
        },
      };
    },
  };
};

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
