import { valueAt } from '../../api/json-map.js';
import { malformed, other, type Sender } from './sender.js';

/**
 * Quay's notifications "Push to Repository" by webhook POST. They carry no header and no time: two pushes of one tag are the same call.
 * @see https://docs.quay.io/guides/notifications.html
 */
export const quay: Sender = {
  proof: { kind: 'path' },
  isStubborn: false,
  read: (body) => {
    const repository = valueAt(body, 'repository');
    if (typeof repository !== 'string') return malformed('it has no repository');
    // A list today; older versions sent a map from tag to image.
    if (typeof valueAt(body, 'updated_tags') !== 'object') return other('a notification that is no push');
    return { kind: 'pushed', repositories: [repository], below: false, at: undefined };
  },
};
