import { createColors } from 'picocolors';

/** Colours only on a terminal: picocolors' own choice takes any CI for one. */
const colors = createColors(process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '');

/** What the playground prints. Colours only on a terminal. */
export class Screen {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#write = write;
  }

  /** A new chapter of the story. */
  heading(text: string): void {
    this.#write(`\n${colors.bold(colors.cyan(`== ${text}`))}\n`);
  }

  /** Explains what the playground does. */
  say(text: string): void {
    this.#write(`${colors.dim('-')} ${text}\n`);
  }

  /** A command, as a person would type it. */
  command(words: readonly string[]): void {
    this.#write(`${colors.bold(`$ ${words.map(quoted).join(' ')}`)}\n`);
  }

  /** What a command printed, unchanged. */
  output(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.#write(`  ${line}\n`);
  }

  /** Something promised has happened. */
  kept(text: string): void {
    this.#write(`${colors.green('✓')} ${text}\n`);
  }

  broken(text: string): void {
    this.#write(`${colors.red('✗')} ${text}\n`);
  }
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
