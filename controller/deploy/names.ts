import type { Job, KubeObject } from '../../api/objects.js';

/** The container whose exit code is a deployment's outcome; `kubectl logs -c werf` of the guide. */
export const CONTAINER = 'werf';

/** Labels of a deployment's Job, its Pod and its Secrets. Values are label-safe forms of what they name. */
export const LABELS = {
  name: 'app.kubernetes.io/name',
  /** The bundle's name: `kubectl get job -l app.kubernetes.io/instance=my-app` of the guide. */
  instance: 'app.kubernetes.io/instance',
  managedBy: 'app.kubernetes.io/managed-by',
  bundle: 'werf.io/bundle',
  bundleNamespace: 'werf.io/bundle-namespace',
  bundleUid: 'werf.io/bundle-uid',
  /** On a Secret: the Job that it was made for. */
  job: 'werf.io/job',
  /** The purpose of a Job that deploys nothing: {@link PLAN}. A deployment's Job has no such label. */
  jobKind: 'werf.io/job-kind',
  /** On a Secret that belongs to no Job: {@link KEPT}. */
  secretKind: 'werf.io/secret-kind',
} as const;

/** On a Job, made by others: the LocalQueue of Kueue that admits it. Older versions of Kueue read an annotation of this name. */
export const KUEUE_QUEUE = 'kueue.x-k8s.io/queue-name';

/** Value of {@link LABELS}.name. */
export const APP_NAME = 'werfbundle';
/** Value of {@link LABELS}.managedBy, by which the controller finds its own objects. */
export const MANAGED_BY = 'werfbundle-controller';

/** Value of {@link LABELS}.jobKind: the Job only plans, to check for drift, or before a deployment. */
export const PLAN = 'plan';
/** Value of {@link LABELS}.secretKind: the Secret keeps what the last successful deployment was made with. */
export const KEPT = 'kept';

/**
 * The highest number of a deployment, or of a check, that is believed of what is not signed: the CRD allows a thousand times as many, so
 * that there is always a next one.
 */
export const HIGHEST_NUMBER = 999_999_999_999;

/** Annotations of the same objects, which hold in full what a label would have to cut. */
export const ANNOTATIONS = {
  bundle: 'werf.io/bundle',
  bundleNamespace: 'werf.io/bundle-namespace',
  number: 'werf.io/deployment-number',
  tag: 'werf.io/tag',
  digest: 'werf.io/digest',
  reason: 'werf.io/reason',
  checksum: 'werf.io/checksum',
  /** On a plan's Job: the number of the check. The others say which deployment is checked. */
  driftCheck: 'werf.io/drift-check',
  /** On the Job of a plan before a deployment: its number. The others say what would be deployed, after which deployment. */
  plan: 'werf.io/plan',
  /** On the Job of a plan that werf saves, and on that of a deployment which applies it: the number of the plan. */
  savedPlan: 'werf.io/saved-plan',
  operatorVersion: 'werf.io/operator-version',
  /** On a Job: the names of its own Secrets, separated by commas. The one with the values is needed to redact the Job's log. */
  secrets: 'werf.io/secrets',
  /** On a Job's template: proof that the controller has made the Job, for what the others say. */
  signature: 'werf.io/signature',
} as const;

/**
 * Whether a Job was made for this deployment of this bundle. A Job of the same name that somebody else made, or that an earlier
 * bundle of the same name left, was not.
 */
export const belongsTo = (job: Job, deployment: { readonly uid: string; readonly number: number }): boolean =>
  job.metadata.labels?.[LABELS.bundleUid] === deployment.uid &&
  job.metadata.annotations?.[ANNOTATIONS.number] === String(deployment.number);

/**
 * Whether a Job or a Secret was made for just this deployment. The number alone does not tell: after a status was lost, numbers
 * begin anew, and objects of an earlier deployment of the same number have other contents.
 */
export const madeFor = (
  object: KubeObject,
  uid: string,
  deployment: { readonly number: number; readonly digest: string; readonly checksum: string },
): boolean => {
  const { labels, annotations } = object.metadata;
  return (
    labels?.[LABELS.bundleUid] === uid &&
    annotations?.[ANNOTATIONS.number] === String(deployment.number) &&
    annotations[ANNOTATIONS.digest] === deployment.digest &&
    annotations[ANNOTATIONS.checksum] === deployment.checksum
  );
};

/**
 * Whether an existing object was made for the same purpose as one that is to be created under its name: the same deployment of
 * the same bundle or, for a plan, the same check of it, or the same plan of a deployment.
 */
export const madeAlike = (found: KubeObject, wanted: KubeObject): boolean =>
  found.metadata.labels?.[LABELS.bundleUid] === wanted.metadata.labels?.[LABELS.bundleUid] &&
  MADE_FOR.every((name) => found.metadata.annotations?.[name] === wanted.metadata.annotations?.[name]);

/** As {@link madeAlike}, but even if they were made of other values, which may have changed between two tries. */
export const hasSameNumber = (found: KubeObject, wanted: KubeObject): boolean =>
  found.metadata.labels?.[LABELS.bundleUid] === wanted.metadata.labels?.[LABELS.bundleUid] &&
  NUMBERS.every((name) => found.metadata.annotations?.[name] === wanted.metadata.annotations?.[name]);

const NUMBERS = [ANNOTATIONS.number, ANNOTATIONS.driftCheck, ANNOTATIONS.plan];
const MADE_FOR = [...NUMBERS, ANNOTATIONS.digest, ANNOTATIONS.checksum];
