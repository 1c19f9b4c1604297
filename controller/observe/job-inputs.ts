import { acceptsBundlesFrom, consentMissing } from '../../api/consent.js';
import type { ConfigMap, KubeObject, Namespace, Secret } from '../../api/objects.js';
import { secretText } from '../../api/secret-text.js';
import type { Settings } from '../../api/settings.js';
import { configMapSource, secretSource } from '../../api/values/found-source.js';
import type { ValuesInput } from '../../api/values/resolve.js';
import type { StoredBundle, ValuesSource } from '../../api/werfbundle.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Blocker, JobInputs, Platform } from '../decide/observation.js';
import type { ReadsValues } from '../values/delivered-values.js';
import { allInOrder } from './in-order.js';
import type { Reads } from './reading-once.js';

interface Question {
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
  question: Question,
  signal: AbortSignal,
): Promise<JobInputs | Blocker> => {
  const { settings, platform } = question;
  const [namespace, account, key, sources] = await allInOrder([
    namespaceBlocker(client, question, signal),
    accountBlocker(client, settings, signal),
    readWerfKey(client, question, signal),
    allInOrder(settings.converge.valuesFrom.map((source) => readSource(client, question, source, signal))),
  ]);
  const blocker = namespace ?? account ?? (key.kind === 'blocker' ? key : undefined);
  if (blocker !== undefined) return blocker;
  const input = {
    sources,
    ...(settings.converge.values !== undefined && { inline: settings.converge.values }),
    bundleNamespace: question.bundle.metadata.namespace,
    targetNamespace: settings.converge.targetNamespace,
  };
  const read = await values.read({ input, settings, checksumKey: platform.checksumKey }, signal);
  if (read.kind === 'invalid') return { kind: 'blocker', reason: 'ValuesInvalid', message: read.message };
  const werfSecretKey = key.kind === 'blocker' ? undefined : key.value;
  return {
    kind: 'ready',
    checksum: read.checksum,
    valuesArgs: read.args,
    valuesFile: read.file,
    werfSecretKey,
    secretTexts: [...read.secretTexts, ...(werfSecretKey === undefined ? [] : [werfSecretKey])],
  };
};

const namespaceBlocker = async (
  client: Reads,
  { bundle, settings, platform }: Question,
  signal: AbortSignal,
): Promise<Blocker | undefined> => {
  const target = settings.converge.targetNamespace;
  const own = bundle.metadata.namespace;
  if (target === own) return undefined;
  const namespace = await client.get<Namespace>(NAMESPACES, { name: target }, signal);
  if (namespace === undefined) return unavailable(`namespace ${target} does not exist`);
  if (namespace.status?.phase === 'Terminating') return unavailable(`namespace ${target} is being deleted`);
  if (platform.crossNamespace === 'always' || own === platform.namespace) return undefined;
  if (acceptsBundlesFrom(namespace, own)) return undefined;
  return { kind: 'blocker', reason: 'ConsentMissing', message: consentMissing(target, own) };
};

const unavailable = (what: string): Blocker => ({
  kind: 'blocker',
  reason: 'NamespaceUnavailable',
  message: `spec.converge.targetNamespace: ${what}`,
});

const accountBlocker = async (client: Reads, settings: Settings, signal: AbortSignal): Promise<Blocker | undefined> => {
  const { serviceAccountName: name, targetNamespace: namespace } = settings.converge;
  if (name === undefined) return undefined;
  const account = await client.get<KubeObject>(SERVICEACCOUNTS, { namespace, name }, signal);
  if (account !== undefined) return undefined;
  const message = `ServiceAccount ${name} does not exist in namespace ${namespace}`;
  return { kind: 'blocker', reason: 'ServiceAccountMissing', message };
};

const readWerfKey = async (
  client: Reads,
  { bundle, settings }: Question,
  signal: AbortSignal,
): Promise<{ readonly kind: 'found'; readonly value: string | undefined } | Blocker> => {
  const wanted = settings.converge.werfSecretKey;
  if (wanted === undefined) return { kind: 'found', value: undefined };
  const { namespace } = bundle.metadata;
  const secret = await client.get<Secret>(SECRETS, { namespace, name: wanted.name }, signal);
  const where = `spec.converge.werfSecretKeyRef: Secret ${wanted.name}`;
  if (secret === undefined) return broken(`${where} does not exist in namespace ${namespace}`);
  const value = secretText(secret, wanted.key)?.trim();
  return value === undefined || value === ''
    ? broken(`${where} in namespace ${namespace} has no key ${wanted.key}, or it is empty`)
    : { kind: 'found', value };
};

const broken = (message: string): Blocker => ({ kind: 'blocker', reason: 'CredentialsInvalid', message });

/** The bundle's namespace first, then the target namespace. */
const readSource = async (
  client: Reads,
  { bundle, settings }: Question,
  source: ValuesSource,
  signal: AbortSignal,
): Promise<ValuesInput> => {
  const namespaces = new Set([bundle.metadata.namespace, settings.converge.targetNamespace]);
  for (const namespace of namespaces) {
    const found = await readValues(client, source, namespace, signal);
    if (found !== undefined) return { source, found };
  }
  return { source };
};

const readValues = async (
  client: Reads,
  source: ValuesSource,
  namespace: string,
  signal: AbortSignal,
): Promise<ValuesInput['found'] | undefined> => {
  if (source.configMapRef !== undefined) {
    const ref = { namespace, name: source.configMapRef.name };
    const map = await client.get<ConfigMap>(CONFIGMAPS, ref, signal);
    return map && configMapSource(ref, map);
  }
  if (source.secretRef === undefined) return undefined;
  const ref = { namespace, name: source.secretRef.name };
  const secret = await client.get<Secret>(SECRETS, ref, signal);
  return secret && secretSource(ref, secret);
};
