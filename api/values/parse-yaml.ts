import { LineCounter, type Node, parseDocument, type YAMLParseError, type YAMLWarning } from 'yaml';
import type { RuleName } from '../rules.js';
import { mayEndStack } from './nesting.js';
import type { Position } from './position.js';

/** Deeper nesting is refused: no chart needs it, and recursion stays bounded. */
export const MAX_DEPTH = 100;
/** Longer messages of the parser, which may repeat the text, are cut. */
export const MAX_WORDS = 200;

/**
 * `reason` repeats nothing of the text; `words` may, and must not be shown for a Secret.
 * `position` is missing if the text is wrong as a whole.
 */
export interface Unreadable {
  readonly kind: 'invalid';
  readonly rule: RuleName;
  readonly reason: string;
  readonly words?: string;
  readonly position?: Position;
}

export interface Yaml {
  readonly kind: 'yaml';
  readonly root: Node | null;
  /** @param offset - from 0, in the text */
  readonly positionOf: (offset: number) => Position;
}

const NOT_YAML = 'values-not-yaml';

/** One document of YAML as nodes, scalars as texts: what they mean is for others to say. */
export const parseYaml = (text: string): Yaml | Unreadable => {
  if (mayEndStack(text)) return tooDeep;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Whoever reads the nodes looks for duplicates: the parser would compare each key with all others of its map.
    uniqueKeys: false,
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
  });
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = [...document.errors, ...document.warnings].filter((problem) => !isOfKnownTag(problem));
  const fault = problems[0] === undefined ? unlikeHelm(text) : faultOf(problems[0], document.errors);
  if (fault !== undefined) {
    const { offset, ...unreadable } = fault;
    return { ...unreadable, ...(offset !== undefined && { position: positionOf(offset) }) };
  }
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.1')
    return {
      kind: 'invalid',
      rule: NOT_YAML,
      reason: 'says that it is YAML of another version than 1.1, which Helm does not read',
    };
  return { kind: 'yaml', root: document.contents, positionOf };
};

/** Those of YAML's own tags that Helm's reader knows, or does not look at. */
const KNOWN_TAGS = new Set('str int float bool null binary timestamp merge map seq set omap pairs'.split(' '));

/** The parser knows none but those of the schema, which has hardly any: scalars stay the texts that they are. */
const isOfKnownTag = ({ code, message }: YAMLProblem): boolean =>
  code === 'TAG_RESOLVE_FAILED' &&
  KNOWN_TAGS.has(/^Unresolved tag: tag:yaml\.org,2002:(\w+)$/.exec(message)?.[1] ?? '');

type Fault = Unreadable & { readonly offset?: number };

/** What Helm's reader refuses. Of what JSON may hold unescaped, such as U+2028 within quotes, nothing is refused: it arrives as it is. */
const NOT_IN_HELM = /(?![\t\n\r\u007f-\u009f])\p{Cc}/u;

const unlikeHelm = (text: string): Fault | undefined => {
  const offset = text.search(NOT_IN_HELM);
  if (offset < 0) return undefined;
  const code = (text.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const reason = `has a control character (U+${code}): write it as an escape in double quotes`;
  return { kind: 'invalid', rule: NOT_YAML, reason, offset };
};

const faultOf = (problem: YAMLProblem, errors: readonly YAMLParseError[]): Fault => {
  // The parser is recursive: thousands of levels overflow the stack.
  if (problem.code === 'RESOURCE_EXHAUSTION') return tooDeep;
  if (problem.code === 'MULTIPLE_DOCS')
    return { kind: 'invalid', rule: NOT_YAML, reason: 'has several YAML documents, where one is needed' };
  return {
    kind: 'invalid',
    rule: NOT_YAML,
    reason: 'is no YAML',
    words: wordsOf(problem),
    offset: offsetOf(problem, errors),
  };
};

export const tooDeep: Unreadable = {
  kind: 'invalid',
  rule: 'values-too-deep',
  reason: `is nested more than ${MAX_DEPTH} levels deep`,
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
