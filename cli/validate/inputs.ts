import { createReadStream, lstatSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { decodeText } from './decode-text.js';
import { type Excludes, excluding } from './exclude.js';

/** A file that was read. `name` is `-` for standard input. */
export interface Input {
  readonly name: string;
  readonly text: string;
  /** Whether it was found in a folder, and not named on the command line: then it may be anything. */
  readonly found: boolean;
  /** Why there is no text: `is binary`. */
  readonly unreadable?: string;
  /** Some bytes are no UTF-8. */
  readonly isLossy?: true;
}

/** The files that could be read, and one line for each that could not. */
interface Inputs {
  readonly files: readonly Input[];
  readonly faults: readonly string[];
}

interface ReadOptions {
  /** Globs of what to leave out of folders. */
  readonly exclude?: readonly string[];
  /** A link out of its folder is a fault, and is not read: the folder may be a stranger's. */
  readonly confined?: true;
}

/** Standard input, as it is given and as it is named in all output. */
export const STDIN = '-';
const MANIFEST = /\.(ya?ml|json)$/;

/** A larger file is no file of manifests: an apiserver takes 3 MiB at most, and reading takes a hundred times the memory. */
const MAX_BYTES = 16 * 1024 * 1024;
const TOO_LARGE = `has more than ${MAX_BYTES / 1024 / 1024} MiB, which no file of manifests has`;

/**
 * Reads files, `-` and folders (all YAML and JSON files in them and below, sorted; hidden ones and node_modules aside; links to folders are
 * not followed, so that none is read twice). A file that is named twice is read once.
 */
export const readInputs = async (
  paths: readonly string[],
  { exclude = [], ...wish }: ReadOptions = {},
): Promise<Inputs> => {
  const files = new Map<string, Input>();
  const faults: string[] = [];
  const exclusion = excluding(exclude);
  for (const path of paths) {
    for (const read of await readPath(path, { excludes: exclusion.below(path), ...wish })) {
      if (read.kind === 'fault') {
        faults.push(read.line);
        continue;
      }
      const { file } = read;
      const key = file.name === STDIN ? STDIN : resolve(file.name);
      // A file that is also named by itself has to be valid.
      if (files.get(key)?.found !== false) files.set(key, file);
    }
  }
  return { files: [...files.values()], faults };
};

/** A file, or a whole line that says why there is none. */
type Read = { readonly kind: 'file'; readonly file: Input } | { readonly kind: 'fault'; readonly line: string };

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of the path is no directory',
  ELOOP: 'a symbolic link leads to itself',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EIO: 'the disk does not give it',
  ENXIO: 'it is a socket, or a device that is not there',
  EAGAIN: 'nothing is there to be read',
};

const faultOf = (path: string, error: unknown): Read => {
  const { code } = error as NodeJS.ErrnoException;
  // Anything else is a bug, and no state of a file.
  if (code === undefined) throw error;
  return faultLine(`can't read ${path === '' ? '""' : path}: ${REASONS[code] ?? `the system says ${code}`}`);
};

const faultLine = (line: string): Read => ({ kind: 'fault', line });

const readPath = async (
  path: string,
  { excludes, confined }: { readonly excludes: Excludes; readonly confined?: true },
): Promise<readonly Read[]> => {
  if (path === STDIN) return [await readStdin()];
  try {
    const stats = statSync(path);
    if (!stats.isDirectory()) return [{ kind: 'file', file: await readFrom(path, stats, false) }];
  } catch (error) {
    return [faultOf(path, error)];
  }
  const below = manifestsBelow(path, excludes);
  if (below.length === 0) return [faultLine(`there is no .yaml, .yml or .json file in ${path}`)];
  const read: Read[] = [];
  const root = confined && realpathSync(path);
  for (const item of below) read.push(...(typeof item === 'string' ? await readFound(item, root) : [item]));
  return read;
};

const readStdin = async (): Promise<Read> => {
  try {
    const file = inputOf(STDIN, await bytesOf(process.stdin), false);
    return file.text.trim() === '' && file.unreadable === undefined
      ? faultLine('standard input is empty')
      : { kind: 'file', file };
  } catch (error) {
    return faultOf('standard input', error);
  }
};

/** A file; or, if it was named, a pipe: `<(helm template …)`. At once, since waiting costs more than reading, with thousands of files. */
const readFrom = async (path: string, stats: Stats, found: boolean): Promise<Input> => {
  if (stats.isFile() && stats.size > MAX_BYTES) return inputOf(path, undefined, found);
  // Pipes and devices have no size, and perhaps no end.
  const isBounded = stats.isFile() && stats.size > 0;
  return inputOf(path, isBounded ? readFileSync(path) : await bytesOf(createReadStream(path)), found);
};

/**
 * Of what was found in a folder nothing but files is read: a pipe may never end. What has vanished meanwhile is not there.
 * @param root - the folder that links may not leave, if there is one
 */
const readFound = async (path: string, root: string | undefined): Promise<readonly Read[]> => {
  try {
    const stats = statSync(path);
    if (root !== undefined && !realpathSync(path).startsWith(withSeparator(root)))
      return [
        faultLine(`${path} is a link to a file outside of the folder, which is not read: put a copy in its place`),
      ];
    return stats.isFile() ? [{ kind: 'file', file: await readFrom(path, stats, true) }] : [];
  } catch (error) {
    return isThere(path) ? [faultOf(path, error)] : [];
  }
};

const withSeparator = (folder: string): string => (folder.endsWith(sep) ? folder : `${folder}${sep}`);

/** Whether there is something of this name, and be it a link to nothing. */
const isThere = (path: string): boolean => {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

const inputOf = (name: string, bytes: Buffer | undefined, found: boolean): Input => {
  if (bytes === undefined) return { name, text: '', found, unreadable: TOO_LARGE };
  const decoded = decodeText(bytes);
  if (decoded.kind === 'binary') return { name, text: '', found, unreadable: 'is binary, and no text' };
  return { name, text: decoded.text, found, ...(decoded.isLossy && { isLossy: true }) };
};

/** @returns undefined if there are too many, whether they end or not */
const bytesOf = async (stream: AsyncIterable<Buffer>): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Files below a folder, and faults of folders that can't be read, in the order of their names. */
const manifestsBelow = (directory: string, excludes: Excludes): readonly (string | Read)[] => {
  let entries: ReturnType<typeof entriesOf>;
  try {
    entries = entriesOf(directory);
  } catch (error) {
    return isThere(directory) ? [faultOf(directory, error)] : [];
  }
  const nested: (string | Read)[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || excludes(path)) continue;
    if (entry.isDirectory()) nested.push(...manifestsBelow(path, excludes));
    else if (MANIFEST.test(entry.name)) nested.push(path);
  }
  return nested;
};

const entriesOf = (directory: string) =>
  readdirSync(directory, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));

/**
 * Whether a file that can't be read as YAML was meant to be manifests, if it was found in a folder. There, charts have templates, which
 * are no YAML before they are rendered.
 */
export const isMeantAsManifest = ({ text: content, found }: Input): boolean =>
  !found || (!content.includes('{{') && API_VERSION.test(content) && KIND.test(content));

/** At the beginning of a line, in a flow map, or in JSON. */
const API_VERSION = /(^|\{\s*|,\s*)apiVersion:|"apiVersion"\s*:/m;
const KIND = /(^|\{\s*|,\s*)kind:|"kind"\s*:/m;
