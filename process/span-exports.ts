import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Clock, Log, Timer } from './ports.js';

/** What became of spans. `failed`: the collector did not take them. `dropped`: too many waited already. */
export type SpanResult = 'sent' | 'failed' | 'dropped';

interface SpanExportsDeps {
  readonly clock: Pick<Clock, 'now' | 'startTimer'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Where spans go, without what could be a secret; for the log. */
  readonly collector: string;
  /** Spans that wait at most. */
  readonly maxQueueSize: number;
  /** Time for one batch, milliseconds: then it counts as failed, whatever the exporter still tries. */
  readonly timeoutMs: number;
  readonly count: (result: SpanResult, spans: number) => void;
}

/** How often the log says that spans can't be sent, milliseconds. */
const TELL_MS = 10 * 60_000;

type Done = Parameters<SpanExporter['export']>[1];

/** Stands before and behind a batch processor: bounds what waits in it, and finds out what becomes of it. */
export class SpanExports {
  readonly #deps: SpanExportsDeps;
  #waiting = 0;
  /** Since the log has said that spans can't be sent. */
  #trouble: { readonly toldAt: number; readonly spans: number } | undefined;

  constructor(deps: SpanExportsDeps) {
    this.#deps = deps;
  }

  /** Spans that have ended and were not handed to the exporter yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What is to have the spans: whatever goes beyond the bound does not come in. */
  bounded(processor: SpanProcessor): SpanProcessor {
    return {
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
      onStart: (span, context) => processor.onStart(span, context),
      onEnd: (span) => {
        if (this.#waiting >= this.#deps.maxQueueSize) return this.#deps.count('dropped', 1);
        this.#waiting += 1;
        processor.onEnd(span);
      },
    };
  }

  /** What is to send them. */
  watched(exporter: SpanExporter): SpanExporter {
    return {
      shutdown: () => exporter.shutdown(),
      export: (spans, done) => this.#export(exporter, spans, done),
    };
  }

  #export(exporter: SpanExporter, spans: ReadableSpan[], done: Done): void {
    this.#waiting -= spans.length;
    let timer: Timer | undefined;
    const settle = (error: Error | undefined): void => {
      if (timer === undefined) return;
      timer.cancel();
      timer = undefined;
      if (error === undefined) this.#sent(spans.length);
      else this.#failed(spans.length, error);
    };
    const { clock, timeoutMs } = this.#deps;
    timer = clock.startTimer(timeoutMs, () => settle(new Error(`no answer within ${timeoutMs / 1_000} s`)));
    exporter.export(spans, (result) => {
      settle(result.code === SUCCESS ? undefined : (result.error ?? new Error('it was refused')));
      done(result);
    });
  }

  #sent(spans: number): void {
    const { collector, count, log } = this.#deps;
    count('sent', spans);
    if (this.#trouble !== undefined) log.info('spans are sent again', { collector, lost: this.#trouble.spans });
    this.#trouble = undefined;
  }

  /** Said at once, and then rarely: a collector that is down for a day is one line each ten minutes. */
  #failed(spans: number, error: Error): void {
    const { clock, collector, count, log } = this.#deps;
    count('failed', spans);
    const { toldAt, spans: lost } = this.#trouble ?? { toldAt: Number.NEGATIVE_INFINITY, spans: 0 };
    const isDue = clock.now() - toldAt >= TELL_MS;
    this.#trouble = { toldAt: isDue ? clock.now() : toldAt, spans: lost + spans };
    if (isDue) log.warn('spans could not be sent', { collector, lost: lost + spans, error: messageOf(error) });
  }
}

/** ExportResultCode.SUCCESS, which is in a package that is no dependency of ours. */
const SUCCESS = 0;

/** The message and the status, but not what the collector has answered. An error of several addresses has no message. */
const messageOf = (error: Error & { readonly code?: unknown }): string =>
  [error.message, error.code].filter((part) => part !== undefined && part !== '').join(' ') || error.name;
