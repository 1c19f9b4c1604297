import type { Job, Pod, Stored } from '../../../api/objects.js';
import { ANNOTATIONS, CONTAINER, LABELS, MANAGED_BY } from '../../../controller/deploy/names.js';
import type { KubeClient } from '../../../kube/client.js';
import { createReflector } from '../../../kube/reflector.js';
import { JOBS, PODS } from '../../../kube/resources.js';
import type { Log } from '../../../process/ports.js';
import { systemClock, systemRandom } from '../../../process/system-clock.js';
import { NODE } from './node-logs.js';

/** A Job that the controller made. */
export interface MadeJob {
  /** `namespace/name` of its bundle. */
  readonly bundle: string;
  readonly tag: string;
  /** When its creation was seen, wall clock, milliseconds. */
  readonly at: number;
}

/** Jobs that are ended at once. */
const AT_ONCE = 16;

/**
 * Takes the place of Job controller and kubelet: each Job gets its Pod, the Pod ends with exit code 0 before it was seen running, and
 * the Job is complete.
 */
export class JobRunner {
  /** All Jobs so far, in the order in which they were seen. */
  readonly made: MadeJob[] = [];
  readonly #client: KubeClient;
  readonly #log: Log;
  readonly #waiting: Job[] = [];
  #running = 0;
  #fault: unknown;

  constructor({ client, log }: { readonly client: KubeClient; readonly log: Log }) {
    this.#client = client;
    this.#log = log;
  }

  /** Runs until aborted. @throws what kept a Job from being ended */
  async start(signal: AbortSignal): Promise<void> {
    const reflector = createReflector<Stored<Job>, string>({
      client: this.#client,
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
      type: JOBS,
      list: { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` },
      project: (job) => {
        this.#take(job, signal);
        return '';
      },
      onChange: () => {},
    });
    await reflector.start(signal);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Each state of a Job comes by here; the first one is new. */
  #take(job: Job, signal: AbortSignal): void {
    if (job.status?.startTime !== undefined) return;
    const annotations = job.metadata.annotations ?? {};
    const bundle = `${annotations[ANNOTATIONS.bundleNamespace]}/${annotations[ANNOTATIONS.bundle]}`;
    this.made.push({ bundle, tag: annotations[ANNOTATIONS.tag] ?? '', at: Date.now() });
    this.#waiting.push(job);
    if (this.#running < AT_ONCE) void this.#work(signal);
  }

  async #work(signal: AbortSignal): Promise<void> {
    this.#running += 1;
    try {
      for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift())
        await this.#end(job, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#fault ??= error;
        this.#log.error('a Job could not be ended', { error });
      }
    } finally {
      this.#running -= 1;
    }
  }

  async #end(job: Job, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '' } = job.metadata;
    const pod = podOf(job);
    const ref = { namespace, name: pod.metadata.name ?? '' };
    await this.#client.create(PODS, pod, signal);
    await this.#client.mergePatch(PODS, ref, { status: succeeded() }, { subresource: 'status' }, signal);
    await this.#client.mergePatch(JOBS, { namespace, name }, { status: complete() }, { subresource: 'status' }, signal);
  }
}

const podOf = ({ metadata: { namespace = '', name = '', uid = '' }, spec }: Job): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...spec?.template.metadata,
    namespace,
    name: `${name}-x7k2p`,
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }],
  },
  spec: { ...spec?.template.spec, nodeName: NODE },
});

const now = (): string => new Date().toISOString().replace(/\.\d+/, '');

const succeeded = (): NonNullable<Pod['status']> => {
  const at = now();
  return {
    phase: 'Succeeded',
    containerStatuses: [
      {
        name: CONTAINER,
        restartCount: 0,
        ready: false,
        image: 'werf',
        imageID: '',
        state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } },
      },
    ],
  };
};

const complete = (): NonNullable<Job['status']> => {
  const at = now();
  const met = (type: string) => ({ type, status: 'True', lastTransitionTime: at, lastProbeTime: at });
  // The apiserver wants both.
  return { startTime: at, completionTime: at, succeeded: 1, conditions: [met('SuccessCriteriaMet'), met('Complete')] };
};
