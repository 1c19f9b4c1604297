import { confirmationCode, isConfirmed } from '../../api/impact/confirmation.js';
import { type Change, type Found, type ObjectName, objectName } from '../../api/impact/world.js';
import { objectKey } from '../../api/object-key.js';
import type { KubeObject, ObjectRef } from '../../api/objects.js';
import { KIND, type StoredBundle } from '../../api/werfbundle.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import { misuse } from '../command-error.js';
import { type BundleManifest, bundleOf, bundlesAmong } from '../validate/bundle-manifest.js';
import { asStored, isEncrypted } from '../validate/input-objects.js';
import { isMeantAsManifest, readInputs } from '../validate/inputs.js';
import { type Manifest, manifestsIn, textAt } from '../validate/manifests.js';

/** The kinds that bundles refer to, as they are read. */
export const REFERRED: Readonly<Record<ObjectName['kind'], ResourceType>> = {
  ConfigMap: CONFIGMAPS,
  Secret: SECRETS,
  ServiceAccount: SERVICEACCOUNTS,
  Namespace: NAMESPACES,
};

/** A manifest that may concern bundles. */
export interface Proposal {
  readonly kind: ObjectName['kind'] | typeof KIND;
  readonly ref: ObjectRef;
  readonly manifest: Manifest;
  /** Undefined: its impact can't be confirmed in the manifest. */
  readonly code: string | undefined;
  readonly isConfirmed: boolean;
}

/**
 * Reads what files would change. Of several manifests of one object the last one counts, as with `kubectl apply`.
 * @param namespace - for objects that name none
 * @throws CommandError for what can't be read
 */
export const readProposals = async (paths: readonly string[], namespace: string): Promise<readonly Proposal[]> => {
  const { files, faults } = await readInputs(paths);
  if (faults.length > 0) throw misuse(...faults);
  const read = files.map((file) => ({ file, ...manifestsIn(file) }));
  const unreadable = read.flatMap(({ file, unreadable: all }) => (isMeantAsManifest(file) ? all : []));
  if (unreadable.length > 0)
    throw misuse(...unreadable.map(({ file, fault }) => `${file}:${fault.line}: ${fault.message}`));
  const all = read.flatMap(({ objects }) => objects);
  const proposals = [...bundlesAmong(all, namespace).map(ofBundle), ...all.flatMap((one) => ofObject(one, namespace))];
  return [...new Map(proposals.filter(({ ref }) => ref.name !== '').map((one) => [keyOf(one), one])).values()];
};

const ofBundle = (manifest: BundleManifest): Proposal =>
  proposal(KIND, { namespace: manifest.namespace, name: textAt(manifest, 'metadata', 'name') }, manifest);

const ofObject = (manifest: Manifest, namespace: string): readonly Proposal[] => {
  const { kind, apiVersion } = manifest;
  if (apiVersion !== 'v1' || !isReferred(kind)) return [];
  const own = kind === 'Namespace' ? '' : textAt(manifest, 'metadata', 'namespace') || namespace;
  return [proposal(kind, { namespace: own, name: textAt(manifest, 'metadata', 'name') }, manifest)];
};

const isReferred = (kind: string): kind is ObjectName['kind'] => Object.hasOwn(REFERRED, kind);

const proposal = (kind: Proposal['kind'], ref: ObjectRef, manifest: Manifest): Proposal => {
  const code = confirmationCode({ kind, ref, value: manifest.value });
  return { kind, ref, manifest, code, isConfirmed: isConfirmed(manifest.value, code) };
};

/** Names what a manifest is of. */
export const keyOf = ({ kind, ref }: Pick<Proposal, 'kind' | 'ref'>): string => `${kind} ${objectKey(ref)}`;

interface Present {
  /** What there is of an object now. */
  readonly find: (name: ObjectName) => Found;
  readonly bundle: (ref: ObjectRef) => StoredBundle | undefined;
}

/** A manifest as the change that applying it makes. @throws CommandError for what no apiserver would take */
export const changeOf = ({ kind, ref, manifest }: Proposal, present: Present): Change => {
  if (kind === KIND)
    return { kind, ref, after: bundleAfter({ ...manifest, namespace: ref.namespace }, ref, present.bundle(ref)) };
  if (isEncrypted(manifest))
    return { kind, ref, after: { kind: 'unknown', why: 'is encrypted with SOPS in the manifest' } };
  return {
    kind,
    ref,
    after: { kind: 'found', object: objectAfter(kind, manifest, present.find(objectName(kind, ref))) },
  };
};

/** Deleting what a manifest names. */
export const deletionOf = ({ kind, ref }: Proposal): Change =>
  kind === KIND ? { kind, ref, after: undefined } : { kind, ref, after: { kind: 'absent' } };

/** What others wrote beside the annotations of the manifest stays, and so does what the cluster says of a namespace. */
const objectAfter = (kind: ObjectName['kind'], manifest: Manifest, before: Found): KubeObject => {
  const applied = stored(kind, manifest);
  if (kind !== 'Namespace' || before.kind !== 'found') return applied;
  const annotations = { ...before.object.metadata.annotations, ...applied.metadata.annotations };
  return { ...before.object, metadata: { ...before.object.metadata, annotations } };
};

const stored = (kind: ObjectName['kind'], manifest: Manifest): KubeObject => {
  try {
    return asStored(REFERRED[kind], manifest);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    throw misuse(`${kind} ${textAt(manifest, 'metadata', 'name')}: ${error.message}`);
  }
};

/** A bundle as it will be stored: with what the cluster keeps of the one that it has. */
const bundleAfter = (manifest: BundleManifest, ref: ObjectRef, before: StoredBundle | undefined): StoredBundle => {
  const bundle = bundleOf(manifest);
  const kept = before?.metadata;
  return {
    ...bundle,
    metadata: {
      ...ref,
      uid: kept?.uid ?? '',
      resourceVersion: kept?.resourceVersion ?? '',
      generation: (kept?.generation ?? 0) + 1,
      ...(kept?.creationTimestamp !== undefined && { creationTimestamp: kept.creationTimestamp }),
      ...(kept?.deletionTimestamp !== undefined && { deletionTimestamp: kept.deletionTimestamp }),
      annotations: { ...kept?.annotations, ...bundle.metadata.annotations },
    },
    ...(before?.status !== undefined && { status: before.status }),
  };
};
