import type { KubeError, KubeErrorCode } from '../../kube/client.js';
import { CommandError } from '../command-error.js';

/** What to do, for the faults that a user can mend. */
const ADVICE: Readonly<Partial<Record<KubeErrorCode, string>>> = {
  unauthorized: 'the cluster does not take the credentials of this kubeconfig: log in again',
  forbidden:
    'somebody who may grant rights can bind ClusterRole werfbundle-viewer (to look) or werfbundle-editor (to change) to you',
  conflict: 'somebody else was quicker: do it again',
};

const NOT_SERVED =
  'is its CustomResourceDefinition installed (kubectl apply -k manifests/crd), and is it the cluster that you mean (--kubeconfig, --context)?';

/**
 * The end of a command that the cluster refused, or that did not reach it: its own words, and what to do.
 * @param server - the apiserver's address
 */
export const kubeFailure = (error: KubeError, server: string): CommandError => {
  if (error.status === undefined) {
    const advice = `${server} can't be reached: is the cluster up, and is it the one you mean (--kubeconfig, --context)?`;
    return new CommandError([error.message, advice], 2);
  }
  // What is not there is no failure: a 404 that is one means that the kind is not served.
  const advice = error.status === 404 ? NOT_SERVED : ADVICE[error.code];
  if (error.causes.length > 0) return new CommandError(refusalOf(error));
  return new CommandError([error.message, ...(advice === undefined ? [] : [advice])], 1);
};

/** What was refused, then all faults that were found, as kubectl lists them. */
const refusalOf = ({ message, causes }: KubeError): readonly string[] => [
  `${message.replace(/: invalid: .*$/s, '')}: it is refused, and nothing was changed:`,
  ...causes.map(({ field, message: fault }) => `* ${field === '' ? '' : `${field}: `}${fault}`),
];
