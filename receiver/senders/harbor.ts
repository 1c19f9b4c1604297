import { valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

/** `PUSH_ARTIFACT` is of the format Default, the other one of CloudEvents. */
const PUSHES: readonly unknown[] = ['PUSH_ARTIFACT', 'harbor.artifact.pushed'];

/**
 * Harbor's webhook policies of notify type http, in both formats of payload. The policy's "Auth Header" is sent as it is.
 * @see https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
 */
export const harbor: Sender = {
  proof: { kind: 'authorization' },
  isStubborn: false,
  read: (body) => {
    const type = valueAt(body, 'type');
    if (typeof type !== 'string') return malformed('it has no type');
    if (!PUSHES.includes(type)) return other('an event that is no push of an artifact');
    const repository =
      valueAt(body, 'event_data', 'repository', 'repo_full_name') ??
      valueAt(body, 'data', 'repository', 'repo_full_name');
    if (typeof repository !== 'string') return malformed('it has no repository.repo_full_name');
    const [seconds, time] = [valueAt(body, 'occur_at'), valueAt(body, 'time')];
    const at = typeof seconds === 'number' ? seconds * 1000 : parseTime(typeof time === 'string' ? time : undefined);
    if (at === undefined) return malformed('it has neither occur_at nor time');
    return { kind: 'pushed', repositories: [repository], below: false, at };
  },
};
