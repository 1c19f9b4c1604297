import type { ObjectRef } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';
import { KUBELETS, type PodProgress, type PodStatus, podStatus } from './pod-status.js';

const RETRY_MS = 500;
/** Most tries after conflicts: then the Pod was replaced, or has several writers, and more tries do not help. */
const CONFLICTS = 5;

/** Writes a Pod's status, one write at a time, always the newest state; failed writes are retried until they succeed. */
export class StatusReporter {
  readonly #ref: ObjectRef & { readonly uid: string };
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  #wanted: PodStatus | undefined;
  #conditions: PodStatus['conditions'] = [];
  #writing: Promise<void> | undefined;

  constructor(options: {
    readonly ref: ObjectRef & { readonly uid: string };
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: Log;
    /** Aborted: nothing is written any more. */
    readonly signal: AbortSignal;
  }) {
    this.#ref = options.ref;
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#signal = options.signal;
  }

  report(progress: PodProgress): void {
    const status = podStatus(progress, this.#conditions, this.#clock.now());
    this.#conditions = status.conditions;
    this.#wanted = status;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything reported so far is written or can't be any more. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    let conflicts = 0;
    while (this.#wanted !== undefined && !this.#signal.aborted) {
      const status = this.#wanted;
      this.#wanted = undefined;
      const result = await this.#patch(status);
      if (result === 'gone' || (result === 'conflict' && ++conflicts >= CONFLICTS)) return;
      if (result === 'written') continue;
      this.#wanted ??= status;
      await pause(this.#clock, RETRY_MS, this.#signal);
    }
  }

  /** Reads the conditions that are not the kubelet's, like an eviction's DisruptionTarget, and the version of the Pod that has them. */
  async #others(): Promise<{ readonly resourceVersion?: string; readonly conditions: readonly object[] }> {
    const pod = await this.#client.get(PODS, this.#ref, this.#signal);
    const conditions = (pod?.status?.conditions ?? []).filter(({ type }) => !KUBELETS.has(type));
    const { resourceVersion } = pod?.metadata ?? {};
    return { conditions, ...(resourceVersion !== undefined && { resourceVersion }) };
  }

  async #patch(status: PodStatus): Promise<'written' | 'gone' | 'conflict' | 'failed'> {
    try {
      const { resourceVersion, conditions } = await this.#others();
      const own = { ...status, conditions: [...status.conditions, ...conditions] };
      const patch = { metadata: { uid: this.#ref.uid, resourceVersion }, status: own };
      await this.#client.mergePatch(PODS, this.#ref, patch, { subresource: 'status' }, this.#signal);
      return 'written';
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.code === 'not-found' || error.code === 'aborted') return 'gone';
      if (error.code === 'conflict') return 'conflict';
      this.#log.warn('a Pod status could not be written', { error: error.message });
      return 'failed';
    }
  }
}
