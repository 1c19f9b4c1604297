import type { Job, Stored } from '../../api/objects.js';
import {
  firstRefOf,
  type Reference,
  referenceFor,
  referencesOf,
  type ServiceAccountReference,
  type ValuesReference,
  valuesReferences,
  type WerfKeyReference,
} from '../../api/references/references.js';
import type { Settings } from '../../api/settings.js';
import { foundSource } from '../../api/values/found-source.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Access } from '../../controller/decide/observation.js';
import { isPlanJob } from '../../controller/deploy/plan-job.js';
import { imageOf } from '../../controller/deploy/result.js';
import { readAccess } from '../../controller/observe/access.js';
import { readWerfKey } from '../../controller/observe/job-inputs.js';
import { KubeError } from '../../kube/client.js';
import type { Reads } from '../../kube/get-once.js';
import { CONFIGMAPS, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { RegistryAnswer } from './ask-registry.js';
import { asReads, type Read, type Reader } from './read.js';

/** An item of valuesFrom, and what was found of it in the namespaces that it is looked for in. */
export interface SourceSeen {
  readonly reference: ValuesReference;
  readonly read: Read<FoundSource>;
}

/** How the registry is accessed; `why` is a whole sentence without its full stop. */
type CredentialsSeen =
  | Extract<Access, { kind: 'ready' }>
  | { readonly kind: 'unusable'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The key by which encrypted values are read. */
interface KeySeen {
  readonly reference: WerfKeyReference;
  readonly read: Read<string>;
}

/** What is known of a bundle with its user's rights. It holds contents of Secrets. */
export interface Seen {
  /** Wall clock, milliseconds. */
  readonly now: number;
  readonly bundle: StoredBundle;
  /** The file that the bundle is of, if it is not (or not so) in a cluster. */
  readonly file: string | undefined;
  readonly settings: Settings;
  readonly sources: readonly SourceSeen[];
  /** undefined: the spec names none. */
  readonly account: { readonly reference: ServiceAccountReference; readonly read: Read<unknown> } | undefined;
  readonly key: KeySeen | undefined;
  readonly credentials: CredentialsSeen;
  readonly registry: RegistryAnswer;
  /** The image that the last Job of the bundle ran; undefined: there is no Job, or it may not be read. */
  readonly lastImage: string | undefined;
}

/** Reads what a bundle refers to. @param of.settings - of the bundle's spec */
export const readReferences = async (
  read: Reader,
  of: Pick<Seen, 'bundle' | 'settings'>,
  signal: AbortSignal,
): Promise<Pick<Seen, 'sources' | 'account' | 'key' | 'credentials'>> => {
  const references = referencesOf(of.bundle, of.bundle.metadata.namespace);
  const sources: SourceSeen[] = [];
  for (const reference of valuesReferences(references))
    sources.push({ reference, read: await readSource(read, reference) });
  const account = referenceFor(references, 'service-account');
  const key = referenceFor(references, 'werf-key');
  const reads = asReads(read);
  return {
    sources,
    account: account && { reference: account, read: await read(SERVICEACCOUNTS, firstRefOf(account)) },
    key: key && { reference: key, read: await readKey(reads, references, signal) },
    credentials: await readCredentials(reads, of, signal),
  };
};

/** From the first namespace that has it. If one may not be read, it is not known whether a later one counts. */
const readSource = async (read: Reader, reference: ValuesReference): Promise<Read<FoundSource>> => {
  const { kind, name } = reference;
  for (const namespace of reference.namespaces) {
    const found =
      kind === 'ConfigMap' ? await read(CONFIGMAPS, { namespace, name }) : await read(SECRETS, { namespace, name });
    if (found.kind === 'found') return { kind: 'found', object: foundSource({ kind, namespace, name }, found.object) };
    if (found.kind === 'unreadable') return found;
  }
  return { kind: 'absent' };
};

const readKey = async (reads: Reads, references: readonly Reference[], signal: AbortSignal): Promise<Read<string>> => {
  const checked = await unlessUnreadable(readWerfKey(reads, references, signal));
  if (checked.kind === 'unreadable') return checked;
  return checked.kind === 'usable' && checked.value !== undefined
    ? { kind: 'found', object: checked.value }
    : { kind: 'absent' };
};

const readCredentials = async (
  reads: Reads,
  of: Pick<Seen, 'bundle' | 'settings'>,
  signal: AbortSignal,
): Promise<CredentialsSeen> => {
  const access = await unlessUnreadable(readAccess(reads, of, signal));
  if (access.kind === 'blocker') return { kind: 'unusable', why: access.message };
  if (access.kind === 'not-needed') throw new Error('access is always needed here');
  return access;
};

/** What may not be read, as a value; `why` is a whole sentence. */
const unlessUnreadable = async <T>(
  reading: Promise<T>,
): Promise<T | { readonly kind: 'unreadable'; readonly why: string }> => {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'forbidden') throw error;
    return { kind: 'unreadable', why: error.message };
  }
};

/** `Secret ops/database`, or with two namespaces `Secret ops/database or production/database`. */
export const nameOf = ({ kind, name, namespaces }: Reference): string =>
  `${kind} ${namespaces.map((namespace) => `${namespace}/${name}`).join(' or ')}`;

/** The image of the newest deployment's Job among a bundle's Jobs. */
export const lastImageOf = (jobs: readonly Stored<Job>[]): string | undefined => {
  const [newest] = jobs
    .filter((job) => !isPlanJob(job))
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''));
  return newest && imageOf(newest);
};
