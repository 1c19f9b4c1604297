import { type KubeClient, KubeError } from '../kube/client.js';
import type { Clock, Log } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import type { Proof } from './deploy/job-signature.js';
import { type Installation, readInstallationKey, recordSigning } from './installation-key.js';

/** How soon a failed read is tried again, milliseconds. */
const RETRY_MS = 1_000;

interface TakeOverDeps {
  readonly installation: Installation;
  /** As it was read when the process started. */
  readonly proof: Proof;
  /** How many bundles of the share have a status from before, that the controller has never signed. */
  readonly unsigned: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Statuses from before this installation signed what it writes, by an older version or with another key, are taken over once. When each
 * bundle of the share has been signed, that is recorded, and from then on an unsigned one is as if it were not there.
 */
export class TakeOver {
  readonly #deps: TakeOverDeps;
  #proof: Proof;
  #recording: Promise<void> | undefined;

  constructor(deps: TakeOverDeps) {
    this.#deps = deps;
    this.#proof = deps.proof;
  }

  /** By what Jobs and statuses are known to be the controller's own, now. */
  readonly proof = (): Proof => this.#proof;

  /** Reads what an earlier leader has recorded, before this process leads; until it can be read. Returns early when aborted. */
  async refresh(client: Pick<KubeClient, 'get' | 'create'>, signal: AbortSignal): Promise<void> {
    const { installation, unsigned, clock, log } = this.#deps;
    while (this.#proof.signsSince === undefined && !signal.aborted) {
      try {
        const { signsSince } = await readInstallationKey(client, installation, signal);
        this.#proof = { ...this.#proof, signsSince };
        if (signsSince === undefined)
          log.info('statuses that no controller has signed are taken over', { bundles: unsigned() });
        return;
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        log.warn('it could not be read since when all statuses are signed', { error: error.message });
        await pause(clock, RETRY_MS, signal);
      }
    }
  }

  /** To be called while this process leads, whenever the cache of bundles has changed. Never throws; a failure is tried again then. */
  check(client: Pick<KubeClient, 'mergePatch'>, signal: AbortSignal): void {
    if (this.#proof.signsSince !== undefined || this.#recording !== undefined || this.#deps.unsigned() > 0) return;
    this.#recording = this.#record(client, signal).finally(() => {
      this.#recording = undefined;
    });
  }

  async #record(client: Pick<KubeClient, 'mergePatch'>, signal: AbortSignal): Promise<void> {
    const { installation, clock, log } = this.#deps;
    const now = clock.now();
    try {
      await recordSigning(client, installation, now, signal);
      this.#proof = { ...this.#proof, signsSince: now };
      log.info('all statuses are signed: from now on no other is believed');
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.code !== 'aborted')
        log.warn('it could not be recorded that all statuses are signed', { error: error.message });
    }
  }
}
