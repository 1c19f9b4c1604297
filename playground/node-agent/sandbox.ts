import { SANDBOX_SCRIPT } from './sandbox-script.js';

/** Something of the machine that a container sees at `target`. */
export interface Mount {
  readonly kind: 'dir' | 'file';
  /** Absolute path on the machine. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** The user, groups and rights of a container's process. */
export interface Credentials {
  readonly user: number | undefined;
  readonly group: number | undefined;
  /** fsGroup and supplementalGroups. */
  readonly groups: readonly number[];
  readonly noNewPrivileges: boolean;
  readonly dropAll: boolean;
}

/** Whether namespaces can be had, and how: as root, or in a user namespace of the agent's user. */
export type Isolation = 'root' | 'user' | 'none';

interface SandboxPlan {
  /** An empty folder; the root is mounted on it, in the namespace only. */
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly workingDir: string;
  readonly mounts: readonly Mount[];
  readonly credentials: Credentials;
  readonly command: readonly string[];
}

/** The program that has its child killed when the agent dies, however it dies. */
export const WITH_AGENT = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'] as const;

const asRoot = (given: Credentials): readonly string[] => {
  const words = ['/usr/bin/setpriv', '--reuid', String(given.user ?? 0), '--regid', String(given.group ?? 0)];
  words.push(...(given.groups.length === 0 ? ['--clear-groups'] : ['--groups', given.groups.join(',')]));
  if (given.noNewPrivileges) words.push('--no-new-privs');
  if (given.dropAll) words.push('--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all');
  return [...words, '--'];
};

/** Without root, a second user namespace maps the only user to the wanted number. */
const asUser = (given: Credentials): readonly string[] =>
  given.user === undefined || given.user === 0
    ? []
    : [
        '/usr/bin/unshare',
        ...['--user', `--map-user=${given.user}`, `--map-group=${given.group ?? 0}`],
        '--',
        ...(given.noNewPrivileges ? ['/usr/bin/setpriv', '--no-new-privs', '--'] : []),
      ];

/** Parents before their children: a later mount must not hide an earlier one. */
const inOrder = (mounts: readonly Mount[]): readonly Mount[] =>
  mounts.toSorted((a, b) => a.target.split('/').length - b.target.split('/').length);

/**
 * The command line that runs a container: program and arguments; it reports its start on file descriptor 3. Pure.
 * The container's variables are the process's own, so that no value stands in an argument.
 */
export const sandboxCommand = (isolation: Exclude<Isolation, 'none'>, plan: SandboxPlan): readonly string[] => {
  const user = isolation === 'user' ? ['--user', '--map-root-user'] : [];
  const mounts = inOrder(plan.mounts);
  return [
    ...WITH_AGENT,
    '/usr/bin/unshare',
    ...user,
    ...['--mount', '--propagation', 'private', '--pid', '--ipc', '--fork', '--kill-child', '--'],
    ...['/bin/sh', '-c', SANDBOX_SCRIPT, 'sandbox'],
    ...[plan.root, plan.readOnlyRoot ? 'ro' : 'rw', plan.workingDir, String(mounts.length)],
    ...mounts.flatMap((each) => [each.kind, each.source, each.target, each.readOnly ? 'ro' : 'rw']),
    plan.command[0] ?? '',
    ...(isolation === 'root' ? asRoot(plan.credentials) : asUser(plan.credentials)),
    ...plan.command,
  ];
};
