import { ROLLBACK_TO } from '../../api/annotations.js';
import { choiceWords, rollbackOf } from '../../api/rollback.js';
import { toTheSecond } from '../../api/timestamp.js';
import { type Hold, isOfValues } from '../../controller/decide/hold-list.js';
import { type CheckRow, failed, type Judgement, ok, quoting, warning } from '../diagnosis/check.js';
import { goodDeployment, heldValues } from '../diagnosis/held-values.js';
import { shortDigest } from '../output/short-digest.js';
import type { Observation } from './observation.js';
import { SECTIONS } from './sections.js';
import { currentCondition, releaseCommand } from './status-words.js';

type Row = CheckRow<Observation>;

const rollback: Row = {
  id: 'rollback',
  title: 'Rollback by a person',
  section: SECTIONS.rolledBack,
  judge: (seen) => {
    const tag = rollbackOf(seen.bundle);
    if (tag === undefined) return ok('nobody has rolled back');
    const held = currentCondition(seen, 'Held');
    const since = held?.reason === 'RolledBack' ? `, since ${toTheSecond(held.lastTransitionTime)}` : '';
    return warning(
      `a person has rolled back to ${tag}, by annotation ${ROLLBACK_TO}${since}: it is deployed whatever the spec asks for, which is ${choiceWords(seen.bundle)} now; to go on by the spec:`,
      [releaseCommand(seen.bundle)],
    );
  },
};

const hold: Row = {
  id: 'hold',
  title: 'Hold of what has failed',
  section: SECTIONS.held,
  judge: (seen) => {
    const { bundle, spec } = seen;
    const holds = bundle.status?.holds ?? [];
    const ofValues = spec.kind === 'valid' ? heldValues(bundle, spec.settings) : undefined;
    // The values of another hold may have failed later, and be others than the present ones.
    const told = ofValues ?? holds.find((one) => !isOfValues(one)) ?? holds[0];
    const ready = currentCondition(seen, 'Ready');
    const isReturned = ready?.reason === 'Returned';
    const release = [releaseCommand(bundle)];
    if (told === undefined)
      return isReturned ? quoting(ready.message, failed(ready.message, release)) : ok('nothing is held');
    const isReturning = currentCondition(seen, 'Held')?.reason === 'Returning';
    if (isOfValues(told))
      return quoting(told.message, ofHeldValues(seen, told, { isPresent: ofValues === told, isReturned, isReturning }));
    const { tag, digest, since, message, good } = told;
    const which = ofValues === told ? ', with the present values and the present spec,' : '';
    const what = `the controller holds ${tag} (${shortDigest(digest)})${which} since ${toTheSecond(since)}`;
    const deployed =
      ofValues === told ? `${good.tag}, with the values and the spec of ${goodDeployment(told)},` : good.tag;
    const until = 'until the registry offers another digest, or a person lets it go';
    const why = `It failed with: ${message}; to let it go, which tries it again:`;
    if (isReturned)
      return quoting(message, failed(`${what}, ${until}; ${deployed} is deployed in its place. ${why}`, release));
    if (isReturning)
      return quoting(message, warning(`${what}, ${until}; the return to ${good.tag} is not done. ${why}`, release));
    return ok(`${what}, though the registry offers something else now; it failed with: ${message}`);
  },
};

/** Another digest ends no such hold, and to let go what is bad would deploy it again: what helps is other values. */
const ofHeldValues = (
  seen: Observation,
  told: Hold,
  { isPresent, isReturned, isReturning }: Readonly<Record<'isPresent' | 'isReturned' | 'isReturning', boolean>>,
): Judgement => {
  const { tag, since, message } = told;
  const when = `since ${toTheSecond(since)}`;
  if (!isPresent)
    return ok(
      `the controller holds values, or a spec, of ${tag} ${when}, which are not the present ones; they failed with: ${message}`,
    );
  const good = goodDeployment(told);
  const instead = isReturning
    ? `the return to those of ${good} is not done`
    : `the values and the spec of ${good} are deployed in their place`;
  const found = `the controller holds the present values, or the present spec, of ${tag} ${when}, until they change, or a person lets them go; ${instead}. They failed with: ${message}; ${mend(seen)}; only to try just the same again:`;
  return (isReturned ? failed : warning)(found, [releaseCommand(seen.bundle)]);
};

/** What to change, by the names of all that the values are of. */
const mend = ({ bundle, sources }: Observation): string => {
  const inline = bundle.spec.converge?.values === undefined ? [] : ['spec.converge.values'];
  const named = sources.map(({ reference: { kind, name } }) => `${kind} ${name}`);
  const all = [...inline, ...new Set(named)];
  return all.length === 0 ? 'mend the spec' : `mend the values (${all.join(', ')}), or the spec`;
};

/** A person has to decide: nothing is broken. */
const approval: Row = {
  id: 'approval',
  title: 'Approval of a plan',
  section: SECTIONS.approval,
  judge: (seen) => {
    const ready = currentCondition(seen, 'Ready');
    if (ready?.reason !== 'ApprovalAwaited') return ok('no deployment waits for one');
    const { namespace, name } = seen.bundle.metadata;
    return quoting(ready.message, warning(ready.message, [`werfbundle approve ${name} -n ${namespace}`]));
  },
};

/** The checks of what keeps from being deployed what the registry offers, though nothing is broken now. */
export const HOLD_CHECKS: readonly Row[] = [rollback, hold, approval];
