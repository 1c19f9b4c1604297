import { readFile, stat } from 'node:fs/promises';
import { type Chart, loadChart } from '../../api/chart/chart.js';
import { unpackChart } from '../../api/chart/unpack.js';
import { readChartFolder } from '../publish/chart-folder.js';

/** A chart on the disk, or a line that says why there is none. */
export type ReadChart =
  | { readonly kind: 'chart'; readonly chart: Chart }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Larger archives are none of charts: unpacked they may have 100 MiB. */
const MAX_ARCHIVE_BYTES = 100 * 1024 * 1024;

/**
 * Reads a chart's folder, as publish does, or its archive.
 * @param path - as the user has written it, for the words
 */
export const readChart = async (path: string): Promise<ReadChart> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error)
    return unreadable(
      path,
      found.code === 'ENOENT' ? 'there is no such folder or file' : `it can\u2019t be read (${found.code})`,
    );
  if (!found.isDirectory() && !found.isFile()) return unreadable(path, 'this is neither a folder nor a file');
  const files = found.isDirectory() ? await filesOf(path) : await filesIn(path, found.size);
  if (typeof files === 'string') return unreadable(path, files);
  const loaded = loadChart(files);
  return loaded.kind === 'chart' ? loaded : unreadable(path, loaded.why);
};

const unreadable = (path: string, why: string): ReadChart => ({ kind: 'unreadable', why: `${path}: ${why}` });

type Files = ReadonlyMap<string, Buffer>;

/** @returns a text: why there are none */
const filesOf = async (folder: string): Promise<Files | string> => {
  const read = await readChartFolder(folder);
  if (read.kind === 'files') return read.files;
  return read.kind === 'unreadable' ? read.why : read.problems.join('; ');
};

const filesIn = async (archive: string, size: number): Promise<Files | string> => {
  if (size > MAX_ARCHIVE_BYTES) return 'it is too large for the archive of a chart';
  const bytes = await readFile(archive).catch((error: NodeJS.ErrnoException) => error);
  if (bytes instanceof Error) return `it can\u2019t be read (${bytes.code})`;
  const unpacked = unpackChart(bytes);
  return unpacked.kind === 'files' ? unpacked.files : unpacked.why;
};
