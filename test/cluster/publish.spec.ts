import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DOCKER_CONFIG_KEY, DOCKER_CONFIG_TYPE } from '../../api/docker-config.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { startRegistry } from '../../playground/registry/start.js';
import { scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { recordWatch } from '../kit/record-watch.js';
import { clientFor, signal } from '../kit/registry-client.js';
import { startTokenServer } from '../kit/token-server.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CHART = join(ROOT, 'playground/chart');

/** Runs `werfbundle publish -o json` with a docker config. */
const publish = async (
  t: Test,
  to: string,
  config: { readonly dir: string; readonly text: string },
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> => {
  await mkdir(config.dir, { recursive: true });
  await writeFile(join(config.dir, 'config.json'), config.text);
  const env = { PATH: process.env['PATH'], HOME: t.testdirName, DOCKER_CONFIG: config.dir };
  const args = [join(ROOT, 'dist/werfbundle.js'), 'publish', CHART, to, '-o', 'json'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
};

const configFor = (host: string, username: string, password: string): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } } });

t.test('a chart that was published is deployed, from a registry that wants a login', async (t) => {
  const fixture = await startDeployFixture(t);
  const auth = { kind: 'htpasswd', username: 'robot', password: canary('publish-password') } as const;
  const registry = await fixture.startRegistry({ name: 'guarded', auth });
  const { host } = registry;
  t.comment(`${host} is ${registry.kind}`);
  const dir = join(fixture.cluster.dir, 'docker');
  const text = configFor(host, auth.username, auth.password);

  const refused = await publish(t, `${host}/demo/web:v1.0.0`, { dir, text: configFor(host, 'robot', 'wrong') });
  t.match(refused, {
    code: 1,
    stdout: '',
    stderr: /: 401 unauthorized .*: run "docker login 127\.0\.0\.1:\d+" again\n$/,
  });
  const first = await publish(t, `${host}/demo/web:v1.0.0`, { dir, text });
  t.match(first, { code: 0, stderr: '' });
  const { digest } = JSON.parse(first.stdout) as { readonly digest: string };
  const credential = { kind: 'basic', username: auth.username, password: auth.password } as const;
  const target = { host, repository: 'demo/web', insecure: true, credential };
  t.strictSame(await clientFor(t).readManifest(target, 'v1.0.0', signal), { kind: 'manifest', digest, bundle: true });

  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const scenario = await scenarioIn({ fixture, controller, states }, 'published');
  const login = { name: 'registry', namespace: 'published' };
  await scenario.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: login,
    type: DOCKER_CONFIG_TYPE,
    data: { [DOCKER_CONFIG_KEY]: Buffer.from(text).toString('base64') },
  } as never);
  const place = { url: `${host}/demo/web`, versionConstraint: '1.x', secretRef: { name: login.name } };
  await scenario.applyBundle('web', scenario.spec('', {}, place));
  const isSynced = (tag: string) => (status: { readonly phase?: string; readonly lastAppliedTag?: string }) =>
    status.phase === 'Synced' && status.lastAppliedTag === tag;
  await scenario.until('web', 'is Synced with v1.0.0', isSynced('v1.0.0'));
  const { stdout } = await scenario.kubectl('get', 'wb', 'web', '--no-headers');
  t.match(stdout, /^web .*Synced .*v1\.0\.0/);

  const second = await publish(t, `${host}/demo/web:v1.1.0`, { dir, text });
  t.strictSame(JSON.parse(second.stdout), {
    url: `${host}/demo/web`,
    tag: 'v1.1.0',
    digest,
    insecure: true,
    chart: { name: 'web', version: '1.0.0', files: 4 },
  });
  await scenario.until('web', 'is Synced with v1.1.0', isSynced('v1.1.0'));
});

t.test('a registry that sends to a token server is pushed to by its tokens', async (t) => {
  const login = { username: 'robot', password: 'pass:word' };
  const tokens = await startTokenServer({ ...login, identityToken: 'ident/ity' });
  t.teardown(() => tokens.close());
  const binary = (await binariesOfThisRun()).dockerRegistry;
  if (binary === undefined) return t.comment('docker-registry, which alone takes tokens, is not on this machine');
  const dir = t.testdir({ registry: {}, docker: {} });
  const registry = await startRegistry({
    dir: join(dir, 'registry'),
    say: (line) => t.comment(line),
    auth: tokens.auth,
    binary,
  });
  t.teardown(() => registry.stop());
  const to = `${registry.host}/demo/web:v1`;
  const docker = join(dir, 'docker');
  const nobody = await publish(t, to, { dir: docker, text: '{}' });
  t.match(nobody, { code: 1, stderr: /: 401 unauthorized from 127\.0\.0\.1:\d+; .* has no login for/ });
  const text = configFor(registry.host, login.username, login.password);
  t.match(await publish(t, to, { dir: docker, text }), { code: 0, stdout: /"tag": "v1"/ });
  const byToken = JSON.stringify({ auths: { [registry.host]: { identitytoken: 'ident/ity' } } });
  t.match(await publish(t, to, { dir: docker, text: byToken }), { code: 0, stdout: /"unchanged": true/ });
  // The registry itself names the actions, in an order by chance.
  const asked = tokens.asked.slice(1).map((line) => line.replace(':push,pull ', ':pull,push '));
  t.strictSame(
    new Set(asked),
    new Set(['GET repository:demo/web:pull,push robot', 'POST repository:demo/web:pull,push robot']),
  );
});
