import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { Job, Pod, Secret } from '../../api/objects.js';
import { showTree, type TreeOptions } from '../../cli/tree/command.js';
import { findLive } from '../../cli/tree/live-object.js';
import { readinessOf } from '../../cli/tree/readiness.js';
import { recordedRelease } from '../../cli/tree/release.js';
import type { TreeNode } from '../../cli/tree/tree.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, JOBS, PODS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, iso, NOW, syncedStatus, UID } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const HIDDEN = 'hunter2-hunter2';

const MANIFEST = `---
# Source: app/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: vault}
stringData: {password: ${HIDDEN}}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: runner}}
`;

const recordOf = (change: { version?: number; status?: string; data?: string } = {}): Secret => {
  const { version = 3, status = 'deployed' } = change;
  const release = {
    name: 'my-app',
    version,
    info: { status },
    chart: { metadata: { name: 'app', version: '1.1.0' } },
    config: { password: HIDDEN },
    manifest: MANIFEST,
  };
  const packed = change.data ?? gzipSync(JSON.stringify(release)).toString('base64');
  return {
    metadata: {
      namespace: 'ops',
      name: `sh.helm.release.v1.my-app.v${version}`,
      labels: { owner: 'helm', name: 'my-app', status, version: String(version) },
    },
    data: { release: Buffer.from(packed).toString('base64') },
  };
};

t.test('of a release kinds and names are read, and nothing else', async (t) => {
  t.strictSame(recordedRelease(recordOf()), {
    version: 3,
    status: 'deployed',
    chart: 'app-1.1.0',
    objects: [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'config' },
      { apiVersion: 'v1', kind: 'Secret', name: 'keys', namespace: 'vault' },
      { apiVersion: 'v1', kind: 'ServiceAccount', name: 'runner' },
    ],
  });
  for (const data of [
    '',
    'no base64!',
    Buffer.from('{}').toString('base64'),
    gzipSync('[]').toString('base64').slice(0, 12),
  ])
    t.equal(recordedRelease(recordOf({ data })), undefined, `${JSON.stringify(data)} is no release`);
});

t.test('what no object can be called is asked for nowhere', async (t) => {
  const objects = [
    { apiVersion: 'v1', kind: 'services/x:80/proxy/delete?really=ye', metadata: { name: 'x' } },
    { apiVersion: 'v1', kind: 'secrets/shop?x=', metadata: { name: 'x' } },
    { apiVersion: '__proto__', kind: 'A', metadata: { name: 'x' } },
    { apiVersion: '../v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '..' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a/b', namespace: 'ops' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: '../x' } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'system:x' } },
  ];
  const manifest = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const data = gzipSync(JSON.stringify({ version: 1, info: { status: 'deployed' }, manifest })).toString('base64');
  t.strictSame(recordedRelease(recordOf({ data }))?.objects, [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', name: 'system:x' },
  ]);
});

t.test('an object is ready by what its kind has', async (t) => {
  const rows: readonly (readonly [kind: string, object: object, ready: string, reason: string])[] = [
    ['ConfigMap', {}, '-', ''],
    ['Deployment', { spec: { replicas: 3 }, status: { readyReplicas: 2 } }, 'False', '2/3'],
    ['StatefulSet', { status: { readyReplicas: 1 } }, 'True', '1/1'],
    [
      'Deployment',
      { metadata: { generation: 2 }, status: { readyReplicas: 1, observedGeneration: 1 } },
      'Unknown',
      '1/1',
    ],
    ['DaemonSet', { status: { desiredNumberScheduled: 2, numberReady: 2 } }, 'True', '2/2'],
    ['Job', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, 'True', 'Completed'],
    [
      'Job',
      { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'PodFailurePolicy' }] } },
      'False',
      'PodFailurePolicy',
    ],
    ['Job', { status: { active: 1 } }, 'Unknown', 'Running'],
    ['Pod', { status: { phase: 'Succeeded' } }, 'True', 'Completed'],
    [
      'Pod',
      { status: { phase: 'Failed', containerStatuses: [{ state: { terminated: { reason: 'OOMKilled' } } }] } },
      'False',
      'OOMKilled',
    ],
    [
      'Pod',
      { status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] } },
      'False',
      'ErrImagePull',
    ],
    ['Pod', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, 'True', 'Running'],
    ['PersistentVolumeClaim', { status: { phase: 'Pending' } }, 'False', 'Pending'],
    [
      'Certificate',
      { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Issuing' }] } },
      'False',
      'Issuing',
    ],
  ];
  for (const [kind, object, ready, reason] of rows)
    t.strictSame(readinessOf(kind, object), { ready, reason }, `${kind} ${JSON.stringify(object)}`);
});

t.test('an object of any kind is looked for in its namespace, then as one of the cluster', async (t) => {
  const notServed = new KubeError('other', 'the apiserver does not serve this kind', { status: 404 });
  const asked: string[] = [];
  const clientOf = (answers: readonly (KubeError | undefined)[]): Pick<KubeClient, 'get'> => ({
    get: async (type: ResourceType, ref) => {
      asked.push(`${type.group}/${type.version}/${ref.namespace ?? '-'}/${type.plural}`);
      const answer = answers[(asked.length - 1) % answers.length];
      if (answer !== undefined) throw answer;
      return undefined;
    },
  });
  const look = async (apiVersion: string, kind: string, ...answers: readonly (KubeError | undefined)[]) => {
    asked.length = 0;
    const object = { apiVersion, kind, name: 'x' };
    const { kind: found } = await findLive(clientOf(answers), { object, namespace: 'ops' }, AbortSignal.timeout(1_000));
    return [found, ...asked];
  };
  const forbidden = new KubeError('forbidden', 'forbidden', { status: 403 });
  t.strictSame(await look('networking.k8s.io/v1', 'Ingress', undefined), [
    'absent',
    'networking.k8s.io/v1/ops/ingresses',
  ]);
  t.strictSame(await look('networking.k8s.io/v1', 'NetworkPolicy', forbidden, notServed), [
    'forbidden',
    'networking.k8s.io/v1/ops/networkpolicies',
    'networking.k8s.io/v1/-/networkpolicies',
  ]);
  t.strictSame(await look('rbac.authorization.k8s.io/v1', 'ClusterRole', notServed, undefined), [
    'absent',
    'rbac.authorization.k8s.io/v1/ops/clusterroles',
    'rbac.authorization.k8s.io/v1/-/clusterroles',
  ]);
  t.strictSame((await look('acme.example/v1', 'Sheep', notServed, notServed))[0], 'unknown', 'and never absent then');
  await t.rejects(look('v1', 'Pod', new KubeError('unavailable', 'gone away', { status: 503 })), {
    message: 'gone away',
  });
});

const setUp = () => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const terminal = createFakeTerminal({ clock, columns: 80 });
  const created = (seconds: number) => ({ creationTimestamp: iso(-seconds * 1_000) });
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), { metadata: created(3_600) }));
  const labels = { 'werf.io/bundle-uid': UID };
  const job = (name: string, seconds: number, status: Job['status']) =>
    kube.seed(JOBS, {
      metadata: { namespace: 'ops', name, uid: name, labels, ...created(seconds) },
      spec: { template: { spec: {} } },
      ...(status && { status }),
    });
  const pod = (name: string, of: string, status: Pod['status']) =>
    kube.seed(PODS, {
      metadata: {
        namespace: 'ops',
        name,
        labels,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: of, uid: of }],
        ...created(60),
      },
      ...(status && { status }),
    });
  const show = async (options: TreeOptions = {}): Promise<string> => {
    await showTree({ terminal, session: sessionOf(kube, terminal) }, 'my-app', options);
    return terminal.taken();
  };
  return { kube, terminal, job, pod, show, created };
};

t.test('the tree has the bundle, its Jobs, their Pods, and the objects of the release', async (t) => {
  const { kube, job, pod, show, created, terminal } = setUp();
  job('my-app-1', 900, { conditions: [{ type: 'Complete', status: 'True' }] });
  job('my-app-2', 60, { active: 1 });
  pod('my-app-2-x', 'my-app-2', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
  kube.seed(SECRETS, recordOf({ version: 4, status: 'pending-upgrade' }));
  kube.seed(SECRETS, recordOf());
  kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'config', ...created(600) } });
  kube.seed(SECRETS, { metadata: { namespace: 'vault', name: 'keys' }, data: { password: HIDDEN } });
  const text = await show();
  t.equal(
    text,
    `NAME                         READY     AGE   REASON
WerfBundle/my-app            True      60m   Deployed
├─Job/my-app-2               Unknown   60s   Running
│ └─Pod/my-app-2-x           True      60s   Running
├─Job/my-app-1               True      15m   Completed
└─Release/my-app             True            deployed, version 3 of app-1.1.0
  ├─ConfigMap/config         -         10m
  ├─Secret/keys (in vault)   -         0s
  └─ServiceAccount/runner    False           does not exist
`,
  );
  t.notMatch(`${text}${await show({ output: 'json' })}${await show({ output: 'yaml' })}`, HIDDEN);
  t.strictSame(terminal.ended, [0, 0, 0]);
});

t.test('what the user may not read has a place in it, too', async (t) => {
  const { kube, job, show } = setUp();
  job('my-app-1', 60, {});
  const forbid = (...plurals: readonly string[]) => {
    for (const plural of plurals)
      kube.failNext({ verb: 'list', plural }, new KubeError('forbidden', 'forbidden', { status: 403 }));
  };
  const names = (node: TreeNode): readonly string[] => [
    `${node.kind}/${node.name}: ${node.reason}`,
    ...node.children.flatMap(names),
  ];
  forbid('jobs', 'pods', 'secrets');
  t.strictSame(names(JSON.parse(await show({ output: 'json' }))), [
    'WerfBundle/my-app: Deployed',
    'Job/*: may not be read by you',
    'Release/my-app: may not be read by you',
  ]);
  forbid('pods');
  t.strictSame(names(JSON.parse(await show({ output: 'json' }))), [
    'WerfBundle/my-app: Deployed',
    'Job/my-app-1: Pending',
    'Pod/*: may not be read by you',
    'Release/my-app: not deployed',
  ]);
});
