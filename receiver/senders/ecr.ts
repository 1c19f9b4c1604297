import { valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

/**
 * Events of Amazon ECR, which an API destination of EventBridge passes on as they are, with Authorization as the connection's API key.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export const ecr: Sender = {
  proof: { kind: 'authorization' },
  isStubborn: false,
  read: (body) => {
    if (valueAt(body, 'source') !== 'aws.ecr') return malformed('its source is not aws.ecr');
    const [detail, time] = [valueAt(body, 'detail'), valueAt(body, 'time')];
    const isPush = valueAt(detail, 'action-type') === 'PUSH' && valueAt(detail, 'result') === 'SUCCESS';
    if (valueAt(body, 'detail-type') !== 'ECR Image Action' || !isPush) return other('an event that is no push');
    const repository = valueAt(detail, 'repository-name');
    const at = parseTime(typeof time === 'string' ? time : undefined);
    if (typeof repository !== 'string') return malformed('it has no detail.repository-name');
    if (at === undefined) return malformed('it has no time');
    return { kind: 'pushed', repositories: [repository], below: false, at };
  },
};
