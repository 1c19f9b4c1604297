import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type Given, outcomeOf, playAll, readyOf, storyIn, TIME_SCALE, told } from '../kit/bundle-story.js';
import { canary } from '../kit/canary.js';
import { startDeployStage } from '../kit/deploy-stage.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, dockerConfig, secret } from '../kit/values-objects.js';

const RIGHTS_ON_SECRETS = join(import.meta.dirname, '../../manifests/controller/watch-secrets/rights.yaml');

const goesDownOnlyWhenMeant = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'down');
  for (const tag of ['v1.0.0', 'v1.1.0']) await story.stage.publish({ repository: 'acme/down', tag });
  await story.applyBundle('app', story.spec('acme/down', {}, { versionConstraint: '1.x' }));
  await story.synced('app', 'v1.1.0');
  await story.patch('app', { spec: { registry: { versionConstraint: '~1.0' } } });
  t.equal((await story.synced('app', 'v1.0.0', 2)).deployment?.reason, 'Downgrade', 'a narrower constraint is meant');
  await story.patch('app', { spec: { registry: { versionConstraint: '1.x' } } });
  t.equal((await story.synced('app', 'v1.1.0', 3)).deployment?.reason, 'NewTag');
};

/** The registry has lost a tag: nobody said that the one below it is wanted. */
const holdsLowerVersions = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'held');
  const { stage } = story;
  const loseNewest = async (name: string, registry: object): Promise<void> => {
    const repository = `acme/${name}`;
    await stage.publish({ repository, tag: 'v1.0.0' });
    const { digest } = await stage.publish({ repository, tag: 'v1.1.0' });
    await story.applyBundle(name, story.spec(repository, {}, { versionConstraint: '1.x', ...registry }));
    await story.synced(name, 'v1.1.0');
    if (name === 'allowed') await story.kubectl('annotate', 'wb', name, 'werf.io/allow-downgrade=true');
    const url = `http://${stage.registryHost}/v2/${repository}/manifests/${digest}`;
    t.equal((await fetch(url, { method: 'DELETE' })).status, 202);
  };
  const held = async (name: string) => {
    const status = await story.until(name, 'held', told('DowngradeHeld'));
    return [status.phase, readyOf(status)];
  };
  const says = (message: string) => ({
    ...{ status: 'True', reason: 'DowngradeHeld' },
    message: `v1.1.0 is deployed and the registry offers only v1.0.0, which is lower: ${message}`,
  });
  const isDeployed = async (name: string) => {
    t.equal((await story.synced(name, 'v1.0.0', 2)).deployment?.reason, 'Downgrade');
    const told = (await story.eventsOf(name)).filter((reason) => reason === 'DowngradeHeld');
    t.same(told, ['DowngradeHeld'], `${name}: once`);
  };

  const forbidden = async () => {
    await loseNewest('forbidden', {});
    const how = 'to deploy it, set spec.registry.tag, or annotate the bundle with werf.io/allow-downgrade=true';
    t.match(await held('forbidden'), ['Synced', says(`it is held back; ${how}`)]);
    await story.morePolls('acme/forbidden', 3);
    const { status } = (await story.bundle('forbidden')) ?? {};
    t.same([status?.lastAppliedTag, status?.deployment?.number], ['v1.1.0', 1], 'however often it is offered');
    await story.kubectl('annotate', 'wb', 'forbidden', 'werf.io/allow-downgrade=true');
    await isDeployed('forbidden');
  };
  const allowed = async () => {
    await loseNewest('allowed', { pollInterval: '24h' });
    const look = (value: string) =>
      story.kubectl('annotate', 'wb', 'allowed', '--overwrite', `werf.io/reconcile-requested-at=${value}`);
    await look('first');
    t.match(await held('allowed'), ['Synced', says('it is deployed when a second scan says the same')]);
    await look('second');
    await isDeployed('allowed');
  };
  await Promise.all([forbidden(), allowed()]);
};

const deploysOnRequest = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'request');
  await story.stage.publish({ repository: 'acme/request', tag: 'v1.0.0' });
  await story.applyBundle('app', story.spec('acme/request'));
  await story.synced('app', 'v1.0.0');
  const ask = (value: string) =>
    story.kubectl('annotate', 'wb', 'app', '--overwrite', `werf.io/deploy-requested-at=${value}`);
  await ask('one');
  const { deployment, lastHandledDeployRequest } = await story.synced('app', 'v1.0.0', 2);
  t.same([deployment?.reason, lastHandledDeployRequest], ['Requested', 'one']);
  await ask('');
  await story.morePolls('acme/request', 3);
  t.equal((await story.bundle('app'))?.status?.deployment?.number, 2, 'one value, one deployment; none asks for none');
};

const findsTagsThatMovedMeanwhile = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'moving');
  const publish = (files: Readonly<Record<string, string>>) =>
    story.stage.publish({ repository: 'acme/moving', tag: 'main', behaviour: 'slow: 2', files });
  await publish({});
  await story.applyBundle('app', story.spec('acme/moving', {}, { tag: 'main', pollInterval: '24h' }));
  await story.until('app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const { digest } = await publish({ 'templates/new.yaml': '{}' });
  const status = await story.synced('app', 'main', 2);
  t.same([status.deployment?.reason, status.lastAppliedDigest], ['MovedTag', digest], 'long before the next poll');
};

const leavesReleasesToTheirOwners = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'rivals');
  await story.stage.publish({ repository: 'acme/rivals', tag: 'v1.0.0' });
  await story.applyBundle('first', story.spec('acme/rivals', { releaseName: 'web' }));
  await story.synced('first', 'v1.0.0');
  await story.applyBundle('second', story.spec('acme/rivals', { releaseName: 'web' }));
  const whose = 'release "web" in namespace "rivals" belongs to the older WerfBundle rivals/first';
  const message = `spec.converge.releaseName: Invalid value: "web": ${whose}; a releaseName of its own is needed`;
  const { deployment } = await story.failed('second', message);
  t.equal(deployment, undefined, 'nothing of it is deployed');
  await story.kubectl('delete', 'werfbundle', 'first');
  await story.synced('second', 'v1.0.0');
};

/** The guide's ways out of a stop, and the two that need nobody. */
const pollsAgain = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'stopped');
  const { stage } = story;
  const login = { username: 'robot', password: canary('robot') };
  const auth = { kind: 'htpasswd', ...login } as const;
  const { host } = await stage.startRegistry({ name: 'registry-stopped', auth });
  await stage.publish({ host, auth, repository: 'acme/app', tag: 'v1.0.0' });
  const wrong = { ...login, password: canary('nobody') };
  const names = ['secret', 'counter', 'request', 'flux', 'spec', 'shared'];
  await story.apply(
    ...names.map((name) => dockerConfig(`creds-${name}`, host, { ...wrong, password: canary(`${name}-nobody`) })),
  );
  const url = { url: `${host}/acme/app` };
  for (const name of names)
    await story.applyBundle(name, story.spec('', {}, { ...url, secretRef: { name: `creds-${name}` } }));
  const isStopped = ({ phase, consecutiveFailures }: WerfBundleStatus) =>
    phase === 'Failed' && consecutiveFailures === 6;
  for (const name of names) await story.until(name, 'polling has stopped', isStopped);
  t.match((await story.bundle('secret'))?.status, { lastErrorMessage: 'error polling registry: 401 unauthorized' });

  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    counter: () => story.patch('counter', { status: { consecutiveFailures: 0 } }, '--subresource=status'),
    request: () => story.kubectl('annotate', 'wb', 'request', 'werf.io/reconcile-requested-at=now'),
    flux: () => story.kubectl('annotate', 'wb', 'flux', 'reconcile.fluxcd.io/requestedAt=now'),
    spec: () => story.patch('spec', { spec: { registry: { pollInterval: '2m' } } }),
  };
  const failedAt = async (name: string) => (await story.bundle(name))?.status?.lastErrorTime;
  for (const [name, step] of Object.entries(steps)) {
    const before = await failedAt(name);
    await step();
    await story.until(name, 'it was polled again', ({ lastErrorTime }) => lastErrorTime !== before);
  }
  await story.apply(dockerConfig('creds-secret', host, login));
  t.equal((await story.synced('secret', 'v1.0.0')).consecutiveFailures, 0, 'a mended Secret is seen');
  t.equal((await story.bundle('shared'))?.status?.phase, 'Failed', 'and says nothing of other credentials');
};

/** One scan is for all bundles of a repository that have the same credentials, also for those that ask for none any more. */
const goesOnWithOthers = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'neighbours');
  const spec = story.spec('acme/neighbours', {}, { pollInterval: '24h' });
  await story.applyBundle('stopped', spec);
  const stopped = await story.until('stopped', 'six failures', ({ phase, consecutiveFailures }) => {
    return phase === 'Failed' && consecutiveFailures === 6;
  });
  t.match(stopped, { lastErrorMessage: 'error polling registry: 404 not found', nextAttemptTime: undefined });
  // Slow, because the registry is asked again when a Job has ended.
  await story.stage.publish({ repository: 'acme/neighbours', tag: 'v1.0.0', behaviour: 'slow: 5' });
  const polls = await story.polls('acme/neighbours');
  await story.applyBundle('other', spec);
  const goesOn = await story.until('stopped', 'goes on', ({ deployment }) => deployment !== undefined);
  t.equal(goesOn.consecutiveFailures, 0);
  // The new bundle's alone: the one that had stopped asks for none, and the first Job that ends asks again.
  t.ok((await story.polls('acme/neighbours')) > polls, 'by the other one\u2019s scan');
  await Promise.all([story.synced('stopped', 'v1.0.0'), story.synced('other', 'v1.0.0')]);
};

const recoversLostStatuses = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'wiped');
  await story.stage.publish({ repository: 'acme/wiped', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await story.applyBundle('app', story.spec('acme/wiped'));
  const wipe = async () => {
    const names = Object.keys((await story.bundle('app'))?.status ?? {});
    const status = Object.fromEntries(names.map((name) => [name, null]));
    const wiped = story.until('app', 'nothing in its status', ({ phase }) => phase === undefined);
    await story.patch('app', { status }, '--subresource=status');
    await wiped;
  };
  await story.until('app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  await wipe();
  const first = await story.synced('app', 'v1.0.0');
  t.same(outcomeOf(first).history, ['1 v1.0.0 Succeeded'], 'the Job that ran was followed');
  await wipe();
  const second = await story.until('app', 'Synced again', ({ phase, history }) => phase === 'Synced' && !!history);
  t.same(outcomeOf(second).history, ['1 v1.0.0 Succeeded'], 'the Job that had ended was found');
  await story.morePolls('acme/wiped', 2);
  t.equal((await story.jobsOf('app')).length, 1, 'and there was one Job');
};

const goesOnByItself = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'patient');
  const { stage } = story;
  const registry = await stage.startRegistry({ name: 'registry-patient' });
  const { host } = registry;
  await registry.stop();
  await story.applyBundle('app', story.spec('', {}, { url: `${host}/acme/patient` }));
  const stopped = await story.until('app', 'six failures', ({ consecutiveFailures }) => consecutiveFailures === 6);
  t.match([stopped.phase, stopped.nextAttemptTime], ['Failed', /Z$/]);
  await stage.startRegistry({ name: 'registry-patient', port: Number(host.split(':').at(-1)) });
  await stage.publish({ host, repository: 'acme/patient', tag: 'v1.0.0' });
  t.equal((await story.synced('app', 'v1.0.0')).consecutiveFailures, 0);
};

/** At the users' own pace: what is seen within seconds was not found by looking again after 30 s, or by a scan after a day. */
const seesWhatAppears = async (t: Test, given: Given): Promise<void> => {
  const story = await storyIn(given, 'appears');
  const { stage } = story;
  const login = { username: 'robot', password: canary('robot') };
  await stage.publish({ repository: 'acme/appears', tag: 'v1.0.0' });
  const daily = (converge: object, registry: object = {}) =>
    story.spec('acme/appears', converge, { pollInterval: '24h', ...registry });
  await story.applyBundle('account', daily({ serviceAccountName: 'werf-robot' }));
  await story.applyBundle('config', daily({ valuesFrom: [{ configMapRef: { name: 'app-config' } }] }));
  await story.applyBundle('database', daily({ valuesFrom: [{ secretRef: { name: 'database' } }] }));
  await story.applyBundle('credentials', daily({}, { secretRef: { name: 'creds' } }));
  await story.applyBundle('consent', daily({ targetNamespace: 'appears-elsewhere' }));
  const names = ['account', 'config', 'database', 'credentials', 'consent'];
  for (const name of names) await story.until(name, 'stalled', ({ phase }) => phase === 'Failed');

  const robot = ['werf-robot', '--role=werf-converge', '--serviceaccount=appears:werf-robot'] as const;
  await story.kubectl('create', 'rolebinding', ...robot);
  const start = performance.now();
  await story.kubectl('create', 'serviceaccount', 'werf-robot');
  await story.apply(
    configMap('app-config', 'replicas: 2'),
    secret('database', { 'values.yaml': `password: ${canary('first')}` }),
    dockerConfig('creds', stage.registryHost, login),
  );
  await stage.makeNamespace('appears-elsewhere');
  await stage.cluster.kubectl(['annotate', 'namespace', 'appears-elsewhere', 'werf.io/accept-bundles-from=appears']);
  const isDeploying = ({ deployment }: WerfBundleStatus) => deployment !== undefined;
  for (const name of names) await story.until(name, 'its obstacle is gone', isDeploying);
  const seconds = (performance.now() - start) / 1_000;
  t.ok(seconds < 25, `${seconds.toFixed(1)} s`);
  for (const name of names) await story.synced(name, 'v1.0.0');

  await story.apply(
    configMap('app-config', 'replicas: 3'),
    secret('database', { 'values.yaml': `password: ${canary('second')}` }),
  );
  for (const name of ['config', 'database'])
    t.equal((await story.synced(name, 'v1.0.0', 2)).deployment?.reason, 'NewValues');
};

t.test('what becomes due, and ways back, on a real control plane', async (t) => {
  const stage = await startDeployStage(t);
  const states = await recordWatch(t, stage, WERFBUNDLES);
  const controller = await stage.startController({ timeScale: TIME_SCALE });
  const given: Given = { stage, states, controller };
  t.jobs = 8;
  const scenarios = {
    'a lower version is deployed when the spec means it': goesDownOnlyWhenMeant,
    'a lower version that only the registry wants is held, or deployed when two scans agree': holdsLowerVersions,
    'polling that has stopped goes on when somebody acts': pollsAgain,
    'and when the registry answers another bundle': goesOnWithOthers,
    'of two bundles with one release the older one has it': leavesReleasesToTheirOwners,
    'a request deploys the same again, once': deploysOnRequest,
    'a tag that moved while its Job ran is deployed again': findsTagsThatMovedMeanwhile,
    'a status that was wiped is told again by the Job': recoversLostStatuses,
  };
  await playAll(t, given, scenarios);
  await controller.stop();

  const patient = await stage.startController({
    ...{ leaderElect: false, timeScale: 10 * TIME_SCALE },
    flags: ['--failed-retry-interval', '30m'],
  });
  await t.test('polling that has stopped goes on by itself where the platform wants it', (t) =>
    goesOnByItself(t, { stage, states, controller: patient }),
  );
  await patient.stop();

  await stage.cluster.kubectl(['apply', '-f', RIGHTS_ON_SECRETS]);
  const watching = await stage.startController({ leaderElect: false, flags: ['--watch-secrets'] });
  await t.test('what a bundle waits for is seen as soon as it is there, and so is a changed value', (t) =>
    seesWhatAppears(t, { stage, states, controller: watching }),
  );
  t.notMatch(await watching.log(), /cannot follow changes/, 'with the rights of its manifests it may watch');
});
