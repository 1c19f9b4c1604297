import { canonicalJson } from '../canonical-json.js';
import type { ConfigMap, KubeObject } from '../objects.js';
import type { ValuesReference } from '../references/references.js';
import { isTooDeep, undeliverable } from '../values/deliverable.js';
import { foundSource } from '../values/found-source.js';
import { parseKey } from '../values/parse-key.js';
import type { FoundSource } from '../values/problem.js';
import { leavesOf, treeOf } from '../values/provenance.js';
import { mapOf, type ValueMap } from '../values/value.js';
import { writeValuesFile } from '../values/write-file.js';

/** What one item of valuesFrom, or the spec itself, contributes to the values of a bundle. */
export interface Content {
  /** In the order in which they merge, one for each key. */
  readonly values: readonly ValueMap[];
  /** Of the texts that are read. */
  readonly bytes: number;
  /** Of the values as they would be delivered, each key by itself: merged they are no larger. */
  readonly written: number;
  /** Whether there is nothing wrong with it, whatever it is merged with. */
  readonly isSound: boolean;
}

const SPEC = { kind: 'spec' } as const;
const UNSOUND: Content = { values: [], bytes: 0, written: 0, isSound: false };

/** Reads sources of values, each once for as long as its object is there: many bundles share one. It holds contents of Secrets. */
export class Contents {
  readonly #sources = new WeakMap<KubeObject, FoundSource>();
  readonly #contents = new WeakMap<FoundSource, Map<string | undefined, Content>>();
  readonly #other = new WeakMap<Content, WeakMap<Content, boolean>>();
  readonly #differing = new WeakMap<Content, WeakMap<Content, readonly string[]>>();

  /** An object as a source of values. */
  source({ kind, name }: Pick<ValuesReference, 'kind' | 'name'>, namespace: string, object: KubeObject): FoundSource {
    const known = this.#sources.get(object);
    if (known !== undefined) return known;
    const source = foundSource({ kind, namespace, name }, object as ConfigMap);
    this.#sources.set(object, source);
    return source;
  }

  /** @param key - one key of it; undefined: all that it has */
  of(source: FoundSource, key: string | undefined): Content {
    const known = this.#contents.get(source) ?? new Map<string | undefined, Content>();
    this.#contents.set(source, known);
    const content = known.get(key) ?? contentOf(source, key);
    known.set(key, content);
    return content;
  }

  /** Whether two contents differ once each is merged by itself. @param compare - what is kept of the answer */
  isOther(one: Content, other: Content, compare: () => boolean): boolean {
    const known = this.#other.get(one) ?? new WeakMap<Content, boolean>();
    this.#other.set(one, known);
    const answer = known.get(other) ?? compare();
    known.set(other, answer);
    return answer;
  }

  /** The keys at the top of which two contents say different things. */
  differing(one: Content, other: Content): readonly string[] {
    const known = this.#differing.get(one) ?? new WeakMap<Content, readonly string[]>();
    this.#differing.set(one, known);
    const keys = known.get(other) ?? differingKeys(one.values, other.values);
    known.set(other, keys);
    return keys;
  }
}

/** The keys at the top of which two lists of values say different things. Only these can differ once they are merged. */
export const differingKeys = (some: readonly ValueMap[], others: readonly ValueMap[]): readonly string[] => {
  const keys = new Set([...some, ...others].flatMap((values) => Object.keys(values)));
  return [...keys].filter((key) => canonicalJson(having(some, key)) !== canonicalJson(having(others, key)));
};

const having = (all: readonly ValueMap[], key: string) =>
  all.flatMap((values) => (Object.hasOwn(values, key) ? [values[key]] : []));

/** What a source lacks, and what is binary, is left to `resolveValues`: it has the words. */
const contentOf = ({ data, binary = [] }: FoundSource, key: string | undefined): Content => {
  const keys = key === undefined ? Object.keys(data).sort() : Object.hasOwn(data, key) ? [key] : [];
  const isBinary = binary.some((name) => key === undefined || key === name);
  if (keys.length === 0 || isBinary) return UNSOUND;
  const texts = keys.map((name) => [name, data[name] ?? ''] as const);
  const values = texts.map(([name, text]) => valuesOfKey(name, text));
  if (!values.every((value) => value !== undefined)) return UNSOUND;
  const bytes = texts.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);
  return { values, bytes, written: writtenBytes(values), isSound: values.every(isDeliverable) };
};

const valuesOfKey = (key: string, text: string): ValueMap | undefined => {
  const parsed = parseKey(key, text);
  if (parsed.kind === 'invalid') return undefined;
  return parsed.kind === 'text' ? mapOf([[key, text]]) : parsed.values;
};

/** The values of the spec itself. */
export const inlineContent = (values: Readonly<Record<string, unknown>> | undefined): Content => {
  if (values === undefined) return { values: [], bytes: 0, written: 0, isSound: true };
  if (isTooDeep(values)) return UNSOUND;
  const own = [values as ValueMap];
  return { values: own, bytes: 0, written: writtenBytes(own), isSound: own.every(isDeliverable) };
};

const writtenBytes = (values: readonly ValueMap[]): number =>
  values.reduce((sum, value) => sum + Buffer.byteLength(writeValuesFile(value)), 0);

/** Judged as the spec's own, of which most is asked. */
const isDeliverable = (values: ValueMap): boolean =>
  leavesOf(treeOf(values, SPEC)).every((leaf) => undeliverable(leaf) === undefined);
