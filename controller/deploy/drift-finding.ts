import { type PlanFinding, type PlannedChange, planFinding } from './plan-summary.js';

/**
 * What a check for drift has found, by the log of `werf bundle plan --show-insignificant-diffs`: without what each deployment does, whatever
 * is in the cluster. werf plans a chart's hooks as if they were to be created or made anew, and so it does with objects that are to be made
 * anew each time (`werf.io/delete-policy: before-creation`). A correction would do just the same, and the next check would find it again.
 * @param log - redacted already
 */
export const driftFinding = (log: string): PlanFinding => planFinding(log, isOfEachDeployment);

/** An object that was changed so that it has to be made anew is planned as `recreate`, too: that has drifted. */
const isOfEachDeployment = (change: PlannedChange): boolean => {
  if (change.verb !== 'create' && change.verb !== 'recreate') return false;
  if (change.verb === 'create' && THEN_DELETE.test(change.rest)) return true;
  // Of a Secret nothing is shown: hooks are what is made anew mostly, and one that is only gone is taken for drift.
  if (change.verb === 'recreate' && change.lines.some((line) => HIDDEN.test(line))) return true;
  return annotationsOf(change.lines).some((line) => HOOK.test(line) || MADE_ANEW.test(line));
};

const HIDDEN = /<hidden sensitive changes>$/;

/** `Create Job/migrate, then delete`; older: `… and delete it on success`. */
const THEN_DELETE = /^,? (?:then delete\b|and delete it\b)/;

const HOOK = /^helm\.sh\/hook: /;
/** Not `before-creation-if-immutable`, by which an object is made anew only if it has drifted. */
const MADE_ANEW = /^werf\.io\/delete-policy: "?(?:[^"]*, *)?before-creation(?:[ ,"]|$)/;

/**
 * The annotations of an object that is to be created, each `name: value`. A line that is indented by so much is a field of the object's
 * metadata, and no text within another field, only while the last lines that were indented less say so.
 */
const annotationsOf = (lines: readonly string[]): readonly string[] => {
  const annotations: string[] = [];
  let field = '';
  let within = '';
  for (const line of lines) {
    const [, indent = '', text = ''] = ADDED.exec(line) ?? [];
    if (text === '') continue;
    if (indent.length === 0) field = text;
    else if (indent.length === 2) within = text;
    else if (indent.length === 4 && field === 'metadata:' && within === 'annotations:') annotations.push(text);
  }
  return annotations;
};

/** A line that is new, in a frame or not. By its code: the letter itself would reach the built program. */
const ADDED = /^[\u2502 ]*\+ ( *)(.*)$/;
