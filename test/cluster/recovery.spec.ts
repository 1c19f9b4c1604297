import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type Given, outcomeOf, playAll, readyOf, scenarioIn, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, dockerConfig, secret } from '../kit/values-objects.js';

const RIGHTS_ON_SECRETS = join(import.meta.dirname, '../../manifests/controller/watch-secrets/rights.yaml');

const goesDownOnlyWhenMeant = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'down');
  for (const tag of ['v1.0.0', 'v1.1.0']) await scenario.fixture.publish({ repository: 'acme/down', tag });
  await scenario.applyBundle('app', scenario.spec('acme/down', {}, { versionConstraint: '1.x' }));
  await scenario.synced('app', 'v1.1.0');
  await scenario.patch('app', { spec: { registry: { versionConstraint: '~1.0' } } });
  t.equal(
    (await scenario.synced('app', 'v1.0.0', 2)).deployment?.reason,
    'Downgrade',
    'a narrower constraint is meant',
  );
  await scenario.patch('app', { spec: { registry: { versionConstraint: '1.x' } } });
  t.equal((await scenario.synced('app', 'v1.1.0', 3)).deployment?.reason, 'NewTag');
};

/** The registry has lost a tag: nobody said that the one below it is wanted. */
const holdsLowerVersions = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'held');
  const { fixture } = scenario;
  const loseNewest = async (name: string, registry: object): Promise<void> => {
    const repository = `acme/${name}`;
    await fixture.publish({ repository, tag: 'v1.0.0' });
    const { digest } = await fixture.publish({ repository, tag: 'v1.1.0' });
    await scenario.applyBundle(name, scenario.spec(repository, {}, { versionConstraint: '1.x', ...registry }));
    await scenario.synced(name, 'v1.1.0');
    if (name === 'allowed') await scenario.kubectl('annotate', 'wb', name, 'werf.io/allow-downgrade=true');
    const url = `http://${fixture.registryHost}/v2/${repository}/manifests/${digest}`;
    t.equal((await fetch(url, { method: 'DELETE' })).status, 202);
  };
  const held = async (name: string) => {
    const status = await scenario.until(name, 'held', told('DowngradeHeld'));
    return [status.phase, readyOf(status)];
  };
  const says = (message: string) => ({
    status: 'True',
    reason: 'DowngradeHeld',
    message: `v1.1.0 is deployed and the registry offers only v1.0.0, which is lower: ${message}`,
  });
  const isDeployed = async (name: string) => {
    t.equal((await scenario.synced(name, 'v1.0.0', 2)).deployment?.reason, 'Downgrade');
    const told = (await scenario.eventsOf(name)).filter((reason) => reason === 'DowngradeHeld');
    t.same(told, ['DowngradeHeld'], `${name}: once`);
  };

  const forbidden = async () => {
    await loseNewest('forbidden', {});
    const { namespace } = scenario.ref('forbidden');
    const how = `to deploy it, kubectl annotate wb forbidden -n ${namespace} --overwrite werf.io/allow-downgrade=true, or set spec.registry.tag`;
    t.match(await held('forbidden'), [
      'Synced',
      says(`the controller holds it back until the registry offers another; ${how}`),
    ]);
    await scenario.morePolls('acme/forbidden', 3);
    const { status } = (await scenario.bundle('forbidden')) ?? {};
    t.same([status?.lastAppliedTag, status?.deployment?.number], ['v1.1.0', 1], 'however often it is offered');
    await scenario.kubectl('annotate', 'wb', 'forbidden', 'werf.io/allow-downgrade=true');
    await isDeployed('forbidden');
  };
  const allowed = async () => {
    await loseNewest('allowed', { pollInterval: '24h' });
    const look = (value: string) =>
      scenario.kubectl('annotate', 'wb', 'allowed', '--overwrite', `werf.io/reconcile-requested-at=${value}`);
    await look('first');
    t.match(await held('allowed'), ['Synced', says('it is deployed when a second scan says the same')]);
    await look('second');
    await isDeployed('allowed');
  };
  await Promise.all([forbidden(), allowed()]);
};

const deploysOnRequest = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'request');
  await scenario.fixture.publish({ repository: 'acme/request', tag: 'v1.0.0' });
  await scenario.applyBundle('app', scenario.spec('acme/request'));
  await scenario.synced('app', 'v1.0.0');
  const ask = (value: string) =>
    scenario.kubectl('annotate', 'wb', 'app', '--overwrite', `werf.io/deploy-requested-at=${value}`);
  await ask('one');
  const { deployment, lastHandledDeployRequest } = await scenario.synced('app', 'v1.0.0', 2);
  t.same([deployment?.reason, lastHandledDeployRequest], ['Requested', 'one']);
  await ask('');
  await scenario.morePolls('acme/request', 3);
  t.equal(
    (await scenario.bundle('app'))?.status?.deployment?.number,
    2,
    'one value, one deployment; none asks for none',
  );
};

const findsTagsThatMovedMeanwhile = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'moving');
  const publish = (files: Readonly<Record<string, string>>) =>
    scenario.fixture.publish({ repository: 'acme/moving', tag: 'main', behaviour: 'slow: 2', files });
  await publish({});
  await scenario.applyBundle('app', scenario.spec('acme/moving', {}, { tag: 'main', pollInterval: '24h' }));
  await scenario.until('app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const { digest } = await publish({ 'templates/new.yaml': '{}' });
  const status = await scenario.synced('app', 'main', 2);
  t.same([status.deployment?.reason, status.lastAppliedDigest], ['MovedTag', digest], 'long before the next poll');
};

const leavesReleasesToTheirOwners = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'rivals');
  await scenario.fixture.publish({ repository: 'acme/rivals', tag: 'v1.0.0' });
  await scenario.applyBundle('first', scenario.spec('acme/rivals', { releaseName: 'web' }));
  await scenario.synced('first', 'v1.0.0');
  await scenario.applyBundle('second', scenario.spec('acme/rivals', { releaseName: 'web' }));
  const whose = 'release "web" in namespace "rivals" belongs to the older WerfBundle rivals/first';
  const message = `spec.converge.releaseName: Invalid value: "web": ${whose}; a releaseName of its own is needed`;
  const { deployment } = await scenario.failed('second', message);
  t.equal(deployment, undefined, 'nothing of it is deployed');
  await scenario.kubectl('delete', 'werfbundle', 'first');
  await scenario.synced('second', 'v1.0.0');
};

/** The guide's ways out of a stop, and the two that need nobody. */
const pollsAgain = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'stopped');
  const { fixture } = scenario;
  const login = { username: 'robot', password: canary('robot') };
  const auth = { kind: 'htpasswd', ...login } as const;
  const { host } = await fixture.startRegistry({ name: 'registry-stopped', auth });
  await fixture.publish({ host, auth, repository: 'acme/app', tag: 'v1.0.0' });
  const wrong = { ...login, password: canary('nobody') };
  const names = ['secret', 'counter', 'request', 'flux', 'spec', 'shared'];
  await scenario.apply(
    ...names.map((name) => dockerConfig(`creds-${name}`, host, { ...wrong, password: canary(`${name}-nobody`) })),
  );
  const url = { url: `${host}/acme/app` };
  for (const name of names)
    await scenario.applyBundle(name, scenario.spec('', {}, { ...url, secretRef: { name: `creds-${name}` } }));
  const isStopped = ({ phase, consecutiveFailures }: WerfBundleStatus) =>
    phase === 'Failed' && consecutiveFailures === 6;
  for (const name of names) await scenario.until(name, 'polling has stopped', isStopped);
  t.match((await scenario.bundle('secret'))?.status, {
    lastErrorMessage: /^error polling registry: 401 unauthorized \(/,
  });

  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    counter: () => scenario.patch('counter', { status: { consecutiveFailures: 0 } }, '--subresource=status'),
    request: () => scenario.kubectl('annotate', 'wb', 'request', 'werf.io/reconcile-requested-at=now'),
    flux: () => scenario.kubectl('annotate', 'wb', 'flux', 'reconcile.fluxcd.io/requestedAt=now'),
    spec: () => scenario.patch('spec', { spec: { registry: { pollInterval: '2m' } } }),
  };
  const failedAt = async (name: string) => (await scenario.bundle(name))?.status?.lastErrorTime;
  for (const [name, step] of Object.entries(steps)) {
    const before = await failedAt(name);
    await step();
    await scenario.until(name, 'it was polled again', ({ lastErrorTime }) => lastErrorTime !== before);
  }
  await scenario.apply(dockerConfig('creds-secret', host, login));
  t.equal((await scenario.synced('secret', 'v1.0.0')).consecutiveFailures, 0, 'a mended Secret is seen');
  t.equal((await scenario.bundle('shared'))?.status?.phase, 'Failed', 'and says nothing of other credentials');
};

/** One scan is for all bundles of a repository that have the same credentials, also for those that ask for none any more. */
const goesOnWithOthers = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'neighbours');
  const spec = scenario.spec('acme/neighbours', {}, { pollInterval: '24h' });
  await scenario.applyBundle('stopped', spec);
  const stopped = await scenario.until('stopped', 'six failures', ({ phase, consecutiveFailures }) => {
    return phase === 'Failed' && consecutiveFailures === 6;
  });
  t.match(stopped, { lastErrorMessage: /^error polling registry: 404 not found \(/, nextAttemptTime: undefined });
  // Slow, because the registry is asked again when a Job has ended.
  await scenario.fixture.publish({ repository: 'acme/neighbours', tag: 'v1.0.0', behaviour: 'slow: 5' });
  const polls = await scenario.polls('acme/neighbours');
  await scenario.applyBundle('other', spec);
  const goesOn = await scenario.until('stopped', 'goes on', ({ deployment }) => deployment !== undefined);
  t.equal(goesOn.consecutiveFailures, 0);
  // The new bundle's alone: the one that had stopped asks for none, and the first Job that ends asks again.
  t.ok((await scenario.polls('acme/neighbours')) > polls, 'by the other one\u2019s scan');
  await Promise.all([scenario.synced('stopped', 'v1.0.0'), scenario.synced('other', 'v1.0.0')]);
};

const recoversLostStatuses = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'wiped');
  await scenario.fixture.publish({ repository: 'acme/wiped', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await scenario.applyBundle('app', scenario.spec('acme/wiped'));
  const wipe = async () => {
    const names = Object.keys((await scenario.bundle('app'))?.status ?? {});
    const status = Object.fromEntries(names.map((name) => [name, null]));
    const wiped = scenario.until('app', 'nothing in its status', ({ phase }) => phase === undefined);
    await scenario.patch('app', { status }, '--subresource=status');
    await wiped;
  };
  await scenario.until('app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  await wipe();
  const first = await scenario.synced('app', 'v1.0.0');
  t.same(outcomeOf(first).history, ['1 v1.0.0 Succeeded'], 'the Job that ran was followed');
  await wipe();
  const second = await scenario.until('app', 'Synced again', ({ phase, history }) => phase === 'Synced' && !!history);
  t.same(outcomeOf(second).history, ['1 v1.0.0 Succeeded'], 'the Job that had ended was found');
  await scenario.morePolls('acme/wiped', 2);
  t.equal((await scenario.jobsOf('app')).length, 1, 'and there was one Job');
};

const goesOnByItself = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'patient');
  const { fixture } = scenario;
  const registry = await fixture.startRegistry({ name: 'registry-patient' });
  const { host } = registry;
  await registry.stop();
  await scenario.applyBundle('app', scenario.spec('', {}, { url: `${host}/acme/patient` }));
  const stopped = await scenario.until('app', 'six failures', ({ consecutiveFailures }) => consecutiveFailures === 6);
  t.match([stopped.phase, stopped.nextAttemptTime], ['Failed', /Z$/]);
  await fixture.startRegistry({ name: 'registry-patient', port: Number(host.split(':').at(-1)) });
  await fixture.publish({ host, repository: 'acme/patient', tag: 'v1.0.0' });
  t.equal((await scenario.synced('app', 'v1.0.0')).consecutiveFailures, 0);
};

/** At the users' own pace: what is seen within seconds was not found by looking again after 30 s, or by a scan after a day. */
const seesWhatAppears = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'appears');
  const { fixture } = scenario;
  const login = { username: 'robot', password: canary('robot') };
  await fixture.publish({ repository: 'acme/appears', tag: 'v1.0.0' });
  const daily = (converge: object, registry: object = {}) =>
    scenario.spec('acme/appears', converge, { pollInterval: '24h', ...registry });
  await scenario.applyBundle('account', daily({ serviceAccountName: 'werf-robot' }));
  await scenario.applyBundle('config', daily({ valuesFrom: [{ configMapRef: { name: 'app-config' } }] }));
  await scenario.applyBundle('database', daily({ valuesFrom: [{ secretRef: { name: 'database' } }] }));
  await scenario.applyBundle('credentials', daily({}, { secretRef: { name: 'creds' } }));
  await scenario.applyBundle('consent', daily({ targetNamespace: 'appears-elsewhere' }));
  const names = ['account', 'config', 'database', 'credentials', 'consent'];
  for (const name of names) await scenario.until(name, 'stalled', ({ phase }) => phase === 'Failed');

  const robot = ['werf-robot', '--role=werf-converge', '--serviceaccount=appears:werf-robot'] as const;
  await scenario.kubectl('create', 'rolebinding', ...robot);
  const start = performance.now();
  await scenario.kubectl('create', 'serviceaccount', 'werf-robot');
  await scenario.apply(
    configMap('app-config', 'replicas: 2'),
    secret('database', { 'values.yaml': `password: ${canary('first')}` }),
    dockerConfig('creds', fixture.registryHost, login),
  );
  await fixture.makeNamespace('appears-elsewhere');
  await fixture.cluster.kubectl(['annotate', 'namespace', 'appears-elsewhere', 'werf.io/accept-bundles-from=appears']);
  const isDeploying = ({ deployment }: WerfBundleStatus) => deployment !== undefined;
  for (const name of names) await scenario.until(name, 'its obstacle is gone', isDeploying);
  const seconds = (performance.now() - start) / 1_000;
  t.ok(seconds < 25, `${seconds.toFixed(1)} s`);
  for (const name of names) await scenario.synced(name, 'v1.0.0');

  await scenario.apply(
    configMap('app-config', 'replicas: 3'),
    secret('database', { 'values.yaml': `password: ${canary('second')}` }),
  );
  for (const name of ['config', 'database'])
    t.equal((await scenario.synced(name, 'v1.0.0', 2)).deployment?.reason, 'NewValues');
};

t.test('what becomes due, and ways back, on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: Given = { fixture, states, controller };
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

  const patient = await fixture.startController({
    leaderElect: false,
    timeScale: 10 * TIME_SCALE,
    flags: ['--failed-retry-interval', '30m'],
  });
  await t.test('polling that has stopped begins again by itself where the platform says so', (t) =>
    goesOnByItself(t, { fixture, states, controller: patient }),
  );
  await patient.stop();

  await fixture.cluster.kubectl(['apply', '-f', RIGHTS_ON_SECRETS]);
  const watching = await fixture.startController({ leaderElect: false, flags: ['--watch-secrets'] });
  await t.test('an object that a bundle waits for is seen as soon as it exists, and so is a changed value', (t) =>
    seesWhatAppears(t, { fixture, states, controller: watching }),
  );
  t.notMatch(await watching.log(), /cannot follow changes/, 'with the rights of its manifests it may watch');
});
