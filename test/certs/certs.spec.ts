import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Secret } from '../../api/objects.js';
import { certificatesIn, inspect } from '../../certs/inspect.js';
import { AUTHORITY_LIFE_MS, issueAuthority, issueLeaf, LEAF_LIFE_MS } from '../../certs/issue.js';
import { type Current, planCertificates } from '../../certs/plan.js';
import { type Address, publish, type WebhookConfiguration } from '../../certs/publish.js';
import { fromDirectory, fromSecret, type Serving } from '../../certs/source.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { MUTATING_WEBHOOKS, SECRETS, VALIDATING_WEBHOOKS } from '../../kube/resources.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['werfbundle-webhook.ops.svc', 'werfbundle-webhook.ops.svc.cluster.local', '127.0.0.1', '2001:db8::1'];
const SECRET = { namespace: 'ops', name: 'werfbundle-webhook-certificates' };
const signal = new AbortController().signal;

t.test('the plan', async (t) => {
  const authority = { from: NOW, to: NOW + 365 * DAY };
  const leaf = { from: NOW, to: NOW + 6 * DAY, missing: [] };
  const cases: readonly { title: string; current: Current | undefined; now?: number; want: unknown }[] = [
    { title: 'none yet: all', current: undefined, want: ['all', 'there are none yet'] },
    { title: 'all well: keep', current: { authority, leaf }, want: 'keep' },
    {
      title: 'a broken authority: all, whatever the leaf',
      current: { authority: 'broken', leaf },
      want: ['all', 'the authority is unreadable or does not fit its key'],
    },
    {
      title: 'an authority past two thirds of its life: all',
      current: { authority: { from: NOW - 250 * DAY, to: NOW + 115 * DAY }, leaf },
      want: ['all', 'the authority is past two thirds of its life'],
    },
    {
      title: 'a broken leaf: the leaf',
      current: { authority, leaf: 'broken' },
      want: ['leaf', 'the leaf is unreadable, does not fit its key or its authority'],
    },
    {
      title: 'a leaf just before two thirds of its life: keep',
      current: { authority, leaf },
      now: NOW + 4 * DAY - 1,
      want: 'keep',
    },
    {
      title: 'a leaf at two thirds of its life: the leaf',
      current: { authority, leaf },
      now: NOW + 4 * DAY,
      want: ['leaf', 'the leaf is past two thirds of its life'],
    },
    {
      title: 'a name too few: the leaf',
      current: { authority, leaf: { ...leaf, missing: ['a', 'b'] } },
      want: ['leaf', 'the leaf is not valid for a, b'],
    },
  ];
  for (const { title, current, now = NOW, want } of cases) {
    const plan = planCertificates(now, current);
    t.same(plan.kind === 'keep' ? 'keep' : [plan.what, plan.why], want, title);
  }
});

t.test('what is issued', async (t) => {
  const authority = await issueAuthority(NOW);
  const pair = await issueLeaf(authority, NAMES, NOW);
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(pair.certificate);
  t.ok(root.ca, 'the authority may sign');
  t.notOk(leaf.ca, 'the leaf may not');
  t.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey), 'the authority signed the leaf');
  t.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.same(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'the leaf is for servers');
  t.equal(Date.parse(root.validTo), NOW + AUTHORITY_LIFE_MS);
  t.same(
    [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)],
    [NOW - HOUR, NOW + LEAF_LIFE_MS],
    'a clock may be behind by an hour',
  );
  t.not((await issueLeaf(authority, NAMES, NOW)).certificate, pair.certificate, 'no two are alike');

  const { leaf: seen } = inspect(authority, pair, [...NAMES, 'other.example', '127.0.0.2']);
  t.same(seen, { from: NOW - HOUR, to: NOW + LEAF_LIFE_MS, missing: ['other.example', '127.0.0.2'] });
  const stranger = await issueAuthority(NOW);
  t.equal(inspect(stranger, pair, NAMES).leaf, 'broken', "another authority's leaf is none of ours");
  t.equal(inspect({ ...authority, key: stranger.key }, pair, NAMES).authority, 'broken', 'a key must be the right one');
  t.equal(inspect(authority, { ...pair, key: stranger.key }, NAMES).leaf, 'broken');
  for (const junk of ['', 'junk', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
    t.same(inspect({ certificate: junk, key: junk }, pair, NAMES), { authority: 'broken', leaf: 'broken' });
    t.equal(inspect(authority, { certificate: junk, key: junk }, NAMES).leaf, 'broken');
  }
});

const setup = (start = NOW) => {
  const kube = createFakeKube();
  const clock = createFakeClock(start);
  const log = recordLog();
  const replica = (client: Pick<KubeClient, 'get' | 'create' | 'replace'> = kube, names = NAMES): Promise<Serving> =>
    fromSecret({ kube: client, clock, log, secret: SECRET, names }, signal);
  const stored = (): Record<string, string> => {
    const data = kube.read<Secret>(SECRETS, SECRET)?.data ?? {};
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
  };
  return { kube, clock, log, replica, stored };
};

t.test('the shared Secret', async (t) => {
  const { kube, clock, log, replica, stored } = setup();
  const first = await replica();
  t.same(kube.read<Secret>(SECRETS, SECRET)?.type, 'kubernetes.io/tls');
  t.same(Object.keys(stored()).sort(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
  t.same(first, {
    certificate: stored()['tls.crt'],
    key: stored()['tls.key'],
    trusted: stored()['ca.crt'],
    expires: NOW + LEAF_LIFE_MS,
  });
  t.notMatch(JSON.stringify(log.entries), /PRIVATE|BEGIN/, 'nothing private is logged');

  kube.clearActions();
  t.same(await replica(), first, 'a restart serves with the same');
  t.same(kube.actions, [], 'and writes nothing');

  const renamed = await replica(kube, [...NAMES, 'webhook.example']);
  t.equal(renamed.trusted, first.trusted, 'another name is a new leaf by the same authority');
  t.not(renamed.certificate, first.certificate);

  await clock.advance(5 * DAY);
  const renewed = await replica();
  t.equal(renewed.trusted, first.trusted, 'an old leaf is renewed by the same authority');
  t.equal(renewed.expires, NOW + 5 * DAY + LEAF_LIFE_MS);

  await clock.advance(300 * DAY);
  const replaced = await replica();
  const [own, earlier, ...others] = certificatesIn(replaced.trusted);
  t.same(
    [earlier, others],
    [first.trusted.trim(), []],
    'an old authority is replaced, and stays trusted while it is valid',
  );
  t.ok(new X509Certificate(replaced.certificate).verify(new X509Certificate(own ?? '').publicKey));
  t.same(await replica(), replaced);

  await clock.advance(400 * DAY);
  t.equal(certificatesIn((await replica()).trusted).length, 1, 'but no longer');
});

t.test('replicas that start at once end up with one authority', async (t) => {
  const { replica, kube } = setup();
  const all = await Promise.all([replica(), replica(), replica()]);
  t.equal(new Set(all.map(({ trusted }) => trusted)).size, 1);
  t.same(
    kube.actions.map(({ verb }) => verb),
    ['create', 'create', 'create'],
    'all of them tried to create the Secret',
  );
  t.ok(
    all.every((serving) => serving.certificate === all[0]?.certificate),
    'whoever lost took what was there',
  );
});

t.test('a Secret with junk is repaired; one that never holds still is given up on', async (t) => {
  const { kube, replica, stored } = setup();
  kube.seed<Secret>(SECRETS, { metadata: SECRET, data: { 'tls.crt': 'AAAA', note: 'a2VwdA==' } });
  const serving = await replica();
  t.equal(serving.trusted, stored()['ca.crt']);
  t.equal(stored()['note'], 'kept', 'what is not ours stays');

  kube.seed<Secret>(SECRETS, { metadata: SECRET, data: {} });
  kube.failNext({ verb: 'replace' }, () => new KubeError('conflict', 'replace secrets: conflict'), 100);
  await t.rejects(replica(), {
    name: 'CertificateError',
    message: 'Secret ops/werfbundle-webhook-certificates was changed by somebody else 8 times in a row',
  });
  kube.failNext({ verb: 'get' }, new KubeError('forbidden', 'get secrets: forbidden'));
  await t.rejects(replica(), { name: 'KubeError', code: 'forbidden' });
});

t.test('files given from outside', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-certs-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const authority = await issueAuthority(NOW);
  const leaf = await issueLeaf(authority, NAMES, NOW);
  const other = await issueLeaf(authority, NAMES, NOW);
  const good = { 'tls.crt': leaf.certificate, 'tls.key': leaf.key, 'ca.crt': `# ours\n${authority.certificate}` };
  const given = async (files: Record<string, string>): Promise<void> => {
    for (const file of Object.keys(good)) await rm(join(dir, file), { force: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text);
  };
  await given(good);
  t.same(await fromDirectory(dir, NOW), {
    certificate: leaf.certificate,
    key: leaf.key,
    trusted: authority.certificate,
    expires: NOW + LEAF_LIFE_MS,
  });
  const { 'ca.crt': _, ...withoutAuthority } = good;
  const cases: readonly { title: string; files: Record<string, string>; now?: number; message: string }[] = [
    {
      title: 'a file is missing',
      files: withoutAuthority,
      message: `can't read ${dir}/ca.crt (ENOENT): --cert-dir needs tls.crt, tls.key and ca.crt`,
    },
    { title: 'no certificate', files: { ...good, 'tls.crt': 'x' }, message: `${dir}/tls.crt: is no PEM certificate` },
    {
      title: "another one's key",
      files: { ...good, 'tls.key': other.key },
      message: `${dir}/tls.key: is not the private key of tls.crt`,
    },
    {
      title: 'no authority',
      files: { ...good, 'ca.crt': 'x' },
      message: `${dir}/ca.crt: holds no PEM certificate, or one that is broken`,
    },
    {
      title: 'too old',
      files: good,
      now: NOW + LEAF_LIFE_MS,
      message: `${dir}/tls.crt: has expired (Jan  8 00:00:00 2026 GMT)`,
    },
  ];
  for (const { title, files, now = NOW, message } of cases) {
    await given(files);
    await t.rejects(fromDirectory(dir, now), { name: 'CertificateError', message }, title);
  }
});

const CLIENT = { service: { namespace: 'old', name: 'old', path: '/old' } };
const hook = (name: string): WebhookConfiguration => ({
  metadata: { name },
  webhooks: [{ name: `${name}.werf.io`, clientConfig: CLIENT, ...{ failurePolicy: 'Fail', rules: [] } }],
});

t.test('publishing', async (t) => {
  const targets = [
    { type: MUTATING_WEBHOOKS, name: 'm', path: '/mutate' },
    { type: VALIDATING_WEBHOOKS, name: 'v', path: '/validate' },
  ];
  const kube = createFakeKube();
  kube.seed(MUTATING_WEBHOOKS, hook('m'));
  kube.seed(VALIDATING_WEBHOOKS, hook('v'));
  const webhooks = () =>
    targets.map(({ type, name }) => kube.read<WebhookConfiguration>(type, { name })?.webhooks?.[0]);
  const service: Address = { kind: 'service', namespace: 'ops', name: 'werfbundle-webhook' };
  const caBundle = Buffer.from('PEM').toString('base64');

  await publish({ kube, targets, address: service, trusted: 'PEM' }, signal);
  t.same(
    webhooks(),
    targets.map(({ name, path }) => ({
      name: `${name}.werf.io`,
      failurePolicy: 'Fail',
      rules: [],
      clientConfig: { caBundle, service: { namespace: 'ops', name: 'werfbundle-webhook', path, port: 443 } },
    })),
    'writes certificate and Service, and leaves everything else as it is',
  );

  kube.clearActions();
  await publish({ kube, targets, address: service, trusted: 'PEM' }, signal);
  t.same(kube.actions, [], 'does nothing when it is right already');

  kube.before({ verb: 'patch', name: 'v' }, () => kube.seed(VALIDATING_WEBHOOKS, hook('v')));
  await publish({ kube, targets, address: { kind: 'url', base: 'https://192.0.2.1:9443' }, trusted: 'PEM' }, signal);
  t.same(
    webhooks().map((webhook) => webhook?.clientConfig),
    [
      { caBundle, url: 'https://192.0.2.1:9443/mutate' },
      { caBundle, url: 'https://192.0.2.1:9443/validate' },
    ],
    'writes a URL in place of the Service, also when somebody else was quicker',
  );

  kube.vanish(VALIDATING_WEBHOOKS, { name: 'v' });
  await t.rejects(publish({ kube, targets, address: service, trusted: 'PEM' }, signal), {
    name: 'CertificateError',
    message: 'ValidatingWebhookConfiguration v does not exist or is empty: apply manifests/webhook first',
  });
  kube.failNext({ verb: 'patch' }, () => new KubeError('conflict', 'patch: conflict'), 100);
  await t.rejects(publish({ kube, targets, address: service, trusted: 'other' }, signal), {
    message: "MutatingWebhookConfiguration m: somebody overwrites the webhooks' clientConfig again and again",
  });
});

t.test(
  'a client that trusts the published certificates talks to a server with the leaf, by each of its names',
  async (t) => {
    const { replica } = setup(Date.now());
    const { certificate, key, trusted } = await replica();
    const server = createServer({ cert: certificate, key }, (_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const ask = (servername: string): Promise<string> =>
      new Promise((resolve) => {
        const options = { host: '127.0.0.1', port, ca: trusted, servername, agent: false };
        get(options, (response) => response.resume().on('end', () => resolve('answered'))).on('error', ({ message }) =>
          resolve(message),
        );
      });
    t.equal(await ask('werfbundle-webhook.ops.svc'), 'answered');
    t.equal(await ask('werfbundle-webhook.ops.svc.cluster.local'), 'answered');
    t.equal(await ask(''), 'answered', 'by its IP address');
    t.match(await ask('other.example'), /does not match certificate's altnames/);
  },
);
