import t, { type Test } from 'tap';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import { SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { releaseOf } from '../../playground/werf-stand-in/release-record.js';
import { type BundleScenario, type Given, outcomeOf, playAll, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { metricFaults, metricOf } from '../kit/exposition.js';
import { faultyLines } from '../kit/log-lines.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, dockerConfig, secret } from '../kit/values-objects.js';

/** Everything that a new tag, a moved one, other values and another spec are deployed for. */
const deploysWhatChanges = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'shop');
  const { fixture } = scenario;
  const published = (tag: string, files = {}) => fixture.publish({ repository: 'acme/shop', tag, files });
  await published('v1.0.0');
  await scenario.apply(configMap('app-config', 'replicas: 2'));
  const valuesFrom = [{ configMapRef: { name: 'app-config' } }];
  await scenario.applyBundle('shop', scenario.spec('acme/shop', { valuesFrom }, { versionConstraint: '1.x' }));
  const first = await scenario.synced('shop', 'v1.0.0');
  t.same(scenario.said('shop'), ['Syncing Unknown FirstScan', 'Syncing Unknown Deploying', 'Synced True Deployed']);
  t.match(first.lastJobLogs, /Succeeded release "shop"/);

  const columns = (await scenario.kubectl('get', 'wb', 'shop')).stdout.trim().split('\n');
  t.match(columns, [
    /^NAME +READY +SUSPENDED +PHASE +TAG +AGE +MESSAGE$/,
    /^shop +True +Synced +v1\.0\.0 +\d+s +deployed v1\.0\.0 to namespace shop$/,
  ]);

  const before = await scenario.bundle('shop');
  await scenario.morePolls('acme/shop', 3);
  t.same(await scenario.bundle('shop'), before, 'scans that find nothing new write nothing');

  const steps: readonly { readonly reason: string; readonly tag: string; readonly change: () => Promise<unknown> }[] = [
    { reason: 'NewTag', tag: 'v1.1.0', change: () => published('v1.1.0') },
    { reason: 'MovedTag', tag: 'v1.1.0', change: () => published('v1.1.0', { 'templates/new.yaml': '{}' }) },
    { reason: 'NewValues', tag: 'v1.1.0', change: () => scenario.apply(configMap('app-config', 'replicas: 3')) },
    {
      reason: 'NewSpec',
      tag: 'v1.1.0',
      change: () => scenario.patch('shop', { spec: { converge: { values: { replicas: 4 } } } }),
    },
  ];
  for (const [index, { reason, tag, change }] of steps.entries()) {
    await change();
    const { deployment } = await scenario.synced('shop', tag, index + 2);
    t.equal(deployment?.reason, reason);
  }
  await scenario.morePolls('acme/shop', 2);
  t.equal((await scenario.bundle('shop'))?.status?.deployment?.number, 5, 'each is deployed once');

  await scenario.patch('shop', { spec: { suspend: true } });
  const suspended = await scenario.until('shop', 'suspended', ({ observedGeneration }) => observedGeneration === 3);
  const shown = (await scenario.kubectl('get', 'wb', 'shop')).stdout.trim().split('\n');
  t.match(shown[1], /^shop +True +True +Synced +v1\.1\.0 +\S+ +suspended; v1\.1\.0 stays$/);
  await published('v1.2.0');
  const polls = await scenario.polls('acme/shop');
  await fixture.publish({ repository: 'acme/beside', tag: 'v1.0.0' });
  await scenario.applyBundle('beside', scenario.spec('acme/beside'));
  await scenario.morePolls('acme/beside', 3);
  t.same([suspended.phase, await scenario.polls('acme/shop')], ['Synced', polls], 'a suspended bundle is not polled');
  await scenario.patch('shop', { spec: { suspend: false } });
  await scenario.synced('shop', 'v1.2.0', 6);

  const phases = scenario.said('shop').map((line) => line.split(' ')[0]);
  const entered = phases.filter((phase, index) => phase !== phases[index - 1]);
  t.same(entered, Array.from({ length: 6 }, () => ['Syncing', 'Synced']).flat(), 'and no phase flaps');
  const told = await eventually(
    () => scenario.eventsOf('shop'),
    (reasons) => reasons.length >= 15,
  );
  const each = ['Deploying', 'Deployed'].flatMap((reason) => Array.from({ length: 6 }, () => reason));
  t.same(
    told,
    [...each, 'ETagUnsupported', 'Suspended', 'Resumed'].toSorted(),
    'and each transition is an event, once',
  );

  t.equal((await scenario.jobsOf('shop')).length, 6);
  await scenario.kubectl('delete', 'werfbundle', 'shop');
  const left = await eventually(
    () => scenario.jobsOf('shop'),
    (jobs) => jobs.length === 0,
    60_000,
  );
  t.same(left, [], 'the Jobs of a deleted bundle go with it');
};

/** Whatever a bundle needs and has not is named in the guide's words, and waited for. */
const waitsForWhatIsMissing = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'missing');
  const { fixture } = scenario;
  await fixture.makeNamespace('missing-target');
  await fixture.publish({ repository: 'acme/missing', tag: 'v1.0.0' });
  const fromConfigMap = { valuesFrom: [{ configMapRef: { name: 'app-config' } }] };
  const annotation = 'werf.io/accept-bundles-from';
  const rows = [
    {
      name: 'no-account',
      spec: scenario.spec('acme/missing', { serviceAccountName: 'werf-robot' }),
      message: 'ServiceAccount werf-robot does not exist in namespace missing',
    },
    {
      name: 'no-config',
      spec: scenario.spec('acme/missing', fromConfigMap),
      message: "failed to get ConfigMap 'app-config' from namespace 'missing'",
    },
    {
      name: 'no-secret',
      spec: scenario.spec('acme/missing', { valuesFrom: [{ secretRef: { name: 'app-secret' } }] }),
      message: "failed to get Secret 'app-secret' from namespace 'missing'",
    },
    {
      name: 'no-credentials',
      spec: scenario.spec('acme/missing', {}, { secretRef: { name: 'registry-creds' } }),
      message: 'spec.registry.secretRef.name: Secret registry-creds does not exist in namespace missing',
    },
    {
      name: 'no-consent',
      spec: scenario.spec('acme/missing', { targetNamespace: 'missing-target' }),
      message: `namespace missing-target does not accept bundles from namespace missing; if it accepts others, add this one to its annotation, else: kubectl annotate namespace missing-target ${annotation}=missing`,
    },
  ];
  for (const { name, spec } of rows) await scenario.applyBundle(name, spec);
  for (const { name, message } of rows) {
    const status = await scenario.failed(name, message);
    t.same(
      [status.consecutiveFailures, status.deployment],
      [0, undefined],
      'that is no failed poll, and nothing is deployed',
    );
  }
  await fixture.cluster.kubectl(['annotate', 'namespace', 'missing-target', `${annotation}=missing`]);
  const elsewhere = scenario.spec('acme/missing', { ...fromConfigMap, targetNamespace: 'missing-target' });
  await scenario.applyBundle('no-config-anywhere', elsewhere);
  await scenario.failed(
    'no-config-anywhere',
    "configMap 'app-config' not found in namespaces 'missing' or 'missing-target'",
  );

  await scenario.kubectl('create', 'serviceaccount', 'werf-robot');
  await scenario.kubectl(
    'create',
    'rolebinding',
    'werf-robot',
    '--role=werf-converge',
    '--serviceaccount=missing:werf-robot',
  );
  await scenario.apply(
    configMap('app-config', 'replicas: 2'),
    secret('app-secret', { 'values.yaml': `password: ${canary('app')}` }),
    dockerConfig('registry-creds', fixture.registryHost, { username: 'robot', password: canary('robot') }),
  );
  for (const name of [...rows.map((row) => row.name), 'no-config-anywhere']) {
    t.same(outcomeOf(await scenario.synced(name, 'v1.0.0')), {
      phase: 'Synced',
      number: 1,
      reason: 'NewTag',
      history: ['1 v1.0.0 Succeeded'],
      consecutiveFailures: 0,
    });
    t.match(scenario.said(name).at(-1), 'Synced True Deployed');
  }
  const released = await fixture.client.list(
    SECRETS,
    { namespace: 'missing-target', labelSelector: 'owner=helm' },
    fixture.signal,
  );
  t.same(
    released.items.map(({ metadata }) => metadata.labels?.['name']),
    ['no-config-anywhere', 'no-consent'],
    'what was accepted is deployed into the other namespace',
  );
};

/** A deployment that fails says why, in one line, and where more is. */
const tellsWhyItFailed = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'failing');
  const { fixture } = scenario;
  const limits = { resourceLimits: { memory: '128Mi' } };
  await fixture.publish({ repository: 'acme/hungry', tag: 'v1.0.0', behaviour: 'oom' });
  await fixture.publish({ repository: 'acme/clumsy', tag: 'v1.0.0', behaviour: 'fail' });
  await scenario.applyBundle('hungry', scenario.spec('acme/hungry', limits));
  await scenario.applyBundle('clumsy', scenario.spec('acme/clumsy', { retries: 1 }));

  const oom = (limit: string, next: string) =>
    `pod failed with OOMKilled: memory limit ${limit}; set spec.converge.resourceLimits.memory to ${next}`;
  await scenario.failed('hungry', oom('128Mi', '256Mi'));
  await scenario.patch('hungry', { spec: { converge: { resourceLimits: { memory: '160Mi' } } } });
  const hungry = await scenario.failed('hungry', oom('160Mi', '320Mi'));
  t.same(outcomeOf(hungry), {
    phase: 'Failed',
    number: 2,
    reason: 'NewSpec',
    consecutiveFailures: 0,
    history: ['2 v1.0.0 Failed', '1 v1.0.0 Failed'],
    lastErrorMessage: oom('160Mi', '320Mi'),
  });

  const error =
    'release install: failed release "clumsy" (namespace: "failing"): execute release install plan: wait for operations completion: ' +
    'execute operation: track resource readiness: resource "Deployment/backend" failed: the chart asked for it';
  const clumsy = await scenario.failed('clumsy', `pod failed with exit code 1: ${error}`);
  t.same(outcomeOf(clumsy).history, ['2 v1.0.0 Failed', '1 v1.0.0 Failed'], 'one retry was allowed');
  t.match(clumsy.lastJobLogs, /CrashLoopBackOff\nError: release install/);
  t.same(scenario.said('clumsy'), [
    ...['Syncing Unknown FirstScan', 'Syncing Unknown Deploying', 'Syncing False DeployFailed'],
    ...['Syncing Unknown Deploying', 'Failed False DeployFailed'],
  ]);
  await fixture.publish({ repository: 'acme/clumsy', tag: 'v1.0.1' });
  t.same(outcomeOf(await scenario.synced('clumsy', 'v1.0.1', 3)).history?.[0], '3 v1.0.1 Succeeded');
};

/** What werf waited for in vain is told with the words of its Pods: these are the real ones of a Deployment that fits no node. */
const tellsWhyNotReady = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'unready');
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'unready' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { nodeSelector: { 'no.such/node': 'here' }, containers: [{ name: 'web', image: 'busybox' }] },
      },
    },
  };
  await scenario.apply(deployment);
  await scenario.fixture.publish({ repository: 'acme/unready', tag: 'v1.0.0', behaviour: 'unready' });
  await scenario.applyBundle('unready', scenario.spec('acme/unready', { timeout: '1m', rollbackOnFailure: true }));
  const failed = await scenario.until('unready', 'fails', ({ phase }) => phase === 'Failed');
  t.match(
    failed.lastErrorMessage,
    /^pod failed with exit code 1: release install: failed .*: track resource "unready\/Deployment\/web": context deadline exceeded; Pod web-\w+-\w+ is not ready: Unschedulable: 0\/1 nodes are available: 1 node\(s\) didn't match/,
  );
};

/** A Job that gave no result is made again: one that somebody deleted, and one that the apiserver would not have. */
const makesJobsAgain = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'again');
  const quota = await scenarioIn(given, 'quota');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/slow', tag: 'v1.0.0', behaviour: 'slow: 1' });
  const none = { 'count/jobs.batch': '0' };
  await quota.kubectl('create', 'quota', 'no-jobs', '--hard=count/jobs.batch=0');
  // What the quota controller would do, which is not among those that run here.
  const counted = JSON.stringify({ status: { hard: none, used: none } });
  await quota.kubectl('patch', 'quota', 'no-jobs', '--subresource=status', '--type=merge', '-p', counted);
  await scenario.applyBundle('slow', scenario.spec('acme/slow'));
  // Meanwhile: after three refusals it is not tried again, and that is soon on this clock.
  const refusing = refusedByQuota(t, quota);
  const { activeJobName = '' } = await scenario.until(
    'slow',
    'its Job runs',
    (status) => status.activeJobName !== undefined,
  );
  await scenario.kubectl('delete', 'job', activeJobName, '--wait=false');
  const { phase, lastErrorMessage } = await scenario.until(
    'slow',
    'its Job is lost',
    ({ history }) => history?.[0]?.result === 'Lost',
  );
  t.equal(phase, 'Syncing');
  t.match(lastErrorMessage, /was deleted while it ran|is gone without a result/);
  t.same(outcomeOf(await scenario.synced('slow', 'v1.0.0', 2)), {
    phase: 'Synced',
    number: 2,
    reason: 'JobLost',
    consecutiveFailures: 0,
    history: ['2 v1.0.0 Succeeded', '1 v1.0.0 Lost'],
  });
  await refusing;
};

const refusedByQuota = async (t: Test, quota: BundleScenario): Promise<void> => {
  await quota.applyBundle('slow', quota.spec('acme/slow'));
  const words = /forbidden: .*exceeded quota: no-jobs/;
  const refused = await quota.until('slow', 'its Job is refused', ({ history }) => history?.[0]?.result === 'Refused');
  t.match([refused.phase, refused.lastErrorMessage, refused.nextAttemptTime], ['Syncing', words, /Z$/]);
  await quota.kubectl('delete', 'quota', 'no-jobs');
  const mended = await quota.until('slow', 'Synced', (status) => status.phase === 'Synced');
  t.equal(mended.deployment?.reason, 'JobLost');
};

/** What came from a Secret is seen by the deployment, and by nobody else. */
const keepsSecrets = async (t: Test, given: Given): Promise<void> => {
  const password = canary('database');
  const scenario = await scenarioIn(given, 'secretive');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/chatty', tag: 'v1.0.0', behaviour: 'print-values' });
  await scenario.apply(
    configMap('open', 'greeting: hello'),
    secret('database', { 'values.yaml': `database:\n  password: ${password}\n` }),
  );
  const valuesFrom = [{ configMapRef: { name: 'open' } }, { secretRef: { name: 'database' } }];
  await scenario.applyBundle('chatty', scenario.spec('acme/chatty', { valuesFrom }));
  const { lastJobLogs, lastJobName = '' } = await scenario.synced('chatty', 'v1.0.0');
  t.match(lastJobLogs, /\*\*\*:\n {2}\*\*\*: \*\*\*\ngreeting: hello\n/);
  t.match((await scenario.kubectl('logs', `job/${lastJobName}`)).stdout, password, 'the deployment itself had it');
  const left = async () => {
    const list = await fixture.client.list(
      SECRETS,
      { namespace: 'secretive', labelSelector: 'werf.io/job' },
      fixture.signal,
    );
    return list.items.map(({ metadata }) => metadata.name);
  };
  t.same(await eventually(left, (names) => names.length === 0), [], 'the Job\u2019s Secret is gone');
};

/** Values as the guide's commands show them, and as the deployment gets them: by arguments and by a file. */
const deliversValues = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'values');
  const { fixture } = scenario;
  await fixture.publish({ repository: 'acme/values', tag: 'v1.0.0' });
  const settings = {
    app: {
      replicas: 3,
      image: 'nginx:1.27',
      debug: false,
      ratio: 0.5,
      hosts: ['a.example', 'b.example'],
      nothing: null,
    },
    odd: { 'kubernetes.io/role': 'a,b={c}', home: '$(HOME) $$', braces: '{}', text: '007', lines: 'x\n  y\n' },
    big: 1234567,
  };
  const own = { app: { token: canary('values') }, database: { port: 5432 } };
  // So much that it is read by the controller's thread.
  const written = (values: object) => `${JSON.stringify(values)}\n# ${'x'.repeat(4_096)}`;
  await scenario.apply(
    configMap('app-config', written(settings)),
    secret('database', { 'values.yaml': JSON.stringify(own) }),
  );
  const valuesFrom = [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'database' } }];
  await scenario.applyBundle('app', scenario.spec('acme/values', { valuesFrom, values: { app: { replicas: 5 } } }));
  const { lastJobName = '' } = await scenario.synced('app', 'v1.0.0');

  const job = (await scenario.kubectl('get', 'job', lastJobName, '-o', 'yaml')).stdout.split('\n');
  const at = job.findIndex((line) => line.includes('args:'));
  const shown = job.slice(at, at + 31).filter((line) => line.includes('set'));
  t.match(shown.join('\n'), '- --set=app.debug=false', 'grep -A 30 "args:" | grep "set"');
  t.notMatch(job.join('\n'), canary('values'), "a Secret's value is in no argument");
  const [made] = await scenario.jobsOf('app');
  const [container] = (made?.spec?.template.spec?.['containers'] ?? []) as { args: readonly string[] }[];
  t.same(
    container?.args.filter((arg) => arg.startsWith('--set')),
    [
      '--set=app.debug=false',
      '--set-string=app.image=nginx:1.27',
      '--set=app.nothing=null',
      '--set-string=odd.braces=\\{}',
      '--set-string=odd.home=$$(HOME) $$$$',
      '--set-string=odd.kubernetes\\.io/role=a\\,b={c}',
      '--set-string=odd.lines=x\n  y\n',
      '--set-string=odd.text=007',
    ],
  );
  const recorded = async () => {
    const selector = { namespace: 'values', labelSelector: 'owner=helm,name=app,status=deployed' };
    const { items } = await fixture.client.list(SECRETS, selector, fixture.signal);
    return items[0] && releaseOf(items[0])?.values;
  };
  const whole = { ...settings, ...own, app: { ...settings.app, ...own.app, replicas: 5 } };
  t.strictSame(await recorded(), whole, 'the deployment has them all, each with its type');

  await scenario.apply(secret('database', { 'values.yaml': JSON.stringify({ ...own, database: { port: 5433 } }) }));
  const { deployment } = await scenario.synced('app', 'v1.0.0', 2);
  t.equal(deployment?.reason, 'NewValues', "a Secret's value that changed is deployed");
  t.strictSame(await recorded(), { ...whole, database: { port: 5433 } });

  // First into the Secret, which wins: the values are the same all the time.
  await scenario.apply(
    secret('database', {
      'values.yaml': JSON.stringify({ ...own, app: { ...settings.app, ...own.app }, database: { port: 5433 } }),
    }),
  );
  await scenario.apply(configMap('app-config', written({ ...settings, app: {} })));
  await scenario.morePolls('acme/values', 2);
  t.equal(
    (await scenario.bundle('app'))?.status?.deployment?.number,
    2,
    'one that only moved from source to source is not',
  );
};

/** The guide's table of backoff, and the way out of its end. */
const backsOffFromRegistries = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'outage');
  const { fixture } = scenario;
  const registry = await fixture.startRegistry({ name: 'registry-outage' });
  const port = Number(registry.host.split(':').at(-1));
  await fixture.publish({ host: registry.host, repository: 'acme/outage', tag: 'v1.0.0' });
  await scenario.applyBundle('app', scenario.spec('', {}, { url: `${registry.host}/acme/outage` }));
  await scenario.synced('app', 'v1.0.0');
  await registry.stop();
  const stopped = await scenario.until('app', 'six failures', ({ phase }) => phase === 'Failed');
  const told = given.states
    .states()
    .filter(({ metadata }) => metadata.namespace === 'outage')
    .flatMap(({ status }) => status?.conditions?.find(({ type }) => type === 'RegistryReachable')?.message ?? []);
  const error = `error polling registry: connection refused (${registry.host}/acme/outage)`;
  const waits = ['30s', '1m', '2m', '4m', '8m'];
  t.same([...new Set(told)].slice(-6), [
    ...waits.map((wait, index) => `${error} (failure ${index + 1} of 6, next try after ${wait})`),
    `${error} (failure 6 of 6: polling has stopped; mend the cause, then run kubectl annotate wb app -n outage --overwrite werf.io/reconcile-requested-at="$(date)")`,
  ]);
  t.same([stopped.consecutiveFailures, stopped.lastErrorMessage, stopped.nextAttemptTime], [6, error, undefined]);
  t.same(scenario.said('app').slice(-3), [
    'Synced True Deployed',
    'Syncing True PollFailed',
    'Failed False PollingStopped',
  ]);

  const again = await fixture.startRegistry({ name: 'registry-outage', port });
  await fixture.publish({ host: again.host, repository: 'acme/outage', tag: 'v1.1.0' });
  await fixture.publish({ host: again.host, repository: 'acme/beside', tag: 'v1.0.0' });
  const polls = await scenario.polls('acme/outage');
  await scenario.applyBundle('beside', scenario.spec('', {}, { url: `${again.host}/acme/beside` }));
  await scenario.morePolls('acme/beside', 3);
  t.equal(await scenario.polls('acme/outage'), polls, 'polling has stopped');
  await scenario.patch('app', { status: { consecutiveFailures: 0 } }, '--subresource=status');
  const { consecutiveFailures, lastErrorMessage } = await scenario.synced('app', 'v1.1.0', 2);
  t.ok((await scenario.eventsOf('app')).includes('PollingResumed'), 'that it was reset is told');
  t.same([consecutiveFailures, lastErrorMessage], [0, undefined]);
};

/** What a registry answers is told in the guide's words; with the right credentials Job and poll both get in. */
const usesCredentials = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'private');
  const { fixture } = scenario;
  const login = { username: 'robot', password: canary('robot') };
  const registry = await fixture.startRegistry({ name: 'registry-private', auth: { kind: 'htpasswd', ...login } });
  const { host } = registry;
  await fixture.publish({ host, auth: { kind: 'htpasswd', ...login }, repository: 'acme/app', tag: 'v1.0.0' });
  await scenario.apply(
    dockerConfig('right', host, login),
    dockerConfig('wrong', host, { ...login, password: canary('nobody') }),
    dockerConfig('elsewhere', canary('host'), { ...login, password: canary('other') }),
  );
  const spec = (repository: string, name?: string) =>
    scenario.spec('', {}, { url: `${host}/${repository}`, ...(name !== undefined && { secretRef: { name } }) });
  await scenario.applyBundle('right', spec('acme/app', 'right'));
  const failing = async (name: string, of: WerfBundleSpec, message: string) => {
    await scenario.applyBundle(name, of);
    await scenario.until(name, message, ({ lastErrorMessage }) => lastErrorMessage === message);
    const phases = scenario.states(name).map(({ status }) => status?.lastErrorMessage === message && status.phase);
    t.ok(phases.includes('Syncing'), `${name} waits at first, and fails only later: ${phases.join()}`);
  };
  const secret = (name: string) => `the credentials of Secret ${name} in namespace private`;
  await failing(
    'anonymous',
    spec('acme/app'),
    `error polling registry: 401 unauthorized (${host}/acme/app, without credentials: if it is private, kubectl create secret docker-registry NAME -n private --docker-server=${host} --docker-username=USER --docker-password=PASSWORD, and name it in spec.registry.secretRef)`,
  );
  await failing(
    'wrong',
    spec('acme/app', 'wrong'),
    `error polling registry: 401 unauthorized (${host}/acme/app, with ${secret('wrong')}: are they valid, and may they read it?)`,
  );
  await failing(
    'elsewhere',
    spec('acme/app', 'elsewhere'),
    `error polling registry: 401 unauthorized (${host}/acme/app, without credentials: no entry of Secret elsewhere in namespace private fits ${host}/acme/app; it has one, for another place)`,
  );
  await failing(
    'nowhere',
    spec('acme/other', 'right'),
    `error polling registry: 404 not found (${host}/acme/other, with ${secret('right')})`,
  );
  const logged = (await given.controller.log()).split('\n');
  for (const [name, error] of [
    ['anonymous', '401 unauthorized'],
    ['nowhere', '404 not found'],
  ]) {
    const [line = '{}'] = logged.filter((text) => text.includes(`private/${name}"`) && text.includes(`: ${error}`));
    const { message, ...fields } = JSON.parse(line);
    t.ok(/^(polling registry failed|bundle changed)$/.test(message), `a line of the log says so of ${name}`);
    t.match(JSON.stringify(fields), `error polling registry: ${error}`);
  }
  const looks = logged.filter((text) => text.includes('"bundle changed"')).map((text) => JSON.parse(text).reconcileId);
  t.ok(looks.length > 0 && looks.every((id) => /^[0-9a-f]{8}$/.test(id)), 'lines of one look have its id');
  t.same(outcomeOf(await scenario.synced('right', 'v1.0.0')).history, ['1 v1.0.0 Succeeded']);
  await scenario.patch('anonymous', { spec: { registry: { secretRef: { name: 'right' } } } });
  t.same((await scenario.synced('anonymous', 'v1.0.0')).consecutiveFailures, 0);
};

const takesLongNames = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'long');
  const name = `${'a.b-'.repeat(62)}c.d.e`;
  t.equal(name.length, 253);
  await scenario.fixture.publish({ repository: 'acme/long', tag: 'v1.0.0' });
  await scenario.applyBundle(name, scenario.spec('acme/long'));
  const { deployment } = await scenario.synced(name, 'v1.0.0');
  t.match(deployment?.jobName, /^a-b-[a-z0-9-]{1,41}-[0-9a-f]{8}-[0-9a-f]{8}$/);
  const told = await eventually(
    () => scenario.eventsOf(name),
    (reasons) => reasons.length >= 3,
  );
  t.same(told, ['Deployed', 'Deploying', 'ETagUnsupported'], 'its events can be told, too');
};

t.test('the controller on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: Given = { fixture, states, controller };
  await t.test('deploys, and reports it', async (t) => {
    t.jobs = 8;
    const scenarios = {
      'what is new or has changed is deployed once, and each step told once': deploysWhatChanges,
      'what is missing is named in the guide\u2019s words, and waited for': waitsForWhatIsMissing,
      'a Job that fails says why, and is tried again as often as the bundle says': tellsWhyItFailed,
      'what is not ready in time is told with its Pods\u2019 own reason': tellsWhyNotReady,
      'a Job that gave no result is made again': makesJobsAgain,
      'a value from a Secret is seen by the deployment alone': keepsSecrets,
      'values reach the deployment by arguments and by a file, a Secret\u2019s by the file alone': deliversValues,
      'a registry that is down is polled after 30s, 1m, 2m, 4m and 8m, and then no more': backsOffFromRegistries,
      'a private registry is asked, and pulled from, with the bundle\u2019s credentials': usesCredentials,
      'a bundle may have any name that Kubernetes allows': takesLongNames,
    };
    await playAll(t, given, scenarios);
  });

  await t.test('counts what it does', async (t) => {
    const { items } = await fixture.client.list(WERFBUNDLES, {}, fixture.signal);
    const phases = ['Syncing', 'Synced', 'Failed', 'none'].map((phase) => ({
      phase,
      bundles: items.filter(({ status }) => (status?.phase ?? 'none') === phase).length,
    }));
    // Its watch may be a moment behind.
    const text = await eventually(
      () => controller.get('/metrics'),
      (seen) => phases.every(({ phase, bundles }) => metricOf(seen, 'bundles', { phase }) === bundles),
    );
    t.strictSame(metricFaults(text), [], 'by the names and labels of the reference');
    for (const { phase, bundles } of phases) t.equal(metricOf(text, 'bundles', { phase }), bundles, phase);
    const counted = [
      ...['Succeeded', 'Failed', 'Lost', 'Refused'].map((result) => ['jobs_total', { result }] as const),
      ...['success', 'unauthorized', 'not-found', 'connection'].map(
        (result) => ['registry_scans_total', { result }] as const,
      ),
      ...['found', 'absent'].map((result) => ['lookups_total', { kind: 'ConfigMap', result }] as const),
      ['kube_requests_total', { verb: 'patch', resource: 'werfbundles.werf.io/status', code: '200' }] as const,
    ];
    for (const [name, labels] of counted)
      t.ok((metricOf(text, name, labels) ?? 0) > 0, `${name} ${JSON.stringify(labels)}`);
    t.equal(metricOf(text, 'job_duration_seconds_count'), metricOf(text, 'jobs_total'), 'each Job has taken its time');
    t.strictSame([metricOf(text, 'leader'), metricOf(text, 'reconcile_errors_total', { cause: 'bug' })], [1, 0]);
    t.equal(metricOf(text, 'bundle_info'), items.length, 'and each bundle has a series; one that was deleted has none');
    const stopped = {
      namespace: 'outage',
      name: 'app',
      phase: 'Synced',
      ready: 'True',
      reason: 'Deployed',
      suspended: 'false',
      drifted: 'none',
      tag: 'v1.1.0',
    };
    t.equal(metricOf(text, 'bundle_info', stopped), 1);
    t.equal(metricOf(text, 'build_info'), 1);
  });

  await t.test('ends within two seconds after a signal, and leaves nothing running', async (t) => {
    const { how, ms } = await controller.stop();
    t.equal(how, 'exit code 0');
    t.ok(ms < 2_000, `${Math.round(ms)} ms`);
    t.notMatch(await controller.log(), /"level":"error"/, 'it never met a fault of its own');
    t.same(faultyLines(await controller.log()), [], 'each line of its log is JSON, with each key once');
    const polls = (await controller.log()).split('\n').filter((line) => /"message":"poll(ing|ed) registry"/.test(line));
    t.ok(polls.length > 0 && polls.every((line) => line.startsWith('{"level":"debug"')), 'polls are for debugging');
  });
});
