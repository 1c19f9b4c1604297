import { Forbidden, type InCluster } from './in-cluster.js';
import { LOCKS } from './release-lock.js';
import { say } from './words.js';

const DRY_RUN = 'dryRun=All&fieldManager=helm&force=true';

/** What a dry run was refused with; undefined: it was not. 404 means that the namespace is not there. */
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
 * Sees to it that the release's namespace is there, as werf does: it tries whether it could write its locks, and only if not whether it
 * could make the namespace. @throws Error in the apiserver's words, of both tries
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

/** Of one nothing is counted. Pure. */
export const severalErrors = (causes: readonly string[]): string =>
  causes.length === 1
    ? (causes[0] ?? '')
    : say('several', { count: causes.length, list: causes.map((cause) => say('oneOfSeveral', { cause })).join('') });

/** Whether the release's namespace is there, before a release is uninstalled. @throws Error where that may not be looked at */
export const namespaceExists = async (cluster: InCluster, namespace: string): Promise<boolean> => {
  try {
    return (await cluster.ask('GET', `/api/v1/namespaces/${encodeURIComponent(namespace)}`)) !== undefined;
  } catch (error) {
    throw new Error(
      say('namespaceUnknown', { namespace, cause: error instanceof Error ? error.message : String(error) }),
    );
  }
};
