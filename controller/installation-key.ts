import { createHash, randomBytes } from 'node:crypto';
import type { Secret } from '../api/objects.js';
import { parseTime, preciseTime } from '../api/timestamp.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { SECRETS } from '../kube/resources.js';
import type { Proof } from './deploy/job-signature.js';

/** Name of the Secret, in the operator's namespace. */
export const INSTALLATION_KEY = 'werfbundle-checksum-key';
const KEY = 'key';
const KEY_BYTES = 32;

/** Where the key is, and for whom: controllers that split the work have one key, and each begins to sign at its own time. */
export interface Installation {
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Name of the Lease of this controller's share. */
  readonly lease: string;
}

/**
 * The key of checksums and signatures, made when it is first needed and kept in a Secret of the operator's namespace. A checksum covers
 * contents of Secrets, and stands in a status: without a key of its own, it could be guessed back. Since when all statuses of the share
 * are signed stands on the same Secret, so that a new key begins anew with it.
 * @throws KubeError
 */
export const readInstallationKey = async (
  client: Pick<KubeClient, 'get' | 'create'>,
  { namespace, lease }: Installation,
  signal: AbortSignal,
): Promise<Proof> => {
  const existing = await client.get(SECRETS, { namespace, name: INSTALLATION_KEY }, signal);
  const secret = existing ?? (await createKey(client, namespace, signal));
  const bytes = Buffer.from(secret.data?.[KEY] ?? '', 'base64');
  if (bytes.length < KEY_BYTES) {
    throw new KubeError(
      'invalid',
      `Secret ${namespace}/${INSTALLATION_KEY} has no usable ${KEY}: delete it, and a new one is made`,
    );
  }
  const key = { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), secret: bytes };
  return { key, signsSince: parseTime(secret.metadata.annotations?.[annotationOf(lease)]) };
};

/**
 * Records that all statuses of the share are signed from now on: none without a signature is believed any more.
 * @param now - wall clock
 * @throws KubeError
 */
export const recordSigning = async (
  client: Pick<KubeClient, 'mergePatch'>,
  { namespace, lease }: Installation,
  now: number,
  signal: AbortSignal,
): Promise<void> => {
  const body = { metadata: { annotations: { [annotationOf(lease)]: preciseTime(now) } } };
  await client.mergePatch(SECRETS, { namespace, name: INSTALLATION_KEY }, body, {}, signal);
};

const annotationOf = (lease: string): string => `werf.io/signs-since.${lease}`;

const createKey = async (
  client: Pick<KubeClient, 'get' | 'create'>,
  namespace: string,
  signal: AbortSignal,
): Promise<Secret> => {
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: INSTALLATION_KEY,
      labels: { 'app.kubernetes.io/managed-by': 'werfbundle-controller' },
    },
    type: 'Opaque',
    immutable: true,
    data: { [KEY]: randomBytes(KEY_BYTES).toString('base64') },
  };
  try {
    return await client.create(SECRETS, secret, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'already-exists') throw error;
    const others = await client.get(SECRETS, { namespace, name: INSTALLATION_KEY }, signal);
    if (others === undefined) throw error;
    return others;
  }
};
