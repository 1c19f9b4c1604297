/** A kind of objects, and what has to be done with it. */
interface Need {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

const CHANGE = ['get', 'list', 'create', 'update', 'patch', 'delete'];
const READ = ['get', 'list', 'watch'];

/** What werf itself needs in a namespace, whatever a chart has in it: releases, locks, what it follows, and what it asks before it uninstalls. */
export const WERF_NEEDS: readonly Need[] = [
  { group: '', resource: 'configmaps', verbs: CHANGE },
  { group: '', resource: 'secrets', verbs: CHANGE },
  { group: '', resource: 'pods', verbs: READ },
  { group: '', resource: 'pods/log', verbs: ['get'] },
  { group: '', resource: 'events', verbs: READ },
  { group: 'apps', resource: 'replicasets', verbs: READ },
  { group: '', resource: 'namespaces', verbs: ['get'] },
];
