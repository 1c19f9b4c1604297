import type { ConnectionRefusal } from './connection-refusals.js';

/** Time for a TLS handshake, from the connection's beginning, milliseconds. */
const HANDSHAKE_MS = 5000;
/** Time for the headers of a request, from their first byte, milliseconds. */
const HEADERS_MS = 5000;
/** Time for a body, from the end of the headers, milliseconds: an apiserver waits for the whole call as long, by our configurations. */
const BODY_MS = 10_000;
/** From then on the rate of a body counts, milliseconds. */
const RATE_AFTER_MS = 2000;
/** The lowest rate, bytes a second, on the average. */
const LOWEST_RATE = 4096;
/** Time for an answer to be taken, milliseconds. */
const ANSWER_MS = 10_000;
/** A connection that has asked before gives way when it has asked nothing for so long, milliseconds: an apiserver may be writing to it. */
const IDLE_MS = 1000;

/** What is known of a connection at one moment; times of a monotonic clock that stands still with the process, milliseconds. */
export interface ConnectionFacts {
  readonly now: number;
  readonly openedAt: number;
  /** When its last request began; or the connection, if there was none. */
  readonly usedAt: number;
  /** Whether a request of it was answered. */
  readonly isProven: boolean;
  /** Whether it has shown the client certificate that is asked for. */
  readonly isTrusted: boolean;
  readonly phase: Phase;
}

/** What a connection is waited for, or what it waits for. */
export type Phase =
  | { readonly kind: 'handshake' }
  | { readonly kind: 'idle' }
  | { readonly kind: 'headers'; readonly since: number }
  /** `waitedMs`: that it was not read, for lack of room. `stalls`: others wait, and it does not send. */
  | {
      readonly kind: 'body';
      readonly since: number;
      readonly waitedMs: number;
      readonly bytes: number;
      readonly stalls: boolean;
    }
  | { readonly kind: 'call' }
  | { readonly kind: 'answer'; readonly since: number };

/** Why a connection is given up now, if it is. */
export const faultOf = ({ now, openedAt, phase }: ConnectionFacts): ConnectionRefusal | undefined => {
  switch (phase.kind) {
    case 'handshake':
      return now - openedAt > HANDSHAKE_MS ? 'slow-handshake' : undefined;
    case 'headers':
      return now - phase.since > HEADERS_MS ? 'slow-headers' : undefined;
    case 'body':
      return isSlow(phase, now) ? 'slow-body' : undefined;
    case 'answer':
      return now - phase.since > ANSWER_MS ? 'slow-answer' : undefined;
    case 'idle':
    case 'call':
      return undefined;
    default:
      return phase satisfies never;
  }
};

const isSlow = ({ since, waitedMs, bytes, stalls }: Extract<Phase, { kind: 'body' }>, now: number): boolean => {
  const ms = now - since - waitedMs;
  return stalls || ms > BODY_MS || (ms > RATE_AFTER_MS && bytes < (LOWEST_RATE * ms) / 1000);
};

/**
 * Which of these connections gives way to a new one: the oldest of those that have never asked anything to its end, for an apiserver
 * asks within milliseconds; or else the one that has been idle for longest. None if all are in use.
 */
export const connectionToClose = <T extends ConnectionFacts>(connections: readonly T[]): T | undefined => {
  const unproven = connections.filter(
    ({ isProven, isTrusted, phase }) => !isProven && !isTrusted && phase.kind !== 'call',
  );
  const idle = connections.filter(
    ({ isProven, isTrusted, phase, usedAt, now }) =>
      (isProven || isTrusted) && phase.kind === 'idle' && now - usedAt > IDLE_MS,
  );
  return (
    first(unproven, ({ openedAt }) => openedAt) ??
    first(idle, ({ isTrusted, usedAt }) => (isTrusted ? Number.MAX_SAFE_INTEGER / 2 : 0) + usedAt)
  );
};

const first = <T>(items: readonly T[], by: (item: T) => number): T | undefined =>
  items.reduce<T | undefined>((least, item) => (least === undefined || by(item) < by(least) ? item : least), undefined);
