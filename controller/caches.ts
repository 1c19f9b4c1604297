import type { Job, KubeObject, ObjectRef, Pod } from '../api/objects.js';
import type { StoredBundle } from '../api/werfbundle.js';
import type { KubeClient, ListOptions, ResourceType } from '../kube/client.js';
import type { Clock, Log, Random } from '../kube/ports.js';
import { type Change, createReflector, type Reflector } from '../kube/reflector.js';
import { JOBS, PODS, WERFBUNDLES } from '../kube/resources.js';
import { ANNOTATIONS, LABELS, MANAGED_BY } from './deploy/names.js';
import { hasEnded } from './deploy/result.js';
import type { World } from './world.js';

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A bundle, or something of it, changed. */
  readonly onChange: (ref: ObjectRef) => void;
  /** A Job came, changed or went. @param active - it is there, and has not ended */
  readonly onJob: (job: ObjectRef, active: boolean) => void;
  /** A bundle came, changed or went; before {@link CacheOptions.onChange}. */
  readonly onBundle: (change: Change<StoredBundle>) => void;
}

/** Jobs and Pods that the controller made: by label, so that the apiserver sends no others. */
const OURS = `${LABELS.managedBy}=${MANAGED_BY}`;

/** Watches on bundles, their Jobs and the Jobs' Pods, in projections: of a Pod only what tells how it went. */
export class Caches implements World {
  readonly #bundles: Reflector<StoredBundle>;
  readonly #jobs: Reflector<Job>;
  readonly #pods: Reflector<Pod>;
  readonly #podsByJob = new Map<string, Map<string, Pod>>();
  readonly #jobsByBundle = new Map<string, Map<string, Job>>();
  readonly #onChange: (ref: ObjectRef) => void;
  readonly #onJob: CacheOptions['onJob'];

  constructor(options: CacheOptions) {
    this.#onChange = options.onChange;
    this.#onJob = options.onJob;
    const reflect = <T extends KubeObject>(
      type: ResourceType,
      list: ListOptions,
      project: (object: T) => T,
      onChange: (change: Change<T>) => void,
    ) => createReflector<T, T>({ ...options, type, list, project, onChange });
    this.#bundles = reflect<StoredBundle>(WERFBUNDLES, {}, projectBundle, (change) => {
      options.onBundle(change);
      this.#onChange(change.ref);
    });
    this.#jobs = reflect<Job>(JOBS, { labelSelector: OURS }, projectJob, (change) => this.#jobChanged(change));
    this.#pods = reflect<Pod>(PODS, { labelSelector: OURS }, projectPod, (change) => this.#podChanged(change));
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#bundles.start(signal), this.#jobs.start(signal), this.#pods.start(signal)]);
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#bundles.whenSynced(signal), this.#jobs.whenSynced(signal), this.#pods.whenSynced(signal)]);
  }

  synced(): boolean {
    return this.#bundles.synced() && this.#jobs.synced() && this.#pods.synced();
  }

  bundle(ref: ObjectRef): StoredBundle | undefined {
    return this.#bundles.get(ref);
  }

  bundles(): IterableIterator<StoredBundle> {
    return this.#bundles.values();
  }

  job(ref: ObjectRef): Job | undefined {
    return this.#jobs.get(ref);
  }

  /** All Jobs that have not ended. */
  activeJobs(): readonly ObjectRef[] {
    return [...this.#jobs.values()]
      .filter((job) => !hasEnded(job))
      .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }));
  }

  jobsOf(bundleUid: string): readonly Job[] {
    return [...(this.#jobsByBundle.get(bundleUid)?.values() ?? [])];
  }

  podsOf(jobUid: string): readonly Pod[] {
    return [...(this.#podsByJob.get(jobUid)?.values() ?? [])];
  }

  #podChanged(change: Change<Pod>): void {
    const uid = (change.after ?? change.before)?.metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid;
    if (uid !== undefined) index(this.#podsByJob, uid, change);
    this.#ofBundle(change);
  }

  #jobChanged(change: Change<Job>): void {
    const { ref, before, after } = change;
    const was = before?.metadata.labels?.[LABELS.bundleUid];
    const is = after?.metadata.labels?.[LABELS.bundleUid];
    if (was !== undefined && was !== is) index(this.#jobsByBundle, was, { ref, before, after: undefined });
    if (is !== undefined) index(this.#jobsByBundle, is, change);
    this.#onJob(ref, after !== undefined && !hasEnded(after));
    this.#ofBundle(change);
  }

  /** Wakes the bundle that a Job or Pod says it was made for. Whether that is true is checked when the Job is used. */
  #ofBundle({ before, after }: Change<KubeObject>): void {
    const annotations = (after ?? before)?.metadata.annotations;
    const namespace = annotations?.[ANNOTATIONS.bundleNamespace];
    const name = annotations?.[ANNOTATIONS.bundle];
    if (namespace !== undefined && name !== undefined) this.#onChange({ namespace, name });
  }
}

/** Keeps an object under its owner's uid. */
const index = <T>(owned: Map<string, Map<string, T>>, uid: string, { ref, after }: Change<T>): void => {
  const key = `${ref.namespace}/${ref.name}`;
  const objects = owned.get(uid) ?? new Map<string, T>();
  if (after === undefined) objects.delete(key);
  else objects.set(key, after);
  if (objects.size === 0) owned.delete(uid);
  else owned.set(uid, objects);
};

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const projectBundle = (bundle: StoredBundle): StoredBundle => {
  const { [LAST_APPLIED]: _, ...annotations } = bundle.metadata.annotations ?? {};
  return { ...bundle, metadata: { ...bundle.metadata, annotations } };
};

/** Of the template only what tells how an end came about: limits and deadline. */
const projectJob = (job: Job): Job => {
  if (job.spec === undefined) return job;
  const { containers, activeDeadlineSeconds } = job.spec.template.spec;
  const limits = Array.isArray(containers) ? containers.map(({ name, resources }) => ({ name, resources })) : [];
  return { ...job, spec: { ...job.spec, template: { spec: { containers: limits, activeDeadlineSeconds } } } };
};

const projectPod = (pod: Pod): Pod => {
  const {
    name = '',
    namespace = '',
    uid = '',
    creationTimestamp = '',
    deletionTimestamp,
    annotations,
    labels,
    ownerReferences,
  } = pod.metadata;
  const metadata = {
    name,
    namespace,
    uid,
    creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(annotations !== undefined && { annotations }),
    ...(labels !== undefined && { labels }),
    ...(ownerReferences !== undefined && { ownerReferences }),
  };
  return { metadata, ...(pod.status !== undefined && { status: pod.status }) };
};
