import t, { type Test } from 'tap';
import type { Job, Stored } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { CONFIGMAPS, JOBS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, type Given, outcomeOf, playAll, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch, type WatchRecord } from '../kit/record-watch.js';
import { secret } from '../kit/values-objects.js';

interface DriftGiven extends Given {
  readonly jobs: WatchRecord<Stored<Job>>;
}

type DriftSpec = NonNullable<NonNullable<WerfBundleSpec['converge']>['driftDetection']>;

/** A bundle of a namespace of its own, and the ConfigMap that the stand-in for werf deploys for it. */
class DriftStory extends BundleScenario {
  static async begin(given: DriftGiven, namespace: string): Promise<DriftStory> {
    await given.fixture.makeNamespace(namespace);
    return new DriftStory(given, namespace);
  }

  /** Publishes v1.0.0 and deploys it. @param image - with another werf than the usual */
  async deploy(name: string, drift: DriftSpec, behaviour?: string, image?: string): Promise<WerfBundleStatus> {
    await this.fixture.publish({
      repository: `acme/${name}`,
      tag: 'v1.0.0',
      ...(behaviour !== undefined && { behaviour }),
    });
    await this.apply(secret('database', { 'values.yaml': `password: ${canary('database')}` }));
    const converge = {
      valuesFrom: [{ secretRef: { name: 'database' } }],
      driftDetection: { enabled: true, interval: '1m', ...drift },
      ...(image !== undefined && { image }),
    };
    await this.applyBundle(name, this.spec(`acme/${name}`, converge));
    return this.synced(name, 'v1.0.0');
  }

  async change(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    await this.kubectl('patch', 'configmap', `werf-stand-in-${name}`, '--type=merge', '-p', JSON.stringify({ data }));
  }

  /** What is deployed says that it is this tag. */
  async deployedTag(name: string): Promise<string | undefined> {
    const ref = this.ref(`werf-stand-in-${name}`);
    return (await this.fixture.client.get(CONFIGMAPS, ref, this.fixture.signal))?.data?.['tag'];
  }

  /** Condition Drifted has this status, and a check later than `since` said so. */
  async drifted(name: string, status: string, since = 0): Promise<WerfBundleStatus> {
    return this.until(
      name,
      `Drifted is ${status}`,
      (seen) => conditionOf(seen, 'Drifted')?.status === status && (seen.driftCheckCount ?? 0) > since,
    );
  }

  /** Jobs of checks that there are now. */
  async plans(): Promise<readonly string[]> {
    const list = { namespace: this.namespace, labelSelector: 'werf.io/job-kind=plan' };
    const { items } = await this.fixture.client.list(JOBS, list, this.fixture.signal);
    return items.map(({ metadata }) => metadata.name ?? '');
  }

  async planRuns(): Promise<void> {
    const running = () =>
      this.kubectl('get', 'pods', '-l', 'werf.io/job-kind=plan', '-o', 'jsonpath={.items[*].status.phase}');
    const seen = await eventually(running, ({ stdout }) => stdout.includes('Running'), 60_000);
    if (!seen.stdout.includes('Running')) throw new Error(`no check runs: ${seen.stdout}`);
  }

  /** Secrets of Jobs that there are now. */
  async secretsLeft(): Promise<readonly (string | undefined)[]> {
    const list = { namespace: this.namespace, labelSelector: 'werf.io/job' };
    return (await this.fixture.client.list(SECRETS, list, this.fixture.signal)).items.map(
      ({ metadata }) => metadata.name,
    );
  }

  /** Stops the checks, and waits until nothing of them is left. */
  async leavesNothing(t: Test, name: string): Promise<void> {
    await this.patch(name, { spec: { suspend: true } });
    t.same(
      await eventually(
        () => this.plans(),
        (plans) => plans.length === 0,
      ),
      [],
      'no Job of a check is left',
    );
    t.same(
      await eventually(
        () => this.secretsLeft(),
        (left) => left.length === 0,
      ),
      [],
      'and none of its Secrets',
    );
  }
}

const conditionOf = (status: WerfBundleStatus, type: string) => status.conditions?.find((one) => one.type === type);

/** What kubectl changes, or deletes, is found, mended, and the mending checked. */
const correctsDrift = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'web');
  await scenario.deploy('web', {});
  const clean = await scenario.drifted('web', 'False');
  t.equal(conditionOf(clean, 'Drifted')?.message, 'nothing differs from v1.0.0');

  const steps = [
    { verb: 'update', change: () => scenario.change('web', { tag: 'v6.6.6' }) },
    { verb: 'create', change: () => scenario.kubectl('delete', 'configmap', 'werf-stand-in-web') },
  ];
  for (const [index, { verb, change }] of steps.entries()) {
    await change();
    const found = await scenario.drifted('web', 'True');
    t.equal(
      conditionOf(found, 'Drifted')?.message,
      `applying v1.0.0 again would ${verb} ConfigMap/werf-stand-in-web`,
      'it is told in a line what differs',
    );
    const mended = await scenario.drifted('web', 'False', found.driftCheckCount);
    t.same(outcomeOf(mended), {
      phase: 'Synced',
      number: index + 2,
      reason: 'DriftCorrection',
      consecutiveFailures: 0,
      history: ['3 v1.0.0 Succeeded', '2 v1.0.0 Succeeded', '1 v1.0.0 Succeeded'].slice(-(index + 2)),
    });
    t.same([await scenario.deployedTag('web'), mended.driftCorrectionAttempts], ['v1.0.0', undefined]);
  }
  const deployed = ['Syncing Unknown Deploying', 'Synced True Deployed'];
  t.same(
    scenario.said('web'),
    ['Syncing Unknown FirstScan', ...deployed, ...deployed, ...deployed],
    'checks change no phase',
  );
  await scenario.leavesNothing(t, 'web');
  const wanted = ['Drifted', 'Drifted', 'DriftCorrected', 'DriftCorrected', 'InSync'];
  const told = await eventually(
    async () => (await scenario.eventsOf('web')).filter((reason) => reason.includes('Drift') || reason === 'InSync'),
    (reasons) => reasons.length >= wanted.length,
  );
  t.same(told, wanted.toSorted(), 'each transition is an event, once');
  const { lastJobLogs } = (await scenario.bundle('web'))?.status ?? {};
  t.match(lastJobLogs, /Succeeded release "web"/, 'the log of the status is a deployment\u2019s');
  const metrics = await given.controller.get('/metrics');
  for (const series of ['drift_checks_total{result="Drifted"}', 'drift_checks_total{result="InSync"}']) {
    t.ok(counted(metrics, series) >= 2, `${series} ${counted(metrics, series)}`);
  }
  t.ok(counted(metrics, 'drift_corrections_total{result="Succeeded"}') >= 2);
};

const counted = (metrics: string, series: string): number => {
  const line = metrics.split('\n').find((each) => each.startsWith(`werfbundle_${series} `));
  return Number(line?.split(' ').at(-1));
};

/** With `correct: false` drift is told, and nothing is touched. */
const tellsDrift = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'watched');
  await scenario.deploy('watched', { correct: false });
  await scenario.drifted('watched', 'False');
  await scenario.change('watched', { tag: 'v6.6.6' });
  const found = await scenario.drifted('watched', 'True');
  const again = await scenario.drifted('watched', 'True', found.driftCheckCount);
  const what = 'applying v1.0.0 again would update ConfigMap/werf-stand-in-watched';
  const row = await scenario.kubectl('get', 'werfbundle', 'watched');
  t.match(row.stdout, `deployed v1.0.0 to namespace watched, and changed since: ${what}`);
  t.same(
    [again.phase, conditionOf(again, 'Ready')?.status, again.deployment?.number, await scenario.deployedTag('watched')],
    ['Synced', 'True', 1, 'v6.6.6'],
  );
  t.same(scenario.said('watched').slice(-1), ['Synced True Drifted']);
  await scenario.patch('watched', { spec: { converge: { driftDetection: { correct: true } } } });
  const mended = await scenario.drifted('watched', 'False');
  t.same([mended.deployment?.reason, await scenario.deployedTag('watched')], ['DriftCorrection', 'v1.0.0']);

  await scenario.patch('watched', { spec: { converge: { driftDetection: { enabled: false } } } });
  const silent = await scenario.until('watched', 'nothing is said of drift', (status) => {
    return status.phase === 'Synced' && conditionOf(status, 'Drifted') === undefined;
  });
  t.same([silent.driftCheckCount, silent.lastDriftCheckTime], [undefined, undefined]);
  await scenario.leavesNothing(t, 'watched');
};

/** A correction that does not take is made as often as the bundle says; what then heals it is seen. */
const givesUp = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'stubborn');
  await scenario.deploy('stubborn', { maxRetries: 2 }, 'half');
  const vain = await scenario.until('stubborn', 'DriftCorrectionFailed', (status) => {
    return conditionOf(status, 'DriftCorrectionFailed')?.status === 'True';
  });
  t.match(conditionOf(vain, 'DriftCorrectionFailed')?.message, /^v1\.0\.0 was applied again 2 times in vain: /);
  t.same(outcomeOf(vain), {
    phase: 'Synced',
    number: 3,
    reason: 'DriftCorrection',
    consecutiveFailures: 0,
    history: ['3 v1.0.0 Succeeded', '2 v1.0.0 Succeeded', '1 v1.0.0 Succeeded'],
  });
  const later = await scenario.drifted('stubborn', 'True', (vain.driftCheckCount ?? 0) + 1);
  t.same([later.deployment?.number, later.driftCorrectionAttempts], [3, 2], 'checks go on, corrections do not');

  await scenario.kubectl('annotate', 'werfbundle', 'stubborn', 'werf.io/reconcile-requested-at=now');
  const asked = await scenario.until('stubborn', 'two more corrections', ({ deployment, ...status }) => {
    return deployment?.number === 5 && conditionOf(status, 'DriftCorrectionFailed') !== undefined;
  });
  t.equal(asked.driftCorrectionAttempts, 2, 'on request it is tried again');

  await scenario.change('stubborn', { tag: 'v1.0.0' });
  const healed = await scenario.drifted('stubborn', 'False');
  t.same(
    [conditionOf(healed, 'DriftCorrectionFailed'), healed.driftCorrectionAttempts, healed.deployment?.number],
    [undefined, undefined, 5],
    'somebody else mended it',
  );
  await scenario.leavesNothing(t, 'stubborn');
};

/** A check that runs is given up for whatever is wanted instead. */
const givesWay = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'polite');
  await scenario.deploy('polite', {}, 'slow-plan: 300');
  await scenario.planRuns();
  await scenario.fixture.publish({ repository: 'acme/polite', tag: 'v1.1.0', behaviour: 'slow-plan: 300' });
  const { driftCheckCount } = await scenario.synced('polite', 'v1.1.0', 2);
  t.equal(driftCheckCount, undefined, 'it had no result');
  await scenario.planRuns();
  await scenario.leavesNothing(t, 'polite');
  const { phase, driftCheckCount: still } = (await scenario.bundle('polite'))?.status ?? {};
  t.same([phase, still], ['Synced', undefined]);
  await scenario.patch('polite', { spec: { suspend: false } });
  await scenario.planRuns();
  await scenario.kubectl('delete', 'werfbundle', 'polite');
  t.same(
    await eventually(
      () => scenario.plans(),
      (plans) => plans.length === 0,
      60_000,
    ),
    [],
    'it goes with its bundle',
  );
};

/** In another namespace the garbage collector would leave a check alone: its bundle does not go without it. */
const goesWithItsCheck = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'held');
  const { fixture } = scenario;
  await fixture.makeNamespace('held-there');
  await fixture.cluster.kubectl(['annotate', 'ns', 'held-there', 'werf.io/accept-bundles-from=held']);
  const there = new DriftStory(given, 'held-there');
  await fixture.publish({ repository: 'acme/held', tag: 'v1.0.0', behaviour: 'slow-plan: 5' });
  await scenario.apply(secret('database', { 'values.yaml': `password: ${canary('database')}` }));
  const converge = {
    targetNamespace: 'held-there',
    valuesFrom: [{ secretRef: { name: 'database' } }],
    driftDetection: { enabled: true, interval: '24h' },
  };
  await scenario.applyBundle('held', scenario.spec('acme/held', converge));
  await scenario.synced('held', 'v1.0.0');
  const finalizers = async () => (await scenario.bundle('held'))?.metadata.finalizers ?? [];
  const look = async (value: string) => {
    await scenario.kubectl('annotate', 'wb', 'held', '--overwrite', `werf.io/reconcile-requested-at=${value}`);
    await there.planRuns();
    t.same(await finalizers(), ['werf.io/deletion'], 'while it runs');
  };
  await look('one');
  await scenario.drifted('held', 'False');
  t.same(await eventually(finalizers, (all) => all.length === 0), [], 'and no longer');
  await look('two');
  await scenario.kubectl('delete', 'wb', 'held', '--timeout=90s');
  t.same([await there.plans(), await there.secretsLeft()], [[], []], 'it goes first, and all that was made for it');
};

/** What would only be recorded anew is no drift: werf 3 has an exit code for it, werf 2 says it in its log. */
const isNotDeceived = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'recorded');
  for (const [name, version] of [
    ['third', '3.2.0'],
    ['second', '2.77.1'],
  ] as const) {
    await scenario.deploy(name, {}, undefined, `registry.werf.io/werf/werf:${version}`);
    await scenario.kubectl('delete', 'secret', '-l', `owner=helm,name=${name}`);
    const { driftCheckCount = 0 } = (await scenario.bundle(name))?.status ?? {};
    const checked = await scenario.drifted(name, 'False', driftCheckCount + 1);
    t.same([checked.phase, checked.deployment?.number], ['Synced', 1], `werf ${version}: nothing is applied again`);
    const { stdout } = await scenario.kubectl('get', 'secret', '-l', `owner=helm,name=${name}`, '-o', 'name');
    t.equal(stdout, '', 'the release is as somebody left it: each plan says that it would be recorded');
    await scenario.leavesNothing(t, name);
  }
};

/** A check that fails tells why, and nothing is corrected. */
const tellsWhyItFailed = async (t: Test, given: DriftGiven): Promise<void> => {
  const scenario = await DriftStory.begin(given, 'unplannable');
  await scenario.deploy('unplannable', {}, 'fail-plan');
  const unknown = await scenario.drifted('unplannable', 'Unknown');
  t.equal(
    conditionOf(unknown, 'Drifted')?.message,
    'the last check for drift gave no result: pod failed with exit code 1: release plan install: build resource infos: ' +
      'the chart asked for it',
  );
  const again = await scenario.drifted('unplannable', 'Unknown', unknown.driftCheckCount);
  t.same([again.phase, again.deployment?.number], ['Synced', 1]);
  await scenario.leavesNothing(t, 'unplannable');
  const told = (await scenario.eventsOf('unplannable')).filter((reason) => reason === 'DriftCheckFailed');
  t.same(told, ['DriftCheckFailed'], 'once');
};

t.test('drift on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const jobs = await recordWatch(t, fixture, JOBS);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: DriftGiven = { fixture, states, jobs, controller };
  await t.test('is found and corrected', async (t) => {
    t.jobs = 6;
    const scenarios = {
      'what somebody changes or deletes is found, applied again, and checked again': correctsDrift,
      'where it is not to be corrected it is told, and turned off it is told no more': tellsDrift,
      'a correction that does not take is made as often as the bundle says, and on request again': givesUp,
      'a check gives way to a new tag, to suspension and to deletion': givesWay,
      'a release that would only be recorded anew has not drifted': isNotDeceived,
      'a check that fails says why': tellsWhyItFailed,
      'a bundle does not go without its check in another namespace': goesWithItsCheck,
    };
    await playAll(t, given, scenarios);
  });

  await t.test('is found by one check, though the controller ends in the middle of it', async (t) => {
    const scenario = await DriftStory.begin(given, 'crash');
    await scenario.deploy('crash', { correct: false, interval: '24h' }, 'slow-plan: 3');
    await scenario.change('crash', { tag: 'v6.6.6' });
    await scenario.kubectl('annotate', 'werfbundle', 'crash', 'werf.io/reconcile-requested-at=now');
    await scenario.planRuns();
    await controller.kill();
    const [plan = ''] = await scenario.plans();
    const ended = await eventually(
      () => fixture.client.get(JOBS, scenario.ref(plan), fixture.signal),
      (job) => job?.status?.failed === 1,
    );
    t.equal(ended?.status?.failed, 1, 'it ends while no controller is there');
    const next = await fixture.startController({ timeScale: TIME_SCALE });
    const found = await scenario.drifted('crash', 'True');
    t.equal(found.driftCheckCount, 1);
    t.same(
      await eventually(
        () => scenario.plans(),
        (plans) => plans.length === 0,
      ),
      [],
    );
    t.same(
      jobs
        .objects()
        .filter(({ metadata }) => metadata.namespace === 'crash' && metadata.labels?.['werf.io/job-kind'] === 'plan')
        .map(({ metadata }) => metadata.name),
      [plan],
      'there was one Job',
    );
    t.notMatch(await next.log(), /"level":"error"/);
    t.notMatch(await controller.log(), /"level":"error"|goes in circles/, 'no controller met a fault of its own');
  });
});
