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
  /** Of a Secret: the Job that it was made for. */
  job: 'werf.io/job',
  /** What a Job that deploys nothing is for: {@link PLAN}. A deployment's has none. */
  jobKind: 'werf.io/job-kind',
} as const;

/** Value of {@link LABELS}.name. */
export const APP_NAME = 'werfbundle';
/** Value of {@link LABELS}.managedBy, by which the controller finds what is its own. */
export const MANAGED_BY = 'werfbundle-controller';

/** Value of {@link LABELS}.jobKind: the Job looks whether what is deployed has drifted. */
export const PLAN = 'plan';

/** Annotations of the same, in full where a label would have to be cut. */
export const ANNOTATIONS = {
  bundle: 'werf.io/bundle',
  bundleNamespace: 'werf.io/bundle-namespace',
  number: 'werf.io/deployment-number',
  tag: 'werf.io/tag',
  digest: 'werf.io/digest',
  reason: 'werf.io/reason',
  checksum: 'werf.io/checksum',
  /** Of a plan's Job: which check it is. The others say which deployment is checked. */
  driftCheck: 'werf.io/drift-check',
  operatorVersion: 'werf.io/operator-version',
  /** Of a Job: the names of its own Secrets, separated by commas. Its log may be shown only with the help of the one with values. */
  secrets: 'werf.io/secrets',
} as const;

/**
 * Whether a Job was made for this deployment of this bundle. Not so for a Job of the same name that somebody else made, or that
 * an earlier bundle of the same name left behind.
 */
export const belongsTo = (job: Job, deployment: { readonly uid: string; readonly number: number }): boolean =>
  job.metadata.labels?.[LABELS.bundleUid] === deployment.uid &&
  job.metadata.annotations?.[ANNOTATIONS.number] === String(deployment.number);

/**
 * Whether a Job or a Secret was made for just this deployment. The number alone does not tell: where a status was lost, numbers
 * begin anew, and what an earlier deployment of the same number left has other contents.
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
 * Whether an object that was found under a name was made for the same as one that is to be created under it: the same deployment
 * of the same bundle or, of a plan, the same check of it.
 */
export const madeAlike = (found: KubeObject, wanted: KubeObject): boolean =>
  found.metadata.labels?.[LABELS.bundleUid] === wanted.metadata.labels?.[LABELS.bundleUid] &&
  MADE_FOR.every((name) => found.metadata.annotations?.[name] === wanted.metadata.annotations?.[name]);

/** The same, whatever values it was made of: between two tries they may have changed. */
export const hasSameNumber = (found: KubeObject, wanted: KubeObject): boolean =>
  found.metadata.labels?.[LABELS.bundleUid] === wanted.metadata.labels?.[LABELS.bundleUid] &&
  NUMBERS.every((name) => found.metadata.annotations?.[name] === wanted.metadata.annotations?.[name]);

const NUMBERS = [ANNOTATIONS.number, ANNOTATIONS.driftCheck];
const MADE_FOR = [ANNOTATIONS.number, ANNOTATIONS.digest, ANNOTATIONS.checksum, ANNOTATIONS.driftCheck];
