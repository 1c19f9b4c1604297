import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../cli/commands.js';

// The scripts for zsh and fish in these shells themselves, with the real program and an apiserver that has a few names.

const isMissing = (shell: string) =>
  spawnSync(shell, ['--version']).error !== undefined && `${shell} is not on this machine: its script is not tried`;

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');

const dir = t.testdir({
  bin: {},
  work: { 'a file.yaml': '', 'b.yaml': '', folder: { 'c.yaml': '' } },
});

/** Lists of names, and nothing else. */
const server = createServer((request, response) => {
  const isBundles = request.url?.startsWith('/apis/werf.io/v1alpha1/namespaces/demo/werfbundles?') === true;
  const names = isBundles ? ['api', 'shop', 'shop-eu'] : ['demo', 'ops'];
  const items = names.map((name) => ({
    metadata: { name, namespace: 'demo' },
    ...(isBundles && { status: { phase: 'Synced' } }),
  }));
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ metadata: {}, items }));
});

/** Contexts of some clouds have colons and slashes in their names. */
const CONTEXTS = ['dev', 'arn:aws:eks:eu:1:cluster/prod'];

t.before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  writeFileSync(join(dir, 'bin/werfbundle'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, {
    mode: 0o755,
  });
  const config = {
    'current-context': 'dev',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: CONTEXTS.map((name) => ({ name, context: { cluster: 'c', user: 'u', namespace: 'demo' } })),
  };
  writeFileSync(join(dir, 'kubeconfig'), JSON.stringify(config));
  mkdirSync(join(dir, 'home'));
});
t.teardown(() => server.close());

/** What is printed by a shell that waits for nobody. */
const shell = async (command: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: join(dir, 'work'),
    env: {
      PATH: `${join(dir, 'bin')}:${process.env['PATH']}`,
      HOME: join(dir, 'home'),
      KUBECONFIG: join(dir, 'kubeconfig'),
      TERM: 'dumb',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  return text;
};

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();

/** Lines as they are typed, and what a Tab offers at their end; in fish's own way of quoting, and zsh's. */
const rows: readonly [line: string, offered: readonly string[]][] = [
  ['werfbundle ', [...Object.keys(COMMANDS), 'help']],
  ['werfbundle help sta', ['status']],
  ['werfbundle re', ['reconcile', 'release-hold', 'resume']],
  ['werfbundle get sh', ['shop', 'shop-eu']],
  ['werfbundle get "sh', ['shop', 'shop-eu']],
  ['werfbundle status wb/a', ['wb/api']],
  ['werfbundle get shop ', ['api', 'shop-eu']],
  ['werfbundle -n demo logs ', ['api', 'shop', 'shop-eu']],
  ['werfbundle get -n ', ['demo', 'ops']],
  ['werfbundle reconcile --f', ['--failed', '--force']],
  ['werfbundle get --output=', ['--output=json', '--output=name', '--output=wide', '--output=yaml']],
  ['werfbundle get --context ', CONTEXTS],
  ['werfbundle get --context=arn:aws', ['--context=arn:aws:eks:eu:1:cluster/prod']],
  ['werfbundle validate a', ['a\\ file.yaml']],
  ['werfbundle publish f', ['folder/']],
  ['werfbundle get --kubeconfig=b', ['--kubeconfig=b.yaml']],
  ['werfbundle rollback --to ', []],
];

t.test('fish completes commands, options, names and files', { skip: isMissing('fish') }, async (t) => {
  for (const [line, offered] of rows) {
    const script = 'werfbundle completion fish | source; complete -C $LINE';
    const words = linesOf(await shell(['fish', '--no-config', '-c', script], { LINE: line }));
    t.strictSame(
      words.map((word) => word.replace(/\t.*/, '').replace('a file', 'a\\ file')),
      offered.toSorted(),
      line,
    );
  }
  const all = await shell([
    'fish',
    '--no-config',
    '-c',
    'werfbundle completion fish | source; complete -C "werfbundle get ap"',
  ]);
  t.equal(all, 'api\tSynced\n', 'with what is said of each');
});

/** An interactive zsh that writes down what is offered at a Tab, and ends. */
const ZSH_RC = `
autoload -Uz compinit; compinit -u -D
source <(werfbundle completion zsh)
compadd() {
  local -a offered
  # With these it is asked by a function of completion, and offers nothing itself.
  if [[ "\${@[1,(i)-(|-)]}" != *-[OAD]\\ * ]]; then
    builtin compadd -O offered "$@"
    for word in $offered; do [[ -d $word ]] && word+=/; print -r -- "$IPREFIX$word" >> $OFFERED; done
  fi
  builtin compadd "$@"
}
offer() { _main_complete; exit; }
zle -C offer complete-word offer
bindkey '^I' offer
`;
const ZSH = `
zmodload zsh/zpty
zpty typed zsh -f -i
zpty -w typed 'source $RC; print ready'
while zpty -r typed line; do [[ $line == ready* ]] && break; done
zpty -w -n typed "$LINE"$'\\t'
while zpty -r typed line; do :; done
`;

t.test('zsh completes the same', { skip: isMissing('zsh') }, async (t) => {
  const [rc, offeredFile] = [join(dir, 'zshrc'), join(dir, 'offered')];
  writeFileSync(rc, ZSH_RC);
  for (const [line, offered] of rows) {
    writeFileSync(offeredFile, '');
    await shell(['zsh', '-f', '-c', ZSH], { LINE: line, RC: rc, OFFERED: offeredFile });
    t.strictSame(linesOf(readFileSync(offeredFile, 'utf8')), offered.toSorted(), line);
  }
  rmSync(offeredFile);
});
