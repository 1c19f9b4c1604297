import type { Secret } from '../../api/objects.js';
import type { InCluster } from './in-cluster.js';
import { type Release, releaseOf, secretName, secretOf } from './release-record.js';

/** A recorded version; `release` is undefined if the stand-in did not record it. */
export interface Recorded {
  readonly version: number;
  readonly release: Release | undefined;
}

const folderOf = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;

/** A release's versions in the cluster, oldest first. @throws Error in the apiserver's words */
export const readHistory = async (
  cluster: InCluster,
  name: string,
  namespace: string,
): Promise<readonly Recorded[]> => {
  const selector = encodeURIComponent(`owner=helm,name=${name}`);
  const list = await cluster.ask<{ readonly items: readonly Secret[] }>(
    'GET',
    `${folderOf(namespace)}?labelSelector=${selector}`,
  );
  return (list?.items ?? [])
    .map((secret) => ({ version: Number(secret.metadata.labels?.['version']), release: releaseOf(secret) }))
    .toSorted((a, b) => a.version - b.version);
};

/** Records a new version, before anything of it is deployed. @throws Error in the apiserver's words */
export const begin = async (cluster: InCluster, release: Release): Promise<void> => {
  await cluster.ask('POST', folderOf(release.namespace), secretOf(release));
};

/**
 * Records the end of a deployment: marks what was deployed before as superseded (unless this one failed), and deletes the oldest versions
 * beyond `historyMax` (0: keeps all). @throws Error in the apiserver's words
 */
export const end = async (given: {
  readonly cluster: InCluster;
  readonly release: Release;
  /** All versions before it. */
  readonly history: readonly Recorded[];
  readonly historyMax: number;
}): Promise<void> => {
  const { cluster, release, history, historyMax } = given;
  const folder = folderOf(release.namespace);
  const write = async (changed: Release): Promise<void> => {
    const { metadata, data } = secretOf(changed);
    await cluster.ask('PATCH', `${folder}/${metadata.name}`, { metadata: { labels: metadata.labels }, data });
  };
  await write(release);
  for (const { release: older } of release.status === 'deployed' ? history : []) {
    if (older?.status === 'deployed') await write({ ...older, status: 'superseded' });
  }
  const surplus = historyMax === 0 ? 0 : Math.max(0, history.length + 1 - historyMax);
  for (const { version } of history.slice(0, surplus)) {
    await cluster.ask('DELETE', `${folder}/${secretName(release.name, version)}`);
  }
};

/** Deletes all versions of a release. @returns how many there were @throws Error in the apiserver's words */
export const forget = async (cluster: InCluster, name: string, namespace: string): Promise<number> => {
  const history = await readHistory(cluster, name, namespace);
  for (const { version } of history) {
    await cluster.ask('DELETE', `${folderOf(namespace)}/${secretName(name, version)}`);
  }
  return history.length;
};
