import { unpackChart } from './unpack.js';

/** The files of a chart that its values are judged by. */
export const CHART_FILE = 'Chart.yaml';
export const VALUES_FILE = 'values.yaml';
export const SCHEMA_FILE = 'values.schema.json';
/** The place of dependencies in charts for Helm 2. */
export const REQUIREMENTS_FILE = 'requirements.yaml';

const JUDGED_BY = [CHART_FILE, VALUES_FILE, SCHEMA_FILE, REQUIREMENTS_FILE];
/** What werf decrypts, and puts over all other values. */
export const ENCRYPTED_FILE = 'secret-values.yaml';

/** Charts within charts; Helm knows no limit, and nobody needs more. */
export const MAX_LEVELS = 10;
export const TOO_DEEP = `charts are nested more than ${MAX_LEVELS} levels deep`;

type Files = ReadonlyMap<string, Buffer>;

/** The files that judging needs, or why there are none. `why` names the file, where it is one. */
type JudgedFiles =
  | {
      readonly kind: 'files';
      readonly files: Files;
      /** The first of its files whose values only werf can read, since they are encrypted; undefined: there is none. */
      readonly encrypted: string | undefined;
    }
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * Takes from a chart's files what `loadChart` reads, and no more: no templates, and nothing encrypted. Archives in `charts/` become folders of
 * the same name, which is the same chart to `loadChart`. Pure; never throws.
 * @param most - bytes that they may have together, and that all archives may have unpacked
 */
export const judgedFiles = (files: Files, most: { readonly bytes: number; readonly unpacked: number }): JudgedFiles => {
  const so: Collecting = { judged: new Map(), encrypted: [], bytes: 0, unpacked: 0, most };
  const fault = collect(files, { folder: '', level: 0 }, so);
  return fault === undefined
    ? { kind: 'files', files: so.judged, encrypted: so.encrypted[0] }
    : { kind: 'unreadable', why: fault };
};

interface Collecting {
  readonly judged: Map<string, Buffer>;
  readonly encrypted: string[];
  bytes: number;
  unpacked: number;
  readonly most: { readonly bytes: number; readonly unpacked: number };
}

/** @returns what is wrong */
const collect = (
  files: Files,
  { folder, level }: { readonly folder: string; readonly level: number },
  so: Collecting,
): string | undefined => {
  if (level > MAX_LEVELS) return `${folder}: ${TOO_DEEP}`;
  if (files.has(ENCRYPTED_FILE)) so.encrypted.push(`${folder}${ENCRYPTED_FILE}`);
  for (const name of JUDGED_BY) keep(`${folder}${name}`, files.get(name), so);
  if (so.bytes > so.most.bytes) return `its schemas and default values have more than ${mebibytes(so.most.bytes)}`;
  for (const [name, within] of chartsWithin(files)) {
    const place = `${folder}charts/${name}`;
    const found = unpackedWithin(within, place, so);
    if (typeof found === 'string') return found;
    const fault = collect(found, { folder: `${place}/`, level: level + 1 }, so);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

/** Copies a file, which is a part of an archive that would be kept with it. */
const keep = (path: string, content: Buffer | undefined, so: Collecting): void => {
  if (content === undefined) return;
  so.bytes += content.length;
  so.judged.set(path, Buffer.from(content));
};

/** @returns a text: what is wrong */
const unpackedWithin = (within: Files, place: string, so: Collecting): Files | string => {
  const archive = within.get('');
  if (archive === undefined) return within;
  const unpacked = unpackChart(archive, so.most.unpacked);
  if (unpacked.kind === 'invalid') return `${place}: ${unpacked.why}`;
  so.unpacked += [...unpacked.files.values()].reduce((sum, { length }) => sum + length, 0);
  return so.unpacked <= so.most.unpacked
    ? unpacked.files
    : `the archives in charts/ have more than ${mebibytes(so.most.unpacked)}`;
};

/** The files of each chart in `charts/`, by the name of its folder or archive; an archive is one file without a name. */
export const chartsWithin = (files: Files): ReadonlyMap<string, Files> => {
  const charts = new Map<string, Map<string, Buffer>>();
  for (const [path, content] of files) {
    const [top, name = '', ...rest] = path.split('/');
    const isFile = rest.length === 0 && !name.endsWith('.tgz');
    if (top !== 'charts' || /^[_.]/.test(name) || path.endsWith('.prov') || isFile) continue;
    charts.set(name, (charts.get(name) ?? new Map()).set(rest.join('/'), content));
  }
  return charts;
};

/** Whether a schema is among the files of a chart, its own or that of one within it that is no archive. */
export const hasSchema = (files: Files): boolean =>
  [...files.keys()].some((path) => path === SCHEMA_FILE || path.endsWith(`/${SCHEMA_FILE}`));

const mebibytes = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;
