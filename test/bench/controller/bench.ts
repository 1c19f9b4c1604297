/** The benchmark of the controller: what many bundles cost, on a real control plane, with a registry in another process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from '../../../playground/binaries/binaries.js';
import { lookForBinaries } from '../../../playground/binaries/find.js';
import { exitCodeOf, loadNow, machineOf } from '../report.js';
import { type Choice, parseArguments, USAGE } from './arguments.js';
import { placesOf } from './fleet.js';
import { type Measured, measure } from './measure.js';
import { onStage } from './stage.js';
import { tableOf } from './table.js';
import { judge } from './targets.js';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function findPrograms(): Promise<Binaries> {
  const found = await lookForBinaries(process.env);
  if (found.kind === 'found') return found.binaries;
  throw new Error('the control plane\'s programs are not on this machine: "npm start" gets them');
}

/** Each size on a control plane of its own: nothing of one is left for the next. */
async function measureAll(root: string, folder: string, { plan, profile }: Choice): Promise<readonly Measured[]> {
  const binaries = await findPrograms();
  const measured: Measured[] = [];
  for (const bundles of plan.sizes) {
    const stage = { root, binaries, timeScale: plan.timeScale, folder: join(folder, String(bundles)), profile };
    const tell = (text: string): void => say(`${new Date().toISOString().slice(11, 19)} ${bundles} bundles: ${text}`);
    measured.push(await onStage(stage, (built) => measure(built, { bundles, plan, say: tell })));
    rmSync(stage.folder, { recursive: true, force: true });
  }
  return measured;
}

async function run(root: string, choice: Choice): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-run-'));
  const before = loadNow();
  try {
    const sizes = await measureAll(root, folder, choice);
    const targets = judge(sizes);
    const machine = machineOf(planOf(choice), before);
    console.log(tableOf(sizes, targets, machine));
    if (choice.json !== undefined)
      writeFileSync(choice.json, `${JSON.stringify({ machine, sizes, targets }, undefined, 2)}\n`);
    return exitCodeOf(targets);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const planOf = ({ plan }: Choice): string => {
  const places = placesOf(plan.sizes.at(-1) ?? 0);
  return `bundles in up to ${places} namespaces over as many repositories, polled every ${plan.pollSeconds / plan.timeScale} s`;
};

const [root = '', ...argv] = process.argv.slice(2);
const parsed = parseArguments(argv);
switch (parsed.kind) {
  case 'help':
    console.log(USAGE);
    break;
  case 'invalid':
    say(`${parsed.problem}\n\n${USAGE}`);
    process.exitCode = 2;
    break;
  case 'ok':
    process.exitCode = await run(root, parsed.choice);
}
