import { createHash, timingSafeEqual } from 'node:crypto';
import type { KubeClient } from '../../kube/client.js';
import type { Clock, Timer } from '../../process/ports.js';

/** Who a call is from, and the apiserver with their rights. */
interface Caller {
  readonly client: KubeClient;
  /** To be called when the call was answered. @param isKnown - false: the apiserver does not know the caller */
  release(isKnown: boolean): void;
}

/** Finds out with whose rights a call is answered. */
export interface Callers {
  /**
   * @param credential - what stands behind `Bearer `
   * @returns unknown: it is no good; full: there are as many callers as may be
   */
  admit(credential: string): Caller | 'unknown' | 'full';
  close(): Promise<void>;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** One person, who has the key that was printed. @param key - not to be guessed: 256 bits of chance */
export const onePerson = (key: string, client: KubeClient): Callers => {
  const expected = digestOf(key);
  const caller: Caller = { client, release: () => undefined };
  return {
    admit: (credential) => (timingSafeEqual(digestOf(credential), expected) ? caller : 'unknown'),
    close: async () => undefined,
  };
};

/** How long the connections of a caller stay when nothing is asked, milliseconds. */
const IDLE_MS = 60_000;
/** Callers whose connections are kept; each has a pool of its own. */
const MOST_CALLERS = 500;
/** Calls of one caller at a time; each open page has one or two. */
const MOST_CALLS = 40;
/** Bytes of a token: those of cloud providers have some 4 KB. */
const LONGEST_TOKEN = 16_384;

interface Open {
  readonly client: KubeClient & { close(): Promise<void> };
  calls: number;
  idle: Timer | undefined;
}

/**
 * Whoever has a token of the cluster: the apiserver is asked with that token and nothing else, so it alone knows whether it is good, and what
 * it may see. Connections are never shared by two tokens.
 */
export class TokenCallers implements Callers {
  readonly #connect: (token: string) => Open['client'];
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #open = new Map<string, Open>();

  /** @param connect - makes a client with the token as its only credential */
  constructor(connect: (token: string) => Open['client'], clock: Pick<Clock, 'startTimer'>) {
    this.#connect = connect;
    this.#clock = clock;
  }

  admit(token: string): Caller | 'unknown' | 'full' {
    if (!/^[\x21-\x7e]+$/.test(token) || token.length > LONGEST_TOKEN) return 'unknown';
    const key = digestOf(token).toString('base64');
    const known = this.#open.get(key);
    if (known === undefined && this.#open.size >= MOST_CALLERS && !this.#closeIdle()) return 'full';
    if (known !== undefined && known.calls >= MOST_CALLS) return 'full';
    const open = known ?? { client: this.#connect(token), calls: 0, idle: undefined };
    this.#open.set(key, open);
    open.idle?.cancel();
    open.calls += 1;
    return { client: open.client, release: (isKnown) => this.#release(key, open, isKnown) };
  }

  async close(): Promise<void> {
    for (const { idle } of this.#open.values()) idle?.cancel();
    await Promise.all([...this.#open.values()].map(({ client }) => client.close()));
    this.#open.clear();
  }

  /** Gives a new caller the place of the one who has been here longest without a call under way. @returns whether there is one */
  #closeIdle(): boolean {
    const found = [...this.#open].find(([, { calls }]) => calls === 0);
    if (found === undefined) return false;
    const [key, { client, idle }] = found;
    idle?.cancel();
    this.#open.delete(key);
    void client.close();
    return true;
  }

  #release(key: string, open: Open, isKnown: boolean): void {
    open.calls -= 1;
    if (open.calls > 0 || this.#open.get(key) !== open) return;
    if (!isKnown) {
      // A token that is no good gets no connections to keep.
      this.#open.delete(key);
      void open.client.close();
      return;
    }
    open.idle = this.#clock.startTimer(IDLE_MS, () => {
      this.#open.delete(key);
      void open.client.close();
    });
  }
}
