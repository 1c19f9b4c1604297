import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';

/** The parts of a chart that the stand-in reads. */
export interface Chart {
  readonly name: string;
  readonly version: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const BLOCK = 512;
const CHART_BYTES = 64 * 1024 * 1024;

const textAt = (block: Buffer, from: number, length: number): string =>
  block.toString('utf8', from, from + length).replace(/\0.*$/s, '');

/** The regular files of a tar archive by path. Pure. */
const filesOf = (tar: Buffer): ReadonlyMap<string, Buffer> => {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    const name = textAt(header, 0, 100);
    if (name === '') break;
    const size = Number.parseInt(textAt(header, 124, 12).trim() || '0', 8);
    const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
    const type = String.fromCharCode(header[156] ?? 0);
    const start = at + BLOCK;
    if (type === '0' || type === '\0') {
      files.set(prefix === '' ? name : `${prefix}/${name}`, tar.subarray(start, start + size));
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
};

/**
 * Reads a chart's layer in memory; nothing of it is written or rendered.
 * @throws Error if it is no chart
 */
export const readChart = (layer: Buffer): Chart => {
  const files = filesOf(gunzipSync(layer, { maxOutputLength: CHART_BYTES }));
  const [file] = [...files]
    .filter(([path]) => /^(\.\/)?([^/]+\/)?Chart\.yaml$/.test(path))
    .map(([, content]) => content);
  if (file === undefined) throw new Error('Chart.yaml file is missing');
  const chart = parse(file.toString('utf8')) as Partial<Chart> | null;
  if (typeof chart?.name !== 'string') throw new Error('validation: chart.metadata.name is required');
  return { name: chart.name, version: String(chart.version ?? ''), annotations: chart.annotations ?? {} };
};
