import type { Job, ObjectMeta } from '../../api/objects.js';
import { type InstallationKey, isSignature, signatureOf } from '../../api/signature.js';
import { parseTime } from '../../api/timestamp.js';
import { ANNOTATIONS, LABELS } from './names.js';

/** By what a controller knows its own Jobs and statuses. */
export interface Proof {
  readonly key: InstallationKey;
  /** Since when all that this installation makes is signed, wall clock; undefined: it is not yet. */
  readonly signsSince: number | undefined;
}

/** The labels and annotations that say what a Job was made for. */
const TOLD = {
  labels: [LABELS.bundleUid, LABELS.jobKind],
  annotations: Object.values(ANNOTATIONS).filter((name) => name !== ANNOTATIONS.signature),
} as const;

/**
 * A Job that says which Secrets were made for it, since the controller may not list Secrets, and that proves who has made it. What it was
 * made for stands on its Pod's template as well, which nobody can change once the Job exists, and is signed there together with the Job's
 * name: a copy under another name, or in another namespace, proves nothing.
 */
export const sealedJob = (job: Job, secretNames: readonly string[], key: InstallationKey): Job => {
  const named = annotated(job, { [ANNOTATIONS.secrets]: secretNames.join(',') });
  const signature = signatureOf({ purpose: 'job', content: contentOf(named) }, key);
  return annotated(named, { [ANNOTATIONS.signature]: signature });
};

const annotated = (job: Job, more: Readonly<Record<string, string>>): Job => {
  const { metadata, spec } = job;
  if (spec === undefined) return job;
  const { template } = spec;
  const ofPod = { ...template.metadata, annotations: { ...template.metadata?.annotations, ...more } };
  return {
    ...job,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } },
    spec: { ...spec, template: { ...template, metadata: ofPod } },
  };
};

/**
 * The Job with the labels and annotations that are proven, and no others of ours: none, if it is not signed. One from before this
 * installation signed its Jobs is taken at its word.
 */
export const provenJob = <J extends Job>(job: J, { key, signsSince }: Proof): J => {
  const signature = job.spec?.template.metadata?.annotations?.[ANNOTATIONS.signature];
  if (isSignature(signature, { purpose: 'job', content: contentOf(job) }, key)) return withTold(job, told(job));
  const createdAt = parseTime(job.metadata.creationTimestamp);
  const isOlder = signsSince === undefined || (createdAt !== undefined && createdAt < signsSince);
  return isOlder && madeWithOther(signature, key) ? job : withTold(job, { labels: {}, annotations: {} });
};

/** Whether it bears no signature of this key: one that does, and is wrong, was tampered with. */
const madeWithOther = (signature: string | undefined, { id }: InstallationKey): boolean =>
  signature?.startsWith(`${id}:`) !== true;

/** Whether a Job, as {@link provenJob} leaves it, is one of ours. */
export const isOurs = (job: Job): boolean => job.metadata.labels?.[LABELS.bundleUid] !== undefined;

const contentOf = (job: Job) => {
  const { namespace, name } = job.metadata;
  return { namespace, name, ...told(job) };
};

type Told = Required<Pick<ObjectMeta, 'labels' | 'annotations'>>;

const told = (job: Job): Told => {
  const { labels = {}, annotations = {} } = job.spec?.template.metadata ?? {};
  return { labels: only(TOLD.labels, labels), annotations: only(TOLD.annotations, annotations) };
};

const withTold = <J extends Job>(job: J, { labels, annotations }: Told): J => ({
  ...job,
  metadata: {
    ...job.metadata,
    labels: { ...without(TOLD.labels, job.metadata.labels), ...labels },
    annotations: { ...without(TOLD.annotations, job.metadata.annotations), ...annotations },
  },
});

/** The labels or annotations of these names, as far as there are any. */
export const only = (names: readonly string[], texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => names.includes(name)));

const without = (names: readonly string[], texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => !names.includes(name)));
