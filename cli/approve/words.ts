import { APPROVE_PLAN } from '../../api/annotations.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { isOutdated } from '../../controller/decide/plan-approval.js';
import { ownersOf, wordsOfManagers } from '../cluster/manager-words.js';
import { managersOf } from '../cluster/managers.js';
import type { Session } from '../cluster/session.js';
import { CommandError } from '../command-error.js';
import { ageOf } from '../output/human-duration.js';
import type { ApprovablePlan } from '../plan/approval.js';

/** A bundle in messages: `shops/shop`. */
export const whichOf = ({ metadata: { namespace, name } }: StoredBundle): string => `${namespace}/${name}`;

/** That another plan waits than the one that is meant. @param why - goes on the sentence */
export const anotherPlan = (
  bundle: StoredBundle,
  { hash, message, tag }: ApprovablePlan,
  why: string,
): CommandError => {
  const { namespace, name } = bundle.metadata;
  return new CommandError([
    `${whichOf(bundle)}: the plan has changed: ${why}. What waits now is plan ${hash}: ${message ?? tag}`,
    `nothing was approved; to look at it: werfbundle approve ${name} -n ${namespace}`,
  ]);
};

/** What keeps an approved plan from being deployed at once. @param now - wall clock, milliseconds */
export const notesOn = ({ metadata, spec }: StoredBundle, plan: ApprovablePlan, now: number): readonly string[] => [
  ...(isOutdated(plan, { now, timeScale: 1 })
    ? [
        `the plan was made ${ageOf(plan.finishedAt, now)} ago: it is made once more, and goes on by itself if the same would be lost`,
      ]
    : []),
  ...(spec.suspend === true
    ? [`it is suspended: ${plan.tag} is deployed after werfbundle resume ${metadata.name} -n ${metadata.namespace}`]
    : []),
];

/** Who puts an approval back, since it keeps another one with the manifest. @throws KubeError */
export const notesOnTools = async (
  session: Session,
  bundle: StoredBundle,
  { hash }: ApprovablePlan,
): Promise<readonly string[]> => {
  const path = ['metadata', 'annotations', APPROVE_PLAN];
  const change = { paths: [path], inGit: `set annotation ${APPROVE_PLAN}: ${hash}` };
  const managers = managersOf(bundle, await ownersOf(session, bundle), change);
  // Who leaves it open lets it be: git has no such annotation.
  return wordsOfManagers(
    managers.filter(({ hold }) => hold !== 'leaves-open'),
    change,
  );
};
