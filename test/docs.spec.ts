import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { POLL_DELAYS_MS } from '../api/backoff.js';
import { formatDuration } from '../api/duration.js';
import { type SchemaNode, SPEC_SCHEMA } from '../api/schema-node.js';
import { missingSource } from '../api/values/problem.js';
import { failureOf, failureOfStatus } from '../registry/failures.js';
import { judgeText } from './kit/judge-text.js';
import { OLDER_COMMANDS, onOneLine, verdicts } from './kit/older-guide.js';
import { missingRights } from './kit/werf-rights.js';

const ROOT = join(import.meta.dirname, '..');
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
  'charts/werfbundle/README.md',
];
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** What stands between two fences. `info` is the text behind the first: `yaml refused`. */
interface Block {
  readonly document: string;
  readonly info: string;
  readonly text: string;
}

const FENCED = /^( *)```(.*)\n([\s\S]*?)^\1```$/gm;
const blocksOf = (document: string): readonly Block[] =>
  [...read(document).matchAll(FENCED)].map(([, , info = '', text = '']) => ({ document, info, text }));
const blocks = DOCUMENTS.flatMap(blocksOf);
/** A document without its blocks. */
const proseOf = (document: string): string => read(document).replace(FENCED, '');

/** The text below a heading, up to the next heading of any level. */
const section = (document: string, heading: string): string => {
  const parts = proseOf(document).split(/^(#+ .*)$/m);
  const at = parts.findIndex((part) => /^#+ /.test(part) && part.replace(/^#+ /, '') === heading);
  if (at < 0) throw new Error(`${document} has no heading "${heading}"`);
  return parts[at + 1] ?? '';
};
const rowsOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('|'));
/** Whatever stands in backticks in the first cell of each row. */
const namesIn = (text: string): readonly string[] =>
  rowsOf(text).flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));

t.test('every bundle in the documents and samples is what it is said to be', async (t) => {
  const head = 'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: my-app, namespace: shops}\n';
  const samples = ['manifests/samples', 'manifests/samples/invalid', 'playground/samples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
      .map((file) => ({
        title: `${folder}/${file}`,
        refused: file === 'four-mistakes.yaml',
        text: read(join(folder, file)),
      })),
  );
  const written = blocks
    // test/cli/rules.spec.ts judges the examples of the rules.
    .filter(
      ({ document, info, text }) =>
        document !== 'docs/rules.md' && info.startsWith('yaml') && /^(kind: WerfBundle|spec:)$/m.test(text),
    )
    .map(({ document, info, text }) => ({
      title: `${document}: ${text.slice(0, 60).replaceAll('\n', ' ')}`,
      refused: info === 'yaml refused',
      text: /^kind: /m.test(text) ? text : head + text,
    }));
  t.ok(written.length >= 4 && samples.length >= 8, 'there are some');
  for (const { title, refused, text } of [...written, ...samples]) {
    for (const { verdict, problems } of await judgeText(title, text)) {
      const errors = problems.filter(({ severity }) => severity === 'error').map(({ field }) => field);
      t.equal(verdict === 'deny', refused, `${title}: ${refused ? 'refused' : `accepted, but for ${errors}`}`);
    }
  }
});

t.test('the Ingress that is shown leads to the dashboard, whose answers are not buffered', (t) => {
  const shown = blocks
    .filter(({ document, text }) => document === 'docs/dashboard.md' && /^kind: Ingress$/m.test(text))
    .map(({ text }) => parse(text));
  const { metadata, spec } = parse(read('manifests/dashboard/service.yaml'));
  t.match(shown, [
    {
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        namespace: metadata.namespace,
        annotations: { 'nginx.ingress.kubernetes.io/proxy-buffering': 'off' },
      },
      spec: {
        rules: [
          {
            http: {
              paths: [
                {
                  path: '/',
                  backend: { service: { name: metadata.name, port: { number: spec.ports[0].port } } },
                },
              ],
            },
          },
        ],
      },
    },
  ]);
  t.equal(shown[0].spec.rules[0].host, shown[0].spec.tls[0].hosts[0]);
  t.end();
});

t.test('every Role that is shown lets werf deploy, follow and uninstall', (t) => {
  const texts = [
    ...blocks.filter(({ info }) => info.startsWith('yaml')).map(({ document, text }) => ({ title: document, text })),
    { title: 'playground/samples/namespace.yaml', text: read('playground/samples/namespace.yaml') },
  ];
  const roles = texts.flatMap(({ title, text }) =>
    text
      .split(/^---$/m)
      .filter((part) => /^kind: Role$/m.test(part))
      .map((part) => ({ title, rules: (parse(part) as { readonly rules?: unknown }).rules })),
  );
  t.ok(roles.length >= 2);
  for (const { title, rules } of roles) t.same(missingRights(rules), [], title);
  const sample = read('manifests/samples/werf-converge.yaml').split(/^---$/m);
  const { rules } = parse(sample.find((part) => /^kind: Role$/m.test(part)) ?? '') as { readonly rules?: unknown };
  t.strictSame(roles.find(({ title }) => title === CONFIGURATION)?.rules, rules, 'as the samples and init have them');
  t.end();
});

t.test('what the README shows of a refusal is what the rules say', async (t) => {
  const [judged] = await judgeText('x', read('manifests/samples/invalid/four-mistakes.yaml'));
  const shown = blocks.find(({ document, text }) => document === 'README.md' && text.includes('is invalid:'));
  const lines = shown?.text
    .trim()
    .split('\n')
    .filter((line) => /^(\* |Warning: )/.test(line));
  const said = judged?.problems.map(
    ({ severity, field, message }) => `${severity === 'error' ? '* ' : 'Warning: '}${field}: ${message}`,
  );
  t.strictSame(lines?.toSorted(), said?.toSorted());
});

const TOP = readdirSync(ROOT, { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && !/^\.|^(dist|node_modules)$/.test(entry.name),
);

/** Anchors as GitHub makes them of headings, and those that are given by hand. */
const anchorsOf = (document: string): readonly string[] => {
  const headings = [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...read(document).matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
};

/** Where a name in brackets leads, `[0002]`: it stands at the end of the document, as `[0002]: docs/decisions/…`. */
const definitionsOf = (document: string): ReadonlyMap<string, string> =>
  new Map(
    [...proseOf(document).matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = '', target = '']) => [name, target]),
  );

const linksOf = (document: string): readonly string[] => [
  ...[
    ...proseOf(document)
      .replaceAll('\n', ' ')
      .matchAll(/\]\(([^)]+)\)/g),
  ].map(([, target = '']) => target),
  ...definitionsOf(document).values(),
];

const brokenLinks = (document: string): readonly string[] =>
  linksOf(document)
    .filter((target) => !target.startsWith('https://'))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? document : join(dirname(document), file);
      return !existsSync(join(ROOT, linked)) || (anchor !== undefined && !anchorsOf(linked).includes(anchor));
    });

t.test('every path, script and link leads somewhere', (t) => {
  const folders = TOP.map(({ name }) => name).join('|');
  const path = new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./-]*[\\w/]`, 'g');
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  for (const document of DOCUMENTS) {
    const code = [...proseOf(document).matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    const texts = [...code, ...blocks.filter((block) => block.document === document).map(({ text }) => text)];
    const gone = texts.flatMap((text) => text.match(path) ?? []).filter((found) => !existsSync(join(ROOT, found)));
    t.strictSame(gone, [], `${document}: every path exists`);
    const called = [...read(document).matchAll(/\bnpm (?:run (?:-s )?([a-z:]+)|(start|test)\b)/g)];
    t.strictSame(
      called.map(([, run, short = '']) => run ?? short).filter((script) => scripts[script] === undefined),
      [],
      `${document}: every script exists`,
    );
    t.strictSame(brokenLinks(document), [], `${document}: every link leads somewhere`);
  }
  t.end();
});

const DECISIONS = 'docs/decisions';
const INDEX = join(DECISIONS, 'README.md');

/** One decision, as its file tells it. */
interface DecisionFile {
  /** `0002-intent-before-job.md` */
  readonly file: string;
  readonly number: string;
  readonly title: string;
  /** `superseded by [0036](0036-arguments.md)` */
  readonly status: string;
  readonly headings: readonly string[];
}

const decisionIn = (file: string): DecisionFile => {
  const text = read(join(DECISIONS, file));
  const [, number = '', title = ''] = /^# (\d{4}): (.+)\n/.exec(text) ?? [];
  const [, status = ''] = /^- Status: (.+)$/m.exec(text) ?? [];
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);
  return { file, number, title, status, headings };
};
const decisions = readdirSync(join(ROOT, DECISIONS))
  .filter((file) => join(DECISIONS, file) !== INDEX)
  .map(decisionIn)
  .toSorted((a, b) => (a.number < b.number ? -1 : 1));

/** A line of the index: `- [0002](0002-intent-before-job.md): The intent is written first *(…)*`; the mark behind it may be absent. */
const INDEXED = /^- \[(\d{4})\]\(([^)]+)\): (.+?)(?: \*\((.+)\)\*)?$/gm;
/** What the index has of a status: `accepted` alone goes without saying, and so does the reason why a decision is obsolete. */
const markOf = (status: string): string => status.replace(/^accepted(, )?/, '').replace(/^obsolete: .*/, 'obsolete');

/** To another decision, as its number and its file: `[0036](0036-arguments.md)`. */
const referenceTo = ({ number, file }: DecisionFile): string => `[${number}](${file})`;

t.test(
  'decisions are numbered from 0001 without gaps, and each is once in the index, with its title and status',
  (t) => {
    t.ok(decisions.length > 60, 'there are some');
    t.strictSame(
      decisions.map(({ number }) => number),
      decisions.map((_, index) => String(index + 1).padStart(4, '0')),
      'no number is left out, none is there twice',
    );
    t.strictSame(
      decisions.filter(({ file, number }) => !new RegExp(`^${number}(-[a-z0-9]+)+\\.md$`).test(file)),
      [],
      'each file is named by its number and in kebab-case',
    );
    const indexed = [...read(INDEX).matchAll(INDEXED)].map(([, number, file, title, mark = '']) => ({
      number,
      file,
      title,
      mark,
    }));
    t.strictSame(
      indexed.toSorted((a, b) => ((a.number ?? '') < (b.number ?? '') ? -1 : 1)),
      decisions.map(({ number, file, title, status }) => ({ number, file, title, mark: markOf(status) })),
      'the index has them all, and no others',
    );
    t.end();
  },
);

t.test('each decision has a status, and one that is superseded or refined leads to a later one', (t) => {
  for (const { file, number, status, headings } of decisions) {
    const [, word, by] = /^(accepted|(?:accepted, refined|superseded) by (\[.*)|obsolete: .+)$/.exec(status) ?? [];
    t.ok(word, `${file}: "${status}" is a status`);
    if (by !== undefined) {
      const later = decisions.filter((other) => other.number > number).map(referenceTo);
      t.ok(later.includes(by), `${file}: ${by} is a later decision`);
    }
    t.strictSame(
      headings,
      ['Context', 'Decision', 'Rejected', 'Consequences'].filter((heading) => headings.includes(heading)),
      `${file}: its parts are in order`,
    );
    t.ok(headings.includes('Context') && headings.includes('Decision'), `${file}: it has a context and a decision`);
  }
  t.end();
});

t.test('a decision that a rule names by its number is the one that it leads to', (t) => {
  for (const document of DOCUMENTS) {
    const named = [...proseOf(document).matchAll(/\[(\d{4})\](?:\(([^)]+)\))?/g)];
    const definitions = definitionsOf(document);
    const astray = named.filter(([, number = '', target = definitions.get(number)]) => {
      const file = decisions.find((decision) => decision.number === number)?.file;
      return file === undefined || target === undefined || join(dirname(document), target) !== join(DECISIONS, file);
    });
    t.strictSame(
      astray.map(([text]) => text),
      [],
      document,
    );
    t.strictSame(
      [...definitions.keys()].filter((name) => !new RegExp(`\\[${name}\\](?!:)`).test(proseOf(document))),
      [],
      `${document}: it uses each link that it defines`,
    );
  }
  t.end();
});

t.test('no document names a machine of ours', (t) => {
  // The older guide's commands stand there word for word, /tmp/etag1 among them.
  for (const document of DOCUMENTS.filter((name) => name !== 'docs/guide-commands.md')) {
    const found = read(document).match(
      /registry\.npm\w+\.org|\b\w+\.debian\.org|(?<![\w.~$}])\/(?:work|tmp|root|home)\/\S*/g,
    );
    t.equal(found, null, document);
  }
  t.end();
});

const CONFIGURATION = 'docs/configuration.md';

/** Fields that hold values, by their paths: `registry.url`, `converge.valuesFrom[].key`; with their defaults. */
const fieldsOf = (node: SchemaNode, path = ''): readonly { readonly path: string; readonly standard: unknown }[] => {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, part]) =>
    fieldsOf(part, path === '' ? name : `${path}.${name}`),
  );
  const items = node.items?.properties === undefined ? [] : fieldsOf(node.items, `${path}[]`);
  return [...(node.properties === undefined ? [{ path, standard: node.default }] : below), ...items];
};

t.test('every field of the spec is explained, with its default', (t) => {
  const home = (path: string): readonly [heading: string, name: string] => {
    if (path.startsWith('converge.valuesFrom[].')) return ['valuesFrom', path.slice('converge.valuesFrom[].'.length)];
    const [, map, name] = /^(registry|converge)\.(.*)$/.exec(path) ?? [];
    return map === undefined || name === undefined ? ['spec, the rest', path] : [`spec.${map}`, name];
  };
  const fields = fieldsOf(SPEC_SCHEMA);
  t.ok(fields.length > 30);
  for (const { path, standard } of fields) {
    const [heading, name] = home(path);
    const row = rowsOf(section(CONFIGURATION, heading)).find((line) =>
      (line.split('|')[1] ?? '').includes(`\`${name}\``),
    );
    const shown = row?.split('|')[3] ?? '';
    const right =
      standard === undefined
        ? /^ (–|required|all keys|false|.*\(\*derived\*\)) $|`key`/.test(shown)
        : shown.includes(String(standard));
    t.ok(row !== undefined && right, `spec.${path}: ${shown}`);
  }
  t.end();
});

t.test('each promise of the security document is the title of a test, in the spec that it names', (t) => {
  const promises = [...proseOf('docs/security.md').matchAll(/\| `(test\/[\w/-]+\.spec\.ts)`: ([^|]+) \|/g)];
  t.ok(promises.length > 10, 'there are some');
  for (const [, file = '', title = ''] of promises)
    t.ok(readFileSync(join(ROOT, file), 'utf8').includes(title.replaceAll("'", "\\'")), `${file}: ${title}`);
  t.end();
});

t.test('every dependency is in its table', (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Readonly<Record<string, object>>;
  t.strictSame(
    namesIn(section('ARCHITECTURE.md', 'Dependencies')).toSorted(),
    Object.keys({ ...dependencies, ...devDependencies }).toSorted(),
  );
  t.end();
});

t.test('the index of the documents has them all', (t) => {
  const listed = linksOf('docs/README.md').map((target) => join('docs', target.replace(/#.*$/, '')));
  const others = DOCUMENTS.filter((document) => /^docs\/(?!decisions\/|alerts\/)/.test(document));
  t.strictSame(
    others.filter((document) => document !== 'docs/README.md' && !listed.includes(document)),
    [],
  );
  t.ok(linksOf('README.md').includes('docs/README.md'), 'README.md leads to it');
  t.end();
});

t.test('each command of the older guide has a verdict, and each that fails something else', (t) => {
  const told = verdicts();
  t.strictSame(
    told.map(({ line }) => line),
    OLDER_COMMANDS.map(onOneLine),
    'all of them, in the order of the guide',
  );
  t.strictSame(
    told.filter(({ asWritten, instead }) => !(asWritten === 'yes' || (asWritten === 'no' && instead.length > 1))),
    [],
  );
  const counted = /(\d+) work as they are written, for (\d+) something else does/.exec(read('docs/guide-commands.md'));
  const works = told.filter(({ asWritten }) => asWritten === 'yes').length;
  t.strictSame(counted?.slice(1), [String(works), String(told.length - works)], 'and they are counted right');
  t.end();
});

t.test('error messages of the guide are those that the code makes', (t) => {
  const guide = read('docs/troubleshooting.md');
  const coded = (code: string) => failureOf(Object.assign(new Error('x'), { code })).message;
  const polls = [
    ...[
      'UND_ERR_CONNECT_TIMEOUT',
      'ECONNREFUSED',
      'ENOTFOUND',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ].map(coded),
    ...[401, 403, 404, 429, 503].map((status) => failureOfStatus(status, undefined, 0).message),
  ];
  for (const message of polls) t.ok(guide.includes(`\`error polling registry: ${message}\``), message);
  const source = { configMapRef: { name: 'app-config' } };
  const bundleNamespace = 'k8s-werf-operator-go-system';
  for (const targetNamespace of [bundleNamespace, 'production']) {
    const { text } = missingSource(source, { index: 0, bundleNamespace, targetNamespace });
    t.ok(guide.includes(`\`${text}\``), text);
  }
  const delays = POLL_DELAYS_MS.map(
    (delay, index) => `\`consecutiveFailures: ${index + 1}\`, next poll after ${formatDuration(delay)}`,
  );
  for (const line of delays) t.ok(guide.includes(line), line);
  t.end();
});
