import type {
  AccessAnswer,
  AccessQuestion,
  Binding,
  ConfigMap,
  Job,
  KubeEvent,
  KubeObject,
  Namespace,
  Node,
  Pod,
  Secret,
  ServiceAccount,
  Stored,
  TokenRequest,
  WebhookConfiguration,
} from '../api/objects.js';
import { GROUP, KIND, PLURAL, type StoredBundle, VERSION } from '../api/werfbundle.js';
import type { ResourceType, ReviewType, Subresource } from './client.js';
import type { Lease } from './election-step.js';

const core = <T extends KubeObject>(plural: string, kind: string, namespaced = true): ResourceType<Stored<T>> => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const WERFBUNDLES: ResourceType<StoredBundle> = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
};
export const CONFIGMAPS = core<ConfigMap>('configmaps', 'ConfigMap');
export const SECRETS = core<Secret>('secrets', 'Secret');
export const PODS = core<Pod>('pods', 'Pod');
export const SERVICEACCOUNTS = core<ServiceAccount>('serviceaccounts', 'ServiceAccount');
export const NAMESPACES = core<Namespace>('namespaces', 'Namespace', false);
export const NODES = core<Node>('nodes', 'Node', false);
export const JOBS: ResourceType<Stored<Job>> = {
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  kind: 'Job',
  namespaced: true,
};
export const EVENTS: ResourceType<Stored<KubeEvent>> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const MUTATING_WEBHOOKS: ResourceType<Stored<WebhookConfiguration>> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
  namespaced: false,
};
export const VALIDATING_WEBHOOKS: ResourceType<Stored<WebhookConfiguration>> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};
/** What a Pod's node is told by. */
export const POD_BINDING: Subresource<Binding, unknown> = {
  of: PODS,
  name: 'binding',
  apiVersion: 'v1',
  kind: 'Binding',
};
export const ACCOUNT_TOKEN: Subresource<TokenRequest, { readonly status: { readonly token: string } }> = {
  of: SERVICEACCOUNTS,
  name: 'token',
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
};
export const SUBJECT_ACCESS_REVIEWS: ReviewType<AccessQuestion, AccessAnswer> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};
export const LEASES: ResourceType<Stored<Lease>> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
