import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { JOBS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  deployment,
  failure,
  iso,
  NOW,
  selected,
  signed,
  syncedStatus,
  tags,
} from '../kit/builders.js';
import { endJob, JOB_1, JOB_2, offered } from '../kit/offered-bundle.js';
import { type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';

t.test('a tag is looked at again when its Job has succeeded, and deployed again if it has moved: once', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  await harness.wait(1_000);
  await harness.run();
  t.same(harness.interest()?.due, { kind: 'at', time: NOW + 1_000 }, 'the registry is asked at once');
  harness.deliver(selected(), NOW + 900);
  await harness.run();
  t.same(harness.interest()?.due.kind, 'at', 'a scan that began before the Job ended says nothing of that');
  harness.deliver(selected('v1.0.0', DIGEST_B), NOW + 1_100);
  const { status } = await harness.run();
  t.same([status.deployment?.number, status.deployment?.reason], [2, 'MovedTag']);
  endJob(harness);
  const ended = await harness.run();
  t.same([ended.status.phase, harness.interest()?.due], ['Synced', { kind: 'interval' }], 'the next look is the usual');
});

t.test('polls that fail are counted and told, and the scans are told when to come again', async (t) => {
  const harness = await offered();
  harness.deliver(failure());
  const first = await harness.run();
  t.same(first.events, [
    'Warning PollFailed: error polling registry: connection refused (registry.example/acme/app) (failure 1 of 6, next try after 30s)',
  ]);
  t.same(harness.interest()?.due, { kind: 'at', time: Date.parse(first.status.nextAttemptTime ?? '') });
  harness.deliver(failure());
  t.same((await harness.run()).events, [], 'once');
  harness.deliver(selected('v1.1.0', DIGEST_B));
  const { status } = await harness.run();
  t.same([status.consecutiveFailures, status.deployment?.tag], [0, 'v1.1.0']);
});

t.test('a result that comes while a bundle is looked at is counted before it is acted on', async (t) => {
  const registry = { url: 'registry.example/acme/app', versionConstraint: '>=0.1.0', secretRef: { name: 'creds' } };
  const annotations = { 'werf.io/allow-downgrade': 'true' };
  const checksum = `k0:${'1'.repeat(64)}`;
  const deployed = syncedStatus({ appliedChecksum: checksum, deployment: deployment({ checksum }) });
  const harness = reconcileHarness(bundle(deployed, { spec: { registry }, metadata: { annotations } }));
  harness.kube.seed(SECRETS, {
    metadata: { namespace: 'ops', name: 'creds' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
  });
  for (let scan = 0; scan < 2; scan += 1) {
    harness.deliver(selected());
    await harness.run();
  }
  harness.kube.before({ verb: 'get', plural: 'secrets' }, () => harness.deliver(selected('v0.9.0', DIGEST_B)));
  await harness.run();
  const message = async () =>
    (await harness.run()).status.conditions?.find(({ type }) => type === 'Ready')?.message.split(': ')[1];
  t.equal(await message(), 'it is deployed when a second scan says the same', 'one lower offer is none');
  t.equal(harness.bundle()?.status?.deployment?.number, 1);
  harness.deliver(selected('v0.9.0', DIGEST_B));
  t.match((await harness.run()).status.deployment, { number: 2, reason: 'Downgrade' }, 'two are one');
});

t.test(
  'what scans told of a bundle that went says nothing of one that has its name, though no cache showed it gone',
  async (t) => {
    const nothing = { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags } as const;
    const harness = reconcileHarness(bundle(syncedStatus()));
    await harness.run();
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Synced', 'one list may be wrong');
    const another = bundle(syncedStatus(), { metadata: { uid: 'another', resourceVersion: '' } });
    harness.kube.seed(WERFBUNDLES, signed(another));
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Synced', 'for this bundle it is the first one');
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Failed');
  },
);

t.test('that a first poll is held back is written once, and a synced bundle says nothing of it', async (t) => {
  const harness = reconcileHarness();
  await harness.run();
  harness.holdBack('breaker');
  const held = await harness.run();
  t.same([held.actions, held.events, held.log], [['patch werfbundles/status my-app'], [], []]);
  t.match(held.status.conditions?.at(-1), {
    type: 'RegistryReachable',
    status: 'Unknown',
    message: /polls are held back/,
  });
  await harness.wait(60_000);
  t.same((await harness.run()).actions, []);
  const synced = reconcileHarness(bundle(syncedStatus()));
  await synced.run();
  synced.holdBack('breaker');
  t.same((await synced.run()).actions, []);
});

t.test('a poll that comes in while an intent is carried out counts, whatever becomes of the Job', async (t) => {
  const create = { verb: 'create', plural: 'jobs' } as const;
  const interrupted = async (): Promise<ReconcileHarness> => {
    const harness = await offered();
    harness.kube.failNext(create, new KubeError('unavailable', 'create: 503 service unavailable', { status: 503 }));
    await harness.run();
    harness.restart();
    return harness;
  };
  const polled = ({ consecutiveFailures, lastETag, conditions }: WerfBundleStatus) => [
    ...[consecutiveFailures, lastETag],
    ...['Ready', 'RegistryReachable'].map((type) => conditions?.find((one) => one.type === type)?.reason),
  ];
  await t.test('which is refused', async (t) => {
    const harness = await interrupted();
    harness.kube.failNext(create, new KubeError('forbidden', 'create jobs.batch: forbidden: quota', { status: 403 }));
    harness.deliver(failure());
    const { status, events } = await harness.run();
    t.same(polled(status), [1, tags.etag, 'JobRefused', 'PollFailed']);
    t.match(events, [/^Warning JobRefused: .*quota/, /^Warning PollFailed: .*failure 1 of 6/]);
    t.equal(status.nextAttemptTime, iso(30_000), 'of the next poll');
  });
  await t.test('whose name is taken', async (t) => {
    const harness = await interrupted();
    harness.kube.seed(JOBS, { metadata: { namespace: 'ops', name: JOB_1, labels: { 'werf.io/bundle-uid': 'other' } } });
    const listed = { etag: '"abc"', etagSupported: true, count: 1 };
    harness.deliver({ kind: 'selected', tag: 'v1.0.0', digest: DIGEST_A, tags: listed });
    const { status } = await harness.run();
    t.same([status.deployment?.number, status.lastJobName], [2, JOB_2]);
    t.same(polled(status), [0, '"abc"', 'Deploying', 'Polled']);
  });
});
