import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Mount, WITH_AGENT } from './sandbox.js';

/**
 * How a container runs without namespaces: nothing is mounted, the process runs on the machine as the agent's own user, and a
 * volume's path in an argument or a variable is replaced by the folder that holds the volume.
 *
 * What does not work then: paths that are built into a program (except the ServiceAccount's folder for the werf stand-in, and
 * /tmp for programs that honour TMPDIR), paths that a shell command puts together itself, read-only roots and mounts,
 * runAsUser.
 */
interface BarePlan {
  readonly command: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  /** Where the process starts if its working directory is no volume. */
  readonly folder: string;
  readonly workingDir: string;
}

interface BareCommand {
  readonly words: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly cwd: string;
}

/** Where client libraries look for a Pod's ServiceAccount. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** One pipe for both streams keeps their lines in order. */
const ONE_STREAM = ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh'];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Replaces mounted paths in a text: where /home/werf is mounted `/home/werf/x` is changed, `/home/werfer` is not. Pure. */
export const withMachinePaths = (text: string, mounts: readonly Mount[]): string => {
  if (mounts.length === 0) return text;
  const longestFirst = mounts.map((mount) => mount.target).toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w./-])(${longestFirst.map(escaped).join('|')})(?![\\w.-])`, 'g');
  const sources = new Map(mounts.map((mount) => [mount.target, mount.source]));
  return text.replace(pattern, (target) => sources.get(target) ?? target);
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The file that a command's name means; undefined if there is none on `path`. */
const findOnPath = (name: string, path: string): string | undefined => {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
};

/** @returns `missing` in the words in which containerd says it */
export const bareCommand = (
  plan: BarePlan,
): ({ readonly kind: 'command' } & BareCommand) | { readonly kind: 'missing'; readonly message: string } => {
  const rewritten = (text: string) => withMachinePaths(text, plan.mounts);
  const variables = new Map([...plan.variables].map(([name, value]) => [name, rewritten(value)]));
  const machineFolder = (target: string) => plan.mounts.find((mount) => mount.target === target)?.source;
  const account = machineFolder(SERVICE_ACCOUNT);
  if (account !== undefined) variables.set('PLAYGROUND_SERVICE_ACCOUNT', account);
  const temporary = machineFolder('/tmp');
  if (temporary !== undefined && !variables.has('TMPDIR')) variables.set('TMPDIR', temporary);
  const [name = '', ...words] = plan.command.map(rewritten);
  const program = findOnPath(name, variables.get('PATH') ?? '');
  if (program === undefined) {
    return { kind: 'missing', message: `exec: "${name}": executable file not found in $PATH` };
  }
  const cwd = rewritten(plan.workingDir);
  const withAgent = isExecutable(WITH_AGENT[0]) ? WITH_AGENT : [];
  return {
    kind: 'command',
    words: [...withAgent, ...ONE_STREAM, program, ...words],
    variables,
    cwd: cwd === plan.workingDir ? plan.folder : cwd,
  };
};
