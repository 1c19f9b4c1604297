import { RELEASE_HOLD_REQUESTED, ROLLBACK_TO } from '../../api/annotations.js';
import { lastTried } from '../../api/attempts.js';
import { annotateCommand } from '../../api/kubectl-command.js';
import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, momentOf, withCondition, withoutCondition } from './condition.js';
import { openDeployment } from './deployment.js';
import type { Facts, Idle } from './facts.js';
import type { Finding } from './finding.js';
import { type Hold, holdOn, holdsOf } from './hold-list.js';
import type { PartialDecision } from './partial-decision.js';

/** Accounts, whatever was decided, for what is held, and tells who or what keeps from being deployed what the registry offers. */
export const accountHolds = (facts: Facts, partial: PartialDecision): PartialDecision => {
  const { seen } = facts;
  if (seen.bundle.metadata.deletionTimestamp !== undefined || seen.spec.kind === 'invalid') return partial;
  const idle = { ...facts, settings: seen.spec.settings };
  const status = withHoldsKept(idle, partial.status);
  const hold = toldHold(idle, status);
  const told = toldOf(seen.bundle, status, hold);
  return {
    ...partial,
    status: told === undefined ? withoutCondition(status, 'Held') : withCondition(status, told, momentOf(seen)),
    findings: hold === undefined ? partial.findings : [...returned(idle, status, hold), ...partial.findings],
  };
};

/** Keeps the holds that hold, and why there was no return, until something else is decided. */
const withHoldsKept = ({ seen, polled, settings }: Idle, status: WerfBundleStatus): WerfBundleStatus => {
  const { holds: _, notReturned, ...rest } = status;
  const holds = holdsOf({ bundle: seen.bundle, settings, status, wanted: polled.wanted });
  const isCurrent = notReturned?.number === status.deployment?.number && settings.converge.onFailure === 'Return';
  return {
    ...rest,
    ...(holds.length > 0 && { holds }),
    ...(isCurrent && notReturned !== undefined && { notReturned }),
  };
};

const REASONS_OF_HOLDS: ReadonlySet<string> = new Set(['Returning', 'Returned']);

/**
 * The hold on what the registry offers. While that is not known, and when for once it offers just what is deployed, all stays as it was told:
 * lists flap.
 */
const toldHold = ({ seen, polled, settings }: Idle, status: WerfBundleStatus): Hold | undefined => {
  const { wanted } = polled;
  const holder = { bundle: seen.bundle, settings, status, wanted };
  if (rollbackOf(seen.bundle) !== undefined) return undefined;
  const asItWas = wanted === undefined || (wanted.digest === status.lastAppliedDigest && seen.sameScans < 2);
  if (!asItWas) return holdOn(holder);
  const [newest] = holdsOf(holder);
  const isNew = status.holds?.[0]?.number !== seen.bundle.status?.holds?.[0]?.number;
  return isNew || REASONS_OF_HOLDS.has(conditionOf(status, 'Held')?.reason ?? '') ? newest : undefined;
};

const toldOf = (bundle: StoredBundle, status: WerfBundleStatus, hold: Hold | undefined) => {
  const tag = rollbackOf(bundle);
  if (tag !== undefined) return rolledBack(bundle, tag);
  if (hold === undefined) return undefined;
  const message = `${holderWords(bundle, hold)}; it failed with: ${hold.message}`;
  const before = conditionOf(status, 'Held');
  // What else is deployed meanwhile, other values say, is no return.
  const isOver = isReturned(status) || (before?.reason === 'Returned' && before.message === message);
  return { type: 'Held', status: 'True', reason: isOver ? 'Returned' : 'Returning', message } as const;
};

/** Whether nothing is under way, and what was tried last is what is deployed. */
const isReturned = (status: WerfBundleStatus): boolean =>
  openDeployment(status) === undefined && lastTried(status)?.result === 'Succeeded';

/** That what is asked for is not deployed, once all is done that is done by itself. */
const returned = ({ seen, polled }: Idle, status: WerfBundleStatus, hold: Hold): readonly Finding[] => {
  const isUnknown = conditionOf(status, 'RegistryReachable')?.status === 'Unknown';
  if (isUnknown || !isReturned(status) || polled.findings.some(({ kind }) => kind === 'nothing-to-deploy')) return [];
  const { notReturned, lastAppliedTag } = status;
  const but =
    notReturned === undefined ? '' : `, which can not be given what has changed since: ${notReturned.message}`;
  const message = `${hold.tag} failed, and ${lastAppliedTag} is deployed again${but}; ${holderWords(seen.bundle, hold)}; it failed with: ${hold.message}`;
  return [{ kind: 'returned', reason: 'Returned', message }];
};

/** Who holds what, and until when. */
const holderWords = ({ metadata }: StoredBundle, { tag }: Hold): string =>
  `the controller holds ${tag} (onFailure: Return) until the registry offers another digest, or a person lets it go, which tries it again: ${annotateCommand(metadata, `${RELEASE_HOLD_REQUESTED}="$(date)"`)}`;

const rolledBack = ({ metadata: { namespace, name } }: StoredBundle, tag: string) =>
  ({
    type: 'Held',
    status: 'True',
    reason: 'RolledBack',
    message: `a person holds ${tag} by annotation ${ROLLBACK_TO}: neither polls nor the spec deploy another tag until it is taken away, by werfbundle release-hold ${name} -n ${namespace}`,
  }) as const;
