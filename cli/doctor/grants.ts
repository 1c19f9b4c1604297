import type { KubeObject, ObjectRef, Stored } from '../../api/objects.js';
import type { KubeClient, ResourceType } from '../../kube/client.js';
import { SERVICEACCOUNTS } from '../../kube/resources.js';
import { type Known, known, knownFrom } from '../diagnosis/known.js';

/** Who gets rights in a namespace, and what is there to give some. */
export interface Grants {
  /** Names of ServiceAccounts. */
  readonly accounts: readonly string[];
  /** Names of Roles. */
  readonly roles: readonly string[];
  readonly bindings: readonly BindingView[];
}

interface BindingView {
  readonly name: string;
  readonly role: { readonly kind: string; readonly name: string };
  /** ServiceAccounts of the namespace that it binds, by name. */
  readonly accounts: readonly string[];
}

interface RoleBinding extends KubeObject {
  readonly roleRef?: { readonly kind?: string; readonly name?: string };
  readonly subjects?: readonly { readonly kind?: string; readonly name?: string; readonly namespace?: string }[];
}

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;
const ROLES: ResourceType<Stored> = { ...RBAC, plural: 'roles', kind: 'Role' };
const ROLE_BINDINGS: ResourceType<Stored<RoleBinding>> = { ...RBAC, plural: 'rolebindings', kind: 'RoleBinding' };

/** Reads them with the user's own rights. */
export const readGrants = async (
  client: Pick<KubeClient, 'list'>,
  namespace: string,
  signal: AbortSignal,
): Promise<Known<Grants>> => {
  const [accounts, roles, bindings] = await Promise.all([
    knownFrom(client.list(SERVICEACCOUNTS, { namespace }, signal)),
    knownFrom(client.list(ROLES, { namespace }, signal)),
    knownFrom(client.list(ROLE_BINDINGS, { namespace }, signal)),
  ]);
  if (accounts.kind === 'unknown') return accounts;
  if (roles.kind === 'unknown') return roles;
  if (bindings.kind === 'unknown') return bindings;
  const nameOf = ({ metadata: { name } }: Stored): string => name;
  return known({
    accounts: accounts.value.items.map(nameOf),
    roles: roles.value.items.map(nameOf),
    bindings: bindings.value.items.map((one) => viewOf(one, namespace)),
  });
};

const viewOf = ({ metadata, roleRef = {}, subjects = [] }: Stored<RoleBinding>, of: string): BindingView => ({
  name: metadata.name,
  role: { kind: roleRef.kind ?? '', name: roleRef.name ?? '' },
  accounts: subjects.flatMap(({ kind, name = '', namespace }) =>
    kind === 'ServiceAccount' && namespace === of ? [name] : [],
  ),
});

/** How an account comes to rights: in words, '' if there is nothing to say, and by commands to be pasted in their order. */
interface Way {
  readonly words: string;
  readonly commands: readonly string[];
}

/** What a ServiceAccount that a bundle has to itself is called in the samples. */
const OF_ITS_OWN = 'werf-converge';

/**
 * How the ServiceAccount of a Job comes to what werf needs: the rights of the samples, never all rights, and nothing that is there is
 * replaced. `default` gets none: each Pod of the namespace would have them. Pure.
 * @param useAccount - makes the bundle name this ServiceAccount
 */
export const wayToRights = (
  { namespace, name }: ObjectRef,
  grants: Known<Grants>,
  useAccount: (name: string) => string,
): Way => {
  const there = grants.kind === 'known' ? grants.value : NOTHING;
  if (name === 'default') return wayToOwnAccount(namespace, there, useAccount);
  const bound = there.bindings.find(({ accounts }) => accounts.includes(name));
  if (bound === undefined) return { words: '', commands: [bindCommand({ namespace, name }, there)] };
  const { role } = bound;
  const gives = `RoleBinding ${bound.name} gives it ${role.kind} ${role.name}`;
  const isHere = role.kind === 'Role' && there.roles.includes(role.name);
  if (isHere && PASTED.test(role.name))
    return {
      words: `${gives}, which is not enough: add what is missing`,
      commands: [`kubectl edit role ${role.name} -n ${namespace}`],
    };
  const why = role.kind === 'Role' && !isHere ? 'which does not exist' : 'which is not enough';
  return { words: `${gives}, ${why}`, commands: [newRightsCommand({ namespace, name }, there)] };
};

/** Names of RBAC's objects may hold what a shell would run. */
const PASTED = /^[A-Za-z0-9][\w.:-]*$/;

const NOTHING: Grants = { accounts: [], roles: [], bindings: [] };

const wayToOwnAccount = (namespace: string, there: Grants, useAccount: (name: string) => string): Way => {
  const account = { namespace, name: OF_ITS_OWN };
  const isBound = there.bindings.some(({ accounts }) => accounts.includes(OF_ITS_OWN));
  return {
    words: 'every Pod of the namespace may run as default: give the Job a ServiceAccount of its own',
    commands: [
      ...(there.accounts.includes(OF_ITS_OWN) ? [] : [`kubectl create serviceaccount ${OF_ITS_OWN} -n ${namespace}`]),
      ...(isBound ? [] : [bindCommand(account, there)]),
      useAccount(OF_ITS_OWN),
    ],
  };
};

/** For one that nothing binds: to the Role that was made for it, if there is one. */
const bindCommand = (account: ObjectRef, there: Grants): string => {
  const { namespace, name } = account;
  if (!there.roles.includes(name)) return newRightsCommand(account, there);
  const binding = free(
    name,
    there.bindings.map((one) => one.name),
  );
  return `kubectl create rolebinding ${binding} -n ${namespace} --role=${name} --serviceaccount=${namespace}:${name}`;
};

/** Under a name that neither a Role nor a RoleBinding has. */
const newRightsCommand = (account: ObjectRef, { roles, bindings }: Grants): string =>
  rightsCommand(account, free(account.name, [...roles, ...bindings.map(({ name }) => name)]));

const rightsCommand = ({ namespace, name }: ObjectRef, role: string): string => {
  const called = role === name ? '' : ` --role ${role}`;
  return `werfbundle init --rights --target ${namespace} --service-account ${name}${called} | kubectl create -f -`;
};

const free = (name: string, taken: readonly string[]): string => {
  const isTaken = (one: string): boolean => taken.includes(one);
  if (!isTaken(name)) return name;
  const others = taken.map((_, at) => `${name}-werf${at === 0 ? '' : `-${at + 1}`}`);
  return others.find((one) => !isTaken(one)) ?? `${name}-werf-${taken.length + 1}`;
};
