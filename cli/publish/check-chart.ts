import { join } from 'node:path';
import { readMetadata } from '../../api/chart/chart-metadata.js';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';
import { parseKey } from '../../api/values/parse-key.js';
import type { Chart } from './bundle.js';
import { fitsInTar } from './tar.js';

/** A chart, or all that is wrong with it, a line each: `Chart.yaml: version: …`. */
type CheckedChart =
  | { readonly kind: 'ok'; readonly chart: Chart; readonly version: string }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

type Files = ReadonlyMap<string, Buffer>;

const CHART_FILE = 'Chart.yaml';

/**
 * Checks what Helm and werf will insist on once the chart is deployed: Chart.yaml with apiVersion v2, name and version, every field of its
 * type, dependencies that are there, values that are a map, something to deploy; and of the charts in `charts/`, which Helm loads with it,
 * what makes them charts. Archives there are not opened. Pure. @param folder - where the files are, for the words
 */
export const checkChart = (files: Files, folder = '.'): CheckedChart => {
  const text = files.get(CHART_FILE);
  if (text === undefined) return { kind: 'invalid', problems: [missing(files, folder)] };
  const written = mapIn(CHART_FILE, text);
  if (typeof written === 'string') return { kind: 'invalid', problems: [written] };
  const { metadata, faults } = readMetadata(written);
  const problems = [
    ...[...deployFaults(metadata), ...faults, ...metadataFaults(metadata, faults)].map(
      (fault) => `${CHART_FILE}: ${fault}`,
    ),
    ...missingDependencies(metadata, files),
    ...valuesFaults('', files),
    ...partFaults(files),
    ...templateFaults(files),
    ...pathFaults(String(metadata['name']), files),
  ];
  if (problems.length > 0) return { kind: 'invalid', problems };
  const [name, version] = [String(metadata['name']), String(metadata['version'])];
  return { kind: 'ok', chart: { name, metadata, files }, version };
};

/** Where the chart is instead, if that can be seen. */
const missing = (files: Files, folder: string): string => {
  const other = [...files.keys()].find((path) => path.toLowerCase() === CHART_FILE.toLowerCase());
  if (other !== undefined) return `${other}: Helm reads the name ${CHART_FILE} only; rename it`;
  const below = [...files.keys()].find((path) => path.endsWith(`/${CHART_FILE}`) && !path.startsWith('charts/'));
  if (below !== undefined)
    return `${CHART_FILE}: it is missing; there is one in ${join(folder, below.slice(0, -CHART_FILE.length - 1))}: give that folder`;
  const werfs = [...files.keys()].some((path) => path.startsWith('.helm/'));
  const where = werfs ? ' in .helm, and give that folder' : '';
  return `${CHART_FILE}: it is missing; write one with apiVersion: v2, a name and a version${where}`;
};

/** The map in a YAML file, read as the values of a bundle are, which is as Helm reads it; a text: what is wrong. */
const mapIn = (file: string, content: Buffer): JsonMap | string => {
  const parsed = parseKey(file, content.toString('utf8'));
  if (parsed.kind === 'map') return parsed.values;
  if (parsed.kind === 'text') throw new Error(`${file} is read as YAML`);
  const { rule, reason, words, position } = parsed;
  const where = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  if (rule === 'values-not-map') return `${where}: a map is needed, with "key: value" in each line`;
  return `${where}: it ${reason}${words === undefined ? '' : `: ${words}`}`;
};

/** As Helm reads it: one or two numbers are enough. */
const VERSION = /^v?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const ALIAS = /^[a-zA-Z0-9_-]+$/;

/** What makes no chart, of whatever kind. @param ofTypes - what was said already: a field that has the wrong type is not empty */
const metadataFaults = (metadata: JsonMap, ofTypes: readonly string[]): readonly string[] => {
  const { name = '', version = '', type } = metadata;
  const wrong = (field: string, value: unknown, pattern: RegExp): boolean =>
    !ofTypes.some((fault) => fault.startsWith(`${field}: `)) && !pattern.test(String(value));
  return [
    ...(wrong('name', name, NAME)
      ? [`name: ${quoted(name)}letters and digits are needed, with "-", "." or "_" between them`]
      : []),
    ...(wrong('version', version, VERSION)
      ? [`version: ${quoted(version)}a semantic version is needed, for example 1.0.0`]
      : []),
    ...(type !== undefined && type !== 'application' && type !== 'library'
      ? [`type: ${quoted(type)}"application" is needed, or nothing`]
      : []),
    ...dependencyFaults(dependenciesOf(metadata)),
  ];
};

const quoted = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? `${JSON.stringify(value)}: ` : '';

/** Of a chart in `charts/` neither matters. */
const deployFaults = ({ apiVersion, type }: JsonMap): readonly string[] => [
  ...(apiVersion === 'v2' ? [] : [`apiVersion: "v2" is needed${apiVersion === 'v1' ? '; "v1" is for Helm 2' : ''}`]),
  ...(type === 'library' ? ['type: a library can\u2019t be deployed; publish the chart that uses it'] : []),
];

const dependenciesOf = ({ dependencies }: JsonMap): readonly JsonMap[] =>
  Array.isArray(dependencies) ? dependencies.filter(isMap) : [];

const dependencyFaults = (dependencies: readonly JsonMap[]): readonly string[] => {
  const called = dependencies.map(({ alias = '', name = '' }) => String(alias === '' ? name : alias));
  const twice = new Set(called.filter((name, n) => name !== '' && called.indexOf(name) < n));
  const aliases = dependencies
    .map(({ alias = '' }) => String(alias))
    .filter((alias) => alias !== '' && !ALIAS.test(alias));
  return [
    ...(called.includes('') ? ['dependencies: each needs a name'] : []),
    ...[...twice].map((name) => `dependencies: ${JSON.stringify(name)} is there twice; alias gives one another name`),
    ...aliases.map((alias) => `dependencies: alias ${JSON.stringify(alias)}: letters, digits, "-" and "_" are needed`),
  ];
};

const missingDependencies = (metadata: JsonMap, files: Files): readonly string[] => {
  const names = dependenciesOf(metadata).map(({ name }) => String(name ?? ''));
  const absent = names.filter((name) => name !== '' && !isThere(name, files));
  if (absent.length === 0) return [];
  return [`${CHART_FILE}: dependencies: not in charts/: ${absent.join(', ')}; run "helm dependency build" first`];
};

/** Whether a dependency is in `charts/`, as a folder or as an archive. */
const isThere = (name: string, files: Files): boolean =>
  [...files].some(([path, content]) => {
    const [top, chart, file, ...deeper] = path.split('/');
    if (top !== 'charts' || chart === undefined) return false;
    if (file === undefined) return chart.startsWith(`${name}-`) && chart.endsWith('.tgz');
    if (file !== CHART_FILE || deeper.length > 0) return false;
    const written = mapIn(path, content);
    return typeof written !== 'string' && readMetadata(written).metadata['name'] === name;
  });

/** Below `charts/` Helm takes whatever does not begin with `_` or `.` for a chart, and so in those charts again. */
const PART = /^(?:charts\/[^_./][^/]*\/)*charts\/[^_./][^/]*(?=\/|$)/;

const partFaults = (files: Files): readonly string[] => {
  const parts = new Set([...files.keys()].flatMap((path) => partsIn(path)));
  return [...parts].flatMap((part) => {
    const file = `${part}/${CHART_FILE}`;
    const text = files.get(file);
    if (text === undefined)
      return [`${part}: Helm takes what is in charts/ for a chart, which this is not; name it in .helmignore`];
    const written = mapIn(file, text);
    if (typeof written === 'string') return [written];
    const { metadata, faults } = readMetadata(written);
    const all = [...faults, ...metadataFaults(metadata, faults)];
    return [...all.map((fault) => `${file}: ${fault}`), ...valuesFaults(`${part}/`, files)];
  });
};

/** `charts/a` and `charts/a/charts/b` of a file of the second; an archive is none. */
const partsIn = (path: string): readonly string[] => {
  const [part] = PART.exec(path) ?? [];
  if (part === undefined || /\.(?:tgz|prov)$/.test(part)) return [];
  const outer = partsIn(part.replace(/\/?charts\/[^/]+$/, ''));
  return [...outer, part];
};

const valuesFaults = (folder: string, files: Files): readonly string[] => {
  const values = files.get(`${folder}values.yaml`);
  const read = values === undefined ? {} : mapIn(`${folder}values.yaml`, values);
  const schema = files.get(`${folder}values.schema.json`);
  const isSchema = schema === undefined || isMap(parseJson(schema.toString('utf8')));
  return [
    ...(typeof read === 'string' ? [read] : []),
    ...(isSchema ? [] : [`${folder}values.schema.json: this is no JSON object`]),
  ];
};

const templateFaults = (files: Files): readonly string[] => {
  const paths = [...files.keys()];
  const some = paths.some((path) => /^templates\/.|^charts\/[^_.]/.test(path));
  return some ? [] : ['templates/: there is no file in it: nothing would be deployed'];
};

const pathFaults = (name: string, files: Files): readonly string[] =>
  [...files.keys()]
    .filter((path) => !fitsInTar(`${name}/${path}`))
    .map((path) => `${path}: this path is too long: at most 100 bytes in its last part, and 250 in all`);
