import type { KubeError, KubeErrorCode } from '../../kube/client.js';
import { CommandError } from '../command-error.js';

/** What to do, for the faults that a user can mend. */
const ADVICE: Readonly<Partial<Record<KubeErrorCode, string>>> = {
  unauthorized: 'log in again: the cluster does not take the credentials of this kubeconfig',
  forbidden:
    'somebody who may grant rights can bind ClusterRole werfbundle-viewer (to look) or werfbundle-editor (to change) to you',
  conflict: 'somebody else was quicker; do it again',
  unavailable: 'look at the address in the kubeconfig (--kubeconfig, --context), and whether the cluster is up',
  timeout: 'look at the address in the kubeconfig (--kubeconfig, --context), and whether the cluster is up',
};

/** The end of a command that the cluster refused, or that did not reach it: its own words, and what to do. */
export const kubeFailure = (error: KubeError): CommandError => {
  const advice = ADVICE[error.code];
  return new CommandError(
    [error.message, ...(advice === undefined ? [] : [advice])],
    error.status === undefined ? 2 : 1,
  );
};
