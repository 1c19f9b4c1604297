/** The benchmark of admission: what a request costs, against the least that Node and express can do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf, loadNow, machineOf } from '../report.js';
import { type Choice, parseArguments, USAGE } from './arguments.js';
import { measure, type Servers, startServers } from './measure.js';
import { MEMORY_FLAGS, measureMemory } from './memory.js';
import { trySizes } from './sizes.js';
import { type Surroundings, startSurroundings } from './surroundings.js';
import { tableOf } from './table.js';
import { judge, type Results } from './targets.js';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function highestRss(servers: Servers, more: number): Promise<number> {
  const webhooks = [servers['webhook-alone'], servers['webhook-five-gets'], servers['webhook-grants']];
  const used = await Promise.all(webhooks.map((server) => server.usage()));
  return Math.max(more, ...used.map(({ rss }) => rss));
}

async function runAll(surroundings: Surroundings, { plan, memory }: Choice): Promise<Results> {
  const servers = await startServers(surroundings);
  const samples = await measure({ servers, surroundings, plan }, (round) =>
    say(`round ${round + 1} of ${plan.rounds}`),
  );
  say(`memory after ${memory.early} and ${memory.late} requests`);
  const server = await surroundings.startWebhook('webhook-memory', MEMORY_FLAGS);
  const used = await measureMemory({ surroundings, server }, memory);
  const rss = await highestRss(servers, Math.max(used.early.rss, used.late.rss));
  say('large objects');
  return judge({ samples, memory: used, rss, sizes: await trySizes(surroundings, server) });
}

async function run(root: string, choice: Choice): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-run-'));
  const before = loadNow();
  let surroundings: Surroundings | undefined;
  try {
    surroundings = await startSurroundings({ folder, root, profile: choice.profile });
    const results = await runAll(surroundings, choice);
    const machine = machineOf(planOf(choice), before);
    console.log(tableOf(results, machine));
    if (choice.json !== undefined) {
      writeFileSync(choice.json, `${JSON.stringify({ machine, ...results }, undefined, 2)}\n`);
    }
    return exitCodeOf(results.targets);
  } finally {
    await surroundings?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const planOf = ({ plan }: Choice): string =>
  `medians of ${plan.rounds} interleaved rounds of ${plan.requests} requests`;

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
