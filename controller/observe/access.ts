import type { RegistryCredential } from '../../api/docker-config.js';
import { credentialFor, DOCKER_CONFIG_KEY, DOCKER_CONFIG_TYPE } from '../../api/docker-config.js';
import type { Secret } from '../../api/objects.js';
import { secretText } from '../../api/secret-text.js';
import type { Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { SECRETS } from '../../kube/resources.js';
import type { RegistryTarget } from '../../registry/port.js';
import type { Access, Obstacle, Platform } from '../decide/observation.js';
import { allInOrder } from './in-order.js';
import type { Reads } from './reading-once.js';

const obstacle = (message: string): Obstacle => ({ kind: 'obstacle', reason: 'CredentialsInvalid', message });

type Found<T> = { readonly kind: 'found'; readonly value: T } | Obstacle;

/**
 * How the bundle's registry is to be asked: its Secrets, read live.
 * @throws KubeError when the apiserver could not be asked
 */
export const readAccess = async (
  client: Reads,
  { bundle, settings, platform }: { bundle: StoredBundle; settings: Settings; platform: Platform },
  signal: AbortSignal,
): Promise<Access> => {
  const [credentials, ca] = await allInOrder([
    readCredentials(client, { bundle, settings, platform }, signal),
    readCa(client, { bundle, settings }, signal),
  ]);
  if (credentials.kind === 'obstacle') return credentials;
  if (ca.kind === 'obstacle') return ca;
  const { host, repository, insecure } = settings.registry;
  const target: RegistryTarget = {
    host,
    repository,
    insecure,
    ...(credentials.value?.credential !== undefined && { credential: credentials.value.credential }),
    ...(ca.value !== undefined && { ca: ca.value }),
  };
  return { kind: 'ready', target, dockerConfig: credentials.value?.dockerConfig };
};

interface Credentials {
  readonly dockerConfig: string;
  readonly credential: RegistryCredential | undefined;
}

const readCredentials = async (
  client: Reads,
  { bundle, settings, platform }: { bundle: StoredBundle; settings: Settings; platform: Platform },
  signal: AbortSignal,
): Promise<Found<Credentials | undefined>> => {
  const own = settings.registry.secretName;
  const name = own ?? platform.defaultRegistrySecret;
  if (name === undefined) return { kind: 'found', value: undefined };
  const namespace = own === undefined ? platform.namespace : bundle.metadata.namespace;
  const secret = await client.get(SECRETS, { namespace, name }, signal);
  if (secret === undefined) {
    return own === undefined
      ? { kind: 'found', value: undefined }
      : obstacle(`spec.registry.secretRef.name: Secret ${name} does not exist in namespace ${namespace}`);
  }
  return credentialsOf(secret, settings);
};

const credentialsOf = (secret: Secret, settings: Settings): Found<Credentials> => {
  const where = `Secret ${secret.metadata.name} in namespace ${secret.metadata.namespace}`;
  const dockerConfig = secretText(secret, DOCKER_CONFIG_KEY);
  if (secret.type !== DOCKER_CONFIG_TYPE || dockerConfig === undefined) {
    return obstacle(
      `spec.registry.secretRef.name: ${where} is of type ${secret.type ?? 'Opaque'}; ${DOCKER_CONFIG_TYPE} is needed`,
    );
  }
  const match = credentialFor(dockerConfig, settings.registry);
  if (match.kind === 'invalid')
    return obstacle(`spec.registry.secretRef.name: ${where} is no docker config: ${match.reason}`);
  const credential = match.kind === 'found' ? match.credential : undefined;
  return { kind: 'found', value: { dockerConfig, credential } };
};

const readCa = async (
  client: Reads,
  { bundle, settings }: { bundle: StoredBundle; settings: Settings },
  signal: AbortSignal,
): Promise<Found<string | undefined>> => {
  const name = settings.registry.caSecretName;
  if (name === undefined) return { kind: 'found', value: undefined };
  const { namespace } = bundle.metadata;
  const secret = await client.get(SECRETS, { namespace, name }, signal);
  if (secret === undefined)
    return obstacle(`spec.registry.caSecretRef.name: Secret ${name} does not exist in namespace ${namespace}`);
  const ca = secretText(secret, 'ca.crt');
  return ca === undefined
    ? obstacle(`spec.registry.caSecretRef.name: Secret ${name} in namespace ${namespace} has no key ca.crt`)
    : { kind: 'found', value: ca };
};
