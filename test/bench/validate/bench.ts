/** The benchmark of `werfbundle validate`: what one file costs beside a Node that does nothing, and how long many bundles take. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBenchmark, say } from '../benchmark.js';
import { type ParsedArguments, readArguments, USAGE_OF_OUTPUTS } from '../command-line.js';
import { type Machine, type Target, verdictOf } from '../report.js';
import { median } from '../statistics.js';

interface Size {
  /** Pairs of runs for one file. */
  readonly pairs: number;
  /** Runs for many bundles, in one file and in a file each. */
  readonly runs: number;
}

/** What was measured; all times in milliseconds. */
interface Results {
  readonly one: { readonly program: number; readonly bare: number; readonly more: number; readonly ratio: number };
  readonly inOneFile: number;
  readonly inFiles: number;
  readonly targets: readonly Target[];
}

const BUNDLES = 5_000;
/** Milliseconds that one file may take more than `node -e 0`, and that many bundles may take. */
const MOST_MORE = 150;
const MOST_MANY = 5_000;
const FULL: Size = { pairs: 25, runs: 5 };
const QUICK: Size = { pairs: 5, runs: 1 };

const USAGE = `usage: npm run bench:validate [-- [--quick] [--pairs N] [--json FILE] [--profile FOLDER]]

  --quick           ${QUICK.pairs} pairs instead of ${FULL.pairs}, and one run of many bundles
  --pairs N         how often one file is judged, each time beside a Node that does nothing
${USAGE_OF_OUTPUTS}`;

const parse = (argv: readonly string[]): ParsedArguments<Size> =>
  readArguments(argv, 'pairs', ({ quick, own }) => {
    const size = quick ? QUICK : FULL;
    const pairs = own === undefined ? size.pairs : Number(own);
    return Number.isInteger(pairs) && pairs > 0
      ? { kind: 'ok', size: { ...size, pairs } }
      : { kind: 'invalid', problem: `--pairs: "${own}" is no number of pairs` };
  });

const bundle = (at: number): string => `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata:
  name: app-${at}
  namespace: team-${at % 50}
spec:
  registry:
    url: ghcr.io/acme/app-${at}
    versionConstraint: ">=1.2.0 <2"
    pollInterval: 5m
  converge:
    serviceAccountName: deployer
    values:
      replicas: 2
      image: {repository: nginx, tag: "1.2"}
`;

/** Runs Node. @returns how long it took, ms @throws Error if it says that something is wrong */
const timed = (args: readonly string[]): number => {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
  return ms;
};

const writeBundles = (folder: string): { one: string; inOneFile: string; inFiles: string } => {
  const [one, inOneFile, inFiles] = [join(folder, 'one.yaml'), join(folder, 'all.yaml'), join(folder, 'all')];
  const all = Array.from({ length: BUNDLES }, (_, at) => bundle(at));
  writeFileSync(one, bundle(0));
  writeFileSync(inOneFile, all.join('---\n'));
  for (const [at, text] of all.entries()) {
    const team = join(inFiles, `team-${at % 50}`);
    mkdirSync(team, { recursive: true });
    writeFileSync(join(team, `app-${at}.yaml`), text);
  }
  return { one, inOneFile, inFiles };
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

const judge = ({ one, inOneFile, inFiles }: Omit<Results, 'targets'>): readonly Target[] => [
  {
    promise: `one file takes at most ${MOST_MORE} ms more than node -e 0, pair by pair`,
    measured: `${one.more.toFixed(0)} ms (${one.program.toFixed(0)} and ${one.bare.toFixed(0)}, ${one.ratio.toFixed(2)} times)`,
    met: one.more <= MOST_MORE,
  },
  {
    promise: `${BUNDLES} bundles take at most ${seconds(MOST_MANY)}`,
    measured: `${seconds(inOneFile)} in one file, ${seconds(inFiles)} in a file each`,
    met: Math.max(inOneFile, inFiles) <= MOST_MANY,
  },
];

await runBenchmark<Size, Results>({
  usage: USAGE,
  parse,
  planOf: ({ pairs, runs }) => `the median of ${pairs} pairs for one file, of ${runs} runs for many`,
  measure: async ({ pairs, runs, profile }, { folder }) => {
    const { one, inOneFile, inFiles } = writeBundles(folder);
    const program = [join(import.meta.dirname, 'werfbundle.js'), 'validate'];
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    // The first run of each warms the disk's cache.
    timed([...profiling, ...program, one]);
    timed(['-e', '0']);
    say(`${pairs} pairs`);
    const measured = Array.from({ length: pairs }, () => ({ a: timed([...program, one]), b: timed(['-e', '0']) }));
    say(`${BUNDLES} bundles`);
    const many = (file: string): number => median(Array.from({ length: runs }, () => timed([...program, file])));
    if (profile !== undefined) timed([...profiling, ...program, inOneFile]);
    const results = {
      one: {
        program: median(measured.map(({ a }) => a)),
        bare: median(measured.map(({ b }) => b)),
        more: median(measured.map(({ a, b }) => a - b)),
        ratio: median(measured.map(({ a, b }) => a / b)),
      },
      inOneFile: many(inOneFile),
      inFiles: many(inFiles),
    };
    return { ...results, targets: judge(results) };
  },
  tableOf: ({ targets }: Results, machine: Machine) => verdictOf(targets, machine).join('\n'),
});
