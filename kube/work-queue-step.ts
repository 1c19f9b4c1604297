import { retryDelay } from './retry-delay.js';

/** What a run asks for: to be run when something changes, after a time (milliseconds), or again after a growing delay. */
export type Next =
  | { readonly kind: 'await-change' }
  | { readonly kind: 'after'; readonly ms: number }
  | { readonly kind: 'backoff' }
  /** As backoff, but longer, and whatever changes meanwhile: the key has cost more than it may, or wakes itself by what it does. */
  | { readonly kind: 'hold' };

/** One key of the queue. Times are the clock's monotonic milliseconds. */
export interface KeyState {
  /** `running-again`: it was added during its run, and runs once more after it. */
  readonly phase: 'idle' | 'queued' | 'running' | 'running-again';
  /** When callers asked for a run; kept until then, even if the key runs before. */
  readonly askedAt?: number | undefined;
  /** When the last run asked to be run again; each run replaces it. */
  readonly resultAt?: number | undefined;
  /** Until when it does not run, whatever is asked; `resultAt` is then the same. */
  readonly heldUntil?: number | undefined;
  /** Backoffs in a row. */
  readonly failures: number;
}

export type KeyEvent =
  | { readonly kind: 'add' }
  | { readonly kind: 'add-after'; readonly at: number }
  /** The time in the heap has come. */
  | { readonly kind: 'due'; readonly now: number }
  | { readonly kind: 'forget' }
  /** A worker took it. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'done'; readonly next: Next; readonly now: number; readonly uniform: number };

/** Short after a conflict, long for a lasting fault. */
const BACKOFF = { firstMs: 5, capMs: 60_000 };
const HOLD = { firstMs: 1_000, capMs: 60_000 };

export const idle: KeyState = { phase: 'idle', failures: 0 };

/** When the key has to be woken; `undefined`: never. */
export const dueAt = ({ askedAt, resultAt, heldUntil }: KeyState): number | undefined =>
  heldUntil !== undefined
    ? heldUntil
    : askedAt === undefined
      ? resultAt
      : resultAt === undefined
        ? askedAt
        : Math.min(askedAt, resultAt);

/** Whether the key is in its initial state, so that it need not be kept. */
export const isForgettable = (key: KeyState): boolean => key.phase === 'idle' && dueAt(key) === undefined;

/**
 * The transition of one key. Pure; never throws. The caller appends a key to the line when it becomes `queued`.
 *
 * Guarantees: a key that is added runs at least once after that; it never runs twice at once; a later request never delays an
 * earlier one.
 */
export const stepKey = (key: KeyState, event: KeyEvent): KeyState => {
  switch (event.kind) {
    case 'add':
      return { ...key, phase: key.heldUntil === undefined ? added(key.phase) : key.phase };
    case 'add-after':
      return { ...key, askedAt: Math.min(key.askedAt ?? event.at, event.at) };
    case 'due':
      return { ...key, phase: added(key.phase), askedAt: later(key.askedAt, event.now), ...NOTHING_DUE };
    case 'forget':
      return { phase: key.phase === 'running-again' ? 'running' : key.phase, failures: 0 };
    case 'taken':
      return { ...key, phase: 'running', ...NOTHING_DUE };
    case 'done':
      return done(key, event);
    default:
      return event satisfies never;
  }
};

const NOTHING_DUE = { resultAt: undefined, heldUntil: undefined };

const added = (phase: KeyState['phase']): KeyState['phase'] => {
  if (phase === 'idle') return 'queued';
  return phase === 'running' ? 'running-again' : phase;
};

const later = (at: number | undefined, now: number): number | undefined =>
  at !== undefined && at > now ? at : undefined;

const done = (key: KeyState, { next, now, uniform }: Extract<KeyEvent, { kind: 'done' }>): KeyState => {
  if (next.kind === 'hold') return held(key, { now, uniform });
  const phase = key.phase === 'running-again' ? 'queued' : 'idle';
  const failures = next.kind === 'backoff' ? key.failures + 1 : 0;
  const delay =
    next.kind === 'backoff' ? retryDelay(BACKOFF, failures, uniform) : next.kind === 'after' ? next.ms : undefined;
  return { ...key, phase, failures, resultAt: delay === undefined ? undefined : now + Math.max(0, delay) };
};

const held = (key: KeyState, { now, uniform }: { readonly now: number; readonly uniform: number }): KeyState => {
  const failures = key.failures + 1;
  const until = now + retryDelay(HOLD, failures, uniform);
  return { ...key, phase: 'idle', failures, resultAt: until, heldUntil: until };
};
