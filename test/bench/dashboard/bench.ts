/** The benchmark of the dashboard: what a page waits for, and what its server costs, with very many bundles on a real control plane. */
import { join } from 'node:path';
import { request } from 'undici';
import type { FeedLine } from '../../../dashboard/protocol.js';
import type { KubeClient } from '../../../kube/client.js';
import { connect } from '../../../kube/connect.js';
import { createKubeClient } from '../../../kube/http-client.js';
import { WERFBUNDLES } from '../../../kube/resources.js';
import { linesOf } from '../../../kube/watch-stream.js';
import { lookForBinaries } from '../../../playground/binaries/find.js';
import { startControlPlane } from '../../../playground/control-plane/start.js';
import { Kubectl } from '../../../playground/kubectl.js';
import { installManifests, uninstallWebhooks } from '../../../playground/operator.js';
import { runBenchmark, say } from '../benchmark.js';
import { type ParsedArguments, readArguments, USAGE_OF_OUTPUTS } from '../command-line.js';
import { asDeployed } from '../deployment.js';
import { Program } from '../program.js';
import { type Machine, megabytes, type Target, verdictOf } from '../report.js';
import { median } from '../statistics.js';
import { createBundles } from './fleet.js';

interface Size {
  readonly bundles: number;
  readonly rounds: number;
}

/** What one page waits for, milliseconds from its call. */
interface Sample {
  readonly firstMs: number;
  readonly allMs: number;
  /** The same bundles, listed by a client that keeps nothing, in the same round. */
  readonly listMs: number;
}

interface Results {
  readonly bundles: number;
  readonly samples: readonly Sample[];
  /** Bytes of the server: before a page, with one at a time, after ten at once, and at its highest, which is while it compiles itself. */
  readonly rss: { readonly idle: number; readonly one: number; readonly ten: number; readonly highest: number };
  readonly targets: readonly Target[];
}

/** Pages that are open at once. */
const PAGES = 10;
/** A page's wait for all bundles, in plain lists of them; and the server's memory with one page at a time, and after many at once, bytes. */
const MOST = { lists: 1.5, one: 100_000_000, ten: 130_000_000 } as const;
const FULL: Size = { bundles: 10_000, rounds: 7 };
const QUICK: Size = { bundles: 1_000, rounds: 3 };

const USAGE = `usage: npm run bench:dashboard [-- [--quick] [--bundles N] [--json FILE]]

  --quick           ${QUICK.bundles} bundles and ${QUICK.rounds} rounds instead of ${FULL.bundles} and ${FULL.rounds}
  --bundles N       how many bundles there are
${USAGE_OF_OUTPUTS}`;

const parse = (argv: readonly string[]): ParsedArguments<Size> =>
  readArguments(argv, 'bundles', ({ quick, own }) => {
    const size = quick ? QUICK : FULL;
    const bundles = own === undefined ? size.bundles : Number(own);
    return Number.isInteger(bundles) && bundles > 0
      ? { kind: 'ok', size: { ...size, bundles } }
      : { kind: 'invalid', problem: `--bundles: "${own}" is no number of bundles` };
  });

interface Page {
  readonly origin: string;
  readonly key: string;
}

/** Opens a page's feed, and reads it until all bundles were told. */
const openFeed = async ({ origin, key }: Page, bundles: number): Promise<Pick<Sample, 'firstMs' | 'allMs'>> => {
  const ending = new AbortController();
  const start = performance.now();
  const headers = { authorization: `Bearer ${key}` };
  const { statusCode, body } = await request(`${origin}/api/bundles`, { headers, signal: ending.signal });
  if (statusCode !== 200) throw new Error(`the dashboard answers ${statusCode}: ${await body.text()}`);
  let firstMs = 0;
  let told = 0;
  for await (const text of linesOf(body)) {
    const line = JSON.parse(text) as FeedLine;
    if (line.kind === 'bundles') {
      if (told === 0) firstMs = performance.now() - start;
      told += line.rows.length;
    }
    if (line.kind === 'listed') break;
  }
  const allMs = performance.now() - start;
  ending.abort();
  if (told !== bundles) throw new Error(`${told} bundles were told, of ${bundles}`);
  return { firstMs, allMs };
};

const listOnce = async (client: KubeClient): Promise<number> => {
  const start = performance.now();
  await client.list(WERFBUNDLES, { keep: () => undefined }, new AbortController().signal);
  return performance.now() - start;
};

const judge = ({ samples, rss }: Pick<Results, 'samples' | 'rss'>): readonly Target[] => {
  const lists = median(samples.map(({ allMs, listMs }) => allMs / listMs));
  return [
    {
      promise: `a page has all bundles within ${MOST.lists} plain lists of them`,
      measured: `${lists.toFixed(2)} lists`,
      met: lists <= MOST.lists,
    },
    {
      promise: `the server's memory stays below ${megabytes(MOST.one)} with a page at a time`,
      measured: megabytes(rss.one),
      met: rss.one < MOST.one,
    },
    {
      promise: `and below ${megabytes(MOST.ten)} after ${PAGES} at once`,
      measured: megabytes(rss.ten),
      met: rss.ten < MOST.ten,
    },
  ];
};

await runBenchmark<Size, Results>({
  usage: USAGE,
  parse,
  planOf: ({ bundles, rounds }) => `${rounds} pages after one another, then ${PAGES} at once, with ${bundles} bundles`,
  measure: async ({ bundles, rounds }, { root, folder }) => {
    const found = await lookForBinaries(process.env);
    if (found.kind !== 'found')
      throw new Error('the control plane\'s programs are not on this machine: "npm start" gets them');
    const { binaries } = found;
    const controlPlane = await startControlPlane({ dir: join(folder, 'control-plane'), binaries, say });
    const { kubeconfig } = controlPlane;
    const client = createKubeClient(await connect({ kubeconfig }));
    try {
      const kubectl = new Kubectl({
        program: binaries.kubectl,
        kubeconfig,
        context: undefined,
        home: folder,
        cwd: root,
      });
      const { server: apiserver, ca } = controlPlane;
      await installManifests({
        client,
        kubectl,
        server: apiserver,
        ca,
        root,
        timeScale: 1,
        dir: folder,
        say: () => {},
      });
      await uninstallWebhooks({ kubectl, root });
      say(`making ${bundles} bundles`);
      await createBundles(client, bundles, new AbortController().signal);
      const args = ['dashboard', `--kubeconfig=${kubeconfig}`, '--listen=127.0.0.1:0'];
      const portIn = (log: string): number | undefined => {
        const [, port] = /^http:\/\/127\.0\.0\.1:(\d+)\/#key=/m.exec(log) ?? [];
        return port === undefined ? undefined : Number(port);
      };
      const order = {
        name: 'dashboard',
        file: 'werfbundle.js',
        args,
        metered: true,
        portIn,
        nodeFlags: asDeployed(root, 'dashboard').nodeFlags,
      };
      const server = await Program.start(order, { folder });
      try {
        const page = { origin: `http://127.0.0.1:${server.port}`, key: /#key=(\S+)/.exec(server.log())?.[1] ?? '' };
        const idle = (await server.usage()).rss;
        const samples: Sample[] = [];
        let one = 0;
        for (let round = 0; round < rounds; round += 1) {
          const listMs = await listOnce(client);
          samples.push({ ...(await openFeed(page, bundles)), listMs });
          one = Math.max(one, (await server.usage()).rss);
          say(`round ${round + 1} of ${rounds}`);
        }
        await Promise.all(Array.from({ length: PAGES }, () => openFeed(page, bundles)));
        const { rss: ten, highestRss: highest } = await server.usage();
        const rss = { idle, one, ten, highest };
        return { bundles, samples, rss, targets: judge({ samples, rss }) };
      } finally {
        await server.stop();
      }
    } finally {
      await client.close();
      await controlPlane.stop();
    }
  },
  tableOf: ({ bundles, samples, rss, targets }, machine: Machine) => {
    const middle = (of: keyof Sample): string => `${median(samples.map((sample) => sample[of])).toFixed(0)} ms`;
    return [
      `${bundles} bundles: the first in ${middle('firstMs')}, all in ${middle('allMs')}; a plain list of them in ${middle('listMs')}`,
      `memory of the server: ${megabytes(rss.idle)} idle, ${megabytes(rss.one)} with a page at a time, ${megabytes(rss.ten)} after ${PAGES} at once; ${megabytes(rss.highest)} at its highest`,
      '',
      ...verdictOf(targets, machine),
    ].join('\n');
  },
});
