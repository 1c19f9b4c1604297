import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { nameIn } from '../../cli/cluster/bundle-argument.js';
import { KIND_NAMES } from '../../cli/cluster/kind-words.js';
import { kubeFailure } from '../../cli/cluster/kube-failure.js';
import { CommandError } from '../../cli/command-error.js';
import { readCommandLine } from '../../cli/command-line.js';
import { COMMANDS } from '../../cli/commands.js';
import { createProgram } from '../../cli/program.js';
import { KubeError } from '../../kube/client.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';

const run = async (...argv: readonly string[]) => {
  const terminal = createFakeTerminal();
  const program = await createProgram({ name: 'werfbundle', version: '1.2.3', argv, terminal });
  await program();
  return { out: terminal.taken(), err: terminal.takenErrors(), ended: terminal.ended };
};

t.test('the table of commands says of each what the command itself says', async (t) => {
  const terminal = createFakeTerminal();
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = (await load())(terminal, { version: '1.2.3' });
    t.strictSame([command.name(), command.summary()], [name, summary], name);
  }
});

t.test('--help lists all commands, and --help of each says what its exit codes mean', async (t) => {
  const { out, ended } = await run('--help');
  t.strictSame(ended, [0]);
  for (const name of Object.keys(COMMANDS)) {
    t.match(out, new RegExp(`^  ${name} +\\S`, 'm'));
    const help = await run(name, '--help');
    t.strictSame(help.ended, [0], name);
    t.match(help.out.replace(/\s+/g, ' '), /Exit code 0: .*; 1: .*; 2: /, `${name} --help`);
    for (const line of help.out.split('\n')) t.ok(line.length <= 80, `${name} --help: ${line}`);
  }
  for (const line of out.split('\n')) t.ok(line.length <= 80, line);
  const init = (await run('init', '--help')).out.replace(/\s+/g, ' ');
  t.match(
    init,
    /--registry <repository> [^(]*\(required without --rights\) --target <namespace> [^(]*\(required\) -n/,
    'what must be given is marked',
  );
  const logs = await run('logs', 'shop', '--tail', 'x');
  t.match(logs.err, /^werfbundle: --tail: "x" is no whole number\n/);
  const all = await run('logs', 'shop', '--tail', '-1', '--kubeconfig', '/nowhere');
  t.notMatch(all.err, '--tail', '-1 is all, as with kubectl');
});

t.test('help COMMAND is COMMAND --help, as with kubectl', async (t) => {
  for (const name of Object.keys(COMMANDS)) t.strictSame(await run('help', name), await run(name, '--help'), name);
  for (const argv of [['help'], ['help', 'help'], ['help', '--help']])
    t.strictSame(await run(...argv), await run('--help'), argv.join(' '));
});

t.test('what is wrong is said in a line, and ends with 2', async (t) => {
  const cases: readonly { title: string; argv: readonly string[]; err: string }[] = [
    { title: 'a typo', argv: ['gett'], err: 'werfbundle: gett: there is no such command; did you mean get?\n' },
    {
      title: 'a typo where help is asked for',
      argv: ['help', 'stauts'],
      err: 'werfbundle: stauts: there is no such command; did you mean status?\n',
    },
    {
      title: 'a word',
      argv: ['frobnicate'],
      err: 'werfbundle: frobnicate: there is no such command; --help lists them\n',
    },
    {
      title: 'an option that there is not',
      argv: ['get', '--selecter=a'],
      err: "werfbundle: unknown option '--selecter=a'\n(Did you mean --selector?)\n(--help shows the usage)\n",
    },
    {
      title: 'a format that the command has not',
      argv: ['get', '-o', 'xml'],
      err: 'werfbundle: --output: "xml" is none of wide, name, json, yaml\n',
    },
    {
      title: 'a kind before the name, as kubectl wants it',
      argv: ['status', 'wb', 'shop'],
      err: `werfbundle: too many arguments for 'status'. Expected 1 argument but got 2.\nwerfbundle: "wb" is the kind, which all commands mean anyway: give names alone, or wb/NAME\n(--help shows the usage)\n`,
    },
    {
      title: 'options that exclude each other, before a cluster is looked for',
      argv: ['get', 'shop', '-A'],
      err: 'werfbundle: names exclude --all-namespaces, --selector and --field-selector\n',
    },
  ];
  for (const { title, argv, err } of cases) t.strictSame(await run(...argv), { out: '', err, ended: [2] }, title);
  t.match(await run(), { out: '', err: /^Usage: werfbundle /, ended: [2] }, 'no command: the usage');
  t.strictSame(await run('--version'), { out: '1.2.3\n', err: '', ended: [0] });
});

t.test('a cluster that takes no credentials is told with who gave them, and how to log in', (t) => {
  const server = 'https://cluster.example:6443';
  const refused = new KubeError('unauthorized', 'get version: unauthorized: Unauthorized', { status: 401 });
  const advice = (command?: string) =>
    kubeFailure(refused, { server, user: { name: 'me', ...(command && { command }) } });
  t.match(advice(), {
    exitCode: 1,
    lines: [refused.message, `${server} does not take the credentials of user "me" in the kubeconfig: log in again`],
  });
  const told = (command: string): string =>
    advice(command).lines.at(-1)?.replace(`${server} does not take what command `, '') ?? '';
  t.equal(told('my-login'), '"my-login" gives for user "me" of the kubeconfig: log in again');
  t.equal(
    told('/opt/bin/aws'),
    '"/opt/bin/aws" gives for user "me" of the kubeconfig: log in again (aws sso login, for example)',
  );
  const noToken = new KubeError('unauthorized', 'get version: cannot get credentials: command "aws" failed');
  t.match(kubeFailure(noToken, { server, user: { name: 'me', command: 'aws' } }), {
    exitCode: 2,
    lines: [noToken.message, /log in again/],
  });
  const down = new KubeError('unavailable', 'get version: unavailable: connect ECONNREFUSED');
  t.match(kubeFailure(down, { server, user: { name: 'me' } }), {
    exitCode: 2,
    lines: [down.message, /can't be reached: is the cluster up/],
  });
  t.end();
});

t.test('options that every command has may stand before it, as with kubectl', (t) => {
  const cases: readonly { argv: readonly string[]; command: string | undefined; words: readonly string[] }[] = [
    { argv: ['get', '-n', 'ops'], command: 'get', words: ['get', '-n', 'ops'] },
    { argv: ['-n', 'ops', 'get', 'a'], command: 'get', words: ['get', '-n', 'ops', 'a'] },
    { argv: ['--context=a', '-A', 'get'], command: 'get', words: ['get', '--context=a', '-A'] },
    { argv: ['-n', 'get', 'get'], command: 'get', words: ['get', '-n', 'get'] },
    { argv: ['-x', 'get'], command: undefined, words: ['-x', 'get'] },
    { argv: ['-n'], command: undefined, words: ['-n'] },
    { argv: ['constructor'], command: undefined, words: ['constructor'] },
    { argv: [], command: undefined, words: [] },
  ];
  for (const { argv, command, words } of cases) {
    t.strictSame(readCommandLine(argv), { command, words }, argv.join(' '));
  }
  t.end();
});

t.test('a bundle is named as kubectl names it', (t) => {
  const crd = parse(readFileSync(join(import.meta.dirname, '../../manifests/crd/werfbundles.werf.io.yaml'), 'utf8'), {
    merge: true,
  });
  const { plural, singular, shortNames } = crd.spec.names;
  t.strictSame(
    [...KIND_NAMES].toSorted(),
    [...shortNames, plural, singular, `${plural}.${crd.spec.group}`, `${singular}.${crd.spec.group}`].toSorted(),
  );
  for (const name of ['shop', ...KIND_NAMES.map((kind) => `${kind}/shop`), 'WerfBundle/shop'])
    t.equal(nameIn(name), 'shop');
  const wrong = ['', 'deploy/shop', 'wb/', 'wb/a/b', '/shop'];
  for (const name of wrong) t.throws(() => nameIn(name), CommandError, JSON.stringify(name));
  t.end();
});
