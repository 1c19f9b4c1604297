import t from 'tap';
import { SECRETS } from '../../kube/resources.js';
import { bundle, selected } from '../kit/builders.js';
import { endJob } from '../kit/ended-job.js';
import { logOf } from '../kit/plan-statuses.js';
import { reconcileHarness } from '../kit/reconcile-harness.js';

t.test('what a Secret hides in the log of a plan is held all the same, and is not shown', async (t) => {
  const converge = { valuesFrom: [{ secretRef: { name: 'database' } }], deletions: 'Hold' } as const;
  const harness = reconcileHarness(bundle(undefined, { spec: { converge } }));
  const text = 'kind: StatefulSet\nresources: {recreate: orders-of-acme}\n';
  harness.kube.seed(SECRETS, {
    metadata: { namespace: 'ops', name: 'database' },
    data: { 'values.yaml': Buffer.from(text).toString('base64') },
  });
  await harness.run();
  harness.deliver(selected());
  await harness.run();
  endJob(harness, 2, `${logOf('recreate StatefulSet/orders-of-acme')}Error: resource changes planned\n`);
  const { status } = await harness.run();
  t.match(status.plan, { result: 'Made', counts: { recreate: 1 }, recreated: [{ kind: 'StatefulSet', name: '***' }] });
  t.match(
    status.conditions?.find(({ type }) => type === 'Ready'),
    { status: 'False', reason: 'ApprovalAwaited' },
  );
  t.equal(status.deployment, undefined);
  t.notMatch(JSON.stringify(status), 'orders-of-acme');
});
