import { APPROVE_PLAN } from '../../api/annotations.js';
import { annotateCommand } from '../../api/kubectl-command.js';
import type { Settings } from '../../api/settings.js';
import { parseTime } from '../../api/timestamp.js';
import type { Plan, StoredBundle } from '../../api/werfbundle.js';
import { isGuarded } from '../deploy/guarded-kinds.js';
import { objectWords } from '../deploy/plan-words.js';

/** More objects than these are counted, not named. */
const NAMED = 5;

/** How old a plan may be when its deployment begins, milliseconds, divided by the time scale: werf's own plans hold as long. */
const VALID_MS = 2 * 60 * 60_000;

/** Whether the bundle's deployments wait for an approval, if they would delete what is guarded. */
export const isHeld = ({ converge }: Settings): boolean => converge.deletions === 'Hold';

/** Whether a plan would delete or recreate something that is guarded, or may do so: what it does not name is not taken for harmless. */
export const needsApproval = ({ counts, deleted = [], recreated = [], unnamed = 0 }: Plan): boolean =>
  counts === undefined || unnamed > 0 || [...deleted, ...recreated].some(isGuarded);

/** Whether somebody has approved just this plan. */
export const isApproved = ({ metadata }: StoredBundle, { hash }: Plan): boolean =>
  hash !== undefined && metadata.annotations?.[APPROVE_PLAN] === hash;

/** Whether the cluster may be another one by now than that which was planned for. */
export const isOutdated = (
  plan: Plan,
  { now, timeScale }: { readonly now: number; readonly timeScale: number },
): boolean => now >= outdatedAt(plan, { timeScale });

/** From when on that is so, wall clock, milliseconds. */
export const outdatedAt = ({ finishedAt }: Plan, { timeScale }: { readonly timeScale: number }): number =>
  (parseTime(finishedAt) ?? 0) + VALID_MS / timeScale + 1;

/** What a plan waits for, and how it is given. */
export const approvalWords = ({ metadata }: StoredBundle, plan: Plan): string =>
  `${lossWords(plan)}: it waits for an approval${returnWords(plan)}; to give it, ${annotateCommand(metadata, `${APPROVE_PLAN}=${plan.hash}`)}`;

/** What nobody expects who has asked for returns: that one waits, and what has failed meanwhile is not mended. */
export const returnWords = ({ reason }: Pick<Plan, 'reason'>): string =>
  reason === 'Return' ? ', though it is the return from what has failed, which stays as it is until then' : '';

const lossWords = ({ tag, counts, deleted = [], recreated = [], unnamed = 0 }: Plan): string => {
  if (counts === undefined) return `${tag} would change something, and its plan does not say what`;
  const lost = [
    ...deleted.filter(isGuarded).map((object) => `delete ${objectWords(object)}`),
    ...recreated.filter(isGuarded).map((object) => `recreate ${objectWords(object)}`),
  ];
  const named = lost.slice(0, NAMED);
  const more = lost.length - named.length;
  const rest = [
    ...(more > 0 ? [`${more} more of such objects`] : []),
    ...(unnamed > 0 ? [`delete or recreate ${unnamed} that its plan does not name`] : []),
  ];
  return `${tag} would ${[...named, ...rest].join(', ')}`;
};
