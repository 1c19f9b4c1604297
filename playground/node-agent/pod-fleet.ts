import { KubeError } from '../../kube/client.js';
import { POD_BINDING, PODS } from '../../kube/resources.js';
import { pause } from '../../process/sleep.js';
import type { LogAnswer, LogRequest } from './log-server.js';
import { type AgentPod, refOf } from './pod.js';
import type { PodEnvironment } from './pod-environment.js';
import { PodWorker } from './pod-worker.js';
import { place, unschedulableStatus } from './scheduling.js';

interface RunningPod {
  readonly worker: PodWorker;
  readonly over: Promise<void>;
  readonly gone: Promise<void>;
}

/** All Pods of the node: binds those without a node, and starts a worker for each that is bound here. */
export class PodFleet {
  readonly #env: PodEnvironment;
  readonly #workers = new Map<string, RunningPod>();
  /** Newest uid of a name, for logs. */
  readonly #names = new Map<string, string>();
  readonly #binding = new Set<string>();
  #stopped = false;

  constructor(env: PodEnvironment) {
    this.#env = env;
  }

  /** A Pod was created, changed or deleted; another Pod may have got its name in between. */
  onChange(before: AgentPod | undefined, after: AgentPod | undefined): void {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) {
      this.#workers.get(refOf(before).uid)?.worker.gone();
    }
    if (after !== undefined && !this.#stopped) this.#take(after);
  }

  findLog(request: LogRequest): LogAnswer {
    const worker = this.#workers.get(this.#names.get(`${request.namespace}/${request.pod}`) ?? '')?.worker;
    if (worker !== undefined) return worker.findLog(request.container, request.previous);
    return { kind: 'none', status: 404, message: `pod "${request.pod}" not found` };
  }

  /** Ends all Pods; resolves when no process is left and the last status is written, or can't be. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const all = [...this.#workers.values()];
    for (const { worker } of all) worker.stop();
    await Promise.all(all.map(({ over }) => over));
  }

  /** Resolves when all files are removed; to be called after the environment's signal was aborted. */
  async ended(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ gone }) => gone));
  }

  #take(pod: AgentPod): void {
    const { uid, namespace, name } = refOf(pod);
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.worker.update(pod);
      return;
    }
    const placement = place(pod, this.#env.node);
    if (placement.kind === 'bind') void this.#bind(pod);
    if (placement.kind === 'unschedulable') void this.#refuse(pod, placement.message);
    if (placement.kind !== 'own') return;
    const worker = new PodWorker(pod, this.#env);
    worker.update(pod);
    const { over, gone } = worker.run();
    const forgotten = gone.then(() => {
      this.#workers.delete(uid);
      if (this.#names.get(`${namespace}/${name}`) === uid) this.#names.delete(`${namespace}/${name}`);
    });
    this.#workers.set(uid, { worker, over, gone: forgotten });
    this.#names.set(`${namespace}/${name}`, uid);
  }

  /** One attempt at a time; one that fails is repeated when the Pod is seen again, and after a while. */
  async #bind(pod: AgentPod): Promise<void> {
    const { node, client, signal, log, clock, events } = this.#env;
    const { uid, namespace, name } = refOf(pod);
    if (this.#binding.has(uid)) return;
    this.#binding.add(uid);
    const target = { apiVersion: 'v1', kind: 'Node', name: node.node };
    const binding = { metadata: { name, uid }, target };
    for (let again = true; again && !signal.aborted; ) {
      try {
        await client.createSubresource(POD_BINDING, { namespace, name }, binding, signal);
        const note = `Successfully assigned ${namespace}/${name} to ${node.node}`;
        await events.emit(pod, { type: 'Normal', reason: 'Scheduled', note }, signal);
        again = false;
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        again = error.code !== 'conflict' && error.code !== 'not-found' && !signal.aborted;
        if (again) log.warn('a Pod could not be bound', { namespace, pod: name, error: error.message });
        if (again) await pause(clock, 1000, signal);
      }
    }
    this.#binding.delete(uid);
  }

  async #refuse(pod: AgentPod, message: string): Promise<void> {
    const { client, signal, clock, log, events } = this.#env;
    const known = pod.status?.conditions?.some((each) => each.type === 'PodScheduled' && each.message === message);
    if (known === true) return;
    await events.emit(pod, { type: 'Warning', reason: 'FailedScheduling', note: message }, signal);
    const status = unschedulableStatus(message, clock.now());
    const patch = { metadata: { uid: refOf(pod).uid }, status };
    await client.mergePatch(PODS, refOf(pod), patch, { subresource: 'status' }, signal).catch((error: unknown) => {
      log.debug('a Pod could not be reported unschedulable', { error: String(error) });
    });
  }
}
