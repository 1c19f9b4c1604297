import type { FlagTable } from './flag-values.js';
import { LOG_LEVELS } from './log-level.js';

/** The flags that webhook and controller share. */
export const commonFlags = {
  kubeconfig: {
    kind: 'string',
    help: "File that says how to reach the cluster; without it the Pod's own ServiceAccount, then KUBECONFIG or ~/.kube/config.",
  },
  context: { kind: 'string', help: 'Context of the kubeconfig; without it the current one.' },
  namespace: {
    kind: 'string',
    default: 'k8s-werf-operator-go-system',
    help: 'Namespace that this process runs in and keeps its own objects in.',
  },
  'certificate-secret': {
    kind: 'string',
    default: 'werfbundle-webhook-certificates',
    help: 'The Secret, in --namespace, for the certificates that the webhook makes itself; no bundle may refer to it.',
  },
  'health-address': {
    kind: 'host-port',
    default: '0.0.0.0:8081',
    help: 'Where /healthz, /readyz and /metrics are served.',
  },
  'log-level': { kind: 'enum', values: LOG_LEVELS, default: 'info', help: 'How much is logged.' },
  'time-scale': {
    kind: 'number',
    min: 1,
    max: 100_000,
    default: 1,
    help: 'Divides the times of polls, backoffs, drift checks and certificates; for demonstrations.',
  },
} as const satisfies FlagTable;
