import { formatDuration } from '../../api/duration.js';
import { patchCommand, reconcileCommand } from '../../api/kubectl-command.js';
import { targetNamespaceOf } from '../../api/names.js';
import { nextMemory } from '../../api/quantity.js';
import { toTheSecond } from '../../api/timestamp.js';
import { imageOf } from '../../controller/deploy/result.js';
import { IMAGE_PULL } from '../../controller/deploy/waiting.js';
import { type CheckRow, failed, type Judgement, notChecked, ok, quoting, warning } from '../diagnosis/check.js';
import type { Observation } from './observation.js';
import { SECTIONS } from './sections.js';
import { controllerSays, currentCondition, refOfBundle } from './status-words.js';

type Row = CheckRow<Observation>;

/** The guide's words for how a Job ended. */
const OOM = /^pod failed with OOMKilled/;
const TIMEOUT = /^pod failed with DeadlineExceeded/;

/** What Helm and werf say of a template that is not rendered, or of what it renders: to try again mends nothing of it. */
const CHART =
  /error rendering chart|executing "[^"]*" at <|nil pointer evaluating|YAML parse error|error converting YAML|template: \S+:\d+|don't meet the specifications of the schema/;

/** How the Job ended that has failed, in the controller's words; undefined if none has. */
const failureOf = (seen: Observation): string | undefined =>
  controllerSays(seen, ['DeployFailed', 'JobLost', 'JobRefused']);

const where = ({ bundle }: Observation): string => bundle.status?.resolvedTargetNamespace ?? targetNamespaceOf(bundle);

const memory: Row = {
  id: 'memory',
  title: 'Memory of the Job',
  section: SECTIONS.oomKilled,
  judge: (seen) => {
    const limit = seen.spec.kind === 'valid' ? seen.spec.settings.converge.memory : undefined;
    const failure = failureOf(seen);
    if (limit === undefined) return notChecked('the spec is not valid');
    if (failure === undefined || !OOM.test(failure))
      return ok(
        seen.bundle.status?.lastJobName === undefined ? `${limit}; there was no Job yet` : `${limit} has been enough`,
      );
    const more = { spec: { converge: { resourceLimits: { memory: nextMemory(limit) } } } };
    return failed(failure, [patchCommand(refOfBundle(seen.bundle), more)]);
  },
};

const pod: Row = {
  id: 'pod',
  title: 'Pod',
  section: SECTIONS.jobFails,
  causes: ['target-namespace', 'service-account'],
  judge: (seen) => {
    const { job } = seen;
    if (job.kind === 'present' && job.result.kind === 'waiting') return waiting(seen, job.result);
    if (job.kind === 'present')
      return ok(job.result.kind === 'running' ? `${job.result.podName} runs` : 'it was started');
    const ready = currentCondition(seen, 'Ready');
    if (ready?.reason === 'WaitingForJob')
      return quoting(ready.message, failed(`${ready.message}, says the controller`, eventsOf(seen)));
    return job.kind === 'unknown' ? notChecked(job.why) : ok('none is needed now');
  },
};

const eventsOf = (seen: Observation): readonly string[] => [
  `kubectl get events -n ${where(seen)} --sort-by=.lastTimestamp`,
];

const waiting = (
  seen: Observation,
  { reason, message }: { readonly reason: string; readonly message: string },
): Judgement => {
  if (message === '') return ok(`it is about to start (${reason})`);
  const { job } = seen;
  if (job.kind !== 'present') return notChecked('there is no Job');
  const { name, namespace } = job.job.metadata;
  const found = `${reason}: ${message}`;
  if (reason === 'Suspended')
    return warning(found, [`kubectl patch job ${name} -n ${namespace} --type merge -p '{"spec":{"suspend":false}}'`]);
  if (reason === IMAGE_PULL) return failed(`${found} (image ${imageOf(job.job)})`, imageCommands(seen));
  if (/quota/.test(message)) return failed(found, [`kubectl describe resourcequota -n ${namespace}`]);
  const of = job.pod === undefined ? `job ${name}` : `pod ${job.pod.metadata.name}`;
  return failed(found, [`kubectl describe ${of} -n ${namespace}`]);
};

/** An image that the spec names can be left to the platform. */
const imageCommands = (seen: Observation): readonly string[] =>
  seen.bundle.spec.converge?.image === undefined
    ? eventsOf(seen)
    : [patchCommand(refOfBundle(seen.bundle), { spec: { converge: { image: null } } })];

const job: Row = {
  id: 'job',
  title: 'Job',
  section: SECTIONS.jobFails,
  causes: ['memory', 'pod', 'rights', 'service-account', 'target-namespace'],
  judge: (seen) => {
    const failure = failureOf(seen);
    const { status = {} } = seen.bundle;
    if (failure === undefined) return standing(seen);
    const commands = TIMEOUT.test(failure) ? [longerCommand(seen)] : againCommands(seen);
    const isTriedAgain = status.phase === 'Syncing';
    const cause = CHART.test(failure)
      ? '. That is a fault of the chart or its values: mend it and publish the chart again; the same chart fails again'
      : '';
    return quoting(
      failure,
      isTriedAgain
        ? warning(`${failure}; it is tried again at ${toTheSecond(status.nextAttemptTime)}`, commands)
        : failed(`${failure}${cause}`, commands),
    );
  },
};

const standing = (seen: Observation): Judgement => {
  const { status = {} } = seen.bundle;
  const ready = currentCondition(seen, 'Ready');
  if (ready?.reason === 'Queued') return warning(ready.message);
  if (seen.job.kind === 'absent' && status.activeJobName !== undefined)
    return failed(`Job ${seen.job.name} is gone; the controller makes another one`, againCommands(seen));
  if (status.activeJobName !== undefined) return ok(`${status.activeJobName} is under way`);
  return ok(status.lastJobName === undefined ? 'there was none yet' : `${status.lastJobName} has ended well`);
};

/** What its log says, and another try. */
const againCommands = (seen: Observation): readonly string[] => {
  const { lastJobName } = seen.bundle.status ?? {};
  const again = reconcileCommand(refOfBundle(seen.bundle));
  return lastJobName === undefined ? [again] : [logCommand(seen, lastJobName), again];
};

const logCommand = (seen: Observation, name: string): string =>
  `kubectl logs -n ${where(seen)} -l job-name=${name} -c werf --tail=200`;

const longerCommand = (seen: Observation): string => {
  const ms = seen.spec.kind === 'valid' ? seen.spec.settings.converge.timeoutMs : 0;
  const timeout = formatDuration(Math.min(2 * ms, 24 * 60 * 60_000));
  return patchCommand(refOfBundle(seen.bundle), { spec: { converge: { timeout } } });
};

const log: Row = {
  id: 'log',
  title: 'Log of the Job',
  section: SECTIONS.log,
  causes: ['memory', 'pod', 'job'],
  judge: (seen) => {
    const { lastJobName, lastJobStatus, lastJobLogs } = seen.bundle.status ?? {};
    if (lastJobName === undefined || lastJobStatus === undefined) return ok('there was no Job yet');
    if (lastJobStatus === 'Running')
      return ok('it is captured when the Job has ended', [logCommand(seen, lastJobName)]);
    if ((lastJobLogs ?? '') !== '') return ok('its end is in status.lastJobLogs');
    return warning('status.lastJobLogs is empty: the Pod was gone, or its log could not be read; what is left of it:', [
      logCommand(seen, lastJobName),
    ]);
  },
};

/** The checks of what becomes of a Job. */
export const JOB_CHECKS: readonly Row[] = [memory, pod, job, log];
