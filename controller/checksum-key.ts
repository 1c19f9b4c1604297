import { createHash, randomBytes } from 'node:crypto';
import type { Secret } from '../api/objects.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { SECRETS } from '../kube/resources.js';
import type { Platform } from './decide/observation.js';

const NAME = 'werfbundle-checksum-key';
const KEY = 'key';
const KEY_BYTES = 32;

/**
 * The key of the checksums, made when it is first needed and kept in a Secret of the operator's namespace. A checksum covers
 * contents of Secrets, and stands in a status: without a key of its own, it could be guessed back.
 * @throws KubeError
 */
export const readChecksumKey = async (
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Platform['checksumKey']> => {
  const existing = await client.get(SECRETS, { namespace, name: NAME }, signal);
  const secret = existing ?? (await createKey(client, namespace, signal));
  const bytes = Buffer.from(secret.data?.[KEY] ?? '', 'base64');
  if (bytes.length < KEY_BYTES) {
    throw new KubeError(
      'invalid',
      `Secret ${namespace}/${NAME} has no usable ${KEY}: delete it, and a new one is made`,
    );
  }
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), secret: bytes };
};

const createKey = async (client: KubeClient, namespace: string, signal: AbortSignal): Promise<Secret> => {
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: NAME, labels: { 'app.kubernetes.io/managed-by': 'werfbundle-controller' } },
    type: 'Opaque',
    immutable: true,
    data: { [KEY]: randomBytes(KEY_BYTES).toString('base64') },
  };
  try {
    return await client.create(SECRETS, secret, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'already-exists') throw error;
    const others = await client.get(SECRETS, { namespace, name: NAME }, signal);
    if (others === undefined) throw error;
    return others;
  }
};
