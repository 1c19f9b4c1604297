import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outputs, ParsedArguments } from './command-line.js';
import { exitCodeOf, loadNow, type Machine, machineOf, type Target } from './report.js';

/** A benchmark as a program. */
interface Benchmark<Size, Results> {
  readonly usage: string;
  /** Reads its command line. */
  readonly parse: (argv: readonly string[]) => ParsedArguments<Size>;
  /** How it measures, in a sentence. */
  readonly planOf: (choice: Size & Outputs) => string;
  /**
   * Measures, and holds it against what was promised.
   * @param place - the checkout, and a folder that is deleted afterwards
   */
  readonly measure: (
    choice: Size & Outputs,
    place: { readonly root: string; readonly folder: string },
  ) => Promise<Results>;
  /** The results as a text for a terminal. */
  readonly tableOf: (results: Results, machine: Machine) => string;
}

/** Tells how far it is, where it does not disturb the results. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The main program of a benchmark, started by run.mjs with the checkout as its first argument. It sets the exit code. */
export const runBenchmark = async <Size, Results extends { readonly targets: readonly Target[] }>(
  benchmark: Benchmark<Size, Results>,
): Promise<void> => {
  const [root = '', ...argv] = process.argv.slice(2);
  const parsed = benchmark.parse(argv);
  switch (parsed.kind) {
    case 'help':
      console.log(benchmark.usage);
      break;
    case 'invalid':
      say(`${parsed.problem}\n\n${benchmark.usage}`);
      process.exitCode = 2;
      break;
    case 'ok':
      process.exitCode = await measureAndTell(benchmark, parsed.choice, root);
  }
};

const measureAndTell = async <Size, Results extends { readonly targets: readonly Target[] }>(
  { planOf, measure, tableOf }: Benchmark<Size, Results>,
  choice: Size & Outputs,
  root: string,
): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-run-'));
  const before = loadNow();
  try {
    const results = await measure(choice, { root, folder });
    const machine = machineOf(planOf(choice), before);
    console.log(tableOf(results, machine));
    if (choice.json !== undefined)
      writeFileSync(choice.json, `${JSON.stringify({ machine, ...results }, undefined, 2)}\n`);
    return exitCodeOf(results.targets);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
