import t, { type Test } from 'tap';
import { hasEnded } from '../../controller/deploy/result.js';
import { JOBS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import {
  type BundleScenario,
  type Given,
  PATIENCE_MS,
  playAll,
  readyOf,
  scenarioIn,
  TIME_SCALE,
  told,
} from '../kit/bundle-scenario.js';
import { type DeployFixture, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { faultyLines } from '../kit/log-lines.js';
import { BY_HAND, PodByHand } from '../kit/pod-by-hand.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap } from '../kit/values-objects.js';

const FINALIZER = 'werf.io/deletion';

/** Names of the releases that are recorded in a namespace. */
const releasesIn = async ({ client, signal }: DeployFixture, namespace: string): Promise<readonly string[]> => {
  const { items } = await client.list(SECRETS, { namespace, labelSelector: 'owner=helm' }, signal);
  return items.map(({ metadata }) => metadata.labels?.['name'] ?? '');
};

const finalizersOf = async (scenario: BundleScenario, name: string) =>
  (await scenario.bundle(name))?.metadata.finalizers ?? [];

/** Reason and note of each event about a bundle whose reason begins so. */
const eventsOf = async (scenario: BundleScenario, name: string, reason: 'Dismiss'): Promise<readonly string[]> => {
  const look = async () => {
    const path = `{range .items[?(@.regarding.name=="${name}")]}{.reason}: {.note}{"\\n"}{end}`;
    const { stdout } = await scenario.kubectl('get', 'events.events.k8s.io', '-o', `jsonpath=${path}`);
    return stdout.split('\n').filter((line) => line.startsWith(reason));
  };
  const found = await eventually(look, (events) => events.length > 0);
  if (found.length > 0) return found;
  throw new Error(`no event ${reason}… of ${name}; the controller's log of it:\n${await scenario.logged(name)}`);
};

/** Each way in which a bundle with Dismiss can go. */
const uninstalls = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'leaving');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/leaving', tag: 'v1.0.0' });
  const deploy = async (name: string, account: string, more: object = {}) => {
    await scenario.kubectl('create', 'serviceaccount', account);
    await scenario.kubectl(
      'create',
      'rolebinding',
      account,
      '--role=werf-converge',
      `--serviceaccount=leaving:${account}`,
    );
    const spec = scenario.spec('acme/leaving', { serviceAccountName: account });
    await scenario.applyBundle(name, { ...spec, deletionPolicy: 'Dismiss', ...more });
    await scenario.synced(name, 'v1.0.0');
  };
  await Promise.all([
    deploy('well', 'well'),
    deploy('orphaned', 'orphaned', { deletionPolicy: 'Orphan' }),
    deploy('robbed', 'robbed'),
    deploy('stubborn', 'stubborn'),
    deploy('required', 'required'),
  ]);
  t.same(await finalizersOf(scenario, 'well'), [FINALIZER]);
  t.same(await finalizersOf(scenario, 'orphaned'), []);
  await scenario.kubectl('annotate', 'wb', 'required', 'werf.io/dismiss-required=true');
  await scenario.kubectl('delete', 'serviceaccount', 'robbed');
  await scenario.kubectl('delete', 'rolebinding', 'stubborn', 'required');

  await scenario.kubectl('delete', 'wb', 'well', 'orphaned', 'robbed', '--timeout=90s');
  const release = (name: string) => `release ${name} in namespace leaving`;
  t.same(await eventsOf(scenario, 'well', 'Dismiss'), [`Dismissed: ${release('well')} is uninstalled`]);
  t.same(await eventsOf(scenario, 'robbed', 'Dismiss'), [
    `DismissFailed: ${release('robbed')} was not uninstalled: ServiceAccount robbed in namespace leaving is gone or being deleted`,
  ]);
  t.same(await releasesIn(fixture, 'leaving'), ['orphaned', 'required', 'robbed', 'stubborn'], 'one release is gone');

  await scenario.kubectl('delete', 'wb', 'stubborn', 'required', '--wait=false');
  await scenario.kubectl('wait', '--for=delete', 'wb/stubborn', '--timeout=90s');
  t.match(await eventsOf(scenario, 'stubborn', 'Dismiss'), [
    /^DismissFailed: release stubborn in namespace leaving was not uninstalled: pod failed with exit code 1: release uninstall: .* is forbidden: /,
  ]);
  const tried = await scenario.until('required', 'four tries', ({ history }) => history?.[3]?.reason === 'Dismiss');
  t.same(
    tried.history?.slice(0, 4).map(({ reason, result }) => `${reason} ${result}`),
    Array.from({ length: 4 }, () => 'Dismiss Failed'),
    'what is required is tried more than three times',
  );
  await scenario.kubectl(
    'create',
    'rolebinding',
    'required',
    '--role=werf-converge',
    '--serviceaccount=leaving:required',
  );
  await scenario.kubectl('wait', '--for=delete', 'wb/required', '--timeout=90s');
  t.same(await releasesIn(fixture, 'leaving'), ['orphaned', 'robbed', 'stubborn']);
};

/** Somebody deletes the Jobs that tell of a deployment, and wipes the status: the controller writes it back. */
const uninstallsWhatIsForgotten = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'forgotten');
  await scenario.fixture.publish({ repository: 'acme/forgotten', tag: 'v1.0.0' });
  await scenario.applyBundle('app', { ...scenario.spec('acme/forgotten'), deletionPolicy: 'Dismiss' });
  await scenario.synced('app', 'v1.0.0');
  await scenario.kubectl('delete', 'job', '-l', 'app.kubernetes.io/instance=app');
  await scenario.patch('app', { spec: { suspend: true } });
  const suspended = await scenario.until('app', 'suspended', ({ observedGeneration }) => observedGeneration === 2);
  const status = Object.fromEntries(Object.keys(suspended).map((name) => [name, null]));
  await scenario.patch('app', { status }, '--subresource=status');
  const again = await scenario.until('app', 'told again', ({ signature }) => signature === suspended.signature);
  t.same([again.deployment, again.history], [suspended.deployment, suspended.history]);
  t.same(await finalizersOf(scenario, 'app'), [FINALIZER]);
  await scenario.kubectl('delete', 'wb', 'app', '--timeout=90s');
  t.same(await eventsOf(scenario, 'app', 'Dismiss'), ['Dismissed: release app in namespace forgotten is uninstalled']);
  t.same(await releasesIn(scenario.fixture, 'forgotten'), []);
};

/** A Job in another namespace belongs to nobody that the garbage collector knows of. */
const stopsJobs = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'stopping');
  const { fixture } = scenario;
  await fixture.makeNamespace('stopping-there');
  await fixture.cluster.kubectl(['annotate', 'ns', 'stopping-there', 'werf.io/accept-bundles-from=stopping']);
  await fixture.publish({ repository: 'acme/endless', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await scenario.applyBundle('here', scenario.spec('acme/endless'));
  await scenario.applyBundle('there', scenario.spec('acme/endless', { targetNamespace: 'stopping-there' }));
  const dismissed = scenario.spec('acme/endless', { targetNamespace: 'stopping-there', releaseName: 'other' });
  await scenario.applyBundle('dismissed', { ...dismissed, deletionPolicy: 'Dismiss' });
  const names = ['here', 'there', 'dismissed'];
  const podsOf = async (name: string) => {
    const args = ['get', 'pods', '-A', '-l', `app.kubernetes.io/instance=${name}`];
    const { stdout } = await fixture.cluster.kubectl([...args, '-o', 'jsonpath={.items[*].status.phase}']);
    return stdout.split(' ').filter((phase) => phase !== '');
  };
  for (const name of names) {
    await scenario.until(name, 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
    t.same(
      await eventually(
        () => podsOf(name),
        (phases) => phases.includes('Running'),
        PATIENCE_MS,
      ),
      ['Running'],
    );
  }
  t.same(await Promise.all(names.map((name) => finalizersOf(scenario, name))), [[], [FINALIZER], [FINALIZER]]);
  await scenario.kubectl('delete', 'wb', ...names, '--timeout=90s');
  for (const name of ['here', 'there']) {
    t.same(
      await eventually(
        () => podsOf(name),
        (phases) => phases.length === 0,
        PATIENCE_MS,
      ),
      [],
      `${name}: stopped`,
    );
  }
  t.same(await eventsOf(scenario, 'dismissed', 'Dismiss'), [
    'Dismissed: release other in namespace stopping-there is uninstalled',
  ]);
  // What was stopped before it was done may leave a pending release, unless it is dismissed.
  t.notOk((await releasesIn(fixture, 'stopping-there')).includes('other'));
};

const runningPod = async (scenario: BundleScenario, name: string): Promise<string> => {
  const args = ['get', 'pods', '-l', `app.kubernetes.io/instance=${name}`, '--field-selector', 'status.phase=Running'];
  return eventually(
    async () => (await scenario.kubectl(...args, '-o', 'jsonpath={.items[*].metadata.name}')).stdout,
    (pod) => pod !== '',
    PATIENCE_MS,
  );
};

/** A drain is nobody's failure, and the next Job begins when the Pod of the first has really ended. */
const survivesEviction = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'drained');
  await scenario.fixture.publish({ repository: 'acme/drained', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await scenario.applyBundle('app', scenario.spec('acme/drained'));
  const pod = await runningPod(scenario, 'app');
  const { activeJobName } = await scenario.until('app', 'its Job runs', (status) => status.activeJobName !== undefined);
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: 'drained' } };
  const path = `/api/v1/namespaces/drained/pods/${pod}/eviction`;
  await scenario.fixture.cluster.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
  const { history } = await scenario.until('app', 'lost', (status) => status.history?.[0]?.result === 'Lost');
  t.equal(history?.[0]?.message, `Pod ${pod} was ended: EvictionByEvictionAPI`);
  await scenario.kubectl('wait', '--for=condition=Failed', `job/${activeJobName}`, '--timeout=60s');
  const reason = 'jsonpath={.status.conditions[?(@.type=="Failed")].reason}';
  t.equal((await scenario.kubectl('get', 'job', activeJobName ?? '', '-o', reason)).stdout, 'PodFailurePolicy');
  await scenario.until(
    'app',
    'a second Job',
    ({ deployment }) => deployment?.number === 2 && deployment.reason === 'JobLost',
  );
  await scenario.kubectl('delete', 'wb', 'app', '--timeout=90s');
};

/** A Job acts as its ServiceAccount; the message names it, and the field that chooses it. */
const saysWhoLacksRights = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'powerless');
  await scenario.fixture.publish({ repository: 'acme/powerless', tag: 'v1.0.0' });
  await scenario.kubectl('create', 'serviceaccount', 'nobody');
  await scenario.applyBundle('named', scenario.spec('acme/powerless', { serviceAccountName: 'nobody' }));
  const { converge: _, ...unnamed } = scenario.spec('acme/powerless');
  await scenario.applyBundle('unnamed', { ...unnamed, converge: {} });
  const failed = async (name: string) =>
    (await scenario.until(name, 'it has failed', ({ history }) => history?.[0]?.result === 'Failed')).lastErrorMessage;
  t.match(
    await failed('named'),
    /User "system:serviceaccount:powerless:nobody" cannot .*; the Job runs as ServiceAccount nobody of namespace powerless \(spec\.converge\.serviceAccountName\), which lacks this right: grant it/,
  );
  t.match(
    await failed('unnamed'),
    /cannot .*; the Job runs as ServiceAccount default of namespace powerless, which lacks this right: set spec\.converge\.serviceAccountName to one/,
  );
};

/** Jobs may be suspended by whoever may change them: a person, or a queue of the platform. */
const waitsWhileSuspended = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'queued');
  await scenario.fixture.publish({ repository: 'acme/queued', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await scenario.applyBundle('app', scenario.spec('acme/queued'));
  const pod = await runningPod(scenario, 'app');
  const { activeJobName: job = '' } = await scenario.until(
    'app',
    'its Job runs',
    (status) => status.activeJobName !== undefined,
  );
  const suspend = (value: boolean, labels: Readonly<Record<string, string>> = {}) => {
    const patch = JSON.stringify({ metadata: { labels }, spec: { suspend: value } });
    return scenario.kubectl('patch', 'job', job, '--type=merge', '-p', patch);
  };
  // Label and suspension at once: the Job runs on meanwhile.
  await suspend(true, { 'kueue.x-k8s.io/queue-name': 'team-a' });
  const waiting = await scenario.until(
    'app',
    'it waits',
    ({ conditions }) => conditions?.[0]?.reason === 'WaitingForJob',
  );
  t.equal(
    waiting.conditions?.[0]?.message,
    `deploying v1.0.0 (NewTag): Suspended: Job ${job} is suspended (its spec.suspend is true), and not by this controller; by its kueue.x-k8s.io/queue-name it waits for LocalQueue "team-a" of Kueue`,
  );
  await scenario.kubectl('wait', '--for=condition=Suspended', `job/${job}`, '--timeout=60s');
  await scenario.kubectl('wait', '--for=delete', `pod/${pod}`, '--timeout=60s');
  await suspend(false);
  const done = await scenario.synced('app', 'v1.0.0');
  t.equal(done.deployment?.number, 1, 'by the same Job');
};

/** A namespace that ends takes its bundles along, whatever they would like to do first. */
const letsNamespacesGo = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'ending');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/ending', tag: 'v1.0.0' });
  await scenario.applyBundle('app', { ...scenario.spec('acme/ending'), deletionPolicy: 'Dismiss' });
  await scenario.applyBundle('new', { ...scenario.spec('acme/nothing-there'), deletionPolicy: 'Dismiss' });
  await scenario.synced('app', 'v1.0.0');
  await scenario.until('new', 'a failed poll', ({ consecutiveFailures }) => (consecutiveFailures ?? 0) > 0);
  t.same(await finalizersOf(scenario, 'new'), [], 'what deployed nothing has nothing to do first');
  await scenario.kubectl('delete', 'wb', 'new', '--timeout=60s');
  const { code, stderr } = await fixture.cluster.kubectl(['delete', 'namespace', 'ending', '--timeout=120s']);
  t.equal(code, 0, stderr);
};

/** What has not begun gives way; what it waited for was told. */
const givesWay = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'waiting');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/waiting', tag: 'v1.0.0' });
  const none = { pods: '0' };
  await scenario.kubectl('create', 'quota', 'no-pods', '--hard=pods=0');
  // What the quota controller would do, which is not among those that run here.
  const counted = JSON.stringify({ status: { hard: none, used: none } });
  await scenario.kubectl('patch', 'quota', 'no-pods', '--subresource=status', '--type=merge', '-p', counted);
  await scenario.applyBundle('app', scenario.spec('acme/waiting'));
  const first = await scenario.until('app', 'a Job', ({ activeJobName }) => activeJobName !== undefined);
  const words =
    'FailedCreate: the Pod is forbidden: exceeded quota: no-pods, requested: pods=1, used: pods=0, limited: pods=0';
  const waiting = await scenario.until(
    'app',
    'told why',
    ({ conditions }) => conditions?.some(({ message }) => message.includes('FailedCreate')) ?? false,
  );
  t.match(waiting.conditions, [
    { type: 'Ready', status: 'Unknown', reason: 'WaitingForJob', message: `deploying v1.0.0 (NewTag): ${words}` },
  ]);
  await fixture.publish({ repository: 'acme/waiting', tag: 'v1.1.0' });
  const second = await scenario.until(
    'app',
    'the next',
    ({ deployment, activeJobName }) => activeJobName !== undefined && deployment?.tag === 'v1.1.0',
  );
  t.match(second.history, [{ number: 1, tag: 'v1.0.0', result: 'Superseded' }]);
  t.equal(
    second.history?.[0]?.message,
    `Job ${first.activeJobName} gave way before werf was started: v1.1.0 is wanted now`,
  );
  await scenario.patch('app', { spec: { suspend: true } });
  await scenario.until('app', 'suspended', ({ history }) => history?.length === 2);
  t.same(await scenario.jobsOf('app'), [], 'a suspended bundle has no Job that waits');
  await scenario.kubectl('delete', 'quota', 'no-pods');
  await scenario.patch('app', { spec: { suspend: false } });
  const { history, deployment } = await scenario.synced('app', 'v1.1.0', 3);
  t.equal(deployment?.reason, 'NewTag');
  t.same(
    history?.map(({ number, tag, result }) => `${number} ${tag} ${result}`),
    ['3 v1.1.0 Succeeded', '2 v1.1.0 Superseded', '1 v1.0.0 Superseded'],
  );
};

const podTemplate = (template: object): string => JSON.stringify({ apiVersion: 'v1', kind: 'PodTemplate', template });

const TEMPLATE = podTemplate({
  metadata: { labels: { team: 'platform' } },
  spec: {
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    containers: [{ name: 'werf', env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example:3128' }] }],
  },
});

/** Two Jobs at once, one in a namespace; the first process is killed on the way. */
const takesTurns = async (t: Test, { fixture, states }: Omit<Given, 'controller'>): Promise<void> => {
  const dir = t.testdir({ 'template.yaml': TEMPLATE });
  const flags = ['--max-jobs=2', '--max-jobs-per-namespace=1', `--job-template=${dir}/template.yaml`];
  const wish = { timeScale: TIME_SCALE, flags };
  const jobs = await recordWatch(t, fixture, JOBS);
  const first = await fixture.startController(wish);
  await fixture.publish({ repository: 'acme/crowd', tag: 'v1.0.0', behaviour: 'slow: 3' });
  const bundles = ['crowd-a/1', 'crowd-a/2', 'crowd-a/3', 'crowd-b/1', 'crowd-b/2', 'crowd-c/1'];
  const scenarios = new Map<string, BundleScenario>();
  for (const namespace of ['crowd-a', 'crowd-b', 'crowd-c'])
    scenarios.set(namespace, await scenarioIn({ fixture, states, controller: first }, namespace));
  const each = async <T>(work: (scenario: BundleScenario, name: string) => Promise<T>): Promise<readonly T[]> =>
    Promise.all(
      bundles.map((bundle) => {
        const [namespace = '', name = ''] = bundle.split('/');
        const scenario = scenarios.get(namespace);
        if (scenario === undefined) throw new Error(namespace);
        return work(scenario, `app-${name}`);
      }),
    );
  await each((scenario, name) => scenario.applyBundle(name, scenario.spec('acme/crowd')));
  // Which of them come first is chance.
  const waiting = await eventually(
    async () =>
      states.states().find(({ metadata, status = {} }) => metadata.namespace === 'crowd-a' && told('Queued')(status)),
    (found) => found !== undefined,
    PATIENCE_MS,
  );
  t.match(waiting?.status?.conditions?.[0], {
    type: 'Ready',
    status: 'Unknown',
    reason: 'Queued',
    message: 'deploying v1.0.0 (NewTag): waits until fewer Jobs run than --max-jobs and --max-jobs-per-namespace allow',
  });
  await first.kill();
  const second = await fixture.startController(wish);
  await each((scenario, name) => scenario.synced(name, 'v1.0.0'));

  // Jobs, not what the bundles say of them: a place is free as soon as a Job has ended, before its result is written down.
  const active = new Map<string, string>();
  const atOnce = jobs.states().map((job) => {
    const { uid = '', namespace = '' } = job.metadata;
    if (hasEnded(job)) active.delete(uid);
    else active.set(uid, namespace);
    return [...active.values()];
  });
  t.equal(Math.max(...atOnce.map((namespaces) => namespaces.length)), 2, 'two at once, before the kill and after it');
  t.ok(
    atOnce.every((namespaces) => new Set(namespaces).size === namespaces.length),
    'and never two of one namespace',
  );
  const { stdout } = await fixture.cluster.kubectl([
    'get',
    'pods',
    '-n',
    'crowd-a',
    '-l',
    'team=platform',
    '-o',
    'json',
  ]);
  const pods = JSON.parse(stdout) as { readonly items: readonly { readonly spec: Record<string, unknown> }[] };
  t.equal(pods.items.length, 3, 'each Pod has what the platform adds');
  t.match(pods.items[0]?.spec, {
    containers: [{ env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example:3128' }, { name: 'HOME' }] }],
  });
  await takesValuesAlong(t, { fixture, states, controller: second });
  t.notMatch(await second.log(), /"level":"error"/);
  await second.stop();
};

/** Scheduler and kubelet are played by the spec: each tells in its own way why a Pod does not run. */
const saysWhyItWaits = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'byhand');
  await scenario.fixture.publish({ repository: 'acme/byhand', tag: 'v1.0.0' });
  await scenario.applyBundle('app', scenario.spec('acme/byhand'));
  const pod = await PodByHand.of(scenario, 'app');
  const waitsFor = async (words: string) => {
    const message = `deploying v1.0.0 (NewTag): ${words}`;
    const status = await scenario.until('app', words, (status) => readyOf(status)?.message === message);
    t.match(readyOf(status), { status: 'Unknown', reason: 'WaitingForJob', message });
    const row = await scenario.kubectl('get', 'wb', 'app', '--no-headers');
    t.match(row.stdout, new RegExp(`^app +Unknown +Syncing +.*${words.slice(0, 20)}`));
  };

  const nodes = "0/3 nodes are available: 3 node(s) had taint {dedicated: ci}, that the pod didn't tolerate.";
  await pod.unschedulable(nodes);
  await waitsFor(`Unschedulable: ${nodes}`);

  await pod.bind();
  await pod.is('Pending', { waiting: { reason: 'ContainerCreating' } });
  const mount = 'MountVolume.SetUp failed for volume "ca" : configmap references non-existent config key: ca.crt';
  await pod.warns('FailedMount', mount);
  await waitsFor(`FailedMount: ${mount}`);

  const image = 'registry.example/werf:2';
  const pull = `Failed to pull image "${image}": rpc error: code = Unknown desc = ${image}: not found`;
  await pod.warns('Failed', pull);
  await pod.warns('Failed', 'Error: ErrImagePull');
  await pod.is('Pending', { waiting: { reason: 'ErrImagePull', message: `rpc error: ${image}: not found` } });
  await waitsFor(`ImagePullBackOff: ${pull}`);
  // From one try to the next it goes to and fro.
  await pod.warns('Failed', 'Error: ImagePullBackOff');
  await pod.is('Pending', { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } });

  await pod.is('Running', { running: { startedAt: new Date().toISOString() } });
  const running = await scenario.until('app', 'runs', told('Deploying'));
  t.equal(readyOf(running)?.message, 'deploying v1.0.0 (NewTag)');
  const messages = new Set(scenario.states('app').map(({ status = {} }) => readyOf(status)?.message));
  t.same(
    [...messages].filter((message) => message?.includes('ImagePullBackOff')),
    [`deploying v1.0.0 (NewTag): ImagePullBackOff: ${pull}`],
    'and the words are always the same',
  );
  await pod.is('Succeeded', { terminated: { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() } });
  await scenario.synced('app', 'v1.0.0');
};

/** The controller only says how long: Kubernetes deletes. */
const keepsJobsForAWhile = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'kept');
  await scenario.fixture.publish({ repository: 'acme/kept', tag: 'v1.0.0' });
  await scenario.applyBundle('app', scenario.spec('acme/kept', { logRetentionDays: 3 }));
  const { lastJobName = '' } = await scenario.synced('app', 'v1.0.0');
  const ttl = async () =>
    (await scenario.kubectl('get', 'job', lastJobName, '-o', 'jsonpath={.spec.ttlSecondsAfterFinished}')).stdout;
  t.equal(await ttl(), String(3 * 24 * 3600));
  // Nobody waits for three days here.
  await scenario.kubectl('patch', 'job', lastJobName, '--type=merge', '-p', '{"spec":{"ttlSecondsAfterFinished":1}}');
  await scenario.kubectl('wait', '--for=delete', `job/${lastJobName}`, '--timeout=90s');
  const before = await scenario.bundle('app');
  await scenario.morePolls('acme/kept', 2);
  t.same(await scenario.bundle('app'), before, 'a Job whose time is over is not missed');
  t.match(before?.status?.lastJobLogs, /Succeeded release "app"/, 'and the end of its log stays');
};

/** Values that change while a bundle waits for its place are those that it deploys, and it deploys them once. */
const takesValuesAlong = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'along');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/endless', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await fixture.publish({ repository: 'acme/along', tag: 'v1.0.0' });
  await scenario.apply(configMap('settings', 'image: two'));
  await scenario.applyBundle('first', scenario.spec('acme/endless'));
  await scenario.until('first', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const valuesFrom = [{ configMapRef: { name: 'settings' } }];
  await scenario.applyBundle('second', scenario.spec('acme/along', { valuesFrom }));
  const waiting = await scenario.until('second', 'waits', told('Queued'));
  await scenario.apply(configMap('settings', 'image: three'));
  await scenario.kubectl('delete', 'wb', 'first', '--timeout=90s');
  const { deployment, appliedChecksum } = await scenario.synced('second', 'v1.0.0');
  await scenario.morePolls('acme/along', 3);
  t.notSame(deployment?.checksum, waiting.deployment?.checksum);
  t.equal(appliedChecksum, deployment?.checksum);
  const jobs = await scenario.jobsOf('second');
  t.equal(jobs.length, 1, 'nothing is deployed again');
  t.match(JSON.stringify(jobs[0]?.spec), /"--set-string=image=three"/);
};

t.test('Jobs on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: Given = { fixture, states, controller };
  await t.test('are created, and deleted', async (t) => {
    t.jobs = 8;
    const cases = {
      'a bundle with Dismiss goes when its release is uninstalled, or can\u2019t be': uninstalls,
      'a release is uninstalled though the status that told of it was wiped': uninstallsWhatIsForgotten,
      'a Job that runs is stopped when its bundle goes, in whatever namespace': stopsJobs,
      'a Job whose Pod is evicted is made again, when that Pod has ended': survivesEviction,
      'a Job that fails for lack of rights says which ServiceAccount lacks them': saysWhoLacksRights,
      'a Job that somebody suspends waits, and goes on when it is resumed': waitsWhileSuspended,
      'a namespace can be deleted with bundles in it': letsNamespacesGo,
      'a Job that has not begun gives way to what is wanted now': givesWay,
      'a Job that has ended is kept for as long as the bundle says, by Kubernetes': keepsJobsForAWhile,
    };
    await playAll(t, given, cases);
  });
  t.notMatch(await controller.log(), /"level":"error"/, 'the controller never met a fault of its own');
  t.same(faultyLines(await controller.log()), [], 'each line of its log is JSON, with each key once');
  await controller.stop();
  await t.test('run as many at once as the platform allows, and namespaces take turns', (t) =>
    takesTurns(t, { fixture, states }),
  );

  const dir = t.testdir({ 'template.yaml': podTemplate({ spec: { schedulerName: BY_HAND } }) });
  const byHand = await fixture.startController({
    timeScale: TIME_SCALE,
    flags: [`--job-template=${dir}/template.yaml`],
  });
  await t.test('say why they do not start, in Kubernetes\u2019 words', (t) =>
    saysWhyItWaits(t, { fixture, states, controller: byHand }),
  );
});
