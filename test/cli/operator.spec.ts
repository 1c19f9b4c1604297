import t from 'tap';
import { placeOf } from '../../cli/diagnosis/deployments.js';
import { known, unknown } from '../../cli/diagnosis/known.js';
import { readLeases } from '../../cli/diagnosis/leases.js';
import { controllerJudgement } from '../../cli/diagnosis/operator-judgements.js';
import { LEASES } from '../../kube/resources.js';
import { iso, NOW } from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { signal } from '../kit/registry-client.js';

// What tells whether the operator works, and where it is looked at.

const METADATA = {
  namespace: 'operator',
  name: 'werfbundle-controller-1',
  labels: { 'app.kubernetes.io/part-of': 'werfbundle' },
};

t.test('a holder works if its Lease was renewed just now, or is renewed while it is looked at', async (t) => {
  const rows: readonly {
    title: string;
    holder?: string;
    renewedAt?: number;
    /** Renewed between the looks, whatever the clock of the holder says. */
    renews?: boolean;
    want: { isFresh: boolean; unrenewedMs: number | undefined };
    looks: number;
  }[] = [
    { title: 'just now', renewedAt: -2_000, want: { isFresh: true, unrenewedMs: 2_000 }, looks: 1 },
    { title: 'it was stopped a while ago', renewedAt: -7_000, want: { isFresh: false, unrenewedMs: 11_000 }, looks: 2 },
    {
      title: 'its clock is behind',
      renewedAt: -60_000,
      renews: true,
      want: { isFresh: true, unrenewedMs: 64_000 },
      looks: 2,
    },
    {
      title: 'its clock is ahead, and it hangs',
      renewedAt: 60_000,
      want: { isFresh: false, unrenewedMs: 0 },
      looks: 2,
    },
    {
      title: 'it was given back',
      holder: '',
      renewedAt: -1_000,
      want: { isFresh: false, unrenewedMs: 1_000 },
      looks: 1,
    },
    { title: 'it was never renewed', want: { isFresh: false, unrenewedMs: undefined }, looks: 2 },
  ];
  for (const { title, holder = 'pod-1', renewedAt, renews = false, want, looks } of rows) {
    const clock = createFakeClock(NOW);
    const kube = createFakeKube({ clock });
    const spec = { holderIdentity: holder, ...(renewedAt !== undefined && { renewTime: iso(renewedAt) }) };
    kube.seed(LEASES, { metadata: METADATA, spec });
    const reading = readLeases({ client: kube, clock }, 'operator', signal);
    await settle();
    t.equal(clock.pending(), looks - 1, title);
    if (renews) await kube.mergePatch(LEASES, METADATA, { spec: { leaseTransitions: 1 } }, {}, signal);
    if (looks > 1) await clock.advance(4_000);
    t.strictSame(await reading, [{ name: METADATA.name, holder, ...want }], title);
  }
});

t.test('a controller that hangs is told before another one may take its Lease', async (t) => {
  const lease = { name: 'lease', holder: 'host_1', isFresh: false };
  const where = { namespace: 'operator', deployments: known([]) };
  const told = (unrenewedMs: number | undefined, holder = lease.holder) =>
    controllerJudgement({ ...where, leases: known([{ ...lease, holder, unrenewedMs }]) }).found.replace(/;.*/, '');
  const why = 'its process has ended, hangs, or does not reach the apiserver';
  const held = 'no controller works: host_1, which holds Lease lease in namespace operator';
  t.equal(told(11_000), `${held}, has not renewed it for 11s: ${why}`);
  t.equal(told(undefined), `${held}, has never renewed it: ${why}`);
  t.equal(told(90_000, ''), 'no controller works: nobody holds Lease lease in namespace operator, for 90s');
});

t.test('commands for Pods are given where there is a Deployment, or nobody may see whether there is', async (t) => {
  const deployment = (name: string, app: string) => ({ name, app, wanted: 1, ready: 1 });
  const pods = 'kubectl get pods -n operator -l control-plane=controller-manager';
  const restart = (name: string) => `kubectl rollout restart deployment/${name} -n operator`;
  const rows = [
    {
      title: 'two controllers that split the work',
      deployments: known([deployment('one', 'werfbundle-controller'), deployment('two', 'werfbundle-controller')]),
      want: { words: '', look: [pods], restart: [restart('one'), restart('two')] },
    },
    {
      title: 'no right to look',
      deployments: unknown('no right'),
      want: { words: '', look: [pods], restart: [restart('werfbundle-controller')] },
    },
    {
      title: 'a process',
      deployments: known([deployment('webhook', 'werfbundle-webhook')]),
      want: {
        words:
          '; the controller is no Deployment of namespace operator: look at its process, and at its log, where it was started',
        look: [],
        restart: [],
      },
    },
  ];
  for (const { title, deployments, want } of rows)
    t.strictSame(placeOf('controller', { namespace: 'operator', deployments }), want, title);
});
