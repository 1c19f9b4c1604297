import t, { type Test } from 'tap';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type Given, PATIENCE_MS, playAll, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { type FakeRegistry, startFakeRegistry } from '../kit/fake-registry.js';
import { startForwardProxy } from '../kit/forward-proxy.js';
import { Guide } from '../kit/guide.js';
import { GuideReader, type GuideShell, type Shown } from '../kit/guide-reader.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, dockerConfig } from '../kit/values-objects.js';

// docs/troubleshooting.md, tried: its commands are run as they stand there, with other names, and each row of its tables is made to
// happen and read back. Webhook and controller are processes beside the cluster, with the rights of manifests/rbac; what the guide asks
// their Pods for, their logs, is asked of them (test/kit/guide-reader.ts).

/** What can't be had here, and why. */
const NOT_TRIED: Readonly<Record<string, string>> = {
  'kubectl run -it --rm debug --image=curlimages/curl -- sh':
    'the node agent runs no images; curl runs beside the cluster',
  'helm get values my-app --revision 2 -n production': 'there is no helm; deploy.spec.ts reads the same record',
  'kubectl top pod -n k8s-werf-operator-go-system': 'it needs a metrics server',
  'kubectl describe pod <operator-pod> -n k8s-werf-operator-go-system': 'the operator is no Pod here',
  'werfbundle release-hold my-app -n k8s-werf-operator-go-system': 'test/cluster/steer.spec.ts lets go what is held',
  "kubectl get wb my-app -n k8s-werf-operator-go-system -o jsonpath='{.status.holds}'":
    'test/cluster/doctor.spec.ts reads what is held',
  "kubectl get wb my-app -n k8s-werf-operator-go-system -o jsonpath='{.status.plan}'":
    'test/cluster/plan.spec.ts reads what is planned',
  'Error messages: to read all values takes more than 256 MB of memory':
    'values-delivery.spec.ts shows it, without a cluster',
};

const DESCRIBE = /^kubectl describe werfbundle my-app /;
const ERRORS = 'Error messages';
const PHASES = 'Step 2: the phase';

interface GuideGiven extends Given {
  readonly guide: Guide;
  readonly shell: GuideShell;
}

/** A namespace to deploy into that accepts the bundles of another one. */
const targetOf = async ({ fixture }: GuideGiven, namespace: string): Promise<string> => {
  const target = `${namespace}-production`;
  await fixture.makeNamespace(target);
  await fixture.cluster.kubectl(['annotate', 'namespace', target, `werf.io/accept-bundles-from=${namespace}`]);
  return target;
};

/** Whoever has trouble with one bundle. */
const readerOf = ({ shell, fixture }: GuideGiven, namespace: string, names: Readonly<Record<string, string>> = {}) =>
  new GuideReader(shell, {
    'k8s-werf-operator-go-system': namespace,
    production: `${namespace}-production`,
    'https://ghcr.io': `http://${fixture.registryHost}`,
    ...names,
  });

/** Does it again until it shows what is wanted: what is seen is a moment behind what happens. */
const shows = async (t: Test, act: () => Promise<Shown>, wanted: RegExp | string): Promise<string> => {
  const isThere = ({ text }: Shown) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
  const { text } = await eventually(act, isThere, PATIENCE_MS);
  t.match(text, wanted, String(wanted));
  return text;
};

/** A field of a status, as kubectl describe prints it: `Last E Tag:  …`. */
const printed = (field: string): RegExp => {
  const label = field.replaceAll(/[A-Z]/g, ' $&').replace(/^./, (first) => first.toUpperCase());
  return new RegExp(`^  ${label}: +\\S|^  ${label}:\\n +\\S`, 'm');
};

/** From the first look to the last line of the log: a bundle that goes well. */
const goesWell = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'well');
  const target = await targetOf(given, 'well');
  const reader = readerOf(given, 'well', { 'myorg/my-app-bundle': 'acme/well' });
  await scenario.fixture.publish({ repository: 'acme/well', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await scenario.apply(configMap('app-config', 'app: {image: v3, replicas: 3}'));
  const valuesFrom = [{ configMapRef: { name: 'app-config' } }];
  await scenario.applyBundle('my-app', scenario.spec('acme/well', { targetNamespace: target, valuesFrom }));
  await scenario.until('my-app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const running = await reader.does(DESCRIBE);
  t.match(running.text, new RegExp(`^  Phase: +${reader.promised(PHASES, 'Syncing')}$`, 'm'));
  for (const field of ['activeJobName', 'lastJobStatus']) {
    t.match(running.text, printed(reader.promised('Status fields', field)), field);
  }
  const pods = ['get', 'pods', '-n', target, '--field-selector', 'status.phase=Running', '-o', 'name'];
  await eventually(
    async () => (await scenario.fixture.cluster.kubectl(pods)).stdout,
    (names) => names !== '',
    60_000,
  );
  const [followed, waited] = await Promise.all([
    reader.does(/^JOB_NAME=/, /^kubectl logs -f -n production job/),
    reader.does(/^kubectl wait /),
  ]);
  t.match(followed.text, /Succeeded release "my-app"/, 'the log is followed to its end');
  t.match(waited, { code: 0, text: /^werfbundle.werf.io\/my-app condition met$/m });
  const { lastJobName = '' } = await scenario.synced('my-app', 'v1.0.0');
  // The bundle is told of the end of its Pod, which the Job controller may count a moment later.
  const counted = ['wait', 'job', lastJobName, '--for=condition=Complete', '--timeout=60s', '-n', target];
  t.match(await scenario.fixture.cluster.kubectl(counted), { code: 0 });
  const synced = await shows(t, () => reader.does(DESCRIBE), reader.promised(ERRORS, 'ETag support not detected'));
  t.match(synced, new RegExp(`^  Phase: +${reader.promised(PHASES, 'Synced')}$`, 'm'));
  for (const field of ['phase', 'lastAppliedTag', 'lastSyncTime', 'lastETag', 'lastJobLogs'])
    t.match(synced, printed(reader.promised('Status fields', field)), field);

  const found = await reader.does(/^kubectl get job -n production .*--sort-by/);
  t.match(found.text, new RegExp(`^${lastJobName} +`, 'm'), 'its Jobs are found by the label');
  const podName = /^(\S+-\S+) +\d+\/\d+ +Completed/m.exec(
    (await reader.does(/^kubectl get pods -n production/)).text,
  )?.[1];
  const informed = reader.knowing({ '<job-name>': lastJobName, '<pod-name>': podName ?? 'none' });
  const rows: readonly { readonly does: readonly RegExp[]; readonly shows: RegExp }[] = [
    { does: [/^JOB_NAME=/, /^kubectl logs -n production -l job-name/], shows: /Succeeded release "my-app"/ },
    { does: [/^kubectl logs <pod-name> /], shows: /Succeeded release "my-app"/ },
    { does: [/^kubectl logs job\/<job-name> /], shows: /Succeeded release "my-app"/ },
    { does: [/^kubectl describe pod <pod-name> -n production$/], shows: /^Status: +Succeeded$/m },
    { does: [/^kubectl describe pod <pod-name> .*grep/], shows: /^ +Exit Code: +0$/m },
    { does: [/^kubectl get job -n production .*-o wide$/], shows: new RegExp(`^${lastJobName} +Complete +1/1 `, 'm') },
    { does: [/^kubectl get job <job-name> .*-A 30/], shows: /- --set-string=app.image=v3$/m },
    { does: [/^kubectl get job <job-name> .*jq/], shows: /^--set-string=app.image=v3$/m },
    { does: [/^kubectl get werfbundle my-app -o yaml [^|]*$/], shows: /^ {2}lastAppliedTag: v1.0.0$/m },
    {
      does: [/^kubectl get wb my-app [^|]*system$/],
      shows: /^my-app +True +Synced +v1.0.0 +\S+ +deployed v1.0.0 to namespace/m,
    },
    { does: [/\{\.spec\.registry\.url\}/], shows: new RegExp(`^${scenario.fixture.registryHost}/acme/well$`) },
    { does: [/\{\.spec\.registry\.pollInterval\}/], shows: /^1m$/ },
    { does: [/\{\.spec\.converge\.targetNamespace\}/], shows: /^well-production$/ },
    { does: [/^kubectl patch .*"30m"/s, /\{\.spec\.registry\.pollInterval\}/], shows: /patched\n30m$/ },
    { does: [/\{\.status\.lastETag\}/], shows: /^tags-sha256:[0-9a-f]{64}$/ },
    { does: [/^curl -v /], shows: /"tags":\["v1.0.0"\]/ },
    { does: [/^curl -s .*jq/], shows: /^\[\n {2}"v1.0.0"\n\]\n$/ },
    { does: [/^curl -s -D - /], shows: /^$/ },
    { does: [/^kubectl exec .*node -e/s], shows: /^200$/m },
    { does: [/^kubectl get pods -n k8s/], shows: /No resources found/ },
    { does: [/^kubectl get pods,endpoints /], shows: /No resources found/ },
  ];
  for (const { does, shows } of rows) t.match((await informed.does(...does)).text, shows, String(does));
};

/** A registry on this machine that answers each request so. */
const answering = async (t: Test, status: number): Promise<FakeRegistry> => {
  const registry = await fakeRegistry(t);
  registry.fail(/./, { kind: 'answer', status }, Number.POSITIVE_INFINITY);
  return registry;
};
const fakeRegistry = async (t: Test, tls?: { readonly key: string; readonly cert: string }): Promise<FakeRegistry> => {
  const registry = await startFakeRegistry(tls);
  t.teardown(() => registry.close());
  return registry;
};

/** Whatever a poll can come to grief on, in the guide's words: in the status, and in the log. */
const pollsFail = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'polls');
  const silent = await fakeRegistry(t);
  silent.fail(/./, { kind: 'hang', at: 'headers' }, Number.POSITIVE_INFINITY);
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const secured = await fakeRegistry(t, { key: leaf.key, cert: leaf.certificate });
  const login = { username: 'robot', password: canary('registry') };
  const closed = await scenario.fixture.startRegistry({ name: 'registry-guide', auth: { kind: 'htpasswd', ...login } });
  await scenario.apply(dockerConfig('registry-creds', closed.host, { ...login, password: canary('wrong') }));
  const rows: readonly { readonly cell: string; readonly registry: object }[] = [
    { cell: 'context deadline exceeded', registry: { url: `${silent.host}/acme/app` } },
    { cell: '401 unauthorized', registry: { url: `${closed.host}/acme/app`, secretRef: { name: 'registry-creds' } } },
    { cell: '403 forbidden', registry: { url: `${(await answering(t, 403)).host}/acme/app` } },
    { cell: '404 not found', registry: { url: `${scenario.fixture.registryHost}/acme/nothing` } },
    { cell: '429 too many requests', registry: { url: `${(await answering(t, 429)).host}/acme/app` } },
    { cell: '503 service unavailable', registry: { url: `${(await answering(t, 503)).host}/acme/app` } },
    { cell: 'connection refused', registry: { url: '127.0.0.1:1/acme/app' } },
    { cell: 'no such host', registry: { url: 'registry.invalid/acme/app' } },
    {
      cell: 'no connection to 127.0.0.1: its address is loopback, which is refused unless --allow-networks has it',
      registry: { url: '[::1]:1/acme/app' },
    },
    {
      cell: 'certificate signed by unknown authority; give its CA with spec.registry.caSecretRef',
      registry: { url: `${secured.host}/acme/app`, insecure: false },
    },
    {
      cell: 'the server does not speak TLS; for a registry with plain HTTP set spec.registry.insecure',
      registry: { url: `${scenario.fixture.registryHost}/acme/app`, insecure: false },
    },
  ];
  await Promise.all(
    rows.map(async ({ cell, registry }, index) => {
      // The controller of specs may reach 127.0.0.1, where the registries are.
      const reader = readerOf(given, 'polls', { 'my-app': `app-${index}`, '127.0.0.1': '::1' });
      const message = reader.promised(ERRORS, `error polling registry: ${cell}`);
      await scenario.applyBundle(`app-${index}`, scenario.spec('', {}, registry));
      await scenario.until(
        `app-${index}`,
        message,
        ({ lastErrorMessage }) => lastErrorMessage?.startsWith(`${message} (`) === true,
      );
      const { text } = await reader.does(DESCRIBE);
      t.match(text, new RegExp(`^  Last Error Message: +${message} \\(`, 'm'));
      t.match(text, printed(reader.promised('Status fields', 'nextAttemptTime')));
      if (cell !== '404 not found') return;
      // The last fifty lines are others' too: looked at until this one is polled again.
      const grep = () => reader.does(/^kubectl logs .*--tail=50 \| grep my-app/);
      await shows(t, grep, new RegExp(`"error":"${message}".*"message":"polling registry failed"`));
    }),
  );
  const reader = readerOf(given, 'polls');
  const shown = await reader.does(/^kubectl get secret registry-creds -n \S+$/, /base64 -d \| jq/);
  t.match(shown.text, /kubernetes.io\/dockerconfigjson/);
  t.match(shown.text, canary('wrong'), 'whoever may read the Secret sees what is in it');
};

/** What a platform's proxy does. */
const proxyRefuses = async (t: Test, given: GuideGiven): Promise<void> => {
  const { fixture } = given;
  const proxy = await startForwardProxy({ to: fixture.registryHost, forbids: true });
  const env = { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' };
  const behind = await fixture.startController({ timeScale: TIME_SCALE, env });
  const scenario = await scenarioIn({ ...given, controller: behind }, 'proxy');
  const reader = readerOf(given, 'proxy', { 'my-app': 'proxied' });
  const told = (why: string) =>
    shows(t, () => reader.does(DESCRIBE), reader.promised(ERRORS, `error polling registry: ${why}`));
  await scenario.applyBundle('proxied', scenario.spec('', {}, { url: 'registry.example/acme/app', insecure: false }));
  await told('the proxy makes no connection: 403 forbidden');
  await proxy.close();
  await reader.does(/^kubectl annotate werfbundle .*reconcile-requested-at/s);
  await told('no connection to the proxy: connection refused');
};

const isStopped = ({ phase, consecutiveFailures }: WerfBundleStatus) => phase === 'Failed' && consecutiveFailures === 6;

/** The table of backoff, its end, and each way out of it. */
const stopsPolling = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'stopped');
  const { fixture } = scenario;
  const login = { username: 'robot', password: canary('stopped') };
  const auth = { kind: 'htpasswd', ...login } as const;
  const closed = await fixture.startRegistry({ name: 'registry-stopped', auth });
  await fixture.publish({ host: closed.host, auth, repository: 'acme/mended', tag: 'v1.0.0' });
  await scenario.apply(dockerConfig('registry-creds', closed.host, { ...login, password: canary('mistaken') }));
  const creds = { secretRef: { name: 'registry-creds' } };
  const specOf = (name: string): WerfBundleSpec =>
    name === 'mended'
      ? scenario.spec('', {}, { url: `${closed.host}/acme/mended`, ...creds })
      : scenario.spec(`acme/${name}`, {});
  const names = ['patched', 'through-webhook', 'asked', 'commanded', 'changed', 'edited', 'recreated', 'mended'];
  for (const name of names) await scenario.applyBundle(name, specOf(name));
  for (const name of names) await scenario.until(name, 'polling has stopped', isStopped);
  const readerFor = (name: string) => readerOf(given, 'stopped', { 'my-app': name });
  const reader = readerFor('patched');

  const states = given.states.states().filter(({ metadata }) => metadata.name === 'patched');
  const progress = states.flatMap(({ status }) => {
    const message = status?.conditions?.find(({ type }) => type === 'RegistryReachable')?.message ?? '';
    const wait = /next try after (\w+)\)/.exec(message)?.[1];
    const next = wait === undefined ? `phase ${status?.phase}, polling has stopped` : `next poll after ${wait}`;
    const failures = status?.consecutiveFailures ?? 0;
    return failures === 0 ? [] : [`consecutiveFailures: ${failures}, ${next}`];
  });
  const promised = [
    ...[
      '1st failure: consecutiveFailures: 1, next poll after 30s',
      '2nd failure: consecutiveFailures: 2, next poll after 1m',
    ],
    ...[
      '3rd failure: consecutiveFailures: 3, next poll after 2m',
      '4th failure: consecutiveFailures: 4, next poll after 4m',
    ],
    '5th failure: consecutiveFailures: 5, next poll after 8m',
    '6th failure: consecutiveFailures: 6, phase Failed, polling has stopped',
  ].map((line) => reader.promised('Backoff of polls', line).replace(/^\w+ failure: /, ''));
  t.same([...new Set(progress)], promised);
  const waits = states.flatMap(({ status }) =>
    status?.nextAttemptTime === undefined
      ? []
      : [Date.parse(status.nextAttemptTime) - Date.parse(status.lastErrorTime ?? '')],
  );
  t.ok(waits.length > 0 && waits.every((wait) => wait >= 0), 'lastErrorTime and nextAttemptTime say so, too');

  const { text } = await reader.does(DESCRIBE);
  t.match(text, new RegExp(`^  Phase: +${reader.promised(PHASES, 'Failed')}$`, 'm'));
  t.match(text, /^ {2}Consecutive Failures: +6$/m);
  t.match(text, /^ {4}Reason: +PollingStopped$/m);
  for (const field of ['consecutiveFailures', 'lastErrorMessage', 'lastErrorTime'])
    t.match(text, printed(reader.promised('Status fields', field)), field);
  t.match((await reader.does(/\{\.status\.consecutiveFailures\}/)).text, /^6,\S+Z,$/, 'and there is no next attempt');
  t.match((await reader.does(/^watch kubectl get wb/)).text, /^patched +False +Failed .* 6 /m);

  for (const name of names.filter((name) => name !== 'mended')) {
    await fixture.publish({ repository: `acme/${name}`, tag: 'v1.0.0' });
  }
  const saved = await readerFor('edited').edits('true', /^kubectl edit/);
  t.match(saved, { code: 0, text: /Edit cancelled, no changes made/ });
  const polls = await scenario.polls('acme/edited');
  const ways: Readonly<Record<string, () => Promise<Shown>>> = {
    patched: () => readerFor('patched').does(/^kubectl patch .*--subresource=status/s),
    'through-webhook': () =>
      readerFor('through-webhook').does(/^kubectl patch werfbundle my-app -n \S+ \\\n.*consecutiveFailures/),
    asked: () => readerFor('asked').does(/^kubectl annotate werfbundle .*reconcile-requested-at/s),
    commanded: () => readerFor('commanded').does(/^werfbundle reconcile .*--failed/),
    changed: () => readerFor('changed').does(/^kubectl patch .*"10m"/s),
    recreated: async () => {
      const deleted = await readerFor('recreated').does(/^kubectl delete werfbundle/);
      await scenario.applyBundle('recreated', specOf('recreated'));
      return deleted;
    },
    mended: async () => {
      const { code, stdout } = await scenario.apply(dockerConfig('registry-creds', closed.host, login));
      return { code, text: stdout };
    },
  };
  for (const [name, act] of Object.entries(ways)) {
    const { code, text } = await act();
    t.equal(code, 0, `${name}: ${text}`);
    if (name === 'through-webhook')
      t.match(text, /Warning: .*the annotation werf.io\/reconcile-requested-at was set instead/);
    t.equal((await scenario.synced(name, 'v1.0.0')).consecutiveFailures, 0, `${name}: the counter is 0 again`);
  }
  const resumed = 'PollingResumed';
  for (const name of ['patched', 'through-webhook', 'asked', 'commanded']) {
    const told = await eventually(
      () => scenario.eventsOf(name),
      (reasons) => reasons.includes(resumed),
    );
    t.ok(told.includes(resumed), `${name}: it was told before the registry had answered`);
  }
  t.equal(await scenario.polls('acme/edited'), polls, 'an edit that changes nothing begins nothing');
  await readerFor('edited').edits("sed -i 's/pollInterval: 1m/pollInterval: 2m/'", /^kubectl edit/);
  await scenario.synced('edited', 'v1.0.0');
  await readerFor('edited').doesUntil(/"message":"polled registry"/, /^kubectl logs -f .*controller-manager$/);
};

/** What a Job can come to grief on, and what heals it. */
const jobsFail = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'jobs');
  const target = await targetOf(given, 'jobs');
  const { fixture } = scenario;
  const elsewhere = { targetNamespace: target };
  await fixture.publish({ repository: 'acme/late', tag: 'v1.0.0', behaviour: 'slow: 600' });
  await scenario.applyBundle('late', scenario.spec('acme/late', { ...elsewhere, timeout: '1m' }));
  await fixture.publish({ repository: 'acme/hungry', tag: 'v1.0.0', behaviour: 'memory: 200' });
  await scenario.applyBundle(
    'hungry',
    scenario.spec('acme/hungry', { ...elsewhere, resourceLimits: { memory: '128Mi' } }),
  );
  await fixture.publish({ repository: 'acme/clumsy', tag: 'v1.0.0', behaviour: 'fail' });
  await scenario.applyBundle('clumsy', scenario.spec('acme/clumsy', elsewhere));
  const readerFor = (name: string) => readerOf(given, 'jobs', { 'my-app': name });

  const hungry = readerFor('hungry');
  const oom = hungry.promised(ERRORS, 'pod failed with OOMKilled');
  await scenario.failed('hungry', `${oom}: memory limit 128Mi; set spec.converge.resourceLimits.memory to 256Mi`);
  t.match((await hungry.does(/^kubectl get wb my-app [^|]*system$/)).text, oom);
  const diagnosed = await hungry.does(/^werfbundle doctor my-app /);
  t.match(diagnosed, { code: 1, text: new RegExp(`^FAILED +Memory of the Job: ${oom}`, 'm') }, 'doctor says so, too');
  const podName = /^(hungry-\S+) +0\/1 +OOMKilled/m.exec(
    (await hungry.does(/^kubectl get pods -n production/)).text,
  )?.[1];
  const pod = await hungry
    .knowing({ '<pod-name>': podName ?? 'none' })
    .does(/^kubectl describe pod <pod-name> -n production$/);
  t.match(pod.text, /^ +Reason: +OOMKilled$/m);
  t.match(await hungry.does(/^kubectl patch .*"2Gi"/s), { code: 0 });
  await scenario.synced('hungry', 'v1.0.0', 2);

  const clumsy = readerFor('clumsy');
  const exit = `${clumsy.promised(ERRORS, 'pod failed with exit code 1')}: release install: `;
  await scenario.until(
    'clumsy',
    exit,
    ({ phase, lastErrorMessage }) => phase === 'Failed' && !!lastErrorMessage?.startsWith(exit),
  );
  const shown = (await clumsy.does(DESCRIBE)).text;
  t.match(shown, new RegExp(`^  Last Error Message: +${exit}`, 'm'));
  t.match(shown, /^ {2}Last Job Status: +Failed$/m);
  t.match(shown, /^ {2}Last Job Logs:[\s\S]*CrashLoopBackOff/m);
  const jobs = () => scenario.bundle('clumsy').then((bundle) => bundle?.status?.deployment?.number);
  await clumsy.does(/^kubectl annotate werfbundle .*reconcile-requested-at/s);
  t.equal(await eventually(jobs, (number) => number === 2, PATIENCE_MS), 2, 'it is tried again on request');
  await scenario.until('clumsy', 'the second', ({ history }) => history?.length === 2);
  await hungry.does(/^kubectl annotate werfbundle .*deploy-requested-at/s);
  t.equal((await scenario.synced('hungry', 'v1.0.0', 3)).deployment?.reason, 'Requested');
  t.match(await clumsy.does(/^werfbundle reconcile .*system --wait$/), {
    code: 1,
    text: /pod failed with exit code 1/,
  });
  t.match(await hungry.does(/^werfbundle reconcile .*--force --wait$/), { code: 0, text: /Synced: deployed v1\.0\.0/ });

  const late = readerFor('late');
  const message = `${late.promised(ERRORS, 'pod failed with DeadlineExceeded')}: not done after 1m; set spec.converge.timeout to more`;
  await shows(t, () => late.does(DESCRIBE), message);
};

/** The guide's ServiceAccount, made as it says. */
const accountIsMade = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'account');
  const reader = readerOf(given, 'account');
  await scenario.fixture.publish({ repository: 'acme/account', tag: 'v1.0.0' });
  const lenient = { metadata: { ...scenario.ref('my-app'), annotations: { 'werf.io/missing-references': 'warn' } } };
  const made = await reader.does(/^kubectl create namespace production/, /^kubectl annotate namespace production/);
  t.equal(made.code, 0, made.text);
  await scenario.apply({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    ...lenient,
    spec: scenario.spec('acme/account', { targetNamespace: 'account-production' }),
  });
  await scenario.failed(
    'my-app',
    reader.promised(ERRORS, 'ServiceAccount werf-converge does not exist in namespace production'),
  );
  const mended = await reader.does(/^kubectl create serviceaccount werf-converge/, /^werfbundle init --rights/);
  t.equal(mended.code, 0, mended.text);
  await scenario.synced('my-app', 'v1.0.0');
  const all = await reader.does(/^kubectl create rolebinding/);
  t.equal(all.code, 0, all.text);
};

/** Values that are missing, broken, or not those that were meant. */
const valuesAreMissing = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'values');
  const target = await targetOf(given, 'values');
  const reader = readerOf(given, 'values', { "namespace 'ops'": "namespace 'values'" });
  await scenario.fixture.publish({ repository: 'acme/values-guide', tag: 'v1.0.0' });
  const applyLenient = (name: string, converge: WerfBundleSpec['converge']) =>
    scenario.apply({
      apiVersion: 'werf.io/v1alpha1',
      kind: 'WerfBundle',
      metadata: { ...scenario.ref(name), annotations: { 'werf.io/missing-references': 'warn' } },
      spec: scenario.spec('acme/values-guide', converge),
    });
  const valuesFrom = [{ configMapRef: { name: 'app-config' } }];
  await applyLenient('here', { valuesFrom });
  await applyLenient('my-app', { valuesFrom, targetNamespace: target });
  await scenario.failed('here', reader.promised(ERRORS, "failed to get ConfigMap 'app-config' from namespace 'ops'"));
  await scenario.failed('my-app', `configMap 'app-config' not found in namespaces 'values' or '${target}'`);
  const looked = await reader.does(
    /^kubectl get configmap app-config -n k8s\S+$/,
    /^kubectl get configmap app-config -n production$/,
  );
  t.match(looked.text, /"app-config" not found\n.*"app-config" not found\n/);

  t.match(await reader.does(/^kubectl create configmap app-config .*-n production/), { code: 0 });
  await scenario.synced('my-app', 'v1.0.0');
  t.match(await reader.does(/^kubectl apply -f - <<EOF/), { code: 0 });
  const { lastJobName = '' } = await scenario.synced('my-app', 'v1.0.0', 2);
  const args = async (job: string) =>
    (await reader.knowing({ '<job-name>': job }).does(/^kubectl get job <job-name> .*jq/)).text;
  t.match(await args(lastJobName), /^--set-string=app.image=myapp:latest$/m, 'the target namespace\u2019s');

  await scenario.apply(configMap('app-config', 'app: {image: v5}'));
  const wins = await scenario.synced('my-app', 'v1.0.0', 3);
  t.match(await args(wins.lastJobName ?? ''), /^--set-string=app.image=v5$/m, 'the bundle\u2019s namespace wins');

  await scenario.kubectl('create', 'configmap', 'base-config', '--from-literal=values.yaml=app: {image: v6}');
  t.match(await reader.does(/^kubectl patch .*"base-config".*"env-overrides"/s), { code: 0 });
  const optional = await scenario.synced('my-app', 'v1.0.0', 4);
  t.match(await args(optional.lastJobName ?? ''), /^--set-string=app.image=v6$/m, 'what is optional may be missing');
  t.match(
    (await reader.does(/-o yaml .*grep -A 10 valuesFrom/)).text,
    /name: base-config\n.*\n? *- configMapRef:\n +name: env-overrides\n +optional: true/,
  );

  await scenario.kubectl('create', 'configmap', 'prod-overrides', '--from-literal=values.yaml=app: {image: v7}');
  const both = [{ configMapRef: { name: 'base-config' } }, { configMapRef: { name: 'prod-overrides' } }];
  await scenario.patch('my-app', { spec: { converge: { valuesFrom: both } } });
  const later = await scenario.synced('my-app', 'v1.0.0', 5);
  t.match(await args(later.lastJobName ?? ''), /^--set-string=app.image=v7$/m, 'the later one wins');
  for (const [name, image] of [
    ['base-config', 'v6'],
    ['prod-overrides', 'v7'],
  ] as const) {
    const { text } = await reader.does(new RegExp(`^kubectl get configmap ${name} -o yaml`));
    t.match(text, new RegExp(`image: ${image}`), name);
  }

  await scenario.kubectl('delete', 'configmap', 'app-config');
  await scenario.apply({ ...configMap('app-config', ''), data: { 'config.yaml': 'a: b: c' } } as ReturnType<
    typeof configMap
  >);
  await scenario.failed(
    'here',
    'key "config.yaml" of ConfigMap values/app-config is no YAML: line 1, column 4: mapping values are not allowed here',
  );
  t.match(await reader.does(/python3 -c/), { text: /mapping values are not allowed here/ }, 'python3 says the same');
};

/** A registry that gives ETags is asked on the condition that something has changed. */
const etagsAreUsed = async (t: Test, given: GuideGiven): Promise<void> => {
  const scenario = await scenarioIn(given, 'etags');
  const registry = await fakeRegistry(t);
  registry.behave({ etags: true });
  registry.publish('acme/etags', 'v1.0.0', 'bundle');
  const reader = readerOf(given, 'etags', {
    'https://ghcr.io': `http://${registry.host}`,
    'myorg/my-app-bundle': 'acme/etags',
  });
  await scenario.applyBundle('my-app', scenario.spec('', {}, { url: `${registry.host}/acme/etags` }));
  const read = () => reader.does(/\{\.status\.lastETag\}/);
  const first = await shows(t, read, /^"[0-9a-f]{8}"$/);
  await shows(t, () => reader.does(/grep -i "etag\\\|304/), /acme\/etags".*"answer":"304 Not Modified"/);
  t.equal((await read()).text, first, 'the same tags, the same ETag');
  t.equal((await reader.does(/^curl -s -D - /)).text.trim().toLowerCase(), `etag: ${first}`);
  registry.publish('acme/etags', 'v1.1.0', 'bundle');
  await shows(t, read, new RegExp(`^(?!${first})"[0-9a-f]{8}"$`));
  await shows(t, () => reader.does(/grep "polling registry"$/), /acme\/etags"/);
};

t.test('the troubleshooting guide on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [webhook, controller] = await Promise.all([
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE }),
  ]);
  const guide = Guide.read();
  const shell = await GuideReader.shellOn(fixture, { guide, webhook, controller });
  const given: GuideGiven = { fixture, controller, states, guide, shell };

  await t.test('says what is so, and what helps', async (t) => {
    t.jobs = 8;
    const scenarios = {
      'a Job that fails says why, and the guide\u2019s patch heals it': jobsFail,
      'a poll that fails says why, in the guide\u2019s words': pollsFail,
      'after six failures polling stops, and each of the guide\u2019s ways goes on': stopsPolling,
      'a bundle that goes well can be read from all sides': goesWell,
      'values that are missing or broken are named, and the guide\u2019s commands mend them': valuesAreMissing,
      'a missing ServiceAccount is named, and made as the guide says': accountIsMade,
      'ETags are used where there are some': etagsAreUsed,
    };
    await playAll(t, given, scenarios);
  });
  await controller.stop();
  await t.test('what the proxy refuses is reported', (t) => proxyRefuses(t, given));

  const reader = readerOf(given, 'well');
  t.match(await reader.does(/^werfbundle check$/), { code: 0, text: /^ok +Webhook: it refuses what it has to$/m });
  t.match(
    (await reader.does(/manager --tail=100$/)).text,
    /"level":"info"/,
    'the controller\u2019s log for whoever helps',
  );
  t.match((await reader.does(/manager --tail=200$/)).text, /"level":"info"/);
  t.match((await reader.does(/werfbundle-webhook --tail=50$/)).text, /"message":"admission answered"/);
  t.match((await reader.does(/werfbundle-webhook --tail=200$/)).text, /"message":"admission answered"/);
  t.same(guide.open.toSorted(), Object.keys(NOT_TRIED).toSorted(), 'and the guide promises nothing that was not tried');
});
