/** The benchmark of admission: what a request costs, against the least that Node and express can do. */
import { runBenchmark, say } from '../benchmark.js';
import { type Choice, parseArguments, USAGE } from './arguments.js';
import { measureAttack } from './attack.js';
import { measure, type Servers, startServers } from './measure.js';
import { MEMORY_FLAGS, measureMemory } from './memory.js';
import { trySizes } from './sizes.js';
import { type Surroundings, startSurroundings } from './surroundings.js';
import { tableOf } from './table.js';
import { judge, type Results } from './targets.js';

const highestRss = async (servers: Servers, more: number): Promise<number> => {
  const webhooks = [servers['webhook-alone'], servers['webhook-five-gets'], servers['webhook-grants']];
  const used = await Promise.all(webhooks.map((server) => server.usage()));
  return Math.max(more, ...used.map(({ rss }) => rss));
};

const rssWithCharts = async (servers: Servers): Promise<number> => (await servers['webhook-charts'].usage()).rss;

const measureAll = async (surroundings: Surroundings, { plan, memory }: Choice): Promise<Results> => {
  const servers = await startServers(surroundings);
  const samples = await measure({ servers, surroundings, plan }, (round) =>
    say(`round ${round + 1} of ${plan.rounds}`),
  );
  say('slow callers');
  const attack = await measureAttack({ surroundings, server: servers['webhook-alone'] }, plan);
  say(`memory after ${memory.early} and ${memory.late} requests`);
  const server = await surroundings.startWebhook('webhook-memory', MEMORY_FLAGS);
  const used = await measureMemory({ surroundings, server }, memory);
  const rss = await highestRss(servers, Math.max(used.early.rss, used.late.rss));
  say('large objects');
  const withCharts = await rssWithCharts(servers);
  return judge({
    samples,
    attack,
    memory: used,
    rss: { rss, withCharts },
    sizes: await trySizes(surroundings, server),
  });
};

await runBenchmark({
  usage: USAGE,
  parse: parseArguments,
  planOf: ({ plan }) => `medians of ${plan.rounds} interleaved rounds of ${plan.requests} requests`,
  measure: async (choice, place) => {
    const surroundings = await startSurroundings({ ...place, profile: choice.profile });
    try {
      return await measureAll(surroundings, choice);
    } finally {
      await surroundings.stop();
    }
  },
  tableOf,
});
