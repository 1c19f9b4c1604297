import { GROUP, PLURAL } from '../../api/werfbundle.js';

/** What is to be done with a kind of objects. */
export interface Rule {
  readonly group: string;
  /** `pods/log` for a subresource. */
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** What the controller needs in all namespaces, as its ClusterRole has it; a spec compares. */
export const CONTROLLER_RULES: readonly Rule[] = [
  { group: GROUP, resource: PLURAL, verbs: ['get', 'list', 'watch', 'patch'] },
  { group: GROUP, resource: `${PLURAL}/status`, verbs: ['patch'] },
  { group: GROUP, resource: `${PLURAL}/finalizers`, verbs: ['update'] },
  { group: 'batch', resource: 'jobs', verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  { group: 'batch', resource: 'jobs/finalizers', verbs: ['update'] },
  { group: '', resource: 'pods', verbs: ['list', 'watch'] },
  { group: '', resource: 'pods/log', verbs: ['get'] },
  { group: '', resource: 'secrets', verbs: ['get', 'create', 'patch', 'delete'] },
  { group: '', resource: 'configmaps', verbs: ['get', 'list', 'watch'] },
  { group: '', resource: 'serviceaccounts', verbs: ['get', 'list', 'watch'] },
  { group: '', resource: 'namespaces', verbs: ['get', 'list', 'watch'] },
  { group: 'events.k8s.io', resource: 'events', verbs: ['create', 'list'] },
];

/** What the user may like to do with bundles of a namespace. */
export const USER_RULES: readonly Rule[] = [
  { group: GROUP, resource: PLURAL, verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'approve'] },
  // Whose bundles deploy there, and whose log can be read.
  { group: 'batch', resource: 'jobs', verbs: ['create'] },
  { group: '', resource: 'pods/log', verbs: ['get'] },
];

/** What is created by an installation; `isInNamespace`: in the operator's own. A spec compares them with the manifests. */
export const INSTALLED: readonly (Rule & { readonly isInNamespace: boolean })[] = [
  { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions', verbs: ['create'], isInNamespace: false },
  { group: '', resource: 'namespaces', verbs: ['create'], isInNamespace: false },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', verbs: ['create'], isInNamespace: false },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', verbs: ['create'], isInNamespace: false },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    verbs: ['create'],
    isInNamespace: false,
  },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'validatingwebhookconfigurations',
    verbs: ['create'],
    isInNamespace: false,
  },
  { group: '', resource: 'serviceaccounts', verbs: ['create'], isInNamespace: true },
  { group: 'rbac.authorization.k8s.io', resource: 'roles', verbs: ['create'], isInNamespace: true },
  { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', verbs: ['create'], isInNamespace: true },
  { group: '', resource: 'services', verbs: ['create'], isInNamespace: true },
  { group: 'apps', resource: 'deployments', verbs: ['create'], isInNamespace: true },
  { group: 'policy', resource: 'poddisruptionbudgets', verbs: ['create'], isInNamespace: true },
  { group: '', resource: 'resourcequotas', verbs: ['create'], isInNamespace: true },
];
