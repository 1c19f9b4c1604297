import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import { repositoryName } from '../../api/repository-name.js';
import { DueHeap } from '../../process/due-heap.js';
import { tracedLog } from '../../process/tracer.js';
import type { HeldBack, RegistryFailure, RegistryTarget } from '../../registry/port.js';
import { resourceUrl, targetKey } from '../../registry/target.js';
import { Alarm } from './alarm.js';
import { newMemory, type ScanMemory } from './registry-reader.js';
import {
  isForgettable,
  lookAtOf,
  newPush,
  newRepositoryState,
  type RepositoryEffect,
  type RepositoryEvent,
  type RepositoryState,
} from './repository.js';
import { RepositoryNames } from './repository-names.js';
import { stepRepository } from './repository-step.js';
import type { Delivery, PushedRepository, ScanInterest, ScanSuccess, Scans, ScansDeps, TracedScan } from './scan.js';
import { runScan, scanFields } from './scan-run.js';
import { DEFAULT_SCAN_CONCURRENCY, ScanSlots, type Slot } from './scan-slots.js';
import { ScanTraces } from './scan-traces.js';
import { type Subscriber, subscriberName, subscriptionOf, tenantsOf } from './subscriber.js';

/** The schedule is looked at at least this often: a timer of Node holds 24 days at most. */
const SLEEP_MAX_MS = 60 * 60 * 1000;
/** So many repositories that were forgotten lately are remembered, by a number each. */
const MOST_LEFT = 10_000;
/** Handed to the bundles that waited when a scan ended with a fault that is logged. */
const FAULT: RegistryFailure = {
  kind: 'failed',
  code: 'protocol',
  message: 'a fault of the controller; its log has it',
};

/** A scan key and all that is known of it. Only `stepRepository` decides what happens to it. */
interface Repository {
  readonly key: string;
  readonly target: RegistryTarget;
  /** The host that is really asked: Docker Hub has several names. */
  readonly host: string;
  readonly subscribers: Map<string, Subscriber>;
  readonly memory: ScanMemory;
  state: RepositoryState;
}

type Scanning = Extract<RepositoryState['phase'], { kind: 'scanning' }>;

/** The scans, and what drives them. */
interface RunningScans extends Scans {
  start(signal: AbortSignal): Promise<void>;
  /** Has a repository scanned at once, for all its bundles. @returns whether there is one that bundles subscribe to */
  pushed(repository: PushedRepository): boolean;
}

/**
 * The scans of all repositories; see {@link Scans}. `start` runs them until its signal is aborted and resolves when the last one
 * has ended. Scans are not started before; bundles may subscribe at any time.
 */
export const createScans = (deps: ScansDeps): RunningScans => new RepositoryScans(deps);

/** Owns the timer, the slots, the scans under way, and the indexes by name and by time. It decides nothing. */
class RepositoryScans implements RunningScans {
  readonly #deps: ScansDeps;
  readonly #alarm: Alarm;
  readonly #traces: ScanTraces;
  readonly #repositories = new Map<string, Repository>();
  /** Before when no scan for a push may begin, by the keys of those that are forgotten: they may come again at once. */
  readonly #left = new LRUCache<string, number>({ max: MOST_LEFT });
  /** They may be several of one name, each with a credential of its own. */
  readonly #names = new RepositoryNames<Repository>();
  /** The repository that a bundle is subscribed to, by the bundle's name. */
  readonly #subscribed = new Map<string, Repository>();
  /** By when they are looked at next. */
  readonly #schedule = new DueHeap<Repository>();
  readonly #slots: ScanSlots<Repository>;
  readonly #running = new Set<Promise<void>>();
  #sequence = 0;

  constructor(deps: ScansDeps) {
    this.#deps = deps;
    this.#alarm = new Alarm(deps.clock);
    this.#traces = new ScanTraces(deps.tracer);
    this.#slots = new ScanSlots(deps.concurrency ?? DEFAULT_SCAN_CONCURRENCY);
  }

  subscribe(interest: ScanInterest): void {
    const { clock, timeScale } = this.#deps;
    const key = targetKey(interest.target);
    if (this.#repositoryOf(interest.bundle)?.key !== key) this.unsubscribe(interest.bundle);
    const repository = this.#repositories.get(key) ?? this.#open(key, interest.target);
    this.#subscribed.set(subscriberName(interest.bundle), repository);
    const subscription = subscriptionOf(interest, timeScale);
    this.#apply(repository, { kind: 'subscribed', subscription, now: clock.monotonic(), wallNow: clock.now() });
  }

  unsubscribe(ref: ObjectRef): void {
    const name = subscriberName(ref);
    const repository = this.#subscribed.get(name);
    if (repository === undefined) return;
    this.#subscribed.delete(name);
    repository.subscribers.delete(name);
    this.#dropIfForgettable(repository);
  }

  pending(bundle: ObjectIdentity): Delivery | undefined {
    return this.#subscriber(bundle)?.pending;
  }

  latest(bundle: ObjectIdentity): ScanSuccess | undefined {
    const policyName = this.#subscriber(bundle)?.subscription.policyName;
    return policyName === undefined ? undefined : this.#repositoryOf(bundle)?.state.latest.get(policyName);
  }

  held(bundle: ObjectIdentity): HeldBack['why'] | undefined {
    const hold = this.#subscriber(bundle) && this.#repositoryOf(bundle)?.state.hold;
    return hold?.lasting ? hold.why : undefined;
  }

  acknowledge(bundle: ObjectIdentity, sequence: number): void {
    const repository = this.#repositoryOf(bundle);
    if (repository !== undefined) this.#apply(repository, { kind: 'acknowledged', bundle, sequence });
  }

  pushed(pushed: PushedRepository): boolean {
    const meant = this.#names.meant(pushed);
    for (const repository of meant) this.#apply(repository, { kind: 'pushed', trace: pushed.trace });
    return meant.length > 0;
  }

  traced(sequence: number): TracedScan | undefined {
    return this.#traces.of(sequence);
  }

  async start(signal: AbortSignal): Promise<void> {
    // Each scan under way listens to it: Node takes more than ten for a leak.
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      this.#lookAtDue();
      this.#fillSlots(signal);
      await this.#alarm.sleep(this.#schedule.nextAt, SLEEP_MAX_MS, signal);
    }
    for (const repository of this.#slots.clear()) this.#apply(repository, { kind: 'slot-withdrawn' });
    await Promise.all(this.#running);
  }

  #repositoryOf(ref: ObjectRef): Repository | undefined {
    return this.#subscribed.get(subscriberName(ref));
  }

  /** A bundle as a subscriber; undefined for a later bundle of the same name. */
  #subscriber(bundle: ObjectIdentity): Subscriber | undefined {
    const subscriber = this.#repositoryOf(bundle)?.subscribers.get(subscriberName(bundle));
    return subscriber?.subscription.bundle.uid === bundle.uid ? subscriber : undefined;
  }

  #open(key: string, target: RegistryTarget): Repository {
    const { clock, random, lastPush } = this.#deps;
    const name = repositoryName(target);
    const born = newRepositoryState({ now: clock.monotonic(), uniform: random.uniform() });
    const notPushedBefore = this.#left.get(key) ?? born.notPushedBefore;
    const push = lastPush?.(name);
    const state = { ...born, notPushedBefore, ...(push !== undefined && { pushed: newPush(push.trace) }) };
    const host = resourceUrl(target, '').host;
    const repository = { key, target, host, subscribers: new Map(), memory: newMemory(), state };
    this.#repositories.set(key, repository);
    this.#names.add(name, repository);
    return repository;
  }

  /** Forgets a repository without subscribers, unless another one has its key by now, since this one had to wait for a slot. */
  #dropIfForgettable(repository: Repository): void {
    if (!isForgettable(repository.state, repository.subscribers)) return;
    this.#names.delete(repositoryName(repository.target), repository);
    this.#schedule.set(repository, undefined);
    this.#left.set(repository.key, repository.state.notPushedBefore);
    if (this.#repositories.get(repository.key) === repository) this.#repositories.delete(repository.key);
  }

  #apply(repository: Repository, event: RepositoryEvent): void {
    const before = lookAtOf(repository.state);
    const { state, changed, effects } = stepRepository(repository.state, repository.subscribers, event);
    repository.state = state;
    for (const [name, subscriber] of changed) repository.subscribers.set(name, subscriber);
    this.#dropIfForgettable(repository);
    const after = lookAtOf(state);
    if (after !== before) {
      this.#schedule.set(repository, after);
      if (after !== undefined) this.#alarm.wake(after);
    }
    for (const effect of effects) this.#carryOut(repository, effect);
  }

  #carryOut(repository: Repository, effect: RepositoryEffect): void {
    const { onDelivery, onHold } = this.#deps;
    switch (effect.kind) {
      case 'wait-for-slot':
        this.#slots.wait(repository, { host: repository.host, tenants: tenantsOf(repository.subscribers) });
        break;
      case 'report-held-back':
        this.#reportHeldBack(repository, effect.held);
        break;
      case 'notify':
        for (const bundle of effect.bundles) onDelivery(bundle);
        break;
      case 'notify-of-hold':
        for (const bundle of effect.bundles) onHold?.(bundle);
        break;
      default:
        effect satisfies never;
    }
  }

  #reportHeldBack({ target, subscribers }: Repository, { why, forMs }: HeldBack): void {
    const fields = scanFields({ target, subscribers, waiting: new Map() });
    this.#deps.log.debug('poll of a registry is held back', { ...fields, why, forMs });
    this.#deps.onScan?.('held-back', 0);
  }

  #lookAtDue(): void {
    const { clock, registry, random } = this.#deps;
    const now = clock.monotonic();
    for (let next = this.#schedule.takeDue(now); next !== undefined; next = this.#schedule.takeDue(now)) {
      const held = registry.holdOf(next.target);
      this.#apply(next, { kind: 'look', held, now, uniform: random.uniform() });
    }
  }

  #fillSlots(signal: AbortSignal): void {
    for (let next = this.#slots.take(); next !== undefined; next = this.#slots.take()) {
      const running = this.#runIn(next, signal).finally(() => {
        this.#running.delete(running);
      });
      this.#running.add(running);
    }
  }

  async #runIn(slot: Slot<Repository>, signal: AbortSignal): Promise<void> {
    const repository = slot.item;
    try {
      this.#apply(repository, { kind: 'slot-given', now: this.#deps.clock.monotonic() });
      const { phase } = repository.state;
      if (phase.kind === 'scanning') await this.#scan(repository, phase, signal);
    } finally {
      this.#slots.release(slot);
      this.#fillSlots(signal);
    }
  }

  /** Rejects for bugs only. */
  async #scan(repository: Repository, { waiting, pushed }: Scanning, signal: AbortSignal): Promise<void> {
    const { clock, log, onScan, random } = this.#deps;
    const span = this.#traces.begin(repository.target, pushed?.trace);
    const deps = { ...this.#deps, log: tracedLog(log, span.context) };
    try {
      const run = await runScan(deps, { ...repository, waiting, number: repository.state.scans }, signal);
      const sequence = this.#nextSequence();
      this.#traces.ended(span, { sequence, at: clock.now(), result: run.result, wasPushed: pushed !== undefined });
      this.#apply(repository, { kind: 'scanned', run, sequence, now: clock.monotonic(), uniform: random.uniform() });
      if (run.held === undefined) onScan?.(run.result, clock.monotonic() - run.begunAt);
    } catch (error) {
      this.#apply(repository, this.#faultOf(error, signal));
    }
  }

  /** The event for a scan that has ended with an error: it was aborted, or this process has a bug. */
  #faultOf(error: unknown, { aborted }: AbortSignal): RepositoryEvent {
    const { clock, log } = this.#deps;
    const now = clock.monotonic();
    if (aborted) return { kind: 'stopped', now };
    log.error('scan of a repository ended with a fault of the controller', { error });
    return { kind: 'broken', failure: FAULT, startedAt: clock.now(), sequence: this.#nextSequence(), now };
  }

  #nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}
