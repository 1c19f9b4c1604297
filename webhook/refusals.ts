import type { Clock, Log, Timer } from '../process/ports.js';

/** Why a caller was refused, or given up; what each means, for the log. */
export const REFUSALS = {
  connections: 'a connection was closed at once: there were as many as may be in all (--max-connections)',
  'peer-connections': 'a connection was closed at once: its peer had as many as it may (--max-connections-per-peer)',
  'gave-way': 'a connection that had asked nothing yet, or nothing for long, was closed for a new one',
  'slow-handshake': 'a connection was closed: its TLS handshake took too long',
  'slow-headers': "a connection was closed: a request's headers took too long",
  'slow-body': 'a request was given up: its body came too slowly',
  'slow-answer': 'a connection was closed: its answer was not read',
  pipelined: 'a connection was closed: it sent a request while another one was not answered yet',
  'in-flight': 'a request was answered 503: as many were under way as may be (--max-in-flight)',
  'client-certificate':
    'a request was answered 403: it came without a client certificate that is accepted (--client-ca)',
} as const satisfies Readonly<Record<string, string>>;

/** A row of {@link REFUSALS}. */
export type Refusal = keyof typeof REFUSALS;

interface RefusalsDeps {
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly log: Pick<Log, 'warn'>;
  /** Counts each. */
  readonly count: (reason: Refusal) => void;
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
export class Refusals {
  readonly #deps: RefusalsDeps;
  readonly #untold = new Map<Refusal, Untold>();

  constructor(deps: RefusalsDeps) {
    this.#deps = deps;
  }

  /** @param peer - its address */
  add(reason: Refusal, peer: string): void {
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

  #tell(reason: Refusal, untold: Untold): void {
    this.#write(reason, untold);
    untold.timer = this.#deps.clock.startTimer(QUIET_MS, () => {
      untold.timer = undefined;
      if (untold.times > 0) this.#tell(reason, untold);
    });
  }

  #write(reason: Refusal, untold: Untold): void {
    const peers = Object.fromEntries(untold.peers);
    this.#deps.log.warn('callers refused', { reason, meaning: REFUSALS[reason], times: untold.times, peers });
    untold.times = 0;
    untold.peers.clear();
  }
}
