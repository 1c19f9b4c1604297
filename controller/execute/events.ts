import { createHash } from 'node:crypto';
import type { KubeEvent } from '../../api/objects.js';
import { API_VERSION, KIND, type StoredBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { EVENTS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import type { BundleEvent } from '../decide/decision.js';

/** Longest note that the apiserver takes, in bytes of UTF-8, though it speaks of characters. @see events.k8s.io/v1 */
const LONGEST_NOTE = 1_024;
/** Failures that may be temporary: a busy apiserver, a broken connection. */
const PASSING: ReadonlySet<KubeError['code']> = new Set(['unavailable', 'timeout', 'too-many-requests']);
/** Waits between the tries to send an event, milliseconds; never less than the apiserver asks for. */
const DELAYS_MS = [1_000, 2_000, 4_000, 8_000] as const;

/** Sends events to the apiserver. One that cannot be sent is logged and dropped: the status says the same. */
export class EventTeller {
  readonly #options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: Log;
    readonly instance: string;
  };
  readonly #signal: AbortSignal;
  readonly #pending = new Set<Promise<boolean>>();
  #count = 0;

  constructor(
    options: { readonly client: KubeClient; readonly clock: Clock; readonly log: Log; readonly instance: string },
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Never throws and never waits. */
  tell(bundle: StoredBundle, event: BundleEvent): void {
    this.#count += 1;
    const unique = `${this.#options.clock.now().toString(16)}${this.#count.toString(16).padStart(4, '0')}`;
    void this.#send(this.#event(bundle, event, unique));
  }

  /**
   * Sends an event that must exist only once, even if several processes try several times: its name follows from its content. Never
   * throws, and waits for one try only.
   * @returns whether it was sent now; false: it was sent before, or can't be sent
   */
  async tellOnce(bundle: StoredBundle, event: BundleEvent): Promise<boolean> {
    const what = JSON.stringify([bundle.metadata.uid, event.reason, event.message]);
    const unique = createHash('sha256').update(what).digest('hex').slice(0, 16);
    return await this.#send(this.#event(bundle, event, unique));
  }

  /** Resolves when all events so far have been sent or dropped. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #send(event: KubeEvent, waits: readonly number[] = DELAYS_MS): Promise<boolean> {
    const sending = this.#create(event, waits).finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
    return sending;
  }

  /** A try whose answer was lost may have succeeded: then the next one finds that the event exists. */
  async #create(event: KubeEvent, [wait, ...later]: readonly number[]): Promise<boolean> {
    const { client, log } = this.#options;
    try {
      await client.create(EVENTS, event, this.#signal);
      return true;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.code === 'already-exists') return false;
      if (wait !== undefined && PASSING.has(error.code) && !this.#signal.aborted) {
        void this.#sendAfter(Math.max(wait, error.retryAfterMs ?? 0), event, later);
        return true;
      }
      log.warn('an event could not be told', { reason: event.reason, error: error.message });
      return false;
    }
  }

  /** Waits, and sends the event. When the process ends it does not wait: the event is tried at once, and that fails. */
  #sendAfter(ms: number, event: KubeEvent, waits: readonly number[]): Promise<boolean> {
    const slept = this.#options.clock.sleep(ms, this.#signal).catch(() => undefined);
    const sending = slept.then(() => this.#create(event, waits)).finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
    return sending;
  }

  #event(bundle: StoredBundle, { type, reason, message }: BundleEvent, unique: string): KubeEvent {
    const { clock, instance } = this.#options;
    const { namespace, name, uid, resourceVersion } = bundle.metadata;
    return {
      metadata: { namespace, name: `${name.slice(0, 220).replace(/[.-]+$/, '')}.${unique}` },
      eventTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
      type,
      reason,
      action: 'Reconcile',
      note: cutToBytes(message, LONGEST_NOTE),
      regarding: { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion },
      reportingController: 'werf.io/werfbundle-controller',
      reportingInstance: instance,
    };
  }
}

/** As much of a text as fits, in whole characters. */
const cutToBytes = (text: string, most: number): string => {
  const bytes = Buffer.from(text);
  // A character that was cut in two is read as U+FFFD.
  return bytes.length <= most ? text : bytes.toString('utf8', 0, most).replace(/\uFFFD$/, '');
};
