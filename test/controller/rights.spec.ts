import t from 'tap';
import { allInOrder } from '../../controller/observe/read-reference.js';
import { KubeError } from '../../kube/client.js';
import { bundle, DIGEST_B, deployment, selected, syncedStatus } from '../kit/builders.js';
import { JOB_1, offered } from '../kit/offered-bundle.js';
import { reconcileHarness } from '../kit/reconcile-harness.js';

t.test('what the controller may not read is told, and looked at again', async (t) => {
  const registry = { url: 'registry.example/acme/app', secretRef: { name: 'creds' } };
  const converge = { targetNamespace: 'production', serviceAccountName: 'werf' };
  const rows = [
    { title: 'the target namespace', plural: 'namespaces', given: { converge }, placed: false },
    { title: 'the credentials', plural: 'secrets', given: { registry }, placed: false },
    { title: 'whether the Job of an intent is there', plural: 'jobs', given: {}, placed: true },
    { title: 'and no place is kept from others meanwhile', plural: 'namespaces', given: { converge }, placed: true },
  ];
  for (const { title, plural, given, placed } of rows) {
    const status = placed ? syncedStatus({ deployment: deployment({ number: 2, jobName: 'other' }) }) : undefined;
    const harness = reconcileHarness(bundle(status, { spec: given }), { total: 1, perNamespace: 0 });
    harness.kube.failNext({ verb: 'get', plural }, () => new KubeError('forbidden', `get ${plural} x: forbidden`), 9);
    await harness.run();
    harness.deliver(selected());
    const { next, status: now } = await harness.run();
    t.same(
      [now.phase, now.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`).slice(0, 2), next],
      ['Failed', ['Ready False RightsMissing', 'Stalled True RightsMissing'], { kind: 'after', ms: 30_000 }],
      title,
    );
    t.equal(now.lastErrorMessage, `the controller lacks a right: get ${plural} x: forbidden`, title);
    t.ok(harness.slots.request({ namespace: 'ops', name: 'other' }, { namespace: 'ops', name: 'x' }), title);
  }

  const harness = await offered(reconcileHarness());
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, new KubeError('timeout', 'create: no answer in 30 s'));
  await harness.run();
  harness.freezeCaches(true);
  harness.kube.failNext({ verb: 'get', plural: 'jobs' }, new KubeError('forbidden', 'get jobs x: forbidden'));
  const blind = await harness.run();
  t.same(
    [blind.actions, blind.status.conditions?.[0]?.reason, blind.status.deployment?.number, harness.jobs()],
    [['patch werfbundles/status my-app'], 'RightsMissing', 1, []],
    'whoever does not know whether there is a Job makes none',
  );
  harness.freezeCaches(false);
  const { actions } = await harness.run();
  t.same(actions[0], `create jobs ${JOB_1}`, 'with the right, the same intent is carried out');
});

t.test('what the controller may not take away is told, and nothing is begun beside it', async (t) => {
  const calls = [
    { verb: 'delete', plural: 'jobs' },
    { verb: 'delete', plural: 'secrets' },
  ] as const;
  for (const call of calls) {
    const harness = await offered();
    await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    const words = `delete ${call.plural} x: forbidden`;
    harness.kube.failNext(call, () => new KubeError('forbidden', words, { status: 403 }), 2);
    const first = await harness.run();
    const { deployment, history, lastErrorMessage } = first.status;
    t.same(
      [deployment?.number, history, lastErrorMessage, first.next],
      [1, undefined, `the controller lacks a right: ${words}`, { kind: 'after', ms: 30_000 }],
      words,
    );
    t.match(first.events, [`Warning RightsMissing: the controller lacks a right: ${words}`]);
    const again = await harness.run();
    t.same([again.actions.filter((action) => action.includes('status')), again.events], [[], []], 'once');
    await harness.run();
    t.match(harness.bundle()?.status, { deployment: { tag: 'v1.1.0' } }, 'with the right it goes on');
  }
});

t.test('of several reads that fail the first in order is told, whichever fails first', async (t) => {
  const late = Promise.resolve().then(() => Promise.reject(new Error('the first')));
  await t.rejects(allInOrder([1, late, Promise.reject(new Error('the second'))]), { message: 'the first' });
  t.same(await allInOrder([1, Promise.resolve('a')]), [1, 'a']);
});
