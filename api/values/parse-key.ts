import { isAlias, isMap, isScalar, type Scalar } from 'yaml';
import { parseYaml, type Unreadable, type Yaml } from './parse-yaml.js';
import { type Ambiguities, ValuesReader } from './read-values.js';
import type { ValueMap } from './value.js';
import { plainScalar, shortTag } from './yaml-scalar.js';

/** Keys of a source with one of these endings hold YAML and nothing else. */
const YAML_ENDING = /\.(ya?ml|json)$/i;

/** What a key of a ConfigMap or Secret holds. */
export type ParsedKey =
  | {
      readonly kind: 'map';
      readonly values: ValueMap;
      readonly ambiguous: Ambiguities;
      /** The key has no YAML ending: it may have been meant as a text. */
      readonly unmarked?: true;
    }
  /** One text, which is the value of the key's own name, as `--from-literal=name=text` makes it. */
  | { readonly kind: 'text' }
  | Unreadable;

/**
 * Reads one key of a source. Under a key with a YAML ending: one document, a map at its root, read as sigs.k8s.io/yaml reads it, so
 * that it means what it means to Helm and werf; refused are duplicate keys, unknown tags, and numbers that would not arrive as
 * they are written. Under any other key: the text as it is, but for several lines that are a block map, which are YAML.
 * Takes about 4 µs for each byte.
 */
export const parseKey = (key: string, text: string): ParsedKey =>
  YAML_ENDING.test(key) ? parseMap(text) : parseAny(text);

const parseMap = (text: string): ParsedKey => {
  const parsed = parseYaml(text);
  return parsed.kind === 'invalid' ? parsed : readMap(parsed);
};

const readMap = ({ root, positionOf }: Yaml): ParsedKey => {
  if (root === null || (isScalar(root) && isNull(root))) return NOTHING;
  if (isScalar(root) || isAlias(root)) return notMap('a single value');
  if (!isMap(root)) return notMap('a list');
  const reader = new ValuesReader(positionOf);
  const values = reader.read(root);
  return reader.problem ?? { kind: 'map', values, ambiguous: reader.ambiguous };
};

const NOTHING: ParsedKey = { kind: 'map', values: {}, ambiguous: { count: 0, first: [] } };

const isNull = ({ type, tag, value }: Scalar): boolean =>
  (tag === undefined ? type === 'PLAIN' : shortTag(tag) === '!!null') &&
  plainScalar(String(value ?? '')).kind === 'null';

const notMap = (what: string): Unreadable => ({
  kind: 'invalid',
  rule: 'values-not-map',
  reason: `is ${what}, where a map of values is needed`,
});

/** What cannot be read as YAML is a text like any other: nobody said that it was YAML. */
const parseAny = (text: string): ParsedKey => {
  if (!/[\r\n]/.test(text.trim())) return { kind: 'text' };
  const parsed = parseYaml(text);
  if (parsed.kind === 'invalid' || !isMap(parsed.root) || parsed.root.flow === true) return { kind: 'text' };
  const map = readMap(parsed);
  return map.kind === 'map' ? { ...map, unmarked: true } : map;
};
