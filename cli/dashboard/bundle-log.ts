import { type ObjectRef, type Pod, refOf, type Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { CONTAINER } from '../../controller/deploy/names.js';
import { newestPod } from '../../controller/deploy/newest-pod.js';
import type { LogLine } from '../../dashboard/protocol.js';
import type { KubeClient } from '../../kube/client.js';
import { JOBS, PODS } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { podsMadeBy, podsOf } from '../cluster/job-pods.js';
import { deploymentsOf } from '../history/deployments.js';
import { startedPod } from '../logs/started-pod.js';
import { jobOf } from '../logs/which-job.js';
import { withRight } from './refusal.js';

/** Lines from the end of a log that a page begins with. */
const TAIL_LINES = 1_000;

interface LogDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly send: (line: LogLine) => void;
  /** Resolves when what was sent has been read. */
  readonly read: () => Promise<void>;
}

/**
 * Sends what werf says in a deployment's Pod, from its end on, until it has ended or the signal is aborted.
 * @param number - of the deployment; undefined: of the one that runs, else of the last one
 * @throws Refused without the rights to read Jobs, Pods or the log; CommandError if there is no such deployment
 */
export const sendLog = async (
  { client, clock, send, read }: LogDeps,
  { bundle, number }: { readonly bundle: StoredBundle; readonly number: number | undefined },
  signal: AbortSignal,
): Promise<void> => {
  const open = deploymentsOf(bundle).find(({ result }) => result === 'Running' || result === 'Waiting');
  const job = jobOf(bundle, number ?? open?.number);
  const { namespace } = job;
  const found = await withRight({ verb: 'get', type: JOBS, namespace }, () => client.get(JOBS, job, signal));
  const uid = found?.metadata.uid;
  const pods = await withRight({ verb: 'list', type: PODS, namespace }, () => client.list(PODS, podsOf(job), signal));
  send({ kind: 'job', namespace, name: job.name, number: numberOf(bundle, job) });
  const newest = uid === undefined ? undefined : newestPod(podsMadeBy({ ...job, uid }, pods.items));
  const wait = (why: string): void => send({ kind: 'waiting', why });
  const isAwaited = open?.jobName === job.name;
  if (isAwaited && newest === undefined) wait(uid === undefined ? 'there is no Job yet' : 'there is no Pod yet');
  const on = { session: { client, signal }, terminal: { clock } };
  const pod = isAwaited ? await startedPod(on, { ...job, uid }, (_name, why) => wait(why)) : newest;
  if (signal.aborted) return;
  if (pod === undefined) return sendKept(send, bundle, job);
  await withRight({ verb: 'get', type: PODS, subresource: 'log', namespace }, () =>
    sendText({ client, send, read }, pod, signal),
  );
  send({ kind: 'ended', why: 'the container has ended' });
};

const numberOf = (bundle: StoredBundle, { name }: ObjectRef): number =>
  deploymentsOf(bundle).find(({ jobName }) => jobName === name)?.number ?? 0;

const sendText = async (
  { client, send, read }: Omit<LogDeps, 'clock'>,
  pod: Stored<Pod>,
  signal: AbortSignal,
): Promise<void> => {
  const decoder = new TextDecoder();
  const tail = { container: CONTAINER, tailLines: TAIL_LINES };
  for await (const bytes of client.followPodLog(refOf(pod), tail, signal)) {
    send({ kind: 'text', text: decoder.decode(bytes, { stream: true }) });
    await read();
  }
};

/** The end of the log that the controller has kept, without what came from Secrets. */
const sendKept = (send: LogDeps['send'], { status = {} }: StoredBundle, job: ObjectRef): void => {
  const kept = status.lastJobName === job.name ? (status.lastJobLogs ?? '') : '';
  if (kept !== '') send({ kind: 'kept', text: kept });
  else send({ kind: 'ended', why: `the Pod of Job ${job.namespace}/${job.name} is gone, and its log with it` });
};
