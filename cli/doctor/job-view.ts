import { targetNamespaceOf } from '../../api/names.js';
import type { Job, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import { LABELS } from '../../controller/deploy/names.js';
import { newestPod } from '../../controller/deploy/newest-pod.js';
import { jobResult } from '../../controller/deploy/result.js';
import { needsWords, withWords, wordsOf } from '../../controller/deploy/waiting.js';
import type { KubeClient } from '../../kube/client.js';
import { EVENTS, JOBS, PODS } from '../../kube/resources.js';
import { podsMadeBy, podsOf } from '../cluster/job-pods.js';
import { knownFrom } from '../diagnosis/known.js';
import type { JobView } from './observation.js';

type Client = Pick<KubeClient, 'get' | 'list'>;

/** The Job of the deployment that has not ended, or has failed; of one that succeeded there is nothing to find. */
export const readJobView = async (
  client: Client,
  { bundle, now }: { readonly bundle: StoredBundle; readonly now: number },
  signal: AbortSignal,
): Promise<JobView> => {
  const { status } = bundle;
  const name = openDeployment(status)?.jobName ?? (status?.lastJobStatus === 'Failed' ? status.lastJobName : undefined);
  if (name === undefined) return { kind: 'not-needed' };
  const namespace = status?.resolvedTargetNamespace ?? targetNamespaceOf(bundle);
  const job = await knownFrom(client.get(JOBS, { namespace, name }, signal));
  if (job.kind === 'unknown') return job;
  if (job.value === undefined || job.value.metadata.labels?.[LABELS.bundleUid] !== bundle.metadata.uid)
    return { kind: 'absent', name };
  return withPod(client, { job: job.value, now }, signal);
};

const withPod = async (
  client: Client,
  { job, now }: { readonly job: Stored<Job>; readonly now: number },
  signal: AbortSignal,
): Promise<JobView> => {
  const { namespace } = job.metadata;
  const pods = await knownFrom(client.list(PODS, podsOf(job.metadata), signal));
  if (pods.kind === 'unknown') return pods;
  const pod = newestPod(podsMadeBy(job.metadata, pods.value.items));
  const result = jobResult(job, pod, now);
  if (result.kind !== 'waiting' || !needsWords(result)) return { kind: 'present', job, pod, result };
  const { uid } = (pod ?? job).metadata;
  const events = await knownFrom(client.list(EVENTS, { namespace, fieldSelector: `regarding.uid=${uid}` }, signal));
  const words = events.kind === 'known' ? wordsOf(events.value.items) : undefined;
  return { kind: 'present', job, pod, result: withWords(result, words) };
};
