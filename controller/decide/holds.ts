import { RELEASE_HOLD_REQUESTED, ROLLBACK_TO } from '../../api/annotations.js';
import { lastTried } from '../../api/attempts.js';
import { annotateCommand } from '../../api/kubectl-command.js';
import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, momentOf, withCondition, withoutCondition } from './condition.js';
import { openDeployment } from './deployment.js';
import type { Facts, Idle } from './facts.js';
import type { Finding } from './finding.js';
import { type Hold, holdOn, holdOnValues, holdsOf, isOfValues, withPresent } from './hold-list.js';
import { holderOf } from './holder.js';
import type { PartialDecision } from './partial-decision.js';

/** Accounts, whatever was decided, for what is held, and tells who or what keeps from being deployed what the registry offers. */
export const accountHolds = (facts: Facts, partial: PartialDecision): PartialDecision => {
  const { seen } = facts;
  if (seen.bundle.metadata.deletionTimestamp !== undefined || seen.spec.kind === 'invalid') return partial;
  const idle = { ...facts, settings: seen.spec.settings };
  const status = withHoldsKept(idle, partial.status);
  const hold = toldHold(idle, status);
  const told = toldOf(idle, status, hold);
  return {
    ...partial,
    status: told === undefined ? withoutCondition(status, 'Held') : withCondition(status, told, momentOf(seen)),
    findings: hold === undefined ? partial.findings : [...returned(idle, status, hold), ...partial.findings],
  };
};

/** Keeps the holds that hold, and why there was no return, until something else is decided. */
const withHoldsKept = (idle: Idle, status: WerfBundleStatus): WerfBundleStatus => {
  const { notReturned, ...rest } = withPresent(holderOf(idle, status));
  const { onFailure } = idle.settings.converge;
  const isCurrent = notReturned?.number === status.deployment?.number && onFailure === 'Return';
  return {
    ...rest,
    ...(isCurrent && notReturned !== undefined && { notReturned }),
  };
};

const REASONS_OF_HOLDS: ReadonlySet<string> = new Set(['Returning', 'Returned']);

/**
 * The hold on what the registry offers. While that is not known, and when for once it offers just what is deployed, all stays as it was told:
 * lists flap.
 */
const toldHold = (idle: Idle, status: WerfBundleStatus): Hold | undefined => {
  const { seen } = idle;
  const holder = holderOf(idle, status);
  const { wanted } = holder;
  const ofValues = holdOnValues(holder);
  if (ofValues !== undefined) return ofValues;
  if (rollbackOf(seen.bundle) !== undefined) return undefined;
  const asItWas = wanted === undefined || (wanted.digest === status.lastAppliedDigest && seen.sameScans < 2);
  if (!asItWas) return holdOn(holder);
  const newest = holdsOf(holder).find((hold) => !isOfValues(hold));
  const isNew = status.holds?.[0]?.number !== seen.bundle.status?.holds?.[0]?.number;
  return isNew || REASONS_OF_HOLDS.has(conditionOf(status, 'Held')?.reason ?? '') ? newest : undefined;
};

const toldOf = (idle: Idle, status: WerfBundleStatus, hold: Hold | undefined) => {
  const { bundle } = idle.seen;
  const tag = rollbackOf(bundle);
  if (tag !== undefined) return rolledBack(bundle, tag);
  if (hold === undefined) return undefined;
  const which = isAbout(idle, status, hold) ? `; ${withWhichValues(hold)}` : '';
  const message = `${holderWords(idle, status, hold)}${which}; it failed with: ${hold.message}`;
  const before = conditionOf(status, 'Held');
  // What else is deployed meanwhile, other values say, is no return.
  const isOver = isReturned(status) || (before?.reason === 'Returned' && before.message === message);
  return { type: 'Held', status: 'True', reason: isOver ? 'Returned' : 'Returning', message } as const;
};

/** Whether nothing is under way, and what was tried last is what is deployed. */
const isReturned = (status: WerfBundleStatus): boolean =>
  openDeployment(status) === undefined && lastTried(status)?.result === 'Succeeded';

/** That what is asked for is not deployed, once all is done that is done by itself. */
const returned = (idle: Idle, status: WerfBundleStatus, hold: Hold): readonly Finding[] => {
  const { polled } = idle;
  const isUnknown = conditionOf(status, 'RegistryReachable')?.status === 'Unknown';
  if (isUnknown || !isReturned(status) || polled.findings.some(({ kind }) => kind === 'nothing-to-deploy')) return [];
  const { notReturned, lastAppliedTag } = status;
  const but =
    notReturned === undefined ? '' : `, which can not be given what has changed since: ${notReturned.message}`;
  const which = isAbout(idle, status, hold) ? `: ${withWhichValues(hold)}` : '';
  const message = `${hold.tag} failed, and ${lastAppliedTag} is deployed again${which}${but}; ${holderWords(idle, status, hold)}; it failed with: ${hold.message}`;
  return [{ kind: 'returned', reason: 'Returned', message }];
};

/** Whether because of this hold what is deployed has other values than the present ones. */
const isAbout = (idle: Idle, status: WerfBundleStatus, hold: Hold): boolean =>
  holdOnValues(holderOf(idle, status))?.number === hold.number;

const withWhichValues = ({ good: { number } }: Hold): string => {
  const which = number === undefined ? 'an earlier deployment' : `deployment ${number}`;
  return `what is deployed has the values and the spec of ${which}, not the present ones`;
};

/** Who holds what, and until when. */
const holderWords = (idle: Idle, status: WerfBundleStatus, hold: Hold): string => {
  const command = annotateCommand(idle.seen.bundle.metadata, `${RELEASE_HOLD_REQUESTED}="$(date)"`);
  if (isOfValues(hold))
    return `the controller holds the present values, or the present spec, of ${hold.tag} (onFailure: Return) until they change, or a person lets them go, which tries them again: ${command}`;
  const [what, others] = isAbout(idle, status, hold)
    ? [`${hold.tag}, with the present values and the present spec,`, '; other values are deployed with what it is now']
    : [hold.tag, ''];
  return `the controller holds ${what} (onFailure: Return) until the registry offers another digest, or a person lets it go, which tries it again: ${command}${others}`;
};

const rolledBack = ({ metadata: { namespace, name } }: StoredBundle, tag: string) =>
  ({
    type: 'Held',
    status: 'True',
    reason: 'RolledBack',
    message: `a person holds ${tag} by annotation ${ROLLBACK_TO}: neither polls nor the spec deploy another tag until it is taken away, by werfbundle release-hold ${name} -n ${namespace}`,
  }) as const;
