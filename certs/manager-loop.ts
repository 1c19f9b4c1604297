import type { Clock, Random } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import type { CertificateManager } from './certificate-manager.js';

interface ManagerLoopDeps {
  readonly manager: Pick<CertificateManager, 'look'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly random: Random;
}

/** Wait after an event, milliseconds: events come in bunches, and at the first of them a folder is half written. */
const SETTLE_MS = 300;
/** Longest wait after an event, milliseconds, while somebody else keeps undoing what each look writes. */
const LONGEST_SETTLE_MS = 60_000;

/** Calls the manager's look again and again: when it is due, and whenever something may have changed. */
export class ManagerLoop {
  readonly #deps: ManagerLoopDeps;
  #wakeUp = new AbortController();

  constructor(deps: ManagerLoopDeps) {
    this.#deps = deps;
  }

  /** Something changed: the next look comes soon. */
  wake(): void {
    this.#wakeUp.abort();
  }

  /** Runs until aborted. @throws bugs only */
  async run(signal: AbortSignal): Promise<void> {
    const { manager, clock, random } = this.#deps;
    let bunch = 0;
    while (!signal.aborted) {
      const pauseMs = await manager.look(signal);
      // Jitter, so that replicas that were started at once don't look at once.
      const woken = await this.#sleep(pauseMs * (0.9 + 0.2 * random.uniform()), signal);
      bunch = woken ? bunch + 1 : 0;
      if (!woken || signal.aborted) continue;
      const settleMs = Math.min(SETTLE_MS * 2 ** Math.max(0, bunch - 5), LONGEST_SETTLE_MS);
      await pause(clock, settleMs, signal);
      this.#wakeUp = new AbortController();
    }
  }

  /** @returns whether it was woken */
  async #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    const wakeUp = this.#wakeUp.signal;
    if (wakeUp.aborted) return true;
    const either = AbortSignal.any([signal, wakeUp]);
    await pause(this.#deps.clock, ms, either);
    return wakeUp.aborted;
  }
}
