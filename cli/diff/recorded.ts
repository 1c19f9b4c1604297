import { openPlan } from '../../api/open-plan.js';
import { parseSpec } from '../../api/settings.js';
import type { Plan, StoredBundle } from '../../api/werfbundle.js';
import { isHeld } from '../../controller/decide/plan-approval.js';
import { NO_CHANGES, type PlannedObject, plannedChanges } from '../../controller/deploy/plan-changes.js';
import { CommandError } from '../command-error.js';
import { approvalOf } from '../plan/approval.js';
import { planText } from '../plan/plan-text.js';
import type { Terminal } from '../terminal.js';
import type { PlanEnd } from './run-plan.js';

/** The plan that the controller has recorded for the next deployment, as `-o json` has it. */
export interface RecordedPlan
  extends Pick<Plan, 'hash' | 'tag' | 'counts' | 'deleted' | 'recreated' | 'unlisted' | 'unnamed' | 'message'> {
  /** When it was made; left out while it is being made. */
  readonly madeAt?: string;
  /** `none`: it needs none. */
  readonly approval: 'awaited' | 'given' | 'none';
}

/** What a bundle's status has of its next deployment; undefined: nothing, for none is planned. */
export const recordedPlan = (bundle: StoredBundle): RecordedPlan | undefined => {
  const plan = openPlan(bundle.status ?? {});
  if (plan === undefined) return undefined;
  const { hash, tag, counts, deleted, recreated, unlisted, unnamed, message, finishedAt } = plan;
  return {
    tag,
    ...(hash !== undefined && { hash }),
    ...(finishedAt !== undefined && { madeAt: finishedAt }),
    ...(counts !== undefined && { counts }),
    ...(deleted !== undefined && { deleted }),
    ...(recreated !== undefined && { recreated }),
    ...(unlisted !== undefined && { unlisted }),
    ...(unnamed !== undefined && { unnamed }),
    ...(message !== undefined && { message }),
    approval: approvalOf(bundle).kind,
  };
};

/** The same for people, and how it goes on; '' if no deployment is planned. */
export const recordedText = (
  bundle: StoredBundle,
  terminal: Pick<Terminal, 'clock' | 'colors' | 'columns'>,
): string => {
  const plan = openPlan(bundle.status ?? {});
  if (plan === undefined) return '';
  const { namespace, name } = bundle.metadata;
  const next = {
    awaited: `It waits for an approval: werfbundle approve ${name} -n ${namespace}\n`,
    given: 'It is approved, and deployed next.\n',
    none: '',
  }[approvalOf(bundle).kind];
  const parsed = parseSpec(bundle);
  return planText({ plan, isHeld: parsed.kind === 'valid' && isHeld(parsed.settings) }, terminal) + next;
};

/** The recorded plan, if it says what would change. @throws CommandError if there is none, or none yet */
export const madePlan = (bundle: StoredBundle): Plan => {
  const { metadata, status = {} } = bundle;
  const which = `${metadata.namespace}/${metadata.name}`;
  const plan = openPlan(status);
  if (plan?.result === 'Made') return plan;
  if (plan?.result === 'Failed')
    throw new CommandError([`${which}: ${plan.tag} could not be planned: ${plan.message ?? 'no reason is known'}`]);
  if (plan !== undefined) throw new CommandError([`${which}: the plan of ${plan.tag} is still being made`]);
  const last = status.plan === undefined ? '' : `; the last plan was of ${status.plan.tag}, whose deployment has begun`;
  throw new CommandError([`${which}: no deployment is planned (spec.converge.plan, spec.converge.deletions)${last}`]);
};

/** Whether a plan says that something would change. What is not known is something. */
export const isChange = ({ counts }: Plan): boolean =>
  counts === undefined || Object.values(counts).some((count) => count > 0);

/** What is to be known where a plan that was made just now says something else than the recorded one; undefined: it does not. */
export const unlikeRecorded = (
  bundle: StoredBundle,
  { tag, end }: { readonly tag: string; readonly end: PlanEnd },
): string | undefined => {
  const plan = openPlan(bundle.status ?? {});
  if (plan?.result !== 'Made') return undefined;
  const { namespace, name } = bundle.metadata;
  const anew = `to have that one made anew: werfbundle reconcile ${name} -n ${namespace}`;
  if (plan.tag !== tag) return `the recorded plan is of ${plan.tag}, and this one, made just now, of ${tag}; ${anew}`;
  const now = end.result.kind === 'changes' ? plannedChanges(end.log) : NO_CHANGES;
  if (now === undefined || plan.counts === undefined || (plan.unlisted ?? 0) > 0) return undefined;
  const isSame = factsOf({ deleted: [], recreated: [], ...plan, counts: plan.counts }) === factsOf(now);
  return isSame ? undefined : `this plan, made just now, is another one than the recorded plan; ${anew}`;
};

/** What two plans are compared by. Of names that are hidden it is only known that they are. */
const factsOf = (of: {
  readonly counts: NonNullable<Plan['counts']>;
  readonly deleted: readonly PlannedObject[];
  readonly recreated: readonly PlannedObject[];
}): string => {
  const { create, update, recreate, delete: deletes } = of.counts;
  const words = (objects: readonly PlannedObject[]) =>
    objects.map(({ kind, name }) => `${kind}/${name.includes('***') ? '***' : name}`).toSorted();
  return JSON.stringify([create, update, recreate, deletes, words(of.deleted), words(of.recreated)]);
};
