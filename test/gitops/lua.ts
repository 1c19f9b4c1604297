import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { toolsOfThisRun } from './tools.js';

/** What Argo CD's own interpreter makes of each script and its object. @throws Error for a script that fails */
export const answersOf = (questions: readonly object[]): readonly unknown[] => {
  const program = join(toolsOfThisRun().argocd, 'argocd-lua');
  const { stdout, stderr, status } = spawnSync(program, { input: JSON.stringify(questions), encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly unknown[];
};
