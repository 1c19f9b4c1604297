import { PODS } from '../../kube/resources.js';
import type { ReconcileHarness } from './reconcile-harness.js';

/** The last Job's Pod ends, as a kubelet and the Job controller would have it. */
export const endJob = ({ kube, jobs }: ReconcileHarness, exitCode = 0, log = ''): void => {
  const { uid = '', name = '', namespace = '' } = jobs().at(-1)?.metadata ?? {};
  kube.seed(PODS, {
    metadata: {
      namespace,
      name: `${name}-pod`,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'werf', state: { terminated: { exitCode, finishedAt: '2026-11-23T10:00:00Z' } } }],
    },
  });
  kube.setPodLog({ namespace, name: `${name}-pod` }, 'werf', log);
};
