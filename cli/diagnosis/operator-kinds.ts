import type { KubeObject, Stored } from '../../api/objects.js';
import type { SchemaNode } from '../../api/schema-node.js';
import type { ResourceType } from '../../kube/client.js';

/** The parts of a CustomResourceDefinition that matter here. */
interface Definition extends KubeObject {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string;
      readonly served?: boolean;
      readonly schema?: { readonly openAPIV3Schema?: SchemaNode };
    }[];
  };
}

interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

export const DEFINITIONS: ResourceType<Stored<Definition>> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export const DEPLOYMENTS: ResourceType<Stored<Deployment>> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};

interface ClusterRoleBinding extends KubeObject {
  readonly subjects?: readonly { readonly namespace?: string }[];
}

export const CLUSTER_ROLE_BINDINGS: ResourceType<Stored<ClusterRoleBinding>> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
};
