import t from 'tap';
import { type CredentialMatch, credentialFor } from '../../api/docker-config.js';
import { wireRepository } from '../../api/docker-hub.js';
import { addressPolicy, isNetwork } from '../../controller/registry/addresses.js';
import { parseChallenges } from '../../controller/registry/challenge.js';
import { failureOf, failureOfStatus, parseRetryAfter } from '../../controller/registry/failures.js';
import { nextPage } from '../../controller/registry/link.js';
import { resourceUrl, targetKey } from '../../controller/registry/target.js';

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

t.test('Link', async (t) => {
  const current = new URL('http://registry.example:5000/v2/acme/app/tags/list');
  const next = (path: string) => `http://registry.example:5000${path}`;
  const table: readonly { title: string; given: string | undefined; want: string }[] = [
    { title: 'is absent on the last page', given: undefined, want: 'last' },
    { title: 'may be of another relation', given: '</v2/x>; rel="prev"', want: 'last' },
    {
      title: 'may be relative',
      given: '</v2/acme/app/tags/list?last=a&n=2>; rel="next"',
      want: next('/v2/acme/app/tags/list?last=a&n=2'),
    },
    {
      title: 'may be relative to the page',
      given: '<list?last=a>;rel=next',
      want: next('/v2/acme/app/tags/list?last=a'),
    },
    { title: 'may be absolute', given: '<http://registry.example:5000/v2/p>; rel="next"', want: next('/v2/p') },
    {
      title: 'may lack the port and have the wrong scheme',
      given: '<https://registry.example/v2/p>; rel="next"',
      want: next('/v2/p'),
    },
    {
      title: 'may be one of several, with other parameters',
      given: '<a>; rel="prev", </b?x=1,2>; title="x, y"; REL="last next"',
      want: next('/b?x=1,2'),
    },
    {
      title: 'must not leave the host',
      given: '<http://evil.example/v2/p>; rel="next"',
      want: 'refused: the registry names a next page of tags on another host, which is not followed',
    },
    {
      title: 'must not leave the host without a scheme',
      given: '<//evil.example/p>; rel="next"',
      want: 'refused: the registry names a next page of tags on another host, which is not followed',
    },
    {
      title: 'must be a URL of HTTP',
      given: '<file:///etc/passwd>; rel="next"',
      want: 'refused: the registry names a next page of tags that is no URL',
    },
    {
      title: 'must be a URL',
      given: '<http://[>; rel="next"',
      want: 'refused: the registry names a next page of tags that is no URL',
    },
    { title: 'may be nonsense', given: '>;<,;rel=next', want: 'last' },
  ];
  for (const { title, given, want } of table) {
    const page = nextPage(current, given);
    const got = page.kind === 'next' ? page.url.href : page.kind === 'last' ? 'last' : `refused: ${page.message}`;
    t.equal(got, want, title);
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
