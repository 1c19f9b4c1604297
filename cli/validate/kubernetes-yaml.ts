import { type Document, isScalar, LineCounter, parseAllDocuments, type ScalarTag, type Tags } from 'yaml';
import { type Scalar as GoScalar, plainScalar, taggedScalar } from '../../api/values/yaml-scalar.js';

/** A place in a file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a document can't be read. `message` may repeat some of its text, `code` does not. */
export interface YamlFault extends Position {
  readonly code: string;
  readonly message: string;
}

/** One YAML document. */
export interface YamlDocument {
  readonly content: Document.Parsed;
  /** Why it can't be read, if it can't. Only the first fault: later ones often follow from it. */
  readonly fault: YamlFault | undefined;
  /** The lines of the whole file, which may hold several documents. */
  readonly lines: readonly string[];
  /** @param offset - as nodes of the document have it in their `range` */
  positionOf(offset: number): Position;
}

/** What a scalar is in JSON, by what it is to Go's parser, and so to kubectl. */
const jsonOf = (scalar: GoScalar, text: string, refuse: (why: string) => void): unknown => {
  switch (scalar.kind) {
    case 'null':
      return null;
    case 'integer':
      return Number(scalar.value);
    case 'float':
      if (!Number.isFinite(scalar.value)) refuse(`${text} is no number that JSON knows: kubectl refuses it`);
      // JSON has no negative zero.
      return scalar.value + 0;
    case 'wrong':
      refuse(`this is no ${scalar.tag}`);
      return null;
    case 'text':
    case 'boolean':
      return scalar.value;
  }
};

/** All scalars without quotes and tags, but the key that merges maps. */
const PLAIN: ScalarTag = {
  tag: 'plain',
  default: true,
  test: /^(?!<<$)/,
  resolve: (text, onError) => jsonOf(plainScalar(text), text, onError),
};

const TAGS = ['int', 'float', 'bool', 'null', 'timestamp', 'binary'].map((name): ScalarTag => {
  const tag = `tag:yaml.org,2002:${name}`;
  return { tag, resolve: (text, onError) => jsonOf(taggedScalar(tag, text), text, onError) };
});

const OURS = new Set(TAGS.map(({ tag }) => tag));
/** Collections that JSON has no counterpart of; Go's parser does not know them. */
const UNKNOWN = new Set(['omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));

const asGoHasThem = (tags: Tags): Tags => [
  PLAIN,
  ...TAGS,
  ...tags.filter((tag) => typeof tag === 'string' || !(OURS.has(tag.tag) || UNKNOWN.has(tag.tag))),
];

const isNothing = (contents: unknown): boolean => contents === null || (isScalar(contents) && contents.value === null);

/**
 * Reads all documents of a file as kubectl does (YAML 1.1 the way Go has it; JSON is YAML). Never throws; empty documents are left
 * out. Aliases are limited, since files may come from strangers.
 */
export const parseYaml = (text: string): readonly YamlDocument[] => {
  const counter = new LineCounter();
  const positionOf = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    // An empty text has no lines to count.
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const lines = text.split(/\r?\n/);
  const parsed = parseAllDocuments(text, {
    version: '1.1',
    lineCounter: counter,
    prettyErrors: false,
    // Else the parser prints warnings of its own, about templates for example.
    logLevel: 'error',
    customTags: asGoHasThem,
  });
  const withContent = [...parsed].filter(({ contents, errors }) => errors.length > 0 || !isNothing(contents));
  return withContent.map((content) => ({
    content,
    fault: content.errors.map(({ code, message, pos }) => ({ code, message, ...positionOf(pos[0]) }))[0],
    lines,
    positionOf,
  }));
};
