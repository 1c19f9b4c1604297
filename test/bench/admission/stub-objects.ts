import { keptChartName } from '../../../api/chart/kept-chart.js';
import { DEPLOYED_DIGEST, largeChart } from './large-chart.js';
import { CONSENT_FROM, NAMES } from './review.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const APP_VALUES = `replicas: 3
image:
  pullPolicy: IfNotPresent
ingress:
  enabled: true
  host: my-app.example
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
resources:
  requests: {cpu: 100m, memory: 128Mi}
  limits: {memory: 256Mi}
`;

const DOCKER_CONFIG = JSON.stringify({
  auths: { 'registry.example': { auth: base64('robot:correct-horse-battery-staple') } },
});

const meta = (namespace: string, name: string) => ({
  name,
  namespace,
  uid: '0b6f2ad5-0f5a-4a35-9d0f-0d5b3f9b1f6e',
  resourceVersion: '123456',
  creationTimestamp: '2026-11-01T10:00:00Z',
  labels: { 'app.kubernetes.io/name': 'my-app', 'app.kubernetes.io/managed-by': 'kustomize' },
  managedFields: [
    {
      manager: 'kubectl-client-side-apply',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-01T10:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { '.': {}, 'f:values.yaml': {} }, 'f:metadata': { 'f:labels': { '.': {} } } },
    },
  ],
});

const { own, target } = NAMES;
/** The webhook's own by default. */
const OPERATOR = 'k8s-werf-operator-go-system';
const CHART = `/api/v1/namespaces/${OPERATOR}/configmaps/${keptChartName(DEPLOYED_DIGEST) ?? ''}`;
const objects: Readonly<Record<string, object>> = {
  [`/api/v1/namespaces/${target}`]: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { ...meta('', target), annotations: { [CONSENT_FROM]: own } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  },
  [`/api/v1/namespaces/${target}/serviceaccounts/${NAMES.account}`]: {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: meta(target, NAMES.account),
  },
  [`/api/v1/namespaces/${own}/secrets/${NAMES.registrySecret}`]: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(own, NAMES.registrySecret),
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(DOCKER_CONFIG) },
  },
  [`/api/v1/namespaces/${own}/configmaps/${NAMES.valuesMap}`]: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta(own, NAMES.valuesMap),
    data: { 'values.yaml': APP_VALUES },
  },
  [`/api/v1/namespaces/${own}/secrets/${NAMES.valuesSecret}`]: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(own, NAMES.valuesSecret),
    type: 'Opaque',
    data: { 'database.yaml': base64('database:\n  host: db.example\n  password: correct-horse-battery-staple\n') },
  },
  [CHART]: { apiVersion: 'v1', kind: 'ConfigMap', ...largeChart(OPERATOR) },
};
const texts: ReadonlyMap<string, string> = new Map(
  Object.entries(objects).map(([path, object]) => [path, JSON.stringify(object)]),
);

/** Whether what the controller keeps of a chart is at a path. */
export const isChart = (path: string): boolean => path === CHART;

/** The object at a path of the API, as JSON. */
export const objectAt = (path: string): string | undefined => texts.get(path);
