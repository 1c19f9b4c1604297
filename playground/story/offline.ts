import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { BrokenPromise } from '../bundle-watch.js';
import type { Screen } from '../screen/screen.js';

const ARGS = ['dist/werfbundle.js', 'validate', 'playground/samples'] as const;
const MISTAKES = [
  'spec.registry.url',
  'spec.registry.pollInterval',
  'spec.converge.serviceAccountName',
  'spec.converge.resourceLimits.memory',
] as const;

/** The samples judged without a cluster, by the webhook's own code: there is something to see whatever must be built first. */
export const judgedOffline = async (given: {
  readonly screen: Screen;
  /** The checkout. */
  readonly root: string;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { screen, root, signal } = given;
  screen.heading('Judged offline, by the webhook\u2019s own rules');
  screen.command(['node', ...ARGS]);
  const { code, text } = await run(root, signal);
  screen.output(text);
  if (code !== 1 || !MISTAKES.every((field) => text.includes(field)))
    throw new BrokenPromise('promised, and not so: the four mistakes are found without a cluster');
  screen.kept('the four mistakes are named, each with its line, and nothing else is wrong');
};

const run = (root: string, signal: AbortSignal): Promise<{ readonly code: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(root, ARGS[0]), ...ARGS.slice(1)],
      { cwd: root, signal },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: Number(error?.code ?? 0), text: stderr + stdout });
      },
    );
  });
