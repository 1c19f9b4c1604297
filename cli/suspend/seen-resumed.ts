import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { NOT_ASKED } from '../../controller/decide/poll.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { Deadline } from '../../process/deadline.js';
import { followObjects } from '../cluster/follow.js';
import type { Session } from '../cluster/session.js';
import type { Terminal } from '../terminal.js';
import { type Resumption, resumptionOf } from './words.js';

/** A controller that works looks within a second. */
const PATIENCE_MS = 5000;

/** What the controller makes of a resumed bundle, in a sentence. */
export const seenResumed = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  bundle: StoredBundle,
): Promise<string> => {
  const deadline = new Deadline(terminal.clock, PATIENCE_MS, session);
  let latest = resumptionOf(bundle);
  const look = (now: StoredBundle): void => {
    latest = resumptionOf(now);
    if (latest.kind !== 'not-seen') deadline.abort(undefined);
  };
  look(bundle);
  const { namespace, name } = refOf(bundle);
  const where = { type: WERFBUNDLES, namespace, fieldSelector: `metadata.name=${name}`, until: deadline.signal };
  if (latest.kind === 'not-seen')
    await followObjects({ session, terminal }, where, ({ after }) => after !== undefined && look(after));
  deadline.release();
  return sentenceOf(latest);
};

const sentenceOf = (resumption: Resumption): string => {
  switch (resumption.kind) {
    case 'held':
      return `${resumption.message}; only the platform ends that: it starts the controller without --suspend-all`;
    case 'not-seen':
      return 'the controller has not looked at it yet: the registry is asked as soon as it does';
    case 'resumed':
      // Of a bundle that was just resumed, this is no fault.
      return ['', NOT_ASKED].includes(resumption.message) ? 'the registry is asked now' : resumption.message;
  }
};
