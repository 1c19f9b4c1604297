import { CommandError } from '../command-error.js';
import type { Input } from '../validate/inputs.js';
import { jsonStreamIn } from '../validate/json-stream.js';
import { parseYaml } from '../validate/kubernetes-yaml.js';
import { manifestsIn } from '../validate/manifests.js';

/** All manifests as one stream of YAML documents. */
interface Documents {
  readonly text: string;
  /** Files without Kubernetes objects: values, for example. */
  readonly left: readonly string[];
}

/**
 * Puts files one after the other, each as it is: `---` comes between them, and between JSON objects that follow one another, which nobody
 * reads behind YAML.
 * @throws CommandError with a line for each file that has objects, and other documents beside them
 */
export const documentsOf = (inputs: readonly Input[]): Documents => {
  const files = inputs.map((input) => ({ ...input, ...countsOf(input) }));
  const printed = files.filter(({ parts }) => parts > 0);
  const mixed = printed.filter(({ objects, documents }) => objects < documents);
  if (mixed.length > 0)
    throw new CommandError(
      mixed.map(({ name }) => `${name} has documents that are no Kubernetes objects: apiVersion or kind is missing`),
    );
  return {
    text: printed
      .flatMap(({ text }) => partsOf(text))
      .map((text, index) => separated(text, index === 0))
      .join(''),
    left: files.filter(({ parts, documents }) => parts === 0 && documents > 0).map(({ name }) => name),
  };
};

interface Counts {
  /** That hold anything. */
  readonly documents: number;
  /** Of them, those that have apiVersion or kind: meant as objects. */
  readonly parts: number;
  /** Of them, those that have both. */
  readonly objects: number;
}

const countsOf = (input: Input): Counts => {
  const { objects: found } = manifestsIn(input);
  const whole = found.filter(({ apiVersion, kind }) => apiVersion !== '' && kind !== '');
  return {
    documents: parseYaml(input.text).length,
    parts: new Set(found.map(({ document }) => document)).size,
    objects: new Set(whole.map(({ document }) => document)).size,
  };
};

const BOM = /^\uFEFF/;

const partsOf = (text: string): readonly string[] =>
  jsonStreamIn(text.replace(BOM, '')).map((part, index) =>
    index === 0 ? part : part.replace(/^\s*(?=\{)|^\s*\n/, ''),
  );

/** What begins with JSON is read as JSON to its end, where older versions of Argo CD know no `---`. */
const separated = (text: string, isFirst: boolean): string => {
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  return (isFirst && !/^\s*\{/.test(text)) || /^---\s/.test(text) ? ended : `---\n${ended}`;
};
