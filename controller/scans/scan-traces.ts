import type { TraceContext } from '../../api/traceparent.js';
import type { Span, Tracer } from '../../process/tracer.js';
import type { RegistryTarget } from '../../registry/port.js';
import type { ScanResult, TracedScan } from './scan.js';

/** How a scan ended. */
interface ScanEnd {
  /** Of its deliveries. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly result: ScanResult;
  /** Somebody has told of a push, and may want to see what came of it. */
  readonly wasPushed: boolean;
}

/** Ended scans that may still lead to something: a bundle looks at its delivery within seconds. */
const MOST_KEPT = 1_000;

/**
 * The scans as spans. One for a push is told of as it ends, any other only if something follows from it: ten thousand repositories are
 * polled a thousand times before one has changed.
 */
export class ScanTraces {
  readonly #tracer: Tracer;
  readonly #ended = new Map<number, TracedScan>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** @param parent - the push that it is for */
  begin({ host, repository }: RegistryTarget, parent: TraceContext | undefined): Span {
    const attributes = { 'werfbundle.repository': `${host}/${repository}` };
    return this.#tracer.begin('scan repository', { parent, attributes });
  }

  ended(span: Span, { sequence, at, result, wasPushed }: ScanEnd): void {
    const { context } = span;
    if (context === undefined || result === 'held-back') return;
    let isTold = false;
    const tell = (): void => {
      if (!isTold) span.end({ at, ...(result !== 'success' && { failure: result }) });
      isTold = true;
    };
    if (wasPushed) tell();
    this.#ended.set(sequence, { context, tell });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MOST_KEPT) break;
      this.#ended.delete(oldest);
    }
  }

  of(sequence: number): TracedScan | undefined {
    return this.#ended.get(sequence);
  }
}
