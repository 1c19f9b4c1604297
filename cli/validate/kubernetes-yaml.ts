import { type Document, isScalar, LineCounter, parseAllDocuments, type ScalarTag, type Tags } from 'yaml';

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

/** Forms of YAML 1.1 that Go's parser, and so kubectl, does not accept. */
const NOT_IN_GO = new Set([
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
]);

/** kubectl reads `yes`, `on` and `off` as booleans, but a lone `y` or `n` as a text. */
const GO_TRUE = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const GO_FALSE = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;

const asGoHasThem = (tags: Tags): Tags =>
  tags.filter((tag) => !isNotInGo(tag)).map((tag) => (isBoolean(tag) ? { ...tag, test: goWordsOf(tag) } : tag));

const isNotInGo = (tag: Tags[number]): boolean =>
  typeof tag !== 'string' && (NOT_IN_GO.has(tag.tag) || ('format' in tag && tag.format === 'TIME'));

const isBoolean = (tag: Tags[number]): tag is ScalarTag =>
  typeof tag !== 'string' && tag.tag === 'tag:yaml.org,2002:bool' && tag.collection === undefined;

const goWordsOf = ({ test }: ScalarTag): RegExp => (test?.test('yes') === true ? GO_TRUE : GO_FALSE);

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
