import type { ConfigMap, NewObject, Secret } from '../../api/objects.js';

/** Objects that a bundle refers to, to be applied in its namespace. */

/** @param values - YAML, under the key values.yaml */
export const configMap = (name: string, values: string): NewObject<ConfigMap> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { 'values.yaml': values },
});

/** @param stringData - by key, not encoded */
export const secret = (
  name: string,
  stringData: Readonly<Record<string, string>>,
  type = 'Opaque',
): NewObject<Secret> => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type,
  stringData,
});

/** Credentials for one registry. @param host - `host:port` */
export const dockerConfig = (
  name: string,
  host: string,
  login: { readonly username: string; readonly password: string },
): NewObject<Secret> =>
  secret(name, { '.dockerconfigjson': JSON.stringify({ auths: { [host]: login } }) }, 'kubernetes.io/dockerconfigjson');
