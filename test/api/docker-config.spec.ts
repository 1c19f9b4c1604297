import t from 'tap';
import { type CredentialMatch, credentialFor } from '../../api/docker-config.js';

t.test('docker config', async (t) => {
  const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const basic = (username: string, password: string): CredentialMatch => ({
    kind: 'found',
    credential: { kind: 'basic', username, password },
  });
  const none: CredentialMatch = { kind: 'none', entries: 1, fitting: 0 };
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
      { title: 'may have no auths at all', auths: undefined, want: { kind: 'none', entries: 0, fitting: 0 } },
      {
        title: 'counts its entries, and those that fit and hold nothing',
        auths: { 'ghcr.io': {}, 'example.com': auth('u:p'), 'ghcr.io/acme/app2': auth('u:p') },
        want: { kind: 'none', entries: 3, fitting: 1 },
      },
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
