import { Forbidden, type InCluster } from './in-cluster.js';
import { LOCKS } from './release-lock.js';
import { say } from './words.js';

const DRY_RUN = 'dryRun=All&fieldManager=helm&force=true';

/** Why a dry run was refused; undefined: it was not. 404 means that the namespace does not exist. */
const dryApplied = async (
  cluster: InCluster,
  resource: string,
  path: string,
  body: object,
): Promise<string | undefined> => {
  try {
    const applied = await cluster.ask('PATCH', `${path}?${DRY_RUN}`, body, 'apply');
    return applied === undefined ? say('dryRun', { resource, cause: 'not found' }) : undefined;
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error;
    return say('dryRun', { resource, cause: error.message });
  }
};

/**
 * Makes sure that the release's namespace exists, as werf does: it tries whether it could write its locks, and only if not, whether it
 * could create the namespace. @throws Error with the apiserver's messages for both tries
 */
export const ensureNamespace = async (cluster: InCluster, namespace: string): Promise<void> => {
  const folder = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const locks = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: LOCKS } };
  const first = await dryApplied(cluster, `ConfigMap/${LOCKS}`, `${folder}/configmaps/${LOCKS}`, locks);
  if (first === undefined) return;
  const wanted = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const second = await dryApplied(cluster, `Namespace/${namespace}`, folder, wanted);
  if (second !== undefined) throw new Error(say('namespace', { cause: severalErrors([first, second]) }));
  await cluster.ask('POST', '/api/v1/namespaces', wanted);
};

/** One text for several errors; a single one is not counted. Pure. */
export const severalErrors = (causes: readonly string[]): string =>
  causes.length === 1
    ? (causes[0] ?? '')
    : say('several', { count: causes.length, list: causes.map((cause) => say('oneOfSeveral', { cause })).join('') });

/** Whether the release's namespace exists, before a release is uninstalled. @throws Error if that may not be read */
export const namespaceExists = async (cluster: InCluster, namespace: string): Promise<boolean> => {
  try {
    return (await cluster.ask('GET', `/api/v1/namespaces/${encodeURIComponent(namespace)}`)) !== undefined;
  } catch (error) {
    throw new Error(
      say('namespaceUnknown', { namespace, cause: error instanceof Error ? error.message : String(error) }),
    );
  }
};
