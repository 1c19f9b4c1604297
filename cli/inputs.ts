import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A file that was read. `name` is `-` for standard input. */
export interface Input {
  readonly name: string;
  readonly text: string;
}

/** What could be read, and one line for each thing that could not. */
export interface Inputs {
  readonly files: readonly Input[];
  readonly faults: readonly string[];
}

const MANIFEST = /\.(ya?ml|json)$/;

/**
 * Reads files, `-` and directories (all YAML and JSON files in them and below, sorted; hidden ones and node_modules aside). Of a
 * directory only files that mention a WerfBundle are taken: others, such as a chart's templates, need not be YAML at all.
 */
export async function readInputs(paths: readonly string[]): Promise<Inputs> {
  const files: Input[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    try {
      files.push(...(await readPath(path)));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      faults.push(
        `can't read ${path}: ${code === 'ENOENT' ? 'there is no such file or directory' : (code ?? String(error))}`,
      );
    }
  }
  return { files, faults };
}

async function readPath(path: string): Promise<readonly Input[]> {
  if (path === '-') return [{ name: '-', text: await text(process.stdin) }];
  if (!(await stat(path)).isDirectory()) return [{ name: path, text: await readFile(path, 'utf8') }];
  const found: Input[] = [];
  for (const name of await manifestsBelow(path)) {
    const content = await readFile(name, 'utf8');
    if (content.includes('WerfBundle')) found.push({ name, text: content });
  }
  return found;
}

async function manifestsBelow(directory: string): Promise<readonly string[]> {
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
}
