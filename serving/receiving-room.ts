/** What the room stops and starts: a request whose body is read. */
interface Valve {
  pause(): unknown;
  resume(): unknown;
}

/** So much of each body is read in any case, bytes: the bodies of most calls end before. */
const FREE_BYTES = 16 * 1024;
/** What a body must bring between two looks while the room is used up, bytes; TLS brings as much at once. */
const LIVELY_BYTES = 16 * 1024;

/** A body that is being received, or was, and is kept until it is answered. */
export class HeldBody {
  readonly #room: ReceivingRoom;
  readonly #valve: Valve;
  #bytes = 0;
  #isWhole = false;
  #isPaused = false;
  /** Bytes since the last look. */
  #recent = 0;
  /** Whether it might have sent since the last look, all the time or until it had sent enough. */
  #wasOpen = false;

  constructor(room: ReceivingRoom, valve: Valve) {
    this.#room = room;
    this.#valve = valve;
  }

  /** Bytes that have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it has come to its end. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether it is not read for the moment. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether more is awaited of it than is read in any case. */
  get isLarge(): boolean {
    return !this.#isWhole && this.#bytes > FREE_BYTES;
  }

  /** Whether it has sent enough for one look. */
  get isLively(): boolean {
    return this.#recent >= LIVELY_BYTES;
  }

  /** Bytes have come. */
  arrived(bytes: number): void {
    this.#bytes += bytes;
    this.#recent += bytes;
    this.#room.grew(this, bytes);
  }

  /** It has come to its end: nothing is awaited of it. */
  complete(): void {
    this.#isWhole = true;
  }

  /** Nothing of it is kept any more. May be called again. */
  leave(): void {
    this.#room.left(this);
  }

  /** Looks at it, at regular intervals. @returns whether the room is used up, and it might have sent since the last look, and did not */
  look(): boolean {
    const stalls = this.#room.isUsedUp && !this.#isWhole && this.#wasOpen && !this.isLively;
    this.#recent = 0;
    if (this.#room.mayTry) this.resume();
    this.#wasOpen = !this.#isPaused;
    return stalls;
  }

  /** For the room. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#wasOpen = false;
    this.#valve.pause();
  }

  /** For the room. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#valve.resume();
  }
}

/**
 * Room for the bodies of requests, in bytes that have come: what a caller announces counts for nothing.
 *
 * While there is room, all bodies are read. When it is used up, all large ones wait but one: that whose bytes used it up, since it sends.
 * It may go on to its end, so that something always does. The others may show at each look that they send, and wait again then; who might
 * have sent and did not is found by {@link HeldBody.look}, all of them at once. When there is room again, all go on.
 *
 * So no more is kept than `limit`, twice the largest body, and 48 KiB of each connection; and callers who do not send keep their
 * place for two looks.
 */
export class ReceivingRoom {
  readonly #limit: number;
  readonly #largest: number;
  readonly #bodies = new Set<HeldBody>();
  #held = 0;
  /** That goes on to its end while the room is used up. */
  #favoured: HeldBody | undefined;
  /**
   * Whether the oldest that waits is favoured next, or the newest. Honest callers are done soon, so whoever has been there for long is
   * hardly one: the newest, as long as they come to their ends; else the two in turns, or newcomers could keep an old one out for ever.
   */
  #prefersOldest = false;

  /** @param sizes.limit - bytes of all bodies together. @param sizes.largest - bytes of one */
  constructor({ limit, largest }: { readonly limit: number; readonly largest: number }) {
    this.#limit = limit;
    this.#largest = largest;
  }

  /** Bytes of all bodies. */
  get held(): number {
    return this.#held;
  }

  /** Whether large bodies have to wait. */
  get isUsedUp(): boolean {
    return this.#held > this.#limit;
  }

  /** Whether bodies that wait may send a little, to show that they do. */
  get mayTry(): boolean {
    return this.#held <= this.#limit + this.#largest;
  }

  /** A body begins. */
  enter(valve: Valve): HeldBody {
    const body = new HeldBody(this, valve);
    this.#bodies.add(body);
    return body;
  }

  /** For {@link HeldBody}. */
  grew(body: HeldBody, bytes: number): void {
    if (!this.#bodies.has(body)) return;
    this.#held += bytes;
    if (!this.isUsedUp || !body.isLarge || body === this.#favoured) return;
    if (this.#favoured === undefined) this.#favour(body);
    else if (body.isLively) body.pause();
  }

  /** For {@link HeldBody}. */
  left(body: HeldBody): void {
    if (!this.#bodies.delete(body)) return;
    this.#held -= body.bytes;
    if (body === this.#favoured) {
      this.#favoured = undefined;
      this.#prefersOldest = body.isWhole ? false : !this.#prefersOldest;
    }
    if (!this.isUsedUp) this.#letAllGoOn();
    // Bodies that are whole give their bytes back by themselves; if there are none, somebody has to go on.
    else if (this.#favoured === undefined) this.#favourAnother();
  }

  #favour(sender: HeldBody): void {
    this.#favoured = sender;
    for (const body of this.#bodies) if (body !== sender && body.isLarge) body.pause();
  }

  #favourAnother(): void {
    const waiting = [...this.#bodies].filter(({ isPaused }) => isPaused);
    this.#favoured = waiting.at(this.#prefersOldest ? 0 : -1);
    this.#favoured?.resume();
  }

  #letAllGoOn(): void {
    this.#favoured = undefined;
    for (const body of this.#bodies) body.resume();
  }
}
