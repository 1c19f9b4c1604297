import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../cli/commands.js';
import { documentCommands } from '../kit/document-commands.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** Words of a shell's line, up to a pipe or a redirection, without quotes. */
const wordsOf = (line: string): readonly string[] => {
  const [own = ''] = /^(?:'[^']*'|"[^"]*"|[^|>&#'"])*/.exec(line) ?? [];
  return [...own.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/['"]/g, ''));
};

/** Lines that call werfbundle, without its name. */
const called = (): readonly { readonly where: string; readonly words: readonly string[] }[] => {
  const guides = ['docs/troubleshooting.md', 'docs/getting-started.md'].flatMap((document) =>
    [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^ *werfbundle .*$/gm)].map(([command]) => ({
      document,
      command,
    })),
  );
  return [...documentCommands(), ...guides].flatMap(({ document, command }) =>
    [...command.matchAll(/(?:^|\| ) *werfbundle ([a-z].*)$/gm)].map(([line, words = '']) => ({
      where: `${document}: ${line.trim()}`,
      words: wordsOf(words),
    })),
  );
};

t.test('each call of werfbundle in the documents is one that it understands', async (t) => {
  const calls = called();
  t.ok(calls.length > 20, 'there are some');
  for (const { where, words } of calls) {
    const [name = '', ...rest] = words;
    const entry = COMMANDS[name];
    if (entry === undefined) {
      t.fail(`${where}: there is no such command`);
      continue;
    }
    const command = (await entry.load())(createFakeTerminal(), { version: '' });
    const quiet = { writeOut: () => undefined, writeErr: () => undefined };
    // Only the usage counts here.
    command
      .exitOverride()
      .configureOutput(quiet)
      .allowUnknownOption(false)
      .action(() => undefined);
    await t.resolves(command.parseAsync(rest, { from: 'user' }), where);
  }
});
