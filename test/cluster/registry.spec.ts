import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import {
  createRegistry,
  DEFAULT_REGISTRY_LIMITS,
  DEFAULT_REGISTRY_TIMEOUTS,
} from '../../controller/registry/registry.js';
import { publishBundle, publishImage } from '../../playground/registry/publish.js';
import { startRegistry, type TokenAuth } from '../../playground/registry/start.js';
import { registryContract } from '../contract/registry.contract.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startTokenServer } from '../kit/token-server.js';

/** Debian's docker-registry where the run has it; what stands in for it, otherwise. */
async function registryFor(t: Test, options: { real?: boolean; login?: boolean; auth?: TokenAuth }) {
  const { real = true, login = false, auth } = options;
  const binary = real ? (await binariesOfThisRun()).dockerRegistry : undefined;
  const credential = { kind: 'basic', username: 'robot', password: 'pass:word' } as const;
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-registry-'));
  const registry = await startRegistry({
    dir,
    say: (line) => t.comment(line),
    ...(binary === undefined ? {} : { binary }),
    ...(login ? { auth: { ...credential, kind: 'htpasswd' } } : {}),
    ...(auth === undefined ? {} : { auth }),
  });
  t.teardown(async () => {
    await registry.stop();
    await rm(dir, { recursive: true, force: true });
  });
  return { registry, dir, binary, ...(login ? { credential } : {}) };
}

function clientFor(t: Test) {
  const client = createRegistry({
    timeouts: DEFAULT_REGISTRY_TIMEOUTS,
    limits: DEFAULT_REGISTRY_LIMITS,
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
    },
    userAgent: 'werfbundle-test',
  });
  t.teardown(() => client.close());
  return client;
}

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
      ...(credential === undefined ? {} : { credential }),
      publish: async (repository, tag, content) => {
        version += 1;
        const target = { host, repository, tag, ...(credential === undefined ? {} : { credential }) };
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
    const target = { host, repository, tag, token: tokens.token(repository, ['pull', 'push']) };
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

t.test('a registry that goes away is a refused connection, and it is found again on the same port', async (t) => {
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
    ...(binary === undefined ? {} : { binary }),
  });
  t.teardown(() => again.stop());
  t.strictSame(await client.listTags(target, signal), tags);
});
