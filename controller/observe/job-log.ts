import type { Job, Pod } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { SECRETS } from '../../kube/resources.js';
import { secretNamesIn } from '../decide/create-job.js';
import type { Proof } from '../deploy/job-signature.js';
import { CONTAINER } from '../deploy/names.js';
import { hasSavedPlan } from '../deploy/plan-job.js';
import { redactor } from '../deploy/redact.js';
import { splitLog } from '../deploy/saved-plan.js';
import { redactionSecretName, secretTextsOf } from '../deploy/secrets.js';

/** Lines to read from the end: more than are kept, so that the last error is found even if much follows it. */
const LOG_LINES = 400;
/** Lines that a saved plan may take at the end: it is one, of which the node's log makes pieces of 16 KiB. */
const SAVED_PLAN_LINES = 100;

/** The end of the log of a Job's container, in which everything that came from a Secret is replaced. */
type CleanLog =
  /** `hide` replaces the same in any other text. */
  | {
      readonly kind: 'read';
      readonly text: string;
      readonly hide: (text: string) => string;
      /** As it came, for what has to be understood and not only shown: nothing of it may be told that `hide` was not asked about. */
      readonly raw: string;
      /** What the Pod has printed of a plan that it has saved, as {@link splitLog} finds it: it is in neither of the texts. */
      readonly printed?: string | undefined;
    }
  | { readonly kind: 'unreadable'; readonly why: string };

interface LogDeps {
  readonly client: KubeClient;
  readonly proof: () => Proof;
}

/** @param of.lines - how many from the end, and what is printed of a saved plan. Never throws but when `signal` is aborted. */
export const readJobLog = async (
  { client, proof }: LogDeps,
  { job, pod, lines = LOG_LINES }: { readonly job: Job; readonly pod: Pod; readonly lines?: number },
  signal: AbortSignal,
): Promise<CleanLog> => {
  const { namespace } = job.metadata;
  const { name } = pod.metadata;
  try {
    const texts = await readSecretTexts({ client, proof }, job, signal);
    if (texts === undefined)
      return { kind: 'unreadable', why: 'the Secret that says what to hide in the log is gone, or was changed' };
    const tailLines = lines + (hasSavedPlan(job) ? SAVED_PLAN_LINES : 0);
    const log = await client.podLog({ namespace, name }, { container: CONTAINER, tailLines }, signal);
    if (log === undefined) return { kind: 'unreadable', why: `Pod ${name} is gone` };
    const { words, printed } = hasSavedPlan(job) ? splitLog(log) : { words: log, printed: undefined };
    const hide = redactor(texts);
    return { kind: 'read', text: hide(words), hide, raw: words, printed };
  } catch (error) {
    if (error instanceof KubeError && error.code !== 'aborted') return { kind: 'unreadable', why: error.code };
    throw error;
  }
};

/** Texts that the log must not show; undefined if they can't be found out: then no line of the log may be copied. */
const readSecretTexts = async (
  { client, proof }: LogDeps,
  job: Job,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> => {
  const { namespace, name: jobName } = job.metadata;
  const name = redactionSecretName(jobName);
  if (!secretNamesIn(job).includes(name)) return [];
  const secret = await client.get(SECRETS, { namespace, name }, signal);
  return secret && secretTextsOf(secret, { namespace, name: jobName }, proof().key);
};
