import type { Stored } from '../../api/objects.js';
import type { ResourceType } from '../../kube/client.js';
import {
  CONFIGMAPS,
  JOBS,
  LEASES,
  MUTATING_WEBHOOKS,
  PODS,
  SECRETS,
  SERVICEACCOUNTS,
  VALIDATING_WEBHOOKS,
} from '../../kube/resources.js';
import { CLUSTER_ROLE_BINDINGS, DEPLOYMENTS } from '../diagnosis/operator-kinds.js';

const kind = (group: string, plural: string, name: string, more: Partial<ResourceType> = {}): ResourceType => ({
  group,
  version: 'v1',
  plural,
  kind: name,
  namespaced: true,
  ...more,
});

const CLUSTER = { namespaced: false };
const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const MONITORING = 'monitoring.coreos.com';
const CERT_MANAGER = 'cert-manager.io';

/**
 * What the operator is made of, found by its label, in the order in which it goes: first what would refuse every change of a bundle
 * without a webhook behind it, then the processes, then what they work with. A kind that the cluster does not serve has no objects.
 */
export const OPERATOR_KINDS: readonly { readonly phase: Phase; readonly types: readonly ResourceType[] }[] = [
  { phase: 'webhooks', types: [MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS] },
  { phase: 'processes', types: [DEPLOYMENTS] },
  {
    phase: 'rest',
    types: [
      kind(ADMISSION, 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', CLUSTER),
      kind(ADMISSION, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', CLUSTER),
      kind('policy', 'poddisruptionbudgets', 'PodDisruptionBudget'),
      kind('networking.k8s.io', 'networkpolicies', 'NetworkPolicy'),
      kind('', 'services', 'Service'),
      kind(MONITORING, 'servicemonitors', 'ServiceMonitor'),
      kind(MONITORING, 'podmonitors', 'PodMonitor'),
      kind(MONITORING, 'prometheusrules', 'PrometheusRule'),
      kind(CERT_MANAGER, 'certificates', 'Certificate'),
      kind(CERT_MANAGER, 'issuers', 'Issuer'),
      kind('', 'resourcequotas', 'ResourceQuota'),
      CLUSTER_ROLE_BINDINGS,
      kind(RBAC, 'rolebindings', 'RoleBinding'),
      kind(RBAC, 'clusterroles', 'ClusterRole', CLUSTER),
      kind(RBAC, 'roles', 'Role'),
      SERVICEACCOUNTS,
      CONFIGMAPS,
      LEASES,
      SECRETS,
    ],
  },
];

type Phase = 'webhooks' | 'processes' | 'rest';

/** Kinds of which one object that is not the operator's keeps its namespace. */
export const KEEPING_KINDS: readonly ResourceType<Stored>[] = [
  PODS,
  SECRETS,
  CONFIGMAPS,
  SERVICEACCOUNTS,
  JOBS,
  DEPLOYMENTS,
  kind('', 'services', 'Service'),
  kind('', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  kind('apps', 'statefulsets', 'StatefulSet'),
  kind('apps', 'daemonsets', 'DaemonSet'),
  kind('batch', 'cronjobs', 'CronJob'),
  kind('networking.k8s.io', 'ingresses', 'Ingress'),
];
