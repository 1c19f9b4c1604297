import t, { type Test } from 'tap';
import { hasEnded } from '../../controller/deploy/result.js';
import { JOBS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import {
  type BundleStory,
  type Given,
  PATIENCE_MS,
  playAll,
  readyOf,
  storyIn,
  TIME_SCALE,
  told,
} from '../kit/bundle-story.js';
import { type DeployStage, startDeployStage } from '../kit/deploy-stage.js';
import { eventually } from '../kit/eventually.js';
import { BY_HAND, PodByHand } from '../kit/pod-by-hand.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap } from '../kit/values-objects.js';

const FINALIZER = 'werf.io/deletion';

/** Names of the releases that are recorded in a namespace. */
const releasesIn = async ({ client, signal }: DeployStage, namespace: string): Promise<readonly string[]> => {
  const { items } = await client.list(SECRETS, { namespace, labelSelector: 'owner=helm' }, signal);
  return items.map(({ metadata }) => metadata.labels?.['name'] ?? '');
};

const finalizersOf = async (story: BundleStory, name: string) => (await story.bundle(name))?.metadata.finalizers ?? [];

/** Reason and note of each event about a bundle whose reason begins so. */
const eventsOf = async (story: BundleStory, name: string, reason: 'Dismiss'): Promise<readonly string[]> => {
  const look = async () => {
    const path = `{range .items[?(@.regarding.name=="${name}")]}{.reason}: {.note}{"\\n"}{end}`;
    const { stdout } = await story.kubectl('get', 'events.events.k8s.io', '-o', `jsonpath=${path}`);
    return stdout.split('\n').filter((line) => line.startsWith(reason));
  };
  const found = await eventually(look, (events) => events.length > 0);
  if (found.length > 0) return found;
  throw new Error(`no event ${reason}… of ${name}; the controller's log of it:\n${await story.logged(name)}`);
};

/** Each way in which a bundle with Dismiss can go. */
const uninstalls = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'leaving');
  const { stage } = story;
  await stage.publish({ repository: 'acme/leaving', tag: 'v1.0.0' });
  const deploy = async (name: string, account: string, more: object = {}) => {
    await story.kubectl('create', 'serviceaccount', account);
    await story.kubectl(
      'create',
      'rolebinding',
      account,
      '--role=werf-converge',
      `--serviceaccount=leaving:${account}`,
    );
    const spec = story.spec('acme/leaving', { serviceAccountName: account });
    await story.applyBundle(name, { ...spec, deletionPolicy: 'Dismiss', ...more });
    await story.synced(name, 'v1.0.0');
  };
  await Promise.all([
    deploy('well', 'well'),
    deploy('orphaned', 'orphaned', { deletionPolicy: 'Orphan' }),
    deploy('robbed', 'robbed'),
    deploy('stubborn', 'stubborn'),
    deploy('required', 'required'),
  ]);
  t.same(await finalizersOf(story, 'well'), [FINALIZER]);
  t.same(await finalizersOf(story, 'orphaned'), []);
  await story.kubectl('annotate', 'wb', 'required', 'werf.io/dismiss-required=true');
  await story.kubectl('delete', 'serviceaccount', 'robbed');
  await story.kubectl('delete', 'rolebinding', 'stubborn', 'required');

  await story.kubectl('delete', 'wb', 'well', 'orphaned', 'robbed', '--timeout=90s');
  const release = (name: string) => `release ${name} in namespace leaving`;
  t.same(await eventsOf(story, 'well', 'Dismiss'), [`Dismissed: ${release('well')} is uninstalled`]);
  t.same(await eventsOf(story, 'robbed', 'Dismiss'), [
    `DismissFailed: ${release('robbed')} was not uninstalled: ServiceAccount robbed in namespace leaving is gone or being deleted`,
  ]);
  t.same(await releasesIn(stage, 'leaving'), ['orphaned', 'required', 'robbed', 'stubborn'], 'one release is gone');

  await story.kubectl('delete', 'wb', 'stubborn', 'required', '--wait=false');
  await story.kubectl('wait', '--for=delete', 'wb/stubborn', '--timeout=90s');
  t.match(await eventsOf(story, 'stubborn', 'Dismiss'), [
    /^DismissFailed: release stubborn in namespace leaving was not uninstalled: pod failed with exit code 1: release uninstall: .* is forbidden: /,
  ]);
  const tried = await story.until('required', 'four tries', ({ history }) => history?.[3]?.reason === 'Dismiss');
  t.same(
    tried.history?.slice(0, 4).map(({ reason, result }) => `${reason} ${result}`),
    Array.from({ length: 4 }, () => 'Dismiss Failed'),
    'what is required is tried more than three times',
  );
  await story.kubectl('create', 'rolebinding', 'required', '--role=werf-converge', '--serviceaccount=leaving:required');
  await story.kubectl('wait', '--for=delete', 'wb/required', '--timeout=90s');
  t.same(await releasesIn(stage, 'leaving'), ['orphaned', 'robbed', 'stubborn']);
};

/** Neither status nor Jobs tell of a deployment any more; that the bundle is held does. */
const uninstallsWhatIsForgotten = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'forgotten');
  await story.stage.publish({ repository: 'acme/forgotten', tag: 'v1.0.0' });
  await story.applyBundle('app', { ...story.spec('acme/forgotten'), deletionPolicy: 'Dismiss' });
  await story.synced('app', 'v1.0.0');
  await story.kubectl('delete', 'job', '-l', 'app.kubernetes.io/instance=app');
  await story.patch('app', { spec: { suspend: true } });
  const suspended = await story.until('app', 'suspended', ({ observedGeneration }) => observedGeneration === 2);
  const status = Object.fromEntries(Object.keys(suspended).map((name) => [name, null]));
  await story.patch('app', { status }, '--subresource=status');
  const wiped = await story.until('app', 'looked at', ({ phase, history }) => phase === 'Syncing' && !history);
  t.same([wiped.deployment, await finalizersOf(story, 'app')], [undefined, [FINALIZER]]);
  await story.kubectl('delete', 'wb', 'app', '--timeout=90s');
  t.same(await eventsOf(story, 'app', 'Dismiss'), ['Dismissed: release app in namespace forgotten is uninstalled']);
  t.same(await releasesIn(story.stage, 'forgotten'), []);
};

/** A Job in another namespace belongs to nobody that the garbage collector knows of. */
const stopsJobs = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'stopping');
  const { stage } = story;
  await stage.makeNamespace('stopping-there');
  await stage.cluster.kubectl(['annotate', 'ns', 'stopping-there', 'werf.io/accept-bundles-from=stopping']);
  await stage.publish({ repository: 'acme/endless', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await story.applyBundle('here', story.spec('acme/endless'));
  await story.applyBundle('there', story.spec('acme/endless', { targetNamespace: 'stopping-there' }));
  const dismissed = story.spec('acme/endless', { targetNamespace: 'stopping-there', releaseName: 'other' });
  await story.applyBundle('dismissed', { ...dismissed, deletionPolicy: 'Dismiss' });
  const names = ['here', 'there', 'dismissed'];
  const podsOf = async (name: string) => {
    const args = ['get', 'pods', '-A', '-l', `app.kubernetes.io/instance=${name}`];
    const { stdout } = await stage.cluster.kubectl([...args, '-o', 'jsonpath={.items[*].status.phase}']);
    return stdout.split(' ').filter((phase) => phase !== '');
  };
  for (const name of names) {
    await story.until(name, 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
    t.same(
      await eventually(
        () => podsOf(name),
        (phases) => phases.includes('Running'),
        PATIENCE_MS,
      ),
      ['Running'],
    );
  }
  t.same(await Promise.all(names.map((name) => finalizersOf(story, name))), [[], [FINALIZER], [FINALIZER]]);
  await story.kubectl('delete', 'wb', ...names, '--timeout=90s');
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
  t.same(await eventsOf(story, 'dismissed', 'Dismiss'), [
    'Dismissed: release other in namespace stopping-there is uninstalled',
  ]);
  // What was stopped before it was done may leave a pending release, unless it is dismissed.
  t.notOk((await releasesIn(stage, 'stopping-there')).includes('other'));
};

const runningPod = async (story: BundleStory, name: string): Promise<string> => {
  const args = ['get', 'pods', '-l', `app.kubernetes.io/instance=${name}`, '--field-selector', 'status.phase=Running'];
  return eventually(
    async () => (await story.kubectl(...args, '-o', 'jsonpath={.items[*].metadata.name}')).stdout,
    (pod) => pod !== '',
    PATIENCE_MS,
  );
};

/** A drain is nobody's failure, and the next Job begins when the Pod of the first has really ended. */
const survivesEviction = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'drained');
  await story.stage.publish({ repository: 'acme/drained', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await story.applyBundle('app', story.spec('acme/drained'));
  const pod = await runningPod(story, 'app');
  const { activeJobName } = await story.until('app', 'its Job runs', (status) => status.activeJobName !== undefined);
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: 'drained' } };
  const path = `/api/v1/namespaces/drained/pods/${pod}/eviction`;
  await story.stage.cluster.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
  const { history } = await story.until('app', 'lost', (status) => status.history?.[0]?.result === 'Lost');
  t.equal(history?.[0]?.message, `Pod ${pod} was ended: EvictionByEvictionAPI`);
  await story.kubectl('wait', '--for=condition=Failed', `job/${activeJobName}`, '--timeout=60s');
  const reason = 'jsonpath={.status.conditions[?(@.type=="Failed")].reason}';
  t.equal((await story.kubectl('get', 'job', activeJobName ?? '', '-o', reason)).stdout, 'PodFailurePolicy');
  await story.until(
    'app',
    'a second Job',
    ({ deployment }) => deployment?.number === 2 && deployment.reason === 'JobLost',
  );
  await story.kubectl('delete', 'wb', 'app', '--timeout=90s');
};

/** Jobs may be suspended by whoever may change them: a person, or a queue of the platform. */
const waitsWhileSuspended = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'queued');
  await story.stage.publish({ repository: 'acme/queued', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await story.applyBundle('app', story.spec('acme/queued'));
  const pod = await runningPod(story, 'app');
  const { activeJobName: job = '' } = await story.until(
    'app',
    'its Job runs',
    (status) => status.activeJobName !== undefined,
  );
  const suspend = (value: boolean) =>
    story.kubectl('patch', 'job', job, '--type=merge', '-p', JSON.stringify({ spec: { suspend: value } }));
  await suspend(true);
  const waiting = await story.until('app', 'it waits', ({ conditions }) => conditions?.[0]?.reason === 'WaitingForJob');
  t.equal(
    waiting.conditions?.[0]?.message,
    `deploying v1.0.0 (NewTag): Suspended: Job ${job} is suspended (its spec.suspend is true), and not by this controller`,
  );
  await story.kubectl('wait', '--for=condition=Suspended', `job/${job}`, '--timeout=60s');
  await story.kubectl('wait', '--for=delete', `pod/${pod}`, '--timeout=60s');
  await suspend(false);
  const done = await story.synced('app', 'v1.0.0');
  t.equal(done.deployment?.number, 1, 'by the same Job');
};

/** A namespace that ends takes its bundles along, whatever they would like to do first. */
const letsNamespacesGo = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'ending');
  const { stage } = story;
  await stage.publish({ repository: 'acme/ending', tag: 'v1.0.0' });
  await story.applyBundle('app', { ...story.spec('acme/ending'), deletionPolicy: 'Dismiss' });
  await story.applyBundle('new', { ...story.spec('acme/nothing-there'), deletionPolicy: 'Dismiss' });
  await story.synced('app', 'v1.0.0');
  await story.until('new', 'a failed poll', ({ consecutiveFailures }) => (consecutiveFailures ?? 0) > 0);
  t.same(await finalizersOf(story, 'new'), [], 'what deployed nothing has nothing to do first');
  await story.kubectl('delete', 'wb', 'new', '--timeout=60s');
  const { code, stderr } = await stage.cluster.kubectl(['delete', 'namespace', 'ending', '--timeout=120s']);
  t.equal(code, 0, stderr);
};

/** What has not begun gives way; what it waited for was told. */
const givesWay = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'waiting');
  const { stage } = story;
  await stage.publish({ repository: 'acme/waiting', tag: 'v1.0.0' });
  const none = { pods: '0' };
  await story.kubectl('create', 'quota', 'no-pods', '--hard=pods=0');
  // What the quota controller would do, which is not among those that run here.
  const counted = JSON.stringify({ status: { hard: none, used: none } });
  await story.kubectl('patch', 'quota', 'no-pods', '--subresource=status', '--type=merge', '-p', counted);
  await story.applyBundle('app', story.spec('acme/waiting'));
  const first = await story.until('app', 'a Job', ({ activeJobName }) => activeJobName !== undefined);
  const words =
    'FailedCreate: the Pod is forbidden: exceeded quota: no-pods, requested: pods=1, used: pods=0, limited: pods=0';
  const waiting = await story.until(
    'app',
    'told why',
    ({ conditions }) => conditions?.some(({ message }) => message.includes('FailedCreate')) ?? false,
  );
  t.match(waiting.conditions, [
    { type: 'Ready', status: 'Unknown', reason: 'WaitingForJob', message: `deploying v1.0.0 (NewTag): ${words}` },
  ]);
  await stage.publish({ repository: 'acme/waiting', tag: 'v1.1.0' });
  const second = await story.until(
    'app',
    'the next',
    ({ deployment, activeJobName }) => activeJobName !== undefined && deployment?.tag === 'v1.1.0',
  );
  t.match(second.history, [{ number: 1, tag: 'v1.0.0', result: 'Superseded' }]);
  t.equal(
    second.history?.[0]?.message,
    `Job ${first.activeJobName} gave way before werf was started: v1.1.0 is wanted now`,
  );
  await story.patch('app', { spec: { suspend: true } });
  await story.until('app', 'suspended', ({ history }) => history?.length === 2);
  t.same(await story.jobsOf('app'), [], 'a suspended bundle has no Job that waits');
  await story.kubectl('delete', 'quota', 'no-pods');
  await story.patch('app', { spec: { suspend: false } });
  const { history, deployment } = await story.synced('app', 'v1.1.0', 3);
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
const takesTurns = async (t: Test, { stage, states }: Omit<Given, 'controller'>): Promise<void> => {
  const dir = t.testdir({ 'template.yaml': TEMPLATE });
  const flags = ['--max-jobs=2', '--max-jobs-per-namespace=1', `--job-template=${dir}/template.yaml`];
  const wish = { timeScale: TIME_SCALE, flags };
  const jobs = await recordWatch(t, stage, JOBS);
  const first = await stage.startController(wish);
  await stage.publish({ repository: 'acme/crowd', tag: 'v1.0.0', behaviour: 'slow: 3' });
  const bundles = ['crowd-a/1', 'crowd-a/2', 'crowd-a/3', 'crowd-b/1', 'crowd-b/2', 'crowd-c/1'];
  const stories = new Map<string, BundleStory>();
  for (const namespace of ['crowd-a', 'crowd-b', 'crowd-c'])
    stories.set(namespace, await storyIn({ stage, states, controller: first }, namespace));
  const each = async <T>(work: (story: BundleStory, name: string) => Promise<T>): Promise<readonly T[]> =>
    Promise.all(
      bundles.map((bundle) => {
        const [namespace = '', name = ''] = bundle.split('/');
        const story = stories.get(namespace);
        if (story === undefined) throw new Error(namespace);
        return work(story, `app-${name}`);
      }),
    );
  await each((story, name) => story.applyBundle(name, story.spec('acme/crowd')));
  // Which of them come first is chance.
  const waiting = await eventually(
    async () =>
      states.states().find(({ metadata, status = {} }) => metadata.namespace === 'crowd-a' && told('Queued')(status)),
    (found) => found !== undefined,
    PATIENCE_MS,
  );
  t.match(waiting?.status?.conditions?.[0], {
    ...{ type: 'Ready', status: 'Unknown', reason: 'Queued' },
    message: 'deploying v1.0.0 (NewTag): waits until fewer Jobs run than --max-jobs and --max-jobs-per-namespace allow',
  });
  await first.kill();
  const second = await stage.startController(wish);
  await each((story, name) => story.synced(name, 'v1.0.0'));

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
  const { stdout } = await stage.cluster.kubectl(['get', 'pods', '-n', 'crowd-a', '-l', 'team=platform', '-o', 'json']);
  const pods = JSON.parse(stdout) as { readonly items: readonly { readonly spec: Record<string, unknown> }[] };
  t.equal(pods.items.length, 3, 'each Pod has what the platform adds');
  t.match(pods.items[0]?.spec, {
    containers: [{ env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example:3128' }, { name: 'HOME' }] }],
  });
  await takesValuesAlong(t, { stage, states, controller: second });
  t.notMatch(await second.log(), /"level":"error"/);
  await second.stop();
};

/** Scheduler and kubelet are played by the spec: each tells in its own way why a Pod does not run. */
const saysWhyItWaits = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'byhand');
  await story.stage.publish({ repository: 'acme/byhand', tag: 'v1.0.0' });
  await story.applyBundle('app', story.spec('acme/byhand'));
  const pod = await PodByHand.of(story, 'app');
  const waitsFor = async (words: string) => {
    const message = `deploying v1.0.0 (NewTag): ${words}`;
    const status = await story.until('app', words, (status) => readyOf(status)?.message === message);
    t.match(readyOf(status), { status: 'Unknown', reason: 'WaitingForJob', message });
    const row = await story.kubectl('get', 'wb', 'app', '--no-headers');
    t.match(row.stdout, new RegExp(`^app +Syncing +.*${words.slice(0, 20)}`));
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
  const running = await story.until('app', 'runs', told('Deploying'));
  t.equal(readyOf(running)?.message, 'deploying v1.0.0 (NewTag)');
  const messages = new Set(story.states('app').map(({ status = {} }) => readyOf(status)?.message));
  t.same(
    [...messages].filter((message) => message?.includes('ImagePullBackOff')),
    [`deploying v1.0.0 (NewTag): ImagePullBackOff: ${pull}`],
    'and the words are always the same',
  );
  await pod.is('Succeeded', { terminated: { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() } });
  await story.synced('app', 'v1.0.0');
};

/** The controller only says how long: Kubernetes deletes. */
const keepsJobsForAWhile = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'kept');
  await story.stage.publish({ repository: 'acme/kept', tag: 'v1.0.0' });
  await story.applyBundle('app', story.spec('acme/kept', { logRetentionDays: 3 }));
  const { lastJobName = '' } = await story.synced('app', 'v1.0.0');
  const ttl = async () =>
    (await story.kubectl('get', 'job', lastJobName, '-o', 'jsonpath={.spec.ttlSecondsAfterFinished}')).stdout;
  t.equal(await ttl(), String(3 * 24 * 3600));
  // Nobody waits for three days here.
  await story.kubectl('patch', 'job', lastJobName, '--type=merge', '-p', '{"spec":{"ttlSecondsAfterFinished":1}}');
  await story.kubectl('wait', '--for=delete', `job/${lastJobName}`, '--timeout=90s');
  const before = await story.bundle('app');
  await story.morePolls('acme/kept', 2);
  t.same(await story.bundle('app'), before, 'a Job whose time is over is not missed');
  t.match(before?.status?.lastJobLogs, /Succeeded release "app"/, 'and the end of its log stays');
};

/** Values that change while a bundle waits for its place are those that it deploys, and it deploys them once. */
const takesValuesAlong = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'along');
  const { stage } = story;
  await stage.publish({ repository: 'acme/endless', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await stage.publish({ repository: 'acme/along', tag: 'v1.0.0' });
  await story.apply(configMap('settings', 'image: two'));
  await story.applyBundle('first', story.spec('acme/endless'));
  await story.until('first', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const valuesFrom = [{ configMapRef: { name: 'settings' } }];
  await story.applyBundle('second', story.spec('acme/along', { valuesFrom }));
  const waiting = await story.until('second', 'waits', told('Queued'));
  await story.apply(configMap('settings', 'image: three'));
  await story.kubectl('delete', 'wb', 'first', '--timeout=90s');
  const { deployment, appliedChecksum } = await story.synced('second', 'v1.0.0');
  await story.morePolls('acme/along', 3);
  t.notSame(deployment?.checksum, waiting.deployment?.checksum);
  t.equal(appliedChecksum, deployment?.checksum);
  const jobs = await story.jobsOf('second');
  t.equal(jobs.length, 1, 'nothing is deployed again');
  t.match(JSON.stringify(jobs[0]?.spec), /"--set-string=image=three"/);
};

t.test('Jobs on a real control plane', async (t) => {
  const stage = await startDeployStage(t);
  const states = await recordWatch(t, stage, WERFBUNDLES);
  const controller = await stage.startController({ timeScale: TIME_SCALE });
  const given: Given = { stage, states, controller };
  await t.test('come, and go', async (t) => {
    t.jobs = 8;
    const scenarios = {
      'a bundle with Dismiss goes when its release is uninstalled, or can\u2019t be': uninstalls,
      'a release is uninstalled though the status that told of it was lost': uninstallsWhatIsForgotten,
      'a Job that runs is stopped when its bundle goes, in whatever namespace': stopsJobs,
      'a Job whose Pod is evicted is made again, when that Pod has ended': survivesEviction,
      'a Job that somebody suspends waits, and goes on when it is resumed': waitsWhileSuspended,
      'a namespace can be deleted with bundles in it': letsNamespacesGo,
      'a Job that has not begun gives way to what is wanted now': givesWay,
      'a Job that has ended is kept for as long as the bundle says, by Kubernetes': keepsJobsForAWhile,
    };
    await playAll(t, given, scenarios);
  });
  t.notMatch(await controller.log(), /"level":"error"/, 'the controller never met a fault of its own');
  await controller.stop();
  await t.test('run as many at once as the platform allows, and namespaces take turns', (t) =>
    takesTurns(t, { stage, states }),
  );

  const dir = t.testdir({ 'template.yaml': podTemplate({ spec: { schedulerName: BY_HAND } }) });
  const byHand = await stage.startController({
    timeScale: TIME_SCALE,
    flags: [`--job-template=${dir}/template.yaml`],
  });
  await t.test('say why they do not begin, in Kubernetes\u2019 words', (t) =>
    saysWhyItWaits(t, { stage, states, controller: byHand }),
  );
});
