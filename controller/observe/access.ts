import { checkCaSecret } from '../../api/references/ca-secret.js';
import { referenceFor, referencesOf } from '../../api/references/references.js';
import { checkRegistrySecret } from '../../api/references/registry-secret.js';
import type { Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Reads } from '../../kube/get-once.js';
import { SECRETS } from '../../kube/resources.js';
import type { RegistryTarget } from '../../registry/port.js';
import type { Access, Platform } from '../decide/observation.js';
import { allInOrder, blockerOf, readReference } from './read-reference.js';

const NO_SECRET = { kind: 'no-secret' } as const;

/**
 * Reads live the Secrets by which the bundle's registry is accessed.
 * @throws KubeError when the apiserver could not be asked
 */
export const readAccess = async (
  client: Reads,
  {
    bundle,
    settings,
    platform,
  }: {
    readonly bundle: StoredBundle;
    readonly settings: Settings;
    /** Left out: there is no Secret for bundles that name none. */
    readonly platform?: Pick<Platform, 'namespace' | 'defaultRegistrySecret'>;
  },
  signal: AbortSignal,
): Promise<Access> => {
  const references = referencesOf(bundle, bundle.metadata.namespace, platform);
  const registry = referenceFor(references, 'registry-secret');
  const authority = referenceFor(references, 'ca-secret');
  const [credentials, ca] = await allInOrder([
    readReference(client, { type: SECRETS, reference: registry, check: checkRegistrySecret }, signal),
    readReference(client, { type: SECRETS, reference: authority, check: checkCaSecret }, signal),
  ]);
  if (credentials.kind !== 'usable') return blockerOf(credentials);
  if (ca.kind !== 'usable') return blockerOf(ca);
  const { host, repository, insecure } = settings.registry;
  const target: RegistryTarget = {
    host,
    repository,
    insecure,
    ...(credentials.value?.credential !== undefined && { credential: credentials.value.credential }),
    ...(ca.value !== undefined && { ca: ca.value }),
  };
  const { dockerConfig, origin = NO_SECRET } = credentials.value ?? {};
  return { kind: 'ready', target, origin, dockerConfig };
};
