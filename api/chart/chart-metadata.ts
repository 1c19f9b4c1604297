import { isMap, type JsonMap } from '../json-map.js';
import { keyText } from '../values/yaml-scalar.js';

/** `line`: a text that Helm keeps on one line, without what can't be printed. */
type Shape =
  | 'text'
  | 'line'
  | 'flag'
  | 'anything'
  | { readonly list: Shape }
  | { readonly texts: 'of any key' }
  | { readonly fields: Fields; readonly kept: readonly string[] };
type Fields = Readonly<Record<string, Shape>>;

const MAINTAINER: Fields = { name: 'line', email: 'line', url: 'line' };

const DEPENDENCY: Fields = {
  name: 'line',
  version: 'line',
  repository: 'line',
  condition: 'line',
  tags: { list: 'line' },
  enabled: 'flag',
  'import-values': { list: 'anything' },
  alias: 'text',
};

/**
 * The fields of Chart.yaml, in Helm's order.
 * @see https://pkg.go.dev/helm.sh/helm/v3/pkg/chart#Metadata
 */
const METADATA: Fields = {
  name: 'line',
  home: 'line',
  sources: { list: 'line' },
  version: 'text',
  description: 'line',
  keywords: { list: 'line' },
  maintainers: { list: { fields: MAINTAINER, kept: [] } },
  icon: 'line',
  apiVersion: 'text',
  condition: 'line',
  tags: 'line',
  appVersion: 'line',
  deprecated: 'flag',
  annotations: { texts: 'of any key' },
  kubeVersion: 'line',
  dependencies: { list: { fields: DEPENDENCY, kept: ['name', 'repository'] } },
  type: 'text',
};

/**
 * Chart.yaml as Helm's loader has it, which reads it into types: numbers and booleans become texts where texts are due, field names may be in
 * another case, unknown and empty fields are left out. `faults`: what it would refuse for its type, `keywords: a list is needed …`. Pure.
 * @param written - as sigs.k8s.io/yaml reads it
 */
export const readMetadata = (written: JsonMap): { readonly metadata: JsonMap; readonly faults: readonly string[] } => {
  const reader = new MetadataReader();
  return { metadata: reader.fields(written, { fields: METADATA, kept: [] }, ''), faults: reader.faults };
};

class MetadataReader {
  readonly faults: string[] = [];

  fields(
    written: JsonMap,
    { fields, kept }: { readonly fields: Fields; readonly kept: readonly string[] },
    path: string,
  ): JsonMap {
    const read = new Map<string, unknown>();
    for (const [key, value] of Object.entries(written)) {
      const name = fieldNamed(key, fields);
      const shape = name === undefined ? undefined : fields[name];
      // Of a field that is there in two cases Go takes the last one, but nothing for null.
      if (name !== undefined && shape !== undefined && value !== null)
        read.set(name, this.#value(value, shape, path === '' ? name : `${path}.${name}`));
    }
    const known = Object.keys(fields).map((name) => [name, read.get(name) ?? ''] as const);
    return Object.fromEntries(known.filter(([name, value]) => kept.includes(name) || !isEmpty(value)));
  }

  #value(value: unknown, shape: Shape, path: string): unknown {
    if (shape === 'anything') return value;
    if (shape === 'flag') return typeof value === 'boolean' ? value : this.#refuse(path, 'true or false is needed');
    if (shape === 'text') return this.#text(value, path);
    if (shape === 'line') return onOneLine(this.#text(value, path));
    if ('list' in shape) return this.#list(value, shape.list, path);
    if (!isMap(value)) return this.#refuse(path, 'a map is needed, with "key: value" in each line');
    if ('fields' in shape) return this.fields(value, shape, path);
    return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, this.#text(text, `${path}.${key}`)]));
  }

  #text(value: unknown, path: string): string {
    if (typeof value === 'string') return value;
    if (value === null) return '';
    if (typeof value === 'boolean') return String(value);
    if (typeof value !== 'number') return this.#refuse(path, 'a text is needed');
    // Of 1e7 Helm makes 1e+07, of 10000000 it does not; they are one number here, and only the bundle's config has it.
    return Number.isInteger(value) ? String(value) : (keyText({ kind: 'float', value }) ?? '');
  }

  #list(value: unknown, shape: Shape, path: string): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.#refuse(path, 'a list is needed, with "- " before each item');
      return [];
    }
    return value.map((item: unknown, n) => this.#value(item, shape, `${path}[${n}]`));
  }

  /** @returns what stands for nothing */
  #refuse(path: string, why: string): '' {
    this.faults.push(`${path}: ${why}`);
    return '';
  }
}

/** As encoding/json finds it. */
const fieldNamed = (key: string, fields: Fields): string | undefined =>
  Object.hasOwn(fields, key) ? key : Object.keys(fields).find((name) => name.toLowerCase() === key.toLowerCase());

/** Helm's sanitizeString: white space is a blank, and what Go's unicode.IsPrint does not know goes. */
const onOneLine = (text: string): string =>
  text.replaceAll(/\p{White_Space}/gu, ' ').replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');

/** What Go leaves out of JSON. */
const isEmpty = (value: unknown): boolean =>
  value === '' ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isMap(value) && Object.keys(value).length === 0);
