import { isMap } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, type Sender } from './sender.js';

/** With a zone: what has none would mean another moment on each machine. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Whatever else can tell of a push, a pipeline for example: `{"repository": "acme/shop", "time": "2026-11-30T09:00:00Z"}`, signed. The time is
 * in what is signed, so that a call can't be made again later.
 */
export const generic: Sender = {
  proof: { kind: 'signature', header: 'x-signature' },
  isStubborn: false,
  read: (body) => {
    if (!isMap(body)) return malformed('it is no map');
    const { repository, time, ...others } = body;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return malformed('there are fields beside repository and time');
    const at = typeof time === 'string' && RFC_3339.test(time) ? parseTime(time) : undefined;
    if (typeof repository !== 'string') return malformed('it has no repository');
    if (at === undefined) return malformed('it has no time by RFC 3339');
    return { kind: 'pushed', repositories: [repository], below: false, at };
  },
};
