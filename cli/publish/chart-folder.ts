import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { IGNORE_FILE, parseIgnoreRules } from './ignore-rules.js';

/** The files of a chart's folder. */
interface ChartFiles {
  readonly kind: 'files';
  /** Content by path below the folder, with slashes; what `.helmignore` names is left out. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Symbolic links that were followed: `charts/common -> ../common`. */
  readonly followed: readonly string[];
}

/** The files, or a line for each thing that keeps them from being packed. */
type ReadChart =
  | ChartFiles
  /** It can't be read at all: `…: no such folder`. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Helm reads no larger file of a chart, nor a larger chart, unpacked. */
const FILE_BYTES = 5 * 1024 * 1024;
const CHART_BYTES = 100 * 1024 * 1024;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads a chart's folder as `helm package` does: symbolic links are followed, `.helmignore` is obeyed, and so are Helm's limits of
 * 5 MiB a file and 100 MiB a chart. Rejects only for a fault of the disk.
 */
export const readChartFolder = async (folder: string): Promise<ReadChart> => {
  const top = await stat(folder).catch(absent);
  if (top === undefined) return { kind: 'unreadable', why: `${folder}: there is no such folder` };
  if (!top.isDirectory())
    return { kind: 'unreadable', why: `${folder}: this is no folder; give the one with Chart.yaml` };
  const ignorePath = join(folder, IGNORE_FILE);
  const isThere = await stat(ignorePath).catch(absent);
  // A pipe would be waited for.
  if (isThere?.isFile() === false) return { kind: 'invalid', problems: [`${IGNORE_FILE}: this is no file`] };
  const ignoreFile = isThere && (await readFile(ignorePath, 'utf8').catch(absent));
  const parsed = parseIgnoreRules(ignoreFile);
  if (parsed.kind === 'invalid') return parsed;
  const walk = new Walk(folder, parsed.rules.ignores);
  await walk.enter('', [await realpath(folder)]);
  return walk.result();
};

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};

/** One way through a chart's folder, and what was found on it. */
class Walk {
  readonly #folder: string;
  readonly #ignores: (path: string, isFolder: boolean) => boolean;
  readonly #files = new Map<string, Buffer>();
  readonly #followed: string[] = [];
  readonly #problems: string[] = [];
  #bytes = 0;

  constructor(folder: string, ignores: (path: string, isFolder: boolean) => boolean) {
    this.#folder = folder;
    this.#ignores = ignores;
  }

  /** @param within - real paths of the folders that lead here: a link to one of them has no end */
  async enter(below: string, within: readonly string[]): Promise<void> {
    const entries = await readdir(join(this.#folder, below), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (this.#bytes > CHART_BYTES) return;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      await this.#take(path, entry.isSymbolicLink(), within);
    }
  }

  result(): ReadChart {
    const tooLarge = `the chart has more than ${CHART_BYTES / 1024 / 1024} MiB, which Helm does not read; name what is no part of it in ${IGNORE_FILE}`;
    const problems = [...this.#problems, ...(this.#bytes > CHART_BYTES ? [tooLarge] : [])];
    if (problems.length > 0) return { kind: 'invalid', problems };
    return { kind: 'files', files: this.#files, followed: this.#followed };
  }

  async #take(path: string, isLink: boolean, within: readonly string[]): Promise<void> {
    const full = join(this.#folder, path);
    const found = await stat(full).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ELOOP') return undefined;
      throw error;
    });
    if (this.#ignores(path, found?.isDirectory() === true)) return;
    if (found === undefined) return void this.#problems.push(`${path}: a symbolic link to nothing`);
    const target = isLink || found.isDirectory() ? await realpath(full) : full;
    if (isLink) this.#followed.push(`${path} -> ${relative(this.#folder, target)}`);
    if (found.isDirectory()) {
      if (within.includes(target)) this.#problems.push(`${path}: a symbolic link to a folder that it is in`);
      else await this.enter(path, [...within, target]);
    } else if (!found.isFile()) this.#problems.push(`${path}: this is no regular file`);
    else if (found.size > FILE_BYTES) this.#problems.push(tooLargeFile(path));
    else await this.#read(path, full);
  }

  async #read(path: string, full: string): Promise<void> {
    const content = await readFile(full).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') return undefined;
      throw error;
    });
    if (content === undefined) return void this.#problems.push(`${path}: it may not be read`);
    this.#bytes += content.length;
    this.#files.set(path, content.subarray(0, BOM.length).equals(BOM) ? content.subarray(BOM.length) : content);
  }
}

const tooLargeFile = (path: string): string =>
  `${path}: it has more than ${FILE_BYTES / 1024 / 1024} MiB, which Helm does not read; name it in ${IGNORE_FILE} if it is no part of the chart`;
