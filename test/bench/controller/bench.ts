/** The benchmark of the controller: what many bundles cost, on a real control plane, with a registry in another process. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from '../../../playground/binaries/binaries.js';
import { lookForBinaries } from '../../../playground/binaries/find.js';
import { runBenchmark, say } from '../benchmark.js';
import { type Choice, parseArguments, USAGE } from './arguments.js';
import { withFixture } from './fixture.js';
import { placesOf } from './fleet.js';
import { type Measured, measure } from './measure.js';
import { tableOf } from './table.js';
import { judge } from './targets.js';

const findPrograms = async (): Promise<Binaries> => {
  const found = await lookForBinaries(process.env);
  if (found.kind === 'found') return found.binaries;
  throw new Error('the control plane\'s programs are not on this machine: "npm start" gets them');
};

/** Each size on a control plane of its own: nothing of one is left for the next. */
const measureAll = async (
  { plan, profile }: Choice,
  { root, folder }: { readonly root: string; readonly folder: string },
): Promise<readonly Measured[]> => {
  const binaries = await findPrograms();
  const measured: Measured[] = [];
  for (const bundles of plan.sizes) {
    const fixture = { root, binaries, timeScale: plan.timeScale, folder: join(folder, String(bundles)), profile };
    const tell = (text: string): void => say(`${new Date().toISOString().slice(11, 19)} ${bundles} bundles: ${text}`);
    measured.push(await withFixture(fixture, (built) => measure(built, { bundles, plan, say: tell })));
    rmSync(fixture.folder, { recursive: true, force: true });
  }
  return measured;
};

await runBenchmark({
  usage: USAGE,
  parse: parseArguments,
  planOf: ({ plan }) => {
    const slots = placesOf(plan.sizes.at(-1) ?? 0);
    return `bundles in up to ${slots} namespaces over as many repositories, polled every ${plan.pollSeconds / plan.timeScale} s`;
  },
  measure: async (choice, place) => {
    const sizes = await measureAll(choice, place);
    return { sizes, targets: judge(sizes) };
  },
  tableOf: ({ sizes, targets }, machine) => tableOf(sizes, targets, machine),
});
