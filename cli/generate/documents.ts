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
  const printed = files.filter(({ objects }) => objects > 0);
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
    left: files.filter(({ objects, documents }) => objects === 0 && documents > 0).map(({ name }) => name),
  };
};

/** Documents that hold anything, and those of them that hold objects. */
const countsOf = (input: Input): { readonly documents: number; readonly objects: number } => ({
  documents: parseYaml(input.text).length,
  objects: new Set(manifestsIn(input).objects.map(({ document }) => document)).size,
});

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
