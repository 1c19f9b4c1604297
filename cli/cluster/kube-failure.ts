import { basename } from 'node:path';
import type { KubeError, KubeErrorCode } from '../../kube/client.js';
import type { Connection } from '../../kube/connect.js';
import { CommandError } from '../command-error.js';

/** What to do, for the faults that a user can mend. */
const ADVICE: Readonly<Partial<Record<KubeErrorCode, string>>> = {
  forbidden:
    'somebody who may grant rights can bind ClusterRole werfbundle-viewer (to look) or werfbundle-editor (to change) to you',
  conflict: 'somebody else was quicker: do it again',
};

const NOT_SERVED =
  'is its CustomResourceDefinition installed (kubectl apply -k manifests/crd), and is it the cluster that you mean (--kubeconfig, --context)?';

/** How people log in who get their credentials from these commands of a kubeconfig. */
const LOGINS: Readonly<Record<string, string>> = {
  aws: 'aws sso login',
  'gke-gcloud-auth-plugin': 'gcloud auth login',
  kubelogin: 'az login',
  tsh: 'tsh login',
};

interface Asked {
  /** The apiserver's address. */
  readonly server: string;
  readonly user: Connection['user'];
}

/** The end of a command that the cluster refused, or that did not reach it: its own words, and what to do. */
export const kubeFailure = (error: KubeError, { server, user }: Asked): CommandError => {
  if (error.code === 'unauthorized')
    return new CommandError([error.message, loginFor(server, user)], error.status === undefined ? 2 : 1);
  if (error.status === undefined) {
    const advice = `${server} can't be reached: is the cluster up, and is it the one you mean (--kubeconfig, --context)?`;
    return new CommandError([error.message, advice], 2);
  }
  // What is not there is no failure: a 404 that is one means that the kind is not served.
  const advice = error.status === 404 ? NOT_SERVED : ADVICE[error.code];
  if (error.causes.length > 0) return new CommandError(refusalOf(error));
  return new CommandError([error.message, ...(advice === undefined ? [] : [advice])], 1);
};

const loginFor = (server: string, { name, command }: Asked['user']): string => {
  if (command === undefined)
    return `${server} does not take the credentials of user "${name}" in the kubeconfig: log in again`;
  const login = LOGINS[basename(command).replace(/\.exe$/, '')];
  const example = login === undefined ? '' : ` (${login}, for example)`;
  return `${server} does not take what command "${command}" gives for user "${name}" of the kubeconfig: log in again${example}`;
};

/** What was refused, then all faults that were found, as kubectl lists them. */
const refusalOf = ({ message, causes }: KubeError): readonly string[] => [
  `${message.replace(/: invalid: .*$/s, '')}: it is refused, and nothing was changed:`,
  ...causes.map(({ field, message: fault }) => `* ${field === '' ? '' : `${field}: `}${fault}`),
];
