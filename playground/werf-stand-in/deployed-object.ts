import type { ConfigMap } from '../../api/objects.js';
import type { InCluster } from './in-cluster.js';

/**
 * The one object that the stand-in deploys, a ConfigMap, so that there is something that can drift. It names the bundle that it was made
 * from; nothing of the values is in it.
 */
export interface DeployedObject extends ConfigMap {
  readonly metadata: ConfigMap['metadata'] & { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

/** The object that a release should have. Pure. */
export const desiredObject = (of: {
  readonly release: string;
  readonly namespace: string;
  readonly chart: { readonly name: string; readonly version: string };
  readonly tag: string;
  readonly digest: string;
}): DeployedObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `werf-stand-in-${of.release}`,
    namespace: of.namespace,
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': of.release, 'meta.helm.sh/release-namespace': of.namespace },
  },
  data: { chart: of.chart.name, version: of.chart.version, tag: of.tag, digest: of.digest },
});

/** What has to be done to an object, and its lines that differ: `- tag: v1`, `+ tag: v2`. */
export interface Change {
  readonly verb: 'create' | 'update' | 'delete';
  /** `ConfigMap/werf-stand-in-shop`: as werf names it. */
  readonly resource: string;
  readonly diff: readonly string[];
}

/** The change that an apply makes. Additions of others stay, as with server-side apply. Pure. @returns undefined: nothing to change */
export const changeOf = (desired: DeployedObject, found: ConfigMap | undefined): Change | undefined => {
  const resource = `${desired.kind}/${desired.metadata.name}`;
  const keys = Object.keys(desired.data).filter((key) => found?.data?.[key] !== desired.data[key]);
  const added = keys.map((key) => `+ ${key}: ${desired.data[key]}`);
  if (found === undefined) return { verb: 'create', resource, diff: added };
  const removed = keys.flatMap((key) => (found.data?.[key] === undefined ? [] : [`- ${key}: ${found.data[key]}`]));
  return keys.length === 0 ? undefined : { verb: 'update', resource, diff: [...removed, ...added] };
};

const folderOf = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
const pathOf = ({ metadata }: DeployedObject): string => `${folderOf(metadata.namespace)}/${metadata.name}`;

/** @returns undefined if there is none @throws Error in the apiserver's words */
export const readObject = (cluster: InCluster, desired: DeployedObject): Promise<ConfigMap | undefined> =>
  cluster.ask<ConfigMap>('GET', pathOf(desired));

/** Applies the object. @throws Error in the apiserver's words */
export const applyObject = async (cluster: InCluster, desired: DeployedObject): Promise<void> => {
  await cluster.ask('PATCH', `${pathOf(desired)}?fieldManager=helm&force=true`, desired, 'apply');
};

/** Deletes a release's object, if there is one. @throws Error in the apiserver's words */
export const deleteObject = async (cluster: InCluster, release: string, namespace: string): Promise<void> => {
  await cluster.ask('DELETE', `${folderOf(namespace)}/werf-stand-in-${release}`);
};
