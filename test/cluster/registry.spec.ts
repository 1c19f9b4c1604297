import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { TokenAuth } from '../../playground/registry/auth.js';
import { publishBundle, publishImage } from '../../playground/registry/publish.js';
import { startRegistry } from '../../playground/registry/start.js';
import { systemClock } from '../../process/system-clock.js';
import { createRegistry, DEFAULT_REGISTRY_LIMITS, DEFAULT_REGISTRY_TIMEOUTS } from '../../registry/registry.js';
import { registryContract } from '../contract/registry.contract.js';
import { scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { metricOf } from '../kit/exposition.js';
import { startFakeRegistry } from '../kit/fake-registry.js';
import { startForwardProxy } from '../kit/forward-proxy.js';
import { recordWatch } from '../kit/record-watch.js';
import { startTokenServer } from '../kit/token-server.js';

/** Debian's docker-registry where the run has it; what stands in for it, otherwise. */
const registryFor = async (t: Test, options: { real?: boolean; login?: boolean; auth?: TokenAuth }) => {
  const { real = true, login = false, auth } = options;
  const binary = real ? (await binariesOfThisRun()).dockerRegistry : undefined;
  const credential = { kind: 'basic', username: 'robot', password: 'pass:word' } as const;
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-registry-'));
  const registry = await startRegistry({
    dir,
    say: (line) => t.comment(line),
    ...(binary !== undefined && { binary }),
    ...(login && { auth: { ...credential, kind: 'htpasswd' } }),
    ...(auth !== undefined && { auth }),
  });
  t.teardown(async () => {
    await registry.stop();
    await rm(dir, { recursive: true, force: true });
  });
  return { registry, dir, binary, ...(login && { credential }) };
};

const clientFor = (t: Test, proxy?: string) => {
  const client = createRegistry({
    timeouts: DEFAULT_REGISTRY_TIMEOUTS,
    limits: DEFAULT_REGISTRY_LIMITS,
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: systemClock,
    userAgent: 'werfbundle-test',
    ...(proxy !== undefined && { proxies: { http: new URL(proxy), except: [] } }),
  });
  t.teardown(() => client.close());
  return client;
};

const subjects = [
  { title: 'the distribution registry, open to all', real: true, login: false },
  { title: 'the distribution registry with htpasswd', real: true, login: true },
  { title: 'the registry that stands in for it', real: false, login: true },
];

for (const { title, real, login } of subjects) {
  t.test(`the contract holds for ${title}`, async (t) => {
    const { registry, credential } = await registryFor(t, { real, login });
    const { host } = registry;
    let version = 0;
    await registryContract(t, {
      client: clientFor(t),
      host,
      ...(credential !== undefined && { credential }),
      publish: async (repository, tag, content) => {
        version += 1;
        const target = { host, repository, tag, ...(credential !== undefined && { credential }) };
        const chart = { name: 'app', version: `1.0.${version}`, files: { 'templates/a.yaml': 'a: 1\n' } };
        const { digest } = await (content === 'bundle' ? publishBundle({ ...target, chart }) : publishImage(target));
        return digest;
      },
    });
  });
}

t.test('the contract holds for the distribution registry with a token server', async (t) => {
  const login = { username: 'robot', password: 'pass:word' } as const;
  const tokens = await startTokenServer({ ...login, identityToken: 'ident/ity' });
  t.teardown(() => tokens.close());
  const { registry, binary } = await registryFor(t, { auth: tokens.auth });
  const { host } = registry;
  t.comment(`${host} is ${binary}`);
  let version = 0;
  const publish = async (repository: string, tag: string, content: 'bundle' | 'image') => {
    version += 1;
    const target = { host, repository, tag, credential: login };
    const chart = { name: 'app', version: `1.0.${version}`, files: {} };
    const { digest } = await (content === 'bundle' ? publishBundle({ ...target, chart }) : publishImage(target));
    return digest;
  };
  const client = clientFor(t);
  await registryContract(t, { client, host, credential: { ...login, kind: 'basic' }, publish });

  t.test('a token is asked for once for each repository, and an identity token is as good as a password', async (t) => {
    const { signal } = new AbortController();
    const target = { host, repository: 'acme/tokens', insecure: true } as const;
    await publish('acme/tokens', 'v1', 'bundle');
    const before = tokens.asked.length;
    const credential = { kind: 'identity-token', username: '', token: 'ident/ity' } as const;
    for (let turn = 0; turn < 3; turn += 1) {
      t.match(await client.listTags({ ...target, credential: { ...login, kind: 'basic' } }, signal), { tags: ['v1'] });
      t.match(await client.listTags({ ...target, credential }, signal), { tags: ['v1'] });
    }
    t.strictSame(tokens.asked.slice(before), [
      'GET repository:acme/tokens:pull robot',
      'POST repository:acme/tokens:pull robot',
    ]);
  });
});

t.test('a manifest of the distribution registry that has not changed is a 304', async (t) => {
  const { registry, binary } = await registryFor(t, {});
  const proxy = await startForwardProxy({ to: registry.host });
  t.teardown(() => proxy.close());
  const client = clientFor(t, proxy.url);
  const { signal } = new AbortController();
  const chart = { name: 'app', version: '1.0.0', files: {} };
  const { digest } = await publishBundle({ host: registry.host, repository: 'acme/app', tag: 'v1', chart });
  const target = { host: 'registry.example', repository: 'acme/app', insecure: true };
  for (let turn = 0; turn < 2; turn += 1) {
    t.strictSame(await client.readManifest(target, 'v1', signal), { kind: 'manifest', digest, bundle: true });
  }
  const url = 'http://registry.example/v2/acme/app/manifests/v1';
  const again = binary === undefined ? `200 HEAD ${url}` : `304 HEAD ${url}`;
  t.strictSame(proxy.answered, [`200 HEAD ${url}`, `200 GET ${url}`, again]);
  await client.listTags(target, signal);
  await client.listTags(target, signal);
  const list = '200 GET http://registry.example/v2/acme/app/tags/list';
  t.strictSame(proxy.answered.slice(3), [list, list], 'its lists of tags have no ETag');
});

t.test('a registry that is stopped refuses connections, and is found again on the same port', async (t) => {
  const { registry, dir, binary } = await registryFor(t, { real: true, login: false });
  const client = clientFor(t);
  const { signal } = new AbortController();
  const target = { host: registry.host, repository: 'acme/app', insecure: true };
  const chart = { name: 'app', version: '1.0.0', files: {} };
  await publishBundle({ host: registry.host, repository: 'acme/app', tag: 'v1', chart });
  const tags = { kind: 'tags', tags: ['v1'] };
  t.strictSame(await client.listTags(target, signal), tags);
  await registry.stop();
  t.strictSame(await client.listTags(target, signal), {
    kind: 'failed',
    code: 'connection',
    message: 'connection refused',
  });
  const again = await startRegistry({
    dir,
    port: Number(registry.host.split(':')[1]),
    say: (line) => t.comment(line),
    ...(binary !== undefined && { binary }),
  });
  t.teardown(() => again.stop());
  t.strictSame(await client.listTags(target, signal), tags);
});

t.test('a controller behind a proxy, and a registry with ETags that is overloaded later', async (t) => {
  const fixture = await startDeployFixture(t);
  const registry = await startFakeRegistry();
  t.teardown(() => registry.close());
  registry.behave({ etags: true, manifestEtags: true });
  for (const repository of ['acme/app', 'acme/late']) registry.publish(repository, 'v1.0.0', 'bundle');
  const proxy = await startForwardProxy({ to: registry.host });
  t.teardown(() => proxy.close());
  const env = { http_proxy: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '.other.example' };
  const controller = await fixture.startController({ timeScale: TIME_SCALE, env });
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const scenario = await scenarioIn({ fixture, controller, states }, 'proxied');
  const url = (repository: string) => ({ url: `registry.example:5000/${repository}` });
  const read = async (name: string, path: string) =>
    (await scenario.kubectl('get', 'werfbundle', name, '-o', `jsonpath={${path}}`)).stdout;

  await scenario.applyBundle('app', scenario.spec('', {}, url('acme/app')));
  await scenario.until('app', 'has a deployment that ended', ({ history }) => history !== undefined);
  t.equal(
    await read('app', '.status.deployment.tag'),
    'v1.0.0',
    'a tag was found where only the proxy finds the registry',
  );
  t.match(proxy.asked[0], /^GET http:\/\/registry\.example:5000\/v2\/acme\/app\/tags\/list$/);
  t.match(await read('app', '.status.lastETag'), /^"[0-9a-f]{8}"$/, 'the registry’s own ETag');

  await scenario.morePolls('acme/app', 2);
  const log = (await controller.log()).split('\n');
  t.ok(
    log.some((line) => /304 not modified/i.test(line) && line.includes('registry.example:5000/acme/app')),
    'the guide’s grep finds what an unchanged list has cost',
  );
  t.ok(registry.answers().includes('304 GET /v2/acme/app/tags/list'));

  registry.fail(/./, { kind: 'answer', status: 503, headers: { 'retry-after': '3600' } }, 1_000);
  const failed = await scenario.until('app', 'a failed poll', ({ consecutiveFailures }) => consecutiveFailures === 1);
  t.equal(
    await read('app', '.status.conditions[?(@.type=="RegistryReachable")].message'),
    'error polling registry: 503 service unavailable (registry.example:5000/acme/app) (failure 1 of 6, next try after 1h)',
  );
  const waitMs = Date.parse(failed.nextAttemptTime ?? '') - Date.parse(failed.lastErrorTime ?? '');
  t.ok(waitMs >= 3_600_000, 'the registry’s own time counts, and is not scaled');

  const asked = registry.requests.length;
  await scenario.applyBundle('late', scenario.spec('', {}, url('acme/late')));
  const text = await eventually(
    () => controller.get('/metrics'),
    (seen) => (metricOf(seen, 'registry_scans_total', { result: 'held-back' }) ?? 0) > 0,
  );
  t.ok((metricOf(text, 'registry_scans_total', { result: 'held-back' }) ?? 0) > 0);
  t.match(await read('late', '.status.consecutiveFailures'), /^0?$/, 'a poll that is held back is no failure');
  t.equal(await read('late', '.status.conditions[?(@.type=="RegistryReachable")].reason'), 'FirstScan');
  const why = 'polls are held back, for the registry wants to be left alone for a while (Retry-After)';
  await eventually(
    () => read('late', '.status.conditions[?(@.type=="Ready")].message'),
    (message) => message === `the registry has not been asked yet: ${why}`,
  );
  t.equal(registry.requests.length, asked, 'nobody asks the registry again');
  const told = (await controller.log()).split('\n').filter((line) => line.includes('a registry host is left alone'));
  t.equal(told.length, 1);
  t.match(told[0], /"host":"registry\.example:5000","why":"retry-after","forMs":3600000/);
});
