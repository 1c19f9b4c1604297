import t from 'tap';
import { accessesText } from '../../cli/diagnosis/ask-rights.js';
import { known, unknown } from '../../cli/diagnosis/known.js';
import { type Grants, readGrants, wayToRights } from '../../cli/doctor/grants.js';
import { WERF_NEEDS } from '../../cli/doctor/werf-rights.js';
import { SERVICEACCOUNTS } from '../../kube/resources.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { signal } from '../kit/registry-client.js';

// How the ServiceAccount of a Job comes to what werf needs.

const binding = (name: string, role: string, accounts: readonly string[], kind = 'Role') => ({
  name,
  role: { kind, name: role },
  accounts,
});
const there = (change: Partial<Grants>): Grants => ({ accounts: [], roles: [], bindings: [], ...change });
const rights = (name: string, more = ''): string =>
  `werfbundle init --rights --target ops --service-account ${name}${more} | kubectl create -f -`;
const ACCOUNT = 'kubectl create serviceaccount werf-converge -n ops';
const OWN = 'every Pod of the namespace may run as default: give the Job a ServiceAccount of its own';

t.test('rights are given as in the samples, never all, and what is there stays as it is', async (t) => {
  const rows: readonly {
    title: string;
    name: string;
    given: Partial<Grants>;
    words?: string;
    commands: readonly string[];
  }[] = [
    { title: 'nothing is there', name: 'deployer', given: {}, commands: [rights('deployer')] },
    {
      title: 'a Role was made for it, and not bound',
      name: 'deployer',
      given: { roles: ['deployer'] },
      commands: ['kubectl create rolebinding deployer -n ops --role=deployer --serviceaccount=ops:deployer'],
    },
    {
      title: 'that, and a RoleBinding of its name binds another one',
      name: 'deployer',
      given: { roles: ['deployer'], bindings: [binding('deployer', 'deployer', ['other'])] },
      commands: ['kubectl create rolebinding deployer-werf -n ops --role=deployer --serviceaccount=ops:deployer'],
    },
    {
      title: 'a RoleBinding of its name binds another one',
      name: 'deployer',
      given: { bindings: [binding('deployer', 'x', ['other']), binding('deployer-werf', 'x', [])] },
      commands: [rights('deployer', ' --role deployer-werf-2')],
    },
    {
      title: 'its Role has too little',
      name: 'deployer',
      given: { roles: ['reader'], bindings: [binding('one', 'reader', ['deployer'])] },
      words: 'RoleBinding one gives it Role reader, which is not enough: add what is missing',
      commands: ['kubectl edit role reader -n ops'],
    },
    {
      title: 'a ClusterRole, which others have, has too little',
      name: 'deployer',
      given: { bindings: [binding('deployer', 'view', ['deployer'], 'ClusterRole')] },
      words: 'RoleBinding deployer gives it ClusterRole view, which is not enough',
      commands: [rights('deployer', ' --role deployer-werf')],
    },
    {
      title: 'its Role is gone',
      name: 'deployer',
      given: { bindings: [binding('one', 'reader', ['deployer'])] },
      words: 'RoleBinding one gives it Role reader, which does not exist',
      commands: [rights('deployer')],
    },
    {
      title: 'a Role whose name is no word for a shell',
      name: 'deployer',
      given: { roles: ['$(id)'], bindings: [binding('one', '$(id)', ['deployer'])] },
      words: 'RoleBinding one gives it Role $(id), which is not enough',
      commands: [rights('deployer')],
    },
    {
      title: 'default',
      name: 'default',
      given: {},
      words: OWN,
      commands: [ACCOUNT, rights('werf-converge'), 'use werf-converge'],
    },
    {
      title: 'default, and another one is there',
      name: 'default',
      given: { accounts: ['werf-converge'] },
      words: OWN,
      commands: [rights('werf-converge'), 'use werf-converge'],
    },
    {
      title: 'default, and another one has rights',
      name: 'default',
      given: { accounts: ['werf-converge'], bindings: [binding('one', 'x', ['werf-converge'])] },
      words: OWN,
      commands: ['use werf-converge'],
    },
  ];
  for (const { title, name, given, words = '', commands } of rows) {
    const way = wayToRights({ namespace: 'ops', name }, known(there(given)), (own) => `use ${own}`);
    t.strictSame(way, { words, commands }, title);
    t.notMatch(way.commands.join('\n'), /admin|=default|:default/, title);
  }
  t.strictSame(wayToRights({ namespace: 'ops', name: 'deployer' }, unknown('no right'), String).commands, [
    rights('deployer'),
  ]);
});

t.test('what is there is read with the right to list it, and only this namespace counts', async (t) => {
  const kube = createFakeKube();
  kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'ops', name: 'deployer' } });
  const type = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true, plural: 'rolebindings' };
  const subject = (kind: string, name: string, namespace?: string) => ({ kind, name, namespace });
  kube.seed(
    { ...type, kind: 'RoleBinding' } as never,
    {
      metadata: { namespace: 'ops', name: 'one' },
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [
        subject('ServiceAccount', 'deployer', 'ops'),
        subject('ServiceAccount', 'far', 'other'),
        subject('User', 'x'),
      ],
    } as never,
  );
  t.strictSame(
    await readGrants(kube, 'ops', signal),
    known({
      accounts: ['deployer'],
      roles: [],
      bindings: [{ name: 'one', role: { kind: 'Role', name: 'r' }, accounts: ['deployer'] }],
    }),
  );
});

t.test('rights that are missing are told by kinds, all of them', async (t) => {
  const all = WERF_NEEDS.flatMap(({ resource, verbs }) => verbs.map((verb) => `${verb} ${resource}`));
  t.equal(
    accessesText(all),
    'get, list, create, update, patch, delete configmaps, secrets; get, list, watch pods, events, replicasets; get pods/log, namespaces',
  );
});
