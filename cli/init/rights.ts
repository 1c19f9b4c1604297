/** A rule of a Role. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const CHANGE = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
const READ = ['get', 'list', 'watch'];

/** What a Job may do in its target namespace, as in `manifests/samples` (a spec compares). Each part has its reason. */
export const RIGHTS: readonly { readonly why: string; readonly rules: readonly Rule[] }[] = [
  {
    why: 'werf keeps its releases in Secrets and its locks in ConfigMaps; beyond these, what the chart has in it: add its other kinds.',
    rules: [
      {
        apiGroups: [''],
        resources: ['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims'],
        verbs: CHANGE,
      },
      { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: CHANGE },
      { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: CHANGE },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: CHANGE },
    ],
  },
  {
    why: 'To follow what it deploys.',
    rules: [
      { apiGroups: [''], resources: ['pods', 'pods/log', 'events'], verbs: READ },
      { apiGroups: ['apps'], resources: ['replicasets'], verbs: READ },
    ],
  },
  {
    why: 'Of this namespace alone, before a release is uninstalled (deletionPolicy: Dismiss).',
    rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],
  },
];
