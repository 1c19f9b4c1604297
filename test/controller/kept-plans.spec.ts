import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { Secret } from '../../api/objects.js';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { PODS, SECRETS } from '../../kube/resources.js';
import { bundle, DIGEST_B, selected } from '../kit/builders.js';
import { database, endJob, offered } from '../kit/offered-bundle.js';
import { logOf } from '../kit/plan-statuses.js';
import { type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';

const SPEC: Partial<WerfBundleSpec> = { converge: { plan: 'Show', valuesFrom: [{ secretRef: { name: 'database' } }] } };

const ARTIFACT = gzipSync(
  JSON.stringify({ encrypted: true, dataRaw: '1000ab', release: { name: 'my-app', namespace: 'ops', revision: 1 } }),
).toString('base64');

/** A bundle whose plan has its Job. */
const planned = async (converge: WerfBundleSpec['converge'] = {}): Promise<ReconcileHarness> => {
  const spec = { ...SPEC, converge: { ...SPEC.converge, ...converge } };
  const harness = reconcileHarness(bundle(undefined, { spec }));
  harness.kube.seed(SECRETS, database);
  await offered(harness);
  await harness.run();
  return harness;
};

/** The Pod of the plan ends, with what werf has said, and what it has saved. */
const endPlan = ({ kube, jobs, bundle: stored }: ReconcileHarness, change = 'update ConfigMap/app'): string => {
  const wanted = stored()?.status?.plan?.jobName ?? '';
  const uid = jobs().find(({ metadata }) => metadata.name === wanted)?.metadata.uid ?? '';
  const ref = { namespace: 'ops', name: `${wanted}-pod` };
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: wanted, uid, controller: true }];
  const terminated = { exitCode: 2, finishedAt: '2026-11-23T10:00:00Z' };
  kube.seed(PODS, {
    metadata: { ...ref, ownerReferences },
    status: { phase: 'Failed', containerStatuses: [{ name: 'werf', state: { terminated } }] },
  });
  kube.setPodLog(ref, 'werf', `${logOf(change)}\nwerfbundle-saved-plan: ${ARTIFACT}\n`);
  return wanted;
};

const nameOf = (action: string): string => action.split(' ').at(-1) ?? '';

t.test('a saved plan is kept before it is told, goes into the Job of its deployment, and then goes', async (t) => {
  const harness = await planned();
  const planJob = endPlan(harness);
  const { actions, status } = await harness.run();
  const deployJob = status.deployment?.jobName ?? '';
  const kept = actions.indexOf(`create secrets ${planJob}-plan`);
  t.ok(kept >= 0 && kept < actions.indexOf('patch werfbundles/status my-app'), actions.join(', '));
  t.ok(kept < actions.indexOf(`delete jobs ${planJob}`), 'and before its Job is deleted');
  t.same(
    actions
      .filter((action) => action.startsWith('create'))
      .map(nameOf)
      .slice(1),
    [`${deployJob}-values`, `${deployJob}-key`, `${deployJob}-plan`, deployJob],
  );
  t.match(status.plan, { applies: 'Exactly', message: 'v1.0.0 would update 1 object' });
  t.notMatch(JSON.stringify(status), ARTIFACT.slice(0, 40), 'a status has nothing of it');
  endJob(harness);
  const ended = await harness.run();
  const deleted = ended.actions.filter((action) => action.startsWith('delete secrets')).map(nameOf);
  t.same(
    deleted.toSorted(),
    [`${deployJob}-key`, `${deployJob}-plan`, `${deployJob}-values`, `${planJob}-plan`].toSorted(),
  );
  t.same((await harness.run()).actions, []);
});

t.test('a crash after it was kept keeps it once', async (t) => {
  const harness = await planned();
  const planJob = endPlan(harness);
  harness.kube.failNext({ verb: 'patch', plural: 'werfbundles' }, new KubeError('timeout', 'patch: no answer'), 1);
  t.ok((await harness.run()).actions.includes(`create secrets ${planJob}-plan`));
  harness.restart();
  const { status, actions } = await harness.run();
  t.match(status.plan, { applies: 'Exactly' });
  t.notOk(actions.includes(`delete secrets ${planJob}-plan`), actions.join(', '));
});

t.test(
  'what others have under its name, or make of it, is not applied, and keeps nothing from being deployed',
  async (t) => {
    const useOf = ({ kube }: ReconcileHarness, jobName = ''): readonly (string | undefined)[] =>
      kube.read(SECRETS, { namespace: 'ops', name: `${jobName}-plan` }) === undefined ? [] : [jobName];
    await t.test('a Secret of somebody else', async (t) => {
      const harness = await planned();
      const planJob = endPlan(harness);
      const foreign: Secret = { metadata: { namespace: 'ops', name: `${planJob}-plan` }, data: { theirs: 'eA==' } };
      harness.kube.seed(SECRETS, foreign);
      const { status } = await harness.run();
      t.match(status, {
        plan: {
          result: 'Made',
          applies: 'Anew',
          whyAnew: `it could not be kept: Secret ${planJob}-plan was made for something else`,
        },
        deployment: { number: 1 },
      });
      t.same(useOf(harness, status.deployment?.jobName), []);
      t.match(harness.kube.read(SECRETS, { namespace: 'ops', name: `${planJob}-plan` }), foreign, 'which stays');
    });
    await t.test('a finalizer of others, which holds one that an earlier process has kept', async (t) => {
      const harness = await planned();
      const planJob = endPlan(harness);
      harness.kube.failNext({ verb: 'patch', plural: 'werfbundles' }, new KubeError('timeout', 'no answer'), 1);
      await harness.run();
      const kept = harness.kube.read(SECRETS, { namespace: 'ops', name: `${planJob}-plan` });
      if (kept === undefined) throw new Error('nothing is kept');
      const metadata = { ...kept.metadata, finalizers: ['example.com/backup'] };
      harness.kube.seed(SECRETS, { ...kept, metadata, data: { 'plan.gz': 'eA==' } });
      harness.restart();
      const { status } = await harness.run();
      t.match(status, { plan: { result: 'Made', applies: 'Anew' }, deployment: { number: 1 } });
    });
    await t.test('a quota that has no room for it', async (t) => {
      const harness = await planned();
      endPlan(harness);
      harness.kube.failNext({ verb: 'create', plural: 'secrets' }, new KubeError('forbidden', 'exceeded quota'), 1);
      const { status } = await harness.run();
      t.match(status, {
        plan: { applies: 'Anew', whyAnew: 'it could not be kept: exceeded quota' },
        deployment: { number: 1 },
      });
    });
  },
);

t.test('what is kept goes before the status forgets its name, though it could not be deleted at once', async (t) => {
  const harness = await planned({ deletions: 'Hold' });
  const planJob = endPlan(harness, 'delete PersistentVolumeClaim/data');
  await harness.run();
  const kept = () => harness.kube.read(SECRETS, { namespace: 'ops', name: `${planJob}-plan` });
  t.ok(kept());
  harness.deliver(selected('v1.1.0', DIGEST_B));
  harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, new KubeError('timeout', 'no answer'), 1);
  const { status } = await harness.run();
  t.equal(status.plan?.jobName, planJob);
  await harness.run();
  t.strictSame([harness.bundle()?.status?.plan?.tag, kept()], ['v1.1.0', undefined]);
});
