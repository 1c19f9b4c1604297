import { isMap, type JsonMap } from '../json-map.js';
import { compileSchema } from '../json-schema/compile.js';
import { Patterns } from '../json-schema/patterns.js';
import { parseKey } from '../values/parse-key.js';
import type { ValueMap } from '../values/value.js';
import {
  CHART_FILE,
  chartsWithin,
  ENCRYPTED_FILE,
  MAX_LEVELS,
  REQUIREMENTS_FILE,
  SCHEMA_FILE,
  TOO_DEEP,
  VALUES_FILE,
} from './chart-files.js';
import { readMetadata } from './chart-metadata.js';
import { unpackChart } from './unpack.js';

/** A chart, as far as its values are concerned, and the charts within it. */
export interface Chart {
  /** By which a chart around it knows its values, unless it has an alias there. */
  readonly name: string;
  readonly version: string;
  /** Where it is in the outermost chart: '' or `charts/redis/`. */
  readonly folder: string;
  /** What values.yaml says. */
  readonly defaults: { readonly values: ValueMap; readonly text: string };
  /** values.schema.json, ready to be used; undefined if there is none. */
  readonly schema: ReturnType<typeof compileSchema> | undefined;
  /** Of Chart.yaml; undefined if it has none, which is not the same to Helm as an empty list. */
  readonly dependencies: readonly Dependency[] | undefined;
  readonly subcharts: readonly Chart[];
  /** The first of its files, or of those of the charts within, whose values only werf can read; undefined: there is none. */
  readonly encrypted: string | undefined;
}

/** What a chart says of one in its `charts/`. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** '' if it has none. */
  readonly alias: string;
  /** Paths of values that switch it on and off, with commas between them. */
  readonly condition: string;
  readonly tags: readonly string[];
  readonly importValues: readonly unknown[];
}

type LoadedChart =
  | { readonly kind: 'chart'; readonly chart: Chart }
  /** `why` names the file: `charts/redis/values.yaml: …`. */
  | { readonly kind: 'unreadable'; readonly why: string };

type Files = ReadonlyMap<string, Buffer>;

/**
 * Reads what of a chart's files concerns its values, archives in `charts/` included. It may take a second for megabytes of schemas, so its result is
 * worth keeping. Pure; never throws.
 * @param files - content by path below the chart's folder
 */
export const loadChart = (files: Files): LoadedChart => load(files, { folder: '', level: 0, patterns: new Patterns() });

interface Place {
  readonly folder: string;
  readonly level: number;
  /** Of all schemas. */
  readonly patterns: Patterns;
}

const load = (files: Files, place: Place): LoadedChart => {
  const { folder, level, patterns } = place;
  if (level > MAX_LEVELS) return unreadable(`${folder}: ${TOO_DEEP}`);
  const written = mapIn(files, CHART_FILE, folder);
  if (typeof written === 'string') return unreadable(written);
  if (!files.has(CHART_FILE)) return unreadable(`${folder}${CHART_FILE}: it is missing`);
  const values = mapIn(files, VALUES_FILE, folder);
  if (typeof values === 'string') return unreadable(values);
  const required = mapIn(files, REQUIREMENTS_FILE, folder);
  if (typeof required === 'string') return unreadable(required);
  const { metadata } = readMetadata(required['dependencies'] === undefined ? written : withThose(written, required));
  const text = files.get(SCHEMA_FILE)?.toString('utf8');
  // Before those of the charts within: what is left for their expressions is theirs.
  const schema = text === undefined ? undefined : compileSchema(text, patterns);
  const subcharts: Chart[] = [];
  for (const [name, within] of chartsWithin(files)) {
    const loaded = loadWithin(within, { folder: `${folder}charts/${name}`, level: level + 1, patterns });
    if (loaded.kind === 'unreadable') return loaded;
    subcharts.push(loaded.chart);
  }
  const chart: Chart = {
    name: String(metadata['name'] ?? ''),
    version: String(metadata['version'] ?? ''),
    folder,
    defaults: { values: frozen(values), text: textOf(files, VALUES_FILE) },
    schema,
    dependencies: dependenciesOf(metadata),
    subcharts,
    encrypted: files.has(ENCRYPTED_FILE)
      ? `${folder}${ENCRYPTED_FILE}`
      : subcharts.find(({ encrypted }) => encrypted !== undefined)?.encrypted,
  };
  return { kind: 'chart', chart };
};

/** Whoever judges many bundles by one chart shares its defaults with all of them: nothing of one may get into another. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
};

const withThose = (written: JsonMap, { dependencies }: JsonMap): JsonMap => ({ ...written, dependencies });

const unreadable = (why: string): LoadedChart => ({ kind: 'unreadable', why });

const textOf = (files: Files, name: string): string => files.get(name)?.toString('utf8') ?? '';

/** The map in a YAML file, read as the values of a bundle are; a text: what is wrong. A file that is not there has none. */
const mapIn = (files: Files, name: string, folder: string): ValueMap | string => {
  const parsed = parseKey(name, textOf(files, name));
  if (parsed.kind === 'map') return parsed.values;
  if (parsed.kind === 'text') throw new Error(`${name} is read as YAML`);
  const { reason, words, position } = parsed;
  const where = position === undefined ? '' : `:${position.line}:${position.column}`;
  return `${folder}${name}${where}: it ${reason}${words === undefined ? '' : `: ${words}`}`;
};

const dependenciesOf = ({ dependencies }: JsonMap): readonly Dependency[] | undefined =>
  Array.isArray(dependencies) && dependencies.length > 0
    ? dependencies.filter(isMap).map((written) => ({
        name: String(written['name'] ?? ''),
        version: String(written['version'] ?? ''),
        alias: String(written['alias'] ?? ''),
        condition: String(written['condition'] ?? ''),
        tags: listIn(written, 'tags').map(String),
        importValues: listIn(written, 'import-values'),
      }))
    : undefined;

const listIn = (map: JsonMap, key: string): readonly unknown[] => {
  const list = map[key];
  return Array.isArray(list) ? list : [];
};

const loadWithin = (files: Files, place: Place): LoadedChart => {
  const within = { ...place, folder: `${place.folder}/` };
  const archive = files.get('');
  if (archive === undefined) return load(files, within);
  const unpacked = unpackChart(archive);
  return unpacked.kind === 'invalid' ? unreadable(`${place.folder}: ${unpacked.why}`) : load(unpacked.files, within);
};
