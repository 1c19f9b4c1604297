import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../cli/commands.js';
import { SCRIPTS } from '../../cli/completion/scripts.js';
import { createProgram } from '../../cli/program.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';

/** What may follow: the words, and the directive. */
const complete = async (...words: readonly string[]) => {
  const terminal = createFakeTerminal();
  const argv = ['__complete', ...words];
  const program = await createProgram({ name: 'werfbundle', version: '1', argv, terminal });
  await program();
  const lines = terminal.taken().trimEnd().split('\n');
  return {
    words: lines.slice(0, -1).map((line) => line.split('\t')[0]),
    directive: lines.at(-1),
    err: terminal.takenErrors(),
  };
};

t.test('commands, options and choices are completed from the commands themselves', async (t) => {
  const of = async (...words: readonly string[]) => (await complete(...words)).words;
  t.strictSame(await of(''), [...Object.keys(COMMANDS), 'help']);
  t.strictSame(await of('he'), ['help']);
  t.strictSame(await of('help', ''), Object.keys(COMMANDS), 'what there is help on');
  t.strictSame(await of('help', 're'), ['reconcile', 'resume', 'release-hold']);
  t.strictSame(await of('help', 'status', ''), [], 'one at a time');
  t.strictSame(await of('-n', 'ops', 'he'), [], 'it is a command only where it comes first');
  t.strictSame(await of('re'), ['reconcile', 'resume', 'release-hold']);
  t.strictSame(await of('-n', 'ops', 'ro'), ['rollback'], 'after options that stand before the command');
  t.strictSame(await of('reconcile', '--f'), ['--force', '--failed']);
  t.strictSame(await of('get', '-o', ''), ['wide', 'name', 'json', 'yaml']);
  t.strictSame(await of('get', '--output=y'), ['--output=yaml']);
  t.strictSame(await of('completion', ''), ['bash', 'zsh', 'fish', 'kubectl']);
  t.strictSame(await of('rollback', '--to', ''), [], 'a value that nobody knows');
  t.strictSame(await of('frobnicate', ''), Object.keys(COMMANDS));
  t.strictSame(await of('init', ''), [], 'a name that is to be new');
});

t.test('files are offered where files are meant, and a cluster that cannot be asked says nothing', async (t) => {
  t.equal((await complete('validate', '')).directive, ':0');
  const files = [
    ['get', '--kubeconfig', ''],
    ['get', '--kubeconfig=x'],
    ['publish', ''],
    ['publish', 'chart', 'host/path:tag', '--ca-file', ''],
    ['generate', ''],
    ['explain', '-f', ''],
  ];
  for (const words of files) t.equal((await complete(...words)).directive, ':0', words.join(' '));
  t.equal((await complete('publish', 'chart', '')).directive, ':4', 'an address is no file');
  t.strictSame(await complete('get', '--kubeconfig', '/nowhere', ''), { words: [], directive: ':4', err: '' });
  t.strictSame(await complete('get', '--kubeconfig', '/nowhere', '-n', ''), { words: [], directive: ':4', err: '' });
  t.strictSame(await complete('get', '--kubeconfig', '/nowhere', '--context', ''), {
    words: [],
    directive: ':4',
    err: '',
  });
});

/** A program of that name that answers with the words that it was given, and more. */
const FAKE = `#!/bin/bash
shift
for word; do printf '%s|' "$word" >> "$SEEN"; done
printf 'ctx:one\\tsays: so\\nctx:two\\n--output=wide\\n:4\\n'
`;

t.test('the script for bash hands over the words up to the cursor, and offers what fits', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'werfbundle-completion-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const seen = join(dir, 'seen');
  writeFileSync(join(dir, 'werfbundle'), FAKE, { mode: 0o755 });
  const env = { PATH: `${dir}:${process.env['PATH']}`, SEEN: seen, HOME: dir };
  const inBash = (words: string, at: number) => {
    writeFileSync(seen, '');
    const lines = `${SCRIPTS.bash}\nCOMP_WORDS=(${words}); COMP_CWORD=${at}; __werfbundle_complete; printf '%s\\n' "\${COMPREPLY[@]}"; cat "$SEEN"`;
    return execFileSync('/bin/bash', ['-c', lines], { env, encoding: 'utf8' }).trim().split('\n');
  };
  t.strictSame(inBash("werfbundle get --context ''", 3), ['ctx:one', 'ctx:two', '--output=wide', 'get|--context||']);
  t.strictSame(
    inBash('werfbundle get --context ctx : t', 5),
    ['two', 'get|--context|ctx:t|'],
    'words that bash has taken apart',
  );
  t.strictSame(inBash('werfbundle get --output = w', 4), ['wide', 'get|--output=w|']);
  t.strictSame(inBash('werfbundle get x later', 2), ['get|x|'], 'what stands behind the cursor is not looked at');
  t.end();
});
