import { spawn } from 'node:child_process';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { MISSING_REFERENCES } from '../../api/annotations.js';
import { API_VERSION, KIND, type WerfBundleSpec } from '../../api/werfbundle.js';
import { LEASES, WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { BundleScenario, type Given, PATIENCE_MS, playAll, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { startFakeRegistry } from '../kit/fake-registry.js';
import { recordWatch } from '../kit/record-watch.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';
import { configMap, dockerConfig } from '../kit/values-objects.js';

// One thing after another is broken, for each issue of the guide: doctor names it, and nothing else; what it says mends it.

interface Found {
  readonly id: string;
  readonly section: string;
  readonly verdict: string;
  readonly found: string;
  readonly commands: readonly string[];
}

/** Bundles of a namespace, and somebody who asks doctor about them. */
class Patient extends BundleScenario {
  static async in(given: Given, namespace: string): Promise<Patient> {
    await given.fixture.makeNamespace(namespace);
    return new Patient(given, namespace);
  }

  /** What doctor finds wrong with a bundle. */
  async complaints(name: string, kubeconfig = this.fixture.cluster.kubeconfig): Promise<readonly Found[]> {
    const checks = await this.checks(name, kubeconfig);
    return checks.filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
  }

  async checks(
    name: string,
    kubeconfig = this.fixture.cluster.kubeconfig,
    more: readonly string[] = [],
  ): Promise<readonly Found[]> {
    const { dir } = this.fixture.cluster;
    const args = ['doctor', name, '-n', this.namespace, '-o', 'json', ...more];
    const { stdout, stderr, code } = await runWerfbundle(args, { kubeconfig, cwd: dir });
    // Searched for what stands in Secrets when the spec ends.
    await appendFile(join(dir, 'doctor.log'), stdout + stderr);
    if (stdout === '') throw new Error(`doctor ended with ${code}: ${stderr}`);
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Found[] };
    if ((code === 1) !== checks.some(({ verdict }) => verdict === 'failed')) throw new Error(`exit code ${code}`);
    return checks;
  }

  /** Doctor names this, as soon as the status is so far, and nothing else. */
  async suffersFrom(t: Test, name: string, id: string, words: RegExp): Promise<Found> {
    const isNamed = (found: readonly Found[]) => found.some((check) => check.id === id && words.test(check.found));
    const found = await eventually(() => this.complaints(name), isNamed, PATIENCE_MS);
    t.strictSame(
      found.map((check) => check.id),
      [id],
      found.map((check) => `${check.id}: ${check.found}`).join('\n'),
    );
    const [only] = found;
    if (only === undefined) throw new Error('nothing was found');
    t.match(only.found, words);
    return only;
  }

  async isWell(t: Test, name: string): Promise<void> {
    const found = await eventually(
      () => this.complaints(name),
      (all) => all.length === 0,
      PATIENCE_MS,
    );
    t.strictSame(found, []);
  }

  /** Pastes its commands into a shell. @param words - what stands for the words in capitals */
  async obeys({ commands }: Found, words: Readonly<Record<string, string>> = {}): Promise<string> {
    let script = commands.join('\n');
    for (const [word, stands] of Object.entries(words)) script = script.replaceAll(word, stands);
    const { dir, kubeconfig } = this.fixture.cluster;
    const env = { PATH: `${join(dir, 'bin')}:${process.env['PATH']}`, HOME: dir, KUBECONFIG: kubeconfig };
    const child = spawn('/bin/bash', ['-ec', script], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0 || commands.length === 0) throw new Error(`${commands.join('\n')}: ${text}`);
    return text;
  }

  /** A bundle whose webhook lets pass that something is missing. */
  async lenient(name: string, spec: WerfBundleSpec): Promise<void> {
    const metadata = { ...this.ref(name), annotations: { [MISSING_REFERENCES]: 'warn' } };
    await this.apply({ apiVersion: API_VERSION, kind: KIND, metadata, spec });
  }

  /** Polled as by default; of a repository of its own. */
  plain(name: string, converge: WerfBundleSpec['converge'] = {}, registry: object = {}): WerfBundleSpec {
    return this.spec(`${this.namespace}/${name}`, converge, { pollInterval: '15m', ...registry });
  }

  publish(name: string, tag = 'v1.0.0', behaviour?: string): Promise<unknown> {
    return this.fixture.publish({
      repository: `${this.namespace}/${name}`,
      tag,
      ...(behaviour !== undefined && { behaviour }),
    });
  }

  async deployed(name: string, converge: WerfBundleSpec['converge'] = {}, registry: object = {}): Promise<void> {
    await this.publish(name);
    await this.lenient(name, this.plain(name, converge, registry));
    await this.synced(name, 'v1.0.0');
  }
}

const SCENARIOS: Readonly<Record<string, (t: Test, given: Given) => Promise<void>>> = {
  'The bundle stays in "Syncing"': async (t, given) => {
    const patient = await Patient.in(given, 'syncing');
    const login = { username: 'robot', password: canary('syncing') };
    const auth = { kind: 'htpasswd', ...login } as const;
    const closed = await patient.fixture.startRegistry({ name: 'registry-doctor', auth });
    await patient.fixture.publish({ host: closed.host, auth, repository: 'acme/login', tag: 'v1.0.0' });
    await patient.apply(dockerConfig('registry-creds', closed.host, { ...login, password: canary('wrong') }));
    const url = { url: `${closed.host}/acme/login` };
    await patient.lenient('login', patient.plain('', {}, { ...url, secretRef: { name: 'registry-creds' } }));
    const words = { USER: login.username, PASSWORD: login.password };
    const wrong = /401 unauthorized \(.*with the credentials of Secret registry-creds.*are they valid/;
    await patient.obeys(await patient.suffersFrom(t, 'login', 'credentials', wrong), words);
    await patient.synced('login', 'v1.0.0');
    await patient.kubectl('delete', 'secret', 'registry-creds');
    const gone = /^Secret registry-creds does not exist in namespace syncing$/;
    await patient.obeys(await patient.suffersFrom(t, 'login', 'credentials', gone), words);
    await patient.isWell(t, 'login');

    await patient.lenient('nowhere', patient.plain('', {}, { url: '127.0.0.1:1/acme/app' }));
    await patient.suffersFrom(t, 'nowhere', 'registry', /connection refused .*asked from here/);
    const slow = await startFakeRegistry();
    t.teardown(() => slow.close());
    slow.fail(/./, { kind: 'hang', at: 'headers' }, Number.POSITIVE_INFINITY);
    await patient.lenient('slow', patient.plain('', {}, { url: `${slow.host}/acme/app` }));
    await patient.suffersFrom(t, 'slow', 'registry', /context deadline exceeded/);
    await patient.lenient('plain-http', patient.plain('plain-http', {}, { insecure: false }));
    await patient.publish('plain-http');
    await patient.obeys(await patient.suffersFrom(t, 'plain-http', 'registry', /does not speak TLS/));
    await patient.synced('plain-http', 'v1.0.0');
    await patient.publish('present');
    await patient.lenient('misspelled', patient.plain('presemt'));
    const similar = /404 not found .*\. There is \S+\/syncing\/present: if that is meant, as follows/;
    await patient.obeys(await patient.suffersFrom(t, 'misspelled', 'repository', similar));
    await patient.synced('misspelled', 'v1.0.0');
  },

  'Six failures: polling has stopped': async (t, given) => {
    const patient = await Patient.in(given, 'stopped');
    await patient.lenient('shop', patient.plain('shop'));
    await patient.until('shop', 'polling has stopped', told('PollingStopped'));
    await patient.suffersFrom(t, 'shop', 'repository', /404 not found/);
    await patient.publish('shop');
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'polling-stopped', /^6 polls in a row have failed/));
    await patient.synced('shop', 'v1.0.0');
    await patient.isWell(t, 'shop');
  },

  'A Job fails with "OOMKilled"': async (t, given) => {
    const patient = await Patient.in(given, 'hungry');
    await patient.publish('shop', 'v1.0.0', 'memory: 200');
    await patient.lenient('shop', patient.plain('shop', { resourceLimits: { memory: '128Mi' } }));
    const killed = /^pod failed with OOMKilled: memory limit 128Mi/;
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'memory', killed));
    await patient.synced('shop', 'v1.0.0', 2);
    await patient.isWell(t, 'shop');
  },

  'A Job fails otherwise': async (t, given) => {
    const patient = await Patient.in(given, 'clumsy');
    await patient.publish('shop', 'v1.0.0', 'fail');
    await patient.lenient('shop', patient.plain('shop'));
    const failed = await patient.suffersFrom(t, 'shop', 'job', /^pod failed with exit code 1: release install: /);
    t.match(await patient.obeys(failed), /CrashLoopBackOff[\s\S]*annotated/, 'its log, and another try');

    await patient.publish('full');
    await patient.kubectl('create', 'quota', 'none', '--hard=pods=0');
    // What the quota controller would do, which is not among those that run here.
    const counted = JSON.stringify({ status: { hard: { pods: '0' }, used: { pods: '0' } } });
    await patient.kubectl('patch', 'quota', 'none', '--subresource=status', '--type=merge', '-p', counted);
    await patient.lenient('full', patient.plain('full'));
    const full = await patient.suffersFrom(t, 'full', 'pod', /^FailedCreate: .*exceeded quota: none/);
    t.match(await patient.obeys(full), /pods +\d+ +0/);
    await patient.kubectl('delete', 'quota', 'none');
    await patient.synced('full', 'v1.0.0');
  },

  'Too many requests to the registry': async (t, given) => {
    const patient = await Patient.in(given, 'busy');
    await patient.deployed('shop', {}, { pollInterval: '5m' });
    await patient.isWell(t, 'shop');
    const etag = async () => (await patient.checks('shop')).filter(({ id }) => id === 'etag');
    const [often] = await etag();
    t.match(often, { verdict: 'ok', found: /^ETag support not detected, as of most registries: .*, every 5m; / });
    if (often !== undefined) await patient.obeys(often);
    t.match(await etag(), [{ found: /, every 30m$/, commands: [] }]);
    const busy = await startFakeRegistry();
    t.teardown(() => busy.close());
    busy.fail(/./, { kind: 'answer', status: 429 }, Number.POSITIVE_INFINITY);
    await patient.lenient('busy', patient.plain('', {}, { url: `${busy.host}/acme/app` }));
    await patient.obeys(await patient.suffersFrom(t, 'busy', 'rate-limit', /429 too many requests/));
  },

  'The log in the status is not enough': async (t, given) => {
    const patient = await Patient.in(given, 'logs');
    await patient.deployed('shop');
    await patient.isWell(t, 'shop');
    await patient.patch('shop', { status: { lastJobLogs: null } }, '--subresource=status');
    const log = await patient.suffersFrom(t, 'shop', 'log', /^status.lastJobLogs is empty/);
    t.match(await patient.obeys(log), /Succeeded release "shop"/);
  },

  'New versions are not deployed': async (t, given) => {
    const patient = await Patient.in(given, 'versions');
    await patient.publish('shop');
    await patient.lenient('shop', patient.plain('shop', {}, { versionConstraint: '9.x' }));
    const none = /^no tag satisfies versionConstraint "9.x": 1 tag, the highest version is v1.0.0/;
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'choice', none));
    await patient.synced('shop', 'v1.0.0');
    await patient.isWell(t, 'shop');
    const mistyped = await patient.checks('shop', undefined, ['--operator-namespace', 'elsewhere']);
    t.match(
      mistyped.filter(({ verdict }) => verdict === 'failed'),
      [{ id: 'operator-namespace', found: /^elsewhere does not exist: / }],
    );
    for (const tag of ['v1.9.0', 'v1.10.0']) await patient.publish('text', tag);
    await patient.lenient('text', patient.plain('text'));
    await patient.synced('text', 'v1.9.0');
    await patient.obeys(await patient.suffersFrom(t, 'text', 'choice', /^v1.9.0 is deployed, not v1.10.0/));
    await patient.synced('text', 'v1.10.0', 2);
    await patient.patch('text', { spec: { suspend: true } });
    await patient.obeys(await patient.suffersFrom(t, 'text', 'suspended', /^it is suspended/));
    await patient.isWell(t, 'text');
  },

  'A person has rolled back': async (t, given) => {
    const patient = await Patient.in(given, 'rolled-back');
    const newest = { versionConstraint: '1.x' };
    await patient.deployed('shop', {}, newest);
    await patient.publish('shop', 'v1.1.0');
    await patient.synced('shop', 'v1.1.0', 2);
    await patient.isWell(t, 'shop');
    const { dir, kubeconfig } = patient.fixture.cluster;
    await runWerfbundle(['rollback', 'shop', '-n', 'rolled-back'], { kubeconfig, cwd: dir });
    await patient.synced('shop', 'v1.0.0', 3);
    const rolledBack =
      /^a person has rolled back to v1\.0\.0, by annotation werf\.io\/rollback-to, since \S+Z: .* which is versionConstraint "1\.x" now; /;
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'rollback', rolledBack));
    await patient.synced('shop', 'v1.1.0', 4);
    await patient.isWell(t, 'shop');
  },

  'A version that failed is held': async (t, given) => {
    const patient = await Patient.in(given, 'held');
    const newest = { versionConstraint: '1.x' };
    await patient.deployed('shop', { onFailure: 'Return' }, newest);
    await patient.publish('shop', 'v1.1.0', 'fail');
    await patient.until('shop', 'returned', told('Returned'));
    const held =
      /^the controller holds v1\.1\.0 \(sha256:\w+\) since \S+Z, until .*; v1\.0\.0 is deployed in its place\. It failed with: /;
    const found = await patient.suffersFrom(t, 'shop', 'hold', held);
    const { stdout } = await patient.kubectl('get', 'wb', 'shop', '-o', 'jsonpath={.status.holds}');
    t.match(JSON.parse(stdout), [{ tag: 'v1.1.0', number: 2 }]);
    await patient.obeys(found);
    await patient.until(
      'shop',
      'tried and returned again',
      (status) => status.deployment?.number === 5 && told('Returned')(status),
    );
    await patient.publish('shop', 'v1.2.0');
    await patient.synced('shop', 'v1.2.0', 6);
    await patient.isWell(t, 'shop');
  },

  'A deployment waits for an approval': async (t, given) => {
    const patient = await Patient.in(given, 'awaited');
    await patient.deployed('shop', { deletions: 'Hold' }, { versionConstraint: '1.x' });
    await patient.publish('shop', 'v1.1.0', 'plan-deletes: PersistentVolumeClaim/data');
    const waits = /^v1\.1\.0 would delete PersistentVolumeClaim\/data: it waits for an approval; /;
    const found = await patient.suffersFrom(t, 'shop', 'approval', waits);
    const { stdout: hash } = await patient.kubectl('get', 'wb', 'shop', '-o', 'jsonpath={.status.plan.hash}');
    // Who is asked says yes; nobody can be asked here.
    await patient.obeys(found, { 'werfbundle approve shop': `werfbundle approve shop --hash ${hash}` });
    await patient.synced('shop', 'v1.1.0', 2);
    await patient.isWell(t, 'shop');
  },

  'ServiceAccount not found': async (t, given) => {
    const patient = await Patient.in(given, 'account');
    await patient.publish('shop');
    await patient.lenient('shop', patient.plain('shop', { serviceAccountName: 'deployer' }));
    const missing = await patient.suffersFrom(t, 'shop', 'service-account', /^ServiceAccount deployer does not exist/);
    const [bind = '', create = ''] = missing.commands;
    await patient.obeys({ ...missing, commands: [create] });
    const may = /^pod failed .*which lacks this right|^deployer may not get configmaps/;
    const without = await patient.suffersFrom(t, 'shop', 'rights', may);
    t.equal(without.commands[0], bind);
    t.match(bind, /^werfbundle init --rights --target account --service-account deployer \| kubectl create -f -$/);
    await patient.until('shop', 'its Job fails', told('DeployFailed'));
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'rights', /which lacks this right/));
    await patient.synced('shop', 'v1.0.0', 2);
    await patient.isWell(t, 'shop');
    const target = { targetNamespace: 'account-target', serviceAccountName: 'deployer' };
    await patient.kubectl('create', 'namespace', 'account-target');
    await patient.kubectl('annotate', 'namespace', 'account-target', 'werf.io/accept-bundles-from=account');
    await patient.publish('moved');
    await patient.lenient('moved', { ...patient.plain('moved', target), suspend: true });
    await patient.kubectl('delete', 'namespace', 'account-target');
    await patient.patch('moved', { spec: { suspend: false } });
    const absent = /^namespace account-target does not exist$/;
    await patient.obeys(await patient.suffersFrom(t, 'moved', 'target-namespace', absent));
  },

  'ConfigMap or Secret with values not found': async (t, given) => {
    const patient = await Patient.in(given, 'sources');
    await patient.publish('shop');
    await patient.lenient('shop', patient.plain('shop', { valuesFrom: [{ configMapRef: { name: 'app-config' } }] }));
    const missing = /^failed to get ConfigMap 'app-config' from namespace 'sources'$/;
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'values[0]', missing));
    await patient.synced('shop', 'v1.0.0');
    await patient.isWell(t, 'shop');
  },

  'Values are not what was expected': async (t, given) => {
    const patient = await Patient.in(given, 'contents');
    await patient.apply(configMap('app-config', 'a: 1'));
    const valuesFrom = [{ configMapRef: { name: 'app-config' } }];
    await patient.deployed('shop', { valuesFrom });
    await patient.apply(configMap('app-config', 'a: b: c'));
    const broken = /^key "values.yaml" of ConfigMap contents\/app-config is no YAML: line 1, column 4/;
    const { commands } = await patient.suffersFrom(t, 'shop', 'contents[0]', broken);
    t.strictSame(commands, ['kubectl edit configmap app-config -n contents']);
    await patient.apply(configMap('app-config', 'a: 2'));
    await patient.isWell(t, 'shop');

    await patient.fixture.makeNamespace('contents-target');
    await patient.kubectl('annotate', 'namespace', 'contents-target', 'werf.io/accept-bundles-from=contents');
    await patient.fixture.client.create(
      WERFBUNDLES,
      {
        metadata: patient.ref('both'),
        spec: patient.plain('both', { valuesFrom, targetNamespace: 'contents-target' }),
      },
      patient.fixture.signal,
    );
    await patient.publish('both');
    await patient.synced('both', 'v1.0.0');
    const there = {
      ...configMap('app-config', 'a: 3'),
      metadata: { name: 'app-config', namespace: 'contents-target' },
    };
    await patient.fixture.cluster.kubectl(['apply', '-f', '-'], JSON.stringify(there));
    const shadowed = /^that of namespace contents is used, and the one of namespace contents-target is not/;
    await patient.obeys(await patient.suffersFrom(t, 'both', 'contents[0]', shadowed));
    await patient.isWell(t, 'both');
    await patient.kubectl('annotate', 'namespace', 'contents-target', 'werf.io/accept-bundles-from-');
    await patient.obeys(await patient.suffersFrom(t, 'both', 'consent', /does not accept bundles from/));
    await patient.isWell(t, 'both');
  },

  'The schema of a new tag refuses the values': async (t, given) => {
    const patient = await Patient.in(given, 'schema');
    const schema = { properties: { web: { properties: { replicas: { type: 'integer' } } } } };
    const files = { 'values.schema.json': JSON.stringify(schema), 'templates/web.yaml': '{}\n' };
    await patient.fixture.publish({ repository: 'schema/shop', tag: 'v1.0.0', files });
    await patient.apply(configMap('app-config', 'web: {replicas: two}'));
    await patient.lenient('shop', patient.plain('shop', { valuesFrom: [{ configMapRef: { name: 'app-config' } }] }));
    const refused =
      /^tag v1.0.0 is not deployed: the schema of chart shop 1.0.0 refuses .* ConfigMap schema\/app-config: line 1/;
    await patient.suffersFrom(t, 'shop', 'chart-schema', refused);
    await patient.apply(configMap('app-config', 'web: {replicas: 2}'));
    await patient.synced('shop', 'v1.0.0');
    await patient.isWell(t, 'shop');
  },

  'What is deployed was changed by others': async (t, given) => {
    const patient = await Patient.in(given, 'drift');
    await patient.deployed('shop', { driftDetection: { enabled: true, interval: '1m', correct: false } });
    const change = JSON.stringify({ data: { tag: 'another' } });
    await patient.kubectl('patch', 'configmap', 'werf-stand-in-shop', '--type=merge', '-p', change);
    await patient.obeys(await patient.suffersFrom(t, 'shop', 'drift', /would update ConfigMap\/werf-stand-in-shop/));
    await patient.isWell(t, 'shop');
  },
};

/** What takes the operator itself: after all others. */
const LATER = ['kubectl apply is refused, or times out'];

t.test('doctor on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [webhook, controller] = await Promise.all([
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE, leaderElect: true }),
  ]);
  const { dir, controlPlane } = fixture.cluster;
  await mkdir(join(dir, 'bin'));
  await symlink((await binariesOfThisRun()).kubectl, join(dir, 'bin', 'kubectl'));
  const program = join(import.meta.dirname, '../../dist/werfbundle.js');
  await writeFile(join(dir, 'bin', 'werfbundle'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const given: Given = { fixture, controller, states };

  await t.test('names what is broken, and nothing else, and mends it', async (t) => {
    t.jobs = 4;
    await playAll(t, given, SCENARIOS);
  });

  const patient = await Patient.in(given, 'last');
  await patient.deployed('shop');
  await t.test('what somebody may not see is not checked, and is not called absent', async (t) => {
    const creds = { username: 'robot', password: canary('unseen') };
    await patient.apply(dockerConfig('unseen', fixture.registryHost, creds));
    await patient.deployed('private', {}, { secretRef: { name: 'unseen' } });
    const account = { namespace: 'last', name: 'jane' };
    await patient.kubectl('create', 'serviceaccount', 'jane');
    await patient.kubectl('create', 'rolebinding', 'jane', '--clusterrole=view', '--serviceaccount=last:jane');
    const file = join(dir, 'jane.kubeconfig');
    const { server, ca } = controlPlane;
    await writeKubeconfig(fixture.client, account, { server, ca, file }, fixture.signal);
    const checks = await patient.checks('private', file);
    const not = checks.filter(({ verdict }) => verdict !== 'ok');
    t.strictSame(
      not.map(({ id, verdict, found }) => [id, verdict, found]).filter(([, , found]) => /no right/.test(found ?? '')),
      [
        ['webhook', 'not-checked', 'you have no right to create werfbundles.werf.io last/werfbundle-trial-*'],
        ['tags', 'not-checked', 'it was not asked from here: you have no right to get secrets last/unseen'],
        ['rights', 'not-checked', 'you have no right to create subjectaccessreviews.authorization.k8s.io'],
      ],
    );
    t.strictSame(
      not.filter(({ verdict }) => verdict !== 'not-checked'),
      [],
    );
  });

  await t.test('all bundles are a line each, and those that failed are explained', async (t) => {
    await patient.lenient('absent', patient.plain('absent'));
    await patient.until('absent', 'polls fail', told('PollFailed'));
    const { code, stdout } = await runWerfbundle(['doctor', '--all', '-n', 'last'], {
      kubeconfig: fixture.cluster.kubeconfig,
      cwd: dir,
    });
    t.equal(code, 1);
    t.match(
      stdout,
      /^BUNDLE +VERDICT +FIRST\nlast\/absent +failed +Repository: .*\nlast\/private +ok\nlast\/shop +ok\n\nlast\/absent\nFAILED +Repository: /,
    );
    t.match(stdout, /\nFirst, for "Repository": kubectl edit wb absent -n last\n$/);
  });

  await t.test('kubectl apply is refused, or times out', async (t) => {
    await webhook.stop();
    await patient.suffersFrom(t, 'shop', 'webhook', /^no bundle can be created or changed: .*connection refused/);
    const both = [
      'mutatingwebhookconfiguration/werfbundle-mutating',
      'validatingwebhookconfiguration/werfbundle-validating',
    ];
    await fixture.cluster.kubectl(['delete', ...both]);
    await patient.suffersFrom(t, 'shop', 'webhook', /^bundles are stored without being judged/);
    await fixture.startWebhook();
    await patient.isWell(t, 'shop');
  });

  await t.test(
    'a controller that does not work is named, by its Lease, and without one by what it has not seen',
    async (t) => {
      await controller.stop();
      const released = /^no controller works: nobody holds Lease werfbundle-controller-\S+ in namespace \S+, for \d/;
      await patient.suffersFrom(t, 'shop', 'controller', released);
      const killed = await fixture.startController({ timeScale: TIME_SCALE, leaderElect: true });
      await patient.isWell(t, 'shop');
      killed.send('SIGSTOP');
      const hangs =
        /, which holds Lease .*, has not renewed it for \d+s: its process has ended, hangs, .*; the controller is no Deployment of/;
      t.strictSame((await patient.suffersFrom(t, 'shop', 'controller', hangs)).commands, []);
      killed.send('SIGCONT');
      await patient.isWell(t, 'shop');
      await killed.kill();
      await patient.suffersFrom(t, 'shop', 'controller', hangs);
      const { items } = await fixture.client.list(LEASES, { namespace: OPERATOR_NAMESPACE }, fixture.signal);
      for (const { metadata } of items)
        await fixture.cluster.kubectl(['delete', 'lease', metadata.name, '-n', OPERATOR_NAMESPACE]);
      await patient.isWell(t, 'shop');
      await patient.patch('shop', { spec: { registry: { pollInterval: '20m' } } });
      await patient.suffersFrom(t, 'shop', 'controller', /^no controller has looked at generation 2 of the spec/);
    },
  );

  await t.test('every issue of the guide was had', async (t) => {
    const guide = await readFile(join(import.meta.dirname, '../../docs/troubleshooting.md'), 'utf8');
    const issues = /^## Common issues$([\s\S]*?)^## /m.exec(guide)?.[1] ?? '';
    const headings = [...issues.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading);
    t.strictSame(headings.toSorted(), [...Object.keys(SCENARIOS), ...LATER].toSorted());
  });
});
