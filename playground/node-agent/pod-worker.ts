import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Container } from '@kubernetes/client-node';
import { KubeError } from '../../kube/client.js';
import { pause, untilAborted } from '../../process/sleep.js';
import { ContainerLog } from './container-log.js';
import { planContainer } from './container-plan.js';
import { runContainer } from './container-run.js';
import { environmentOf } from './environment.js';
import type { LogAnswer } from './log-server.js';
import { type AgentPod, refOf } from './pod.js';
import { confirmDeletion, type PodEnvironment } from './pod-environment.js';
import type { PodEvent } from './pod-events.js';
import { firstProgress, lostProgress, wasStarted } from './pod-progress.js';
import type { ContainerProgress, Ended, PodProgress } from './pod-status.js';
import { makeVolumes } from './pod-volumes.js';
import { isRestarted, type RestartPolicy, restartDelay } from './restart.js';
import { loadSources, type Sources } from './sources.js';
import { StatusReporter } from './status-reporter.js';

type Kind = 'init' | 'main';

/** How long to wait before looking again for what a Pod needs, milliseconds; doubled each time, as by a kubelet. */
const LOOK_MS = 250;
const LOOK_AT_MOST_MS = 2000;

const DEADLINE = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};
const STOPPED = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' };

/**
 * One Pod from the moment it is bound to the node until it is deleted: its volumes, its containers, its status.
 *
 * Guarantees: no process of the Pod runs when it is over; its files stay as long as its log can be asked for.
 */
export class PodWorker {
  readonly #env: PodEnvironment;
  readonly #reporter: StatusReporter;
  readonly #folder: string;
  readonly #logs = new Map<string, ContainerLog[]>();
  readonly #ending = new AbortController();
  readonly #force = new AbortController();
  readonly #deleted = new AbortController();
  #pod: AgentPod;
  #progress: PodProgress;

  constructor(pod: AgentPod, env: PodEnvironment) {
    const ref = refOf(pod);
    const log = env.log.child({ namespace: ref.namespace, pod: ref.name });
    this.#pod = pod;
    this.#env = { ...env, log };
    this.#folder = join(env.dir, 'pods', ref.uid);
    this.#progress = firstProgress(pod, env.node.address, env.clock.now());
    this.#reporter = new StatusReporter({ ...env, ref, log });
  }

  /**
   * Runs the Pod. `over`: its processes are gone and what was reported of them is written. `gone`: it is gone from the apiserver,
   * or the node stopped, and its files are removed. Neither rejects.
   */
  run(): { readonly over: Promise<void>; readonly gone: Promise<void> } {
    const over = this.#run();
    return { over, gone: over.then(() => this.#leave()) };
  }

  async #run(): Promise<void> {
    try {
      if (wasStarted(this.#pod)) this.#lost();
      else if (!this.#deleted.signal.aborted) await this.#live();
    } catch (error) {
      this.#env.log.error('a Pod could not be run', { error });
    }
    await this.#reporter.flush();
  }

  async #leave(): Promise<void> {
    await untilAborted(AbortSignal.any([this.#deleted.signal, this.#env.signal]));
    this.#env.events.forget(refOf(this.#pod).uid);
    await confirmDeletion(this.#env, refOf(this.#pod));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Takes a newer version of the Pod. */
  update(pod: AgentPod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined) return;
    this.#ending.abort();
    this.#deleted.abort();
  }

  /** Called when the Pod is gone from the apiserver. */
  gone(): void {
    this.#ending.abort();
    this.#force.abort();
    this.#deleted.abort();
  }

  /** Called when the node stops: ends what runs, and reports it as failed. */
  stop(): void {
    const over = [...this.#progress.init, ...this.#progress.main].every((each) => each.state.kind === 'ended');
    if (!over) this.#progress = { ...this.#progress, verdict: STOPPED };
    this.#ending.abort();
    this.#force.abort();
  }

  findLog(container: string, previous: boolean): LogAnswer {
    const { name } = refOf(this.#pod);
    const log = this.#logs.get(container)?.at(previous ? -2 : -1);
    if (log !== undefined) return { kind: 'log', log };
    const progress = [...this.#progress.init, ...this.#progress.main].find((each) => each.name === container);
    const none = (status: 400 | 404, message: string): LogAnswer => ({ kind: 'none', status, message });
    if (progress === undefined) return none(404, `container "${container}" not found in pod "${name}"`);
    if (previous) return none(400, `previous terminated container "${container}" in pod "${name}" not found`);
    const reason = progress.state.kind === 'waiting' ? progress.state.reason : 'ContainerCreating';
    return none(400, `container "${container}" in pod "${name}" is waiting to start: ${reason}`);
  }

  async #live(): Promise<void> {
    this.#reporter.report(this.#progress);
    const over = new AbortController();
    const deadline = this.#deadline(over.signal);
    const volumes = await this.#volumes();
    if (volumes !== undefined) {
      const init = this.#pod.spec.initContainers ?? [];
      let ready = true;
      for (const container of init) ready &&= (await this.#container('init', container, volumes))?.exitCode === 0;
      if (ready) await Promise.all(this.#pod.spec.containers.map((each) => this.#container('main', each, volumes)));
    }
    over.abort();
    await deadline;
    // This also reports containers that had not begun when the Pod was ended.
    this.#reporter.report(this.#progress);
  }

  #lost(): void {
    const progress = lostProgress(this.#pod, this.#progress, this.#env.clock.now());
    if (progress === undefined) return;
    this.#progress = progress;
    this.#reporter.report(progress);
  }

  async #deadline(over: AbortSignal): Promise<void> {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const { clock } = this.#env;
    const left = this.#progress.startedAt + seconds * 1000 - clock.now();
    await pause(clock, left, over);
    if (over.aborted) return;
    this.#progress = { ...this.#progress, verdict: DEADLINE };
    void this.#event({ type: 'Normal', reason: 'DeadlineExceeded', note: DEADLINE.message });
    this.#ending.abort();
  }

  /** @returns folders by name; undefined if the Pod was ended before they could be made */
  async #volumes(): Promise<ReadonlyMap<string, string> | undefined> {
    const folder = join(this.#folder, 'volumes');
    for (let look = 0; !this.#ending.signal.aborted; look += 1) {
      const sources = await this.#sources();
      const made =
        typeof sources === 'string'
          ? ({ kind: 'missing', message: sources } as const)
          : await makeVolumes({ ...this.#env, pod: this.#pod, sources, folder });
      if (made.kind === 'ready') return made.folders;
      void this.#event({ type: 'Warning', reason: 'FailedMount', note: made.message });
      await this.#pause(look);
    }
    return undefined;
  }

  /** @returns a message if they could not be read */
  async #sources(): Promise<Sources | string> {
    try {
      return await loadSources(this.#env.client, this.#pod, this.#env.signal);
    } catch (error) {
      if (error instanceof KubeError) return error.message;
      throw error;
    }
  }

  /** Runs a container as often as the Pod's restartPolicy wants. @returns undefined if the Pod was ended before it began */
  async #container(
    kind: Kind,
    container: V1Container,
    volumes: ReadonlyMap<string, string>,
  ): Promise<Ended | undefined> {
    const policy = (this.#pod.spec.restartPolicy ?? 'Always') as RestartPolicy;
    for (let restarts = 0; ; restarts += 1) {
      const end = await this.#attempt({ kind, container, volumes, restarts });
      if (end === undefined) return undefined;
      const over = this.#ending.signal.aborted || !isRestarted({ policy, init: kind === 'init', ...end });
      if (over) {
        this.#set(kind, container.name, { state: end });
        return end;
      }
      const delay = restartDelay(restarts);
      const message = `back-off ${delay / 1000}s restarting failed container=${container.name}`;
      const state = { kind: 'waiting', reason: 'CrashLoopBackOff', message } as const;
      this.#set(kind, container.name, { state, last: end, restarts: restarts + 1 });
      await pause(this.#env.clock, delay, this.#ending.signal);
      if (this.#ending.signal.aborted) {
        this.#set(kind, container.name, { state: end });
        return end;
      }
    }
  }

  async #attempt(given: {
    readonly kind: Kind;
    readonly container: V1Container;
    readonly volumes: ReadonlyMap<string, string>;
    readonly restarts: number;
  }): Promise<Ended | undefined> {
    const { kind, container, volumes, restarts } = given;
    const ready = await this.#ready(kind, container);
    if (ready === undefined) return undefined;
    const { clock, isolation, werf } = this.#env;
    const folder = join(this.#folder, 'containers', container.name, String(restarts));
    const log = new ContainerLog(`${folder}.log`, clock);
    this.#logs.set(container.name, [...(this.#logs.get(container.name) ?? []), log]);
    const end = await runContainer({
      ...ready,
      folder,
      volumes,
      log,
      isolation,
      werf,
      clock,
      messageFromLog: container.terminationMessagePolicy === 'FallbackToLogsOnError',
      onRunning: (startedAt) => {
        this.#set(kind, container.name, { state: { kind: 'running', startedAt } });
        void this.#event({ type: 'Normal', reason: 'Started', note: `Started container ${container.name}` });
      },
      ending: this.#ending.signal,
      force: this.#force.signal,
      graceMs: () => this.#graceMs(),
    });
    if (end.reason === 'StartError') {
      void this.#event({ type: 'Warning', reason: 'Failed', note: `Error: failed to start container: ${end.message}` });
    }
    return end;
  }

  /** Waits until everything that the container's start needs is there. @returns undefined if the Pod was ended before */
  async #ready(kind: Kind, container: V1Container) {
    for (let look = 0; !this.#ending.signal.aborted; look += 1) {
      const sources = await this.#sources();
      const environment =
        typeof sources === 'string'
          ? ({ kind: 'missing', message: sources } as const)
          : environmentOf({ ...this.#env, pod: this.#pod, container, sources });
      const planned =
        environment.kind === 'missing'
          ? ({ kind: 'refused', reason: 'CreateContainerConfigError', message: environment.message } as const)
          : planContainer(this.#pod, container, environment.variables);
      if (planned.kind === 'plan' && environment.kind === 'ready') {
        return { plan: planned.plan, variables: environment.variables };
      }
      if (planned.kind === 'plan') continue;
      const { reason, message } = planned;
      this.#set(kind, container.name, { state: { kind: 'waiting', reason, message } });
      void this.#event({ type: 'Warning', reason: 'Failed', note: `Error: ${message}` });
      await this.#pause(look);
    }
    return undefined;
  }

  async #pause(look: number): Promise<void> {
    const delay = Math.min(LOOK_MS * 2 ** look, LOOK_AT_MOST_MS);
    await pause(this.#env.clock, delay, this.#ending.signal);
  }

  #graceMs(): number {
    const { deletionGracePeriodSeconds } = this.#pod.metadata;
    return (deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  #set(kind: Kind, name: string, change: Partial<ContainerProgress>): void {
    const changed = this.#progress[kind].map((each) => (each.name === name ? { ...each, ...change } : each));
    this.#progress = { ...this.#progress, [kind]: changed };
    this.#reporter.report(this.#progress);
  }

  async #event(event: PodEvent): Promise<void> {
    await this.#env.events.emit(this.#pod, event, this.#env.signal);
  }
}
