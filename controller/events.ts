import type { KubeObject } from '../api/objects.js';
import type { Reason } from '../api/reasons.js';
import { API_VERSION, KIND, type StoredBundle } from '../api/werfbundle.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import type { Clock, Log } from '../kube/ports.js';
import { EVENTS } from '../kube/resources.js';
import type { Announcement } from './decide/decision.js';

/** Longest note that the apiserver takes, in bytes of UTF-8, though it speaks of characters. @see events.k8s.io/v1 */
const LONGEST_NOTE = 1_024;

/** @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
interface Event extends KubeObject {
  /** MicroTime. */
  readonly eventTime: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly action: string;
  readonly note: string;
  readonly regarding: object;
  readonly reportingController: string;
  readonly reportingInstance: string;
}

/** Tells events to the apiserver. One that cannot be told is logged and forgotten: the status says the same. */
export class EventTeller {
  readonly #options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: Log;
    readonly instance: string;
  };
  readonly #signal: AbortSignal;
  readonly #pending = new Set<Promise<void>>();
  #count = 0;

  constructor(
    options: { readonly client: KubeClient; readonly clock: Clock; readonly log: Log; readonly instance: string },
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Never throws and never waits. */
  tell(bundle: StoredBundle, announcement: Announcement): void {
    const telling = this.#create(bundle, announcement).finally(() => this.#pending.delete(telling));
    this.#pending.add(telling);
  }

  /** Resolves when everything told so far has been sent, or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #create(bundle: StoredBundle, announcement: Announcement): Promise<void> {
    const { client, log } = this.#options;
    try {
      await client.create<Event>(EVENTS, this.#event(bundle, announcement), this.#signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.warn('an event could not be told', { reason: announcement.reason, error: error.message });
    }
  }

  #event(bundle: StoredBundle, { type, reason, message }: Announcement): Event {
    const { clock, instance } = this.#options;
    const { namespace, name, uid, resourceVersion } = bundle.metadata;
    this.#count += 1;
    const unique = `${clock.now().toString(16)}${this.#count.toString(16).padStart(4, '0')}`;
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
