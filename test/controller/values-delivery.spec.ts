import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { deliveryOf, MAX_ARGUMENT_BYTES } from '../../api/values/delivery.js';
import { type ResolvedValues, resolveValues, sourceBytes, type ValuesInput } from '../../api/values/resolve.js';
import { pathText } from '../../api/values/value.js';
import { buildJob } from '../../controller/deploy/job.js';
import { SECRET_KEYS } from '../../controller/deploy/secret-names.js';
import { buildSecrets, presentSecrets } from '../../controller/deploy/secrets.js';
import { deliveredValues, type ValuesToDeliver } from '../../controller/values/delivered-values.js';
import { ReadingThread } from '../../controller/values/reading-thread.js';
import { ValuesReader } from '../../controller/values/values-reader.js';
import { expand } from '../../playground/node-agent/expansion.js';
import { parseCommandLine } from '../../playground/werf-stand-in/command-line.js';
import { mergedValues } from '../../playground/werf-stand-in/release-values.js';
import type { Values } from '../../playground/werf-stand-in/values.js';
import type { Log } from '../../process/ports.js';
import { systemClock } from '../../process/system-clock.js';
import { PROOF } from '../kit/builders.js';
import { recordLog } from '../kit/record-log.js';
import { leastDelay, worstDelay } from '../kit/worst-delay.js';

type Resolved = Extract<ResolvedValues, { kind: 'resolved' }>;

const from = (kind: 'ConfigMap' | 'Secret', name: string, values: unknown): ValuesInput => ({
  source: kind === 'ConfigMap' ? { configMapRef: { name } } : { secretRef: { name } },
  found: { kind, namespace: 'ops', name, data: { 'values.json': JSON.stringify(values) } },
});
const resolve = (sources: readonly ValuesInput[], inline?: Values): ResolvedValues =>
  resolveValues({ sources, ...(inline !== undefined && { inline }), bundleNamespace: 'ops', targetNamespace: 'ops' });
const resolved = (sources: readonly ValuesInput[], inline?: Values): Resolved => {
  const got = resolve(sources, inline);
  if (got.kind === 'invalid') throw new Error(got.message);
  return got;
};

/** The container's arguments as they stand in the Job, and the text of the Secret's file. */
const deployed = ({ leaves, secretTexts }: Pick<Resolved, 'leaves' | 'secretTexts'>) => {
  const { args: valuesArgs, file: valuesFile } = deliveryOf(leaves);
  const jobInputs = { valuesFile, dockerConfig: undefined, werfSecretKey: undefined, ca: undefined, secretTexts };
  const common = {
    bundle: { namespace: 'ops', name: 'my-app', uid: 'uid-1' },
    deployment: {
      number: 1,
      tag: 'v1',
      digest: 'sha256:a',
      reason: 'NewTag',
      checksum: 'k1:c',
      jobName: 'job',
    } as const,
    operatorVersion: '0.1.0',
    template: undefined,
  };
  const job = buildJob({
    ...common,
    settings: {
      registry: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      converge: {
        targetNamespace: 'ops',
        releaseName: 'my-app',
        cpu: '1',
        memory: '1Gi',
        logRetentionDays: 7,
        timeoutMs: 1_800_000,
        rollbackOnFailure: false,
      },
    },
    werfImage: 'werf',
    valuesArgs,
    secrets: presentSecrets(jobInputs),
  });
  const secrets = buildSecrets({ ...common, targetNamespace: 'ops', key: PROOF.key, jobInputs });
  const encoded = secrets.map(({ data }) => data?.[SECRET_KEYS.values]).find((text) => text !== undefined);
  const [container] = (job.spec?.template.spec?.['containers'] ?? []) as readonly {
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
  }[];
  return {
    args: container?.args ?? [],
    environment: new Map((container?.env ?? []).map(({ name, value = '' }) => [name, value])),
    file: encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8'),
  };
};

/** What werf makes of a Job: Kubernetes expands the arguments; then the file, --set and --set-string, in this order. */
const werfReads = ({ args, environment, file }: ReturnType<typeof deployed>): Values => {
  const command = parseCommandLine(
    args.map((arg) => expand(arg, environment)),
    {},
  );
  if (command.kind !== 'apply') throw new Error(command.kind === 'refused' ? command.message : command.kind);
  const { files, set, setString } = command.values;
  if (files.length !== (file === undefined ? 0 : 1)) throw new Error(`${files.length} files`);
  return mergedValues(file === undefined ? [] : [parse(file, { version: '1.1' }) as Values], { set, setString });
};

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB+jCC=\n-----END CERTIFICATE-----\n';
const deep = (levels: number): Values => (levels === 0 ? { a: 'x' } : { a: deep(levels - 1) });

/** Values of a ConfigMap → the arguments that carry them; what is not there is in the file, all of it and nothing else. */
const ROWS: readonly { title: string; values: Values; args?: readonly string[]; file?: Values }[] = [
  { title: 'nothing', values: {}, args: [] },
  { title: 'a text', values: { a: 'b' }, args: ['--set-string=a=b'] },
  { title: 'an empty text', values: { a: '' }, args: ['--set-string=a='] },
  { title: 'a text with a comma', values: { a: 'b,c=d' }, args: ['--set-string=a=b\\,c=d'] },
  { title: 'a text with equals signs', values: { a: '=b==' }, args: ['--set-string=a==b=='] },
  { title: 'a text with backslashes', values: { a: 'C:\\x\\' }, args: ['--set-string=a=C:\\\\x\\\\'] },
  {
    title: 'a text with brackets',
    values: { a: '[0]', b: 'x[1]' },
    args: ['--set-string=a=[0]', '--set-string=b=x[1]'],
  },
  { title: 'a text that is one brace', values: { a: '{' }, args: ['--set-string=a=\\{'] },
  {
    title: 'a text in braces',
    values: { a: '{}', b: '{x,y}' },
    args: ['--set-string=a=\\{}', '--set-string=b=\\{x\\,y}'],
  },
  { title: 'a text with quotes', values: { a: `"'` }, args: [`--set-string=a="'`] },
  { title: 'a text of several lines', values: { a: 'x\n  y\r\n' }, args: ['--set-string=a=x\n  y\r\n'] },
  { title: 'a PEM block', values: { a: PEM }, args: [`--set-string=a=${PEM}`] },
  { title: 'letters of the world', values: { 'grün 🚀': '漢字' }, args: ['--set-string=grün 🚀=漢字'] },
  { title: 'blanks around a text', values: { a: '  x  ' }, args: ['--set-string=a=  x  '] },
  { title: 'what Kubernetes would expand', values: { a: '$(HOME) $$ $' }, args: ['--set-string=a=$$(HOME) $$$$ $$'] },
  {
    title: 'texts that look like something else',
    values: { a: 'true', b: '007', c: 'null', d: '1e3', e: '1.0', f: 'yes', g: '3' },
    args: [
      ...['--set-string=a=true', '--set-string=b=007', '--set-string=c=null', '--set-string=d=1e3'],
      ...['--set-string=e=1.0', '--set-string=f=yes', '--set-string=g=3'],
    ],
  },
  { title: 'a text with a NUL, which no argument can hold', values: { a: 'x\0y' }, file: { a: 'x\0y' } },
  { title: 'booleans', values: { a: true, b: false }, args: ['--set=a=true', '--set=b=false'] },
  { title: 'null, which deletes a default', values: { a: { b: null } }, args: ['--set=a.b=null'] },
  {
    title: 'integers, which --set would have werf find changed for ever',
    values: { a: 0, b: -7, c: 1_000_000, d: 9_007_199_254_740_991 },
    file: { a: 0, b: -7, c: 1_000_000, d: 9_007_199_254_740_991 },
  },
  { title: 'fractions', values: { a: 1.5, b: -0.1, c: 1e-7 }, file: { a: 1.5, b: -0.1, c: 1e-7 } },
  { title: 'numbers with an exponent', values: { a: 1e21 }, file: { a: 1e21 } },
  { title: 'maps', values: { a: { b: { c: true } } }, args: ['--set=a.b.c=true'] },
  { title: 'an empty map', values: { a: {}, b: { c: {} } }, file: { a: {}, b: { c: {} } } },
  { title: 'lists', values: { a: [], b: [1, 'x'], c: [{ d: 1 }] }, file: { a: [], b: [1, 'x'], c: [{ d: 1 }] } },
  {
    title: 'a key with dots and slashes',
    values: { 'kubernetes.io/role': 'a' },
    args: ['--set-string=kubernetes\\.io/role=a'],
  },
  { title: 'a key with an index', values: { 'l[0]': 'a' }, args: ['--set-string=l\\[0]=a'] },
  {
    title: 'keys with the other characters of the grammar',
    values: { 'a,b': true, 'c=d': false, 'e\\f': null, '{g}': true, '--set': false, $: null },
    args: [
      ...['--set=$$=null', '--set=--set=false', '--set=a\\,b=true'],
      ...['--set=c\\=d=false', '--set=e\\\\f=null', '--set={g}=true'],
    ],
  },
  {
    title: 'a key that JavaScript has plans for',
    values: JSON.parse('{"__proto__":{"x":true}}'),
    args: ['--set=__proto__.x=true'],
  },
  {
    title: 'an empty key, which helm drops',
    values: { '': 1, a: { '': { b: 2 } } },
    file: { '': 1, a: { '': { b: 2 } } },
  },
  { title: 'a key with a NUL', values: { 'x\0': 1 }, file: { 'x\0': 1 } },
  { title: 'as many dots as helm takes', values: deep(30), args: [`--set-string=${'a.'.repeat(30)}a=x`] },
  { title: '... and one more', values: deep(31), file: deep(31) },
  {
    title: 'both',
    values: { a: { b: true, c: [2], d: { e: 'x' }, f: 3 } },
    args: ['--set=a.b=true', '--set-string=a.d.e=x'],
    file: { a: { c: [2], f: 3 } },
  },
  { title: 'a text of 128 KiB', values: { a: 'x'.repeat(131_072), b: 1 }, file: { a: 'x'.repeat(131_072), b: 1 } },
];

t.test('a value of a ConfigMap or the spec is an argument, if that means exactly this value to werf', (t) => {
  for (const { title, values, args = [], file } of ROWS) {
    for (const origin of ['ConfigMap', 'spec'] as const) {
      // Of a number in the spec that is no integer JavaScript can be sure of the digits are lost.
      if (origin === 'spec' && title === 'numbers with an exponent') continue;
      const got = origin === 'spec' ? resolved([], values) : resolved([from(origin, 'c', values)]);
      const made = deployed(got);
      t.strictSame(made.args.slice(2, 2 + args.length), args, `${title}, of a ${origin}`);
      t.strictSame(made.args[2 + args.length], '--repo', 'and no others');
      t.strictSame(made.file === undefined ? undefined : parse(made.file), file, 'the rest is in the file');
      t.strictSame(werfReads(made), values, 'werf reads what was written');
    }
    const secret = deployed(resolved([from('Secret', 's', values)]));
    t.strictSame(secret.args[2], '--repo', `${title}, of a Secret: no argument`);
    t.strictSame(werfReads(secret), values);
  }
  t.end();
});

t.test('who has won a value decides how it is delivered', (t) => {
  const base = { app: { replicas: 1, image: 'nginx', env: ['A'] }, password: 'from the ConfigMap', gone: { x: 1 } };
  const own = {
    app: { image: 'private', token: 'canary' },
    password: 'canary',
    gone: null,
    debug: { level: 'canary' },
  };
  const got = resolved([from('ConfigMap', 'c', base), from('Secret', 's', own)], {
    app: { replicas: 3, env: [] },
    debug: 'off',
  });
  const { args, file } = deliveryOf(got.leaves);
  t.strictSame(args, ['--set-string=debug=off']);
  t.strictSame(JSON.parse(file ?? ''), {
    app: { env: [], image: 'private', replicas: 3, token: 'canary' },
    gone: null,
    password: 'canary',
  });
  t.strictSame(werfReads(deployed(got)), got.values);
  t.end();
});

t.test('more than 64 KiB of arguments go into the file, every one of them', (t) => {
  const name = '--set-string=a=';
  const filled = (bytes: number) => resolved([from('ConfigMap', 'c', { a: 'x'.repeat(bytes - name.length), l: [] })]);
  const most = deliveryOf(filled(MAX_ARGUMENT_BYTES).leaves);
  t.strictSame([most.args.length, most.file], [1, '{\n  "l": []\n}\n'], '65,536 bytes are arguments');
  t.strictSame(deliveryOf(filled(MAX_ARGUMENT_BYTES + 1).leaves).args, [], 'one more, and none is');
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key-${at}`, `${at}`]));
  const got = resolved([from('ConfigMap', 'c', many), from('Secret', 's', { password: 'canary' })]);
  t.strictSame(deliveryOf(got.leaves).args, []);
  t.strictSame(werfReads(deployed(got)), { ...many, password: 'canary' });
  t.end();
});

t.test('a Secret of almost 1 MiB arrives', (t) => {
  const values = { certificates: PEM.repeat(Math.floor(999_000 / JSON.stringify(PEM).length)), small: 'canary' };
  const got = resolved([from('Secret', 's', values)]);
  t.ok((deployed(got).file ?? '').length > 950_000);
  t.strictSame(werfReads(deployed(got)), values);
  t.end();
});

/** In every text of a Secret, and in no other. */
const CANARY = 'S3CRET';
const KEYS = [
  ...['a', 'b', 'c', 'a.b', 'kubernetes.io/role', 'l[0]', '', '=', 'a,b', 'a\\', '\\', '{', '}', ' ', '[', ']', '.'],
  ...[
    '__proto__',
    'constructor',
    '$(HOME)',
    '$$',
    '\0',
    '-x',
    '--values',
    'grün',
    '🚀',
    'yes',
    '007',
    'null',
    '\n',
    '#',
  ],
];
const TEXTS = [
  ...[',', '=', '\\', '[', '{', '{}', '{a,b}', '}', '"', "'", '\n', '\r\n', PEM, 'grün 🚀', '  x  ', '\t', ''],
  ...['$(HOME)', '$$(HOME)', '$', '$$', '\\,', '\\{', 'a\\', 'true', '007', 'null', '1e3', '1.0', 'yes', '0', '-1'],
  ...['\0', '\u2028', '\ufeff', '\u007f', '~', '- a', 'a: b', '#', '--set=x=y', '-'],
];

const anyKey = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KEYS) },
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const anyText = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...TEXTS) },
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 999_999, 1_000_000, 0.1, -1.5, 1e-7, Number.MAX_SAFE_INTEGER),
);
/** A map as a source has it; texts are marked if it is a Secret. */
const anyValues = (mark: string) =>
  fc.letrec<{ map: Values; value: unknown }>((tie) => ({
    map: fc.dictionary(anyKey, tie('value'), { maxKeys: 5 }),
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      anyText.map((text) => mark + text),
      anyNumber,
      fc.boolean(),
      fc.constant(null),
      fc.constant([]),
      fc.constant({}),
      fc.array(
        anyText.map((text) => mark + text),
        { maxLength: 3 },
      ),
      tie('map'),
      tie('map'),
    ),
  })).map;
const anySource = fc.oneof(
  anyValues('').map((values) => ({ kind: 'ConfigMap' as const, values })),
  anyValues(CANARY).map((values) => ({ kind: 'Secret' as const, values })),
);

t.test('whatever is merged from wherever, werf reads just that, and no argument shows what a Secret has won', (t) => {
  const seen = { runs: 0, arguments: 0, files: 0, secrets: 0 };
  const law = fc.property(
    fc.array(anySource, { minLength: 1, maxLength: 4 }),
    fc.option(anyValues(''), { nil: undefined }),
    (sources, inline) => {
      const inputs = sources.map(({ kind, values }, at) => from(kind, `s${at}`, values));
      const got = resolved(inputs, inline && (JSON.parse(JSON.stringify(inline)) as Values));
      const made = deployed(got);
      const { args, file } = deliveryOf(got.leaves);
      const secretNames = got.leaves.filter(({ origin }) => origin.kind === 'Secret').map(({ path }) => pathText(path));
      seen.runs += 1;
      seen.arguments += args.length;
      seen.files += file === undefined ? 0 : 1;
      seen.secrets += secretNames.length;
      return (
        isDeepStrictEqual(werfReads(made), got.values) &&
        !made.args.some((arg) => arg.includes(CANARY)) &&
        !args.some((arg) => secretNames.some((name) => arg.startsWith(`--set=${name}=`))) &&
        isDeepStrictEqual(deliveryOf(got.leaves.toReversed()), { args, file })
      );
    },
  );
  t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }));
  t.comment(JSON.stringify(seen));
  t.ok(seen.runs >= 500 && Math.min(seen.arguments, seen.files, seen.secrets) > 200, 'all ways were taken often');
  t.end();
});

const never = new AbortController().signal;
const SETTINGS = {
  registry: { host: 'ghcr.io', repository: 'acme/app' },
  converge: { targetNamespace: 'ops', releaseName: 'app', rollbackOnFailure: false },
};
const ask = (sources: readonly ValuesInput[], inline?: Values): ValuesToDeliver => ({
  input: { sources, ...(inline !== undefined && { inline }), bundleNamespace: 'ops', targetNamespace: 'ops' },
  settings: SETTINGS,
  checksumKey: { id: 'k1', secret: Buffer.alloc(32, 7) },
});
const textOf = (name: string, kind: 'ConfigMap' | 'Secret', text: string): ValuesInput => {
  const { source, found } = from(kind, name, {});
  return { source, found: { kind, namespace: 'ops', name, ...found, data: { 'v.yaml': text } } };
};
const BALLAST = textOf('ballast', 'ConfigMap', `#${'x'.repeat(8_192)}\n{}`);

const readerFor = (t: Test, { log = recordLog(), file }: { log?: Log; file?: URL } = {}): ValuesReader => {
  const thread = new ReadingThread({ log, ...(file && { file }) });
  t.teardown(() => thread.stop());
  return new ValuesReader({ clock: systemClock, thread });
};

t.test(
  'the controller reads values alike whether they are small, or large enough for a thread of their own',
  async (t) => {
    const reader = readerFor(t);
    const sources = [from('ConfigMap', 'c', { a: true, b: [2] }), from('Secret', 's', { c: 'canary-1' })];
    const missing = { source: { configMapRef: { name: 'app-config' } } };
    const cases: readonly {
      title: string;
      question: (more: readonly ValuesInput[]) => ValuesToDeliver;
      want: object;
    }[] = [
      {
        title: 'values',
        question: (more) => ask([...sources, ...more], { d: '$(HOME)' }),
        want: {
          kind: 'resolved',
          checksum: /^k1:[0-9a-f]{64}$/,
          args: ['--set=a=true', '--set-string=d=$(HOME)'],
          file: '{\n  "b": [\n    2\n  ],\n  "c": "canary-1"\n}\n',
          secretTexts: ['canary-1'],
        },
      },
      {
        title: 'what is wrong with them',
        question: (more) => ask([missing, ...more]),
        want: { kind: 'invalid', message: "failed to get ConfigMap 'app-config' from namespace 'ops'" },
      },
    ];
    for (const { title, question, want } of cases) {
      const small = await reader.read(question([]), never);
      t.match(small, want, title);
      t.strictSame(await reader.read(question([BALLAST]), never), small, `${title}, in a thread`);
    }
  },
);

/** A thread that does what the text of the only key says. */
const ODD_THREAD = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ values }) => {
  const text = values.input.sources[0].found.data['v.yaml'];
  if (text.startsWith('hang')) for (;;);
  if (text.startsWith('throw')) throw new TypeError(text);
  if (text.startsWith('hoard')) for (const all = []; ; ) all.push(new Array(100_000).fill(text));
  parentPort.postMessage({ kind: 'invalid', message: 'answered' });
});`;

t.test('a thread that dies ends no controller', async (t) => {
  const log = recordLog();
  const reader = readerFor(t, { log, file: new URL(`data:text/javascript,${encodeURIComponent(ODD_THREAD)}`) });
  const read = (what: string, signal = never) => reader.read(ask([textOf('c', 'Secret', what.padEnd(4_096))]), signal);
  t.strictSame(await read('hoard'), {
    kind: 'invalid',
    message:
      'spec.converge.valuesFrom: to read all values takes more than 256 MB of memory: use fewer, or take apart what is one large key',
  });
  await t.rejects(read('throw canary'), { message: 'the thread that reads values ended' });
  t.match(log.entries, [
    { level: 'error', message: 'a thread ended', fields: { thread: 'values', fault: /^TypeError\n/ } },
  ]);
  t.notMatch(JSON.stringify(log.entries), 'canary', 'what an exception says may be what was read');
  const stopping = new AbortController();
  const hanging = read('hang', stopping.signal);
  const behind = read('answer');
  stopping.abort();
  await t.rejects(hanging, { code: 'aborted' }, 'whoever is stopped is stopped at once');
  t.strictSame(await behind, { kind: 'invalid', message: 'answered' }, 'and the next one has a thread again');
});

t.test('1 MB of YAML does not hold up the controller', async (t) => {
  const reader = readerFor(t);
  const lines = (name: string) =>
    Array.from({ length: 14_000 }, (_, at) => `# who needs it\n${name}-${at}: text-of-${name}-${at}`);
  const question = ask(
    ['c', 's'].map((name) => textOf(name, name === 'c' ? 'ConfigMap' : 'Secret', lines(name).join('\n'))),
  );
  await reader.read(ask([BALLAST]), never);
  t.ok(sourceBytes(question.input.sources) > 1_000_000);
  const here = await worstDelay(() => deliveredValues(question));
  const there = await leastDelay(() => reader.read(question, never), { below: 50, tries: 8 });
  t.comment(`longest delay of the event loop: ${here.toFixed()} ms without a thread, ${there.toFixed(1)} ms with`);
  const read = await reader.read(question, never);
  t.equal(
    read.kind === 'resolved' && read.secretTexts.length,
    27_000,
    'it was all read, with its keys of 6 characters or more',
  );
  t.ok(there * 4 < here, `${there.toFixed(1)} ms, which is far less than without a thread: ${here.toFixed()} ms`);
});
