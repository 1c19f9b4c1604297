import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar as ScalarNode,
  type YAMLMap,
} from 'yaml';
import type { RuleName } from '../rules.js';
import { type AmbiguousScalar, readingsOf } from './ambiguous.js';
import { MAX_DEPTH, MAX_WORDS, tooDeep, type Unreadable } from './parse-yaml.js';
import type { Position } from './position.js';
import { mapOf, type Value, type ValueMap } from './value.js';
import { keyText, plainScalar, type Scalar, shortTag, taggedScalar } from './yaml-scalar.js';

/** How many ambiguous scalars are reported with their position. */
const MAX_AMBIGUOUS = 3;
/** How large all that aliases stand for may be together, characters: merged values can't be larger. */
const MAX_ALIASED = 1_000_000;
const MERGE_KEY = '<<';

/** Scalars that other readers of YAML take for something else: how many, and the first of them. */
export interface Ambiguities {
  readonly count: number;
  readonly first: readonly AmbiguousScalar[];
}

interface Size {
  readonly characters: number;
  readonly levels: number;
}

/** A key as JSON has it, and what it was before. */
interface Name {
  readonly text: string;
  readonly kind: Scalar['kind'];
}

interface Entry {
  readonly name: string;
  readonly kind: Scalar['kind'];
  readonly value: Value;
}

/** Turns nodes into values as sigs.k8s.io/yaml does, up to the first problem. */
export class ValuesReader {
  problem: Unreadable | undefined;
  #ambiguous = 0;
  #aliased = 0;
  readonly #first: AmbiguousScalar[] = [];
  readonly #positionOf: (offset: number) => Position;
  /** What anchors stand for; undefined: the node that has it is not read to its end. The last one of a name counts. */
  readonly #anchors = new Map<string, Value | undefined>();
  /** Of the maps that were read. */
  readonly #entries = new WeakMap<object, readonly Entry[]>();
  readonly #sizes = new WeakMap<object, Size>();

  constructor(positionOf: (offset: number) => Position) {
    this.#positionOf = positionOf;
  }

  get ambiguous(): Ambiguities {
    return { count: this.#ambiguous, first: this.#first };
  }

  /** The values of the document's root. */
  read(root: YAMLMap): ValueMap {
    const value = this.#value(root, 0);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ValueMap) : {};
  }

  #value(node: Node | null, depth: number): Value {
    if (node === null || this.problem !== undefined) return null;
    if (isAlias(node)) return this.#alias(node, depth);
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const value = isScalar(node) ? this.#scalarValue(node) : this.#collection(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    return value;
  }

  #collection(node: Node, depth: number): Value {
    if (depth > MAX_DEPTH || !isCollection(node)) {
      this.problem ??= tooDeep;
      return null;
    }
    if (isSeq(node)) return node.items.map((item) => this.#value(item as Node | null, depth + 1));
    return isMap(node) ? this.#map(node, depth) : null;
  }

  /** In the order of the source: a merge wins over what stands before it. */
  #map(node: YAMLMap, depth: number): ValueMap {
    const own = new Set<string>();
    const entries = new Map<string, Entry>();
    const add = (at: Node, entry: Entry, isTwice: boolean) => {
      const before = entries.get(entry.name);
      // Of 1 and "1" Helm takes the one or the other, by chance.
      if (isTwice || (before !== undefined && before.kind !== entry.kind))
        this.#refuse(at, 'has a key twice in one map', { rule: 'values-key-twice', words: JSON.stringify(entry.name) });
      entries.set(entry.name, entry);
    };
    for (const { key, value } of node.items as { key: Node | null; value: Node | null }[]) {
      if (this.problem !== undefined) break;
      if (isMergeKey(key)) {
        for (const entry of this.#merged(value, depth)) add(key ?? node, entry, false);
        continue;
      }
      const name = this.#key(key, node);
      if (name === undefined) break;
      add(key ?? node, { name: name.text, kind: name.kind, value: this.#value(value, depth + 1) }, own.has(name.text));
      own.add(name.text);
    }
    const map = mapOf([...entries.values()].map(({ name, value }) => [name, value] as const));
    this.#entries.set(map, [...entries.values()]);
    return map;
  }

  /** What a merge key brings, the more important last: of a list the first map wins. */
  #merged(node: Node | null, depth: number): readonly Entry[] {
    const maps = isSeq(node) ? (node.items as Node[]).toReversed() : [node];
    return maps.flatMap((map) => {
      const value = isMap(map) || isAlias(map) ? this.#value(map, depth) : null;
      const entries = typeof value === 'object' && value !== null ? this.#entries.get(value) : undefined;
      if (entries === undefined) this.#refuse(map ?? node, 'has a merge key (<<) without a map, or a list of maps');
      return entries ?? [];
    });
  }

  #key(key: Node | null, within: Node): Name | undefined {
    const name = key === null ? undefined : isScalar(key) ? this.#scalarKey(key) : this.#aliasKey(key);
    if (name === undefined) this.#refuse(key ?? within, 'has a key that is no text');
    return name;
  }

  #scalarKey(key: ScalarNode): Name | undefined {
    const scalar = this.#scalar(key);
    const text = keyText(scalar);
    const { anchor } = key;
    if (anchor !== undefined) this.#anchors.set(anchor, this.#valueOf(scalar, key));
    if (text === undefined) return undefined;
    if (isPlain(key)) this.#notice(key, scalar, true);
    return { text, kind: scalar.kind };
  }

  /** A number that is no integer may be written otherwise as a key. */
  #aliasKey(key: Node): Name | undefined {
    const value = isAlias(key) ? this.#alias(key, 0) : undefined;
    if (typeof value === 'string') return { text: value, kind: 'text' };
    if (typeof value === 'boolean') return { text: String(value), kind: 'boolean' };
    return Number.isSafeInteger(value) ? { text: String(value), kind: 'integer' } : undefined;
  }

  #scalarValue(node: ScalarNode): Value {
    const scalar = this.#scalar(node);
    if (isPlain(node)) this.#notice(node, scalar, false);
    return this.#valueOf(scalar, node);
  }

  #scalar(node: ScalarNode): Scalar {
    const text = String(node.value ?? '');
    if (node.tag === undefined) return isPlain(node) ? plainScalar(text) : { kind: 'text', value: text };
    const scalar = taggedScalar(node.tag, text);
    if (scalar.kind === 'wrong') this.#refuse(node, `has a value that is no ${scalar.tag}`);
    return scalar;
  }

  #valueOf(scalar: Scalar, node: ScalarNode): Value {
    switch (scalar.kind) {
      case 'integer':
        return Number.isSafeInteger(Number(scalar.value)) ? Number(scalar.value) : this.#tooLarge(node);
      case 'float':
        if (!Number.isFinite(scalar.value)) return this.#refuse(node, 'has a number that JSON does not know: quote it');
        return Number.isSafeInteger(scalar.value) || !/^[-+]?[\d_]+$/.test(String(node.value))
          ? // -0 has no sign in JSON.
            scalar.value + 0
          : this.#tooLarge(node);
      case 'text':
      case 'boolean':
        return scalar.value;
      case 'null':
      case 'wrong':
        return null;
    }
  }

  #notice(node: ScalarNode, scalar: Scalar, isKey: boolean): void {
    const text = String(node.value ?? '');
    const readings = node.tag === undefined ? readingsOf(text, scalar) : undefined;
    if (readings === undefined) return;
    this.#ambiguous += 1;
    if (this.#first.length >= MAX_AMBIGUOUS) return;
    this.#first.push({ text, isKey, ...readings, position: this.#positionOf(node.range?.[0] ?? 0) });
  }

  #alias(node: Node & { readonly source: string }, depth: number): Value {
    const { source } = node;
    if (!this.#anchors.has(source)) return this.#refuse(node, 'has an alias (*name) of an anchor that is not there');
    const value = this.#anchors.get(source);
    if (value === undefined) return this.#refuse(node, 'has an alias (*name) within what it stands for');
    const { characters, levels } = this.#sizeOf(value);
    this.#aliased += characters;
    if (this.#aliased > MAX_ALIASED)
      return this.#refuse(node, `has aliases (*name) that stand for more than ${MAX_ALIASED} characters`);
    if (depth + levels <= MAX_DEPTH + 1) return value;
    this.problem ??= tooDeep;
    return null;
  }

  /** What a value is with all aliases written out. */
  #sizeOf(value: Value): Size {
    if (typeof value !== 'object' || value === null) return { characters: String(value).length + 1, levels: 0 };
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    const keys = Array.isArray(value) ? 0 : Object.keys(value).reduce((sum, key) => sum + key.length + 1, 0);
    const parts = (Object.values(value) as Value[]).map((item) => this.#sizeOf(item));
    const size = {
      characters: parts.reduce((sum, part) => sum + part.characters, keys + 1),
      levels: parts.reduce((most, part) => Math.max(most, part.levels), 0) + 1,
    };
    this.#sizes.set(value, size);
    return size;
  }

  #tooLarge(node: Node): null {
    return this.#refuse(node, 'has an integer beyond 2^53, which would lose digits: quote it');
  }

  #refuse(
    node: Node | null,
    reason: string,
    { rule = 'values-not-expressible', words }: { readonly rule?: RuleName; readonly words?: string } = {},
  ): null {
    const offset = node?.range?.[0];
    this.problem ??= {
      kind: 'invalid',
      rule,
      reason,
      ...(words !== undefined && { words: words.slice(0, MAX_WORDS) }),
      ...(offset !== undefined && { position: this.#positionOf(offset) }),
    };
    return null;
  }
}

const isPlain = (node: ScalarNode): boolean => node.type === 'PLAIN';

const isMergeKey = (key: Node | null): boolean =>
  isScalar(key) && key.value === MERGE_KEY && (key.tag === undefined ? isPlain(key) : shortTag(key.tag) === '!!merge');
