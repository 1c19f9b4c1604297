import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type BundleScenario, type Given, PATIENCE_MS, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { Guide } from '../kit/guide.js';
import { GuideReader } from '../kit/guide-reader.js';
import { OLDER_COMMANDS, onOneLine, verdicts } from '../kit/older-guide.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, dockerConfig } from '../kit/values-objects.js';

// docs/guide-commands.md, tried: each command of the older operator's guide that is said to work as written is run as it stands there, with
// other names, where the bundle deploys into its own namespace. How the operator's logs are read: test/kit/guide-reader.ts.

const NAMESPACE = 'older';

/** A command of the guide, and what it shows if it works. */
interface Row {
  readonly does: readonly RegExp[];
  readonly shows: RegExp;
}

const show = async (t: Test, reader: GuideReader, rows: readonly Row[]): Promise<void> => {
  for (const { does, shows } of rows) {
    const { code, text } = await reader.does(...does);
    t.match({ code, text }, { code: 0, text: shows }, String(does));
  }
};

/** While the Job runs. */
const followed = async (t: Test, scenario: BundleScenario, reader: GuideReader): Promise<void> => {
  await scenario.until('my-app', 'its Job runs', ({ activeJobName }) => activeJobName !== undefined);
  const running = ['get', 'pods', '-n', NAMESPACE, '--field-selector', 'status.phase=Running', '-o', 'name'];
  await eventually(
    async () => (await scenario.fixture.cluster.kubectl(running)).stdout,
    (names) => names !== '',
    PATIENCE_MS,
  );
  const found = [/^JOB_NAME=/, /^POD_NAME=/];
  const [logs, whole] = await Promise.all([
    reader.does(...found, /^kubectl logs \$POD_NAME .*--tail=200/),
    reader.does(...found, /^kubectl logs -f \$POD_NAME/),
  ]);
  t.equal(logs.code, 0, logs.text);
  t.match(whole.text, /Succeeded release "my-app"/, 'the log is followed to its end');
};

/** Once it is deployed: what there is to read. */
const READ: readonly Row[] = [
  { does: [/^kubectl describe werfbundle my-app -n \S+$/], shows: /^ {2}Phase: +Synced$/m },
  { does: [/^watch kubectl describe/], shows: /^ {2}Last Applied Tag: +v1.0.0$/m },
  { does: [/\{\.spec\.registry\.url\}/], shows: /\/acme\/older$/ },
  { does: [/\{\.spec\.registry\.pollInterval\}/], shows: /^1m$/ },
  { does: [/\{\.metadata\.namespace\}/], shows: /^older$/ },
  { does: [/\{\.status\.lastETag\}' -n \S+$/], shows: /^tags-sha256:[0-9a-f]{64}$/ },
  { does: [/> \/tmp\/etag1$/, /> \/tmp\/etag2$/, /^diff /], shows: /^$/ },
  { does: [/^curl -v /], shows: /"tags":\["v1.0.0"\]/ },
  { does: [/^curl -s .*jq/], shows: /"v1.0.0"/ },
  { does: [/^kubectl get secret registry-creds -n \S+$/], shows: /kubernetes.io\/dockerconfigjson/ },
  { does: [/^kubectl get job my-app-<hash>-<uuid> /], shows: /^my-app-[0-9a-f]{8}-[0-9a-f]{8} +Complete +1\/1 /m },
  { does: [/^kubectl get job -n .*--sort-by/], shows: /^my-app-\S+ +Complete/m },
  { does: [/^kubectl get job -n \S+ -l \S+$/], shows: /^my-app-\S+ +Complete/m },
  { does: [/^kubectl get job -n .*-o wide$/], shows: /^my-app-\S+ +Complete/m },
  { does: [/^kubectl get job <job-name> .*-A 30 "args:"$/], shows: /- --set-string=app.image=v3$/m },
  { does: [/^kubectl get job <job-name> .*grep "set"$/], shows: /- --set-string=app.image=v3$/m },
  { does: [/^kubectl describe pod <pod-name> -n \S+$/], shows: /^Status: +Succeeded$/m },
  { does: [/^kubectl get pods -n \S+$/], shows: /^my-app-\S+ +0\/1 +Completed/m },
  { does: [/^kubectl get pods -n \S+ -l app\S+$/], shows: /^my-app-\S+ +0\/1 +Completed/m },
  { does: [/^kubectl logs job\/<job-name> -n \S+$/], shows: /Succeeded release "my-app"/ },
  { does: [/^kubectl logs <pod-name> .*-c werf$/], shows: /Succeeded release "my-app"/ },
  { does: [/^kubectl get werfbundle my-app -o yaml -n \S+$/], shows: /^ {2}lastAppliedTag: v1.0.0$/m },
  { does: [/^kubectl logs -n .*--tail=50$/], shows: /"message":/ },
  { does: [/^kubectl logs -n .*--tail=100$/], shows: /"message":/ },
  { does: [/^kubectl logs -n .*--tail=200$/], shows: /"message":/ },
];

/** What mends something, and what there is to see of it, in an order in which each has what it needs. */
const MEND: readonly Row[] = [
  { does: [/"memory":"2Gi"/], shows: /patched$/m },
  { does: [/"pollInterval":"30m"/], shows: /patched$/m },
  { does: [/^kubectl create namespace/], shows: /created$/m },
  { does: [/^kubectl create serviceaccount/], shows: /created$/m },
  { does: [/^kubectl apply .*kind: RoleBinding/s], shows: /role\S+ created\nrolebinding\S+ created$/m },
  { does: [/"serviceAccountName":"werf-converge"/], shows: /patched \(no change\)$/m },
  { does: [/^kubectl create configmap .*-n k8s/], shows: /created$/m },
  { does: [/^kubectl apply .*kind: ConfigMap/s], shows: /configured$/m },
  { does: [/^kubectl create configmap .*-n production/], shows: /created$/m },
  { does: [/^kubectl get configmap app-config -n k8s\S+$/], shows: /^app-config +\d/m },
  { does: [/^kubectl get configmap app-config -n production$/], shows: /^app-config +1/m },
  { does: [/^kubectl get configmap app-config -n \S+ -o yaml$/], shows: /replicas: 3/ },
  { does: [/python3 -c/], shows: /^$/ },
  { does: [/^kubectl get configmap base-config /], shows: /image: v1/ },
  { does: [/^kubectl get configmap prod-overrides /], shows: /image: v2/ },
  { does: [/"name":"env-overrides"/], shows: /patched$/m },
  { does: [/grep -A 3 valuesFrom/], shows: /name: env-overrides/ },
  { does: [/grep -A 10 valuesFrom/], shows: /name: env-overrides/ },
  { does: [/\{\.spec\.converge\.targetNamespace\}/], shows: /^older$/ },
];

const isStopped = ({ consecutiveFailures }: { readonly consecutiveFailures?: number }) => consecutiveFailures === 6;

t.test('the older operator\u2019s guide on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [webhook, controller] = await Promise.all([
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE }),
  ]);
  const guide = Guide.of(OLDER_COMMANDS);
  const shell = await GuideReader.shellOn(fixture, { guide, webhook, controller });
  const given: Given = { fixture, controller, states };
  const scenario = await scenarioIn(given, NAMESPACE);
  const names = {
    'k8s-werf-operator-go-system': NAMESPACE,
    production: `${NAMESPACE}-production`,
    'https://ghcr.io': `http://${fixture.registryHost}`,
    'myorg/my-app-bundle': 'acme/older',
    '/tmp/etag': join(shell.dir, 'etag'),
  };
  const reader = new GuideReader(shell, names);

  await fixture.publish({ repository: 'acme/older', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await scenario.apply(
    dockerConfig('registry-creds', fixture.registryHost, { username: 'robot', password: canary('older') }),
    configMap('base-config', 'app: {image: v1}'),
    configMap('prod-overrides', 'app: {image: v2}'),
  );
  await scenario.applyBundle('dead', scenario.spec('acme/nothing'));
  const own = { targetNamespace: NAMESPACE, values: { app: { image: 'v3' } } };
  await scenario.applyBundle('my-app', scenario.spec('acme/older', own));

  await t.test('a Job that runs is found and followed', (t) => followed(t, scenario, reader));
  const { lastJobName = '' } = await scenario.synced('my-app', 'v1.0.0');
  // The bundle is told of the end of its Pod, which the Job controller may count a moment later.
  await scenario.kubectl('wait', 'job', lastJobName, '--for=condition=Complete', '--timeout=60s');
  const pods = await scenario.kubectl('get', 'pods', '-l', `job-name=${lastJobName}`, '-o', 'name');
  const informed = new GuideReader(shell, {
    'my-app-<hash>-<uuid>': lastJobName,
    '<job-name>': lastJobName,
    '<pod-name>': pods.stdout.trim().replace('pod/', ''),
    ...names,
  });
  await t.test('what is deployed can be read', (t) => show(t, informed, READ));
  await t.test('what is mended is mended', (t) => show(t, informed, MEND));
  await t.test('polling that has stopped is started by a patch without --subresource', async (t) => {
    await scenario.until('dead', 'polling has stopped', isStopped);
    const dead = reader.knowing({ 'my-app': 'dead' });
    await show(t, dead, [
      { does: [/\{\.status\.consecutiveFailures\}/], shows: /^6,\S+Z$/ },
      { does: [/"consecutiveFailures":0/], shows: /the annotation werf.io\/reconcile-requested-at was set instead/ },
    ]);
    const told = await eventually(
      () => scenario.eventsOf('dead'),
      (reasons) => reasons.includes('PollingResumed'),
    );
    t.ok(told.includes('PollingResumed'), 'the registry is asked again');
  });
  await reader.doesUntil(/"message":/, /^kubectl logs -f -n .*controller-manager$/);
  await show(t, reader, [{ does: [/^kubectl delete werfbundle/], shows: /deleted/ }]);

  t.same(
    guide.open.map(onOneLine).toSorted(),
    verdicts()
      .filter(({ asWritten, instead }) => asWritten === 'no' || instead.startsWith('not run by a spec'))
      .map(({ line }) => line)
      .toSorted(),
    'all that are said to work have worked, but for those that say why they were not run',
  );
});
