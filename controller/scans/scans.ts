import { setMaxListeners } from 'node:events';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';
import { targetKey } from '../../registry/target.js';
import { Alarm } from './alarm.js';
import { DueHeap } from './due-heap.js';
import { heldOn, isNewHold } from './hold.js';
import {
  audienceOf,
  duesOf,
  failureOfAll,
  isSameWish,
  keepLatest,
  type Member,
  memberName,
  newRepository,
  policyName,
  type ScannedRepository,
  type Success,
  tenantsOf,
} from './members.js';
import type { Delivery, ScanInterest, ScanOutcome, Scans, ScansOptions } from './scan.js';
import { scanFields } from './scan-log.js';
import { runScan } from './scan-run.js';
import { DEFAULT_SCAN_CONCURRENCY, ScanSlots, type Slot } from './scan-slots.js';
import { afterHold, type MemberDue, MIN_GAP_MS, nextDueAt } from './schedule.js';
import { isOverdue, overdueMembers, restore, type Waiting, waitingFor } from './waiting.js';

/** The board looks at its schedule at least this often: a timer of Node holds 24 days at most. */
const SLEEP_MAX_MS = 60 * 60 * 1000;
/** Handed to the bundles that waited when a scan ended with a fault that is logged. */
const FAULT: RegistryFailure = {
  kind: 'failed',
  code: 'protocol',
  message: 'a fault of the controller; its log has it',
};

/**
 * The scans of all repositories; see {@link Scans}. `start` runs them until its signal is aborted and resolves when the last one
 * has ended. Scans are not started before; wishes are taken at any time.
 */
export function createScans(options: ScansOptions): Scans & { start(signal: AbortSignal): Promise<void> } {
  return new ScanBoard(options);
}

class ScanBoard implements Scans {
  readonly #options: ScansOptions;
  readonly #alarm: Alarm;
  readonly #members = new Map<string, Member>();
  readonly #repositories = new Map<string, ScannedRepository>();
  readonly #schedule = new DueHeap<ScannedRepository>();
  readonly #slots: ScanSlots<ScannedRepository>;
  readonly #running = new Set<Promise<void>>();
  #sequence = 0;

  constructor(options: ScansOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#slots = new ScanSlots(options.concurrency ?? DEFAULT_SCAN_CONCURRENCY);
  }

  want(interest: ScanInterest): void {
    const { bundle } = interest;
    const [name, key, policy] = [memberName(bundle), targetKey(interest.target), policyName(interest.policy)];
    const before = this.#member(bundle);
    const sameScan = before?.repository.key === key && before.policyName === policy;
    if (sameScan && isSameWish(before, interest)) return;
    const there = this.#members.get(name);
    if (there !== undefined && there.repository.key !== key) this.#leave(name, there);
    const repository = this.#repositories.get(key) ?? this.#open(key, interest);
    const member: Member = {
      bundle,
      // What is the same for all of a repository is not kept once for each.
      interest: { ...interest, target: repository.target },
      due: this.#dueOf(interest),
      repository,
      policyName: policy,
      inbox: sameScan ? before.inbox : undefined,
      told: sameScan ? before.told : undefined,
    };
    this.#members.set(name, member);
    repository.members.set(name, member);
    this.#lookSooner(repository, this.#dueAt(repository, member.due));
    // Those that were there have heard of it.
    if (before?.repository !== repository && repository.hold?.lasting && isOverdue(member.due, this.#now()))
      this.#options.onHold?.(bundle);
  }

  held(bundle: ObjectIdentity): HeldBack['why'] | undefined {
    const hold = this.#member(bundle)?.repository.hold;
    return hold?.lasting ? hold.why : undefined;
  }

  forget(ref: ObjectRef): void {
    const name = memberName(ref);
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#members.delete(name);
    this.#leave(name, member);
  }

  inbox(bundle: ObjectIdentity): Delivery | undefined {
    return this.#member(bundle)?.inbox;
  }

  latest(bundle: ObjectIdentity): Success | undefined {
    const member = this.#member(bundle);
    return member?.repository.latest.get(member.policyName);
  }

  acknowledge(bundle: ObjectIdentity, sequence: number): void {
    const member = this.#member(bundle);
    if (member?.inbox?.sequence === sequence) member.inbox = undefined;
  }

  async start(signal: AbortSignal): Promise<void> {
    // Each scan under way listens to it: Node takes more than ten for a leak.
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      this.#queueDue();
      this.#fillSlots(signal);
      await this.#alarm.sleep(this.#schedule.nextAt, SLEEP_MAX_MS, signal);
    }
    for (const repository of this.#slots.clear()) this.#reschedule(repository);
    await Promise.all(this.#running);
  }

  /** Nothing that a bundle was told is for another one that has got its name since. */
  #member(bundle: ObjectIdentity): Member | undefined {
    const member = this.#members.get(memberName(bundle));
    return member?.bundle.uid === bundle.uid ? member : undefined;
  }

  #open(key: string, { target }: ScanInterest): ScannedRepository {
    const repository = newRepository(key, target, { now: this.#now(), uniform: this.#options.random.uniform() });
    this.#repositories.set(key, repository);
    return repository;
  }

  #leave(name: string, { repository }: Member): void {
    repository.members.delete(name);
    this.#dropIfEmpty(repository);
  }

  /** One that is being scanned stays until that has ended: no second scan may begin beside it. Another one may have its key by then. */
  #dropIfEmpty(repository: ScannedRepository): void {
    const { key, members, state } = repository;
    if (members.size > 0 || state === 'scanning') return;
    if (this.#repositories.get(key) === repository) this.#repositories.delete(key);
  }

  #dueOf({ due, pollIntervalMs }: ScanInterest): MemberDue {
    switch (due.kind) {
      case 'at':
        return { kind: 'at', at: this.#now() + Math.max(0, due.time - this.#options.clock.now()) };
      case 'interval':
        return { kind: 'interval', intervalMs: pollIntervalMs / this.#options.timeScale };
      case 'never':
        return { kind: 'idle' };
    }
  }

  #dueAt(repository: ScannedRepository, due: MemberDue): number {
    return Math.max(nextDueAt(repository.rhythm, [due]), repository.notBefore);
  }

  /** A wish can only make a repository's look sooner here; a later one is found out when the look comes. */
  #lookSooner(repository: ScannedRepository, at: number): void {
    if (at >= repository.lookAt || repository.state !== 'idle') return;
    repository.lookAt = at;
    this.#schedule.push(at, repository);
    this.#alarm.wake(at);
  }

  #reschedule(repository: ScannedRepository): void {
    repository.state = 'idle';
    repository.lookAt = Number.POSITIVE_INFINITY;
    this.#dropIfEmpty(repository);
    this.#lookSooner(repository, Math.max(nextDueAt(repository.rhythm, duesOf(repository)), repository.notBefore));
  }

  #queueDue(): void {
    const now = this.#now();
    while (this.#schedule.nextAt <= now) {
      const entry = this.#schedule.pop();
      if (entry === undefined) return;
      const repository = entry.item;
      // Another entry has replaced this one.
      if (entry.at !== repository.lookAt || repository.state !== 'idle') continue;
      this.#reschedule(repository);
      if (repository.lookAt > now) continue;
      const hold = this.#options.registry.holdOf(repository.target);
      if (hold !== undefined) {
        this.#putOff(repository, hold);
        this.#reschedule(repository);
        continue;
      }
      repository.state = 'waiting';
      this.#slots.wait(repository, { host: repository.host, tenants: tenantsOf(repository) });
    }
  }

  /** Those that wait go on waiting: what is held back is no failure. */
  #putOff(repository: ScannedRepository, held: HeldBack): void {
    const { random, log, onScan, onHold } = this.#options;
    const now = this.#now();
    const before = repository.hold;
    repository.hold = heldOn(before, held, now);
    const { times } = repository.hold;
    repository.notBefore = afterHold(now, held.forMs, { times, uniform: random.uniform() });
    log.debug('poll of a registry is held back', { ...scanFields(repository, []), why: held.why, forMs: held.forMs });
    onScan?.('held-back', 0);
    if (isNewHold(before, repository.hold)) for (const { bundle } of overdueMembers(repository, now)) onHold?.(bundle);
  }

  #fillSlots(signal: AbortSignal): void {
    for (let next = this.#slots.take(); next !== undefined; next = this.#slots.take()) {
      const running = this.#scan(next, signal).finally(() => {
        this.#running.delete(running);
      });
      this.#running.add(running);
    }
  }

  /** Never rejects. */
  async #scan(slot: Slot<ScannedRepository>, signal: AbortSignal): Promise<void> {
    const repository = slot.item;
    const { clock, log } = this.#options;
    const waiting = waitingFor(repository, this.#now());
    repository.state = 'scanning';
    try {
      if (waiting.size > 0) await this.#scanFor(repository, waiting, signal);
    } catch (error) {
      if (signal.aborted) restore(waiting);
      else {
        log.error('scan of a repository ended with a fault of the controller', { error });
        const outcomes = failureOfAll(repository, FAULT);
        this.#deliver(repository, { outcomes, waiting: [...waiting.keys()], startedAt: clock.now() });
      }
    } finally {
      repository.notBefore = Math.max(repository.notBefore, clock.monotonic() + MIN_GAP_MS);
      this.#slots.release(slot);
      this.#reschedule(repository);
      this.#fillSlots(signal);
    }
  }

  async #scanFor(repository: ScannedRepository, dues: Waiting, signal: AbortSignal): Promise<void> {
    const { clock, random, onScan } = this.#options;
    const waiting = [...dues.keys()];
    const regular = waiting.some(({ due }) => due.kind === 'interval');
    for (const member of waiting) member.due = { kind: 'idle' };
    repository.scans += 1;
    const run = await runScan(this.#options, repository, { waiting, signal });
    const { outcomes, held, result, startedAt, begunAt } = run;
    keepLatest(repository, outcomes);
    if (held === undefined) repository.hold = undefined;
    const all = this.#deliver(repository, { outcomes, waiting, startedAt });
    const served = held === undefined && (regular || (all && result === 'success'));
    const lastAt = served ? begunAt : repository.rhythm.lastAt;
    repository.rhythm = { ...repository.rhythm, lastAt, uniform: random.uniform() };
    const left = waiting.filter(({ policyName: name }) => !outcomes.has(name));
    if (held === undefined) {
      // Theirs is the next scan, and it comes at once.
      restore(new Map(left.map((member) => [member, { kind: 'at', at: begunAt }])));
      return onScan?.(result, clock.monotonic() - begunAt);
    }
    restore(dues, left);
    this.#putOff(repository, held);
  }

  /** @returns whether all whose policy was looked at were told */
  #deliver(
    repository: ScannedRepository,
    scan: {
      readonly outcomes: ReadonlyMap<string, ScanOutcome>;
      readonly waiting: readonly Member[];
      readonly startedAt: number;
    },
  ): boolean {
    const { startedAt } = scan;
    const now = this.#now();
    this.#sequence += 1;
    const { audience, all } = audienceOf(repository, { ...scan, now });
    for (const { member, outcome, waited } of audience) {
      member.inbox = { sequence: this.#sequence, startedAt, outcome };
      member.told = { outcome, at: now };
      // Whoever is served goes on by its interval, unless it wants something else; after a failure it says when.
      if (outcome.kind !== 'failed' && waited) {
        member.due = this.#dueOf({ ...member.interest, due: { kind: 'interval' } });
      }
      this.#options.onDelivery(member.bundle);
    }
    return all;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
