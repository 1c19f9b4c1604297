import { isMap, valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

const isPush = (event: unknown): boolean =>
  valueAt(event, 'action') === 'push' && typeof valueAt(event, 'target', 'tag') === 'string';

/**
 * Notifications of CNCF Distribution (docker-registry) and of GitLab's own registry, which is made of it. It tells of each layer, too;
 * only what gives a manifest a tag is a push. A call that is not answered with 2xx or 3xx is repeated without end, and all later ones
 * wait for it.
 * @see https://distribution.github.io/distribution/about/notifications/
 */
export const distribution: Sender = {
  proof: { kind: 'authorization' },
  isStubborn: true,
  read: (body) => {
    const events = valueAt(body, 'events');
    if (!Array.isArray(events) || !events.every(isMap)) return malformed('it has no list of events');
    const pushes = events.filter(isPush);
    if (pushes.length === 0) return other('no manifest that got a tag');
    const repositories = new Set<string>();
    let at = Number.NEGATIVE_INFINITY;
    for (const push of pushes) {
      const [repository, timestamp] = [valueAt(push, 'target', 'repository'), valueAt(push, 'timestamp')];
      const time = parseTime(typeof timestamp === 'string' ? timestamp : undefined);
      if (typeof repository !== 'string') return malformed('an event has no target.repository');
      if (time === undefined) return malformed('an event has no timestamp');
      repositories.add(repository);
      at = Math.max(at, time);
    }
    return { kind: 'pushed', repositories: [...repositories], below: false, at };
  },
};
