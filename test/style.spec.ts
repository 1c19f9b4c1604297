import t from 'tap';
import ts from 'typescript';
import { filesIn, nodesIn, parse, SOURCE_FOLDERS } from './kit/source-files.js';

const sources = SOURCE_FOLDERS.flatMap(filesIn)
  .filter((path) => !path.includes('/generated/'))
  .map(parse);

const lineOf = (node: ts.Node): string => {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

/** Every node of a kind, in all files. */
const everywhere = <N extends ts.Node>(is: (node: ts.Node) => node is N): readonly N[] =>
  sources.flatMap((source) => nodesIn(source, is));

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
