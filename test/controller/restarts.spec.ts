import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { JOBS, SECRETS } from '../../kube/resources.js';
import { DIGEST_B, selected } from '../kit/builders.js';
import { brief, database, endJob, JOB_1, JOB_2, offered } from '../kit/offered-bundle.js';
import type { ReconcileHarness } from '../kit/reconcile-harness.js';

t.test('caches that lag behind our own writes mislead nobody', async (t) => {
  const harness = await offered();
  harness.freezeCaches(true);
  t.same((await harness.run()).actions.length, 5);
  const again = await harness.run();
  t.same([again.actions, again.log], [[], []], 'the bundle is as our last write left it, and the Job is asked for');
  harness.freezeCaches(false);
  endJob(harness);
  harness.freezeCaches(true);
  t.same(brief((await harness.run()).status).history, ['1 Succeeded']);
  t.same((await harness.run()).actions, []);
});

t.test('a process that starts finds what the last one left undone', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, new KubeError('timeout', 'delete: no answer'), 2);
  const ended = await harness.run();
  t.same(
    ended.log.map(({ message }) => message),
    ['a Secret of a finished Job could not be deleted', 'a Secret of a finished Job could not be deleted'],
  );
  harness.restart();
  t.same((await harness.run()).actions, [`delete secrets ${JOB_1}-values`]);
  t.same((await harness.run()).actions, []);
});

/** What somebody, or a restored backup, has made of a status. */
const overwrite = (harness: ReconcileHarness, status: WerfBundleStatus): void => {
  harness.restart();
  harness.storeStatus(status);
};

t.test('a status that was lost is told again by the newest Job', async (t) => {
  const briefly = ({ deployment, history, lastAppliedTag }: WerfBundleStatus) => ({
    number: deployment?.number,
    history: history?.map(({ number, result }) => `${number} ${result}`),
    lastAppliedTag,
  });
  const deployed = async (): Promise<ReconcileHarness> => {
    const harness = await offered();
    await harness.run();
    return harness;
  };

  await t.test('while the Job runs: it is followed, and no second one is made', async (t) => {
    const harness = await deployed();
    overwrite(harness, { observedGeneration: -1 });
    const { status } = await harness.run();
    t.same([status.activeJobName, status.phase], [JOB_1, 'Syncing']);
    harness.deliver(selected());
    await harness.run();
    t.same(harness.jobs().length, 1);
    endJob(harness);
    t.same(briefly((await harness.run()).status), { number: 1, history: ['1 Succeeded'], lastAppliedTag: 'v1.0.0' });
    t.same((await harness.run()).actions, []);
  });

  await t.test('after the Job has ended: its result is recorded again, and nothing is deployed', async (t) => {
    const harness = await deployed();
    endJob(harness);
    await harness.run();
    overwrite(harness, {});
    await harness.wait(60_000);
    t.same(briefly((await harness.run()).status), { number: 1, history: ['1 Succeeded'], lastAppliedTag: 'v1.0.0' });
    harness.deliver(selected());
    const { status, actions } = await harness.run();
    t.same([status.phase, harness.jobs().length, actions], ['Synced', 1, ['patch werfbundles/status my-app']]);
    harness.kube.seed(SECRETS, {
      ...database,
      data: { 'values.yaml': Buffer.from('password: another').toString('base64') },
    });
    harness.deliver(selected());
    const { deployment } = (await harness.run()).status;
    t.same([deployment?.number, deployment?.reason, deployment?.jobName], [2, 'NewValues', JOB_2]);
  });

  await t.test('a status from a backup, older than the newest Job, goes on from there', async (t) => {
    const harness = await deployed();
    endJob(harness);
    const { status: backup } = await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    overwrite(harness, backup);
    await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    t.same(harness.jobs().length, 2, 'the second Job still runs, and is the one of v1.1.0');
    endJob(harness);
    const { status } = await harness.run();
    t.same(briefly(status), { number: 2, history: ['2 Succeeded', '1 Succeeded'], lastAppliedTag: 'v1.1.0' });
  });

  await t.test('what a Job says that nobody has signed is not believed, nor is its number', async (t) => {
    const harness = await deployed();
    const [ours] = harness.jobs();
    const annotations = { ...ours?.metadata.annotations, 'werf.io/deployment-number': '41' };
    harness.kube.seed(JOBS, {
      metadata: { namespace: 'ops', name: 'planted', labels: ours?.metadata.labels ?? {}, annotations },
    });
    harness.kube.vanish(JOBS, { namespace: 'ops', name: JOB_1 });
    overwrite(harness, { observedGeneration: -1 });
    await harness.run();
    harness.deliver(selected());
    const { status } = await harness.run();
    t.same([status.deployment?.number, status.deployment?.reason], [1, 'NewTag']);
  });
});
