import { type PlanFinding, type PlannedChange, planFinding } from './plan-summary.js';

/**
 * What a check for drift has found, by the log of `werf bundle plan`: without what each deployment does, whatever is in the cluster. werf
 * plans a chart's hooks as if they were to be created or made anew, and so it does with objects that are to be made anew each time
 * (`werf.io/delete-policy: before-creation`). A correction would do just the same, and the next check would find it again.
 * @param log - redacted already
 */
export const driftFinding = (log: string): PlanFinding => planFinding(log, isOfEachDeployment);

const isOfEachDeployment = (change: PlannedChange): boolean => {
  switch (change.verb) {
    case 'recreate':
      return true;
    case 'create':
      return THEN_DELETE.test(change.rest) || isHook(change);
    default:
      return false;
  }
};

/** `Create Job/migrate, then delete`; older: `… and delete it on success`. */
const THEN_DELETE = /^,? (?:then delete\b|and delete it\b)/;

/**
 * Whether what is to be created is a hook that is gone, by its own time to live or after an earlier failure: werf marks all objects of a
 * release but hooks. Of a Secret the content is hidden, so that it can't be told: then it is no hook.
 */
const isHook = ({ lines }: PlannedChange): boolean =>
  lines.some((line) => KIND.test(line)) && !lines.some((line) => MARK.test(line));

const KIND = /^[\u2502 ]*\+ kind: /;
const MARK = /^[\u2502 ]*\+ +meta\.helm\.sh\/release-name: /;
