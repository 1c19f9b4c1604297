import t from 'tap';
import { judgeValues, type ValuesToJudge } from '../../admission/values/judge-values.js';
import { type ValuesAnswer, ValuesPool } from '../../admission/values/values-pool.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { ValuesInput } from '../../api/values/resolve.js';
import { recordLog } from '../kit/record-log.js';
import { leastDelay, worstDelay } from '../kit/worst-delay.js';

const KIB = 1024;
const never = new AbortController().signal;

const source = (name: string, data: FoundSource['data'], rest: Partial<ValuesInput['source']> = {}): ValuesInput => ({
  source: { configMapRef: { name }, ...rest },
  found: { kind: 'ConfigMap', namespace: 'ops', name, data },
});
const ask = (sources: readonly ValuesInput[], inline?: Record<string, unknown>): ValuesToJudge => ({
  sources,
  ...(inline !== undefined && { inline }),
  bundleNamespace: 'ops',
  targetNamespace: 'production',
});
/** YAML of about that size, as people write it. */
const yaml = (bytes: number, name = 'service'): string => {
  const one = (at: number) =>
    `${name}${at}:\n  image:\n    repository: ghcr.io/acme/app-${at}\n    tag: v1.2.3\n  env:\n    - name: A\n      value: "b c"\n  enabled: true\n`;
  const parts = Array.from({ length: Math.floor(bytes / one(1000).length) }, (_, at) => one(at));
  return parts.join('');
};
const padded = (bytes: number): string => `p: 1\n#${'x'.repeat(bytes - 6)}`;

const pool = new ValuesPool({ log: recordLog() });

t.test('values are judged alike whether they are small, or large enough for a thread of their own', async (t) => {
  const field = 'spec.converge.valuesFrom[1].configMapRef.name';
  const text =
    'key "values.yaml" of ConfigMap ops/app-config is no YAML: line 7, column 6: mapping values are not allowed here';
  const broken = 'a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf:\n  g: h: i\n';
  const problem = {
    rule: 'values-not-yaml',
    code: 'FieldValueInvalid',
    field,
    message: `Invalid value: "app-config": ${text}`,
    text,
    source: { kind: 'ConfigMap', name: 'app-config', namespace: 'ops' },
    key: 'values.yaml',
    position: { line: 7, column: 6 },
  };
  const clash = {
    rule: 'values-clash',
    field: 'spec.converge.values',
    message:
      'a is a map in one of ConfigMap ops/base (key "v.yaml") and spec.converge.values and none in the other: the latter wins',
  };
  const missing = { source: { configMapRef: { name: 'missing' } } };
  const cases: readonly {
    title: string;
    sources: readonly ValuesInput[];
    inline?: Record<string, unknown>;
    want: object;
  }[] = [
    { title: 'nothing', sources: [], want: { problems: [], warnings: [] } },
    {
      title: 'a key that is no YAML',
      sources: [source('base', { 'v.yaml': 'a: 1' }), source('app-config', { 'values.yaml': broken })],
      want: { problems: [problem], warnings: [] },
    },
    {
      title: 'a source that is missing, which is not said here, before one that is broken',
      sources: [missing, source('app-config', { 'values.yaml': broken })],
      want: { problems: [problem], warnings: [] },
    },
    {
      title: 'what deserves a warning',
      sources: [source('base', { 'v.yaml': 'a: {b: 1}' })],
      inline: { a: 'x' },
      want: { problems: [], warnings: [clash] },
    },
  ];
  const ballast = source('ballast', { 'v.yaml': padded(8 * KIB) });
  for (const { title, sources, inline, want } of cases) {
    t.strictSame(await pool.judge(ask(sources, inline), never), { kind: 'judged', ...want }, title);
    const large = ask([...sources, ballast], inline);
    t.strictSame(await pool.judge(large, never), { kind: 'judged', ...want }, `${title}, in a thread`);
  }
  let deep: unknown = 1;
  for (let level = 0; level < 9_000; level += 1) deep = { a: deep };
  const tooDeep = await pool.judge(ask([ballast], { deep, wide: 'x'.repeat(20 * KIB) }), never);
  t.match(tooDeep, { kind: 'judged', problems: [{ field: 'spec.converge.values' }], warnings: [] }, 'nested values');
});

t.test('values that are too large to be parsed at admission are reported as unchecked', async (t) => {
  const answerTo = async (...sources: readonly ValuesInput[]): Promise<unknown> => {
    const answer = await pool.judge(ask(sources), never);
    return answer.kind === 'judged' ? [answer.problems.map(({ message }) => message), answer.warnings] : answer;
  };
  const skipped = (bytes: number) => ({
    rule: 'values-not-checked',
    field: 'spec.converge.valuesFrom[0].configMapRef.name',
    message: `not checked: key "v.yaml" of ConfigMap ops/big has ${bytes} bytes; at most 262144 of a key are checked at admission`,
  });
  t.strictSame(await answerTo(source('big', { 'v.yaml': padded(256 * KIB) })), [[], []], 'a key of 256 KiB is checked');
  t.strictSame(await answerTo(source('big', { 'v.yaml': `${padded(256 * KIB)}ä` })), [[], [skipped(262146)]]);
  t.strictSame(
    await answerTo(source('big', { 'v.yaml': padded(300_000), 'w.yaml': '- x' }), source('c', { 'v.yaml': '- x' })),
    [
      [
        'Invalid value: "big": key "w.yaml" of ConfigMap ops/big is a list, where a map of values is needed',
        'Invalid value: "c": key "v.yaml" of ConfigMap ops/c is a list, where a map of values is needed',
      ],
      [],
    ].map((list, index) => (index === 1 ? [skipped(300_000)] : list)),
    'the other keys are',
  );
  t.strictSame(
    await answerTo(source('big', { 'v.yaml': padded(300_000), 'w.yaml': 'a: 1' }, { key: 'w.yaml' })),
    [[], []],
    'a key that is not used is none of our business',
  );
  t.strictSame(await answerTo(source('big', { 'b.yaml': '', 'a.yaml': '' }, { key: 'c.yaml' })), [
    ['Invalid value: "big": ConfigMap ops/big has no key "c.yaml"; it has "a.yaml", "b.yaml"'],
    [],
  ]);
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => source(name, { 'v.yaml': padded(250_000) }));
  t.strictSame(await answerTo(...five), [
    [],
    [
      {
        rule: 'values-not-checked',
        field: 'spec.converge.valuesFrom',
        message: 'not checked: all sources together have 1250000 bytes; at most 1048576 are checked at admission',
      },
    ],
  ]);
  t.strictSame(
    await answerTo(...five, ...five),
    [['Too long: all sources together have 2500000 bytes; at most 2097152 are read'], []],
    'what the controller would not read either is refused',
  );
  const bad = Array.from({ length: 150 }, (_, at) => [`k${at}.yaml`, '- x'] as const);
  const many = await pool.judge(ask([source('many', Object.fromEntries(bad))]), never);
  t.equal(many.kind === 'judged' && many.problems.length, 101);
  t.equal(many.kind === 'judged' && many.problems.at(-1)?.message, 'Invalid value: "object": and 50 more problems');
});

/** A thread that does what the text of the only key says. */
const ODD_THREAD = `
import { parentPort, threadId } from 'node:worker_threads';
parentPort.on('message', ({ input }) => {
  const text = input.sources[0].found.data['v.yaml'];
  if (text.startsWith('hang')) for (;;);
  if (text.startsWith('throw')) throw new TypeError(text);
  if (text.startsWith('exit')) process.exit(3);
  if (text.startsWith('hoard')) for (const all = []; ; ) all.push(new Array(100_000).fill(text));
  parentPort.postMessage({ problems: [], warnings: [{ field: 'thread', message: String(threadId) }] });
});`;

const oddPool = () => {
  const log = recordLog();
  const file = new URL(`data:text/javascript,${encodeURIComponent(ODD_THREAD)}`);
  const odd = new ValuesPool({ log, file });
  const judge = (what: string, bytes = 4 * KIB, signal = never): Promise<ValuesAnswer> =>
    odd.judge(ask([source('c', { 'v.yaml': what.padEnd(bytes) })]), signal);
  /** Of which thread the answer came. */
  const thread = async (): Promise<string | undefined> => {
    const answer = await judge('answer');
    return answer.kind === 'judged' ? answer.warnings[0]?.message : answer.reason;
  };
  return { log, judge, thread };
};

t.test('a thread that is too slow, or dies, fails one request, and is replaced', async (t) => {
  const { log, judge, thread } = oddPool();
  const first = await thread();
  t.equal(await thread(), first, 'a thread serves many questions');

  const deadline = new AbortController();
  const hanging = judge('hang', 4 * KIB, deadline.signal);
  const behind = thread();
  // Until the thread has it.
  await new Promise((resolve) => setImmediate(resolve));
  deadline.abort();
  t.strictSame(await hanging, { kind: 'failed', reason: 'there was not enough time to read all values' });
  const second = await behind;
  t.notOk([undefined, first].includes(second), 'whoever waited is answered by a new one');
  t.equal((await judge('answer', 4 * KIB, deadline.signal)).kind, 'failed', 'no time at all is too little as well');
  t.strictSame(log.entries, [], 'users who have no time are no fault');

  const failed = { kind: 'failed', reason: "the thread that reads values ended; the webhook's log says why" };
  t.strictSame(await judge('throw secret text'), failed);
  t.strictSame(await judge('exit'), failed);
  t.match(log.entries, [
    { level: 'error', message: 'a thread ended', fields: { thread: 'values', fault: /^TypeError\n\s+at / } },
    { level: 'error', message: 'a thread ended', fields: { thread: 'values', fault: /^Error\n\s+at / } },
  ]);
  t.notMatch(JSON.stringify(log.entries), 'secret text', 'what an exception says may be what it read');
  t.strictSame(await judge('hoard'), {
    kind: 'judged',
    problems: [],
    warnings: [
      {
        rule: 'values-not-checked',
        field: 'spec.converge.valuesFrom',
        message: 'not checked: to read these values takes more memory than there is at admission',
      },
    ],
  });
  t.notOk([undefined, first, second].includes(await thread()), 'the next question is answered');

  const nowhere = new ValuesPool({ log, file: new URL('./nowhere.js', import.meta.url) });
  t.strictSame(await nowhere.judge(ask([source('c', { 'v.yaml': padded(4 * KIB) })]), never), failed, 'no program');
});

t.test('1 MB of YAML in one request does not hold up the others', async (t) => {
  const parts = Array.from({ length: 4 }, (_, at) => source(`c${at}`, { 'v.yaml': yaml(250_000, `s${at}x`) }));
  const question = ask(parts);
  await pool.judge(ask([source('warm', { 'v.yaml': yaml(64 * KIB) })]), never);
  const here = await worstDelay(() => judgeValues(question));
  const there = await leastDelay(() => pool.judge(question, never), { below: 50, tries: 8 });
  t.comment(`longest delay of the event loop: ${here.toFixed()} ms without threads, ${there.toFixed(1)} ms with`);
  t.ok(there < 50, `a delay of ${there.toFixed(1)} ms`);
  t.ok(there * 4 < here, 'and far less than without a thread');
});
