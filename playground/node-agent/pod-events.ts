import type { KubeEvent } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { EVENTS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { type AgentPod, refOf } from './pod.js';

export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

/** Writes a Pod's events, each different one once. An event that can't be written is logged and forgotten. */
export class PodEvents {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #node: string;
  readonly #seen = new Map<string, Set<string>>();
  #count = 0;

  constructor(options: { readonly client: KubeClient; clock: Clock; log: Log; node: string }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#node = options.node;
  }

  async emit(pod: AgentPod, event: PodEvent, signal: AbortSignal): Promise<void> {
    const { uid } = refOf(pod);
    const seen = this.#seen.get(uid) ?? new Set();
    const key = `${event.reason} ${event.note}`;
    if (seen.has(key)) return;
    this.#seen.set(uid, seen.add(key));
    try {
      await this.#client.create(EVENTS, this.#object(pod, event), signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      this.#log.debug('an event could not be written', { reason: event.reason, error: error.message });
    }
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }

  #object(pod: AgentPod, event: PodEvent): KubeEvent {
    const { namespace, name, uid } = refOf(pod);
    const now = this.#clock.now();
    this.#count += 1;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name: `${name.slice(0, 220)}.${now.toString(16)}${this.#count.toString(16)}` },
      // MicroTime: six digits.
      eventTime: new Date(now).toISOString().replace('Z', '000Z'),
      reportingController: 'playground-node-agent',
      reportingInstance: this.#node,
      action: event.reason,
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      reason: event.reason,
      note: event.note.slice(0, 1000),
      type: event.type,
    };
  }
}
