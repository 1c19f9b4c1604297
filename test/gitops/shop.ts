import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canary } from '../kit/canary.js';
import type { Manifest } from '../kit/raw-api.js';
import { bundle } from '../kit/webhook-fixture.js';

const ROOT = join(import.meta.dirname, '..', '..');

export interface ShopWish {
  readonly namespace: string;
  /** `127.0.0.1:PORT/acme/shop`. */
  readonly url: string;
  readonly registry?: object;
  readonly converge?: object;
  /** More of the spec than registry and converge. */
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a team has in git for one bundle: all that it needs, and nothing of it exists. */
export interface Shop {
  readonly bundle: Manifest;
  readonly namespace: Manifest;
  /** ServiceAccount, Role and RoleBinding. */
  readonly rights: readonly Manifest[];
  readonly configMap: Manifest;
  readonly secret: Manifest;
  /** All of them. */
  readonly all: readonly Manifest[];
}

export const shopOf = ({ namespace, url, registry, converge, spec, annotations }: ShopWish): Shop => {
  const valuesFrom = [{ configMapRef: { name: 'shop-values' } }, { secretRef: { name: 'shop-keys' } }];
  const shop = bundle(
    'shop',
    {
      registry: { url, insecure: true, pollInterval: '1m', versionConstraint: '1.x', ...registry },
      converge: { serviceAccountName: 'werf-converge', valuesFrom, ...converge },
      ...spec,
    },
    { namespace, ...(annotations !== undefined && { annotations }) },
  );
  const parts = {
    bundle: shop,
    namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    rights: rightsIn(namespace),
    configMap: valuesIn(namespace, 'replicas: 2\n'),
    secret: keysIn(namespace),
  };
  return { ...parts, all: [parts.bundle, parts.namespace, ...parts.rights, parts.configMap, parts.secret] };
};

/** Files for kustomize: the shop, and a generator of its ConfigMap, whose name has its content in it. */
export const generatedFrom = async ({ bundle: shop, namespace, rights, secret }: Shop) => ({
  'name-reference.yaml': await readFile(join(ROOT, 'manifests/flux/name-reference.yaml'), 'utf8'),
  'shop.yaml': [namespace, ...rights, secret, shop],
  'values.yaml': 'replicas: 2\n',
  'kustomization.yaml': [
    {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['shop.yaml'],
      configurations: ['name-reference.yaml'],
      configMapGenerator: [{ name: 'shop-values', namespace: namespace.metadata.name, files: ['values.yaml'] }],
    },
  ],
});

const keysIn = (namespace: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'shop-keys', namespace },
  stringData: { 'values.yaml': `db: {password: ${canary('shop-keys')}}\n` },
});

export const valuesIn = (namespace: string, text: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'shop-values', namespace },
  data: { 'values.yaml': text },
});

const rightsIn = (namespace: string): readonly Manifest[] => {
  const metadata = { name: 'werf-converge', namespace };
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps', 'secrets'],
          verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
        },
        { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'werf-converge' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ];
};
