import { valueAt } from '../../api/json-map.js';
import { malformed, type Sender } from './sender.js';

/**
 * Docker Hub's webhooks, which are sent for pushes only, and can carry no header.
 * @see https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export const dockerHub: Sender = {
  proof: { kind: 'path' },
  isStubborn: false,
  read: (body) => {
    const repository = valueAt(body, 'repository', 'repo_name');
    const seconds = valueAt(body, 'push_data', 'pushed_at');
    if (typeof repository !== 'string') return malformed('it has no repository.repo_name');
    if (typeof seconds !== 'number') return malformed('it has no push_data.pushed_at');
    return { kind: 'pushed', repositories: [repository], below: false, at: seconds * 1000 };
  },
};
