import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { type AmbiguousScalar, readingsOf } from './ambiguous.js';
import type { Position } from './position.js';
import { mapOf, type Value, type ValueMap } from './value.js';

/** Deeper nesting is refused: no chart needs it, and recursion stays bounded. */
const MAX_DEPTH = 100;
/** Longer messages of the parser, which may repeat the text, are cut. */
const MAX_WORDS = 200;
/** How many ambiguous scalars are reported with their position. */
const MAX_AMBIGUOUS = 3;
/** Keys of a source with one of these endings hold YAML and nothing else. */
const YAML_ENDING = /\.(ya?ml|json)$/i;

/** What a key of a ConfigMap or Secret holds. */
export type ParsedKey =
  | { readonly kind: 'map'; readonly values: ValueMap; readonly ambiguous: Ambiguities }
  /** One text, which is the value of the key's own name, as `--from-literal=name=text` makes it. */
  | { readonly kind: 'text' }
  /**
   * `reason` repeats nothing of the text; `words` may, and must not be shown for a Secret.
   * `position` is missing if the text is wrong as a whole.
   */
  | { readonly kind: 'invalid'; readonly reason: string; readonly words?: string; readonly position?: Position };

/** Scalars that other readers of YAML take for something else: how many, and the first of them. */
export interface Ambiguities {
  readonly count: number;
  readonly first: readonly AmbiguousScalar[];
}

type Invalid = Extract<ParsedKey, { kind: 'invalid' }>;

/**
 * Reads one key of a source: YAML 1.2, one document, a map at its root; or, under a key without a YAML ending, one text.
 * Aliases are refused (they can make little text very large), and so are duplicate keys, unknown tags, and numbers that would
 * not arrive as they are written. Takes about 4 µs for each byte.
 */
export const parseKey = (key: string, text: string): ParsedKey => {
  const parsed = parseYaml(text);
  if (parsed.kind === 'invalid') return parsed;
  const isYaml = YAML_ENDING.test(key);
  const root = parsed.root;
  if (root === null || isScalar(root)) {
    if (!isYaml) return { kind: 'text' };
    const empty = root === null || root.value === null;
    return empty ? { kind: 'map', values: {}, ambiguous: { count: 0, first: [] } } : notMap('a single value');
  }
  if (!isMap(root)) return notMap('a list');
  const reader = new Reader(parsed.lines);
  const values = reader.map(root, 1);
  return reader.problem ?? { kind: 'map', values, ambiguous: reader.ambiguous };
};

const notMap = (what: string): Invalid => ({ kind: 'invalid', reason: `is ${what}, where a map of values is needed` });

type ParsedYaml = { readonly kind: 'ok'; readonly root: Node | null; readonly lines: LineCounter } | Invalid;

const parseYaml = (text: string): ParsedYaml => {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Reader looks for duplicates: the parser would compare each key with all others of its map.
    uniqueKeys: false,
    intAsBigInt: true,
    // A %YAML 1.1 directive must not make `yes` a boolean here and a text there.
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem === undefined) return { kind: 'ok', root: document.contents, lines };
  // The parser is recursive: thousands of levels overflow the stack.
  if (problem.code === 'RESOURCE_EXHAUSTION') return tooDeep;
  if (problem.code === 'MULTIPLE_DOCS')
    return { kind: 'invalid', reason: 'has several YAML documents, where one is needed' };
  const position = positionOf(lines, offsetOf(problem, document.errors));
  return { kind: 'invalid', reason: 'is no YAML', words: wordsOf(problem), position };
};

/** The parser's message; for the most frequent mistake the one that users know from Helm and kubectl. */
const wordsOf = ({ code, message }: YAMLProblem): string =>
  code === 'BLOCK_AS_IMPLICIT_KEY' && message.startsWith('Nested mappings')
    ? 'mapping values are not allowed here'
    : message.slice(0, MAX_WORDS);

type YAMLProblem = YAMLParseError | YAMLWarning;

/** The parser reports a map within a map's value where the value begins; the fault is its colon, perhaps lines further down. */
const offsetOf = ({ code, pos }: YAMLProblem, errors: readonly YAMLParseError[]): number =>
  (code === 'BLOCK_AS_IMPLICIT_KEY'
    ? errors.find((other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.pos[0] === pos[0])?.pos[1]
    : undefined) ?? pos[0];

const tooDeep: Invalid = { kind: 'invalid', reason: `is nested more than ${MAX_DEPTH} levels deep` };

const positionOf = (lines: LineCounter, offset: number): Position => {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
};

/** Turns nodes into values, up to the first problem. */
class Reader {
  problem: Invalid | undefined;
  #ambiguous = 0;
  readonly #first: AmbiguousScalar[] = [];
  readonly #lines: LineCounter;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  get ambiguous(): Ambiguities {
    return { count: this.#ambiguous, first: this.#first };
  }

  map(node: YAMLMap, depth: number): ValueMap {
    const seen = new Set<string>();
    const entries: [string, Value][] = [];
    for (const { key, value } of node.items) {
      const name = this.#key(key as Node | null, node);
      if (this.problem !== undefined || name === undefined) break;
      if (seen.has(name)) this.#refuse(key as Node, 'has a key twice in one map', JSON.stringify(name));
      seen.add(name);
      entries.push([name, this.#value(value as Node | null, depth)]);
    }
    return mapOf(entries);
  }

  #key(key: Node | null, within: Node): string | undefined {
    if (key !== null && isScalar(key) && key.value !== null) return String(key.value);
    if (key !== null && isAlias(key)) this.#alias(key);
    else this.#refuse(key ?? within, 'has a key that is no text');
    return undefined;
  }

  #value(node: Node | null, depth: number): Value {
    if (node === null || this.problem !== undefined) return null;
    if (isAlias(node)) return this.#alias(node);
    if (isScalar(node)) {
      if (node.type === 'PLAIN') this.#notice(node);
      return this.#scalar(node, node.value);
    }
    if (depth >= MAX_DEPTH && isCollection(node)) {
      this.problem ??= tooDeep;
      return null;
    }
    if (isSeq(node)) return node.items.map((item) => this.#value(item as Node | null, depth + 1));
    return isMap(node) ? this.map(node, depth + 1) : null;
  }

  #notice({ source, value, range }: Scalar): void {
    const readings = source === undefined ? undefined : readingsOf(source, value);
    if (readings === undefined || source === undefined) return;
    this.#ambiguous += 1;
    if (this.#first.length >= MAX_AMBIGUOUS) return;
    this.#first.push({ text: source, ...readings, position: positionOf(this.#lines, range?.[0] ?? 0) });
  }

  #scalar(node: Node, value: unknown): Value {
    switch (typeof value) {
      case 'bigint':
        if (Number.isSafeInteger(Number(value))) return Number(value);
        return this.#refuse(node, 'has an integer beyond 2^53, which would lose digits: quote it');
      case 'number':
        return Number.isFinite(value) ? value : this.#refuse(node, 'has a number that JSON does not know: quote it');
      case 'string':
      case 'boolean':
        return value;
      default:
        return null;
    }
  }

  #alias(node: Node): null {
    return this.#refuse(node, 'has an alias (*name), which is not supported: write the value out');
  }

  #refuse(node: Node, reason: string, words?: string): null {
    const position =
      node.range === undefined || node.range === null ? undefined : positionOf(this.#lines, node.range[0]);
    this.problem ??= {
      kind: 'invalid',
      reason,
      ...(words !== undefined && { words: words.slice(0, MAX_WORDS) }),
      ...(position !== undefined && { position }),
    };
    return null;
  }
}
