import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');

/** The text of a file of the project. @param file - its path from the top */
export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The folders that are compiled, as tsconfig.json has them. */
export const SOURCE_FOLDERS: readonly string[] = JSON.parse(textOf('tsconfig.json')).include;

/** The TypeScript files of a folder, sorted, without declarations of types. */
export const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file))
    .sort();

const parsed = new Map<string, ts.SourceFile>();

/** The syntax tree of a file, with its path as its name. */
export const parse = (file: string): ts.SourceFile => {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
  parsed.set(file, source);
  return source;
};

/** All nodes of a kind in a tree, its root among them. */
export const nodesIn = <N extends ts.Node>(root: ts.Node, is: (node: ts.Node) => node is N): readonly N[] => {
  const found: N[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
};
