import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { deliveryOf } from '../../api/values/delivery.js';
import { type ResolvedValues, resolveValues } from '../../api/values/resolve.js';
import { type HelmAnswer, type HelmQuestion, helm } from '../kit/helm-values.js';
import { valuesFiles } from '../kit/yaml-sources.js';

/** Answers of Helm's for who has no Go: written anew by `RECORD_HELM=1 npm test -- test/contract/helm-values.spec.ts`. */
const RECORDED = join(process.cwd(), 'test/contract/testdata/helm-values.json');

/** For what a source is refused here, though Helm reads it: docs/configuration.md has the list. */
const REFUSED_HERE =
  /has a key twice in one map|has an integer beyond 2\^53|has a number that JSON does not know|has aliases .* that stand for more than/;

const resolve = (files: readonly string[]): ResolvedValues =>
  resolveValues({
    sources: files.map((text, n) => ({
      source: { configMapRef: { name: `c${n}` } },
      found: { kind: 'ConfigMap', namespace: 'ops', name: `c${n}`, data: { 'values.yaml': text } },
    })),
    bundleNamespace: 'ops',
    targetNamespace: 'ops',
  });

/** What werf is given for it: the file comes before the arguments. */
const delivered = (got: ResolvedValues): HelmQuestion => {
  const { args, file } = deliveryOf(got.kind === 'resolved' ? got.leaves : []);
  const after = (flag: string) => args.flatMap((arg) => (arg.startsWith(`${flag}=`) ? arg.slice(flag.length + 1) : []));
  return { files: file === undefined ? [] : [file], sets: after('--set'), setStrings: after('--set-string') };
};

/** How a case differs from Helm's answer; undefined: it does not. */
const difference = (got: ResolvedValues, { values, error }: HelmAnswer): string | undefined => {
  if (got.kind === 'invalid')
    return error !== undefined || REFUSED_HERE.test(got.message) ? undefined : `refused here: ${got.message}`;
  if (error !== undefined) return `refused by Helm: ${error}`;
  // A zero of JSON has no sign here.
  const theirs = JSON.parse(JSON.stringify(values ?? {}).replaceAll(/(?<=[:[,])-0(?=[,\]}])/g, '0'));
  return isDeepStrictEqual(JSON.parse(JSON.stringify(got.values)), theirs) ? undefined : 'other values';
};

interface Case {
  readonly files: readonly string[];
  readonly got: ResolvedValues;
}

const casesOf = (seed: number, count: number): readonly Case[] =>
  valuesFiles(seed, count).map((files) => ({ files, got: resolve(files) }));

const tell = (cases: readonly Case[], differences: readonly (string | undefined)[]): readonly string[] =>
  differences
    .flatMap((text, n) => (text === undefined ? [] : [`${text}\n${cases[n]?.files.join('\n--- next file\n')}`]))
    .slice(0, 3);

const helmIs = await helm();
const skip = helmIs.kind === 'missing' && `Helm's own reader can't be built here: ${helmIs.why}`;

t.test(
  'of 10,000 commands with files of values, Helm reads and merges each as it is done here',
  { skip },
  async (t) => {
    t.setTimeout(600_000);
    if (helmIs.kind === 'missing') return;
    for (const seed of [1, 2, 3, 4, 5]) {
      const cases = casesOf(seed, 2_000);
      const answers = await helmIs.ask(cases);
      t.equal(answers.length, cases.length);
      const differences = cases.map(({ got }, n) =>
        difference(got, answers[n] ?? { values: null, error: 'no answer' }),
      );
      t.strictSame(tell(cases, differences), [], `cases of seed ${seed}`);
      const resolved = cases.filter(({ got }) => got.kind === 'resolved');
      t.ok(resolved.length > 1_500, `most are read: ${resolved.length}`);
      const arrived = await helmIs.ask(resolved.map(({ got }) => delivered(got)));
      t.strictSame(
        tell(
          resolved,
          resolved.map(({ got }, n) => difference(got, arrived[n] ?? { values: null, error: 'no answer' })),
        ),
        [],
        'and what is delivered to werf arrives as it is',
      );
    }
  },
);

/** Seed and number of the recorded cases. */
const SEED = 500;
const COUNT = 500;

/** The file: a digest of all sources, and one of each answer of Helm's, `-` where it refuses. */
interface Recorded {
  readonly files: string;
  readonly answers: string;
}

const digestOf = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 8);

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sorted(item)]);
};

t.test('of 500 more, each is read and merged as Helm did when they were recorded', async (t) => {
  const cases = casesOf(SEED, COUNT);
  const files = digestOf(cases.map((item) => item.files));
  if (helmIs.kind === 'built' && process.env['RECORD_HELM'] !== undefined) {
    const answers = (await helmIs.ask(cases)).map(({ values, error }) =>
      error === undefined ? digestOf(values ?? {}) : '-',
    );
    await writeFile(RECORDED, `${JSON.stringify({ files, answers: answers.join(' ') })}\n`);
  }
  const recorded = JSON.parse(await readFile(RECORDED, 'utf8')) as Recorded;
  t.equal(files, recorded.files, 'they are the ones that were recorded: record them anew if not');
  const answers = recorded.answers.split(' ');
  t.equal(answers.length, COUNT);
  const wrong = cases.filter(({ got }, n) =>
    got.kind === 'invalid'
      ? answers[n] !== '-' && !REFUSED_HERE.test(got.message)
      : digestOf(got.values) !== answers[n],
  );
  t.strictSame(
    wrong.map((item) => item.files.join('\n--- next file\n')),
    [],
  );
});
