import t from 'tap';
import { wireRepository } from '../../api/docker-hub.js';
import { parseChallenges } from '../../registry/challenge.js';
import { failureOf, failureOfStatus, parseRetryAfter } from '../../registry/failures.js';
import { resourceUrl, targetKey } from '../../registry/target.js';

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

t.test('a repository is asked for where Docker Hub and others keep it', async (t) => {
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
