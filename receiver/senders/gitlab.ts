import { valueAt } from '../../api/json-map.js';
import { parseTime } from '../../api/timestamp.js';
import { malformed, other, type Sender } from './sender.js';

/** GitLab writes `2026-11-30 09:00:00 UTC`, and `2026-11-30T09:00:00Z` in some versions. */
const timeOf = (text: unknown): number | undefined => parseTime(typeof text === 'string' ? text : undefined);

/**
 * Webhooks of a GitLab project. They tell of no pushes to its registry, so what counts is that a pipeline or a job has succeeded; and since
 * images may stand below a project's path, all repositories there are meant. A registry of one's own can tell of pushes: that is a sender of
 * type Distribution.
 * @see https://docs.gitlab.com/user/project/integrations/webhook_events/
 */
export const gitlab: Sender = {
  proof: { kind: 'header', header: 'x-gitlab-token' },
  isStubborn: false,
  read: (body) => {
    const kind = valueAt(body, 'object_kind');
    if (typeof kind !== 'string') return malformed('it has no object_kind');
    if (kind !== 'pipeline' && kind !== 'build') return other('an event that is none of a pipeline or a job');
    const isJob = kind === 'build';
    const status = isJob ? valueAt(body, 'build_status') : valueAt(body, 'object_attributes', 'status');
    if (status !== 'success') return other('a pipeline or job that has not succeeded');
    const project = valueAt(body, 'project', 'path_with_namespace');
    if (typeof project !== 'string') return malformed('it has no project.path_with_namespace');
    const at = timeOf(isJob ? valueAt(body, 'build_finished_at') : valueAt(body, 'object_attributes', 'finished_at'));
    if (at === undefined) return malformed('it does not say when it has finished');
    // GitLab's registry has them in lower case, too.
    return { kind: 'pushed', repositories: [project.toLowerCase()], below: true, at };
  },
};
