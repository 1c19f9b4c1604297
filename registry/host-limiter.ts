import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../process/ports.js';
import { type Breaker, type BreakerEvent, CLOSED, nextBreaker, pauseOf } from './breaker.js';
import type { HeldBack } from './port.js';
import { isFull, type Rate, type TokenBucket, takeToken } from './token-bucket.js';
import type { Verdict } from './verdict.js';

interface HostLimiterDeps {
  readonly clock: Clock;
  readonly rate: Rate;
  /** Divides the breaker's pauses and multiplies the rate; what a host asks for is not scaled. */
  readonly timeScale: number;
  /** Requests of one host under way at once. */
  readonly inFlight: number;
  /** Called when requests to a host begin to be held back. */
  readonly onHold?: (hold: HeldBack & { readonly host: string }) => void;
}

/** Permission to make one request; `done` must be called once. */
export interface Permit {
  readonly kind: 'permit';
  done(verdict: Verdict): void;
}

/** The destination of a request. Breakers are kept by host and CA, since a wrong CA says nothing about the host. */
interface Destination {
  readonly url: URL;
  readonly ca?: string | undefined;
}

interface Waiter {
  readonly breaker: string;
  readonly admit: (answer: Permit | HeldBack) => void;
}

interface Host {
  readonly name: string;
  bucket: TokenBucket;
  /** Until when the host asked to be left alone; monotonic. */
  silentUntil: number;
  inFlight: number;
  readonly waiting: Waiter[];
  /** A timer is set for the next token. */
  refilling: boolean;
}

/** A poll that would wait longer than this for its turn is not begun. */
const PATIENCE_MS = 5_000;
/** Tenants may name any number of hosts: beyond this many, those with nothing to remember are forgotten. */
const HOSTS_KEPT = 1_000;
/** Breakers that are kept; a forgotten one counts as closed. */
const BREAKERS_KEPT = 10_000;

/**
 * Limits requests to each host: so many a second, so many at once, in the order they came; none while the host's breaker is
 * open or the host asked to be left alone. A request waits for those under way no longer than their own time-outs.
 */
export class HostLimiter {
  readonly #deps: HostLimiterDeps;
  readonly #rate: Rate;
  readonly #hosts = new Map<string, Host>();
  /** Breakers that differ from a new one. */
  readonly #breakers = new LRUCache<string, Breaker>({ max: BREAKERS_KEPT });

  constructor(deps: HostLimiterDeps) {
    const { rate, timeScale } = deps;
    this.#deps = deps;
    this.#rate = { perSecond: rate.perSecond * timeScale, burst: rate.burst * timeScale };
  }

  /** Whether a request would be held back now, or wait for long. */
  holdOf(destination: Destination): HeldBack | undefined {
    const host = this.#hosts.get(destination.url.host);
    const waitMs = ((host?.waiting.length ?? 0) / this.#rate.perSecond) * 1000;
    return (
      this.#hold(host, breakerName(destination)) ??
      (waitMs > PATIENCE_MS ? { kind: 'held', why: 'rate', forMs: waitMs } : undefined)
    );
  }

  /** Waits for the request's turn. Rejects only with the reason of an aborted signal. */
  async acquire(destination: Destination, signal: AbortSignal): Promise<Permit | HeldBack> {
    signal.throwIfAborted();
    const host = this.#host(destination.url.host);
    return await new Promise((resolve, reject) => {
      const leave = (): void => {
        host.waiting.splice(host.waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const admit = (answer: Permit | HeldBack): void => {
        signal.removeEventListener('abort', leave);
        resolve(answer);
      };
      const waiter = { breaker: breakerName(destination), admit };
      signal.addEventListener('abort', leave, { once: true });
      host.waiting.push(waiter);
      this.#admit(host);
    });
  }

  #admit(host: Host): void {
    for (let next = host.waiting[0]; next !== undefined; next = host.waiting[0]) {
      const answer = this.#hold(host, next.breaker) ?? this.#permit(host, next.breaker);
      if (answer === undefined) return;
      host.waiting.shift();
      next.admit(answer);
    }
  }

  /** A permit; undefined: the request has to wait. */
  #permit(host: Host, breaker: string): Permit | undefined {
    if (host.inFlight >= this.#deps.inFlight) return undefined;
    const now = this.#now();
    const taken = takeToken(host.bucket, this.#rate, now);
    if (taken.kind === 'wait') {
      this.#refill(host, taken.ms);
      return undefined;
    }
    host.bucket = taken.bucket;
    host.inFlight += 1;
    this.#move(breaker, 'began');
    return { kind: 'permit', done: (verdict) => this.#done(host, breaker, verdict) };
  }

  #refill(host: Host, ms: number): void {
    if (host.refilling) return;
    host.refilling = true;
    this.#deps.clock.startTimer(ms, () => {
      host.refilling = false;
      this.#admit(host);
    });
  }

  #done(host: Host, breaker: string, { event, pauseMs }: Verdict): void {
    const now = this.#now();
    host.inFlight -= 1;
    const { before, after } = this.#move(breaker, event);
    if (event === 'failed' && before.kind !== 'open' && after.kind === 'open') {
      this.#tell(host, { kind: 'held', why: 'breaker', forMs: this.#pause(after) });
    }
    if (pauseMs > 0 && now + pauseMs > host.silentUntil) {
      host.silentUntil = now + pauseMs;
      this.#tell(host, { kind: 'held', why: 'retry-after', forMs: pauseMs });
    }
    this.#admit(host);
  }

  #move(name: string, event: BreakerEvent): { readonly before: Breaker; readonly after: Breaker } {
    const before = this.#breakers.get(name) ?? CLOSED;
    const after = nextBreaker(before, event, this.#scaledNow());
    if (after.kind === 'closed' && after.failures === 0) this.#breakers.delete(name);
    else this.#breakers.set(name, after);
    return { before, after };
  }

  #pause(breaker: Breaker): number {
    return pauseOf(breaker, this.#scaledNow()) / this.#deps.timeScale;
  }

  /** The breakers' own time, which runs as fast as the polls come. */
  #scaledNow(): number {
    return this.#now() * this.#deps.timeScale;
  }

  #tell({ name }: Host, hold: HeldBack): void {
    this.#deps.onHold?.({ ...hold, host: name });
  }

  #hold(host: Host | undefined, breaker: string): HeldBack | undefined {
    const now = this.#now();
    const silentMs = (host?.silentUntil ?? now) - now;
    if (silentMs > 0) return { kind: 'held', why: 'retry-after', forMs: silentMs };
    const pauseMs = this.#pause(this.#breakers.get(breaker) ?? CLOSED);
    return pauseMs > 0 ? { kind: 'held', why: 'breaker', forMs: pauseMs } : undefined;
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    this.#forgetIdle();
    const now = this.#now();
    const bucket = { tokens: this.#rate.burst, at: now };
    const host = { name, bucket, silentUntil: now, inFlight: 0, waiting: [], refilling: false };
    this.#hosts.set(name, host);
    return host;
  }

  #forgetIdle(): void {
    if (this.#hosts.size < HOSTS_KEPT) return;
    const now = this.#now();
    for (const [name, { bucket, silentUntil, inFlight, waiting }] of this.#hosts) {
      const idle = inFlight === 0 && waiting.length === 0 && silentUntil <= now;
      if (idle && isFull(bucket, this.#rate, now)) this.#hosts.delete(name);
    }
  }

  #now(): number {
    return this.#deps.clock.monotonic();
  }
}

const breakerName = ({ url, ca }: Destination): string =>
  ca === undefined ? url.origin : `${url.origin} ${createHash('sha256').update(ca).digest('hex')}`;
