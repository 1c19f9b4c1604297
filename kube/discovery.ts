import { KubeError, type Resource, type ServerVersion } from './client.js';
import type { Transport } from './transport.js';

/** What the apiserver says of itself to everybody who is known. */

const SERVER_VERSION: Resource = { group: '', version: 'v1', plural: 'version', kind: 'Info', namespaced: false };

/** @throws KubeError */
export const readServerVersion = async (
  transport: Pick<Transport, 'json'>,
  signal: AbortSignal,
): Promise<ServerVersion> => {
  const call = { verb: 'get', type: SERVER_VERSION, path: '/version', target: '' } as const;
  const { gitVersion } = await transport.json<ServerVersion>(call, signal);
  return { gitVersion };
};

interface ResourceList {
  readonly resources?: readonly { readonly name: string }[];
}

/** Whether a kind is served, in that version. @throws KubeError */
export const isServed = async (
  transport: Pick<Transport, 'json'>,
  type: Resource,
  signal: AbortSignal,
): Promise<boolean> => {
  const { group, version, plural } = type;
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    const { resources = [] } = await transport.json<ResourceList>({ verb: 'get', type, path, target: '' }, signal);
    return resources.some(({ name }) => name === plural);
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
};
