import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import type { Secret } from '../../api/objects.js';
import { KubeError } from '../../kube/client.js';
import { NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, selected } from '../kit/builders.js';
import { type DriftSpec, MINUTE, PLAN } from '../kit/drift-statuses.js';
import { endJob } from '../kit/ended-job.js';
import { type ReconcileHarness, type Run, reconcileHarness } from '../kit/reconcile-harness.js';

/** Secrets of the registry and of the values: the Job of a check has them as the Job of a deployment does. */
const database: Secret = {
  metadata: { namespace: 'ops', name: 'database' },
  data: { 'values.yaml': Buffer.from('password: correct horse').toString('base64') },
};

const PLAN_LOG =
  'connects with correct horse\nUpdate ConfigMap/correct horse\n\nPlanned changes summary for release "my-app":\n- update: 1 resource(s)\n' +
  'Error: resource changes planned\n';

/** `ops/my-app`, deployed, and its first check due. */
const deployed = async (change: DriftSpec = {}): Promise<ReconcileHarness> => {
  const spec = {
    converge: { valuesFrom: [{ secretRef: { name: 'database' } }], driftDetection: { enabled: true, ...change } },
  };
  const harness = reconcileHarness(bundle(undefined, { spec }));
  harness.kube.seed(SECRETS, database);
  return untilItsCheck(harness);
};

/** Deploys, and lets time pass until the first check is due. */
const untilItsCheck = async (harness: ReconcileHarness): Promise<ReconcileHarness> => {
  await harness.run();
  harness.deliver(selected());
  await harness.run();
  endJob(harness);
  await harness.run();
  await harness.wait(16 * MINUTE);
  return harness;
};

/** Actions with the hashes of names taken out: `create jobs plan`, `create secrets plan-values`. */
const brief = ({ actions }: Run): readonly string[] =>
  actions.map((action) =>
    action.replace(/my-app-plan-[0-9a-f]{8}-[0-9a-f]{8}/, 'plan').replace(/my-app-[0-9a-f]{8}-[0-9a-f]{8}/, 'job'),
  );

const summaryOf = ({ status }: Run) => ({
  drifted: status.conditions?.find(({ type }) => type === 'Drifted')?.message,
  counts: [status.driftCheckCount, status.driftCorrectionAttempts],
  number: status.deployment?.number,
});

t.test('the life of a check: each write once, in order, and no word of it where nothing differs', async (t) => {
  const harness = await deployed();
  const begun = await harness.run();
  t.same(brief(begun), ['create secrets plan-values', 'create jobs plan', 'patch secrets plan-values']);
  t.match(harness.jobs().at(-1)?.metadata.name, PLAN);
  t.same(
    [begun.events, begun.status.phase, begun.status.lastJobName === begun.status.deployment?.jobName],
    [[], 'Synced', true],
  );
  t.same(brief(await harness.run()), [], 'it is waited for');
  endJob(harness);
  const read = await harness.run();
  t.same(brief(read), ['patch werfbundles/status my-app', 'delete jobs plan', 'delete secrets plan-values']);
  t.same(summaryOf(read), { drifted: 'nothing differs from v1.0.0', counts: [1, undefined], number: 1 });
  t.same(read.events, ['Normal InSync: nothing differs from v1.0.0']);
  t.notMatch(read.status.lastJobLogs, /plan/);
  const next = await harness.run();
  t.same(brief(next), [], 'and then there is nothing to do');
  t.equal(next.next.kind, 'after');
  await harness.wait(17 * MINUTE);
  await harness.run();
  endJob(harness);
  const second = await harness.run();
  t.same([second.events, second.status.driftCheckCount], [[], 2], 'the same again is no event');
  t.same(harness.counted(), ['check InSync', 'check InSync']);
});

t.test('drift is found, corrected, and the correction checked; nothing of a Secret is told', async (t) => {
  const harness = await deployed();
  await harness.run();
  endJob(harness, 2, PLAN_LOG);
  const found = await harness.run();
  t.same(summaryOf(found), {
    drifted: 'applying v1.0.0 again would update ConfigMap/***',
    counts: [1, undefined],
    number: 1,
  });
  t.same(found.events, ['Warning Drifted: applying v1.0.0 again would update ConfigMap/***']);
  await harness.wait(MINUTE);
  const correcting = await harness.run();
  t.same(brief(correcting).slice(0, 3), [
    'patch werfbundles/status my-app',
    'create secrets job-values',
    'create jobs job',
  ]);
  t.match(correcting.status, { deployment: { number: 2, reason: 'DriftCorrection' }, driftCorrectionAttempts: 1 });
  endJob(harness);
  const verifying = await harness.run();
  t.same(brief(verifying).slice(-3), ['create secrets plan-values', 'create jobs plan', 'patch secrets plan-values']);
  endJob(harness);
  const verified = await harness.run();
  t.same(summaryOf(verified), { drifted: 'nothing differs from v1.0.0', counts: [2, undefined], number: 2 });
  t.match(verified.events, [/^Normal DriftCorrected: /]);
  t.same(harness.counted(), ['check Drifted', 'correction Succeeded', 'check InSync']);
  t.same(
    harness.jobs().filter(({ metadata }) => PLAN.test(metadata.name ?? '')),
    [],
    'no Job of a check is left',
  );
});

t.test('a controller that ends in the middle of a check leaves one Job, and the next one reads it', async (t) => {
  const plans = (harness: ReconcileHarness) => harness.jobs().filter(({ metadata }) => PLAN.test(metadata.name ?? ''));
  const unavailable = new KubeError('timeout', 'no answer in 30 s');
  const cuts = [
    { verb: 'create', plural: 'secrets' },
    { verb: 'create', plural: 'jobs' },
    { verb: 'patch', plural: 'secrets' },
  ] as const;
  for (const call of cuts) {
    const harness = await deployed();
    harness.kube.loseAnswer(call, unavailable);
    t.same((await harness.run()).next, { kind: 'backoff' });
    harness.restart();
    await harness.wait(2 * MINUTE);
    await harness.run();
    t.same(plans(harness).length, 1, `after ${call.verb} ${call.plural}`);
    endJob(harness, 2, PLAN_LOG);
    harness.restart();
    t.match(summaryOf(await harness.run()), { counts: [1, undefined], drifted: /ConfigMap/ });
  }

  const harness = await deployed();
  await harness.run();
  endJob(harness);
  harness.kube.loseAnswer({ verb: 'patch', plural: 'werfbundles' }, unavailable);
  await harness.run();
  t.same(
    [plans(harness).length, harness.bundle()?.status?.driftCheckCount],
    [1, 1],
    'the result is written, the Job is there',
  );
  harness.restart();
  t.same(brief(await harness.run()), ['delete jobs plan', 'delete secrets plan-values'], 'it is not read again');

  const stale = await deployed();
  await stale.run();
  stale.storeStatus({ ...stale.bundle()?.status, driftCheckCount: 7 });
  t.same(brief(await stale.run()), ['delete jobs plan', 'delete secrets plan-values'], 'nor is one of another time');
});

t.test('in another namespace a check leaves nothing either, whatever becomes of controller and bundle', async (t) => {
  const converge = {
    targetNamespace: 'production',
    serviceAccountName: 'werf',
    valuesFrom: [{ secretRef: { name: 'database' } }],
    driftDetection: { enabled: true },
  };
  const checking = async (): Promise<ReconcileHarness> => {
    const harness = reconcileHarness(bundle(undefined, { spec: { converge } }));
    const annotations = { 'werf.io/accept-bundles-from': 'ops' };
    harness.kube.seed(NAMESPACES, {
      metadata: { name: 'production', annotations },
      status: { phase: 'Active' },
    });
    harness.kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf' } });
    harness.kube.seed(SECRETS, database);
    return untilItsCheck(harness);
  };
  const left = ({ kube, bundle: stored }: ReconcileHarness) => [
    ...kube.all(SECRETS).map(({ metadata }) => metadata.name),
    ...(stored()?.metadata.finalizers ?? ['gone']),
  ];

  const whole = await checking();
  t.same(brief(await whole.run()), [
    'patch werfbundles my-app',
    'create secrets plan-values',
    'create jobs plan',
    'patch secrets plan-values',
  ]);
  t.same(whole.bundle()?.metadata.finalizers, [FINALIZER]);
  endJob(whole);
  t.same(brief(await whole.run()), [
    'patch werfbundles/status my-app',
    'delete jobs plan',
    'delete secrets plan-values',
  ]);
  t.same(brief(await whole.run()), ['patch werfbundles my-app']);
  t.same(left(whole), ['database']);

  const deleted = await checking();
  await deleted.run();
  await deleted.kube.delete(WERFBUNDLES, { namespace: 'ops', name: 'my-app' }, {}, AbortSignal.any([]));
  t.same(brief(await deleted.run()), [
    ...['delete jobs plan', 'patch werfbundles/status my-app', 'delete secrets plan-values'],
    'patch werfbundles my-app',
  ]);
  t.same(left(deleted), ['database', 'gone']);

  const crashed = await checking();
  crashed.kube.failNext({ verb: 'create', plural: 'jobs' }, new KubeError('timeout', 'create: no answer in 30 s'));
  await crashed.run();
  t.equal(left(crashed).length, 3, 'Secrets without their Job');
  crashed.restart();
  const stored = nonNull(crashed.bundle());
  crashed.kube.seed(WERFBUNDLES, { ...stored, spec: { ...stored.spec, suspend: true } });
  await crashed.run();
  t.same(left(crashed), ['database'], 'are swept with the finalizer');
});

const nonNull = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

t.test('a check that the apiserver refuses is told, and leaves nothing', async (t) => {
  const harness = await deployed();
  const quota = new KubeError('forbidden', 'create jobs.batch: forbidden: exceeded quota: no-jobs', { status: 403 });
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, quota);
  const run = await harness.run();
  t.match(run.events, [/^Warning DriftCheckFailed: .*exceeded quota: no-jobs$/]);
  t.match(summaryOf(run), { drifted: /exceeded quota/, counts: [1, undefined] });
  t.same(
    harness.kube.all(SECRETS).map(({ metadata }) => metadata.name),
    ['database'],
  );
  t.same(run.status.phase, 'Synced');
  t.same(brief(await harness.run()), [], 'the next check is waited for');
});
