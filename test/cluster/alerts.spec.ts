import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PUSHES_CONFIGMAP } from '../../api/push-record.js';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import { issueAuthority, issueLeafUntil } from '../../certs/issue.js';
import { leaseNameOf } from '../../controller/cache/share.js';
import { CONFIGMAPS, LEASES, WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { review } from '../bench/admission/review.js';
import { type AlertRule, alertGroups, alertRules } from '../kit/alert-rules.js';
import { type BundleScenario, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { asked, dashboard } from '../kit/dashboard.js';
import { type DeployFixture, type RunningController, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { prometheusPrograms } from '../kit/prometheus.js';
import { type PrometheusServer, startPrometheus, type Target } from '../kit/prometheus-server.js';
import { recordWatch } from '../kit/record-watch.js';
import type { ServerProgram } from '../kit/server-program.js';
import { startSlowFront } from '../kit/slow-front.js';
import { startWebhookProgram } from '../kit/webhook-program.js';

// A real Prometheus scrapes the real programs, with the rules of the manifests; what can be broken is broken, and its alerts fire.

const PATIENCE_MS = 150_000;
const NAMESPACE = 'alerts';

/** What does not fire here, and why. test/monitoring/alerts.test.yaml fires it all the same. */
const NOT_PROVOKED: Readonly<Record<string, string>> = {
  WerfBundleJobsQueued: 'a queue silences WerfBundleNotSynced, and each of them takes a minute',
  WerfBundleWorkQueueBehind: 'eight workers are busy for long with some thousand bundles only',
};

/** A minute is a second, as for the controllers of specs: `for`, windows and offsets; thresholds stay as they are. */
const shortened = (rule: AlertRule): AlertRule => {
  const short = (duration: string) => duration.replace('m', 's').replace('h', 'm');
  const expr = rule.expr.replace(/(?<=\[|offset )\d+[mh]/g, short);
  return { ...rule, expr, for: short(rule.for) };
};
const RULES = {
  groups: alertGroups().groups.map(({ name, rules }) => ({ name, rules: rules.map(shortened) })),
};

const healthPortOf = async (controller: RunningController): Promise<string> =>
  /"health":(\d+)/.exec(await controller.log())?.[1] ?? '';
const targetOf = (program: 'webhook' | 'receiver', { healthPort }: ServerProgram, number = 1): Target => ({
  job: `werfbundle-${program}`,
  pod: `${program}-${number}`,
  healthPort,
});

interface Receiving {
  readonly folder: string;
  readonly token: string;
  readonly receiver: ServerProgram;
}

const startReceiving = async (fixture: DeployFixture): Promise<Receiving> => {
  const folder = join(fixture.cluster.dir, 'receivers');
  const token = canary('receiver');
  const receivers = [
    { name: 'registry', type: 'Distribution', registry: fixture.registryHost, secretFiles: ['token'] },
  ];
  await mkdir(folder);
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'receivers.yaml'), JSON.stringify({ receivers }));
  return { folder, token, receiver: await fixture.startReceiver(folder) };
};

/** A push of just now, as a registry tells of it. */
const tell = ({ receiver, token }: Receiving, authorization = token) =>
  fetch(`http://127.0.0.1:${receiver.port}/receivers/registry`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      events: [
        { action: 'push', timestamp: new Date().toISOString(), target: { repository: 'demo/steady', tag: 'v1' } },
      ],
    }),
  });

/** Five bundles of a registry that will go, and one that is checked for drift. */
const deployAll = async (scenario: BundleScenario, shaky: string): Promise<void> => {
  const { fixture } = scenario;
  const names = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'];
  await Promise.all(
    names.map(async (name) => {
      await fixture.publish({ host: shaky, repository: `demo/${name}`, tag: 'v1.0.0' });
      await scenario.applyBundle(name, scenario.spec(`demo/${name}`, {}, { url: `${shaky}/demo/${name}` }));
    }),
  );
  await fixture.publish({ repository: 'demo/steady', tag: 'v1.0.0' });
  const driftDetection = { enabled: true, interval: '1m', correct: false };
  await scenario.applyBundle('steady', scenario.spec('demo/steady', { driftDetection }, { pollInterval: '24h' }));
  await Promise.all([...names, 'steady'].map((name) => scenario.synced(name, 'v1.0.0')));
};

/** In a namespace of its own, so many that what is tried again ever later still fails each second or two. */
const makeFaulty = async ({ client, registryHost, signal }: DeployFixture): Promise<void> => {
  const names = Array.from({ length: 25 }, (_, index) => `faulty-${index}`);
  const spec = { registry: { url: `${registryHost}/demo/steady`, insecure: true, tag: 'v1.0.0' } };
  const head = { apiVersion: API_VERSION, kind: KIND } as const;
  await Promise.all(
    names.map((name) => client.create(WERFBUNDLES, { ...head, metadata: { namespace: 'faulty', name }, spec }, signal)),
  );
};

/** One whose statuses the apiserver does not take, and one that stands by for somebody who is no controller. */
const startFaultyControllers = async (t: Test, fixture: DeployFixture): Promise<readonly RunningController[]> => {
  const { client, cluster, signal } = fixture;
  const front = await startSlowFront(t, cluster.controlPlane);
  front.treat(({ method, path }) =>
    method === 'PATCH' && path.includes('/status') ? { kind: 'answer', status: 500 } : { kind: 'pass' },
  );
  const name = leaseNameOf({ namespaces: ['standby'], labelSelector: undefined });
  const now = `${new Date().toISOString().slice(0, -1)}000Z`;
  const spec = { holderIdentity: 'somebody', leaseDurationSeconds: 3_600, acquireTime: now, renewTime: now };
  const metadata = { namespace: OPERATOR_NAMESPACE, name };
  await client.create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }, signal);
  const through = { server: front.server, ca: cluster.controlPlane.ca };
  return Promise.all([
    fixture.startController({ through, timeScale: TIME_SCALE, flags: ['--watch-namespaces', 'faulty'] }),
    fixture.startController({ leaderElect: true, flags: ['--watch-namespaces', 'standby'] }),
  ]);
};

/** A webhook whose certificate ends in an hour, with an apiserver that takes three seconds, and room for two calls at once. */
const startSlowWebhook = async (t: Test, { client, cluster, signal }: DeployFixture): Promise<ServerProgram> => {
  const front = await startSlowFront(t, cluster.controlPlane);
  front.treat(({ path }) =>
    /subjectaccessreviews|\/namespaces\/production/.test(path) ? { kind: 'delay', ms: 3_000 } : { kind: 'pass' },
  );
  const { dir } = cluster;
  const folder = join(dir, 'certificates');
  await mkdir(folder);
  const [now, authority] = [Date.now(), await issueAuthority(Date.now())];
  const leaf = await issueLeafUntil({ authority, names: ['127.0.0.1'], now, until: now + 3_600_000 });
  const files = { 'ca.crt': authority.certificate, 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  const file = join(dir, 'slow-webhook.kubeconfig');
  const account = { namespace: OPERATOR_NAMESPACE, name: 'werfbundle-webhook' };
  await writeKubeconfig(client, account, { server: front.server, ca: cluster.controlPlane.ca, file }, signal);
  const flags = ['--kubeconfig', file, '--namespace', OPERATOR_NAMESPACE, '--shutdown-delay', '0s'];
  const more = ['--cert-dir', folder, '--max-in-flight', '2', '--advertise-url', 'https://127.0.0.1:0'];
  const webhook = await startWebhookProgram(dir, [...flags, ...more]);
  t.teardown(webhook.stop);
  return webhook;
};

/** A call of an apiserver that waits so long. Resolves with the HTTP status. */
const callWebhook = ({ port }: ServerProgram, timeout: string): Promise<number> =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port, path: `/validate?timeout=${timeout}`, method: 'POST', headers };
    const call = request({ ...options, rejectUnauthorized: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    call.on('error', () => resolve(0));
    call.end(review({ references: 'five', defaulted: true }));
  });

/** Calls until the spec file ends: those that are judged in time, one that is not, and more at once than may be. */
const keepCalling = (t: Test, calls: () => readonly Promise<unknown>[], ms: number): void => {
  const timer = setInterval(() => void Promise.allSettled(calls()), ms);
  t.teardown(() => clearInterval(timer));
};

const firing = (prometheus: PrometheusServer, names: readonly string[]): Promise<readonly string[]> =>
  eventually(
    async () => names.filter((name) => !prometheus.fired.has(name)),
    (missing) => missing.length === 0,
    PATIENCE_MS,
  );

const programs = await prometheusPrograms();
const skip = programs.kind === 'missing' && programs.why;

t.test('a real Prometheus sees what is broken', { skip }, async (t) => {
  if (programs.kind === 'missing') throw new Error(programs.why);
  const fixture = await startDeployFixture(t);
  const { cluster, client, signal } = fixture;
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [shaky, webhook, controller, receiving] = await Promise.all([
    fixture.startRegistry({ name: 'shaky' }),
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE, flags: ['--watch-namespaces', NAMESPACE, '--follow-pushes'] }),
    startReceiving(fixture),
  ]);
  for (const name of ['faulty', 'standby']) await fixture.makeNamespace(name);
  const scenario = await scenarioIn({ fixture, controller, states }, NAMESPACE);
  await Promise.all([deployAll(scenario, shaky.host), makeFaulty(fixture)]);
  const dir = join(cluster.dir, 'prometheus');
  const prometheus = await startPrometheus(t, { program: programs.prometheus, dir });
  const main: Target = {
    job: 'werfbundle-controller',
    pod: 'controller-1',
    healthPort: await healthPortOf(controller),
  };
  const receiverTarget = targetOf('receiver', receiving.receiver);
  const healthy = [main, targetOf('webhook', webhook), receiverTarget];
  const begun = performance.now();
  await prometheus.scrape(healthy);

  await t.test('nothing fires while all is well', async (t) => {
    t.equal(await eventually(prometheus.up, (up) => up === healthy.length), healthy.length);
    await prometheus.judgeBy(RULES);
    t.equal((await tell(receiving)).status, 202);
    await fixture.publish({ repository: 'demo/quick', tag: 'v1.0.0' });
    await scenario.applyBundle('quick', scenario.spec('demo/quick', {}, { pollInterval: '24h' }));
    await Promise.all([scenario.synced('quick', 'v1.0.0'), new Promise((resolve) => setTimeout(resolve, 15_000))]);
    t.strictSame([...prometheus.fired.keys()], []);
    t.strictSame(await prometheus.ruleErrors(), []);
  });

  await t.test('what is broken fires', async (t) => {
    await fixture.publish({ repository: 'demo/hangs', tag: 'v1.0.0', behaviour: 'slow: 170' });
    await scenario.applyBundle('hangs', scenario.spec('demo/hangs', {}, { pollInterval: '24h' }));
    await scenario.kubectl(
      'patch',
      'configmap',
      'werf-stand-in-steady',
      '--type=merge',
      '-p',
      '{"data":{"tag":"other"}}',
    );
    await Promise.all([webhook.stop(), shaky.stop()]);
    const faulty = await startFaultyControllers(t, fixture);
    const broken = await Promise.all(
      faulty.map(async (one, index) => ({
        job: `werfbundle-controller-${index === 0 ? 'faulty' : 'standby'}`,
        pod: `controller-${index + 2}`,
        healthPort: await healthPortOf(one),
      })),
    );
    await prometheus.scrape([main, receiverTarget, ...broken]);
    await writeFile(join(receiving.folder, 'receivers.yaml'), 'receivers: none\n');
    await client.delete(CONFIGMAPS, { namespace: OPERATOR_NAMESPACE, name: PUSHES_CONFIGMAP }, {}, signal);
    keepCalling(t, () => [tell(receiving), tell(receiving, 'Bearer wrong')], 500);
    t.strictSame(await firing(prometheus, ['WerfBundleWebhookDown']), []);
    const slow = await startSlowWebhook(t, fixture);
    await prometheus.scrape([main, receiverTarget, ...broken, targetOf('webhook', slow, 2)]);
    keepCalling(t, () => ['10s', '2s', '10s'].map((timeout) => callWebhook(slow, timeout)), 1_000);
    const last = ['WerfBundleControllerDown', 'WerfBundleReceiverDown'];
    const others = alertRules().map(({ alert }) => alert);
    const wanted = others.filter((name) => ![...last, ...Object.keys(NOT_PROVOKED)].includes(name));
    t.strictSame(await firing(prometheus, wanted), [], 'each of them');
    await eachPanelHasData(t, prometheus);
    await Promise.all([controller.kill(), receiving.receiver.stop(), ...faulty.map((one) => one.kill())]);
    t.strictSame(await firing(prometheus, last), [], 'and those of programs that are gone');
    t.strictSame(
      Object.keys(NOT_PROVOKED).filter((name) => prometheus.fired.has(name)),
      [],
      'nothing else',
    );
    const seriesOf = (name: string) =>
      (prometheus.fired.get(name) ?? []).map(({ namespace, name, job }) => (namespace ? `${namespace}/${name}` : job));
    t.ok(seriesOf('WerfBundleFailed').every((name) => /^alerts\/web-[1-5]$/.test(String(name))));
    t.ok(seriesOf('WerfBundleNotSynced').includes(`${NAMESPACE}/hangs`));
    t.strictSame(seriesOf('WerfBundleDriftNotCorrected'), [`${NAMESPACE}/steady`]);
    t.strictSame(seriesOf('WerfBundleNoLeader'), ['werfbundle-controller-standby']);
    t.strictSame(seriesOf('WerfBundleReconcileErrors'), ['werfbundle-controller-faulty']);
    t.comment(`${Math.round((performance.now() - begun) / 1_000)} s of Prometheus`);
  });
});

/** Stands for a dashboard that was drawn: there is no Grafana here. What it shows is a number for each panel. */
const eachPanelHasData = async (t: Test, prometheus: PrometheusServer): Promise<void> => {
  const whole = dashboard();
  for (const { title, targets = [] } of whole.panels)
    for (const { expr } of targets) {
      const series = await prometheus.query(asked(expr, whole, '10s'));
      t.ok(
        series.some(({ value: [, value] }) => Number.isFinite(Number(value))),
        `${title}: ${series.length} series`,
      );
    }
};
