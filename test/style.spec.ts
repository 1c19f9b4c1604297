import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest, true);

const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { include: readonly string[] };
const sources = include
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  .filter((path) => path.endsWith('.ts') && !path.includes('/generated/'))
  .map(parse);

const lineOf = (node: ts.Node): string => {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

/** Every node of a kind, in all files. */
const everywhere = <N extends ts.Node>(is: (node: ts.Node) => node is N): readonly N[] => {
  const found: N[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return found;
};

t.test('the sources are found', async (t) => {
  t.ok(sources.length > 300, `${sources.length} files`);
});

t.test(
  'a top-level function is a constant, unless it is a generator or has overloads, which no constant can',
  async (t) => {
    const declared = sources.flatMap(({ statements }) => statements.filter(ts.isFunctionDeclaration));
    const overloaded = new Set(declared.filter(({ body }) => body === undefined).map(({ name }) => name?.text));
    const wrong = declared.filter(
      ({ name, asteriskToken }) => asteriskToken === undefined && !overloaded.has(name?.text),
    );
    t.same(wrong.map(lineOf), []);
  },
);

t.test('no object literal is spread into another: the formatter says where lines end', async (t) => {
  const wrong = everywhere(ts.isSpreadAssignment).filter(({ expression }) => ts.isObjectLiteralExpression(expression));
  t.same(wrong.map(lineOf), []);
});

const isEmptyObject = (node: ts.Node): boolean => ts.isObjectLiteralExpression(node) && node.properties.length === 0;

const bare = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ? bare(node.expression) : node;

t.test('a field that may be left out is spread as `...(condition && { field })`', async (t) => {
  const wrong = everywhere(ts.isSpreadAssignment).filter(({ expression }) => {
    const choice = bare(expression);
    return (
      ts.isConditionalExpression(choice) &&
      (isEmptyObject(bare(choice.whenTrue)) || isEmptyObject(bare(choice.whenFalse)))
    );
  });
  t.same(wrong.map(lineOf), []);
});
