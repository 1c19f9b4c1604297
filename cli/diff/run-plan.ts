import type { Job, ObjectRef, Pod, Secret, Stored } from '../../api/objects.js';
import { werfVersionIn } from '../../api/werf-version.js';
import type { JobResult } from '../../controller/deploy/job-result.js';
import { lastErrorLine, plainLog } from '../../controller/deploy/log-tail.js';
import { CONTAINER } from '../../controller/deploy/names.js';
import { newestPod } from '../../controller/deploy/newest-pod.js';
import { type PlanResult, planResult } from '../../controller/deploy/plan-result.js';
import { planFinding } from '../../controller/deploy/plan-summary.js';
import { redactor } from '../../controller/deploy/redact.js';
import { imageOf, jobResult } from '../../controller/deploy/result.js';
import { ownedBy } from '../../controller/deploy/secrets.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { JOBS, PODS, SECRETS } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { podsMadeBy, podsOf } from '../cluster/job-pods.js';
import type { planObjects } from './plan-objects.js';

/** What a plan came to; `log` is redacted, and plain text, as a status keeps it: it is printed as a part of what is ours. */
export interface PlanEnd {
  readonly result: PlanResult | { readonly kind: 'nothing' };
  readonly log: string;
}

interface PlanDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
  /** How long the plan may take in all, milliseconds. */
  readonly timeoutMs: number;
}

type Objects = ReturnType<typeof planObjects>;

/** How often the Job is looked at, milliseconds. */
const LOOK_MS = 1_000;
/** How long to clean up at most, also when the process was asked to end; milliseconds. */
const CLEANUP_MS = 10_000;

/**
 * Makes a plan's Job with its Secrets, follows it to its end, reads what it has found, and deletes all of it, however it ended.
 * @throws KubeError for what the cluster refuses; also if the signal is aborted
 */
export const runPlan = async (deps: PlanDeps, objects: Objects): Promise<PlanEnd> => {
  try {
    const job = await create(deps, objects);
    return await follow(deps, { job, secretTexts: objects.secretTexts });
  } finally {
    deps.tell('deleting the Job of the plan');
    await cleanUp(deps.client, objects);
  }
};

/** Secrets first: a Pod without them would wait. */
const create = async ({ client, tell, signal }: PlanDeps, { job, secrets }: Objects): Promise<Stored<Job>> => {
  tell(`making Job ${job.metadata.name} in namespace ${job.metadata.namespace}`);
  for (const secret of secrets) await client.create<Stored<Secret>>(SECRETS, secret, signal);
  const made = await client.create<Stored<Job>>(JOBS, job, signal);
  // Should this program die, they go with the Job.
  for (const { metadata } of secrets) await client.mergePatch(SECRETS, metadata, ownedBy(made), {}, signal);
  return made;
};

const follow = async (
  deps: PlanDeps,
  { job: made, secretTexts }: { readonly job: Stored<Job>; readonly secretTexts: readonly string[] },
): Promise<PlanEnd> => {
  const { client, clock, tell, signal, timeoutMs } = deps;
  const { namespace, name } = made.metadata;
  const ref = { namespace, name };
  const begin = clock.now();
  for (;;) {
    const job = await client.get(JOBS, ref, signal);
    if (job === undefined) return failed(`Job ${name} was deleted by somebody else`);
    const pod = newestPod(podsMadeBy(made.metadata, (await client.list(PODS, podsOf(ref), signal)).items));
    const result = jobResult(job, pod, clock.now());
    if (result.kind === 'succeeded' || result.kind === 'failed')
      return ended(deps, { job, pod, result, hide: redactor(secretTexts) });
    if (result.kind === 'lost') return failed(result.message);
    const state = stateOf(result);
    if (clock.now() - begin >= timeoutMs)
      return failed(`the plan has not ended in time: ${state}; --timeout gives it more`);
    tell(`${state}, ${Math.floor((clock.now() - begin) / 1_000)}s`);
    await clock.sleep(LOOK_MS, signal);
  }
};

const failed = (message: string): PlanEnd => ({ result: { kind: 'failed', message }, log: '' });

const stateOf = (result: Extract<JobResult, { kind: 'waiting' | 'running' }>): string => {
  if (result.kind === 'running') return `Pod ${result.podName} runs werf bundle plan`;
  return `the Pod waits: ${result.reason}${result.message === '' ? '' : `: ${result.message}`}`;
};

const ended = async (
  { client, signal }: PlanDeps,
  of: {
    readonly job: Stored<Job>;
    readonly pod: Stored<Pod> | undefined;
    readonly result: Extract<JobResult, { kind: 'succeeded' | 'failed' }>;
    readonly hide: (log: string) => string;
  },
): Promise<PlanEnd> => {
  const { job, pod, result } = of;
  const raw = pod && (await client.podLog(pod.metadata as ObjectRef, { container: CONTAINER }, signal));
  const log = raw === undefined ? undefined : plainLog(of.hide(raw));
  if (result.kind === 'succeeded') return { result: { kind: 'nothing' }, log: log ?? '' };
  const image = imageOf(job) ?? '';
  const version = werfVersionIn(image, { werfImage: '', werfVersion: undefined });
  const said = log === undefined ? undefined : { finding: planFinding(log), errorLine: lastErrorLine(log) };
  return { result: planResult({ result, job, pod, version }, said), log: log ?? '' };
};

/** Ctrl-C or SIGTERM is no reason to leave anything behind. What can't be deleted goes by itself: the Job has its time, and owns its Secrets. */
const cleanUp = async (client: KubeClient, { job, secrets }: Objects): Promise<void> => {
  const signal = AbortSignal.timeout(CLEANUP_MS);
  const { namespace, name = '' } = job.metadata;
  const drop = async (type: typeof JOBS | typeof SECRETS, ref: ObjectRef): Promise<void> => {
    try {
      await client.delete(type, ref, {}, signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
    }
  };
  await drop(JOBS, { namespace, name });
  for (const { metadata } of secrets) await drop(SECRETS, metadata);
};
