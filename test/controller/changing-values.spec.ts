import t from 'tap';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS, JOBS, SECRETS } from '../../kube/resources.js';
import { bundle, selected } from '../kit/builders.js';
import { database, endJob, JOB_1, offered, WITH_DATABASE, withDatabase } from '../kit/offered-bundle.js';
import { type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';

t.test('a value that changed its source between two tries is delivered all the same', async (t) => {
  const valuesFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'database' } }];
  const twoSources = bundle(undefined, { spec: { converge: { valuesFrom } } });
  const sources = ({ kube }: ReconcileHarness, settings: string, password: string): void => {
    kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'settings' }, data: { 'v.yaml': settings } });
    const data = { 'v.yaml': Buffer.from(password).toString('base64') };
    kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'database' }, data });
  };
  const delivered = ({ kube, jobs }: ReconcileHarness) => {
    const values = kube.read(SECRETS, { namespace: 'ops', name: `${JOB_1}-values` })?.data;
    const file = Buffer.from(values?.['values.yaml'] ?? '', 'base64').toString('utf8');
    const [container] = (jobs()[0]?.spec?.template.spec?.['containers'] ?? []) as { args: string[] }[];
    return { args: container?.args.filter((arg) => arg.startsWith('--set')), file: JSON.parse(file) };
  };
  /** The Secret was made, the Job was not; then all values are found in the Secret. */
  const moved = async (): Promise<ReconcileHarness> => {
    const harness = reconcileHarness(twoSources);
    sources(harness, 'image: nginx', 'password: correct horse');
    await offered(harness);
    const unavailable = new KubeError('unavailable', 'create: 503', { status: 503 });
    harness.kube.failNext({ verb: 'create', plural: 'jobs' }, unavailable);
    await harness.run();
    t.strictSame(delivered(harness), { args: undefined, file: { password: 'correct horse' } });
    sources(harness, '{}', '{image: nginx, password: correct horse}');
    return harness;
  };
  const replaced = await moved();
  t.same((await replaced.run()).actions, [
    `create secrets ${JOB_1}-values`,
    `delete secrets ${JOB_1}-values`,
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.strictSame(
    delivered(replaced),
    { args: [], file: { image: 'nginx', password: 'correct horse' } },
    'the checksum is the same, and the Secret a new one',
  );

  const twin = reconcileHarness(twoSources);
  sources(twin, 'image: nginx', 'password: correct horse');
  await (await offered(twin)).run();
  const [job] = twin.jobs();
  const late = await moved();
  late.kube.before({ verb: 'create', plural: 'secrets' }, () =>
    late.kube.seed(JOBS, { ...job, metadata: { ...job?.metadata, resourceVersion: '' } }),
  );
  t.same((await late.run()).actions, [
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.strictSame(
    delivered(late),
    { args: ['--set-string=image=nginx'], file: { password: 'correct horse' } },
    'a Job that was made after all keeps what was made for it',
  );
});

t.test('values that change while a deployment waits are deployed once, and recorded as what they are', async (t) => {
  const password = ({ kube }: ReconcileHarness, text: string): void => {
    const data = { 'values.yaml': Buffer.from(`password: ${text}`).toString('base64') };
    kube.seed(SECRETS, { ...database, data });
  };
  const delivered = ({ kube, jobs }: ReconcileHarness): readonly unknown[] =>
    jobs().map(({ metadata }) => {
      const values = kube.read(SECRETS, { namespace: 'ops', name: `${metadata.name}-values` })?.data;
      return JSON.parse(Buffer.from(values?.['values.yaml'] ?? '', 'base64').toString('utf8')).password;
    });
  /** Synced with this many deployments, and none is to come of the values as they are. */
  const settlesWith = async (harness: ReconcileHarness, number: number, title: string): Promise<void> => {
    endJob(harness);
    harness.touch();
    await harness.wait(10_000);
    await harness.run();
    harness.deliver(selected());
    const { status } = await harness.run();
    const made = harness.jobs().at(-1)?.metadata.annotations?.['werf.io/checksum'];
    const { phase, deployment, appliedChecksum } = status;
    t.same(
      [phase, deployment?.number, deployment?.checksum, appliedChecksum, harness.jobs().length],
      ['Synced', number, made, made, number],
      title,
    );
  };
  const timeout = new KubeError('timeout', 'create: no answer in 30 s');
  const create = { verb: 'create', plural: 'jobs' } as const;

  const queued = reconcileHarness(bundle(undefined, { spec: WITH_DATABASE }), { total: 1, perNamespace: 0 });
  const other = { namespace: 'ops', name: 'other-job' };
  queued.slots.jobChanged(other, true);
  password(queued, 'first');
  await offered(queued);
  await queued.run();
  password(queued, 'second');
  queued.slots.jobChanged(other, false);
  const { actions, status } = await queued.run();
  t.same(actions.slice(0, 2), ['patch werfbundles/status my-app', `create secrets ${JOB_1}-values`], 'intent first');
  t.match([delivered(queued), status.deployment?.reason], [['second'], 'NewTag']);
  await settlesWith(queued, 1, 'after a wait for a place');

  const crashed = withDatabase();
  password(crashed, 'first');
  await offered(crashed);
  crashed.kube.failNext(create, timeout);
  await crashed.run();
  crashed.restart();
  password(crashed, 'second');
  t.same((await crashed.run()).actions, [
    'patch werfbundles/status my-app',
    `create secrets ${JOB_1}-values`,
    `delete secrets ${JOB_1}-values`,
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.same(delivered(crashed), ['second'], 'what an earlier try left is replaced');
  await settlesWith(crashed, 1, 'after a crash before the Job');

  const lost = withDatabase();
  password(lost, 'first');
  await offered(lost);
  lost.kube.loseAnswer(create, timeout);
  await lost.run();
  lost.restart();
  password(lost, 'second');
  t.same((await lost.run()).actions, ['patch werfbundles/status my-app'], 'a Job that was made is followed');
  t.same(delivered(lost), ['first']);
  endJob(lost);
  await lost.run();
  lost.deliver(selected());
  t.match((await lost.run()).status.deployment, { number: 2, reason: 'NewValues' }, 'what it did not have comes next');
  await settlesWith(lost, 2, 'after a crash after the Job');

  // Another process, which leads no more: what it had sent arrives late.
  const twin = withDatabase();
  password(twin, 'first');
  await (await offered(twin)).run();
  const [late] = twin.jobs();
  const supersededBy = withDatabase();
  password(supersededBy, 'first');
  await offered(supersededBy);
  supersededBy.kube.failNext(create, timeout);
  await supersededBy.run();
  password(supersededBy, 'second');
  supersededBy.kube.before(create, () =>
    supersededBy.kube.seed(JOBS, { ...late, metadata: { ...late?.metadata, resourceVersion: '' } }),
  );
  t.same((await supersededBy.run()).next, { kind: 'backoff' });
  const followed = await supersededBy.run();
  t.same(
    [followed.status.activeJobName, followed.status.deployment?.checksum, supersededBy.jobs().length],
    [JOB_1, late?.metadata.annotations?.['werf.io/checksum'], 1],
    'there is no second Job beside it, and what it was made of is recorded',
  );
  t.ok(
    supersededBy.kube.read(SECRETS, { namespace: 'ops', name: `${JOB_1}-values` }),
    'it is not robbed of its Secrets',
  );
});

t.test('changed values are deployed once they have been quiet for ten seconds, without a scan', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  await harness.run();
  const change = (password: string): void => {
    const data = { 'values.yaml': Buffer.from(`password: ${password}`).toString('base64') };
    harness.kube.seed(SECRETS, { ...database, data });
    harness.touch();
  };
  change('another');
  t.same((await harness.run()).next, { kind: 'after', ms: 10_000 });
  await harness.wait(6_000);
  change('and another');
  t.same((await harness.run()).next, { kind: 'after', ms: 10_000 });
  await harness.wait(10_000);
  const { deployment } = (await harness.run()).status;
  t.same([deployment?.number, deployment?.reason], [2, 'NewValues']);
  endJob(harness);
  t.same((await harness.run()).next, { kind: 'await-change' }, 'and that is all');
});
