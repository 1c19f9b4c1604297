import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { PUSHES_CONFIGMAP } from '../../api/push-record.js';
import { CONFIGMAPS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, type Given } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { documentCommands } from '../kit/document-commands.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';

// A real docker-registry tells of pushes; polls come once a day, so whatever is deployed sooner was told of.

const fixture = await startDeployFixture(t);
const OPERATOR = 'k8s-werf-operator-go-system';
const DAILY = { pollInterval: '24h' };
const token = canary('receiver');

const skip = !fixture.hasDockerRegistry && 'docker-registry, which alone tells of pushes, is not on this machine';

const folder = join(fixture.cluster.dir, 'receivers');
const configure = async (host: string): Promise<void> => {
  const receivers = [
    { name: 'registry', type: 'Distribution', registry: host, secretFiles: ['token'] },
    { name: 'ci', type: 'Generic', registry: 'registry.example', secretFiles: ['ci'] },
  ];
  await writeFile(join(folder, 'token'), `${token}\n`);
  await writeFile(join(folder, 'ci'), canary('generic'));
  // All that is put into a Secret has a canary.
  await writeFile(join(folder, 'receivers.yaml'), `${JSON.stringify({ receivers })} # ${canary('receivers')}\n`);
};

t.test('a push to a registry is deployed without a poll', { skip }, async (t) => {
  await mkdir(folder);
  await configure('registry.example');
  const receiver = await fixture.startReceiver(folder);
  const url = `http://127.0.0.1:${receiver.port}/receivers/registry`;
  const registry = await fixture.startRegistry({ name: 'telling', notify: { url, token } });
  await configure(registry.host);
  const others = receiver.log.length;
  await eventually(
    async () => receiver.log.slice(others),
    (lines) => lines.some(({ message }) => message === 'receivers were read'),
  );
  const flags = ['--follow-pushes'];
  const controller = await fixture.startController({ flags });
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const given: Given = { fixture, controller, states };
  await fixture.makeNamespace('pushed');
  const scenario = new BundleScenario(given, 'pushed');
  const { host } = registry;
  const publish = (tag: string) => fixture.publish({ host, repository: 'demo/web', tag });
  await publish('v1.0.0');
  await scenario.applyBundle('web', scenario.spec('demo/web', {}, { ...DAILY, url: `${host}/demo/web` }));
  await scenario.synced('web', 'v1.0.0');

  await t.test('while the controller runs', async (t) => {
    await publish('v1.1.0');
    const { deployment } = await scenario.synced('web', 'v1.1.0', 2);
    const told = receiver.log.findLast(({ message }) => message === 'a push was received');
    t.match(told, { receiver: 'registry', repositories: [`${host}/demo/web`] });
    const begun = Date.parse(deployment?.startedAt ?? '') - Date.parse(String(told?.['time']));
    t.comment(`the deployment began ${begun} ms after the notification`);
    t.match(await controller.get('/metrics'), /^werfbundle_pushes_total\{result="scanned"\} [1-9]/m);
  });

  await t.test('by a controller that comes later', async () => {
    await controller.stop();
    await publish('v1.2.0');
    await eventually(
      async () => fixture.client.get(CONFIGMAPS, { namespace: OPERATOR, name: PUSHES_CONFIGMAP }, fixture.signal),
      (found) => Object.values(found?.data ?? {}).some((text) => text.includes('demo/web')),
    );
    const later = await fixture.startController({ flags });
    await new BundleScenario({ ...given, controller: later }, 'pushed').synced('web', 'v1.2.0', 3);
  });

  await t.test('a pipeline tells of a push by the commands of docs/push.md', async (t) => {
    const [create = '', ...commands] = documentCommands().flatMap(({ document, command }) =>
      document === 'docs/push.md' ? [command] : [],
    );
    const script = ['set -euo pipefail', ...commands].join('\n');
    const local = script.replace('https://push.corp.example', `http://127.0.0.1:${receiver.port}`);
    const { stdout } = await promisify(execFile)('bash', ['-c', local], { cwd: folder });
    t.match(stdout, /bundles of registry\.example\/acme\/shop are looked at/);
    await writeFile(join(folder, 'harbor'), canary('harbor'));
    const words = create.split(' ').slice(1);
    const files = words.map((word) => word.replace('--from-file=', `--from-file=${folder}/`));
    t.match(await fixture.cluster.kubectl(files), { code: 0 });
  });

  await t.test('by a receiver that may write that one ConfigMap, and read nothing', async (t) => {
    const as = `--as=system:serviceaccount:${OPERATOR}:werfbundle-receiver`;
    const may = async (...words: readonly string[]) =>
      (await fixture.cluster.kubectl(['auth', 'can-i', ...words, as, '-n', OPERATOR])).stdout.trim();
    t.equal(await may('patch', `configmap/${PUSHES_CONFIGMAP}`), 'yes');
    for (const right of [
      ['patch', 'configmap/another'],
      ['get', `configmap/${PUSHES_CONFIGMAP}`],
      ['get', 'secrets'],
      ['list', 'werfbundles.werf.io'],
    ])
      t.equal(await may(...right), 'no', right.join(' '));
  });

  await t.test('and calls of anybody else change nothing', async (t) => {
    const before = await receiver.metrics();
    const body = JSON.stringify({ events: [] });
    const call = (headers: Readonly<Record<string, string>>, path = '/receivers/registry') =>
      fetch(`http://127.0.0.1:${receiver.port}${path}`, { method: 'POST', body, headers }).then(async (response) => ({
        status: response.status,
        text: await response.text(),
      }));
    t.match(await call({}), { status: 401, text: /refused \(unproven\)/ });
    t.match(await call({ authorization: 'Bearer of-somebody-else-altogether' }), { status: 401 });
    t.match(await call({}, '/receivers/nobody'), { status: 401, text: /refused \(unproven\)/ });
    t.match(await call({ authorization: `Bearer ${token}` }), { status: 200, text: /nothing to do/ });
    const after = await receiver.metrics();
    const refused = (text: string) => Number(/refusals_total\{reason="unproven"\} (\d+)/.exec(text)?.[1]);
    t.equal(refused(after) - refused(before), 2);
    t.match(await receiver.log.find(({ message }) => message === 'callers refused'), { reason: 'unproven' });
  });
});
