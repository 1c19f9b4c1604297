import { isDeepStrictEqual } from 'node:util';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { TagPolicy } from '../../api/tag-choice.js';
import type { RegistryFailure, RegistryTarget } from '../../registry/port.js';
import { resourceUrl } from '../../registry/target.js';
import type { Hold } from './hold.js';
import { newMemory, type ScanMemory } from './looks.js';
import type { Delivery, ScanInterest, ScanOutcome } from './scan.js';
import { leastInterval, type MemberDue, type Rhythm } from './schedule.js';

export type Success = Extract<ScanOutcome, { kind: 'selected' | 'nothing-to-deploy' }>;

/** A bundle on the board. */
export interface Member {
  readonly bundle: ObjectIdentity;
  interest: ScanInterest;
  /** What the schedule makes of `interest.due`. */
  due: MemberDue;
  repository: ScannedRepository;
  policyName: string;
  inbox: Delivery | undefined;
  /** What it was told last, and when; monotonic. */
  told: { readonly outcome: ScanOutcome; readonly at: number } | undefined;
}

/** A scan key and all that is known of it. */
export interface ScannedRepository {
  readonly key: string;
  readonly target: RegistryTarget;
  /** As it is spoken to: Docker Hub has several names. */
  readonly host: string;
  readonly members: Map<string, Member>;
  readonly latest: Map<string, Success>;
  readonly memory: ScanMemory;
  rhythm: Rhythm;
  /** When to look at the schedule next: never later than the next scan is due. Monotonic. */
  lookAt: number;
  /** No scan before this; monotonic. */
  notBefore: number;
  /** undefined: the last scan was not held back. */
  hold: Hold | undefined;
  state: 'idle' | 'waiting' | 'scanning';
  scans: number;
}

/** A repository that was never scanned. @param born - `now` is monotonic, `uniform` in [0, 1) */
export function newRepository(
  key: string,
  target: RegistryTarget,
  born: { readonly now: number; readonly uniform: number },
): ScannedRepository {
  return {
    key,
    target,
    host: resourceUrl(target, '').host,
    members: new Map(),
    latest: new Map(),
    memory: newMemory(),
    rhythm: { bornAt: born.now, lastAt: undefined, uniform: born.uniform },
    lookAt: Number.POSITIVE_INFINITY,
    notBefore: 0,
    hold: undefined,
    state: 'idle',
    scans: 0,
  };
}

/** A bundle's name among the members. */
export function memberName(ref: ObjectRef): string {
  return `${ref.namespace}/${ref.name}`;
}

/** A policy's name: equal for equal policies. */
export function policyName(policy: TagPolicy): string {
  const { tag, versionConstraint, tagPattern, tagOrder } = policy;
  return JSON.stringify([tag, versionConstraint, tagPattern, tagOrder].map((part) => part ?? null));
}

/**
 * Whether a member has wished for the same before, of the same scan. The same point in time again is no new wish; the same interval is
 * one, once the last scan for it has failed.
 */
export function isSameWish({ interest: before, due }: Member, { due: wanted, pollIntervalMs }: ScanInterest): boolean {
  if (before.pollIntervalMs !== pollIntervalMs || !isSameDue(before.due, wanted)) return false;
  return wanted.kind !== 'interval' || due.kind !== 'idle';
}

function isSameDue(a: ScanInterest['due'], b: ScanInterest['due']): boolean {
  return a.kind === b.kind && (a.kind !== 'at' || b.kind !== 'at' || a.time === b.time);
}

/** A bundle that is to hear of a scan. */
interface Listener {
  readonly member: Member;
  readonly outcome: ScanOutcome;
  /** It waited for this scan, and has not asked for another one since. */
  readonly waited: boolean;
}

/**
 * Who hears of a scan. A failure is for those that waited for it; a success is for all whose policy was looked at and to whom it is news.
 * @returns all: whether there was nobody whose policy was not looked at, or to whom a success was no news
 */
export function audienceOf(
  { members }: ScannedRepository,
  scan: {
    readonly outcomes: ReadonlyMap<string, ScanOutcome>;
    readonly waiting: readonly Member[];
    /** Monotonic. */
    readonly now: number;
  },
): { readonly audience: readonly Listener[]; readonly all: boolean } {
  const bundles = new Set(scan.waiting.map(({ bundle }) => bundle.uid));
  const waiting = new Set(scan.waiting);
  const audience: Listener[] = [];
  let all = true;
  for (const member of members.values()) {
    const outcome = scan.outcomes.get(member.policyName);
    if (outcome === undefined) {
      all = false;
      continue;
    }
    if (bundles.has(member.bundle.uid) || (outcome.kind !== 'failed' && isNews(member, outcome, scan.now))) {
      audience.push({ member, outcome, waited: waiting.has(member) });
    } else if (outcome.kind !== 'failed') all = false;
  }
  return { audience, all };
}

/**
 * Whether a success tells something to a bundle that did not wait for it. Not if it goes by its interval, and has heard the same within
 * that: else each scan for one bundle would wake up all others of its repository.
 */
function isNews({ told, due, interest }: Member, outcome: ScanOutcome, now: number): boolean {
  if (told === undefined || due.kind !== 'interval' || interest.due.kind !== 'interval') return true;
  return now - told.at >= leastInterval(due.intervalMs) || !isDeepStrictEqual(newsOf(told.outcome), newsOf(outcome));
}

/** That the registry answered with 304 is for the log. */
const newsOf = (outcome: ScanOutcome): ScanOutcome => {
  if (outcome.kind === 'failed') return outcome;
  const { unchanged: _, ...tags } = outcome.tags;
  return { ...outcome, tags };
};

/** The distinct policies of a repository's members, by name. */
export function policiesOf(members: Iterable<Member>): ReadonlyMap<string, TagPolicy> {
  const policies = new Map<string, TagPolicy>();
  for (const { policyName: name, interest } of members) if (!policies.has(name)) policies.set(name, interest.policy);
  return policies;
}

/** The namespaces of the members: whom a scan is for. */
export function tenantsOf({ members }: ScannedRepository): ReadonlySet<string> {
  const tenants = new Set<string>();
  for (const { bundle } of members.values()) tenants.add(bundle.namespace);
  return tenants;
}

/** What the members ask of the schedule. */
export function* duesOf(repository: ScannedRepository): Iterable<MemberDue> {
  for (const member of repository.members.values()) yield member.due;
}

/** Notes what a scan found for each policy; a failure leaves what was known, and policies nobody has any more are forgotten. */
export function keepLatest({ latest, members }: ScannedRepository, outcomes: ReadonlyMap<string, ScanOutcome>): void {
  const present = policiesOf(members.values());
  for (const name of latest.keys()) if (!present.has(name)) latest.delete(name);
  for (const [name, outcome] of outcomes) if (outcome.kind !== 'failed') latest.set(name, outcome);
}

/** The same failure for each of the members' policies. */
export function failureOfAll(
  { members }: ScannedRepository,
  failure: RegistryFailure,
): ReadonlyMap<string, ScanOutcome> {
  const names = policiesOf(members.values()).keys();
  return new Map([...names].map((name) => [name, { kind: 'failed', failure }]));
}
