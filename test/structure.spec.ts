import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');

const INSIDE = ['reconcile', 'observe', 'decide', 'execute', 'cache', 'scans', 'deploy', 'values', 'charts'].map(
  (room) => `controller/${room}`,
);
const OPERATOR = [
  'api',
  'process',
  'kube',
  'certs',
  'registry',
  'serving',
  'admission',
  'webhook',
  'receiver',
  'controller',
  ...INSIDE,
];

/** The parts of the project, the more special first: what each may import beside itself, and what it may know by its types only. */
const PARTS: Readonly<Record<string, { readonly imports: readonly string[]; readonly types?: readonly string[] }>> = {
  // Pure: the same observation gives the same decision.
  'controller/decide': { imports: ['api', 'controller/deploy'], types: ['controller/scans', 'registry', 'kube'] },
  'controller/deploy': { imports: ['api'] },
  'controller/scans': { imports: ['api', 'process', 'registry'] },
  'controller/values': { imports: ['api', 'process', 'kube', 'controller/charts'] },
  'controller/charts': { imports: ['api', 'process', 'kube', 'registry'], types: ['controller/values'] },
  'controller/cache': { imports: ['api', 'process', 'kube', 'controller/deploy'], types: ['controller/decide'] },
  'controller/observe': {
    imports: ['api', 'kube', 'controller/decide', 'controller/deploy'],
    types: ['process', 'registry', 'controller/values', 'controller/charts', 'controller/cache'],
  },
  'controller/execute': { imports: ['api', 'kube', 'controller/deploy'], types: ['process', 'controller/decide'] },
  'controller/reconcile': {
    imports: [
      'api',
      'process',
      'kube',
      'controller/cache',
      'controller/observe',
      'controller/decide',
      'controller/deploy',
      'controller/execute',
    ],
    types: ['controller/scans'],
  },
  controller: { imports: ['api', 'process', 'kube', 'registry', ...INSIDE] },
  api: { imports: [] },
  process: { imports: ['api'] },
  kube: { imports: ['api', 'process'] },
  certs: { imports: ['api', 'process', 'kube'] },
  registry: { imports: ['api', 'process'] },
  admission: { imports: ['api', 'process', 'kube'] },
  serving: { imports: ['process'] },
  webhook: { imports: ['api', 'process', 'kube', 'certs', 'serving', 'admission'] },
  receiver: { imports: ['api', 'process', 'kube', 'serving'] },
  // Of the browser: what the server says to it is all that it knows.
  dashboard: { imports: ['api'] },
  cli: { imports: [...OPERATOR, 'dashboard'] },
  playground: { imports: [...OPERATOR, 'dashboard', 'cli'] },
  reference: { imports: [...OPERATOR, 'dashboard', 'cli', 'playground'] },
  test: { imports: [...OPERATOR, 'dashboard', 'cli', 'playground', 'reference'] },
};

/** Time, chance, environment and output come through process/ports.ts. Here they are made of the real thing. */
const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  'process/system-clock.ts': ['Date.now', 'Math.random', 'setTimeout'],
  // KUBECONFIG and HOME, by the rules of kubectl; credentials of other programs expire by the wall clock.
  'kube/connect.ts': ['process.env', 'systemClock'],
  // Network time-outs, which no time scale and no fake clock concerns; and Retry-After may be a date.
  'kube/exchange.ts': ['systemClock'],
  'kube/http-client.ts': ['Math.random'], // jitter, unless it is given
  'kube/transport.ts': ['systemClock'],
  'controller/main.ts': ['process.env', 'systemClock', 'systemRandom'],
  'webhook/main.ts': ['process.env', 'systemClock', 'systemRandom'],
  'receiver/main.ts': ['process.env', 'systemClock'],
  // Of the browser's page, whose ports are dashboard/page/live/clock.ts, and Fetch of client.ts beside it.
  'dashboard/page/browser.ts': ['Date.now', 'fetch', 'setTimeout'],
};
/** Whoever imports the real thing is listed as well. */
const SYSTEM_CLOCK = 'process/system-clock.js';
/** The programs that people start by hand, and the specs. */
const AT_THE_EDGE = /^(cli|playground|test)\//;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  /** As they are called where they come from; `*` is everything. */
  readonly names: readonly string[];
}

/** What of a source file matters here. */
interface Source {
  readonly file: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly globals: readonly string[];
  /** Names that others may import. */
  readonly exports: readonly string[];
}

const isTypeOnly = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const bindings = node.importClause?.namedBindings;
  if (node.importClause?.isTypeOnly === true) return true;
  return (
    bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.every((element) => element.isTypeOnly)
  );
};

const namesOf = (node: ts.ImportDeclaration | ts.ExportDeclaration): readonly string[] => {
  const names = ts.isExportDeclaration(node) ? node.exportClause : node.importClause?.namedBindings;
  if (names === undefined || ts.isNamespaceImport(names) || ts.isNamespaceExport(names)) return ['*'];
  return names.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
};

const moduleOf = (node: ts.Node): (Omit<Import, 'from' | 'to'> & { readonly module: string }) | undefined => {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const from = node.moduleSpecifier;
    if (from === undefined || !ts.isStringLiteral(from)) return undefined;
    return { module: from.text, typeOnly: isTypeOnly(node), names: namesOf(node) };
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [from] = node.arguments;
  if (from === undefined || !ts.isStringLiteral(from)) return undefined;
  return { module: from.text, typeOnly: false, names: ['*'] };
};

const exportsOf = (node: ts.Statement): readonly string[] => {
  if (ts.isExportDeclaration(node)) {
    const names = node.exportClause;
    return names !== undefined && ts.isNamedExports(names) ? names.elements.map(({ name }) => name.text) : ['*'];
  }
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(({ name }) => name.getText());
  return [(node as ts.DeclarationStatement).name?.text ?? 'default'];
};

const globalOf = (node: ts.Node): string | undefined => {
  if (ts.isNewExpression(node)) {
    return node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  if (ts.isCallExpression(node)) return /^(setTimeout|setInterval|fetch)$/.exec(node.expression.getText())?.[0];
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return /^(Date\.now|Math\.random|process\.env|console)\b/.exec(`${node.expression.text}.${node.name.text}`)?.[0];
};

const read = (file: string): Source => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const imports: Import[] = [];
  const globals = new Set<string>();
  const visit = (node: ts.Node): void => {
    const found = moduleOf(node);
    if (found?.module.startsWith('.') === true) {
      const { module, ...rest } = found;
      imports.push({ from: file, to: normalize(join(dirname(file), module)), ...rest });
    }
    const global = globalOf(node);
    if (global !== undefined) globals.add(global);
    ts.forEachChild(node, visit);
  };
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  visit(source);
  for (const { to, names } of imports) if (to === SYSTEM_CLOCK) for (const name of names) globals.add(name);
  const exports = source.statements.flatMap(exportsOf);
  return { file, lines: text.split('\n').length - 1, imports, globals: [...globals].sort(), exports };
};

const FOLDERS = [...new Set(Object.keys(PARTS).map((part) => part.replace(/\/.*/, '')))];
const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
    .map((file) => read(join(folder, file))),
);
const imports = sources.flatMap((source) => source.imports);

const partOf = (file: string): string => Object.keys(PARTS).find((part) => file.startsWith(`${part}/`)) ?? '(outside)';

const isAllowed = ({ from, to, typeOnly }: Import): boolean => {
  const [part, other] = [partOf(from), partOf(to)];
  const { imports: allowed = [], types = [] } = PARTS[part] ?? {};
  return part === other || allowed.includes(other) || (typeOnly && types.includes(other));
};

/** The file that an import is compiled from. */
const sourceOf = (to: string): string => {
  const name = to.replace(/\.js$/, '');
  return WITH_JSX.has(`${name}.tsx`) ? `${name}.tsx` : `${name}.ts`;
};
const WITH_JSX = new Set(sources.map(({ file }) => file).filter((file) => file.endsWith('.tsx')));

/** The first import chain found that ends where it began. Types count: whoever reads one of such files has to read them all. */
const cycle = (): readonly string[] => {
  const needs = new Map(sources.map(({ file, imports: all }) => [file, all.map(({ to }) => to)]));
  const done = new Set<string>();
  const search = (file: string, chain: readonly string[]): readonly string[] => {
    if (chain.includes(file)) return [...chain.slice(chain.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const to of needs.get(file) ?? []) {
      const found = search(sourceOf(to), [...chain, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  return sources.map(({ file }) => search(file, [])).find((found) => found.length > 0) ?? [];
};

t.test('each folder imports only what it may', (t) => {
  t.ok(sources.length > 150 && imports.length > 500, 'the whole source is looked at');
  const told = imports.filter((found) => !isAllowed(found)).map(({ from, to }) => `${from} imports ${to}`);
  t.strictSame(told, [], 'ARCHITECTURE.md has the rules, and why');
  t.strictSame(cycle(), [], 'no file needs itself');
  const endings = imports.filter(({ to }) => !to.endsWith('.js')).map(({ from, to }) => `${from} imports ${to}`);
  t.strictSame(endings, [], 'relative imports end in .js');
  t.end();
});

t.test('what is exported is imported', (t) => {
  const imported = new Map<string, Set<string>>();
  for (const { to, names } of imports) imported.set(to, new Set([...(imported.get(to) ?? []), ...names]));
  const unused = sources
    .filter(({ file }) => !file.startsWith('api/generated/'))
    .flatMap(({ file, exports }) => {
      const names = imported.get(file.replace(/\.tsx?$/, '.js')) ?? new Set();
      return names.has('*') ? [] : exports.filter((name) => !names.has(name)).map((name) => `${file}: ${name}`);
    });
  t.strictSame(unused, [], 'specs count; what only its own file uses is private to it');
  t.end();
});

t.test('time, chance, environment, network and output come through ports', (t) => {
  const uses = sources
    .filter(({ file, globals }) => globals.length > 0 && !AT_THE_EDGE.test(file))
    .map(({ file, globals }) => [file, globals] as const);
  const inOrder = (table: Iterable<readonly [string, readonly string[]]>) =>
    Object.fromEntries([...table].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  t.strictSame(inOrder(uses), inOrder(Object.entries(ADAPTERS)), 'only in the files that are listed, and all of these');
  t.end();
});

t.test('files are small and named for what is in them', (t) => {
  const vague = sources.filter(({ file }) => /\/(utils?|helpers?|common|misc|types|index)(\.\w+)?\.tsx?$/.test(file));
  t.strictSame(
    vague.map(({ file }) => file),
    [],
    'no name that would fit everything',
  );
  const odd = sources.filter(({ file }) => !/^[a-z0-9-]+(\.(spec|contract))?\.tsx?$/.test(file.replace(/.*\//, '')));
  t.strictSame(
    odd.map(({ file }) => file),
    [],
    'names are kebab-case',
  );
  const long = sources.filter(({ file, lines }) => lines > 300 && !/^(test|api\/generated)\//.test(file));
  t.strictSame(
    long.map(({ file, lines }) => `${file}: ${lines} lines`),
    [],
    'no file outgrows its subject',
  );
  t.end();
});
