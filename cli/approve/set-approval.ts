import { APPROVE_PLAN } from '../../api/annotations.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { kubeFailure } from '../cluster/kube-failure.js';
import type { Session } from '../cluster/session.js';
import { CommandError } from '../command-error.js';
import { type ApprovablePlan, approvalOf } from '../plan/approval.js';
import { anotherPlan, whichOf } from './words.js';

/**
 * Sets the annotation, under the version in which the plan is still the one that was shown.
 * @param dryRun - the apiserver and its webhooks judge the change, and nothing is stored
 * @throws CommandError if another plan waits by now, or none, or the user may not approve it; KubeError for what the cluster refuses otherwise
 */
export const setApproval = async (
  session: Session,
  of: { readonly bundle: StoredBundle; readonly plan: ApprovablePlan; readonly dryRun?: true },
): Promise<StoredBundle> => {
  const { bundle, plan, dryRun } = of;
  const patchFor = (now: StoredBundle) => patchOf(now, plan);
  try {
    return (await changeBundle(session, bundle, { patchFor, ...(dryRun && { dryRun }) })).bundle;
  } catch (error) {
    throw error instanceof KubeError && isUnentitled(error) ? unentitled(error, { session, bundle }) : error;
  }
};

const patchOf = (now: StoredBundle, plan: ApprovablePlan) => {
  const approval = approvalOf(now);
  if (approval.kind === 'none')
    throw new CommandError([
      `${whichOf(now)}: the plan has changed: nothing waits for an approval any more: ${approval.why}`,
    ]);
  if (approval.plan.hash !== plan.hash) throw anotherPlan(now, approval.plan, `it was ${plan.hash}`);
  return approval.kind === 'given' ? undefined : { metadata: { annotations: { [APPROVE_PLAN]: plan.hash } } };
};

/** Whether the user lacks a right: to patch the bundle, by the apiserver, or to approve its plan, by the webhook. */
const isUnentitled = ({ code, causes }: KubeError): boolean =>
  code === 'forbidden' ||
  causes.some(({ field, message }) => field.includes(APPROVE_PLAN) && message.startsWith('Forbidden'));

const unentitled = (
  error: KubeError,
  { session, bundle }: { readonly session: Session; readonly bundle: StoredBundle },
): CommandError => {
  const { namespace } = bundle.metadata;
  const [first = '', ...rest] = kubeFailure(error, session).lines;
  const faults = error.causes.length > 0 ? rest : [];
  return new CommandError([
    first,
    ...faults,
    `who may grant rights gives them: kubectl create rolebinding approver -n ${namespace} --clusterrole=werfbundle-approver --user=USER`,
  ]);
};
