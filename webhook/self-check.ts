import { isIP } from 'node:net';
import type { Serving } from '../certs/certificate-manager.js';
import type { Readiness } from '../process/health-server.js';
import type { Clock, Log, LogFields } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import { shakeHands } from './handshake.js';

interface SelfCheckDeps {
  /** Where our own server listens. */
  readonly listen: { readonly host: string; readonly port: number };
  /** What the apiserver calls us: DNS name or IP address. */
  readonly name: string;
  readonly certificates: {
    readonly serving: Serving | undefined;
    /** CAs, PEM, of every caBundle. */
    readonly trusted: readonly string[];
  };
  readonly clock: Clock;
  readonly log: Log;
  /** Fields to log along with readiness. */
  readonly about: LogFields;
}

/** How often a webhook that is ready is checked again, milliseconds. */
const CHECK_MS = 10_000;
/** How often a webhook that is not ready is checked again, milliseconds. */
const RECHECK_MS = 1000;

/**
 * Readiness that is proven: a call as an apiserver would make it, to our own port, must find the certificate that is meant to be
 * served, valid for our name and vouched for by the caBundles as they were read back.
 *
 * One failure alone does not end readiness (a certificate may be swapped in the middle of a check, or the machine be busy): two in a
 * row do, one second apart.
 */
export class SelfCheck {
  readonly #deps: SelfCheckDeps;
  #readiness: Readiness = { ok: false, reason: 'starting' };
  #failures = 0;

  constructor(deps: SelfCheckDeps) {
    this.#deps = deps;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Checks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      await this.check();
      await pause(clock, this.#failures === 0 ? CHECK_MS : RECHECK_MS, signal);
    }
  }

  /** Checks once. */
  async check(): Promise<void> {
    const fault = await this.#fault();
    this.#failures = fault === undefined ? 0 : this.#failures + 1;
    if (fault !== undefined && this.#readiness.ok && this.#failures < 2) return;
    const next: Readiness = fault === undefined ? { ok: true } : { ok: false, reason: fault };
    this.#tell(next);
    this.#readiness = next;
  }

  #tell(next: Readiness): void {
    const { log, about } = this.#deps;
    const before = this.#readiness;
    if (next.ok && !before.ok) log.info('webhook ready', about);
    if (!next.ok && (before.ok || before.reason !== next.reason)) {
      log.warn('webhook not ready: an apiserver could not call it', { ...about, reason: next.reason });
    }
  }

  async #fault(): Promise<string | undefined> {
    const { listen, name, certificates } = this.#deps;
    const { serving, trusted } = certificates;
    if (serving === undefined) return 'there is no certificate to serve with';
    if (trusted.length === 0) return 'no caBundle of the webhook configurations holds a certificate of ours';
    const handshake = await shakeHands({ host: reachable(listen.host), port: listen.port, name, trusted });
    if (handshake.kind === 'failed') return `a TLS handshake with ourselves as ${name} failed: ${handshake.reason}`;
    // If the certificate was swapped during the check, either of the two is right.
    const isMeant = [serving.fingerprint, certificates.serving?.fingerprint].includes(handshake.fingerprint);
    return isMeant ? undefined : 'another certificate is served than the one that is meant';
  }
}

/** The address to connect to if the server listens on any. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1';
  return isIP(host) === 6 && /^[0:]+$/.test(host) ? '::1' : host;
};
