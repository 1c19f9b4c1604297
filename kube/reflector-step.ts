import type { KubeErrorCode } from './client.js';
import { retryDelay } from './retry-delay.js';

/**
 * What a reflector does next. `failures`: attempts in a row without a sign of life.
 * @see kube-rs, kube-runtime/src/watcher.rs: the shape
 */
export type ReflectorState =
  | { readonly kind: 'listing'; readonly failures: number }
  | { readonly kind: 'watching'; readonly failures: number; readonly resourceVersion: string };

/** The outcome of it. */
export type ReflectorEvent =
  | { readonly kind: 'listed'; readonly resourceVersion: string }
  /** A change or a bookmark arrived. */
  | { readonly kind: 'progressed'; readonly resourceVersion: string }
  /** The server ended the watch in good order. `livedMs`: how long it lasted. */
  | { readonly kind: 'watch-ended'; readonly livedMs: number }
  /** Nothing was heard for too long, and the watch was dropped. */
  | { readonly kind: 'watch-silent' }
  | { readonly kind: 'failed'; readonly code: KubeErrorCode; readonly retryAfterMs?: number | undefined };

interface ReflectorStep {
  readonly state: ReflectorState;
  /** Milliseconds to wait before the state is acted on. */
  readonly delayMs: number;
}

/** A server that is down comes back within seconds, as a rule; a server that is overloaded needs to be left alone. */
const RETRY = { firstMs: 500, capMs: 30_000 };
/** A watch that ends sooner than this, again and again, is a fault of the server and not the end of its time. */
const SHORT_WATCH_MS = 5_000;
/** A resourceVersion from before a restore of etcd never works again, though the server does not say `gone`. */
const RELIST_AFTER_FAILURES = 10;

export const firstStep: ReflectorState = { kind: 'listing', failures: 0 };

/**
 * The transition of a reflector. Pure; never throws.
 * @param uniform - random, in [0, 1)
 */
export const stepReflector = (state: ReflectorState, event: ReflectorEvent, uniform: number): ReflectorStep => {
  switch (event.kind) {
    case 'listed':
      // The count of failures is kept: a server that lists but refuses every watch as too old must not be asked without a pause.
      return { state: { ...state, kind: 'watching', resourceVersion: event.resourceVersion }, delayMs: 0 };
    case 'progressed':
      return { state: { kind: 'watching', failures: 0, resourceVersion: event.resourceVersion }, delayMs: 0 };
    case 'watch-silent':
      return { state: { ...state, failures: 0 }, delayMs: 0 };
    case 'watch-ended':
      return event.livedMs >= SHORT_WATCH_MS
        ? { state: { ...state, failures: 0 }, delayMs: 0 }
        : retry(state, { uniform, retryAfterMs: 0 });
    case 'failed':
      return afterFailure(state, event, uniform);
    default:
      return event satisfies never;
  }
};

const afterFailure = (
  state: ReflectorState,
  { code, retryAfterMs = 0 }: Extract<ReflectorEvent, { kind: 'failed' }>,
  uniform: number,
): ReflectorStep => {
  const useless =
    code === 'gone' || code === 'invalid' || (code !== 'unavailable' && state.failures + 1 >= RELIST_AFTER_FAILURES);
  const next: ReflectorState = useless ? { kind: 'listing', failures: state.failures } : state;
  return retry(next, { uniform, retryAfterMs });
};

const retry = (
  state: ReflectorState,
  { uniform, retryAfterMs }: { readonly uniform: number; readonly retryAfterMs: number },
): ReflectorStep => {
  const failures = state.failures + 1;
  return { state: { ...state, failures }, delayMs: Math.max(retryDelay(RETRY, failures, uniform), retryAfterMs) };
};
