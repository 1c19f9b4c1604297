import { type HistoryEntry, lastTried } from '../../api/attempts.js';
import { rollbackOf } from '../../api/rollback.js';
import { preciseTime } from '../../api/timestamp.js';
import type { Deployment, DeployReason, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Need } from './decision.js';
import { openDeployment } from './deployment.js';
import { appliedOf } from './drift-state.js';
import { type Due, isTriedAnew, nextTry, takesLast } from './due.js';
import type { Facts, Idle } from './facts.js';
import { type Hold, holdOn, holdOnValues, wantedOf } from './hold-list.js';
import { holderOf } from './holder.js';
import type { PollAccount } from './poll.js';
import { scheduleOf } from './standing.js';
import type { State } from './state.js';

type Deploy = Extract<Due, { kind: 'deploy' }>;
type Target = Deploy['target'];

/** A deployment that has failed for good, and what to return to. */
interface Failure {
  readonly failed: HistoryEntry & { readonly digest: string; readonly checksum: string };
  readonly good: Target;
}

/** What is to be returned from; undefined: nothing, it is tried again by itself, or it was found to be impossible. */
export const toReturnFrom = (idle: Idle): Failure | undefined => {
  const { seen, polled, settings } = idle;
  const { status } = polled;
  const failed = lastTried(status);
  const applied = appliedOf(status);
  if (settings.converge.onFailure !== 'Return' || rollbackOf(seen.bundle) !== undefined) return undefined;
  // The registry offers it anew, now that nobody has rolled back to it: it is tried first.
  const { bundle, sameScans } = seen;
  if (isTriedAnew({ bundle, status, settings, wanted: wantedOf(holderOf(idle)), sameScans })) return undefined;
  if (failed === undefined || applied === undefined || openDeployment(status) !== undefined) return undefined;
  const { digest, checksum } = failed;
  const { number: _, ...good } = applied;
  if (digest === undefined || checksum === undefined || isSame(failed, good)) return undefined;
  const isFinal = takesLast(status, settings) && nextTry(status, scheduleOf(seen, settings)) === undefined;
  if (!isFinal || !mayHaveChanged(status, failed) || isKnownImpossible(status)) return undefined;
  return { failed: { ...failed, digest, checksum }, good };
};

/** Whether both are one bundle with the same values, be it by two tags: then there is nothing to return to. */
const isSame = (one: Pick<HistoryEntry, 'digest' | 'checksum'>, { digest, checksum }: Target): boolean =>
  one.digest === digest && one.checksum === checksum;

/** Whether werf may have begun in one of the tries: a Job that was refused has changed nothing. */
const mayHaveChanged = ({ history = [] }: WerfBundleStatus, failed: HistoryEntry): boolean => {
  const end = history.findIndex(
    ({ result, tag, digest, checksum }) =>
      result === 'Succeeded' || tag !== failed.tag || digest !== failed.digest || checksum !== failed.checksum,
  );
  const tries = end === -1 ? history : history.slice(0, end);
  return tries.some(({ result }) => result === 'Failed' || result === 'Lost');
};

const isKnownImpossible = ({ notReturned, deployment }: WerfBundleStatus): boolean =>
  notReturned !== undefined && notReturned.number === deployment?.number;

/** Whether something that was deployed before can be deployed again. `why` not is for people. */
type Possible = Need | { readonly kind: 'yes' } | { readonly kind: 'never' | 'later'; readonly why: string };

/** A return that is due, and what is held from then on. */
interface Return {
  readonly due: Deploy;
  readonly hold: Hold;
  readonly possible: Possible;
}

/** The return that follows a deployment that has failed for good; undefined: none. @param checksum - of the present spec and values */
export const dueReturn = (idle: Idle, checksum: string): Return | undefined => {
  const failure = toReturnFrom(idle);
  if (failure === undefined) return undefined;
  const { good } = failure;
  const due: Deploy = { kind: 'deploy', target: good, reason: 'Return', attempt: 1 };
  const possible = good.checksum === checksum ? stillThere(idle, good) : keptAndThere(idle, good);
  return { due, hold: holdOf(idle, failure), possible };
};

const holdOf = ({ seen, polled }: Idle, { failed, good }: Failure): Hold => {
  const { tag, digest, checksum, number, message = 'the Job failed' } = failed;
  const { kept } = polled.status;
  const returned = { ...good, ...(kept?.checksum === good.checksum && { number: kept.number }) };
  return { tag, digest, checksum, number, since: preciseTime(seen.now), message, good: returned };
};

/**
 * Whether a deployment that is due is possible: one of what was deployed before, in the place of what is held, is only while its tag has that
 * digest, since werf takes a tag, and no digest. undefined: it was found out before that it is not.
 */
export const isPossible = (idle: Idle, { target, reason }: Deploy): Possible | undefined => {
  const isKept = isOfKept(idle, { ...target, reason });
  if (!isKept && holdOn(holderOf(idle)) === undefined) return { kind: 'yes' };
  if (isKnownImpossible(idle.polled.status)) return undefined;
  return isKept ? keptAndThere(idle, target) : stillThere(idle, target);
};

/** Whether what is to be deployed has the values that are kept, and not the present ones. */
export const isOfKept = (
  idle: Idle,
  { checksum, reason }: { readonly checksum: string; readonly reason: Deployment['reason'] },
): boolean => {
  const { jobInputs } = idle.seen;
  if (jobInputs?.kind !== 'ready' || jobInputs.checksum === checksum) return false;
  return checksum === idle.polled.status.appliedChecksum && (reason === 'Return' || areValuesHeld(idle));
};

/** Whether what is deployed keeps its values, since the present ones have failed with it, or with what is held. */
export const areValuesHeld = (idle: Idle): boolean => holdOnValues(holderOf(idle)) !== undefined;

const keptAndThere = (idle: Idle, target: Target): Possible => {
  const { kept } = idle.seen;
  if (kept === undefined) return { kind: 'needs', what: 'kept', settings: idle.settings };
  return kept.kind === 'gone' ? { kind: 'never', why: kept.why } : stillThere(idle, target);
};

const stillThere = ({ seen }: Idle, { tag, digest }: Target): Possible => {
  const now = seen.tagNow;
  if (now === undefined || now.tag !== tag) return { kind: 'needs', what: 'tag', tag };
  switch (now.kind) {
    case 'there':
      if (now.digest === digest) return { kind: 'yes' };
      return {
        kind: 'never',
        why: `tag ${tag} was published again, and werf can deploy a tag only, not the digest that it had`,
      };
    case 'absent':
      return { kind: 'never', why: `tag ${tag} is gone from the registry` };
    case 'unknown':
      return { kind: 'later', why: now.why };
  }
};

/** The state of a bundle for which this is due. @param state - if it is possible */
export const stateOfReturn = (possible: Possible, state: State): State | Need => {
  switch (possible.kind) {
    case 'yes':
      return state;
    case 'never':
      return { kind: 'return-impossible', why: possible.why };
    case 'later':
      return { kind: 'return-awaited', why: possible.why };
    case 'needs':
      return possible;
  }
};

/** What the registry offers, if it is not held: what is, nobody waits for. */
export const unlessHeld = ({ seen, polled }: Facts): PollAccount['wanted'] => {
  const { spec } = seen;
  const { wanted } = polled;
  if (spec.kind === 'invalid' || wanted === undefined) return wanted;
  return holdOn(holderOf({ seen, polled, settings: spec.settings })) === undefined ? wanted : undefined;
};

const OF_TAGS: ReadonlySet<DeployReason> = new Set(['NewTag', 'MovedTag', 'Downgrade']);
const OF_VALUES: ReadonlySet<DeployReason> = new Set(['NewSpec', 'NewValues']);

/**
 * What is due for a bundle whose offer is held, as it is told: what comes in its place is a return, unless only values have changed, and
 * these are not held.
 */
export const asReturn = (due: Due, of: { readonly hold: Hold | undefined; readonly areValuesHeld: boolean }): Due => {
  if (of.hold === undefined || due.kind !== 'deploy') return due;
  const isReturn = OF_TAGS.has(due.reason) || (of.areValuesHeld && OF_VALUES.has(due.reason));
  return isReturn ? { ...due, reason: 'Return' } : due;
};
