import type { ClusterRef, Resource } from './client.js';

/** The group's name as kubectl prints it: `jobs.batch`, `pods`. */
export const resourceName = (type: Resource): string =>
  type.group === '' ? type.plural : `${type.plural}.${type.group}`;

/** `ops/my-app`, or only the name of a cluster-scoped object. */
export const refName = (ref: ClusterRef): string =>
  ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;

/**
 * Path of a collection: `/apis/batch/v1/namespaces/ops/jobs`.
 * @param namespace - all namespaces if left out
 */
export const collectionPath = (type: Resource, namespace?: string): string => {
  const [group, version, plural] = [type.group, type.version, type.plural].map(encodeURIComponent);
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${plural}`;
};

/** Path of one object, or of one of its subresources: `/api/v1/namespaces/ops/pods/my-app/log`. */
export const objectPath = (type: Resource, ref: ClusterRef, subresource = ''): string => {
  const path = `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === '' ? path : `${path}/${subresource}`;
};

/** `group/version` as objects carry it. */
export const apiVersionOf = (type: Resource): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;
