import type { ControlPlaneProgram } from './binaries.js';
import { answerOf } from './places.js';
import { versionIn } from './versions.js';

const ASK: Readonly<Record<ControlPlaneProgram, readonly string[]>> = {
  etcd: ['--version'],
  'kube-apiserver': ['--version'],
  'kube-controller-manager': ['--version'],
  kubectl: ['version', '--client', '--output=json'],
};

/** Asks a program for its version, without `v`; undefined when it can't be run or says none. */
export const versionOf = async (path: string, program: ControlPlaneProgram): Promise<string | undefined> => {
  const answer = await answerOf(path, ASK[program]);
  return answer === undefined ? undefined : versionIn(answer);
};
