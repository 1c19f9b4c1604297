import { setMaxListeners } from 'node:events';
import { targetNamespaceOf } from '../api/names.js';
import type { Job, KubeObject, ObjectRef, Pod } from '../api/objects.js';
import type { StoredBundle } from '../api/werfbundle.js';
import type { KubeClient, ListOptions, ResourceType } from '../kube/client.js';
import type { Clock, Log, Random } from '../kube/ports.js';
import type { Change } from '../kube/reflector.js';
import { ReflectorGroup } from '../kube/reflector-group.js';
import { JOBS, PODS, WERFBUNDLES } from '../kube/resources.js';
import { ANNOTATIONS, LABELS, MANAGED_BY } from './deploy/names.js';
import { hasEnded } from './deploy/result.js';
import { projectBundle, projectJob, projectPod } from './projections.js';
import { Releases } from './releases.js';
import type { Share } from './share.js';
import type { World } from './world.js';

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly share: Share;
  /** A bundle, or something of it, changed. */
  readonly onChange: (ref: ObjectRef) => void;
  /** A Job of the share came, changed or went, or came into it or left it. @param active - it is there, and has not ended */
  readonly onJob: (job: ObjectRef, active: boolean) => void;
  /** A bundle came, changed or went; before {@link CacheOptions.onChange}. */
  readonly onBundle: (change: Change<StoredBundle>) => void;
}

/** Jobs and Pods that the controller made: by label, so that the apiserver sends no others. */
const OURS = `${LABELS.managedBy}=${MANAGED_BY}`;

/** How long bundles wait for Jobs and Pods of a namespace that they are the first to deploy into; where the rights are missing. */
const OPENING_MS = 10_000;

/**
 * Watches on bundles, their Jobs and the Jobs' Pods, in projections: of a Pod only what tells how it went.
 * With a share of namespaces, each namespace is watched by itself, and Jobs and Pods wherever a bundle deploys to.
 */
export class Caches implements World {
  readonly #options: CacheOptions;
  readonly #bundles: ReflectorGroup<StoredBundle, StoredBundle>;
  readonly #jobs: ReflectorGroup<Job, Job>;
  readonly #pods: ReflectorGroup<Pod, Pod>;
  readonly #openings = new Map<string, Promise<void>>();
  readonly #podsByJob = new Map<string, Map<string, Pod>>();
  readonly #jobsByBundle = new Map<string, Map<string, Job>>();
  readonly #releases = new Releases();
  readonly #stopped = new AbortController();
  #filled = false;

  constructor(options: CacheOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopped.signal);
    const { namespaces, labelSelector } = options.share;
    const group = <T extends KubeObject>(
      type: ResourceType,
      list: ListOptions,
      project: (object: T) => T,
      onChange: (change: Change<T>) => void,
    ) => new ReflectorGroup<T, T>({ ...options, type, list, project, onChange });
    const mine = labelSelector === undefined ? {} : { labelSelector };
    const ours = { labelSelector: OURS };
    this.#bundles = group<StoredBundle>(WERFBUNDLES, mine, projectBundle, (change) => this.#bundleChanged(change));
    this.#jobs = group<Job>(JOBS, ours, projectJob, (change) => this.#jobChanged(change));
    this.#pods = group<Pod>(PODS, ours, projectPod, (change) => this.#podChanged(change));
    if (namespaces.length === 0) for (const each of [this.#bundles, this.#jobs, this.#pods]) each.follow('');
    for (const namespace of namespaces) this.#bundles.follow(namespace);
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stopped.abort(signal.reason), { once: true });
    await Promise.all([this.#bundles, this.#jobs, this.#pods].map((each) => each.start(signal)));
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await this.#bundles.whenSynced(signal);
    if (this.#everywhere()) await Promise.all([this.#jobs.whenSynced(signal), this.#pods.whenSynced(signal)]);
    else await Promise.all(this.#openings.values());
    this.#filled = true;
  }

  /** {@link Caches.whenSynced} has resolved. */
  synced(): boolean {
    return this.#filled;
  }

  bundle(ref: ObjectRef): StoredBundle | undefined {
    return this.#bundles.get(ref);
  }

  bundles(): IterableIterator<StoredBundle> {
    return this.#bundles.values();
  }

  olderHolder(bundle: StoredBundle): ObjectRef | undefined {
    return this.#releases.olderHolder(bundle);
  }

  job(ref: ObjectRef): Job | undefined {
    return this.#jobs.get(ref);
  }

  /** All Jobs of the share that have not ended. */
  activeJobs(): readonly ObjectRef[] {
    return [...this.#jobs.values()].filter((job) => this.#isActive(job)).map(refOf);
  }

  jobsOf(bundleUid: string): readonly Job[] {
    return [...(this.#jobsByBundle.get(bundleUid)?.values() ?? [])];
  }

  podsOf(jobUid: string): readonly Pod[] {
    return [...(this.#podsByJob.get(jobUid)?.values() ?? [])];
  }

  #everywhere(): boolean {
    return this.#options.share.namespaces.length === 0;
  }

  /** A bundle is not looked at before what it may have left in its target namespace is seen. */
  #bundleChanged(change: Change<StoredBundle>): void {
    const { onBundle, onChange } = this.#options;
    onBundle(change);
    this.#shareChanged(change);
    for (const rival of this.#releases.changed(change)) onChange(rival);
    if (change.after === undefined || this.#everywhere()) onChange(change.ref);
    else void this.#open(targetNamespaceOf(change.after)).then(() => onChange(change.ref));
  }

  /** A bundle comes into the share with its Jobs, and leaves it with them. */
  #shareChanged({ before, after }: Change<StoredBundle>): void {
    if (before?.metadata.uid === after?.metadata.uid) return;
    for (const uid of [before?.metadata.uid, after?.metadata.uid])
      for (const job of this.jobsOf(uid ?? '')) this.#options.onJob(refOf(job), this.#isActive(job));
  }

  /**
   * Whether a Job takes a place of those that this controller has to give. Other controllers' Jobs are not its own to count; where
   * there are no others, all are.
   */
  #isActive(job: Job): boolean {
    if (hasEnded(job)) return false;
    const { namespaces, labelSelector } = this.#options.share;
    return (namespaces.length === 0 && labelSelector === undefined) || this.#bundleOf(job) !== undefined;
  }

  /** The bundle of the share that a Job was made for. */
  #bundleOf({ metadata: { annotations, labels } }: Job): StoredBundle | undefined {
    const { [ANNOTATIONS.bundleNamespace]: namespace = '', [ANNOTATIONS.bundle]: name = '' } = annotations ?? {};
    const bundle = this.#bundles.get({ namespace, name });
    return bundle?.metadata.uid === labels?.[LABELS.bundleUid] ? bundle : undefined;
  }

  /** Never rejects. Where nothing may be watched, the bundle's Job is refused, and the bundle says so. */
  #open(namespace: string): Promise<void> {
    const opening = this.#openings.get(namespace) ?? this.#follow(namespace);
    this.#openings.set(namespace, opening);
    return opening;
  }

  async #follow(namespace: string): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopped;
    const groups = [this.#jobs, this.#pods];
    for (const group of groups) group.follow(namespace);
    const synced = Promise.all(groups.map((group) => group.whenSyncedIn(namespace, signal))).then(() => true);
    const late = clock.sleep(OPENING_MS, signal).then(() => false);
    late.catch(() => {});
    const opened = await Promise.race([synced, late]).catch(() => true);
    if (!opened) log.warn('Jobs and Pods of a target namespace can not be watched', { namespace });
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
    this.#options.onJob(ref, after !== undefined && this.#isActive(after));
    this.#ofBundle(change);
  }

  /** Wakes the bundle that a Job or Pod says it was made for. Whether that is true is checked when the Job is used. */
  #ofBundle({ before, after }: Change<KubeObject>): void {
    const annotations = (after ?? before)?.metadata.annotations;
    const namespace = annotations?.[ANNOTATIONS.bundleNamespace];
    const name = annotations?.[ANNOTATIONS.bundle];
    if (namespace === undefined || name === undefined) return;
    // Another controller's share, perhaps.
    if (this.#bundles.get({ namespace, name }) !== undefined) this.#options.onChange({ namespace, name });
  }
}

const refOf = ({ metadata: { namespace = '', name = '' } }: KubeObject): ObjectRef => ({ namespace, name });

/** Keeps an object under its owner's uid. */
const index = <T>(owned: Map<string, Map<string, T>>, uid: string, { ref, after }: Change<T>): void => {
  const key = `${ref.namespace}/${ref.name}`;
  const objects = owned.get(uid) ?? new Map<string, T>();
  if (after === undefined) objects.delete(key);
  else objects.set(key, after);
  if (objects.size === 0) owned.delete(uid);
  else owned.set(uid, objects);
};
