import t from 'tap';
import { parseConfig } from '../../controller/config.js';
import { proxyFor, readProxies } from '../../registry/proxies.js';

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
