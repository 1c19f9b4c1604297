import { createHash } from 'node:crypto';
import type { StoredBundle, WerfBundle } from './werfbundle.js';

/** Helm's limit for a release's name, which becomes part of the name of the release's Secret. */
const MAX_RELEASE_NAME = 53;
/** A Job's name becomes a label of its Pods. */
const MAX_LABEL = 63;

/** The namespace that the release lives in: what the spec says, else the bundle's own (unknown in a file that names none). */
export function targetNamespaceOf(bundle: StoredBundle): string;
export function targetNamespaceOf(bundle: WerfBundle): string | undefined;
export function targetNamespaceOf(bundle: WerfBundle): string | undefined {
  return bundle.spec.converge?.targetNamespace ?? bundle.metadata.namespace;
}

/** The Helm release's name: what the spec says, else the bundle's, cut (unknown while metadata has only a generateName). */
export function releaseNameOf(bundle: StoredBundle): string;
export function releaseNameOf(bundle: WerfBundle): string | undefined;
export function releaseNameOf(bundle: WerfBundle): string | undefined {
  const { name } = bundle.metadata;
  return bundle.spec.converge?.releaseName ?? (name === undefined ? undefined : cutReleaseName(name));
}

/** The release's name that a bundle's name makes: cut to what Helm allows. */
export const cutReleaseName = (bundleName: string): string => cut(bundleName, MAX_RELEASE_NAME);

/**
 * The name of a deployment's Job: `<bundle, cut>-<hash of the tag>-<hash of uid and number>`, a DNS label of at most 63
 * characters for every name that Kubernetes allows. The same deployment always has the same name.
 */
export const jobNameOf = (deployment: {
  readonly bundleName: string;
  readonly uid: string;
  readonly tag: string;
  readonly number: number;
}): string => {
  const suffix = `-${hashOf(deployment.tag)}-${hashOf(`${deployment.uid}/${deployment.number}`)}`;
  return cut(deployment.bundleName.replaceAll('.', '-'), MAX_LABEL - suffix.length) + suffix;
};

/** The name of the Job of a drift check, by the same rules. @param of.check - counted by bundle, from 1 */
export const planJobNameOf = (of: {
  readonly bundleName: string;
  readonly uid: string;
  readonly tag: string;
  readonly check: number;
}): string => {
  const suffix = `-plan-${hashOf(of.tag)}-${hashOf(`${of.uid}/check/${of.check}`)}`;
  return cut(of.bundleName.replaceAll('.', '-'), MAX_LABEL - suffix.length) + suffix;
};

/** The name of the Job that plans a deployment, by the same rules. @param of.plan - its number, counted by bundle, from 1 */
export const deploymentPlanJobNameOf = (of: {
  readonly bundleName: string;
  readonly uid: string;
  readonly tag: string;
  /** The number of the last deployment; 0: none. */
  readonly after: number;
  readonly plan: number;
}): string => {
  const suffix = `-plan-${hashOf(of.tag)}-${hashOf(`${of.uid}/${of.after}/plan/${of.plan}`)}`;
  return cut(of.bundleName.replaceAll('.', '-'), MAX_LABEL - suffix.length) + suffix;
};

/** The name of the Secret that keeps what a bundle was deployed with last: one for a bundle, by the same rules. */
export const keptNameOf = (bundle: { readonly name: string; readonly uid: string }): string => {
  const suffix = `-kept-${hashOf(bundle.uid)}`;
  return cut(bundle.name.replaceAll('.', '-'), MAX_LABEL - suffix.length) + suffix;
};

/**
 * A label value that stands for `text`: the text itself if it is a valid label value; else its valid characters, cut, and a hash,
 * so that different texts get different values.
 */
export const labelValueOf = (text: string): string => {
  if (text.length <= MAX_LABEL && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text)) return text;
  const hash = hashOf(text);
  const readable = cut(text.replaceAll(/[^-A-Za-z0-9_.]/g, '-').replace(/^[-_.]+/, ''), MAX_LABEL - hash.length - 1);
  return readable === '' ? hash : `${readable}-${hash}`;
};

const cut = (text: string, length: number): string => text.slice(0, length).replace(/[-_.]+$/, '');

/** Eight hex digits. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
