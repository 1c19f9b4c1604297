import { setMaxListeners } from 'node:events';
import type { Stored } from '../api/objects.js';
import { Deadline } from '../process/deadline.js';
import type { Clock, Log, Random } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import { type KubeClient, KubeError, type KubeErrorCode } from './client.js';
import {
  type Candidate,
  type ElectionCommand,
  type ElectionEvent,
  type ElectionState,
  firstStep,
  type Lease,
  released,
  stepElection,
} from './election-step.js';
import { LEASES } from './resources.js';

/** The time in which this process leads. */
export interface LeaderTerm {
  /** Aborted when the term is to end in good order: nothing new is to be begun. */
  readonly ending: AbortSignal;
  /** Aborted when it is over: another process may lead soon, nothing may be written any more. */
  readonly over: AbortSignal;
  /**
   * Whether this process leads still, by its own clock: asked before each write. A process that was frozen learns here that its time
   * has passed, before any timer tells it; {@link LeaderTerm.over} is aborted then.
   */
  holds(): boolean;
}

export interface ElectionDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly candidate: Candidate;
  /** Called when this process begins to lead; the next term begins only after it has resolved. A rejection ends the election. */
  readonly lead: (term: LeaderTerm) => Promise<void>;
  /**
   * Called when the work of a term goes on for {@link STUCK_MS} after it was over. No other term can begin before that work ends, so the
   * process has to exit, or it would stand by for ever.
   */
  readonly onStuck: (error: Error) => void;
  /** For the metric `leader`. */
  readonly onChange?: (leads: boolean) => void;
}

/** Longest wait for an answer about the Lease: an apiserver that is alive is faster. */
const CALL_MS = 5_000;
/** Time to release the Lease at the end: long enough for one answer, well within the grace period of whoever sent the signal. */
const RELEASE_MS = 2_000;
/** How long work may go on after its term: it listens to the term's signals, and normally ends within moments. */
const STUCK_MS = 10_000;
const LOST = 'this process does not lead any more';
/** Answers that say that the Lease is not what it was when it was read. */
const RACES: ReadonlySet<KubeErrorCode> = new Set(['conflict', 'already-exists', 'not-found']);

/**
 * Stands for election until `signal` is aborted: leads whenever it holds the Lease, one term after the other. At the end the term
 * is asked to end, is aborted when its time has passed, and the Lease is released, so that another process leads within about a second.
 * @throws what `lead` throws; never for what the apiserver does
 */
export const standForElection = (deps: ElectionDeps, signal: AbortSignal): Promise<void> =>
  new Election(deps).run(signal);

class Election {
  readonly #deps: ElectionDeps;
  #state: ElectionState = firstStep.state;
  #term: { readonly ending: AbortController; readonly over: AbortController; readonly work: Promise<void> } | undefined;
  #troubled = false;

  constructor(deps: ElectionDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, candidate } = this.#deps;
    let command: ElectionCommand = firstStep.command;
    // A term that failed ends the election.
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, failed.signal]);
    while (!ended.aborted) {
      const event = await this.#carryOut(command, ended);
      if (ended.aborted) break;
      const moment = { monotonic: clock.monotonic(), now: clock.now(), uniform: random.uniform() };
      const step = stepElection(this.#state, event, { candidate, moment });
      this.#state = step.state;
      command = step.command;
      if (this.#term !== undefined && !this.#leads()) await this.#lose();
      if (this.#term === undefined && this.#leads()) this.#begin(failed);
    }
    await this.#resign();
  }

  /** Whether this process leads, by its own clock. A term that was once found to be over stays over. */
  #leads(): boolean {
    if (this.#term?.over.signal.aborted === true) return false;
    return this.#state.kind === 'leading' && this.#deps.clock.monotonic() < this.#state.until;
  }

  async #carryOut(command: ElectionCommand, signal: AbortSignal): Promise<ElectionEvent> {
    const { client, clock, candidate } = this.#deps;
    if (command.kind === 'wait') {
      await pause(clock, command.ms, signal);
      return { kind: 'waited' };
    }
    const sentAt = clock.monotonic();
    try {
      const event = await new Deadline(clock, this.#patience(), { signal }).run(
        async (limit): Promise<ElectionEvent> => {
          if (command.kind === 'look') return { kind: 'found', lease: await client.get(LEASES, candidate, limit) };
          return { kind: 'written', lease: await this.#write(command.lease, limit), sentAt };
        },
      );
      this.#trouble(undefined);
      return event;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (RACES.has(error.code)) return { kind: 'refused' };
      if (!signal.aborted) this.#trouble(error);
      return { kind: 'failed' };
    }
  }

  #write(lease: Lease | Stored<Lease>, signal: AbortSignal): Promise<Stored<Lease>> {
    const { client } = this.#deps;
    return isStored(lease) ? client.replace(LEASES, lease, signal) : client.create(LEASES, lease, signal);
  }

  /** Time limit for a call, milliseconds: a leader has to learn before its deadline that it can't renew. */
  #patience(): number {
    const left = this.#state.kind === 'leading' ? this.#state.until - this.#deps.clock.monotonic() : CALL_MS;
    return Math.max(0, Math.min(CALL_MS, left));
  }

  #begin(failed: AbortController): void {
    const { lead, log, candidate, onChange } = this.#deps;
    const [ending, over] = [new AbortController(), new AbortController()];
    // All work of a term listens to these two.
    setMaxListeners(0, ending.signal, over.signal);
    log.info('leads', { lease: candidate.name, identity: candidate.identity });
    onChange?.(true);
    const holds = (): boolean => {
      if (!over.signal.aborted && this.#leads()) return true;
      for (const end of [ending, over]) end.abort(new Error(LOST));
      return false;
    };
    const work = lead({ ending: ending.signal, over: over.signal, holds });
    over.signal.addEventListener('abort', () => this.#bound(work), { once: true });
    this.#term = { ending, over, work };
    const onEnd = (): void => {
      if (this.#term?.work === work && !over.signal.aborted) failed.abort();
    };
    // Its result is handled where it is awaited.
    work.then(onEnd, onEnd);
  }

  /** Work that ignores its signal is a bug, and only a new process is free of it. */
  #bound(work: Promise<void>): void {
    const { clock, log, onStuck } = this.#deps;
    const timer = clock.startTimer(STUCK_MS, () => {
      const error = new Error(`work goes on ${STUCK_MS / 1_000} s after this process has ceased to lead`);
      log.error('the process gives up: a term does not end', { error });
      onStuck(error);
    });
    const onEnd = (): void => timer.cancel();
    work.then(onEnd, onEnd);
  }

  /** The next leader may begin within seconds: all work is aborted now, and has to end before this process stands for election again. */
  async #lose(): Promise<void> {
    const { log, candidate } = this.#deps;
    log.warn('leads no more: the Lease was not renewed in time, or somebody else has it', { lease: candidate.name });
    await this.#end(new Error(LOST));
  }

  async #end(reason: Error): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    this.#deps.onChange?.(false);
    term?.ending.abort(reason);
    term?.over.abort(reason);
    await term?.work;
  }

  /** Ends the term in good order: work that runs may end while the Lease is still ours; then the Lease is released. */
  async #resign(): Promise<void> {
    const { clock } = this.#deps;
    const reason = new Error('the process stops');
    const term = this.#term;
    if (term === undefined || this.#state.kind !== 'leading') return await this.#end(reason);
    term.ending.abort(reason);
    const bound = clock.startTimer(this.#state.until - clock.monotonic(), () => term.over.abort(reason));
    try {
      await term.work;
    } finally {
      bound.cancel();
      await this.#release();
      await this.#end(reason);
    }
  }

  /** Reads the Lease first: a renewal that was aborted may have been carried out. */
  async #release(): Promise<void> {
    const { client, clock, log, candidate } = this.#deps;
    try {
      await new Deadline(clock, RELEASE_MS).run(async (limit) => {
        const lease = await client.get(LEASES, candidate, limit);
        if (lease?.spec?.holderIdentity !== candidate.identity) return;
        await client.replace(LEASES, released(lease, clock.now()), limit);
        log.info('gave the Lease up', { lease: candidate.name });
      });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.warn('the Lease could not be given up; it runs out by itself', { error: error.message });
    }
  }

  /** Logs when the Lease can't be read or written, and when it can be again. */
  #trouble(error: KubeError | undefined): void {
    const { log } = this.#deps;
    if (error !== undefined && !this.#troubled)
      log.warn('the Lease can not be read or written', { error: error.message });
    if (error === undefined && this.#troubled) log.info('the Lease can be read and written again');
    this.#troubled = error !== undefined;
  }
}

const isStored = (lease: Lease | Stored<Lease>): lease is Stored<Lease> => lease.metadata.resourceVersion !== undefined;
