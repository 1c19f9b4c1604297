/** Versions without a leading `v`: of Kubernetes, and of the etcd that this Kubernetes is released with. */
export interface Versions {
  readonly kubernetes: string;
  readonly etcd: string;
}

/** The versions to get if none are there yet. go-build/go.mod pins the same (a spec insists). */
export const PINNED: Versions = { kubernetes: '1.36.3', etcd: '3.6.16' };

/** The oldest minor version of Kubernetes 1 that is accepted: what the CRD, Jobs and webhook configurations use is stable from there on. */
const OLDEST_MINOR = 30;

/** The oldest etcd that such an apiserver is released with. */
const OLDEST_ETCD = [3, 5] as const;

/** Whether programs of a version can be used; `because` completes "… is passed over: ". */
export type Fitness = { readonly kind: 'fit' } | { readonly kind: 'unfit'; readonly because: string };

const FIT: Fitness = { kind: 'fit' };

/** The versions in words. For another Kubernetes than the pinned one, etcd is the newest that either of them requires. */
export const wordsOf = ({ kubernetes, etcd }: Versions): string =>
  `Kubernetes ${kubernetes} and etcd${kubernetes === PINNED.kubernetes ? ` ${etcd}` : ''}`;

/** Why a text is no value of a flag `--kubernetes`: whole, since programs of an exact version are looked for and built. */
export const versionFault = (text: string): string | undefined => {
  const minor = minorOf(plainVersion(text));
  if (minor === undefined) {
    return `${JSON.stringify(text)} is no version of Kubernetes; for example ${PINNED.kubernetes}`;
  }
  return minor < OLDEST_MINOR
    ? `${JSON.stringify(text)} is too old: 1.${OLDEST_MINOR} is the oldest that serves`
    : undefined;
};

/** A version as it is compared: without a leading `v`. */
export const plainVersion = (text: string): string => text.replace(/^v/, '');

/** `1.36.3` of `Kubernetes v1.36.3`, `{"gitVersion": "v1.36.3"}` or `etcd Version: 3.6.16`; undefined when none is said. */
export const versionIn = (answer: string): string | undefined =>
  /(?:\bv|etcd Version: )(\d+\.\d+\.\d+(?:-[\w.]+)?)/.exec(answer)?.[1];

/** `1.36.3` → 36; undefined for anything that is no version of Kubernetes 1. */
const minorOf = (version: string): number | undefined => {
  const minor = /^1\.(\d+)\.\d+(?:-[\w.]+)?$/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
};

/** @param wanted - the only acceptable version; undefined: any that is new enough */
export const fitKubernetes = (version: string | undefined, wanted: string | undefined): Fitness => {
  if (version === undefined) return { kind: 'unfit', because: 'it does not say its version' };
  if (wanted !== undefined)
    return version === wanted ? FIT : { kind: 'unfit', because: `it is ${version}, and ${wanted} is asked for` };
  const minor = minorOf(version);
  if (minor !== undefined && minor >= OLDEST_MINOR) return FIT;
  return { kind: 'unfit', because: `it is ${version}, and 1.${OLDEST_MINOR} is the oldest that serves` };
};

/** Any version that is new enough. */
export const fitEtcd = (version: string | undefined): Fitness => {
  if (version === undefined) return { kind: 'unfit', because: 'it does not say its version' };
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_ETCD;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return FIT;
  return { kind: 'unfit', because: `it is ${version}, and ${OLDEST_ETCD.join('.')} is the oldest that serves` };
};
