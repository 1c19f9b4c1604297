import { Composer, type Document, isScalar, LineCounter, Parser, type ScalarTag, type Tags } from 'yaml';
import { type Scalar as GoScalar, plainScalar, taggedScalar } from '../../api/values/yaml-scalar.js';
import { jsonStreamIn } from './json-stream.js';

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
  const lines = text.split(/\r?\n/);
  let base = 0;
  return jsonStreamIn(text).flatMap((part) => {
    const documents = documentsOf(part, { base, lines, counter });
    base += part.length;
    return documents;
  });
};

/** The parser quotes a whole paragraph of what is no YAML at all. */
const withShortQuotes = (message: string): string =>
  message.replace(/"((?:[^"\\]|\\.)*)"/g, (quote: string, text: string) =>
    text.length <= MAX_QUOTED ? quote : `"${text.slice(0, MAX_QUOTED).replace(/\\+$/, '')}…"`,
  );
/** Letters of the file in a message. */
const MAX_QUOTED = 60;

interface Whole {
  /** Where the part begins in the file. */
  readonly base: number;
  readonly lines: readonly string[];
  readonly counter: LineCounter;
}

const documentsOf = (text: string, { base, lines, counter }: Whole): readonly YamlDocument[] => {
  const positionOf = (offset: number): Position => {
    const { line, col } = counter.linePos(base + offset);
    // An empty text has no lines to count.
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // A part begins where the one before has ended, within a line.
  const parser = new Parser((offset) => (base === 0 || offset > 0) && counter.addNewLine(base + offset));
  const composer = new Composer({
    version: '1.1',
    prettyErrors: false,
    // Else the parser prints warnings of its own, about templates for example.
    logLevel: 'error',
    customTags: asGoHasThem,
  });
  let before = 0;
  return [...composer.compose(parser.parse(text))].flatMap((content) => {
    const fault = faultOf(text, content, before);
    before = content.range[2];
    if (fault === undefined && isNothing(content.contents)) return [];
    return {
      content,
      fault: fault && { code: fault.code, message: withShortQuotes(fault.message), ...positionOf(fault.pos[0]) },
      lines,
      positionOf,
    };
  });
};

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, ...(readonly number[])];
}

/** @param before - where the document before has ended */
const faultOf = (text: string, { range, errors: [error] }: Document.Parsed, before: number): Fault | undefined => {
  const [begin, , end] = range;
  const mark = markWithin(text, begin, end);
  if (mark !== undefined && (error === undefined || mark.line <= error.pos[0])) return mark.fault;
  return error ?? notForKubernetes(text, { before, begin });
};

/**
 * A line within a document that begins with `---`, which to YAML is a key, or the end of a text. Kubectl and Argo CD take a file apart at
 * each such line, before anything of it is read as YAML.
 */
const markWithin = (
  text: string,
  begin: number,
  end: number,
): { readonly line: number; readonly fault: Fault } | undefined => {
  const at = text.slice(begin, end).search(/\n---(?=\S)/);
  if (at < 0) return undefined;
  const beside = begin + at + '\n---'.length;
  const message = text[beside] === '#' ? UNSPACED : BESIDE;
  return { line: begin + at + 1, fault: { code: 'BESIDE_MARK', message, pos: [beside] } };
};

/**
 * Why kubectl and Argo CD do not read a document as YAML has it.
 * @param place - where the document before has ended, and where this one begins
 */
const notForKubernetes = (
  text: string,
  { before, begin }: { readonly before: number; readonly begin: number },
): Fault | undefined => {
  const directive = text.slice(before, begin).search(/^%/m);
  if (directive >= 0) return { code: 'DIRECTIVE', message: DIRECTIVE, pos: [before + directive] };
  const isMarked = text.startsWith('---', begin);
  if (before > 0 && !isMarked) return { code: 'UNMARKED', message: UNMARKED, pos: [begin] };
  const beside = isMarked ? /^---[ \t]*(?=[^ \t\r\n#])/.exec(text.slice(begin, begin + 256)) : null;
  return beside === null ? undefined : { code: 'BESIDE_MARK', message: BESIDE, pos: [begin + beside[0].length] };
};

const DIRECTIVE = 'Kubernetes reads no YAML directives (%YAML, %TAG): take the line away';
const UNMARKED = 'Kubernetes does not read what comes after "..." without a line "---" between them';
const BESIDE = 'Kubernetes wants nothing but a comment beside "---": put it on a line of its own';
const UNSPACED = 'YAML wants a blank between "---" and a comment, and Kubernetes does not: put one there';
