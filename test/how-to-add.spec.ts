import { basename, join, normalize } from 'node:path';
import t, { type Test } from 'tap';
import ts from 'typescript';
import { filesIn, nodesIn, parse, SOURCE_FOLDERS, textOf } from './kit/source-files.js';

/** A top-level constant or type of a file. */
const declared = (file: string, name: string): ts.VariableDeclaration | ts.TypeAliasDeclaration => {
  const found = topLevel(file).find((declaration) => declaration.name.getText() === name);
  if (found === undefined) throw new Error(`${file} declares no ${name}`);
  return found;
};

const topLevel = (file: string): readonly (ts.VariableDeclaration | ts.TypeAliasDeclaration)[] =>
  parse(file).statements.flatMap((statement): readonly (ts.VariableDeclaration | ts.TypeAliasDeclaration)[] => {
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations;
    return ts.isTypeAliasDeclaration(statement) ? [statement] : [];
  });

/** What `kind` is in the members of a union. */
const kindsOf = (type: ts.TypeNode): readonly string[] => {
  if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) return type.types.flatMap(kindsOf);
  if (ts.isParenthesizedTypeNode(type)) return kindsOf(type.type);
  if (!ts.isTypeLiteralNode(type)) return [];
  const [kind] = type.members.filter(ts.isPropertySignature).filter(({ name }) => name.getText() === 'kind');
  return kind?.type !== undefined && ts.isLiteralTypeNode(kind.type) && ts.isStringLiteral(kind.type.literal)
    ? [kind.type.literal.text]
    : [];
};

/** The kinds of a union that is declared in a file. */
const membersOf = (file: string, union: string): readonly string[] => {
  const { type } = declared(file, union);
  return type === undefined ? [] : kindsOf(type);
};

/** What a property is set to, wherever that is a text. */
const settingsOf = (root: ts.Node, property: string): readonly string[] =>
  nodesIn(root, ts.isPropertyAssignment)
    .filter(({ name }) => name.getText() === property)
    .flatMap(({ initializer }) => (ts.isStringLiteral(initializer) ? [initializer.text] : []));

/** The keys of a table that is a top-level constant. */
const keysOf = (file: string, table: string): readonly string[] => {
  const { initializer } = declared(file, table) as ts.VariableDeclaration;
  if (initializer === undefined || !ts.isObjectLiteralExpression(initializer)) throw new Error(`${table} is no table`);
  return initializer.properties.map(({ name }) =>
    name !== undefined && ts.isStringLiteral(name) ? name.text : (name?.getText() ?? ''),
  );
};

/** Whether one file imports another; with a name: whether it imports that. */
const importsFrom = (from: string, file: string, name?: string): boolean =>
  textOf(from).includes(basename(file, '.ts')) &&
  parse(from).statements.some((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return false;
    const isIt = normalize(join(from, '..', statement.moduleSpecifier.text)) === file.replace(/\.ts$/, '.js');
    return isIt && (name === undefined || nodesIn(statement, ts.isIdentifier).some(({ text }) => text === name));
  });

const importersOf = (file: string, among: readonly string[]): readonly string[] =>
  among.filter((from) => importsFrom(from, file));

/** A name of a property, not of a constant. */
const isProperty = (node: ts.Identifier): boolean => {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) || ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent)) &&
    parent.name === node
  );
};

/** How often a constant is named in a file, imports apart. */
const usesIn = (file: string, name: string): number =>
  parse(file)
    .statements.filter((statement) => !ts.isImportDeclaration(statement))
    .flatMap((statement) => nodesIn(statement, ts.isIdentifier))
    .filter((node) => node.text === name && !isProperty(node)).length;

/** The numbered lines below an entry of "How to add": a file, and what stands there. */
const placesToldOf = (entry: string): readonly { readonly file: string; readonly code: string }[] => {
  const [, text = ''] = textOf('CONTRIBUTING.md').split(`\n**${entry}**`);
  const [told = ''] = text.split(/\n\n\*\*/);
  return [...told.matchAll(/^\d\. .* `([\w./-]+\.ts)`: `(.+)`$/gm)].map(([, file = '', code = '']) => ({ file, code }));
};

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');

const isThere = (t: Test, places: ReturnType<typeof placesToldOf>): void => {
  for (const { file, code } of places)
    t.ok(inOneLine(textOf(file)).includes(code), `CONTRIBUTING.md is right that "${code}" stands in ${file}`);
};

const ALL = SOURCE_FOLDERS.flatMap(filesIn);
const isProduct = (file: string): boolean => !file.startsWith('test/');

const STATE = 'controller/decide/state.ts';
const GUARDS = 'controller/decide/guards.ts';
/** States of a plan before a deployment, which have a file of their own for members and guards. */
const PLAN_STATE = 'controller/decide/plan-state.ts';
/** Where guards go on: an intent without a Job, that Job, and what was deployed before. */
const CARRY_OUT = 'controller/decide/carry-out.ts';
const CALLED_BY_GUARDS = [CARRY_OUT, 'controller/decide/job-due.ts', 'controller/decide/returning.ts'];
const OUTCOMES = 'controller/decide/outcomes.ts';
const STATES_SPEC = 'test/controller/decide.spec.ts';
/** States of a deployment under way: `State` takes them over from `Work`, which the deletion of a bundle goes by, too. */
const UNDER_WAY = { file: 'controller/decide/deployment.ts', type: 'Work', but: ['none', 'to-carry-out'] };
/** What looks like a state, and is a finding of the same name. */
const FINDINGS_NAMED_ALIKE: Readonly<Record<string, readonly string[]>> = {
  'controller/decide/decide.ts': ['suspended', 'spec-invalid'],
};

t.test(
  'a state of a bundle is one member, one guard or line of one, one row of a table, and one row of a spec',
  async (t) => {
    const ownMembers = [...membersOf(STATE, 'State'), ...membersOf(PLAN_STATE, 'PlanState')];
    const underWay = membersOf(UNDER_WAY.file, UNDER_WAY.type).filter((kind) => !UNDER_WAY.but.includes(kind));
    const members = [...ownMembers, ...underWay].sort();
    t.ok(members.length >= 20, `${members.length} states are found`);
    t.equal(new Set(members).size, members.length, 'each has one member');
    t.strictSame([...keysOf(OUTCOMES, 'OUTCOMES')].sort(), members, 'each has one row that says what follows');
    t.strictSame([...keysOf(STATES_SPEC, 'STATES')].sort(), members, 'and one row in the spec');
    const guarded = new Set(
      [GUARDS, ...CALLED_BY_GUARDS, PLAN_STATE].flatMap((file) => settingsOf(parse(file), 'kind')),
    );
    t.strictSame(
      ownMembers.filter((kind) => !guarded.has(kind)),
      [],
      'each of its own has a guard',
    );
  },
);

t.test('nothing else knows the states', async (t) => {
  t.strictSame(
    importersOf(STATE, ALL),
    [...CALLED_BY_GUARDS, GUARDS, OUTCOMES, STATES_SPEC].toSorted(),
    'only guards, what they call, and outcomes name them',
  );
  t.strictSame(
    importersOf(GUARDS, ALL),
    ['controller/decide/decide.ts', STATES_SPEC],
    'only the decision asks which it is',
  );
  const kinds = new Set(keysOf(OUTCOMES, 'OUTCOMES'));
  const named = importersOf(GUARDS, ALL.filter(isProduct)).map((file) => {
    const words = nodesIn(parse(file), ts.isStringLiteral).map(({ text }) => text);
    return [file, [...new Set(words.filter((word) => kinds.has(word)))]] as const;
  });
  t.strictSame(Object.fromEntries(named), FINDINGS_NAMED_ALIKE, 'who asks for the state hands it on, whichever it is');
});

t.test('CONTRIBUTING.md shows the places of a state: those of `queued`', async (t) => {
  const places = placesToldOf('A state of a bundle');
  t.strictSame(
    places.map(({ file }) => file),
    [STATE, CARRY_OUT, OUTCOMES, STATES_SPEC],
    'the four that are counted',
  );
  isThere(t, places);
  for (const { file, code } of places) t.match(code, /\bqueued\b/, `what stands in ${file} is of that state`);
});

/** The rows that all rules are shown by, through the rules alone and through an apiserver; and what is shown beside them. */
const RULES_ROWS = 'test/kit/spec-verdicts.ts';
const RULES_SPEC = 'test/api/spec-rules.spec.ts';
/** The pieces of text in some code, between what is filled in. */
const wordsIn = (root: ts.Node): readonly string[] =>
  nodesIn(
    root,
    (node): node is ts.LiteralLikeNode => ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node),
  ).map(({ text }) => text);
const shown = [RULES_ROWS, RULES_SPEC].flatMap((file) => wordsIn(parse(file))).join('\n');

/** The files of rules, and the type of a rule in each. */
const RULES: Readonly<Record<string, string>> = {
  'api/validate/cross-field-rules.ts': 'Rule',
  'api/validate/field-rules.ts': 'FieldRule',
  'api/validate/warnings.ts': 'WarningRule',
};

/** The functions that are rules in a file, as opposed to those that make one. */
const rulesIn = (file: string): readonly ts.VariableDeclaration[] =>
  topLevel(file)
    .filter(ts.isVariableDeclaration)
    .filter(({ type }) => type?.getText() === RULES[file]);

t.test('a rule of what the spec says is one function and one row of a table', async (t) => {
  const tables = filesIn('api/validate').filter((file) =>
    topLevel(file).some(({ name }) => name.getText() === 'RULES'),
  );
  t.strictSame(tables, Object.keys(RULES), 'there are three tables of rules');
  for (const file of tables) {
    const rows = nodesIn(declared(file, 'RULES'), ts.isIdentifier).map(({ text }) => text);
    for (const { name } of rulesIn(file)) {
      const rule = name.getText();
      const known = ALL.filter((other) => other !== file && importsFrom(other, file, rule));
      t.strictSame(
        { rows: rows.filter((row) => row === rule).length, named: usesIn(file, rule), known },
        { rows: 1, named: 2, known: [] },
        `${rule} has one row of ${file}, and nothing else knows it`,
      );
    }
  }
});

t.test('each rule of what the spec says is shown by a row of a spec', async (t) => {
  for (const file of ['api/validate/cross-field-rules.ts', 'api/validate/warnings.ts'])
    for (const rule of rulesIn(file)) {
      const words = wordsIn(rule).filter((text) => text.length >= 10 && text.includes(' '));
      t.ok(words.length > 0, `${rule.name.getText()} says something`);
      t.strictSame(
        words.filter((text) => !shown.includes(text)),
        [],
        'and the spec has all of it',
      );
    }
  const { initializer } = declared('api/validate/field-rules.ts', 'RULES') as ts.VariableDeclaration;
  const paths = nodesIn(initializer as ts.Expression, ts.isPropertyAssignment)
    .filter(({ name }) => name.getText() === 'path')
    .map((path) => `spec.${wordsIn(path).join('.')}`);
  t.ok(paths.length >= 8, `${paths.length} fields have a rule of their own`);
  for (const path of paths) t.ok(shown.includes(`${path}: Invalid value: `), path);
});

const JUDGED_SPEC = 'test/api/references.spec.ts';
/** What all kinds share. */
const VOCABULARY = ['api/references/fault.ts', 'api/references/references.ts'];
const KINDS = filesIn('api/references').filter((file) => !VOCABULARY.includes(file));

const isExported = ({ parent }: ts.VariableDeclaration | ts.TypeAliasDeclaration): boolean => {
  const statement = ts.isVariableDeclarationList(parent) ? parent.parent : parent;
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
};

/** What a file exports to judge its kind with. */
const checkIn = (file: string): readonly string[] => {
  const names = topLevel(file)
    .filter(isExported)
    .map(({ name }) => name.getText());
  const checks = names.filter((name) => /^check[A-Z]/.test(name));
  return checks.length > 0 ? checks : names.filter((name) => name.endsWith('Fault'));
};

const askersOf = (folder: string, check: string): readonly string[] =>
  filesIn(folder).filter((file) => usesIn(file, check) > 0);

t.test(
  'a kind of what a bundle refers to is one check, asked in one place by the webhook and in one by the controller',
  async (t) => {
    t.ok(KINDS.length >= 7, `${KINDS.length} kinds`);
    for (const file of KINDS) {
      const checks = checkIn(file);
      t.equal(checks.length, 1, `${file} has one check`);
      for (const check of checks) {
        t.equal(askersOf('admission', check).length, 1, `${check}: the webhook`);
        t.equal(askersOf('controller', check).length, 1, `${check}: the controller`);
        t.strictSame(askersOf('cli/validate', check), [], `${check}: validate asks as the webhook does`);
        t.ok(
          askersOf('cli', check).length <= 1,
          `${check}: doctor, which tells of each kind by itself, asks in one place`,
        );
      }
    }
  },
);

t.test('each of them has rows in the spec that runs it through webhook, controller and command line', async (t) => {
  const rows = settingsOf(declared(JUDGED_SPEC, 'ROWS'), 'of');
  const of = [...new Set(rows)].sort();
  const kinds = KINDS.map((file) => file.replace(/^.*\/|\.ts$/g, ''));
  t.strictSame(of, [...kinds, 'all', 'values'].sort(), 'and values, which are judged in api/values/');
  t.equal(rows.filter((row) => row === 'all').length, 1, 'one is of a bundle with nothing wrong');
});

t.test('CONTRIBUTING.md shows the places of both rules', async (t) => {
  const spec = placesToldOf('A rule of what the spec says');
  const [own = ''] = Object.keys(RULES);
  t.strictSame(
    spec.map(({ file }) => file),
    [own, own, RULES_ROWS],
    'a rule of the spec has the three that are counted',
  );
  isThere(t, spec);
  const [row] = spec.slice(1);
  t.ok(
    rulesIn(own).some(({ name }) => row?.code === `${name.getText()},`),
    'the row is that of a rule',
  );
  const references = placesToldOf('A rule of what a bundle refers to');
  const [kind = ''] = references.map(({ file }) => file);
  const [check = ''] = KINDS.includes(kind) ? checkIn(kind) : [];
  t.strictSame(
    references.map(({ file }) => file),
    [kind, ...askersOf('admission', check), ...askersOf('controller', check), JUDGED_SPEC],
    `${check} has the four that are counted`,
  );
  isThere(t, references);
});
