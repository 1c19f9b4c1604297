import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import type { Job } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { JOBS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import type { KubectlResult } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';
import { secret } from '../kit/values-objects.js';

/** May edit team-a, as most people of a team may, and nothing else. */
const ALICE = 'system:serviceaccount:people:alice';
/** May also write the statuses of bundles there, as an administrator of team-a may. */
const CAROL = 'system:serviceaccount:people:carol';
/** May edit prod-b, where the bundle of team-a deploys to. */
const BOB = 'system:serviceaccount:people:bob';

const binding = (user: string, role: string, namespace: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: `${user.split(':').at(-1)}-${role}`, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
});

/** A Job that can never be scheduled, labelled as the controller labels its own. */
const forgedJob = (like: Job, ref: { namespace: string; name: string }, number: string): object => {
  const annotations = { ...like.metadata.annotations, 'werf.io/deployment-number': number };
  const metadata = { labels: like.metadata.labels ?? {}, annotations };
  const container = { name: 'werf', image: 'none.example/none' };
  const spec = { restartPolicy: 'Never', nodeSelector: { nowhere: 'yes' }, containers: [container] };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, ...ref },
    spec: {
      template: { metadata: { ...metadata, annotations: like.spec?.template.metadata?.annotations ?? {} }, spec },
    },
  };
};

t.test('whatever people write, on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const { client, signal } = fixture;
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE, flags: ['--max-jobs', '3'] });
  const given = { fixture, states, controller };
  const team = await scenarioIn(given, 'team-a');
  await fixture.makeNamespace('prod-b');
  await fixture.makeNamespace('far-away');
  const as = (user: string, args: readonly string[], input?: string): Promise<KubectlResult> =>
    fixture.cluster.kubectl([...args, '--as', user], input);
  const must = async (user: string, args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await as(user, args, input);
    if (code !== 0) throw new Error(stderr);
  };
  const jobsIn = async (namespace: string): Promise<readonly Job[]> =>
    (await client.list(JOBS, { namespace }, signal)).items;

  await team.kubectl('annotate', 'namespace', 'prod-b', 'werf.io/accept-bundles-from=team-a');
  const rights = [
    binding(ALICE, 'edit', 'team-a'),
    binding(CAROL, 'admin', 'team-a'),
    binding(BOB, 'edit', 'prod-b'),
    binding(BOB, 'edit', 'far-away'),
  ];
  await fixture.cluster.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rights }),
  );
  for (const tag of ['v1.0.0', 'v1.1.0'])
    await fixture.publish({ repository: 'acme/app', tag, behaviour: 'slow: 5, print-values' });
  await team.apply(secret('app-secret', { 'values.yaml': `password: ${canary('app')}` }));
  const wish = { targetNamespace: 'prod-b', valuesFrom: [{ secretRef: { name: 'app-secret' } }] };
  const spec = team.spec('acme/app', wish);
  await team.applyBundle('app', { ...spec, registry: { ...spec.registry, tag: 'v1.0.0' } });
  const running = await team.until('app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const jobName = running.activeJobName ?? '';

  await t.test(
    '46,000 names of Secrets on a running Job cost one look, and without them its log is redacted',
    async (t) => {
      const names = Array.from({ length: 46_000 }, (_, n) => `s${n % 10}`).join(',');
      const own = ['annotate', 'job', jobName, '-n', 'prod-b', '--overwrite'];
      const dir = t.testdir({
        'patch.json': JSON.stringify({ metadata: { annotations: { 'werf.io/secrets': names } } }),
      });
      const patch = ['patch', 'job', jobName, '-n', 'prod-b', '--type=merge', `--patch-file=${dir}/patch.json`];
      await must(BOB, patch);
      await must(BOB, [...own, 'werf.io/secrets-', 'werf.io/deployment-number-', 'werf.io/checksum=other']);
      const synced = await team.synced('app', 'v1.0.0');
      t.equal(synced.deployment?.checksum, synced.appliedChecksum);
      t.match(synced.lastJobLogs, /\*\*\*/, 'the log is there, and redacted');
      t.notMatch(synced.lastJobLogs, canary('app'));
    },
  );

  const status = async (): Promise<WerfBundleStatus> => (await team.bundle('app'))?.status ?? {};
  const own = await status();
  const { deployment } = own;
  const forge = (user: string, change: object) =>
    as(user, [
      'patch',
      'wb',
      'app',
      '-n',
      'team-a',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: change }),
    ]);

  await t.test('who may edit bundles may not write their statuses', async (t) => {
    const { code, stderr } = await forge(ALICE, { consecutiveFailures: 0 });
    t.equal(code, 1);
    t.match(stderr, 'cannot patch resource "werfbundles/status"');
  });

  await t.test('an intent that others write deploys nothing, and the status is corrected', async (t) => {
    const evil = { number: 7, attempt: 1, generation: 1, tag: 'v1.1.0', jobName: 'evil-job-3', reason: 'NewTag' };
    const forged: readonly object[] = [
      { deployment: { ...deployment, ...evil } },
      { deployment: { ...deployment, number: 999_999_999_999_999 } },
      { lastAppliedTag: 'v1.1.0', lastAttemptedTag: 'v1.1.0' },
      { phase: 'Failed', consecutiveFailures: 6 },
      { deployment: null, history: null, lastAppliedTag: null, signature: null },
    ];
    for (const change of forged) {
      const { code, stderr } = await forge(CAROL, change);
      t.equal(code, 0, stderr);
      const told = async () => ({ ...(await status()), lastJobLogs: '' });
      const wanted = { ...own, lastJobLogs: '' };
      t.same(await eventually(told, (now) => isDeepStrictEqual(now, wanted)), wanted, JSON.stringify(change));
    }
    t.same(
      (await jobsIn('prod-b')).map(({ metadata }) => metadata.name),
      [jobName],
    );
  });

  await t.test('a number that nothing comes after is refused', async (t) => {
    const { code, stderr } = await forge(CAROL, { deployment: { number: 2 ** 53 } });
    t.equal(code, 1);
    t.match(stderr, 'deployment.number in body should be less than or equal to 999999999999999');
  });

  await t.test('the counter of failed polls may be lowered, as the guide has it', async (t) => {
    const { code } = await forge(CAROL, { consecutiveFailures: 0 });
    t.equal(code, 0);
  });

  await t.test('Jobs that others label as ours take no place, and move no number', async (t) => {
    const [like] = await jobsIn('prod-b');
    if (like === undefined) throw new Error('the Job is kept for a week');
    const forged = [
      ...['a', 'b', 'c'].map((name) => forgedJob(like, { namespace: 'far-away', name }, '999999999999999')),
      forgedJob(like, { namespace: 'prod-b', name: 'd' }, '999999999999998'),
    ];
    for (const job of forged) await must(BOB, ['create', '-f', '-'], JSON.stringify(job));
    await team.patch('app', { spec: { registry: { tag: 'v1.1.0' } } });
    const synced = await team.synced('app', 'v1.1.0', 2);
    t.same(
      synced.history?.map(({ number, tag, result }) => `${number} ${tag} ${result}`),
      ['2 v1.1.0 Succeeded', '1 v1.0.0 Succeeded'],
    );
  });

  await t.test('a status that is forged while no controller runs is told again by the Job', async (t) => {
    await controller.stop();
    const before = await status();
    const evil = { ...before.deployment, number: 9, tag: 'v1.0.0', jobName: 'evil-job-4' };
    t.equal((await forge(CAROL, { deployment: evil, lastAppliedTag: 'v9.9.9' })).code, 0);
    const next = await fixture.startController({ timeScale: TIME_SCALE });
    const again = new BundleScenario({ ...given, controller: next }, 'team-a');
    const told = await again.until('app', 'v1.1.0 again', ({ lastAppliedTag }) => lastAppliedTag === 'v1.1.0');
    t.equal(told.deployment?.number, 2);
    t.same(
      (await jobsIn('prod-b')).map(({ metadata }) => metadata.name).filter((name) => name !== 'd').length,
      2,
      'nothing was deployed',
    );
    t.notMatch(await next.log(), /"level":"error"/);
  });
});
