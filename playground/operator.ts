import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../kube/client.js';
import { StartError } from '../process/start-error.js';
import { type SupervisedProcess, superviseProcess } from './control-plane/supervised-process.js';
import { established } from './established.js';
import type { Kubectl } from './kubectl.js';
import { writeKubeconfig } from './service-account.js';

/** Where the operator is installed, as the manifests have it. */
export const OPERATOR_NAMESPACE = 'k8s-werf-operator-go-system';

/** The webhook's and the controller's processes. */
type Program = 'webhook' | 'controller';

/** One of them, ready. */
export interface RunningProgram extends SupervisedProcess {
  /** Port of 127.0.0.1 that serves `/metrics`. */
  readonly healthPort: number;
}

export interface OperatorDeps {
  readonly client: KubeClient;
  readonly kubectl: Kubectl;
  readonly server: string;
  readonly ca: string | undefined;
  /** The checkout: it has manifests/ and dist/. */
  readonly root: string;
  /** For kubeconfigs and logs. */
  readonly dir: string;
  readonly timeScale: number;
  /** More flags for the program. */
  readonly flags?: readonly string[];
  /** More of its environment than PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

const READY_WITHIN_MS = 30_000;
const STOP = { signal: 'SIGTERM', patienceMs: 5_000 } as const;

/** Flags of each program: the playground's registry and apiserver are on this machine. */
const flagsOf = (program: Program, timeScale: number): readonly string[] =>
  program === 'webhook'
    ? ['--listen', '127.0.0.1:0', '--advertise-url', 'https://127.0.0.1:0', '--shutdown-delay', '0s']
    : ['--allow-networks', '127.0.0.0/8', '--time-scale', String(timeScale)];

/**
 * Installs the CRD, the operator's rights and its webhook configurations, as on any cluster. Not the Deployments: the processes
 * run here.
 * @throws StartError with what kubectl says
 */
export const installManifests = async ({ kubectl, root, say }: OperatorDeps): Promise<void> => {
  const apply = async (...args: readonly string[]): Promise<void> => {
    const { code, text } = await kubectl.run(args);
    if (code !== 0) throw new StartError([`kubectl ${args.join(' ')} failed: ${text.trim()}`]);
  };
  await apply('apply', '-k', join(root, 'manifests/crd'));
  if (!(await established((words) => kubectl.run(words), 'werfbundles.werf.io'))) {
    throw new StartError([
      'the CRD werfbundles.werf.io is not served; kubectl describe crd werfbundles.werf.io says why',
    ]);
  }
  await apply('apply', '-f', join(root, 'manifests/default/namespace.yaml'));
  await apply('apply', '-k', join(root, 'manifests/rbac'));
  await apply('apply', '-f', join(root, 'manifests/webhook/configurations.yaml'));
  say('installed manifests/: the CRD, RBAC and the webhook configurations');
};

const GUARD = 'manifests/webhook/values-guard/configuration.yaml';

/**
 * Installs the values guard, which the webhook answers with the flag `--guard-values`.
 * @throws StartError with what kubectl says
 */
export const installGuard = async ({ kubectl, root, say }: OperatorDeps): Promise<void> => {
  const { code, text } = await kubectl.run(['apply', '-f', join(root, GUARD)]);
  if (code !== 0) throw new StartError([`kubectl apply -f ${GUARD} failed: ${text.trim()}`]);
  say('installed the values guard: changes of ConfigMaps and Secrets with the label werf.io/values=true are judged');
};

/**
 * Starts webhook or controller as a process that has the rights of its ServiceAccount and no others, and waits until it is ready.
 * @throws StartError with the end of its log
 */
export const startProgram = async (
  deps: OperatorDeps,
  program: Program,
  signal: AbortSignal,
): Promise<RunningProgram> => {
  const { dir, root } = deps;
  const account = `werfbundle-${program}`;
  const file = join(dir, `${program}.kubeconfig`);
  await writeKubeconfig(deps.client, { namespace: OPERATOR_NAMESPACE, name: account }, { ...deps, file }, signal);
  const flags = [
    ...['--kubeconfig', file, '--namespace', OPERATOR_NAMESPACE, '--health-address', '127.0.0.1:0'],
    ...flagsOf(program, deps.timeScale),
    ...(deps.flags ?? []),
  ];
  const running = superviseProcess({
    name: program,
    command: [process.execPath, join(root, 'dist', `${program}.js`), ...flags],
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...deps.env },
    logFile: join(dir, `${program}.log`),
  });
  try {
    const healthPort = await ready(running, signal);
    deps.say(`${program} runs as ServiceAccount ${account}, and is ready; its log: ${running.logFile}`);
    return { ...running, healthPort };
  } catch (error) {
    await running.stop(STOP);
    throw error;
  }
};

/** @returns its health port, which it logs */
const ready = async (program: SupervisedProcess, signal: AbortSignal): Promise<number> => {
  const fault = async (what: string) =>
    new StartError([`the ${program.name} ${what}; the end of its log:`, await program.logEnd()]);
  let end: string | undefined;
  void program.ended.then((how) => {
    end = how;
  });
  for (
    const start = performance.now();
    performance.now() - start < READY_WITHIN_MS;
    await delay(30, undefined, { signal })
  ) {
    if (end !== undefined) throw await fault(`ended at start (${end})`);
    const log = await readFile(program.logFile, 'utf8');
    const [, port] = /"health(?:Port)?":(\d+)/.exec(log) ?? [];
    if (port !== undefined && log.includes(`"message":"${program.name} ready"`)) return Number(port);
  }
  throw await fault(`was not ready within ${READY_WITHIN_MS / 1_000} s`);
};

export const stopProgram = (program: SupervisedProcess): Promise<void> => program.stop(STOP);

/** Removes the webhook configurations: without a webhook behind them, no bundle could be written any more. */
export const uninstallWebhooks = async ({ kubectl, root }: Pick<OperatorDeps, 'kubectl' | 'root'>): Promise<void> => {
  const files = ['manifests/webhook/configurations.yaml', GUARD].flatMap((file) => ['-f', join(root, file)]);
  await kubectl.run(['delete', '--ignore-not-found', ...files]);
};
