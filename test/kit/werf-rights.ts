import { WERF_NEEDS } from '../../cli/doctor/werf-rights.js';

/** A rule of a Role. */
interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
}

/** What of that which werf needs the rules of a Role do not give: `get namespaces`. */
export const missingRights = (rules: unknown): readonly string[] => {
  const given = (Array.isArray(rules) ? rules : []) as readonly Rule[];
  return WERF_NEEDS.flatMap(({ group, resource, verbs }) =>
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
