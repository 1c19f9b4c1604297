import { setMaxListeners } from 'node:events';
import { targetNamespaceOf } from '../../api/names.js';
import { objectKey } from '../../api/object-key.js';
import { type Job, type ObjectRef, type OwnerReference, type Pod, refOf, type Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient, ListOptions, ResourceType } from '../../kube/client.js';
import type { Change } from '../../kube/reflector.js';
import { ReflectorGroup } from '../../kube/reflector-group.js';
import { JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import { TextStore } from '../../kube/text-store.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import { isOurs, type Proof } from '../deploy/job-signature.js';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../deploy/names.js';
import { hasEnded } from '../deploy/result.js';
import type { Lister } from './lister.js';
import { type CachedBundle, projectBundle, projectJob, projectPod, withoutTakeOver } from './projections.js';
import { Releases } from './releases.js';
import type { Share } from './share.js';

interface CachesDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly share: Share;
  /** By what Jobs and statuses are known to be the controller's own; `signsSince` may begin later. */
  readonly proof: () => Proof;
  /** A bundle, or one of its Jobs or Pods, changed. */
  readonly onChange: (ref: ObjectRef) => void;
  /** A Job of the share was created, changed or deleted, or entered or left the share. @param active - it exists, and has not ended */
  readonly onJob: (job: ObjectRef, active: boolean) => void;
  /** A bundle was created, changed or deleted; called before {@link CachesDeps.onChange}. */
  readonly onBundle: (change: Change<CachedBundle>) => void;
}

/** Jobs and Pods that the controller made: by label, so that the apiserver sends no others. */
const OURS = `${LABELS.managedBy}=${MANAGED_BY}`;

/** How long a bundle that is the first to deploy into a namespace waits for its Jobs and Pods to sync; they never do without the rights. */
const OPENING_MS = 10_000;

/**
 * Watches bundles, their Jobs and the Jobs' Pods, and keeps projections of them: of a Pod only what tells its outcome.
 * With a share of namespaces, each namespace is watched by itself, and Jobs and Pods wherever a bundle deploys to.
 */
export class Caches implements Lister {
  readonly #deps: CachesDeps;
  readonly #bundles: ReflectorGroup<StoredBundle, CachedBundle>;
  readonly #jobs: ReflectorGroup<Stored<Job>, Stored<Job>>;
  readonly #pods: ReflectorGroup<Stored<Pod>, Stored<Pod>>;
  readonly #openings = new Map<string, Promise<void>>();
  /** Jobs by the uids of their bundles; Pods by the namespaces and uids of their Jobs. */
  readonly #owned = { jobs: new Owned(), pods: new Owned() };
  /** Jobs that have not ended, those of other shares included. */
  readonly #unended = new Map<string, ObjectRef>();
  readonly #releases = new Releases();
  /** Keys of the bundles whose status is taken over. */
  readonly #unsigned = new Set<string>();
  readonly #stopped = new AbortController();
  #filled = false;

  constructor(deps: CachesDeps) {
    this.#deps = deps;
    setMaxListeners(0, this.#stopped.signal);
    const { namespaces, labelSelector } = deps.share;
    const group = <S extends Stored, P extends S>(
      type: ResourceType<S>,
      list: ListOptions,
      project: (object: S, before: () => P | undefined) => P,
      onChange: (change: Change<P>) => void,
    ) => new ReflectorGroup<S, P>({ ...deps, type, list, project, onChange, texts: new TextStore() });
    const mine = labelSelector === undefined ? {} : { labelSelector };
    const ours = { labelSelector: OURS };
    this.#bundles = group<StoredBundle, CachedBundle>(
      WERFBUNDLES,
      mine,
      (bundle, before) => projectBundle(bundle, deps.proof(), before),
      (change) => this.#bundleChanged(change),
    );
    this.#jobs = group<Stored<Job>, Stored<Job>>(
      JOBS,
      ours,
      (job) => projectJob(job, deps.proof()),
      (change) => this.#jobChanged(change),
    );
    this.#pods = group<Stored<Pod>, Stored<Pod>>(PODS, ours, projectPod, (change) => this.#podChanged(change));
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

  /** Whether {@link Caches.whenSynced} has resolved. */
  synced(): boolean {
    return this.#filled;
  }

  bundle(ref: ObjectRef): CachedBundle | undefined {
    const bundle = this.#bundles.get(ref);
    return bundle && withoutTakeOver(bundle, this.#deps.proof());
  }

  /**
   * How many bundles have a status that is believed though the controller has not signed it. One that others have written over its own
   * does not count: whoever does so again and again would keep the take-over from ending.
   */
  unsigned(): number {
    return this.#unsigned.size;
  }

  bundles(): IterableIterator<StoredBundle> {
    return this.#bundles.values();
  }

  /** The names of all bundles, which cost less than the bundles. */
  bundleRefs(): IterableIterator<ObjectRef> {
    return this.#bundles.refs();
  }

  olderHolder(bundle: StoredBundle): ObjectRef | undefined {
    return this.#releases.olderHolder(bundle);
  }

  otherHolders(bundle: StoredBundle): readonly ObjectRef[] {
    return this.#releases.otherHolders(bundle);
  }

  job(ref: ObjectRef): Stored<Job> | undefined {
    return this.#jobs.get(ref);
  }

  /** All Jobs of the share that have not ended. */
  activeJobs(): readonly ObjectRef[] {
    return [...this.#unended.values()].filter((ref) => {
      const job = this.#jobs.get(ref);
      return job !== undefined && this.#isActive(job);
    });
  }

  jobsOf(bundleUid: string): readonly Stored<Job>[] {
    return this.#owned.jobs.of(bundleUid).flatMap((ref) => this.#jobs.get(ref) ?? []);
  }

  podsOf({ metadata: { namespace, uid } }: Stored<Job>): readonly Stored<Pod>[] {
    return this.#owned.pods.of(objectKey({ namespace, name: uid })).flatMap((ref) => this.#pods.get(ref) ?? []);
  }

  #everywhere(): boolean {
    return this.#deps.share.namespaces.length === 0;
  }

  /** Wakes a bundle only when the Jobs and Pods in its target namespace have synced. */
  #bundleChanged(change: Change<CachedBundle>): void {
    const { onBundle, onChange } = this.#deps;
    if (change.after?.isTakenOver === undefined) this.#unsigned.delete(objectKey(change.ref));
    else this.#unsigned.add(objectKey(change.ref));
    onBundle(change);
    this.#shareChanged(change);
    for (const rival of this.#releases.changed(change)) onChange(rival);
    if (change.after === undefined || this.#everywhere()) onChange(change.ref);
    else void this.#open(targetNamespaceOf(change.after)).then(() => onChange(change.ref));
  }

  /** When a bundle enters or leaves the share, its Jobs do as well. */
  #shareChanged({ before, after }: Change<StoredBundle>): void {
    if (before?.metadata.uid === after?.metadata.uid) return;
    for (const bundle of [before, after])
      for (const job of bundle === undefined ? [] : this.jobsOf(bundle.metadata.uid))
        this.#deps.onJob(refOf(job), this.#isActive(job));
  }

  /**
   * Whether a Job occupies one of this controller's slots. Jobs of other controllers' shares do not; without shares, all of ours do.
   */
  #isActive(job: Job): boolean {
    if (!isOurs(job) || hasEnded(job)) return false;
    const { namespaces, labelSelector } = this.#deps.share;
    return (namespaces.length === 0 && labelSelector === undefined) || this.#bundleOf(job) !== undefined;
  }

  /** The bundle of the share that a Job was made for. */
  #bundleOf({ metadata: { annotations, labels } }: Job): StoredBundle | undefined {
    const { [ANNOTATIONS.bundleNamespace]: namespace, [ANNOTATIONS.bundle]: name } = annotations ?? {};
    if (namespace === undefined || name === undefined) return undefined;
    const bundle = this.#bundles.get({ namespace, name });
    return bundle?.metadata.uid === labels?.[LABELS.bundleUid] ? bundle : undefined;
  }

  /** Never rejects. If the controller may not watch there, the bundle's Job is refused, and its status says so. */
  #open(namespace: string): Promise<void> {
    const opening = this.#openings.get(namespace) ?? this.#follow(namespace);
    this.#openings.set(namespace, opening);
    return opening;
  }

  async #follow(namespace: string): Promise<void> {
    const { clock, log } = this.#deps;
    const groups = [this.#jobs, this.#pods];
    for (const group of groups) group.follow(namespace);
    const deadline = new Deadline(clock, OPENING_MS, this.#stopped);
    const synced = deadline.run((signal) => Promise.all(groups.map((group) => group.whenSyncedIn(namespace, signal))));
    await synced.catch((error: unknown) => {
      if (!deadline.signal.aborted) throw error;
    });
    if (deadline.expired) log.warn('Jobs and Pods of a target namespace can not be watched', { namespace });
  }

  #podChanged(change: Change<Stored<Pod>>): void {
    this.#owned.pods.changed(change, (pod) => {
      const owner = ownerOf(pod);
      return owner && objectKey({ namespace: pod.metadata.namespace, name: owner.uid });
    });
    const pod = change.after ?? change.before;
    const owner = pod && ownerOf(pod);
    const job = owner && this.#jobs.get({ namespace: change.ref.namespace, name: owner.name });
    if (job?.metadata.uid === owner?.uid) this.#wakeBundleOf(job);
  }

  #jobChanged(change: Change<Stored<Job>>): void {
    const { ref, before, after } = change;
    this.#owned.jobs.changed(change, ({ metadata }) => metadata.labels?.[LABELS.bundleUid]);
    if (after !== undefined && isOurs(after) && !hasEnded(after)) this.#unended.set(objectKey(ref), ref);
    else this.#unended.delete(objectKey(ref));
    this.#deps.onJob(ref, after !== undefined && this.#isActive(after));
    this.#wakeBundleOf(after ?? before);
  }

  /** Wakes the bundle that a Job was made for. */
  #wakeBundleOf(job: Job | undefined): void {
    // Otherwise the bundle may be in another controller's share.
    const bundle = job && this.#bundleOf(job);
    if (bundle !== undefined) this.#deps.onChange(refOf(bundle));
  }
}

/** The Job that a Pod belongs to, as the Job controller writes it. */
const ownerOf = ({ metadata }: Pod): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Job' && controller === true);

/** The names of objects by the uid of their owner. */
class Owned {
  /** Most have one: a list of one takes a fifth of what a Map takes, if it is made no longer. */
  readonly #byOwner = new Map<string, readonly ObjectRef[]>();

  of(owner: string): readonly ObjectRef[] {
    return this.#byOwner.get(owner) ?? [];
  }

  changed<T>({ ref, before, after }: Change<T>, ownerOf: (object: T) => string | undefined): void {
    const was = before && ownerOf(before);
    const is = after && ownerOf(after);
    if (was === is) return;
    if (was !== undefined) this.#leave(was, ref);
    if (is !== undefined) this.#byOwner.set(is, this.of(is).concat(ref));
  }

  #leave(owner: string, { namespace, name }: ObjectRef): void {
    const left = this.of(owner).filter((ref) => ref.namespace !== namespace || ref.name !== name);
    if (left.length === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, left);
  }
}
