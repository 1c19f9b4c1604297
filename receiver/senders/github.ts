import { valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

const latest = (times: readonly unknown[]): number | undefined => {
  const known = times.flatMap((time) => parseTime(typeof time === 'string' ? time : undefined) ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
};

/**
 * Webhooks of GitHub about packages, for GHCR: event `package`, or `registry_package`, which is its older name. GHCR's names have no
 * upper-case letters, though an owner's may.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#package
 */
export const github: Sender = {
  proof: { kind: 'signature', header: 'x-hub-signature-256' },
  isStubborn: false,
  eventHeader: 'x-github-event',
  read: (body, event) => {
    if (event === '') return malformed('it has no header X-GitHub-Event');
    if (event !== 'package' && event !== 'registry_package') return other('an event that is none of a package');
    const action = valueAt(body, 'action');
    if (action !== 'published' && action !== 'updated') return other('a package that was not published');
    const found = valueAt(body, event);
    const [type, name] = [valueAt(found, 'package_type'), valueAt(found, 'name')];
    const owner = valueAt(found, 'owner', 'login') ?? valueAt(found, 'namespace');
    if (typeof type !== 'string') return malformed('it has no package_type');
    if (type.toLowerCase() !== 'container') return other('a package that is no container');
    if (typeof name !== 'string' || typeof owner !== 'string') return malformed('it has no name or no owner');
    const version = valueAt(found, 'package_version');
    const at = latest([
      ...[valueAt(found, 'updated_at'), valueAt(found, 'created_at')],
      ...[valueAt(version, 'updated_at'), valueAt(version, 'created_at')],
    ]);
    if (at === undefined) return malformed('it has no updated_at');
    return { kind: 'pushed', repositories: [`${owner}/${name}`.toLowerCase()], below: false, at };
  },
};
