import { acceptsBundlesFrom, consentMissing } from '../../api/consent.js';
import { secretText } from '../../api/secret-text.js';
import type { Settings } from '../../api/settings.js';
import { configMapSource, secretSource } from '../../api/values/found-source.js';
import type { ValuesInput } from '../../api/values/resolve.js';
import type { StoredBundle, ValuesSource } from '../../api/werfbundle.js';
import type { ReadsValues } from '../../controller/values/delivered-values.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Obstacle, Platform, Supplies } from '../decide/observation.js';
import { allInOrder } from './in-order.js';
import type { Reads } from './reading-once.js';

interface Question {
  readonly bundle: StoredBundle;
  readonly settings: Settings;
  readonly platform: Platform;
}

/**
 * What a Job of the bundle needs, read live and in parallel; the first obstacle in the order namespace, ServiceAccount, key, values.
 * @throws KubeError when the apiserver could not be asked
 */
export const readSupplies = async (
  { reads: client, values }: { readonly reads: Reads; readonly values: ReadsValues },
  question: Question,
  signal: AbortSignal,
): Promise<Supplies | Obstacle> => {
  const { settings, platform } = question;
  const [namespace, account, key, sources] = await allInOrder([
    namespaceObstacle(client, question, signal),
    accountObstacle(client, settings, signal),
    readWerfKey(client, question, signal),
    allInOrder(settings.converge.valuesFrom.map((source) => readSource(client, question, source, signal))),
  ]);
  const obstacle = namespace ?? account ?? (key.kind === 'obstacle' ? key : undefined);
  if (obstacle !== undefined) return obstacle;
  const input = {
    sources,
    ...(settings.converge.values !== undefined && { inline: settings.converge.values }),
    bundleNamespace: question.bundle.metadata.namespace,
    targetNamespace: settings.converge.targetNamespace,
  };
  const read = await values.read({ input, settings, checksumKey: platform.checksumKey }, signal);
  if (read.kind === 'invalid') return { kind: 'obstacle', reason: 'ValuesInvalid', message: read.message };
  const werfSecretKey = key.kind === 'obstacle' ? undefined : key.value;
  return {
    kind: 'ready',
    checksum: read.checksum,
    valuesArgs: read.args,
    valuesFile: read.file,
    werfSecretKey,
    secretTexts: [...read.secretTexts, ...(werfSecretKey === undefined ? [] : [werfSecretKey])],
  };
};

const namespaceObstacle = async (
  client: Reads,
  { bundle, settings, platform }: Question,
  signal: AbortSignal,
): Promise<Obstacle | undefined> => {
  const target = settings.converge.targetNamespace;
  const own = bundle.metadata.namespace;
  if (target === own) return undefined;
  const namespace = await client.get(NAMESPACES, { name: target }, signal);
  if (namespace === undefined) return unavailable(`namespace ${target} does not exist`);
  if (namespace.status?.phase === 'Terminating') return unavailable(`namespace ${target} is being deleted`);
  if (platform.crossNamespace === 'always' || own === platform.namespace) return undefined;
  if (acceptsBundlesFrom(namespace, own)) return undefined;
  return { kind: 'obstacle', reason: 'ConsentMissing', message: consentMissing(target, own) };
};

const unavailable = (what: string): Obstacle => ({
  kind: 'obstacle',
  reason: 'NamespaceUnavailable',
  message: `spec.converge.targetNamespace: ${what}`,
});

const accountObstacle = async (
  client: Reads,
  settings: Settings,
  signal: AbortSignal,
): Promise<Obstacle | undefined> => {
  const { serviceAccountName: name, targetNamespace: namespace } = settings.converge;
  if (name === undefined) return undefined;
  const account = await client.get(SERVICEACCOUNTS, { namespace, name }, signal);
  if (account !== undefined) return undefined;
  const message = `ServiceAccount ${name} does not exist in namespace ${namespace}`;
  return { kind: 'obstacle', reason: 'ServiceAccountMissing', message };
};

const readWerfKey = async (
  client: Reads,
  { bundle, settings }: Question,
  signal: AbortSignal,
): Promise<{ readonly kind: 'found'; readonly value: string | undefined } | Obstacle> => {
  const wanted = settings.converge.werfSecretKey;
  if (wanted === undefined) return { kind: 'found', value: undefined };
  const { namespace } = bundle.metadata;
  const secret = await client.get(SECRETS, { namespace, name: wanted.name }, signal);
  const where = `spec.converge.werfSecretKeyRef: Secret ${wanted.name}`;
  if (secret === undefined) return broken(`${where} does not exist in namespace ${namespace}`);
  const value = secretText(secret, wanted.key)?.trim();
  return value === undefined || value === ''
    ? broken(`${where} in namespace ${namespace} has no key ${wanted.key}, or it is empty`)
    : { kind: 'found', value };
};

const broken = (message: string): Obstacle => ({ kind: 'obstacle', reason: 'CredentialsInvalid', message });

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
    const map = await client.get(CONFIGMAPS, ref, signal);
    return map && configMapSource(ref, map);
  }
  if (source.secretRef === undefined) return undefined;
  const ref = { namespace, name: source.secretRef.name };
  const secret = await client.get(SECRETS, ref, signal);
  return secret && secretSource(ref, secret);
};
