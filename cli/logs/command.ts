import { Command } from 'commander';
import { type ObjectRef, type Pod, refOf, type Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { CONTAINER } from '../../controller/deploy/names.js';
import { newestPod } from '../../controller/deploy/newest-pod.js';
import { JOBS, PODS } from '../../kube/resources.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { podsMadeBy, podsOf } from '../cluster/job-pods.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError, misuse } from '../command-error.js';
import type { Terminal } from '../terminal.js';
import { podStateOf } from './pod-state.js';
import { type AwaitedJob, startedPod } from './started-pod.js';
import { jobOf } from './which-job.js';

export interface LogsOptions extends ClusterOptions {
  readonly follow?: true;
  readonly tail?: number;
  readonly number?: number;
}

interface On {
  readonly terminal: Terminal;
  readonly session: Session;
}

const DESCRIPTION = [
  'Prints what werf says in the Pod of a deployment: of the one that runs, else of the last one. It is what kubectl logs prints, with your own rights; once the Pod is gone, the end of it that the status has, without what came from Secrets.',
  'Exit code 0: printed; 1: there is no log, or the cluster refused; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle logs` */
export const logsCommand: CommandBuilder = (terminal) => {
  const command = new Command('logs')
    .summary("print what werf says in a deployment's Pod")
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('-f, --follow', 'waits until the Pod starts, and goes on until it ends')
    .option('--tail <lines>', 'only so many lines from the end; -1: all', tailFrom)
    .option('--number <number>', 'of this deployment: werfbundle history NAME lists them', countOf('--number'));
  return withClusterOptions(command).action((name: string, options: LogsOptions) =>
    inCluster(terminal, options, (session) => printLog({ terminal, session }, name, options)),
  );
};

/** -1 is all of them, as with kubectl. */
const tailFrom = (text: string): number | undefined => (text === '-1' ? undefined : countOf('--tail')(text));

const countOf =
  (flag: string) =>
  (text: string): number => {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw misuse(`${flag}: ${JSON.stringify(text)} is no whole number`);
  };

/** Prints the log of a bundle's Job. @throws CommandError if there is none, KubeError */
export const printLog = async (on: On, argument: string, options: LogsOptions): Promise<void> => {
  const { session, terminal } = on;
  session.tell('looking for the Job');
  const bundle = await findBundle(session, argument);
  const job = jobOf(bundle, options.number);
  const isRunning = bundle.status?.activeJobName === job.name;
  const uid = (await session.client.get(JOBS, job, session.signal))?.metadata.uid;
  const pods = (await session.client.list(PODS, podsOf(job), session.signal)).items;
  const pod = uid === undefined ? undefined : newestPod(podsMadeBy({ ...job, uid }, pods));
  if (options.follow === true && isRunning) await follow(on, { ...job, uid }, options);
  else await printOnce(on, { bundle, job, pod }, options);
  if (!session.signal.aborted) terminal.end(0);
};

const tailOf = ({ tail }: LogsOptions) => ({ container: CONTAINER, ...(tail !== undefined && { tailLines: tail }) });

const printOnce = async (
  { session, terminal }: On,
  {
    bundle,
    job,
    pod,
  }: { readonly bundle: StoredBundle; readonly job: ObjectRef; readonly pod: Stored<Pod> | undefined },
  options: LogsOptions,
): Promise<void> => {
  const log = pod && (await session.client.podLog(refOf(pod), tailOf(options), session.signal));
  session.quiet();
  if (pod === undefined || log === undefined) return printKept(terminal, bundle, job);
  const state = podStateOf(pod);
  if (state.kind === 'waiting') terminal.err(`werfbundle: Pod ${pod.metadata.name} waits: ${state.why}\n`);
  terminal.out(ending(log));
};

/** The end of the log that the controller has kept. */
const printKept = (terminal: Terminal, { status = {} }: StoredBundle, job: ObjectRef): void => {
  const gone = `the Pod of Job ${job.namespace}/${job.name} is gone`;
  const kept = status.lastJobName === job.name ? (status.lastJobLogs ?? '') : '';
  if (kept === '') throw new CommandError([`${gone}, and its log with it`]);
  terminal.err(`werfbundle: ${gone}; this is the end of its log, as the status has it\n`);
  terminal.out(ending(kept));
};

const ending = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const follow = async (on: On, job: AwaitedJob, options: LogsOptions): Promise<void> => {
  const { session, terminal } = on;
  session.tell(`waiting for the Pod of Job ${job.namespace}/${job.name}`);
  const pod = await startedPod(on, job, (name, why) => {
    session.quiet();
    terminal.err(`werfbundle: Pod ${name} waits: ${why}\n`);
  });
  session.quiet();
  if (pod === undefined) return;
  const decoder = new TextDecoder();
  for await (const bytes of session.client.followPodLog(refOf(pod), tailOf(options), session.signal)) {
    terminal.out(decoder.decode(bytes, { stream: true }));
  }
};
