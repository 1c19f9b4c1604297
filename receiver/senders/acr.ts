import { valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

const PUSHES: readonly unknown[] = ['push', 'chart_push'];

/**
 * Webhooks of Azure Container Registry, with Authorization as a custom header.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 */
export const acr: Sender = {
  proof: { kind: 'authorization' },
  isStubborn: false,
  read: (body) => {
    const [action, timestamp] = [valueAt(body, 'action'), valueAt(body, 'timestamp')];
    if (typeof action !== 'string') return malformed('it has no action');
    if (!PUSHES.includes(action)) return other('an action that is no push');
    const repository = valueAt(body, 'target', 'repository');
    const at = parseTime(typeof timestamp === 'string' ? timestamp : undefined);
    if (typeof repository !== 'string') return malformed('it has no target.repository');
    if (at === undefined) return malformed('it has no timestamp');
    return { kind: 'pushed', repositories: [repository], below: false, at };
  },
};
