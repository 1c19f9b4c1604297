import type { Clock, Log, Timer } from '../process/ports.js';

/** Reasons for which callers are refused, or given up; what each means, for the log. */
export type RefusalTable<Reason extends string> = Readonly<Record<Reason, string>>;

interface RefusalsDeps<Reason extends string> {
  readonly reasons: RefusalTable<Reason>;
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly log: Pick<Log, 'warn'>;
  /** Counts each. */
  readonly count: (reason: Reason) => void;
}

/** What has not been told yet of one reason. */
interface Untold {
  times: number;
  readonly peers: Map<string, number>;
  timer: Timer | undefined;
}

/** After a line for a reason the next one comes no sooner, milliseconds: an attack must not fill a disk. */
const QUIET_MS = 60_000;
/** Peers that are counted one by one. */
const MOST_PEERS = 8;

/** Counts refusals, and tells of them: of each reason the first at once, all others in one line a minute. */
export class Refusals<Reason extends string> {
  readonly #deps: RefusalsDeps<Reason>;
  readonly #untold = new Map<Reason, Untold>();

  constructor(deps: RefusalsDeps<Reason>) {
    this.#deps = deps;
  }

  /** @param peer - its address */
  add(reason: Reason, peer: string): void {
    this.#deps.count(reason);
    const untold = this.#untold.get(reason) ?? { times: 0, peers: new Map(), timer: undefined };
    this.#untold.set(reason, untold);
    untold.times += 1;
    const known = untold.peers.get(peer);
    if (known !== undefined || untold.peers.size < MOST_PEERS) untold.peers.set(peer, (known ?? 0) + 1);
    if (untold.timer === undefined) this.#tell(reason, untold);
  }

  /** Tells what is left, and starts nothing any more. */
  stop(): void {
    for (const [reason, untold] of this.#untold) {
      untold.timer?.cancel();
      if (untold.times > 0) this.#write(reason, untold);
    }
    this.#untold.clear();
  }

  #tell(reason: Reason, untold: Untold): void {
    this.#write(reason, untold);
    untold.timer = this.#deps.clock.startTimer(QUIET_MS, () => {
      untold.timer = undefined;
      if (untold.times > 0) this.#tell(reason, untold);
    });
  }

  #write(reason: Reason, untold: Untold): void {
    const { reasons, log } = this.#deps;
    const peers = Object.fromEntries(untold.peers);
    log.warn('callers refused', { reason, meaning: reasons[reason], times: untold.times, peers });
    untold.times = 0;
    untold.peers.clear();
  }
}
