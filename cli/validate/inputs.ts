import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/** A file that was read. `name` is `-` for standard input. */
export interface Input {
  readonly name: string;
  readonly text: string;
  /** Whether it was found in a folder, and not named on the command line: then it may be anything. */
  readonly found: boolean;
}

/** The files that could be read, and one line for each that could not. */
interface Inputs {
  readonly files: readonly Input[];
  readonly faults: readonly string[];
}

/** Standard input, as it is given and as it is named in all output. */
export const STDIN = '-';
const MANIFEST = /\.(ya?ml|json)$/;

/**
 * Reads files, `-` and folders (all YAML and JSON files in them and below, sorted; hidden ones and node_modules aside). A file that
 * is named twice is read once.
 */
export const readInputs = async (paths: readonly string[]): Promise<Inputs> => {
  const files = new Map<string, Input>();
  const faults: string[] = [];
  for (const path of paths) {
    try {
      for (const file of await readPath(path)) {
        const key = file.name === STDIN ? STDIN : resolve(file.name);
        // A file that is also named by itself has to be valid.
        if (files.get(key)?.found !== false) files.set(key, file);
      }
    } catch (error) {
      faults.push(faultOf(path, error));
    }
  }
  return { files: [...files.values()], faults };
};

/** A path without inputs; the message is a whole line. */
class Nothing extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
};

const faultOf = (path: string, error: unknown): string => {
  if (error instanceof Nothing) return error.message;
  const { code = String(error), path: file = path } = error as NodeJS.ErrnoException;
  return `can't read ${file}: ${REASONS[code] ?? code}`;
};

const readPath = async (path: string): Promise<readonly Input[]> => {
  if (path === STDIN) {
    const content = await text(process.stdin);
    if (content.trim() === '') throw new Nothing('standard input is empty');
    return [{ name: STDIN, text: content, found: false }];
  }
  if (!(await stat(path)).isDirectory()) return [{ name: path, text: await readFile(path, 'utf8'), found: false }];
  const names = await manifestsBelow(path);
  if (names.length === 0) throw new Nothing(`there is no .yaml, .yml or .json file in ${path}`);
  const files: Input[] = [];
  for (const name of names) files.push({ name, text: await readFile(name, 'utf8'), found: true });
  return files;
};

const manifestsBelow = async (directory: string): Promise<readonly string[]> => {
  const entries = await readdir(directory, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry): Promise<readonly string[]> => {
      const path = join(directory, entry.name);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
      if (entry.isDirectory()) return await manifestsBelow(path);
      return MANIFEST.test(entry.name) ? [path] : [];
    }),
  );
  return nested.flat().sort();
};

/**
 * Whether a file that can't be read as YAML was meant to be manifests, if it was found in a folder. There, charts have templates, which
 * are no YAML before they are rendered.
 */
export const isMeantAsManifest = ({ text: content, found }: Input): boolean =>
  !found || (!content.includes('{{') && /^apiVersion:/m.test(content) && /^kind:/m.test(content));
