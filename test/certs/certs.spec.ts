import '../../certs/reflect-metadata.js';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import t from 'tap';
import { readDirectory, watchDirectory } from '../../certs/directory-source.js';
import { authorityFacts, leafFacts, namesOf, pemOf } from '../../certs/inspect.js';
import {
  AUTHORITY_LIFE_MS,
  issueAuthority,
  issueLeaf,
  issueLeafUntil,
  type KeyPair,
  LEAF_LIFE_MS,
} from '../../certs/issue.js';
import { type Observation, planCertificates } from '../../certs/plan.js';
import { scheduleFor } from '../../certs/schedule.js';
import { secretSource } from '../../certs/secret-source.js';
import type { IssueOrder } from '../../certs/source.js';
import { KubeError } from '../../kube/client.js';
import { SECRETS } from '../../kube/resources.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['werfbundle-webhook.ops.svc', 'werfbundle-webhook.ops.svc.cluster.local', '127.0.0.1', '2001:db8::1'];
const SECRET = { namespace: 'ops', name: 'werfbundle-webhook-certificates' };
const signal = new AbortController().signal;

t.test('the plan renews at two thirds of a life, and a new authority signs 60 s after it was read back', async (t) => {
  const NEW = { id: 'new', born: NOW - DAY, to: NOW + 364 * DAY };
  const OLD = { id: 'old', born: NOW - 250 * DAY, to: NOW + 115 * DAY };
  const LEAF = { id: 'leaf', born: NOW, to: NOW + 6 * DAY, signer: 'new', missing: [] };
  const SERVED = { id: 'leaf', signer: 'new', to: LEAF.to };
  const well: Observation = {
    now: NOW,
    issuer: { kind: 'ours', keyFits: true },
    offered: { authorities: [NEW], leaf: LEAF },
    served: SERVED,
    confirmed: new Map([['new', NOW - DAY]]),
    published: 'right',
    overlapMs: 60_000,
  };
  const other = { ...LEAF, id: 'other' };
  const byOld = { authorities: [NEW, OLD], leaf: { ...LEAF, signer: 'old' } };
  const servedByOld = { ...SERVED, signer: 'old' };
  const theirs = { issuer: { kind: 'theirs' } } as const;
  const issue = (what: string, why: string) => ({
    kind: 'issue',
    authority: what.includes('authority'),
    leaf: what.includes('leaf'),
    why,
  });
  const keep = { kind: 'keep' };
  const serve = { kind: 'serve' };
  const publish = { kind: 'publish' };
  const EXPIRED = 'the leaf has expired';
  const STRANGER = 'the leaf is by none of the authorities';
  const MISSING = 'the leaf is missing, unreadable or does not fit its key';
  const LOST = 'the authority is unreadable or does not fit its key';
  const OLD_AGE = 'the authority is past two thirds of its life';
  const LEAF_AGE = 'the leaf is past two thirds of its life';
  const EARLIER = 'the leaf is by an earlier authority';
  const cases: readonly { title: string; given: Partial<Observation>; want: unknown }[] = [
    { title: 'all is well: keep', given: {}, want: keep },
    {
      title: 'there is nothing yet: both are issued',
      given: { offered: undefined, served: undefined, confirmed: new Map() },
      want: issue('authority and leaf', 'there are none yet'),
    },
    {
      title: 'files from outside are never issued',
      given: { ...theirs, offered: undefined, served: undefined },
      want: keep,
    },
    {
      title: 'a usable pair is served before anything is published: the port is not known yet',
      given: { served: undefined, published: 'wrong', confirmed: new Map() },
      want: serve,
    },
    {
      title: 'a name too few at the start: a new leaf at once',
      given: { served: undefined, offered: { authorities: [NEW], leaf: { ...LEAF, missing: ['a', 'b'] } } },
      want: issue('leaf', 'the leaf is not valid for a, b'),
    },
    {
      title: 'the same while something is served, its authority known everywhere: a new leaf',
      given: { offered: { authorities: [NEW], leaf: { ...LEAF, missing: ['a'] } } },
      want: issue('leaf', 'the leaf is not valid for a'),
    },
    {
      title: 'the authority lost its key: another one beside it, and the leaf stays',
      given: { issuer: { kind: 'ours', keyFits: false } },
      want: issue('authority', LOST),
    },
    {
      title: 'neither authority nor leaf can be read: both',
      given: { offered: { authorities: [], leaf: 'broken' } },
      want: issue('authority and leaf', LOST),
    },
    {
      title: 'the authority is past two thirds of its life: another one beside it, and the leaf stays',
      given: { offered: { authorities: [OLD], leaf: { ...LEAF, signer: 'old' } } },
      want: issue('authority', OLD_AGE),
    },
    {
      title: 'just before that: keep',
      given: { offered: { authorities: [{ ...NEW, born: NOW - 20 * DAY + 1, to: NOW + 10 * DAY }], leaf: LEAF } },
      want: keep,
    },
    {
      title: 'at two thirds of it: a new one',
      given: { offered: { authorities: [{ ...NEW, born: NOW - 20 * DAY, to: NOW + 10 * DAY }], leaf: LEAF } },
      want: issue('authority', OLD_AGE),
    },
    {
      title: 'a new authority is in no caBundle yet: publish',
      given: { offered: byOld, served: servedByOld, confirmed: new Map([['old', 0]]), published: 'wrong' },
      want: publish,
    },
    {
      title: 'nor can it be written there: keep the leaf of the old one',
      given: { offered: byOld, served: servedByOld, confirmed: new Map([['old', 0]]), published: 'stuck' },
      want: keep,
    },
    {
      title: 'it was read back 59 s ago: wait a second',
      given: { offered: byOld, served: servedByOld, confirmed: new Map([['new', NOW - 59_000]]) },
      want: { kind: 'wait', until: NOW + 1000 },
    },
    {
      title: 'it was read back 60 s ago: a leaf by it',
      given: { offered: byOld, served: servedByOld, confirmed: new Map([['new', NOW - 60_000]]) },
      want: issue('leaf', EARLIER),
    },
    {
      title: 'another replica made that leaf, but here the authority was read back 59 s ago: wait',
      given: {
        offered: { authorities: [NEW, OLD], leaf: other },
        served: servedByOld,
        confirmed: new Map([
          ['new', NOW - 59_000],
          ['old', 0],
        ]),
      },
      want: { kind: 'wait', until: NOW + 1000 },
    },
    {
      title: 'and 60 s ago: serve',
      given: {
        offered: { authorities: [NEW, OLD], leaf: other },
        served: servedByOld,
        confirmed: new Map([
          ['new', NOW - 60_000],
          ['old', 0],
        ]),
      },
      want: serve,
    },
    {
      title: 'the CA of the served leaf is trusted no more, that of the offered one is: serve it without waiting',
      given: {
        offered: { authorities: [NEW, OLD], leaf: other },
        served: servedByOld,
        confirmed: new Map([['new', NOW]]),
      },
      want: serve,
    },
    {
      title: 'neither is trusted: the served leaf stays',
      given: { offered: { authorities: [NEW], leaf: other }, confirmed: new Map() },
      want: keep,
    },
    {
      title: 'what is served has expired: anything valid is better',
      given: { offered: { authorities: [NEW], leaf: other }, served: { ...SERVED, to: NOW }, confirmed: new Map() },
      want: serve,
    },
    {
      title: 'a renewed leaf by the same authority is served at once',
      given: { offered: { authorities: [NEW], leaf: other } },
      want: serve,
    },
    {
      title: 'files from outside that are another pair are served by the same rule',
      given: { ...theirs, offered: { authorities: [NEW], leaf: other } },
      want: serve,
    },
    {
      title: 'the leaf just before two thirds of its life: keep',
      given: { now: NOW + 4 * DAY - 1 },
      want: keep,
    },
    { title: 'at two thirds of its life: a new one', given: { now: NOW + 4 * DAY }, want: issue('leaf', LEAF_AGE) },
    { title: "an old leaf of somebody else's is theirs", given: { ...theirs, now: NOW + 5 * DAY }, want: keep },
    {
      title: 'the leaf has expired (the machine slept): a new one, caBundle or not',
      given: { now: NOW + 6 * DAY, confirmed: new Map(), published: 'stuck' },
      want: issue('leaf', EXPIRED),
    },
    {
      title: 'the leaf is broken: a new one',
      given: { offered: { authorities: [NEW], leaf: 'broken' } },
      want: issue('leaf', MISSING),
    },
    {
      title: 'the leaf is by none of the authorities: a new one',
      given: { offered: { authorities: [NEW], leaf: { ...LEAF, signer: undefined } } },
      want: issue('leaf', STRANGER),
    },
    {
      title: 'an earlier authority has expired: it is left out',
      given: { offered: { authorities: [NEW, { ...OLD, to: NOW }], leaf: LEAF } },
      want: issue('nothing', 'an earlier authority has expired'),
    },
    {
      title: 'the leaf by it has, too',
      given: { offered: { authorities: [NEW, { ...OLD, to: NOW }], leaf: { ...LEAF, signer: 'old' } } },
      want: issue('leaf', "the leaf's authority has expired"),
    },
    { title: 'somebody overwrote a caBundle: publish again', given: { published: 'wrong' }, want: publish },
  ];
  for (const { title, given, want } of cases) t.same(planCertificates({ ...well, ...given }), want, title);
});

t.test('a leaf is for servers, valid for 7 days, and accepted where a clock is an hour behind', async (t) => {
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
  const brief = await issueLeafUntil({ authority, names: NAMES, now: NOW, until: NOW + 30_000 });
  t.equal(Date.parse(new X509Certificate(brief.certificate).validTo), NOW + 30_000, 'any life can be had');
  t.same(namesOf(pair.certificate), [...NAMES.slice(0, 3), '2001:DB8:0:0:0:0:0:1']);
  t.same(namesOf('junk'), []);

  const authorities = [authority.certificate];
  const facts = { id: leaf.fingerprint256, born: NOW, to: NOW + LEAF_LIFE_MS };
  t.same(leafFacts(pair, { authorities, names: [...NAMES, 'other.example', '127.0.0.2'] }), {
    ...facts,
    signer: root.fingerprint256,
    missing: ['other.example', '127.0.0.2'],
  });
  t.same(authorityFacts(authority.certificate), { id: root.fingerprint256, born: NOW, to: NOW + AUTHORITY_LIFE_MS });
  t.equal(authorityFacts(pair.certificate), undefined, 'a leaf is no authority');
  const stranger = await issueAuthority(NOW);
  const asked = { authorities: [stranger.certificate], names: [] };
  t.same(leafFacts(pair, asked), { ...facts, signer: undefined, missing: [] }, 'nor is it vouched for by another one');
  t.equal(leafFacts({ ...pair, key: stranger.key }, asked), 'broken', 'a key must be the right one');
  for (const junk of ['', 'junk', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
    t.equal(leafFacts({ certificate: junk, key: junk }, asked), 'broken');
    t.equal(authorityFacts(junk), undefined);
  }
});

t.test('the schedule follows --time-scale, down to what certificates and apiservers can do', (t) => {
  const seconds = (timeScale: number) => Object.values(scheduleFor(timeScale)).map((ms) => Math.round(ms / 10) / 100);
  t.same(Object.keys(scheduleFor(1)), ['authorityLifeMs', 'leafLifeMs', 'overlapMs', 'lookMs', 'fileLookMs']);
  t.same(seconds(1), [365 * 86_400, 7 * 86_400, 60, 60, 10]);
  t.same(seconds(20_000), [1576.8, 30.24, 1, 1, 1]);
  t.same(seconds(1e6), [120, 15, 1, 1, 1]);
  t.end();
});

t.test(
  'replicas share one Secret: the first one issues, and a replica that has read before that is too late',
  async (t) => {
    const clock = createFakeClock(NOW);
    const kube = createFakeKube({ clock });
    const source = (names = NAMES) =>
      secretSource({ client: kube, clock, schedule: scheduleFor(1), secret: SECRET, names });
    const NONE: IssueOrder = { authority: false, leaf: false, pair: { certificate: '', key: '' }, alsoTrusted: [] };
    const stored = (): Record<string, string> => {
      const data = kube.read(SECRETS, SECRET)?.data ?? {};
      return Object.fromEntries(
        Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
      );
    };
    const empty = await source().read(signal);
    t.same([empty.offer, empty.issuer], [undefined, { kind: 'ours', keyFits: false }]);
    t.equal(await empty.issue({ ...NONE, authority: true, leaf: true }, signal), true);
    t.equal(await empty.issue({ ...NONE, authority: true, leaf: true }, signal), false, 'a second replica is too late');
    t.same(kube.read(SECRETS, SECRET)?.type, 'kubernetes.io/tls');
    t.same(Object.keys(stored()).sort(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);

    const first = await source().read(signal);
    if (first.offer === undefined) throw new Error('nothing was stored');
    const { certificate, key, authorities } = first.offer;
    t.same(
      { certificate, key, trusted: pemOf(authorities), issuer: first.issuer },
      {
        certificate: stored()['tls.crt'],
        key: stored()['tls.key'],
        trusted: stored()['ca.crt'],
        issuer: { kind: 'ours', keyFits: true },
      },
    );

    await clock.advance(250 * DAY);
    const foreign = (await issueAuthority(clock.now())).certificate.trim();
    const gone = (await issueAuthority(NOW - 200 * DAY)).certificate.trim();
    await first.issue({ authority: true, leaf: false, pair: first.offer, alsoTrusted: [foreign, gone] }, signal);
    const overlapping = await source().read(signal);
    t.same(
      overlapping.offer?.authorities.slice(1),
      [...authorities, foreign],
      'a new authority stands before the old ones, as long as they are valid',
    );
    t.equal(overlapping.offer?.certificate, certificate, 'and the leaf stays');
    t.same(overlapping.issuer, { kind: 'ours', keyFits: true }, 'the key is the new one\u2019s');
    t.equal(await first.issue({ ...NONE, leaf: true }, signal), false, 'what was read before is worth nothing now');

    await overlapping.issue({ ...NONE, leaf: true, pair: first.offer }, signal);
    const swapped = (await source().read(signal)).offer;
    const signer = new X509Certificate(overlapping.offer?.authorities[0] ?? '');
    t.ok(new X509Certificate(swapped?.certificate ?? '').verify(signer.publicKey), 'the next leaf is by the new one');
    t.same(swapped?.authorities, overlapping.offer?.authorities);

    const more = await source([...NAMES, 'webhook.example']).read(signal);
    await more.issue({ ...NONE, leaf: true, pair: swapped ?? first.offer }, signal);
    const fewer = await source(['one.example']).read(signal);
    await fewer.issue({ ...NONE, leaf: true, pair: fewer.offer ?? first.offer }, signal);
    t.same(
      leafFacts((await source().read(signal)).offer ?? first.offer, {
        authorities: [],
        names: [...NAMES, 'webhook.example', 'one.example'],
      }),
      { ...(fewer.offer && leafFactsOf(stored()['tls.crt'])), signer: undefined, missing: [] },
      'a leaf for another name keeps the names it had',
    );

    const { 'ca.crt': authorityNow } = kube.read(SECRETS, SECRET)?.data ?? {};
    kube.seed(SECRETS, { metadata: SECRET, data: { 'tls.crt': 'AAAA', note: 'a2VwdA==' } });
    const junk = await source().read(signal);
    t.same([junk.offer?.authorities, junk.issuer], [[], { kind: 'ours', keyFits: false }]);
    await junk.issue({ ...NONE, authority: true, leaf: true }, signal);
    t.equal(stored()['note'], 'kept', 'what is not ours stays');
    t.not(kube.read(SECRETS, SECRET)?.data?.['ca.crt'], authorityNow);
    kube.failNext({ verb: 'get' }, new KubeError('forbidden', 'get secrets: forbidden'));
    await t.rejects(source().read(signal), { name: 'KubeError', code: 'forbidden' });
    kube.failNext({ verb: 'replace' }, new KubeError('forbidden', 'update secrets: forbidden'));
    await t.rejects((await source().read(signal)).issue({ ...NONE, leaf: true }, signal), { code: 'forbidden' });
  },
);

const leafFactsOf = (pem = '') => {
  const { fingerprint256: id, validTo, validFrom } = new X509Certificate(pem);
  return { id, born: Date.parse(validFrom) + HOUR, to: Date.parse(validTo) };
};

/** As cert-manager's SelfSigned issuer makes it: no CA. */
const selfSigned = async (names: readonly string[]): Promise<KeyPair> => {
  const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=webhook',
      keys,
      signingAlgorithm: P256,
      notBefore: new Date(NOW),
      notAfter: new Date(NOW + DAY),
      extensions: [new SubjectAlternativeNameExtension(alternatives, false)],
    },
    webcrypto,
  );
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { certificate: made.toString('pem'), key };
};

t.test('files from outside are accepted when they are complete, valid, of one pair and for all names', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-certs-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const authority = await issueAuthority(NOW);
  const stranger = await issueAuthority(NOW);
  const leaf = await issueLeaf(authority, NAMES, NOW);
  const other = await issueLeaf(authority, NAMES, NOW);
  const good = { 'tls.crt': leaf.certificate, 'tls.key': leaf.key, 'ca.crt': `# ours\n${authority.certificate}` };
  const given = async (files: Record<string, string>): Promise<void> => {
    for (const file of Object.keys(good)) await rm(join(dir, file), { force: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text);
  };
  await given(good);
  t.same(await readDirectory(dir, { now: NOW, names: NAMES }), {
    certificate: leaf.certificate,
    key: leaf.key,
    authorities: [authority.certificate.trim()],
  });
  const own = await selfSigned(NAMES);
  await given({ 'tls.crt': own.certificate, 'tls.key': own.key, 'ca.crt': own.certificate });
  t.same(
    (await readDirectory(dir, { now: NOW, names: NAMES })).authorities,
    [own.certificate.trim()],
    'a certificate may vouch for itself',
  );
  const { 'ca.crt': _, ...withoutAuthority } = good;
  const cases: readonly { title: string; files: Record<string, string>; now?: number; message: string }[] = [
    {
      title: 'a file is missing',
      files: withoutAuthority,
      message: `can't read ${dir}/ca.crt (ENOENT): --cert-dir needs tls.crt, tls.key and ca.crt`,
    },
    { title: 'no certificate', files: { ...good, 'tls.crt': 'x' }, message: `${dir}/tls.crt: is no PEM certificate` },
    {
      title: 'half of it',
      files: { ...good, 'tls.crt': leaf.certificate.slice(0, 200) },
      message: `${dir}/tls.crt: is no PEM certificate`,
    },
    {
      title: "another one's key",
      files: { ...good, 'tls.key': other.key },
      message: `${dir}/tls.key: is not the private key of tls.crt`,
    },
    {
      title: 'no authority',
      files: { ...good, 'ca.crt': 'x' },
      message: `${dir}/ca.crt: holds no PEM certificate of an authority, or one that is broken`,
    },
    {
      title: 'a leaf as authority',
      files: { ...good, 'ca.crt': leaf.certificate },
      message: `${dir}/ca.crt: holds no PEM certificate of an authority, or one that is broken`,
    },
    {
      title: "another one's authority",
      files: { ...good, 'ca.crt': stranger.certificate },
      message: `${dir}/ca.crt: does not vouch for tls.crt`,
    },
    {
      title: 'too old',
      files: good,
      now: NOW + LEAF_LIFE_MS,
      message: `${dir}/tls.crt: has expired (Jan  8 00:00:00 2026 GMT)`,
    },
    {
      title: 'too young',
      files: good,
      now: NOW - 2 * HOUR,
      message: `${dir}/tls.crt: is not valid yet (only from Dec 31 23:00:00 2025 GMT on)`,
    },
    {
      title: 'for somebody else',
      files: { ...good, 'tls.crt': (await issueLeaf(authority, ['x'], NOW)).certificate },
      message: `${dir}/tls.key: is not the private key of tls.crt`,
    },
  ];
  for (const { title, files, now = NOW, message } of cases) {
    await given(files);
    await t.rejects(readDirectory(dir, { now, names: NAMES }), { name: 'CertificateError', message }, title);
  }
  await given(good);
  await t.rejects(readDirectory(dir, { now: NOW, names: ['a.example', ...NAMES, 'b.example'] }), {
    message: `${dir}/tls.crt: is not valid for a.example, b.example`,
  });
});

t.test('a folder is watched the way Kubernetes replaces it: by the link ..data', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'werfbundle-certs-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const version = async (name: string): Promise<void> => {
    await mkdir(join(directory, name));
    await symlink(name, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  };
  await version('..1');
  const ending = new AbortController();
  const log = recordLog();
  const changed = new Promise<void>((resolve) => {
    void watchDirectory({ directory, log }, resolve, ending.signal);
  });
  await version('..2');
  await changed;
  t.pass('the change was noticed');
  ending.abort();
  await watchDirectory({ directory: join(directory, 'none'), log }, () => {}, signal);
  t.same(log.entries, [
    {
      level: 'warn',
      message: "can't watch the folder of the certificates; it is looked at now and then",
      fields: { directory: join(directory, 'none'), code: 'ENOENT' },
    },
  ]);
});

t.test(
  'a client that trusts the published certificates talks to a server with the leaf, by each of its names',
  async (t) => {
    const authority = await issueAuthority(Date.now());
    const { certificate, key } = await issueLeaf(authority, NAMES, Date.now());
    const trusted = [(await issueAuthority(Date.now())).certificate, authority.certificate];
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
