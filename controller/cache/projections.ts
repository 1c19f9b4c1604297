import type { ContainerStatus, Job, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { isOurs, only, type Proof, provenJob } from '../deploy/job-signature.js';
import { tracedJob, traceOfJob } from '../deploy/job-trace.js';
import { ANNOTATIONS, KUEUE_QUEUE, LABELS } from '../deploy/names.js';
import { isFromBefore, isUntouched, provenStatus, revisionOf } from '../deploy/status-signature.js';

/** The labels and annotations that the controller reads. A Pod needs none, since its Job has them all. */
const KEPT = {
  job: {
    labels: [LABELS.bundleUid, LABELS.jobKind, KUEUE_QUEUE],
    annotations: [...Object.values(ANNOTATIONS).filter((name) => name !== ANNOTATIONS.operatorVersion), KUEUE_QUEUE],
  },
  pod: { labels: [], annotations: [] },
} as const satisfies Record<string, Kept>;

/** A bundle as the caches have it. */
export interface CachedBundle extends StoredBundle {
  /**
   * The status that is stored, if the controller has not written it: `status` is then the last one that it is known to have written, or
   * missing.
   */
  readonly storedStatus?: WerfBundleStatus;
  /** Whether `status` is the stored one all the same, since it is from before this installation signed what it writes. */
  readonly isTakenOver?: true;
}

interface Kept {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What the caches keep of a bundle. The last Job's log, which can be the larger part of it, becomes '': no decision depends on it, and
 * as long as it stays '' in a status, no patch touches it.
 *
 * A status that others have written, or written back, is kept apart, and the last one that was the controller's own stays in its place.
 * @param before - what was kept of it until now
 */
export const projectBundle = (
  bundle: StoredBundle,
  proof: Proof,
  before: () => CachedBundle | undefined = () => undefined,
): CachedBundle => {
  const { [LAST_APPLIED]: _, ...annotations } = bundle.metadata.annotations ?? {};
  const { status, ...rest } = bundle;
  const kept = { ...rest, metadata: { ...bundle.metadata, annotations } };
  if (status === undefined) return kept;
  const stored = withoutLog(status);
  const proven = provenStatus(bundle, stored, proof.key);
  const known = laterOf(proven, lastOwn(before(), bundle));
  if (known === stored) return { ...kept, status: stored };
  if (known === undefined && isUntouched(stored)) return { ...kept, status: stored };
  if (known === undefined && isFromBefore(stored, proof))
    return { ...kept, status: stored, storedStatus: stored, isTakenOver: true };
  return { ...kept, ...(known !== undefined && { status: withLogOf(known, stored) }), storedStatus: stored };
};

/** The bundle as it is known once this installation signs what it writes: what was taken over before that may have been forged since. */
export const withoutTakeOver = (bundle: CachedBundle, { signsSince }: Proof): CachedBundle => {
  if (bundle.isTakenOver === undefined || signsSince === undefined) return bundle;
  const { status: _, isTakenOver: __, ...rest } = bundle;
  return rest;
};

const lastOwn = (
  before: CachedBundle | undefined,
  { metadata: { uid } }: StoredBundle,
): WerfBundleStatus | undefined =>
  before?.metadata.uid === uid && before.isTakenOver === undefined && before.status?.signature !== undefined
    ? before.status
    : undefined;

/** Of what is stored and what is remembered. Of the same revision, the stored one may have a counter that people have lowered. */
const laterOf = (
  stored: WerfBundleStatus | undefined,
  remembered: WerfBundleStatus | undefined,
): WerfBundleStatus | undefined =>
  stored !== undefined && revisionOf(stored) >= revisionOf(remembered) ? stored : (remembered ?? stored);

/** Whether the controller has written a later status than the one that is known of a bundle. */
export const isOvertaken = ({ status, isTakenOver }: CachedBundle, written: WerfBundleStatus | undefined): boolean =>
  (isTakenOver ? 0 : revisionOf(status)) < revisionOf(written);

/** The bundle with the status that the controller has written last, which is not the stored one. */
export const withOwnStatus = (bundle: CachedBundle, own: WerfBundleStatus): CachedBundle => {
  const { isTakenOver: _, ...rest } = bundle;
  const storedStatus = bundle.storedStatus ?? bundle.status ?? {};
  return { ...rest, status: withLogOf(own, storedStatus), storedStatus };
};

const withoutLog = (status: WerfBundleStatus): WerfBundleStatus =>
  status.lastJobLogs === undefined ? status : { ...status, lastJobLogs: '' };

/** The log stays as it is stored, since nobody knows what it was. */
const withLogOf = (known: WerfBundleStatus, { lastJobLogs }: WerfBundleStatus): WerfBundleStatus => {
  const { lastJobLogs: _, ...rest } = known;
  return { ...rest, ...(lastJobLogs !== undefined && { lastJobLogs }) };
};

/** What they keep of a Job: what it is proven to be made for, its image, limits, deadlines and ServiceAccount, and its outcome. */
export const projectJob = (job: Stored<Job>, proof: Proof): Stored<Job> => {
  const proven = provenJob(job, proof);
  const { metadata, spec, status } = proven;
  const { containers, activeDeadlineSeconds, serviceAccountName } = spec?.template.spec ?? {};
  const kept = Array.isArray(containers)
    ? containers.map(({ name, image, resources }) => ({ name, image, resources }))
    : [];
  const deadline = activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds };
  const account = serviceAccountName === undefined ? {} : { serviceAccountName };
  const suspend = spec?.suspend === true ? { suspend: true } : {};
  const projected = {
    metadata: projectMetadata(metadata, KEPT.job),
    ...(spec !== undefined && {
      spec: { ...suspend, template: { spec: { containers: kept, ...deadline, ...account } } },
    }),
    ...(status !== undefined && { status }),
  };
  return isOurs(proven) ? tracedJob(projected, traceOfJob(proven)) : projected;
};

/** What they keep of a Pod: what tells its outcome. */
export const projectPod = ({ metadata, status }: Stored<Pod>): Stored<Pod> => {
  const owners = metadata.ownerReferences?.map(({ apiVersion, kind, name, uid, controller }) => ({
    apiVersion,
    kind,
    name,
    uid,
    ...(controller !== undefined && { controller }),
  }));
  return {
    metadata: { ...projectMetadata(metadata, KEPT.pod), ...(owners !== undefined && { ownerReferences: owners }) },
    ...(status !== undefined && { status: projectPodStatus(status) }),
  };
};

const projectMetadata = (metadata: Stored<Job | Pod>['metadata'], kept: Kept): Stored<Job | Pod>['metadata'] => {
  const { name, namespace, uid, resourceVersion, creationTimestamp = '', deletionTimestamp, finalizers } = metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(finalizers !== undefined && { finalizers }),
    labels: only(kept.labels, metadata.labels),
    annotations: only(kept.annotations, metadata.annotations),
  };
};

const projectPodStatus = (status: NonNullable<Pod['status']>): NonNullable<Pod['status']> => {
  const { phase, reason, message, conditions, containerStatuses, initContainerStatuses } = status;
  return {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    // Conditions that are True are not needed, except DisruptionTarget.
    ...(conditions !== undefined && {
      conditions: conditions.filter(({ type, status }) => type === 'DisruptionTarget' || status !== 'True'),
    }),
    ...(containerStatuses !== undefined && { containerStatuses: containerStatuses.map(projectContainer) }),
    ...(initContainerStatuses !== undefined && { initContainerStatuses: initContainerStatuses.map(projectContainer) }),
  };
};

const projectContainer = ({ name, restartCount, ready, state }: ContainerStatus): ContainerStatus => ({
  name,
  ...(restartCount !== undefined && { restartCount }),
  ...(ready !== undefined && { ready }),
  ...(state !== undefined && { state }),
});
