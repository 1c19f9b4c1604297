import t from 'tap';
import type { Pod } from '../../api/objects.js';
import { unreadyPod, withPodReasons, workloadsIn } from '../../controller/deploy/unready.js';
import { readPodReasons } from '../../controller/observe/pod-reasons.js';
import { KubeError } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const LATE = 'release install: failed release "stuck" (namespace: "ops"): track resource';

t.test('an error of werf names what it has waited for', (t) => {
  const rows = [
    {
      title: 'as 3.2.0 does',
      error: `${LATE} "ops/Deployment/web": context deadline exceeded`,
      want: [{ kind: 'Deployment', name: 'web' }],
    },
    {
      title: 'several',
      error: `2 errors occurred: * ${LATE} "ops/StatefulSet/db": x * track resource "ops/Job/migrate": y`,
      want: [
        { kind: 'StatefulSet', name: 'db' },
        { kind: 'Job', name: 'migrate' },
      ],
    },
    {
      title: 'as its lists of operations do',
      error: 'resource failed: Deployment/web, Job/x (namespace=other)',
      want: [{ kind: 'Deployment', name: 'web' }],
    },
    {
      title: 'in another namespace: those Pods are not asked for',
      error: `${LATE} "other/Deployment/web": x`,
      want: [],
    },
    { title: 'what has no Pods', error: 'apply resource "ops/ConfigMap/x": forbidden', want: [] },
    { title: 'nothing', error: 'pull bundle: not found', want: [] },
  ];
  for (const { title, error, want } of rows) t.same(workloadsIn(error, 'ops'), want, title);
  t.end();
});

const WEB = [{ kind: 'Deployment', name: 'web' }];
type Status = NonNullable<Pod['status']>;
const podOf = (status: Status, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: {
    namespace: 'ops',
    name: 'web-5d4f-x7f2k',
    labels: { 'pod-template-hash': '5d4f' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true }],
    ...metadata,
  },
  status,
});
const unscheduled: Status = {
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/3 nodes are available:\n3 Insufficient cpu.',
    },
  ],
};
const container = (status: Omit<NonNullable<Status['containerStatuses']>[number], 'name'>): Status => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
  containerStatuses: [{ name: 'app', ...status }],
});
const ready: Status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

t.test('why a Pod is not ready is told in the words of Kubernetes', (t) => {
  const rows: readonly { title: string; pod: Pod; want: string | undefined; of?: typeof WEB }[] = [
    {
      title: 'no node',
      pod: podOf(unscheduled),
      want: 'Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.',
    },
    {
      title: 'no image',
      pod: podOf(
        container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } } }),
      ),
      want: 'ImagePullBackOff: Back-off pulling image "x"',
    },
    {
      title: 'it crashes, with how it ended last, and nothing that it said itself',
      pod: podOf(
        container({
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', message: 'canary' } },
        }),
      ),
      want: 'CrashLoopBackOff: back-off 10s restarting; it ended with exit code 137 (OOMKilled)',
    },
    {
      title: 'it has crashed just now',
      pod: podOf(container({ state: { terminated: { exitCode: 2, reason: 'Error', message: 'canary' } } })),
      want: 'container app ended with exit code 2',
    },
    {
      title: 'an init container',
      pod: podOf({
        ...container({ state: { waiting: { reason: 'PodInitializing' } } }),
        initContainerStatuses: [{ name: 'init', state: { waiting: { reason: 'CreateContainerConfigError' } } }],
      }),
      want: 'CreateContainerConfigError',
    },
    {
      title: 'it runs, and its probe fails',
      pod: podOf(container({ ready: false, state: { running: {} } })),
      want: 'container app runs, and its readiness probe fails',
    },
    {
      title: 'it was evicted',
      pod: podOf({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
      want: 'Evicted: The node was low on resource: memory.',
    },
    { title: 'nothing more is known', pod: podOf({ phase: 'Pending' }), want: 'Pending' },
    { title: 'it is ready', pod: podOf(ready), want: undefined },
    { title: 'it goes', pod: podOf(unscheduled, { deletionTimestamp: '2026-11-28T10:00:00Z' }), want: undefined },
    {
      title: 'of another Deployment whose name begins alike',
      pod: podOf(unscheduled, {
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-admin-5d4f', uid: 'u', controller: true },
        ],
      }),
      want: undefined,
    },
    {
      title: 'of a Job',
      pod: podOf(container({ state: { terminated: { exitCode: 1 } } }), {
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: 'u', controller: true }],
      }),
      of: [{ kind: 'Job', name: 'migrate' }],
      want: 'container app ended with exit code 1',
    },
  ];
  for (const { title, pod, of = WEB, want } of rows)
    t.equal(unreadyPod(pod, of), want && `Pod web-5d4f-x7f2k is not ready: ${want}`, title);
  t.equal(withPodReasons('late', []), 'late');
  t.equal(withPodReasons('late', ['c', 'a', 'b']), 'late; a; b', 'two are told, always the same two');
  const long = withPodReasons('e'.repeat(900), ['a'.repeat(350), 'b'.repeat(350)]);
  t.equal(
    long,
    `${'e'.repeat(275)} … ${'e'.repeat(275)}; ${'a'.repeat(350)}`,
    'of long ones as much as can be recorded, the first reason whole',
  );
  t.end();
});

t.test('the Pods that werf waited for are read once, where its error names one', async (t) => {
  const kube = createFakeKube({ clock: createFakeClock() });
  const log = recordLog();
  const { signal } = new AbortController();
  kube.seed(PODS, podOf(unscheduled));
  kube.seed(PODS, podOf(ready, { name: 'web-5d4f-ready' }));
  kube.seed(PODS, podOf(unscheduled, { namespace: 'other' }));
  const job = { metadata: { namespace: 'ops', name: 'job' } };
  const read = (error: string) => readPodReasons({ client: kube, log }, { job, error }, signal);
  const error = `${LATE} "ops/Deployment/web": context deadline exceeded`;
  t.same(await read(error), [
    'Pod web-5d4f-x7f2k is not ready: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.',
  ]);
  const forbidden = () => new KubeError('forbidden', 'list pods: forbidden');
  kube.failNext({ verb: 'list', plural: 'pods' }, forbidden, 2);
  t.same(await read('pull bundle: not found'), [], 'no Pods are read');
  t.same(log.entries, []);
  t.same(await read(error), [], 'without the right it is left out');
  t.match(log.entries, [
    {
      level: 'warn',
      message: 'Pods of the release could not be read',
      fields: { job: 'job', error: 'list pods: forbidden' },
    },
  ]);
});
