import type { NamespacedObject, Stored } from '../api/objects.js';

/** @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
export interface Lease extends NamespacedObject {
  readonly kind?: 'Lease';
  readonly spec?: {
    /** Empty: the Lease was released. */
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** MicroTime, like renewTime; for people only: clocks of different machines are never compared. */
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** A process that wants to lead: the name of the Lease, and an identity that no other process has. */
export interface Candidate {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
}

/** Times are the clock's monotonic milliseconds, taken on this machine only. */
export type ElectionState =
  /** `rival`: the Lease as it was seen last, and since when it has not changed. */
  | { readonly kind: 'following'; readonly rival?: { readonly resourceVersion: string; readonly since: number } }
  /** No other process may take the Lease until well after `until`. */
  | { readonly kind: 'leading'; readonly lease: Stored<Lease>; readonly until: number };

/** The outcome of the last command. */
export type ElectionEvent =
  | { readonly kind: 'found'; readonly lease: Stored<Lease> | undefined }
  /** `sentAt`: when the request was sent, not when it was answered. */
  | { readonly kind: 'written'; readonly lease: Stored<Lease>; readonly sentAt: number }
  /** Somebody else has written, created or deleted it in between. */
  | { readonly kind: 'refused' }
  /** The apiserver did not answer as needed. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'waited' };

export type ElectionCommand =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'look' }
  /** Without a resourceVersion it is to be created. */
  | { readonly kind: 'write'; readonly lease: Lease | Stored<Lease> };

interface ElectionStep {
  readonly state: ElectionState;
  readonly command: ElectionCommand;
}

/** The times and the random number that a step is given. */
export interface Moment {
  readonly monotonic: number;
  /** Wall clock, for what people read. */
  readonly now: number;
  /** Random, in [0, 1). */
  readonly uniform: number;
}

/**
 * Times of an election. client-go's defaults, except that followers look each second, so that a released Lease is taken within about a
 * second, and at the moment that a Lease expires.
 *
 * After a kill, followers have seen the last renewal at most {@link RETRY_MS} (and a fifth) late, and take the Lease 15 s after that.
 * A leader that can't renew stops 5 s before anybody else may begin.
 */
const LEASE_DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RENEW_MS = 2_000;
const RETRY_MS = 1_000;

export const firstStep: ElectionStep = { state: { kind: 'following' }, command: { kind: 'look' } };

/**
 * The transition of a candidate. Pure; never throws.
 *
 * Guarantees: the state is `leading` only after a write that carried the resourceVersion of what was read before, and until
 * {@link RENEW_DEADLINE_MS} after the last such write was sent. Another process's Lease is taken only when it was released, or was not
 * seen to change for its own leaseDurationSeconds.
 */
export const stepElection = (
  state: ElectionState,
  event: ElectionEvent,
  { candidate, moment }: { readonly candidate: Candidate; readonly moment: Moment },
): ElectionStep => {
  const expired = state.kind === 'leading' && moment.monotonic >= state.until;
  const standing: ElectionState = expired ? { kind: 'following' } : state;
  switch (event.kind) {
    case 'written':
      return written(event, moment);
    case 'found':
      return found(standing, event.lease, { candidate, moment });
    case 'refused':
      return { state: standing, command: standing.kind === 'leading' ? { kind: 'look' } : pause(moment) };
    case 'failed':
      return { state: standing, command: pause(moment, standing.kind === 'leading' ? standing.until : undefined) };
    case 'waited':
      return standing.kind === 'following'
        ? { state: standing, command: { kind: 'look' } }
        : { state: standing, command: { kind: 'write', lease: renewed(standing.lease, moment) } };
    default:
      return event satisfies never;
  }
};

const written = ({ lease, sentAt }: Extract<ElectionEvent, { kind: 'written' }>, moment: Moment): ElectionStep => {
  const until = sentAt + RENEW_DEADLINE_MS;
  return moment.monotonic >= until
    ? { state: { kind: 'following' }, command: { kind: 'look' } }
    : { state: { kind: 'leading', lease, until }, command: { kind: 'wait', ms: RENEW_MS } };
};

const found = (
  state: ElectionState,
  lease: Stored<Lease> | undefined,
  { candidate, moment }: { readonly candidate: Candidate; readonly moment: Moment },
): ElectionStep => {
  const holder = lease?.spec?.holderIdentity ?? '';
  const write: ElectionCommand = { kind: 'write', lease: taken(lease, candidate, moment) };
  if (holder === '' || holder === candidate.identity) return { state, command: write };
  const { resourceVersion = '' } = lease?.metadata ?? {};
  const known = state.kind === 'following' ? state.rival : undefined;
  const rival = known?.resourceVersion === resourceVersion ? known : { resourceVersion, since: moment.monotonic };
  const free = rival.since + 1_000 * (lease?.spec?.leaseDurationSeconds ?? LEASE_DURATION_MS / 1_000);
  if (moment.monotonic >= free) return { state: { kind: 'following', rival }, command: write };
  return { state: { kind: 'following', rival }, command: pause(moment, free) };
};

/** About a second, and not beyond `end`. */
const pause = ({ monotonic, uniform }: Moment, end = Number.POSITIVE_INFINITY): ElectionCommand => ({
  kind: 'wait',
  ms: Math.max(0, Math.min(RETRY_MS * (1 + uniform / 5), end - monotonic)),
});

const taken = (lease: Stored<Lease> | undefined, { namespace, name, identity }: Candidate, { now }: Moment): Lease => {
  const { spec, metadata } = lease ?? {};
  const time = microTime(now);
  const again = spec?.holderIdentity === identity;
  return {
    metadata: { labels: { 'app.kubernetes.io/part-of': 'werfbundle' }, ...metadata, namespace, name },
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_DURATION_MS / 1_000,
      acquireTime: again ? (spec.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: (spec?.leaseTransitions ?? 0) + (again || lease === undefined ? 0 : 1),
    },
  };
};

const renewed = (lease: Stored<Lease>, { now }: Moment): Stored<Lease> => ({
  ...lease,
  spec: { ...lease.spec, renewTime: microTime(now) },
});

/** The Lease as its holder releases it: another process may take it at once. One second is the least that the apiserver accepts. */
export const released = (lease: Stored<Lease>, now: number): Stored<Lease> => ({
  ...lease,
  spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) },
});

const microTime = (now: number): string => new Date(now).toISOString().replace('Z', '000Z');
