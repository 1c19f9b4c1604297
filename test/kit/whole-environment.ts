import { canary } from './canary.js';
import type { Manifest } from './raw-api.js';
import { bundle } from './webhook-fixture.js';

/** Everything that a bundle refers to, and nothing of it exists: two namespaces and what is in them. */
export const wholeEnvironment = (own: string, target: string, tag = 'v1.0.0'): readonly Manifest[] => [
  bundle(
    'shop',
    {
      registry: { url: 'ghcr.io/acme/app', tag, secretRef: { name: 'creds' } },
      converge: {
        targetNamespace: target,
        serviceAccountName: 'werf-converge',
        werfSecretKeyRef: { name: 'werf-key' },
        valuesFrom: [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'app-keys' }, key: 'values.yaml' }],
      },
    },
    { namespace: own },
  ),
  secret(own, 'creds', {
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      '.dockerconfigjson': base64(
        JSON.stringify({ auths: { 'ghcr.io': { username: 'u', password: canary('creds') } } }),
      ),
    },
  }),
  secret(own, 'werf-key', { data: { key: base64(canary('werf-key')) } }),
  secret(own, 'app-keys', { data: { 'values.yaml': base64(`db: {password: ${canary('app-keys')}}\n`) } }),
  configMap(own, 'app-config', 'app:\n  replicas: 2\n'),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'werf-converge', namespace: target } },
  ...[own, target].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, annotations: { 'werf.io/accept-bundles-from': own } },
  })),
];

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (namespace: string, name: string, rest: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  ...rest,
});
export const configMap = (namespace: string, name: string, values: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { 'values.yaml': values },
});
