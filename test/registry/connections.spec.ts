import t, { type Test } from 'tap';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import type { Registry, RegistryTarget } from '../../registry/port.js';
import { readProxies } from '../../registry/proxies.js';
import { createRegistry, type RegistryDeps } from '../../registry/registry.js';
import { type FakeRegistry, startFakeRegistry } from '../kit/fake-registry.js';
import { startForwardProxy } from '../kit/forward-proxy.js';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

t.test('a connection is made only to an address that is allowed, and its failure says why', async (t) => {
  const failure = async (client: Registry, target: RegistryTarget) => {
    const list = await client.listTags(target, signal);
    return list.kind === 'failed' ? `${list.code}: ${list.message}` : list;
  };
  const lookup: RegistryDeps['lookup'] = (name, options, callback) => {
    const addresses = {
      'mixed.example': [
        { address: '169.254.1.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      'inside.example': [{ address: '127.0.0.1', family: 4 }],
      'metadata.example': [{ address: '169.254.169.254', family: 4 }],
    }[name];
    t.equal(options.all, true);
    if (addresses === undefined) callback(Object.assign(new Error('canary'), { code: 'ENOTFOUND' }), '');
    else callback(null, addresses);
  };
  const fake = await fakeFor(t);
  fake.publish('acme/app', 'v1', 'bundle');
  const port = fake.host.split(':')[1];
  const at = (host: string): RegistryTarget => targetOf(fake, { host });

  const open = clientFor(t, { lookup });
  t.equal(await failure(open, at('absent.example')), 'connection: no such host');
  t.strictSame(await failure(open, at(`inside.example:${port}`)), { kind: 'tags', tags: ['v1'] });
  t.strictSame(
    await failure(open, at(`mixed.example:${port}`)),
    { kind: 'tags', tags: ['v1'] },
    'by the address that is allowed',
  );
  t.equal(
    await failure(open, at('metadata.example')),
    'refused-address: no connection to metadata.example: its address is link-local, which is refused unless --allow-networks has it',
  );
  const closed = clientFor(t, { lookup, allowNetworks: [] });
  for (const host of [fake.host, `inside.example:${port}`]) {
    const name = host.split(':')[0];
    t.equal(
      await failure(closed, at(host)),
      `refused-address: no connection to ${name}: its address is loopback, which is refused unless --allow-networks has it`,
    );
  }
  t.equal(
    await failure(clientFor(t, { denyNetworks: ['127.0.0.1'] }), at(fake.host)),
    'refused-address: no connection to 127.0.0.1: its address is in a network refused by --deny-networks',
  );
  const gone = await startFakeRegistry();
  await gone.close();
  t.equal(await failure(open, targetOf(gone)), 'connection: connection refused');
  t.equal(
    await failure(open, targetOf(fake, { insecure: false })),
    'connection: the server does not speak TLS; for a registry with plain HTTP set spec.registry.insecure',
  );
  const client = createRegistry({
    timeouts: { connectMs: 100, headersMs: 100, bodyMs: 100 },
    limits: { pages: 1, tags: 1, bodyBytes: 1000 },
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: shiftedClock(),
    userAgent: 'werfbundle-test',
  });
  t.strictSame(await client.listTags(targetOf(fake), signal), { kind: 'tags', tags: ['v1'] });
  await client.close();
  t.match(await client.listTags(targetOf(fake), signal), { kind: 'tags' }, 'after a close connections are opened anew');
  await client.close();
});

t.test('registries are reached through the proxies of the environment', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const proxyFor = async (t: Test, options: Parameters<typeof startForwardProxy>[0]) => {
    const proxy = await startForwardProxy(options);
    t.teardown(() => proxy.close());
    return proxy;
  };
  const through = (url: string, except = ''): Pick<RegistryDeps, 'proxies'> => {
    const read = readProxies({ HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: except });
    return read.kind === 'ok' ? { proxies: read.proxies } : {};
  };
  const failure = async (client: Registry, target: RegistryTarget) => {
    const answer = await client.listTags(target, signal);
    return answer.kind === 'failed' ? `${answer.code}: ${answer.message}` : answer;
  };
  const named = { host: 'registry.example:5000', repository: 'acme/app' } as const;
  const plain: RegistryTarget = { ...named, insecure: true };
  const tags = { kind: 'tags', tags: ['v1'] };

  t.test('a registry is reached by its proxy: in plain HTTP, or by a tunnel that ends at the registry', async (t) => {
    const authority = await issueAuthority(Date.now());
    const { key, certificate } = await issueLeaf(authority, ['registry.example'], Date.now());
    const secure = await fakeFor(t, { key, cert: certificate });
    const open = await fakeFor(t);
    for (const fake of [secure, open]) fake.publish('acme/app', 'v1', 'bundle');
    const [byTunnel, byRequest] = [await proxyFor(t, { to: secure.host }), await proxyFor(t, { to: open.host })];

    const target = { ...named, insecure: false };
    const client = clientFor(t, through(byTunnel.url));
    t.strictSame(await client.listTags({ ...target, ca: authority.certificate }, signal), tags);
    t.strictSame(byTunnel.asked, ['CONNECT registry.example:5000'], 'nothing else is seen on the way');
    t.match(await client.listTags(target, signal), { code: 'certificate' }, 'the registry’s own certificate counts');

    t.strictSame(await clientFor(t, through(byRequest.url)).listTags(plain, signal), tags);
    t.strictSame(byRequest.asked, [`GET http://registry.example:5000${list}`]);
  });

  t.test('what NO_PROXY names, and this machine, is reached directly, and judged as ever', async (t) => {
    const fake = await fakeFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    const proxy = await proxyFor(t, { to: fake.host });
    t.strictSame(await clientFor(t, through(proxy.url)).listTags(targetOf(fake), signal), tags);
    const lookup: RegistryDeps['lookup'] = (_name, _options, callback) =>
      callback(null, [{ address: '169.254.169.254', family: 4 }]);
    t.match(
      await failure(clientFor(t, { ...through(proxy.url, '.example'), lookup }), plain),
      /^refused-address: no connection to registry.example: its address is link-local/,
    );
    t.strictSame(proxy.asked, []);
  });

  t.test('an address that is refused is not asked for by a proxy either', async (t) => {
    const fake = await fakeFor(t);
    const proxy = await proxyFor(t, { to: fake.host });
    const client = clientFor(t, { ...through(proxy.url), denyNetworks: ['10.0.0.0/8', 'fd00::/8'] });
    for (const host of ['169.254.169.254', '10.1.2.3:5000', '[fd00::1]:5000', '[fe80::1]']) {
      t.match(await failure(client, { ...plain, host }), /^refused-address: no connection to /, host);
    }
    fake.fail(/./, { kind: 'answer', status: 302, headers: { location: 'http://169.254.169.254/latest' } });
    t.match(await failure(client, plain), /^refused-address: no connection to 169/, 'nor for a redirect');
    t.equal(proxy.asked.length, 1);
  });

  t.test('a proxy gets its own password, and the registry does not', async (t) => {
    const fake = await fakeFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    const proxy = await proxyFor(t, { to: fake.host, authorization: `Basic ${btoa('robot:p@ss')}` });
    const url = proxy.url.replace('//', '//robot:p%40ss@');
    t.strictSame(await failure(clientFor(t, through(url)), plain), tags);
    t.equal(fake.requests[0]?.authorization, undefined);
    for (const insecure of [true, false]) {
      t.equal(
        await failure(clientFor(t, through(proxy.url)), { ...plain, insecure }),
        'connection: the proxy makes no connection: 407 proxy authentication required',
      );
    }
  });

  t.test('a proxy that is not there, or says nothing, is told from a registry that is not', async (t) => {
    const gone = await startForwardProxy({ to: '127.0.0.1:1' });
    await gone.close();
    const mute = await proxyFor(t, { to: '127.0.0.1:1', silent: true });
    const short = { connectMs: 100, headersMs: 100, bodyMs: 100 };
    for (const insecure of [true, false]) {
      const target = { ...plain, insecure };
      t.equal(
        await failure(clientFor(t, through(gone.url)), target),
        'connection: no connection to the proxy: connection refused',
      );
      t.equal(
        await failure(clientFor(t, { ...through(mute.url), timeouts: short }), target),
        'timeout: context deadline exceeded',
      );
    }
  });
});

t.test(
  'a certificate is believed by whom the bundle’s CA vouches for, and only in its time, for its host',
  async (t) => {
    const now = Date.now();
    const authority = await issueAuthority(now);
    const ca = authority.certificate;
    const serving = async (name: string, at: number): Promise<FakeRegistry> => {
      const { key, certificate } = await issueLeaf(authority, [name], at);
      const fake = await fakeFor(t, { key, cert: certificate });
      fake.publish('acme/app', 'v1', 'bundle');
      return fake;
    };
    const fake = await serving('127.0.0.1', now);
    const client = clientFor(t);
    const tags = { kind: 'tags', tags: ['v1'] };
    const failed = (message: string) => ({ kind: 'failed', code: 'certificate', message });
    const unknown = failed('certificate signed by unknown authority; give its CA with spec.registry.caSecretRef');
    const secure = (registry: FakeRegistry, trusted?: string) =>
      targetOf(registry, { insecure: false, ...(trusted !== undefined && { ca: trusted }) });
    t.strictSame(await client.listTags(secure(fake), signal), unknown);
    t.strictSame(await client.listTags(secure(fake, ca), signal), tags);
    t.strictSame(await client.listTags(secure(fake), signal), unknown, 'a CA counts for those that named it');
    const other = (await issueAuthority(now)).certificate;
    t.match(await client.listTags(secure(fake, other), signal), { code: 'certificate' }, 'another CA does not help');
    t.strictSame(await client.listTags(secure(fake, `${other}\n${ca}`), signal), tags, 'one of several does');
    t.strictSame(
      await client.listTags(secure(fake, 'canary'), signal),
      unknown,
      'what is no certificate does not either',
    );
    const old = await serving('127.0.0.1', now - 30 * 86_400_000);
    t.strictSame(await client.listTags(secure(old, ca), signal), failed('certificate has expired'));
    const early = await serving('127.0.0.1', now + 86_400_000);
    t.strictSame(await client.listTags(secure(early, ca), signal), failed('certificate is not yet valid'));
    const elsewhere = await serving('registry.example', now);
    t.strictSame(
      await client.listTags(secure(elsewhere, ca), signal),
      failed('certificate is not valid for this host name'),
    );
    fake.behave({ access: { kind: 'bearer', username: 'u', password: 'p' } });
    const credential = { kind: 'basic', username: 'u', password: 'p' } as const;
    t.strictSame(await client.listTags({ ...secure(fake, ca), credential }, signal), {
      kind: 'failed',
      code: 'protocol',
      message: 'the token server speaks plain HTTP, which is refused unless spec.registry.insecure is set',
    });
    t.notOk(
      fake.lines().some((line) => line.includes('/token')),
      'a credential is not sent in the clear',
    );
    fake.fail(/./, { kind: 'answer', status: 302, headers: { location: `http://${fake.host}/v2/` } });
    t.match(await client.listTags(secure(fake, ca), signal), {
      message: 'a redirect to plain HTTP, which is not followed unless spec.registry.insecure is set',
    });
  },
);
