import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../process/ports.js';
import { ContainerLog } from './container-log.js';
import { ContainerProcess } from './container-process.js';
import { type Isolation, sandboxCommand } from './sandbox.js';

/** The result of the trial; `why` says why the agent can't isolate containers. */
type IsolationFound =
  | { readonly kind: 'found'; readonly isolation: Exclude<Isolation, 'none'> }
  | { readonly kind: 'unavailable'; readonly why: string };

const tryIsolation = async (
  isolation: Exclude<Isolation, 'none'>,
  dir: string,
  clock: Clock,
): Promise<IsolationFound> => {
  const folder = await mkdtemp(join(dir, 'trial-'));
  const root = join(folder, 'root');
  await mkdir(root);
  const log = new ContainerLog(join(folder, 'log'), clock);
  const words = sandboxCommand(isolation, {
    root,
    readOnlyRoot: true,
    workingDir: '/',
    mounts: [{ kind: 'dir', source: folder, target: '/trial', readOnly: true }],
    credentials: { user: 1000, group: 1000, groups: [], noNewPrivileges: true, dropAll: true },
    command: ['/bin/sh', '-c', 'test -d /trial && test "$(id -u)" = 1000'],
  });
  const variables = new Map([['PATH', '/usr/bin:/bin']]);
  const trial = ContainerProcess.start({ words, variables, cwd: '/', sandbox: true }, log);
  const [start, code] = await Promise.all([trial.started, trial.ended]);
  const printed = (await readFile(log.file, 'utf8')).trim().split('\n').at(-1) ?? '';
  await rm(folder, { recursive: true, force: true });
  if (start.kind === 'started' && code === 0) return { kind: 'found', isolation };
  const why = start.kind === 'failed' ? start.message : `the trial ended with exit code ${code}`;
  return { kind: 'unavailable', why: [why, printed.replace(/^\S+ \S+ \S+ /, '')].filter(Boolean).join(': ') };
};

/**
 * Tries once, with a container that does nothing and a volume, whether and how the sandbox can be made on this machine. Root in
 * a container may lack the right to mount and still be let into a user namespace.
 * @param dir - the agent's folder; the trial's files are removed again
 */
export const findIsolation = async (dir: string, clock: Clock): Promise<IsolationFound> => {
  const asRoot = process.getuid?.() === 0 ? await tryIsolation('root', dir, clock) : undefined;
  if (asRoot?.kind === 'found') return asRoot;
  const asUser = await tryIsolation('user', dir, clock);
  return asUser.kind === 'found' ? asUser : (asRoot ?? asUser);
};
