import { gunzipSync } from 'node:zlib';

/** The files of a chart's archive by their paths below the chart's folder, or why there are none. */
type Unpacked =
  | { readonly kind: 'files'; readonly files: ReadonlyMap<string, Buffer> }
  | { readonly kind: 'invalid'; readonly why: string };

/** Helm unpacks no larger file of a chart, nor a larger chart. */
const FILE_BYTES = 5 * 1024 * 1024;
const CHART_BYTES = 100 * 1024 * 1024;
const BLOCK = 512;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Unpacks the archive of a chart as Helm does: what is in its one folder, without links. Pure.
 * @param most - bytes that all files together may have, for callers with less memory than Helm
 */
export const unpackChart = (archive: Buffer, most = CHART_BYTES): Unpacked => {
  const tar = unzipped(archive, most);
  if (typeof tar === 'string') return { kind: 'invalid', why: tar };
  const files = new Map<string, Buffer>();
  for (const entry of entriesOf(tar)) {
    if (entry.kind === 'broken') return { kind: 'invalid', why: 'the archive breaks off' };
    const path = pathWithin(entry.name);
    if (path === undefined)
      return { kind: 'invalid', why: `${JSON.stringify(entry.name)} leads out of the chart\u2019s folder` };
    if (entry.content.length > FILE_BYTES) return { kind: 'invalid', why: `${path} has more than 5 MiB` };
    files.set(path, entry.content.subarray(0, 3).equals(BOM) ? entry.content.subarray(3) : entry.content);
  }
  return files.size === 0 ? { kind: 'invalid', why: 'the archive is empty' } : { kind: 'files', files };
};

/** @returns a text: what is wrong */
const unzipped = (archive: Buffer, most: number): Buffer | string => {
  try {
    return gunzipSync(archive, { maxOutputLength: most });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return `it has more than ${Math.floor(most / 1024 / 1024)} MiB`;
    if (code?.startsWith('Z_') === true) return 'it is no archive that gzip made';
    throw error;
  }
};

type Entry = { readonly kind: 'file'; readonly name: string; readonly content: Buffer } | { readonly kind: 'broken' };

/** Regular files; names may be long, by GNU's or POSIX' headers. */
function* entriesOf(tar: Buffer): Generator<Entry> {
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const size = sizeIn(tar, at);
    const content = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (Number.isNaN(size) || content.length < size) {
      yield { kind: 'broken' };
      return;
    }
    const type = String.fromCharCode(tar[at + 156] ?? 0);
    if (type === 'L') longName = textOf(content);
    else if (type === 'x') longName = pathIn(content) ?? longName;
    else if (type !== 'g') {
      if (type === '0' || type === '\0') yield { kind: 'file', name: longName ?? nameIn(tar, at), content };
      longName = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? undefined : end).toString('utf8');
};

const nameIn = (tar: Buffer, at: number): string => {
  const name = textOf(tar.subarray(at, at + 100));
  const prefix =
    tar.subarray(at + 257, at + 262).toString() === 'ustar' ? textOf(tar.subarray(at + 345, at + 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
};

const sizeIn = (tar: Buffer, at: number): number => {
  const text = textOf(tar.subarray(at + 124, at + 136)).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
};

/** The path that a POSIX header has: `27 path=web/Chart.yaml` and a line feed. */
const pathIn = (header: Buffer): string | undefined => /(?:^|\n)\d+ path=([^\n]*)/.exec(header.toString('utf8'))?.[1];

/** A path below the archive's folder, whatever that is called; undefined if it leads anywhere else. */
const pathWithin = (name: string): string | undefined => {
  const [, ...steps] = name.split(name.includes('\\') ? '\\' : '/');
  const path = steps.filter((step) => step !== '' && step !== '.').join('/');
  return steps.includes('..') || path === '' || steps[0] === '' || /^[a-zA-Z]:\//.test(path) ? undefined : path;
};
