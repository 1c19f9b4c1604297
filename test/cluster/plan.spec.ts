import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { JOBS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, type Given, PATIENCE_MS, playAll, readyOf, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';
import { secret } from '../kit/values-objects.js';

const WERF_3 = 'registry.werf.io/werf/werf:3.2.0';

type ConvergeSpec = Parameters<BundleScenario['spec']>[1];

/** A bundle whose deployments are planned first, in a namespace of its own. */
class PlanStory extends BundleScenario {
  static async begin(given: Given, namespace: string): Promise<PlanStory> {
    await given.fixture.makeNamespace(namespace);
    const story = new PlanStory(given, namespace);
    await story.apply(secret('database', { 'values.yaml': `password: ${canary('database')}` }));
    return story;
  }

  async publish(tag: string, behaviour?: string): Promise<void> {
    const chart = { repository: `planned/${this.namespace}`, tag, ...(behaviour !== undefined && { behaviour }) };
    await this.fixture.publish(chart);
  }

  async make(name: string, converge: ConvergeSpec = {}): Promise<void> {
    const valuesFrom = [{ secretRef: { name: 'database' } }];
    await this.applyBundle(name, this.spec(`planned/${this.namespace}`, { plan: 'Show', valuesFrom, ...converge }));
  }

  /** A plan of this tag has this result. */
  async planned(name: string, tag: string, result = 'Made'): Promise<WerfBundleStatus> {
    return this.until(name, `${tag} is planned`, ({ plan }) => plan?.tag === tag && plan.result === result);
  }

  /** What a bundle went through: the plan, the deployment, and how it ended, each state once. */
  went(name: string): readonly string[] {
    const lines = this.states(name).map(({ status = {} }) => {
      const { plan, deployment, lastAppliedTag = 'nothing' } = status;
      const planned = plan === undefined ? 'no plan' : `${plan.tag} ${plan.result ?? 'planning'}`;
      return `${planned}, ${deployment?.tag ?? 'no deployment'}, ${lastAppliedTag}`;
    });
    return lines.filter((line, index) => line !== lines[index - 1]);
  }

  /** Names of Jobs that plan, and of Secrets of Jobs, that there are now. */
  async left(): Promise<readonly string[]> {
    const { client, signal } = this.fixture;
    const plans = await client.list(
      JOBS,
      { namespace: this.namespace, labelSelector: 'werf.io/job-kind=plan' },
      signal,
    );
    const secrets = await client.list(SECRETS, { namespace: this.namespace, labelSelector: 'werf.io/job' }, signal);
    return [...plans.items, ...secrets.items].map(({ metadata }) => metadata.name ?? '');
  }

  async planRuns(): Promise<void> {
    const phases = () =>
      this.kubectl('get', 'pods', '-l', 'werf.io/job-kind=plan', '-o', 'jsonpath={.items[*].status.phase}');
    const seen = await eventually(phases, ({ stdout }) => stdout.includes('Running'), PATIENCE_MS);
    if (!seen.stdout.includes('Running')) throw new Error(`no plan runs: ${seen.stdout}`);
  }

  async leavesNothing(t: Test): Promise<void> {
    t.same(
      await eventually(
        () => this.left(),
        (left) => left.length === 0,
      ),
      [],
      'nothing of a plan is left',
    );
  }
}

/** Each deployment is planned first, and its status says what it would change before its Job is there. */
const showsFirst = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'planned');
  await story.publish('v1.0.0');
  await story.make('web');
  await story.synced('web', 'v1.0.0');
  await story.publish('v1.1.0');
  const { plan } = await story.synced('web', 'v1.1.0', 2);
  t.match(plan, {
    after: 1,
    tag: 'v1.1.0',
    reason: 'NewTag',
    result: 'Made',
    counts: { create: 0, update: 1, recreate: 0, delete: 0 },
    message: 'v1.1.0 would update 1 object',
  });
  t.same(
    story.went('web').filter((line) => !line.startsWith('no plan, no deployment')),
    [
      'v1.0.0 planning, no deployment, nothing',
      'v1.0.0 Made, no deployment, nothing',
      'v1.0.0 Made, v1.0.0, nothing',
      'v1.0.0 Made, v1.0.0, v1.0.0',
      'v1.1.0 planning, v1.0.0, v1.0.0',
      'v1.1.0 Made, v1.0.0, v1.0.0',
      'v1.1.0 Made, v1.1.0, v1.0.0',
      'v1.1.0 Made, v1.1.0, v1.1.0',
    ],
    'a deployment is decided once its plan is told',
  );
  const { stdout } = await story.kubectl('get', 'wb', 'web', '-o', 'jsonpath={.status.plan}');
  t.match(JSON.parse(stdout), { tag: 'v1.1.0', hash: /^[0-9a-f]{16}$/ });
  const events = () => story.kubectl('get', 'events', '--field-selector', 'reason=PlanMade');
  t.match((await eventually(events, (seen) => seen.stdout.includes('v1.1.0'))).stdout, 'v1.1.0 would update 1 object');
  await story.leavesNothing(t);

  await story.apply(secret('database', { 'values.yaml': `password: ${canary('changed')}` }));
  const changed = await story.synced('web', 'v1.1.0', 3);
  t.match(changed, {
    deployment: { reason: 'NewValues' },
    plan: {
      after: 2,
      reason: 'NewValues',
      message: 'v1.1.0 would change no object',
      checksum: changed.appliedChecksum,
    },
  });
  await story.leavesNothing(t);
  const metrics = await given.controller.get('/metrics');
  t.match(metrics, /^werfbundle_plans_total\{result="Made"\} [3-9]$/m);
};

/** A plan that can't be made holds nothing up: what fails is told, and the deployment goes on. */
const goesOnWithout = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'unplanned');
  await story.publish('v1.0.0', 'fail-plan');
  await story.make('web');
  const { plan } = await story.synced('web', 'v1.0.0');
  t.match(plan, {
    number: 3,
    failedTries: 3,
    result: 'Failed',
    message: 'pod failed with exit code 1: release plan install: build resource infos: the chart asked for it',
  });
  const told = await eventually(
    () => story.eventsOf('web'),
    (reasons) => reasons.includes('Deployed'),
  );
  t.same(
    told.filter((reason) => reason.startsWith('Plan')),
    ['PlanFailed'],
    'it is told once',
  );
  await story.leavesNothing(t);
};

/** What is wanted instead is planned instead. */
const givesWay = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'replanned');
  await story.publish('v1.0.0', 'slow-plan: 300');
  await story.make('web');
  await story.planRuns();
  await story.publish('v1.1.0');
  const { plan, history } = await story.synced('web', 'v1.1.0');
  t.match([plan, history?.length], [{ number: 2, after: 0, tag: 'v1.1.0', result: 'Made' }, 1]);
  await story.leavesNothing(t);
};

/** What would delete a volume waits until somebody who may has approved that very plan. */
const holdsDeletions = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'held-volumes');
  const { namespace } = story;
  await story.publish('v1.0.0');
  await story.make('web', { deletions: 'Hold' });
  await story.synced('web', 'v1.0.0');
  await story.publish(
    'v1.1.0',
    `plan-deletes: PersistentVolumeClaim/${canary('database')}, plan-deletes: PersistentVolumeClaim/data`,
  );
  const held = await story.until('web', 'an approval is awaited', told('ApprovalAwaited'));
  t.match(held, {
    phase: 'Syncing',
    lastAppliedTag: 'v1.0.0',
    deployment: { number: 1 },
    plan: { tag: 'v1.1.0', result: 'Made', counts: { update: 1, delete: 2 } },
  });
  t.match(
    readyOf(held)?.message,
    `kubectl annotate wb web -n ${namespace} --overwrite werf.io/approve-plan=${held.plan?.hash}`,
  );
  for (const user of ['bob', 'ann']) {
    const role = user === 'ann' ? 'werfbundle-approver' : 'werfbundle-editor';
    await story.kubectl('create', 'rolebinding', user, `--clusterrole=${role}`, `--user=${user}`);
  }
  const approve = (user: string, hash = '') =>
    given.fixture.cluster.kubectl([
      'annotate',
      'wb',
      'web',
      '--overwrite',
      `werf.io/approve-plan=${hash}`,
      `--as=${user}`,
      '-n',
      namespace,
    ]);
  const refused = await approve('bob', held.plan?.hash);
  t.match(
    refused.stderr,
    'user "bob" may not approve werfbundles.werf.io "web"',
    'who may edit bundles may not approve',
  );
  t.equal((await approve('ann', '0123456789abcdef')).code, 0);
  await given.fixture.publish({ repository: `planned/${namespace}`, tag: 'unrelated' });
  await story.morePolls(`planned/${namespace}`, 2);
  const still = await story.bundle('web');
  t.match(
    [readyOf(still?.status ?? {})?.reason, still?.status?.deployment?.number],
    ['ApprovalAwaited', 1],
    'another hash approves nothing',
  );
  t.equal((await approve('ann', held.plan?.hash)).code, 0);
  await story.synced('web', 'v1.1.0', 2);
  t.ok((await story.eventsOf('web')).includes('ApprovalAwaited'));
  await story.leavesNothing(t);
};

/** Werf 3: what was shown is applied, by the plan that werf has saved. */
const appliesExactly = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'exactly');
  await story.publish('v1.0.0', 'print-values');
  await story.make('web', { image: WERF_3 });
  const first = await story.synced('web', 'v1.0.0');
  t.match(first.plan, { applies: 'Exactly', message: 'v1.0.0 would create 1 object' });
  t.match(first.lastJobLogs, 'Using /var/run/werfbundle/plan/plan.gz plan artifact');
  t.notMatch(first.lastJobLogs, 'Pulled bundle', 'werf takes all it needs from the plan');
  t.match(first.lastJobLogs, /\n\*\*\*: \*\*\*\n/, 'what came from a Secret is hidden in its log as well');
  const path = 'jsonpath={.spec.template.spec.containers[0].args}';
  const { stdout } = await story.kubectl('get', 'job', first.lastJobName ?? '', '-o', path);
  t.match(stdout, /^\["bundle","apply","--use-plan","\/var\/run\/werfbundle\/plan\/plan.gz","--timeout"/);
  await story.publish('v1.1.0');
  t.match((await story.synced('web', 'v1.1.0', 2)).plan, {
    applies: 'Exactly',
    message: 'v1.1.0 would update 1 object',
  });
  await story.leavesNothing(t);
};

/** What the plan was made for is another release by now: werf refuses it, and another plan is made. */
const plansAgain = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'stale');
  const { namespace } = story;
  await story.publish('v1.0.0');
  await story.make('web', { image: WERF_3, deletions: 'Hold' });
  await story.synced('web', 'v1.0.0');
  await story.publish('v1.1.0', 'plan-deletes: PersistentVolumeClaim/data');
  const held = await story.until('web', 'an approval is awaited', told('ApprovalAwaited'));
  t.match(held.plan, { applies: 'Exactly' });
  t.same(await story.left(), [`${held.plan?.jobName}-plan`], 'the plan is kept, and nothing else');
  const { client, signal } = given.fixture;
  const kept = await client.get(SECRETS, story.ref(`${held.plan?.jobName}-plan`), signal);
  const file = gunzipSync(Buffer.from(kept?.data?.['plan.gz'] ?? '', 'base64')).toString();
  t.match(JSON.parse(file), { encrypted: true, release: { name: 'web', namespace, revision: 2 } });
  t.notMatch(file, canary('database'), 'what is in it is encrypted');
  t.match(kept?.metadata, { ownerReferences: [{ kind: 'WerfBundle', name: 'web' }] }, 'it goes with the bundle');
  const labels = { owner: 'helm', name: 'web', status: 'deployed', version: '2' };
  await story.apply({
    ...secret('sh.helm.release.v1.web.v2', {}),
    metadata: { name: 'sh.helm.release.v1.web.v2', namespace, labels },
  });
  const approve = (hash = '') => story.kubectl('annotate', 'wb', 'web', '--overwrite', `werf.io/approve-plan=${hash}`);
  await approve(held.plan?.hash);
  const again = await story.until(
    'web',
    'another approval is awaited',
    (status) => told('ApprovalAwaited')(status) && status.plan?.hash !== held.plan?.hash,
  );
  t.match([again.lastAppliedTag, again.plan], ['v1.0.0', { applies: 'Exactly', refusals: 1, after: 2 }]);
  t.match(again.history?.[0], {
    result: 'Superseded',
    message: /^werf has not taken the plan that was saved, .*revision mismatch: expected 2, got 3$/,
  });
  await approve(again.plan?.hash);
  await story.synced('web', 'v1.1.0', 3);
  await story.leavesNothing(t);
};

/** Another werf can't save plans: it is told so, and all goes on as it did. */
const appliesAnew = async (t: Test, given: Given): Promise<void> => {
  const story = await PlanStory.begin(given, 'anew');
  await story.publish('v1.0.0');
  await story.make('web', { image: 'registry.werf.io/werf/werf:2.77.1' });
  const { lastJobLogs } = await story.synced('web', 'v1.0.0');
  const path = 'jsonpath={.status.plan.applies}: {.status.plan.whyAnew}';
  const { stdout } = await story.kubectl('get', 'wb', 'web', '-o', path);
  t.equal(stdout, "Anew: werf 2.77.1 can't save plans: 3 is needed");
  t.match(lastJobLogs, 'Pulled bundle');
  await story.leavesNothing(t);
};

t.test('plans before deployments, on a real control plane', { timeout: 900_000 }, async (t) => {
  const fixture = await startDeployFixture(t);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const jobs = await recordWatch(t, fixture, JOBS);
  const given = { fixture, controller, states };
  await t.test('side by side', { jobs: 3 }, (t) =>
    playAll(t, given, {
      'each deployment is planned, and its plan is told before it begins': showsFirst,
      'a plan that fails is told, and the deployment goes on': goesOnWithout,
      'a plan gives way to what is wanted instead': givesWay,
      'what was shown is what is applied, by the plan that werf has saved': appliesExactly,
      'a saved plan that werf does not take is made anew, and needs its own approval': plansAgain,
      'with a werf that saves no plans it is told that another one is applied': appliesAnew,
    }),
  );

  await t.test('is made once, though the controller ends in the middle of it', async (t) => {
    const story = await PlanStory.begin(given, 'killed');
    await story.publish('v1.0.0', 'slow-plan: 3');
    await story.make('web');
    await story.planRuns();
    await controller.kill();
    const { plan } = (await story.bundle('web'))?.status ?? {};
    const ended = await eventually(
      () => fixture.client.get(JOBS, story.ref(plan?.jobName ?? ''), fixture.signal),
      (job) => job?.status?.failed === 1,
      PATIENCE_MS,
    );
    t.equal(ended?.status?.failed, 1, 'it ends while no controller is there');
    const next = await fixture.startController({ timeScale: TIME_SCALE });
    const { plan: found } = await story.synced('web', 'v1.0.0');
    t.match(found, { number: 1, after: 0, result: 'Made', message: 'v1.0.0 would create 1 object' });
    await story.leavesNothing(t);
    const made = jobs.objects().filter(({ metadata }) => metadata.namespace === 'killed');
    t.equal(made.length, 2, 'there was one Job of the plan, and one of the deployment');
    t.notMatch(await next.log(), /"level":"error"/);
    t.notMatch(await controller.log(), /"level":"error"|goes in circles/, 'no controller met a fault of its own');
    await fixture.startWebhook();
    await t.test('what would delete a volume waits for the approval of that very plan', (t) =>
      holdsDeletions(t, { ...given, controller: next }),
    );
  });
});
