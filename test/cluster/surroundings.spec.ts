import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startControlPlane } from '../../playground/control-plane/start.js';
import { established } from '../../playground/established.js';
import { binariesOfThisRun, type Cluster, startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'kettles.kitchen.example' },
  spec: {
    group: 'kitchen.example',
    scope: 'Namespaced',
    names: { plural: 'kettles', singular: 'kettle', kind: 'Kettle' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { litres: { type: 'integer' }, limit: { type: 'integer' } },
                'x-kubernetes-validations': [{ rule: 'self.litres <= self.limit', message: 'it boils over' }],
              },
            },
          },
        },
      },
    ],
  },
};
const kettle = (name: string, litres: number) => ({
  apiVersion: 'kitchen.example/v1',
  kind: 'Kettle',
  metadata: { name, namespace: 'default' },
  spec: { litres, limit: 2 },
});
const VIEW_KETTLES = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'cook', namespace: 'default' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'cook', namespace: 'default' },
      rules: [{ apiGroups: ['kitchen.example'], resources: ['kettles'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'cook', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'cook' },
      subjects: [{ kind: 'ServiceAccount', name: 'cook', namespace: 'default' }],
    },
  ],
};

/** The status of a GET with a bearer token. */
const ask = async (cluster: Cluster, path: string, token: string): Promise<number> => {
  const { server, ca } = cluster.controlPlane;
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server), { ca, headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
};

/** The events of a watch, as the endpoint sends them. */
const watch = async (t: Test, cluster: Cluster, path: string): Promise<AsyncGenerator<unknown>> => {
  const { server, ca, kubeconfig } = cluster.controlPlane;
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: [{ user: { token: string } }] };
  const headers = { authorization: `Bearer ${config.users[0].user.token}` };
  const asked = request(new URL(path, server), { ca, headers, agent: false });
  t.teardown(() => asked.destroy());
  return (async function* () {
    const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end();
    });
    let rest = '';
    for await (const part of answer) {
      const lines = (rest + part.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  })();
};

/** The command lines of the processes that name the folder; zombies have none. */
const processesOf = async (dir: string): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(dir));
};

/** The ports that the programs of the control plane were told to listen on. */
const portsOf = async (dir: string): Promise<readonly number[]> => {
  const lines = await processesOf(dir);
  const found = lines.flatMap((line) => [
    ...line.matchAll(/--(?:secure-port|listen-\w+-urls)=(?:http:\/\/127\.0\.0\.1:)?(\d+)/g),
  ]);
  return [...new Set(found.map(([, port]) => Number(port)))].filter((port) => port > 0);
};

t.test('the control plane', async (t) => {
  const cluster = await startCluster(t, { own: 'it is stopped, and started again' });
  const apply = (object: unknown) => cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object));

  t.test('enforces the CEL rules of a CRD', async (t) => {
    t.equal((await apply(CRD)).code, 0);
    t.ok(await established(cluster.kubectl, 'kettles.kitchen.example'));
    t.same(await apply(kettle('good', 1)), { code: 0, stdout: 'kettle.kitchen.example/good created\n', stderr: '' });
    const refused = await apply(kettle('bad', 3));
    t.equal(refused.code, 1);
    t.match(refused.stderr, /^The Kettle "bad" is invalid: spec: Invalid value: .*it boils over\n$/);
    const { stdout } = await cluster.kubectl(['api-resources', '-o', 'name']);
    const names = stdout.split('\n');
    for (const name of [
      'kettles.kitchen.example',
      'customresourcedefinitions.apiextensions.k8s.io',
      'jobs.batch',
      'pods',
    ]) {
      t.equal(names.filter((listed) => listed === name).length, 1, `${name} is served once`);
    }
  });

  t.test('streams a watch of custom resources as they change', async (t) => {
    const events = await watch(t, cluster, '/apis/kitchen.example/v1/namespaces/default/kettles?watch=true');
    t.match(await events.next(), { value: { type: 'ADDED', object: { metadata: { name: 'good' } } } });
    await apply(kettle('later', 2));
    t.match(await events.next(), { value: { type: 'ADDED', object: { metadata: { name: 'later' } } } });
    await cluster.kubectl(['delete', 'kettle', 'later']);
    t.match(await events.next(), { value: { type: 'DELETED', object: { metadata: { name: 'later' } } } });
  });

  t.test("has RBAC, and knows ServiceAccounts' tokens", async (t) => {
    await apply({ ...VIEW_KETTLES });
    const asCook = async (verb: string, resource: string) =>
      (
        await cluster.kubectl(['auth', 'can-i', verb, resource, '--as=system:serviceaccount:default:cook'])
      ).stdout.trim();
    t.same(
      [
        await asCook('list', 'kettles.kitchen.example'),
        await asCook('delete', 'kettles.kitchen.example'),
        await asCook('list', 'pods'),
      ],
      ['yes', 'no', 'no'],
    );
    const review = '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}';
    const made = await cluster.kubectl(
      ['create', '--raw', '/api/v1/namespaces/default/serviceaccounts/cook/token', '-f', '-'],
      review,
    );
    const { status } = JSON.parse(made.stdout) as { status: { token: string } };
    const path = '/apis/kitchen.example/v1/namespaces/default/kettles';
    t.same(
      [await ask(cluster, path, status.token), await ask(cluster, `${path}/good`, 'stranger')],
      [200, 401],
      'a token that it issued counts, and no other',
    );
    t.equal(await ask(cluster, '/apis/kitchen.example/v1/kettles', status.token), 403);
  });

  t.test('runs the controllers that bundles need', async (t) => {
    await cluster.kubectl(['create', 'namespace', 'short-lived']);
    const account = ['get', 'serviceaccount', 'default', '-n', 'short-lived', '-o', 'name'];
    const seen = await eventually(
      async () => (await cluster.kubectl(account)).stdout,
      (text) => text !== '',
    );
    t.equal(seen, 'serviceaccount/default\n');
    await cluster.kubectl(
      ['apply', '-n', 'short-lived', '-f', '-'],
      JSON.stringify({ ...kettle('gone', 1), metadata: { name: 'gone' } }),
    );
    const gone = await cluster.kubectl(['delete', 'namespace', 'short-lived', '--timeout=60s']);
    t.same(gone, { code: 0, stdout: 'namespace "short-lived" deleted\n', stderr: '' });
    await cluster.kubectl(['create', 'job', 'hello', '--image=busybox']);
    const pods = ['get', 'pods', '-l', 'job-name=hello', '-o', 'name'];
    const started = await eventually(
      async () => (await cluster.kubectl(pods)).stdout,
      (text) => text !== '',
    );
    t.match(started, /^pod\/hello-\w+\n$/);
  });

  t.test('stops without leaving a process or a port, and starts again with its state', async (t) => {
    const { dir, server } = cluster.controlPlane;
    t.not((await processesOf(dir)).length, 0);
    const ports = await portsOf(dir);
    await cluster.stopControlPlane();
    await cluster.stopControlPlane();
    t.same(await noProcessesOf(dir), []);
    for (const port of [Number(new URL(server).port), ...ports])
      t.equal(await isOpen(port), false, `port ${port} is free`);

    const again = await startControlPlane({ dir, binaries: await binariesOfThisRun() });
    t.teardown(() => again.stop());
    const { stdout } = await cluster.kubectl(['get', 'kettles', '-o', 'name']);
    t.equal(stdout, 'kettle.kitchen.example/good\n');
    await again.stop();
    t.same(await noProcessesOf(dir), []);
  });
});

/** What was killed may take a moment to be gone. */
const noProcessesOf = (dir: string): Promise<readonly string[]> =>
  eventually(
    () => processesOf(dir),
    (left) => left.length === 0,
  );

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
