/** A rule of a Role. */
interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
}

const CHANGE = ['get', 'list', 'create', 'update', 'patch', 'delete'];
const READ = ['get', 'list', 'watch'];

/** What werf itself needs in a namespace, whatever a chart has in it: releases, locks, what it follows, and what it asks before it uninstalls. */
const NEEDED: readonly { readonly group: string; readonly resource: string; readonly verbs: readonly string[] }[] = [
  { group: '', resource: 'configmaps', verbs: CHANGE },
  { group: '', resource: 'secrets', verbs: CHANGE },
  { group: '', resource: 'pods', verbs: READ },
  { group: '', resource: 'pods/log', verbs: ['get'] },
  { group: '', resource: 'events', verbs: READ },
  { group: 'apps', resource: 'replicasets', verbs: READ },
  { group: '', resource: 'namespaces', verbs: ['get'] },
];

/** What of that the rules of a Role do not give: `get namespaces`. */
export const missingRights = (rules: unknown): readonly string[] => {
  const given = (Array.isArray(rules) ? rules : []) as readonly Rule[];
  return NEEDED.flatMap(({ group, resource, verbs }) =>
    verbs
      .filter(
        (verb) =>
          !given.some(
            ({ apiGroups = [], resources = [], verbs: allowed = [] }) =>
              apiGroups.includes(group) && resources.includes(resource) && allowed.includes(verb),
          ),
      )
      .map((verb) => `${verb} ${resource}`),
  );
};
