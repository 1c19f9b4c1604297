import { DEPLOY_REQUESTED } from '../../api/annotations.js';
import { LAST_FAILURE } from '../../api/backoff.js';
import { annotateCommand, reconcileCommand } from '../../api/kubectl-command.js';
import type { Reason } from '../../api/reasons.js';
import { type CheckRow, failed, notChecked, ok, quoting, warning } from '../diagnosis/check.js';
import { placeOf } from '../diagnosis/deployments.js';
import { controllerJudgement, operatorNamespaceJudgement, webhookJudgement } from '../diagnosis/operator-judgements.js';
import type { Observation } from './observation.js';
import { SECTIONS } from './sections.js';
import { controllerSays, currentCondition, isObserved, refOfBundle } from './status-words.js';

type Row = CheckRow<Observation>;

const operatorNamespace: Row = {
  id: 'operator-namespace',
  title: "Operator's namespace",
  section: SECTIONS.operator,
  judge: ({ operator: { namespace, namespaceExists: exists } }) => operatorNamespaceJudgement({ namespace, exists }),
};

const controller: Row = {
  id: 'controller',
  title: 'Controller',
  section: SECTIONS.operator,
  causes: ['operator-namespace'],
  judge: (seen) => {
    const { operator, bundle } = seen;
    const works = controllerJudgement(operator);
    if (works.verdict === 'failed') return works;
    if (isObserved(seen)) return ok(works.verdict === 'ok' ? works.found : 'it has looked at the spec as it is now');
    const found = `no controller has looked at generation ${bundle.metadata.generation} of the spec: it does not work, or this bundle is not among those that it takes care of`;
    const { words, look } = placeOf('controller', operator);
    return failed(`${found}${words}`, look);
  },
};

const webhook: Row = {
  id: 'webhook',
  title: 'Webhook',
  section: SECTIONS.refused,
  judge: ({ operator }) => webhookJudgement(operator),
};

const spec: Row = {
  id: 'spec',
  title: 'Spec',
  section: SECTIONS.refused,
  causes: ['controller'],
  judge: (seen) => {
    const edit = [`kubectl edit wb ${seen.bundle.metadata.name} -n ${seen.bundle.metadata.namespace}`];
    if (seen.spec.kind === 'invalid')
      return failed(seen.spec.problems.map(({ field, message }) => `${field}: ${message}`).join('; '), edit);
    const told = controllerSays(seen, ['SpecInvalid']);
    return told === undefined ? ok('it breaks no rule') : failed(told, edit);
  },
};

const suspended: Row = {
  id: 'suspended',
  title: 'Suspension',
  section: SECTIONS.newVersions,
  judge: (seen) => {
    const { name, namespace } = seen.bundle.metadata;
    const resume = `werfbundle resume ${name} -n ${namespace}`;
    if (seen.bundle.spec.suspend === true) return warning('it is suspended: nothing is polled or deployed', [resume]);
    const told = currentCondition(seen, 'Suspended');
    return told?.status === 'True' ? warning(told.message) : ok('it is not suspended');
  },
};

const pollingStopped: Row = {
  id: 'polling-stopped',
  title: 'Stop of polls',
  section: SECTIONS.stopped,
  causes: ['registry', 'credentials', 'repository', 'rate-limit'],
  judge: ({ bundle }) => {
    const { consecutiveFailures = 0, lastErrorMessage = '' } = bundle.status ?? {};
    if (consecutiveFailures < LAST_FAILURE) return ok('the registry is polled');
    const found = `${consecutiveFailures} polls in a row have failed, and there are no more: ${lastErrorMessage}`;
    return quoting(lastErrorMessage, failed(found, [reconcileCommand(refOfBundle(bundle))]));
  },
};

const drift: Row = {
  id: 'drift',
  title: 'Drift',
  section: SECTIONS.drift,
  causes: ['memory', 'pod', 'job', 'rights'],
  judge: (seen) => {
    const again = [annotateCommand(refOfBundle(seen.bundle), `${DEPLOY_REQUESTED}="$(date)"`)];
    const given = currentCondition(seen, 'DriftCorrectionFailed');
    if (given?.status === 'True') return failed(given.message, again);
    const drifted = currentCondition(seen, 'Drifted');
    if (drifted === undefined) return notChecked('nobody looks for it: spec.converge.driftDetection is not enabled');
    if (drifted.status === 'False') return ok(drifted.message);
    return warning(drifted.message, drifted.status === 'True' ? again : []);
  },
};

/** What other checks tell, with when it is tried again. */
const TOLD_ELSEWHERE: readonly string[] = [
  'PollFailed',
  'DeployFailed',
  'JobLost',
  'JobRefused',
  'Returned',
  'ApprovalAwaited',
] satisfies Reason[];

/** Whatever holds a bundle up, and no other check has found. */
const ready: Row = {
  id: 'ready',
  title: 'Ready',
  section: SECTIONS.look,
  causes: '*',
  judge: (seen) => {
    if (!isObserved(seen)) return notChecked('the controller has not looked at the spec');
    const leaving = currentCondition(seen, 'Reconciling');
    if (seen.bundle.metadata.deletionTimestamp !== undefined && leaving !== undefined)
      return warning(`it is being deleted: ${leaving.message}`);
    const condition = currentCondition(seen, 'Ready');
    if (condition === undefined) return ok('nothing is asked for');
    if (condition.status !== 'False') return ok(condition.message);
    if (TOLD_ELSEWHERE.includes(condition.reason)) return quoting(condition.message, notChecked(condition.message));
    const { reason, message } = condition;
    const mend =
      reason === 'RightsMissing' ? 'kubectl apply -k manifests/rbac' : reconcileCommand(refOfBundle(seen.bundle));
    return quoting(message, failed(`${reason}: ${message}`, [mend]));
  },
};

/** Of the operator, and of the spec. */
export const FIRST_CHECKS: readonly Row[] = [operatorNamespace, controller, webhook, spec, suspended];
/** Of what the status alone tells. */
export const STATUS_CHECKS: readonly Row[] = [pollingStopped, drift, ready];
