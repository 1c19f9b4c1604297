import type { Plan } from '../../api/werfbundle.js';
import { isGuarded } from '../../controller/deploy/guarded-kinds.js';
import { objectWords } from '../../controller/deploy/plan-words.js';
import { folded } from '../output/fold.js';
import { ageOf } from '../output/human-duration.js';
import type { Terminal } from '../terminal.js';

interface Shown {
  readonly plan: Plan;
  /** Whether deletions are held: what keeps it waiting is marked. */
  readonly isHeld: boolean;
}

/**
 * What the status has of a plan, for people: a line of what it is of, one of its counts, and one for each object that would be lost.
 * @param columns - letters in a line; undefined: lines are as long as they are
 */
export const planText = (
  { plan, isHeld }: Shown,
  { clock, colors, columns }: Pick<Terminal, 'clock' | 'colors' | 'columns'>,
): string => {
  const lost = lostBy(plan).map(({ verb, object }) => {
    const mark = isHeld && isGuarded(object) ? ' (held)' : '';
    return colors.red(`  ${verb} ${objectWords(object)}${mark}`);
  });
  const lines = [
    `${headOf(plan)}, ${stateOf(plan, clock.now())}`,
    ...(plan.result === undefined ? [] : [`  ${countsOf(plan)}`]),
    ...appliedAs(plan),
    ...lost,
    ...unnamedBy(plan).map((line) => colors.red(`  ${line}${isHeld && line.includes(NAMELESS) ? ' (held)' : ''}`)),
  ];
  return lines.map((line) => `${folded(line, { columns, indent: 4 })}\n`).join('');
};

const NAMELESS = 'the plan does not name';

const headOf = ({ tag, reason, hash }: Plan): string =>
  `Plan${hash === undefined ? '' : ` ${hash}`} of ${tag} (${reason})`;

const stateOf = ({ result, startedAt, finishedAt }: Plan, now: number): string => {
  if (result === undefined) return `being made for ${ageOf(startedAt, now)}`;
  return result === 'Made' ? `made ${ageOf(finishedAt, now)} ago` : 'could not be made';
};

/** Whether just this is done, or werf plans once more. */
const appliedAs = ({ applies, whyAnew = 'the reason is not known' }: Plan): readonly string[] => {
  if (applies === undefined) return [];
  return applies === 'Exactly'
    ? ['  just this plan is applied']
    : [`  werf plans once more as it deploys, and may then do something else: ${whyAnew}`];
};

const countsOf = ({ counts, message = 'it is not known what it would change' }: Plan): string => {
  if (counts === undefined) return message;
  const { create, update, recreate, delete: deletes } = counts;
  return `create ${create}, update ${update}, recreate ${recreate}, delete ${deletes}`;
};

const lostBy = ({ deleted = [], recreated = [] }: Plan) => [
  ...deleted.map((object) => ({ verb: 'delete', object })),
  ...recreated.map((object) => ({ verb: 'recreate', object })),
];

const unnamedBy = ({ unlisted = 0, unnamed = 0 }: Plan): readonly string[] => [
  ...(unlisted > 0 ? [`delete or recreate ${unlisted} more, for which the status has no room`] : []),
  ...(unnamed > 0 ? [`delete or recreate ${unnamed} that ${NAMELESS}`] : []),
];
