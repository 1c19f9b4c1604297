import { setMaxListeners } from 'node:events';
import t from 'tap';
import { type CredentialMatch, credentialFor } from '../../api/docker-config.js';
import { wireRepository } from '../../api/docker-hub.js';
import { parseConfig } from '../../controller/config.js';
import { addressPolicy, isNetwork } from '../../registry/addresses.js';
import { type Breaker, type BreakerEvent, CLOSED, nextBreaker, pauseOf } from '../../registry/breaker.js';
import { parseChallenges } from '../../registry/challenge.js';
import { failureOf, failureOfStatus, parseRetryAfter } from '../../registry/failures.js';
import { HostLimiter, type Permit } from '../../registry/host-limiter.js';
import type { HeldBack } from '../../registry/port.js';
import { proxyFor, readProxies } from '../../registry/proxies.js';
import { resourceUrl, targetKey } from '../../registry/target.js';
import { takeToken } from '../../registry/token-bucket.js';
import { ABANDONED, type Verdict, verdictOf } from '../../registry/verdict.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';

t.test('WWW-Authenticate', async (t) => {
  const table: readonly { title: string; given: string[]; want: [string, Record<string, string>][] }[] = [
    { title: 'may be absent', given: [], want: [] },
    {
      title: 'has quoted values with commas and escapes',
      given: ['Bearer realm="https://a/token",service="a, b",scope="repository:x:pull,push",note="\\"q\\""'],
      want: [['bearer', { realm: 'https://a/token', service: 'a, b', scope: 'repository:x:pull,push', note: '"q"' }]],
    },
    {
      title: 'has several challenges in one header',
      given: ['Basic realm="x", Bearer realm="y" , service=z'],
      want: [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }],
      ],
    },
    {
      title: 'has several headers, schemes without parameters and with a token68',
      given: ['Negotiate YIIabc==, NTLM', 'BEARER Realm = "y"'],
      want: [
        ['negotiate', {}],
        ['ntlm', {}],
        ['bearer', { realm: 'y' }],
      ],
    },
    { title: 'keeps the first of two equal parameters', given: ['Bearer a=1,A=2'], want: [['bearer', { a: '1' }]] },
    { title: 'is read until it ends to make sense', given: ['Basic realm="x'], want: [['basic', {}]] },
    { title: 'may be nonsense', given: ['"', '=', ',,', '\0'], want: [] },
  ];
  for (const { title, given, want } of table) {
    const got = parseChallenges(given).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);
    t.strictSame(got, want, title);
  }
});

t.test('docker config', async (t) => {
  const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const basic = (username: string, password: string): CredentialMatch => ({
    kind: 'found',
    credential: { kind: 'basic', username, password },
  });
  const none: CredentialMatch = { kind: 'none' };
  const invalid = (reason: string): CredentialMatch => ({ kind: 'invalid', reason });
  const at = (key: string) => ({ [key]: auth('u:p') });
  const yes = basic('u', 'p');
  const table: readonly { title: string; auths: unknown; host?: string; repository?: string; want: CredentialMatch }[] =
    [
      { title: 'matches a host', auths: at('ghcr.io'), want: yes },
      { title: 'matches a host in whatever case', auths: at('GHCR.io'), want: yes },
      { title: 'drops a scheme', auths: at('https://ghcr.io'), want: yes },
      { title: 'drops /v1/', auths: at('https://ghcr.io/v1/'), want: yes },
      { title: 'drops /v2/ before a path', auths: at('ghcr.io/v2/acme'), want: yes },
      {
        title: 'takes null for absent',
        auths: { 'ghcr.io': { auth: null, username: 'u', password: 'p', identitytoken: null } },
        want: yes,
      },
      { title: 'does not match another host', auths: at('example.com'), want: none },
      { title: 'does not match the end of a host', auths: at('hcr.io'), want: none },
      { title: 'matches a port', auths: at('r.example:5000'), host: 'r.example:5000', want: yes },
      { title: 'wants the same port', auths: at('r.example:5000'), host: 'r.example:5001', want: none },
      { title: 'wants no port where there is none', auths: at('r.example'), host: 'r.example:5000', want: none },
      { title: 'matches IPv6 with a port', auths: at('[::1]:5000'), host: '[::1]:5000', want: yes },
      { title: 'matches a glob in a label', auths: at('*.example.com'), host: 'a.example.com', want: yes },
      { title: 'matches a glob with a port', auths: at('*.example.com:5000'), host: 'a.example.com:5000', want: yes },
      { title: 'wants a glob’s port', auths: at('*.example.com'), host: 'a.example.com:5000', want: none },
      {
        title: 'does not let a glob match two labels',
        auths: at('*.example.com'),
        host: 'a.b.example.com',
        want: none,
      },
      {
        title: 'matches parts of a label',
        auths: at('eu-*-r*y.example.com'),
        host: 'eu-1-registry.example.com',
        want: yes,
      },
      { title: 'does not use a character twice', auths: at('ab*ba.example.com'), host: 'aba.example.com', want: none },
      { title: 'matches a path', auths: at('ghcr.io/acme'), want: yes },
      { title: 'matches a whole repository', auths: at('ghcr.io/acme/app/'), want: yes },
      { title: 'matches a path at its boundary only', auths: at('ghcr.io/acme/ap'), want: none },
      { title: 'matches org/app, not org/app2', auths: at('ghcr.io/org/app'), repository: 'org/app2', want: none },
      {
        title: 'prefers the longer key',
        auths: { 'ghcr.io': auth('host:1'), 'ghcr.io/acme': auth('org:2'), 'ghcr.io/acme/app': auth('app:3') },
        want: basic('app', '3'),
      },
      {
        title: 'prefers a host to a glob',
        auths: { '*cr.io': auth('g:1'), 'ghcr.io': auth('h:2') },
        want: basic('h', '2'),
      },
      {
        title: 'knows Docker Hub by its old name',
        auths: at('https://index.docker.io/v1/'),
        host: 'docker.io',
        want: yes,
      },
      { title: 'knows Docker Hub by its API’s name', auths: at('docker.io'), host: 'registry-1.docker.io', want: yes },
      {
        title: 'knows Docker Hub’s library',
        auths: at('docker.io/library'),
        host: 'docker.io',
        repository: 'nginx',
        want: yes,
      },
      { title: 'splits auth at the first colon', auths: { 'ghcr.io': auth('u:p:q') }, want: basic('u', 'p:q') },
      { title: 'takes username and password', auths: { 'ghcr.io': { username: 'u', password: 'p' } }, want: yes },
      {
        title: 'prefers auth to them',
        auths: { 'ghcr.io': { ...auth('u:p'), username: 'x', password: 'y' } },
        want: yes,
      },
      {
        title: 'takes an identity token',
        auths: { 'ghcr.io': { ...auth('u:'), identitytoken: 'tok' } },
        want: { kind: 'found', credential: { kind: 'identity-token', username: 'u', token: 'tok' } },
      },
      { title: 'passes over an empty entry', auths: { 'ghcr.io/acme': {}, 'ghcr.io': auth('u:p') }, want: yes },
      { title: 'may have no auths at all', auths: undefined, want: none },
      { title: 'must have a map of auths', auths: ['canary'], want: invalid('its "auths" is no JSON object') },
      {
        title: 'must have entries that are maps',
        auths: { 'ghcr.io': 'canary' },
        want: invalid('its entry for ghcr.io is no JSON object'),
      },
      {
        title: 'must have fields that are texts',
        auths: { 'ghcr.io': { username: 'canary', password: 5 } },
        want: invalid('its entry for ghcr.io has a "password" that is no text'),
      },
      {
        title: 'must have base64 in auth',
        auths: { 'ghcr.io': { auth: 'canary:canary' } },
        want: invalid('its entry for ghcr.io has an "auth" that is not base64 of user:password'),
      },
      {
        title: 'must have a colon in auth',
        auths: { 'ghcr.io': auth('canary') },
        want: invalid('its entry for ghcr.io has an "auth" that is not base64 of user:password'),
      },
      { title: 'need not be right elsewhere', auths: { 'example.com': 5, 'ghcr.io': auth('u:p') }, want: yes },
    ];
  for (const { title, auths, host = 'ghcr.io', repository = 'acme/app', want } of table) {
    t.strictSame(credentialFor(JSON.stringify({ auths }), { host, repository }), want, title);
  }
  for (const text of ['', 'canary', '[]', '"canary"', 'null', '{"auths":']) {
    t.strictSame(credentialFor(text, { host: 'ghcr.io', repository: 'a' }), invalid('it is no JSON object'), text);
  }
  const hostile = `${'*a'.repeat(50)}.example.com`;
  t.strictSame(
    credentialFor(JSON.stringify({ auths: at(hostile) }), { host: `${'a'.repeat(63)}b.example.com`, repository: 'a' }),
    none,
    'a pattern with many stars ends quickly',
  );
});

t.test('addresses', async (t) => {
  const policy = addressPolicy({ allow: ['127.0.0.0/8', '10.1.2.3'], deny: ['10.0.0.0/8', 'fd00::/8'] });
  const strict = addressPolicy({ allow: [], deny: [] });
  const rows = [
    ['127.0.0.1', 'loopback', undefined],
    ['127.8.8.8', 'loopback', undefined],
    ['::1', 'loopback', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback', undefined],
    ['::ffff:7f00:1', 'loopback', undefined],
    ['169.254.169.254', 'link-local', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local', 'link-local'],
    ['fe80::1%eth0', 'link-local', 'link-local'],
    ['0.0.0.0', 'unspecified', 'unspecified'],
    ['::', 'unspecified', 'unspecified'],
    ['10.1.2.3', undefined, 'denied'],
    ['fd00::1', undefined, 'denied'],
    ['93.184.216.34', undefined, undefined],
    ['2606:2800::1', undefined, undefined],
    // What leads to an IPv4 address is judged by it, too: compatible, translated, NAT64, 6to4, Teredo, ISATAP.
    ['::169.254.169.254', 'link-local', 'link-local'],
    ['::10.1.2.3', undefined, 'denied'],
    ['::ffff:0:169.254.169.254', 'link-local', 'link-local'],
    ['64:ff9b::169.254.169.254', 'link-local', 'link-local'],
    ['64:ff9b::a9fe:a9fe', 'link-local', 'link-local'],
    ['64:ff9b::127.0.0.1', 'loopback', undefined],
    ['64:ff9b::10.1.2.3', undefined, 'denied'],
    ['64:ff9b::93.184.216.34', undefined, undefined],
    ['64:ff9b:1:a9fe:a9:fe00::', 'link-local', 'link-local'],
    ['64:ff9b:1:aa:a9:fea9:fe00:0', 'link-local', 'link-local'],
    ['64:ff9b:1:aa:bb:a9fe:b9fe:0', undefined, undefined],
    ['64:ff9b:1:aabb:00a9:fea9:fe00:0', 'link-local', 'link-local'],
    ['64:ff9b:1::169.254.169.254', 'link-local', 'link-local'],
    ['64:ff9b:1::93.184.216.34', undefined, undefined],
    ['2002:a9fe:a9fe::1', 'link-local', 'link-local'],
    ['2002:5db8:d822::1', undefined, undefined],
    ['2001:0:a9fe:a9fe::1', 'link-local', 'link-local'],
    ['2001::5601:5601', 'link-local', 'link-local'],
    ['2001:db8::5601:5601', undefined, undefined],
    ['2606:2800::5efe:169.254.169.254', 'link-local', 'link-local'],
    ['2606:2800::200:5efe:a9fe:a9fe', 'link-local', 'link-local'],
    ['2606:2800::5eff:169.254.169.254', undefined, undefined],
  ] as const;
  for (const [address, byDefault, withFlags] of rows) {
    t.strictSame([strict(address), policy(address)], [byDefault, withFlags], address);
  }
  const networks = ['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '::1', '10.0.0.0/33', '10.0.0/8', 'a/8', '10.0.0.0/8/8', ''];
  t.strictSame(networks.map(isNetwork), [true, true, true, true, false, false, false, false, false]);
  t.throws(() => addressPolicy({ allow: ['localhost'], deny: [] }), {
    message: '"localhost" is no network; for example 127.0.0.0/8',
  });
});

t.test('failures speak the guide’s words', async (t) => {
  const errors = [
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout', 'context deadline exceeded'],
    ['ECONNREFUSED', 'connection', 'connection refused'],
    ['ENOTFOUND', 'connection', 'no such host'],
    ['CERT_HAS_EXPIRED', 'certificate', 'certificate has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate', 'certificate is not valid for this host name'],
    ['CERT_SIGNATURE_FAILURE', 'certificate', 'certificate is not valid'],
    ['EMFILE', 'connection', 'connection failed (EMFILE)'],
    ['HPE_INVALID_CONSTANT', 'protocol', 'the answer is no HTTP'],
  ] as const;
  for (const [code, want, message] of errors) {
    t.strictSame(failureOf(Object.assign(new Error('canary'), { code })), { kind: 'failed', code: want, message });
  }
  t.strictSame(failureOf('canary'), { kind: 'failed', code: 'connection', message: 'connection failed' });
  const statuses = [
    [401, 'unauthorized', '401 unauthorized'],
    [403, 'unauthorized', '403 forbidden'],
    [404, 'not-found', '404 not found'],
    [405, 'protocol', '405 method not allowed'],
    [429, 'rate-limited', '429 too many requests'],
    [500, 'server-error', '500 internal server error'],
    [503, 'server-error', '503 service unavailable'],
    [599, 'server-error', '599'],
  ] as const;
  for (const [status, code, message] of statuses) {
    t.strictSame(failureOfStatus(status, undefined, 0), { kind: 'failed', code, message });
  }
  const now = Date.UTC(2026, 0, 1);
  const retries: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    ['99999999999999999999', 86_400_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
  ];
  for (const [header, want] of retries) t.equal(parseRetryAfter(header, now), want, `Retry-After ${header}`);
});

t.test('where a registry is', async (t) => {
  const target = { repository: 'nginx', insecure: false } as const;
  t.equal(
    resourceUrl({ ...target, host: 'docker.io' }, 'tags/list').href,
    'https://registry-1.docker.io/v2/library/nginx/tags/list',
  );
  t.equal(resourceUrl({ ...target, host: 'ghcr.io' }, 'manifests/v1').href, 'https://ghcr.io/v2/nginx/manifests/v1');
  t.equal(resourceUrl({ ...target, host: '[::1]:5000', insecure: true }, 'x').href, 'http://[::1]:5000/v2/nginx/x');
  t.equal(wireRepository({ host: 'index.docker.io', repository: 'acme/app' }), 'acme/app');
  const credential = { kind: 'basic', username: 'u', password: 'canary' } as const;
  t.match(targetKey({ ...target, host: 'ghcr.io', credential }), /^[0-9a-f]{64}$/);
});

t.test('the bucket of a host', (t) => {
  const rate = { perSecond: 10, burst: 3 };
  const table: readonly { title: string; tokens: number; now: number; want: object }[] = [
    { title: 'gives one of what it has', tokens: 3, now: 0, want: { kind: 'taken', bucket: { tokens: 2, at: 0 } } },
    { title: 'says when the next one comes', tokens: 0, now: 0, want: { kind: 'wait', ms: 100 } },
    { title: 'says how much of that is left', tokens: 0, now: 75, want: { kind: 'wait', ms: 25 } },
    { title: 'is filled with time', tokens: 0, now: 150, want: { kind: 'taken', bucket: { tokens: 0.5, at: 150 } } },
    {
      title: 'holds no more than a burst',
      tokens: 2,
      now: 9_000,
      want: { kind: 'taken', bucket: { tokens: 2, at: 9_000 } },
    },
    {
      title: 'is not emptied by a clock that goes back',
      tokens: 1,
      now: -50,
      want: { kind: 'taken', bucket: { tokens: 0, at: -50 } },
    },
  ];
  for (const { title, tokens, now, want } of table) t.strictSame(takeToken({ tokens, at: 0 }, rate, now), want, title);
  t.end();
});

t.test('the breaker of a host', (t) => {
  const play = (events: readonly (readonly [number, BreakerEvent])[]): Breaker =>
    events.reduce((breaker, [at, event]) => nextBreaker(breaker, event, at), CLOSED);
  const failures = (count: number, at = 0) => Array.from({ length: count }, () => [at, 'failed'] as const);
  const trials = (count: number) =>
    Array.from({ length: count }, () => [[0, 'began'] as const, [0, 'failed'] as const]).flat();
  const open = (until: number, openings = 1): Breaker => ({ kind: 'open', until, openings });
  const table: readonly { title: string; events: readonly (readonly [number, BreakerEvent])[]; want: Breaker }[] = [
    { title: 'stays closed for four failures', events: failures(4), want: { kind: 'closed', failures: 4 } },
    { title: 'forgets them at the first success', events: [...failures(4), [0, 'succeeded']], want: CLOSED },
    {
      title: 'does not count what was abandoned',
      events: [...failures(4), [0, 'abandoned']],
      want: { kind: 'closed', failures: 4 },
    },
    { title: 'opens for 30 s at the fifth in a row', events: failures(5, 1000), want: open(31_000) },
    { title: 'is not kept open by what was under way', events: [...failures(5), [9, 'failed']], want: open(30_000) },
    { title: 'closes at a success of what was under way', events: [...failures(5), [9, 'succeeded']], want: CLOSED },
    {
      title: 'lets one request try',
      events: [...failures(5), [30_000, 'began']],
      want: { kind: 'half-open', openings: 1 },
    },
    {
      title: 'closes when that one succeeds',
      events: [...failures(5), [30_000, 'began'], [30_001, 'succeeded']],
      want: CLOSED,
    },
    {
      title: 'opens for twice as long when it fails',
      events: [...failures(5), [30_000, 'began'], [40_000, 'failed']],
      want: open(100_000, 2),
    },
    {
      title: 'lets another one try when it is abandoned',
      events: [...failures(5), [30_000, 'began'], [40_000, 'abandoned']],
      want: open(40_000),
    },
    { title: 'opens for five minutes at most', events: [...failures(5), ...trials(50)], want: open(300_000, 51) },
  ];
  for (const { title, events, want } of table) t.strictSame(play(events), want, title);
  t.strictSame(
    [pauseOf({ kind: 'closed', failures: 4 }, 0), pauseOf(open(30), 10), pauseOf(open(30), 31)],
    [0, 20, 0],
    'it says for how long nobody is to ask',
  );
  t.equal(pauseOf({ kind: 'half-open', openings: 1 }, 0), 5_000, 'while one tries, the others wait');
  t.end();
});

t.test('what an answer says of its host', (t) => {
  const answer = (status: number, retryAfter?: string) =>
    ({
      kind: 'answer',
      status,
      origin: 'https://a.example',
      header: (name: string) => (name === 'retry-after' ? retryAfter : undefined),
      headers: () => [],
      body: Buffer.alloc(0),
    }) as const;
  const failure = (code: 'connection' | 'timeout' | 'certificate' | 'protocol' | 'refused-address') =>
    ({ kind: 'failed', code, message: '' }) as const;
  const table: readonly [Parameters<typeof verdictOf>[0], Verdict['event'], number][] = [
    [answer(200), 'succeeded', 0],
    [answer(401), 'succeeded', 0],
    [answer(404, '60'), 'succeeded', 0],
    [answer(429), 'succeeded', 30_000],
    [answer(429, '7'), 'succeeded', 7_000],
    [answer(429, '0'), 'succeeded', 0],
    [answer(429, 'Thu, 01 Jan 1970 00:02:00 GMT'), 'succeeded', 60_000],
    [answer(429, '86400'), 'succeeded', 3_600_000],
    [answer(500), 'failed', 0],
    [answer(502, '60'), 'failed', 0],
    [answer(503), 'failed', 0],
    [answer(503, '60'), 'failed', 60_000],
    [failure('connection'), 'failed', 0],
    [failure('timeout'), 'failed', 0],
    [failure('certificate'), 'failed', 0],
    [failure('protocol'), 'abandoned', 0],
    [failure('refused-address'), 'abandoned', 0],
  ];
  for (const [given, event, pauseMs] of table) {
    const title = given.kind === 'answer' ? `${given.status} ${given.header('retry-after') ?? ''}` : given.code;
    t.strictSame(verdictOf(given, 'GET', 60_000), { event, pauseMs }, title);
  }
  t.strictSame(verdictOf(answer(500), 'HEAD', 0), { event: 'abandoned', pauseMs: 0 }, 'a HEAD that fails says nothing');
  t.strictSame(
    verdictOf(answer(503, '60'), 'HEAD', 0),
    { event: 'abandoned', pauseMs: 60_000 },
    'but how long to wait',
  );
  t.end();
});

t.test('the host limiter', async (t) => {
  const FINE: Verdict = { event: 'succeeded', pauseMs: 0 };
  const BROKEN: Verdict = { event: 'failed', pauseMs: 0 };
  const at = (url: string, ca?: string) => ({ url: new URL(url), ca });
  const place = at('https://a.example/v2/');
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const limiterFor = (rate = { perSecond: 10, burst: 100 }, timeScale = 1) => {
    const clock = createFakeClock();
    const told: string[] = [];
    const onHold = ({ host, why, forMs }: HeldBack & { host: string }) => told.push(`${host} ${why} ${forMs}`);
    const limiter = new HostLimiter({ clock, rate, timeScale, inFlight: 3, onHold });
    /** The permits of as many requests as are let in at once. */
    const entered = async (count: number, destination = place): Promise<Permit[]> => {
      const permits: Permit[] = [];
      for (let index = 0; index < count; index += 1) {
        void limiter.acquire(destination, signal).then((permit) => permit.kind === 'permit' && permits.push(permit));
      }
      await settle();
      return permits;
    };
    const ask = async (verdict: Verdict, destination = place): Promise<HeldBack | 'asked'> => {
      const permit = await limiter.acquire(destination, signal);
      if (permit.kind === 'held') return permit;
      permit.done(verdict);
      return 'asked';
    };
    return { clock, limiter, told, entered, ask };
  };
  const failing = async (ask: (verdict: Verdict) => Promise<unknown>) => {
    for (let turn = 0; turn < 5; turn += 1) t.equal(await ask(BROKEN), 'asked');
  };

  t.test('lets three requests of a host be under way, and the others follow in order', async (t) => {
    const { entered } = limiterFor();
    const permits = await entered(7);
    t.equal(permits.length, 3);
    t.equal((await entered(1, at('https://b.example/'))).length, 1, 'another host is another matter');
    permits[0]?.done(FINE);
    permits[1]?.done(BROKEN);
    await settle();
    t.equal(permits.length, 5);
  });

  t.test('spends a burst, and then goes by the rate', async (t) => {
    const { entered, clock } = limiterFor({ perSecond: 10, burst: 2 });
    const permits = await entered(3);
    t.equal(permits.length, 2);
    await clock.advance(99);
    t.equal(permits.length, 2);
    await clock.advance(1);
    t.equal(permits.length, 3);
    t.equal(clock.pending(), 0);
  });

  t.test('says beforehand when a request would wait for long, for others are waiting', async (t) => {
    const { entered, limiter } = limiterFor({ perSecond: 1, burst: 1 });
    await entered(6);
    t.equal(limiter.holdOf(place), undefined, 'five seconds are a wait, and no hold');
    await entered(1);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'rate', forMs: 6_000 });
    t.equal(limiter.holdOf(at('https://b.example/')), undefined);
  });

  t.test('lets whoever is aborted out of the line', async (t) => {
    const { entered, limiter } = limiterFor();
    const permits = await entered(3);
    const stop = new AbortController();
    const waiting = limiter.acquire(place, stop.signal);
    stop.abort(new Error('stopped'));
    await t.rejects(waiting, { message: 'stopped' });
    await t.rejects(limiter.acquire(place, stop.signal), { message: 'stopped' });
    permits[0]?.done(ABANDONED);
    t.equal((await entered(1)).length, 1, 'its turn is the next one’s');
  });

  t.test('leaves a host alone that is broken, and lets one request find out whether it still is', async (t) => {
    const { limiter, clock, ask, entered, told } = limiterFor();
    await failing(ask);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 30_000 });
    t.strictSame(await ask(FINE), { kind: 'held', why: 'breaker', forMs: 30_000 });
    t.equal(await ask(FINE, at('http://a.example/')), 'asked', 'the same host without TLS may be well');
    t.equal(await ask(FINE, at('https://a.example/', 'PEM')), 'asked', 'or with another CA');
    await clock.advance(30_000);
    t.equal(limiter.holdOf(place), undefined);
    const [trial] = await entered(1);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 5_000 }, 'there is one trial at a time');
    trial?.done(BROKEN);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 60_000 });
    t.strictSame(told, ['a.example breaker 30000', 'a.example breaker 60000'], 'each opening is told once');
    await clock.advance(60_000);
    t.equal(await ask(FINE), 'asked');
    t.equal(limiter.holdOf(place), undefined);
  });

  t.test('holds those back that were waiting when the host broke', async (t) => {
    const { limiter, entered } = limiterFor();
    const permits = await entered(7);
    const waiting = limiter.acquire(place, signal);
    for (let turn = 0; turn < 5; turn += 1) {
      permits[turn]?.done(BROKEN);
      await settle();
    }
    t.strictSame(await waiting, { kind: 'held', why: 'breaker', forMs: 30_000 });
    permits[5]?.done(FINE);
    t.equal(limiter.holdOf(place), undefined, 'an answer that was under way ends it');
  });

  t.test('leaves a host alone for as long as it asks, whatever the credential or CA', async (t) => {
    const { limiter, clock, ask, told } = limiterFor();
    t.equal(await ask({ event: 'succeeded', pauseMs: 7_000 }), 'asked');
    t.strictSame(limiter.holdOf(at('http://a.example/', 'PEM')), { kind: 'held', why: 'retry-after', forMs: 7_000 });
    await clock.advance(6_999);
    t.strictSame(await ask(FINE), { kind: 'held', why: 'retry-after', forMs: 1 });
    await clock.advance(1);
    t.equal(await ask(FINE), 'asked');
    t.strictSame(told, ['a.example retry-after 7000']);
  });

  t.test('goes by scaled time, except for what a host asks for', async (t) => {
    const { limiter, ask, entered, clock } = limiterFor({ perSecond: 1, burst: 1 }, 60);
    await failing(ask);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 500 });
    await clock.advance(500);
    await ask({ event: 'succeeded', pauseMs: 7_000 });
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'retry-after', forMs: 7_000 });
    const other = at('https://b.example/');
    for (let index = 0; index < 60; index += 1) await ask(FINE, other);
    const permits = await entered(1, other);
    t.equal(permits.length, 0, 'sixty at once');
    await clock.advance(17);
    t.equal(permits.length, 1, 'and then sixty a second');
  });

  t.test('forgets hosts without end, and nothing that matters', async (t) => {
    const { ask, limiter, clock } = limiterFor();
    await failing(ask);
    for (let index = 0; index < 3_000; index += 1) {
      await ask(FINE, at(`https://h${index}.example/`));
      if (index % 100 === 0) await clock.advance(200);
    }
    t.match(limiter.holdOf(place), { why: 'breaker' });
  });
});

t.test('proxies', async (t) => {
  const both = { HTTPS_PROXY: 'http://secure.example:3128', HTTP_PROXY: 'plain.example:8080' };
  const by = (env: Record<string, string>, url: string): string => {
    const read = readProxies(env);
    return read.kind === 'invalid'
      ? read.problems.join('; ')
      : (proxyFor(new URL(url), read.proxies)?.href ?? 'direct');
  };
  const secure = 'http://secure.example:3128/';
  const table: readonly { title: string; env: Record<string, string>; url?: string; want: string }[] = [
    { title: 'are none by default', env: {}, want: 'direct' },
    { title: 'are by the scheme of the registry', env: both, want: secure },
    { title: 'may lack their own scheme', env: both, url: 'http://ghcr.io', want: 'http://plain.example:8080/' },
    { title: 'for http are none for https', env: { HTTP_PROXY: both.HTTP_PROXY }, want: 'direct' },
    { title: 'may be in lower case', env: { https_proxy: both.HTTPS_PROXY }, want: secure },
    { title: 'in upper case count first', env: { ...both, https_proxy: 'http://other' }, want: secure },
    { title: 'that are empty are none', env: { HTTPS_PROXY: '', https_proxy: both.HTTPS_PROXY }, want: secure },
    { title: 'may have a password', env: { HTTPS_PROXY: 'http://u:p%40@p:1' }, want: 'http://u:p%40@p:1/' },
    {
      title: 'must be of HTTP, and a problem shows nothing of them',
      env: { HTTPS_PROXY: 'socks5://u:canary@p:1', HTTP_PROXY: 'http://u:canary@:x' },
      want: ['HTTPS_PROXY', 'HTTP_PROXY']
        .map((name) => `${name}: this is no address of an HTTP proxy; one looks like "http://proxy.example:3128"`)
        .join('; '),
    },
    ...['http://localhost:5000', 'https://127.9.9.9', 'https://[::1]:5000', 'https://LOCALHOST.'].map((url) => ({
      title: `never stand before this machine: ${url}`,
      env: both,
      url,
      want: 'direct',
    })),
  ];
  for (const { title, env, url = 'https://ghcr.io/v2/', want } of table) t.equal(by(env, url), want, title);

  const excepted: readonly [string, string, boolean][] = [
    ['*', 'https://ghcr.io', true],
    ['ghcr.io', 'https://GHCR.io', true],
    ['ghcr.io', 'https://pkg.ghcr.io', true],
    ['ghcr.io', 'https://notghcr.io', false],
    ['ghcr.io.', 'https://ghcr.io', true],
    ['.corp.example', 'https://registry.corp.example', true],
    ['.corp.example', 'https://corp.example', false],
    ['*.corp.example', 'https://a.b.corp.example', true],
    ['*.corp.example', 'https://corp.example', false],
    ['registry:5000', 'https://registry:5000', true],
    ['registry:5000', 'https://registry:5001', false],
    ['registry:443', 'https://registry', true],
    ['registry:80', 'http://registry', true],
    ['10.0.0.0/8', 'https://10.1.2.3:5000', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', 'https://ten.example', false],
    ['10.1.2.3', 'https://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'https://10.1.2.3', false],
    ['2.3', 'https://10.1.2.3', false],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['fd00::1', 'https://[fd00::1]:5000', true],
    ['[fd00::1]:5000', 'https://[fd00::1]:5000', true],
    ['[fd00::1]:5000', 'https://[fd00::1]', false],
    ['nonsense/8', 'https://ghcr.io', false],
    ['a.example, ghcr.io', 'https://ghcr.io', true],
    ['a.example ghcr.io', 'https://ghcr.io', true],
    [' , ', 'https://ghcr.io', false],
  ];
  for (const [entry, url, direct] of excepted) {
    t.equal(
      by({ ...both, NO_PROXY: entry, no_proxy: '*' }, url) === 'direct',
      direct,
      `NO_PROXY="${entry}" and ${url}`,
    );
  }
  t.equal(by({ ...both, no_proxy: '*' }, 'https://ghcr.io'), 'direct', 'in lower case as well');
  t.match(parseConfig([], both), { kind: 'ok', config: { proxies: { https: new URL(secure), except: [] } } });
  t.strictSame(
    parseConfig(['--registry-burst=0'], { HTTPS_PROXY: 'ftp://canary' }),
    {
      kind: 'invalid',
      problems: [
        '--registry-burst: "0" is not a whole number from 1 to 10000',
        'HTTPS_PROXY: this is no address of an HTTP proxy; one looks like "http://proxy.example:3128"',
      ],
    },
    'a controller with a wrong one does not start, and says all that is wrong',
  );
});
