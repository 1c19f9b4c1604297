import type { ObjectRef } from '../../api/objects.js';
import {
  type Reference,
  referenceFor,
  referencesOf,
  type ValuesReference,
  valuesReferences,
  valuesSourceOf,
} from '../../api/references/references.js';
import { checkServiceAccount } from '../../api/references/service-account.js';
import { checkTargetNamespace } from '../../api/references/target-namespace.js';
import { checkWerfKey } from '../../api/references/werf-key.js';
import type { Settings } from '../../api/settings.js';
import { foundSource } from '../../api/values/found-source.js';
import type { ResolveInput, ValuesInput } from '../../api/values/resolve.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Reads } from '../../kube/get-once.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Blocker, JobInputs, Platform } from '../decide/observation.js';
import type { ReadsValues } from '../values/delivered-values.js';
import { allInOrder, blockerOf, readReference } from './read-reference.js';

interface JobInputsQuery {
  readonly bundle: StoredBundle;
  readonly settings: Settings;
  readonly platform: Platform;
}

/**
 * What a Job of the bundle needs, read live and in parallel; the first blocker in the order namespace, ServiceAccount, key, values.
 * @throws KubeError when the apiserver could not be asked
 */
export const readJobInputs = async (
  { reads: client, values }: { readonly reads: Reads; readonly values: ReadsValues },
  query: JobInputsQuery,
  signal: AbortSignal,
): Promise<JobInputs | Blocker> => {
  const { bundle, settings, platform } = query;
  const references = referencesOf(bundle, bundle.metadata.namespace);
  const [namespace, account, key, input] = await allInOrder([
    namespaceBlocker(client, { references, platform }, signal),
    readAccount(client, references, signal),
    readWerfKey(client, references, signal),
    readValuesInput(client, { bundle, settings }, signal),
  ]);
  if (namespace !== undefined) return namespace;
  if (account.kind !== 'usable') return blockerOf(account);
  if (key.kind !== 'usable') return blockerOf(key);
  const read = await values.read({ input, settings, checksumKey: platform.checksumKey }, signal);
  if (read.kind === 'invalid') return { kind: 'blocker', reason: 'ValuesInvalid', message: read.message };
  const werfSecretKey = key.value;
  return {
    kind: 'ready',
    checksum: read.checksum,
    valuesArgs: read.args,
    valuesFile: read.file,
    werfSecretKey,
    secretTexts: [...read.secretTexts, ...(werfSecretKey === undefined ? [] : [werfSecretKey])],
  };
};

/** The values of a bundle with their sources, before they are merged. @throws KubeError when the apiserver could not be asked */
export const readValuesInput = async (
  client: Reads,
  { bundle, settings }: Pick<JobInputsQuery, 'bundle' | 'settings'>,
  signal: AbortSignal,
): Promise<ResolveInput> => {
  const references = valuesReferences(referencesOf(bundle, bundle.metadata.namespace));
  const sources = await allInOrder(references.map((reference) => readSource(client, reference, signal)));
  return {
    sources,
    ...(settings.converge.values !== undefined && { inline: settings.converge.values }),
    bundleNamespace: bundle.metadata.namespace,
    targetNamespace: settings.converge.targetNamespace,
  };
};

const namespaceBlocker = async (
  client: Reads,
  { references, platform }: { readonly references: readonly Reference[]; readonly platform: Platform },
  signal: AbortSignal,
): Promise<Blocker | undefined> => {
  const reference = referenceFor(references, 'target-namespace');
  if (reference === undefined) return undefined;
  const namespace = await client.get(NAMESPACES, { name: reference.name }, signal);
  const [fault] = checkTargetNamespace(reference, namespace, platform);
  return fault && blockerOf(fault);
};

/** Checks the ServiceAccount of the Job. @throws KubeError when the apiserver could not be asked */
export const readAccount = (client: Reads, references: readonly Reference[], signal: AbortSignal) => {
  const reference = referenceFor(references, 'service-account');
  return readReference(client, { type: SERVICEACCOUNTS, reference, check: checkServiceAccount }, signal);
};

/** Reads the key for encrypted values; undefined if the bundle names none. @throws KubeError when the apiserver could not be asked */
export const readWerfKey = (client: Reads, references: readonly Reference[], signal: AbortSignal) => {
  const reference = referenceFor(references, 'werf-key');
  return readReference(client, { type: SECRETS, reference, check: checkWerfKey }, signal);
};

/** Reads a source from the first namespace that has it. */
const readSource = async (client: Reads, reference: ValuesReference, signal: AbortSignal): Promise<ValuesInput> => {
  const source = valuesSourceOf(reference);
  const { kind, name } = reference;
  for (const namespace of reference.namespaces) {
    const found = await readValues(client, { kind, namespace, name }, signal);
    if (found !== undefined) return { source, found };
  }
  return { source };
};

const readValues = async (
  client: Reads,
  of: Pick<ValuesReference, 'kind'> & ObjectRef,
  signal: AbortSignal,
): Promise<ValuesInput['found'] | undefined> => {
  const { kind, namespace, name } = of;
  const ref = { namespace, name };
  const object =
    kind === 'ConfigMap' ? await client.get(CONFIGMAPS, ref, signal) : await client.get(SECRETS, ref, signal);
  return object && foundSource(of, object);
};
