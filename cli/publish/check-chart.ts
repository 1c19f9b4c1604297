import { parseDocument } from 'yaml';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';
import type { Chart } from './bundle.js';
import { fitsInTar } from './tar.js';

/** A chart, or all that is wrong with it, a line each: `Chart.yaml: version: …`. */
type CheckedChart =
  | { readonly kind: 'ok'; readonly chart: Chart; readonly version: string }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

type Files = ReadonlyMap<string, Buffer>;

const CHART_FILE = 'Chart.yaml';

/**
 * Checks what Helm and werf will insist on once the chart is deployed: Chart.yaml with apiVersion v2, name and version, dependencies that
 * are there, values that are a map, something to deploy. Pure.
 */
export const checkChart = (files: Files): CheckedChart => {
  const text = files.get(CHART_FILE);
  if (text === undefined) return { kind: 'invalid', problems: [missing(files)] };
  const written = mapIn(CHART_FILE, text);
  if (typeof written === 'string') return { kind: 'invalid', problems: [written] };
  const metadata = asTexts(written);
  const problems = [
    ...metadataFaults(metadata).map((fault) => `${CHART_FILE}: ${fault}`),
    ...dependencyFaults(metadata, files),
    ...valuesFaults(files),
    ...templateFaults(files),
    ...pathFaults(String(metadata['name']), files),
  ];
  if (problems.length > 0) return { kind: 'invalid', problems };
  const [name, version] = [String(metadata['name']), String(metadata['version'])];
  return { kind: 'ok', chart: { name, metadata, files }, version };
};

/** Where the chart is instead, if that can be seen. */
const missing = (files: Files): string => {
  const other = [...files.keys()].find((path) => path.toLowerCase() === CHART_FILE.toLowerCase());
  if (other !== undefined) return `${other}: Helm reads the name ${CHART_FILE} only; rename it`;
  const below = [...files.keys()].find((path) => path.endsWith(`/${CHART_FILE}`) && !path.startsWith('charts/'));
  if (below !== undefined)
    return `${CHART_FILE}: it is missing; there is one in ${below.slice(0, -CHART_FILE.length - 1)}: give that folder`;
  const werfs = [...files.keys()].some((path) => path.startsWith('.helm/'));
  const where = werfs ? ' in .helm, and give that folder' : '';
  return `${CHART_FILE}: it is missing; write one with apiVersion: v2, a name and a version${where}`;
};

/** The map in a YAML file; a text: what is wrong. Read as YAML 1.1, as Helm reads it. */
const mapIn = (file: string, content: Buffer): JsonMap | string => {
  const document = parseDocument(content.toString('utf8'), { version: '1.1', logLevel: 'silent' });
  const [error] = document.errors;
  // The parser quotes the text below its first line.
  if (error !== undefined) return `${file}: ${error.message.split('\n')[0]?.replace(/:$/, '')}`;
  try {
    const value: unknown = document.toJS({ maxAliasCount: 1_000 });
    if (value === null || value === undefined) return {};
    return isMap(value) ? value : `${file}: a map is needed, with "key: value" in each line`;
  } catch (fault) {
    // An alias to nothing, too many of them, or a merge of what is no map: the parser finds these only now.
    return `${file}: ${fault instanceof Error ? fault.message.split('\n')[0] : 'it cannot be read'}`;
  }
};

/** As Helm reads it: one or two numbers are enough. */
const VERSION = /^v?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const TEXTS = [
  'name',
  'version',
  'appVersion',
  'description',
  'kubeVersion',
  'type',
  'home',
  'icon',
  'condition',
  'tags',
];

/** With numbers and booleans as the texts that Helm makes of them. */
const asTexts = (metadata: JsonMap): JsonMap => {
  const { annotations } = metadata;
  const known = TEXTS.flatMap((field) => (field in metadata ? [[field, textOf(metadata[field])] as const] : []));
  const texts = isMap(annotations) && {
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, textOf(value)])),
  };
  return { ...metadata, ...Object.fromEntries(known), ...texts };
};

const textOf = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;

const metadataFaults = (metadata: JsonMap): readonly string[] => {
  const { apiVersion, name, version, type, annotations } = metadata;
  const noTexts = TEXTS.filter((field) => !isTextOrAbsent(metadata[field]));
  const wrong = (field: string, value: unknown, pattern: RegExp): boolean =>
    !noTexts.includes(field) && !pattern.test(typeof value === 'string' ? value : '');
  return [
    ...(apiVersion === 'v2' ? [] : [`apiVersion: "v2" is needed${apiVersion === 'v1' ? '; "v1" is for Helm 2' : ''}`]),
    ...noTexts.map((field) => `${field}: a text is needed`),
    ...(wrong('name', name, NAME)
      ? [`name: ${quoted(name)}letters and digits are needed, with "-", "." or "_" between them`]
      : []),
    ...(wrong('version', version, VERSION)
      ? [`version: ${quoted(version)}a semantic version is needed, for example 1.0.0`]
      : []),
    ...(type === 'library' ? ['type: a library can\u2019t be deployed; publish the chart that uses it'] : []),
    ...(typeof type === 'string' && !['', 'application', 'library'].includes(type)
      ? [`type: ${quoted(type)}"application" is needed, or nothing`]
      : []),
    ...annotationFaults(annotations),
  ];
};

const isTextOrAbsent = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string';

const quoted = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? `${JSON.stringify(value)}: ` : '';

const annotationFaults = (annotations: unknown): readonly string[] => {
  if (annotations === undefined || annotations === null) return [];
  if (!isMap(annotations)) return ['annotations: a map is needed'];
  const noTexts = Object.keys(annotations).filter((key) => !isTextOrAbsent(annotations[key]));
  return noTexts.map((key) => `annotations.${key}: a text is needed`);
};

const dependencyFaults = (metadata: JsonMap, files: Files): readonly string[] => {
  const dependencies = metadata['dependencies'] ?? [];
  if (!Array.isArray(dependencies)) return [`${CHART_FILE}: dependencies: a list is needed`];
  const names = dependencies.map((dependency: unknown) => (isMap(dependency) ? dependency['name'] : undefined));
  const nameless = names.some((name) => typeof name !== 'string');
  const absent = names.filter((name) => typeof name === 'string' && !isThere(name, files));
  return [
    ...(nameless ? [`${CHART_FILE}: dependencies: each needs a name`] : []),
    ...(absent.length > 0
      ? [`${CHART_FILE}: dependencies: not in charts/: ${absent.join(', ')}; run "helm dependency build" first`]
      : []),
  ];
};

/** Whether a dependency is in `charts/`, as a folder or as an archive. */
const isThere = (name: string, files: Files): boolean =>
  [...files].some(([path, content]) => {
    const [top, chart, file, ...deeper] = path.split('/');
    if (top !== 'charts' || chart === undefined) return false;
    if (file === undefined) return chart.startsWith(`${name}-`) && chart.endsWith('.tgz');
    if (file !== CHART_FILE || deeper.length > 0) return false;
    const metadata = mapIn(path, content);
    return typeof metadata !== 'string' && metadata['name'] === name;
  });

const valuesFaults = (files: Files): readonly string[] => {
  const values = files.get('values.yaml');
  const read = values === undefined ? {} : mapIn('values.yaml', values);
  const schema = files.get('values.schema.json');
  const isSchema = schema === undefined || isMap(parseJson(schema.toString('utf8')));
  return [
    ...(typeof read === 'string' ? [read] : []),
    ...(isSchema ? [] : ['values.schema.json: this is no JSON object']),
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
