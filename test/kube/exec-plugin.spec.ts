import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../kube/connect.js';
import { ExecPlugin, PluginError } from '../../kube/exec-plugin.js';
import { createFakeClock } from '../kit/fake-clock.js';

const dir = t.testdir({});
const TOKEN = 'hunter2-hunter2';

/** A plugin as a shell script, and the path to it. */
const script = (name: string, text: string): string => {
  const file = join(dir, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};

const printing = (status: object): string => `printf '%s' '${JSON.stringify({ kind: 'ExecCredential', status })}'`;

const pluginOf = (command: string, config: object = {}) => {
  const clock = createFakeClock();
  return { clock, plugin: new ExecPlugin({ command, ...config }, { env: process.env, isInteractive: false, clock }) };
};

/** What a plugin is said to have failed for, without its path. */
const faultOf = async (name: string, text: string, config: object = {}): Promise<string> => {
  const command = text === '' ? join(dir, name) : script(name, text);
  const error: unknown = await pluginOf(command, config)
    .plugin.credential()
    .catch((error: unknown) => error);
  if (!(error instanceof PluginError)) throw error;
  return error.message.replaceAll(`${dir}/`, '');
};

t.test('a plugin that gives nothing: its command, its end, and its words', async (t) => {
  const long = `eyJhbGciOi.${'x'.repeat(60)}.y`;
  const rows: readonly [name: string, text: string, want: string][] = [
    ['silent', 'exit 3', 'failed with exit code 3'],
    [
      'words',
      'echo "\n Error: session expired" >&2; echo "run aws sso login" >&2; exit 255',
      'failed with exit code 255: Error: session expired; run aws sso login',
    ],
    ['chatty', `echo ${long} >&2; echo eyJhbGci.a.b refused >&2; exit 1`, 'failed with exit code 1: …; … refused'],
    [
      'endless',
      'i=0; while [ $i -lt 200 ]; do echo "word $i" >&2; i=$((i+1)); done; exit 1',
      `failed with exit code 1: ${Array.from({ length: 200 }, (_, n) => `word ${n}`)
        .join('; ')
        .slice(0, 400)}…`,
    ],
    ['out', `echo ${TOKEN}; exit 1`, 'failed with exit code 1'],
    ['killed', 'kill -9 $$', 'was ended by SIGKILL'],
    ['text', `echo ${TOKEN}`, 'did not print a credential as JSON'],
    ['nothing', 'echo null', 'printed a credential without token and certificate'],
    ['no-status', `echo '{"token": "${TOKEN}"}'`, 'printed a credential without token and certificate'],
    ['half', printing({ clientCertificateData: 'c', token: '' }), 'printed a credential without token and certificate'],
    ['absent', '', 'cannot be run: no such file: apt install absent'],
  ];
  for (const [name, text, want] of rows)
    t.equal(await faultOf(name, text, { installHint: 'apt install absent' }), `command "${name}" ${want}`);
  writeFileSync(join(dir, 'data'), '');
  t.equal(await faultOf('data', ''), 'command "data" cannot be run: permission denied');
});

t.test('a credential is used until it expires, or for a minute, and got once for all that ask', async (t) => {
  const runs = join(dir, 'runs');
  const countOf = async (plugin: ExecPlugin) => {
    const got = await Promise.all([plugin.credential(), plugin.credential()]);
    return got.map(({ token }) => token);
  };
  const counting = (name: string, rest: string) =>
    script(
      name,
      `echo x >> ${runs}-${name}; n=$(wc -l < ${runs}-${name}); printf '{"status":{"token":"%s"${rest}}}' $n`,
    );
  const { clock, plugin } = pluginOf(counting('kept', ''));
  t.strictSame(await countOf(plugin), ['1', '1']);
  await clock.advance(59_000);
  t.strictSame(await countOf(plugin), ['1', '1']);
  await clock.advance(2_000);
  t.strictSame(await countOf(plugin), ['2', '2']);
  const end = new Date(createFakeClock().now() + 3_600_000).toISOString();
  const hour = pluginOf(counting('hour', `,"expirationTimestamp":"${end}"`));
  t.strictSame(await countOf(hour.plugin), ['1', '1']);
  await hour.clock.advance(3_599_000);
  t.strictSame(await countOf(hour.plugin), ['1', '1']);
  await hour.clock.advance(2_000);
  t.strictSame(await countOf(hour.plugin), ['2', '2']);
});

t.test('it is run with the arguments and variables of the kubeconfig, and told what it is for', async (t) => {
  const told = script(
    'told',
    `printf '{"status":{"token":"%s %s %s"}}' "$1" "$COLOUR" "$(echo $KUBERNETES_EXEC_INFO | tr -d '"')"`,
  );
  const apiVersion = 'client.authentication.k8s.io/v1';
  const { plugin } = pluginOf(told, { args: ['a b'], env: [{ name: 'COLOUR', value: 'red' }], apiVersion });
  t.strictSame(await plugin.credential(), {
    token: `a b red {apiVersion:${apiVersion},kind:ExecCredential,spec:{interactive:false}}`,
  });
  const pair = script('pair', printing({ clientCertificateData: 'c', clientKeyData: 'k' }));
  t.strictSame(await pluginOf(pair).plugin.credential(), { cert: 'c', key: 'k' });
});

t.test("a kubeconfig's plugin is found beside it, and its token used unless the user has one", async (t) => {
  script('bin/aws', printing({ token: TOKEN }));
  const kubeconfig = (user: object): string => {
    const file = join(dir, 'config');
    const exec = { command: './bin/aws', apiVersion: 'client.authentication.k8s.io/v1' };
    writeFileSync(
      file,
      JSON.stringify({
        'current-context': 'a',
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
        users: [{ name: 'u', user: { exec, ...user } }],
        contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    return file;
  };
  const byPlugin = await connect({ kubeconfig: kubeconfig({}) });
  t.strictSame(await byPlugin.headers(), { authorization: `Bearer ${TOKEN}` });
  t.strictSame(byPlugin.user, { name: 'u', command: join(dir, 'bin/aws') });
  const byToken = await connect({ kubeconfig: kubeconfig({ token: 'own' }) });
  t.strictSame([await byToken.headers(), byToken.user], [{ authorization: 'Bearer own' }, { name: 'u' }]);
  script('bin/aws', 'exit 1');
  await t.rejects(connect({ kubeconfig: kubeconfig({}) }), {
    message: `${dir}/config: the credentials of user "u" cannot be got: command "${dir}/bin/aws" failed with exit code 1`,
  });
});
