import { ROLLBACK_TO } from '../../api/annotations.js';
import { choiceWords, rollbackOf } from '../../api/rollback.js';
import { toTheSecond } from '../../api/timestamp.js';
import { type CheckRow, failed, ok, quoting, warning } from '../diagnosis/check.js';
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
    const [newest] = seen.bundle.status?.holds ?? [];
    const ready = currentCondition(seen, 'Ready');
    const isReturned = ready?.reason === 'Returned';
    const release = [releaseCommand(seen.bundle)];
    if (newest === undefined)
      return isReturned ? quoting(ready.message, failed(ready.message, release)) : ok('nothing is held');
    const { tag, digest, since, message, good } = newest;
    const what = `the controller holds ${tag} (${shortDigest(digest)}) since ${toTheSecond(since)}`;
    const until = 'until the registry offers another digest, or a person lets it go';
    const why = `It failed with: ${message}; to let it go, which tries it again:`;
    if (isReturned)
      return quoting(message, failed(`${what}, ${until}; ${good.tag} is deployed in its place. ${why}`, release));
    if (currentCondition(seen, 'Held')?.reason === 'Returning')
      return quoting(message, warning(`${what}, ${until}; the return to ${good.tag} is not done. ${why}`, release));
    return ok(`${what}, though the registry offers something else now; it failed with: ${message}`);
  },
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
