import type { ContainerStatus, Job, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { ANNOTATIONS, KUEUE_QUEUE, LABELS } from '../deploy/names.js';

/** The labels and annotations that the controller reads. A Pod needs few, since its Job has them all. */
const KEPT = {
  job: {
    labels: [LABELS.bundleUid, LABELS.jobKind, KUEUE_QUEUE],
    annotations: [...Object.values(ANNOTATIONS).filter((name) => name !== ANNOTATIONS.operatorVersion), KUEUE_QUEUE],
  },
  pod: { labels: [], annotations: [ANNOTATIONS.bundle, ANNOTATIONS.bundleNamespace] },
} as const satisfies Record<string, Kept>;

interface Kept {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What the caches keep of a bundle. The last Job's log, which can be the larger part of it, becomes '': no decision depends on it, and
 * as long as it stays '' in a status, no patch touches it.
 */
export const projectBundle = (bundle: StoredBundle): StoredBundle => {
  const { [LAST_APPLIED]: _, ...annotations } = bundle.metadata.annotations ?? {};
  const { status } = bundle;
  return {
    ...bundle,
    metadata: { ...bundle.metadata, annotations },
    ...(status?.lastJobLogs !== undefined && { status: { ...status, lastJobLogs: '' } }),
  };
};

/** What they keep of a Job: what it was made for, its image, limits, deadlines and ServiceAccount, and its outcome. */
export const projectJob = ({ metadata, spec, status }: Stored<Job>): Stored<Job> => {
  const { containers, activeDeadlineSeconds, serviceAccountName } = spec?.template.spec ?? {};
  const kept = Array.isArray(containers)
    ? containers.map(({ name, image, resources }) => ({ name, image, resources }))
    : [];
  const deadline = activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds };
  const account = serviceAccountName === undefined ? {} : { serviceAccountName };
  const suspend = spec?.suspend === true ? { suspend: true } : {};
  return {
    metadata: projectMetadata(metadata, KEPT.job),
    ...(spec !== undefined && {
      spec: { ...suspend, template: { spec: { containers: kept, ...deadline, ...account } } },
    }),
    ...(status !== undefined && { status }),
  };
};

/** What they keep of a Pod: what tells its outcome. */
export const projectPod = ({ metadata, status }: Stored<Pod>): Stored<Pod> => {
  const owners = metadata.ownerReferences?.map(({ apiVersion, kind, name, uid }) => ({ apiVersion, kind, name, uid }));
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

const only = (names: readonly string[], texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => names.includes(name)));

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
