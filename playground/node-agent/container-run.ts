import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../process/ports.js';
import { pause, untilAborted } from '../../process/sleep.js';
import { bareCommand } from './bare.js';
import type { ContainerLog } from './container-log.js';
import type { ContainerPlan } from './container-plan.js';
import { ContainerProcess, type ProcessPlan } from './container-process.js';
import type { Variables } from './expansion.js';
import { parseLog, renderLines, wantedLines } from './log-lines.js';
import { outgrows } from './memory-watch.js';
import type { Ended } from './pod-status.js';
import { type Isolation, type Mount, sandboxCommand } from './sandbox.js';
import type { WerfProgram } from './werf-program.js';

/** One start of one container. */
interface ContainerRun {
  readonly plan: ContainerPlan;
  readonly variables: Variables;
  /** The container's own folder on the machine. */
  readonly folder: string;
  /** Volumes' folders by name. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly log: ContainerLog;
  readonly isolation: Isolation;
  readonly werf: WerfProgram;
  readonly clock: Clock;
  /** If the termination message is empty after a failure, the end of the log takes its place. */
  readonly messageFromLog: boolean;
  readonly onRunning: (startedAt: number) => void;
  /** Aborted: the container has to end within `graceMs()`; `force` aborted: at once. */
  readonly ending: AbortSignal;
  readonly force: AbortSignal;
  readonly graceMs: () => number;
}

/** The limits of a termination message from the log, as with a kubelet. */
const MESSAGE_LINES = 80;
const MESSAGE_BYTES = 2048;

const volumeMounts = async (run: ContainerRun): Promise<readonly Mount[]> =>
  Promise.all(
    run.plan.mounts.map(async ({ volume, subPath, target, readOnly }): Promise<Mount> => {
      const source = join(run.volumes.get(volume) ?? '', subPath ?? '');
      const known = await stat(source).catch(() => undefined);
      if (known === undefined) await mkdir(source, { recursive: true, mode: 0o777 });
      return { kind: known?.isFile() ? 'file' : 'dir', source, target, readOnly };
    }),
  );

const withFolder = (variables: Variables, folder: string): Variables =>
  new Map(variables).set('PATH', `${folder}:${variables.get('PATH') ?? ''}`);

type Prepared = { readonly kind: 'process'; readonly process: ProcessPlan } | { kind: 'missing'; message: string };

const prepare = async (run: ContainerRun, message: string): Promise<Prepared> => {
  const termination: Mount = {
    kind: 'file',
    source: message,
    target: run.plan.terminationMessagePath,
    readOnly: false,
  };
  const mounts = [...(await volumeMounts(run)), termination];
  const { command, workingDir } = run.plan;
  if (run.isolation === 'none') {
    const variables = withFolder(run.variables, run.werf.bareFolder);
    const bare = bareCommand({ command, variables, mounts, folder: run.folder, workingDir });
    return bare.kind === 'missing' ? bare : { kind: 'process', process: { ...bare, sandbox: false } };
  }
  const root = join(run.folder, 'root');
  await mkdir(root, { recursive: true });
  const words = sandboxCommand(run.isolation, {
    root,
    readOnlyRoot: run.plan.readOnlyRoot,
    workingDir,
    mounts: [...mounts, ...run.werf.mounts],
    credentials: run.plan.credentials,
    command,
  });
  const variables = withFolder(run.variables, run.werf.folder);
  return { kind: 'process', process: { words, variables, cwd: '/', sandbox: true } };
};

/** Ends the process when asked to; settles when `over` is aborted. */
const endWhenAsked = async (run: ContainerRun, container: ContainerProcess, over: AbortSignal): Promise<void> => {
  await untilAborted(AbortSignal.any([run.ending, over]));
  await container.started;
  if (over.aborted) return;
  container.terminate();
  await pause(run.clock, run.graceMs(), AbortSignal.any([run.force, over]));
  container.kill();
};

const terminationMessage = async (run: ContainerRun, file: string, exitCode: number): Promise<string> => {
  const own = (await readFile(file, 'utf8').catch(() => '')).slice(0, 4096);
  if (own !== '' || exitCode === 0 || !run.messageFromLog) return own;
  const { lines } = parseLog(await readFile(run.log.file));
  const options = { follow: false, timestamps: false, tailLines: MESSAGE_LINES };
  return renderLines(wantedLines(lines, options), false).subarray(-MESSAGE_BYTES).toString('utf8');
};

const follow = async (run: ContainerRun, container: ContainerProcess): Promise<{ code: number; killed: boolean }> => {
  const over = new AbortController();
  const watch = { pid: () => container.pid, clock: run.clock, signal: over.signal };
  const limit = run.plan.memoryLimit;
  const memory = limit === undefined ? Promise.resolve(false) : outgrows({ ...watch, limit });
  const outgrown = memory.then((killed) => {
    if (killed) container.kill();
    return killed;
  });
  const asked = endWhenAsked(run, container, over.signal);
  const code = await container.ended;
  over.abort();
  await asked;
  return { code, killed: await outgrown };
};

/**
 * Runs a container once, from its start to its end.
 * @returns how it ended; a command that could not be started is a StartError with exit code 128, as containerd has it
 */
export const runContainer = async (run: ContainerRun): Promise<Ended> => {
  const { clock } = run;
  await mkdir(run.folder, { recursive: true });
  const file = join(run.folder, 'termination-log');
  await writeFile(file, '');
  await chmod(file, 0o666);
  const startedAt = clock.now();
  const startError = (message: string): Ended => {
    run.log.end();
    return { kind: 'ended', exitCode: 128, reason: 'StartError', message, startedAt, finishedAt: clock.now() };
  };
  const prepared = await prepare(run, file);
  if (prepared.kind === 'missing') return startError(prepared.message);
  const container = ContainerProcess.start(prepared.process, run.log);
  const following = follow(run, container);
  const start = await container.started;
  if (start.kind === 'started') run.onRunning(startedAt);
  const { code, killed } = await following;
  if (start.kind === 'failed') return startError(start.message);
  const message = await terminationMessage(run, file, code);
  const reason = killed ? 'OOMKilled' : code === 0 ? 'Completed' : 'Error';
  const end = { kind: 'ended', exitCode: killed ? 137 : code, reason, startedAt, finishedAt: clock.now() } as const;
  return message === '' ? end : { ...end, message };
};
