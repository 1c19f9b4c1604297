import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A row of docs/guide-commands.md. */
interface Verdict {
  /** The command on one line, as the table has it: without what a here-document holds. */
  readonly line: string;
  readonly asWritten: string;
  readonly instead: string;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** The different commands of the older operator's guide, word for word, in its order. */
export const OLDER_COMMANDS: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'older-guide.json'), 'utf8'),
) as string[];

/** A command as the table shows it. */
export const onOneLine = (command: string): string => {
  if (!command.includes('<<EOF')) return command.replaceAll(/\s*\\\n\s*/g, ' ');
  const kinds = [...command.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
  return `${command.split('\n')[0]} (${kinds.join(', ')})`;
};

/** What docs/guide-commands.md says of each, in its order. */
export const verdicts = (): readonly Verdict[] =>
  [
    ...readFileSync(join(ROOT, 'docs', 'guide-commands.md'), 'utf8').matchAll(
      /^\| \d+ \| `(.*?)` \| (.*?) \| (.*) \|$/gm,
    ),
  ].map(([, line = '', asWritten = '', instead = '']) => ({ line: line.replaceAll('\\|', '|'), asWritten, instead }));
