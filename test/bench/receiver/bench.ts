/** The benchmark of the receiver: what its calls cost beside the least that express can do with one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { runBenchmark, say } from '../benchmark.js';
import { type ParsedArguments, readArguments, USAGE_OF_OUTPUTS } from '../command-line.js';
import { asDeployed } from '../deployment.js';
import { Program } from '../program.js';
import { type Machine, megabytes, type Target, verdictOf } from '../report.js';
import { median } from '../statistics.js';

interface Size {
  readonly rounds: number;
  /** Calls of each kind in a round. */
  readonly calls: number;
}

/** What is measured: each kind of call in turn, so that whatever else the machine does meets all of them alike. */
type Kind = 'express' | 'ignored' | 'forged' | 'pushed';

/** One kind of call in one round. */
interface Sample {
  readonly kind: Kind;
  /** User and system time of the server alone, microseconds for each call. */
  readonly cpuMicros: number;
  readonly perSecond: number;
}

interface Results {
  readonly samples: readonly Sample[];
  /** Of the receiver's process at its highest, bytes. */
  readonly rss: number;
  readonly targets: readonly Target[];
}

const KINDS: readonly Kind[] = ['express', 'ignored', 'forged', 'pushed'];
const SECRET = 'a-secret-of-the-benchmark-alone';
const CONNECTIONS = 20;
/** A receiver takes a hundred calls at once: with so many of them, each round's calls are taken. */
const RECEIVERS = 2_000;
/** What a call may cost at most, in calls of express; and the memory of the process, bytes. */
const MOST = { ignored: 0.6, forged: 1, pushed: 3, rss: 160_000_000 } as const;
const FULL: Size = { rounds: 9, calls: 2_000 };
const QUICK: Size = { rounds: 3, calls: 500 };

const USAGE = `usage: npm run bench:receiver [-- [--quick] [--rounds N] [--json FILE] [--profile FOLDER]]

  --quick           ${QUICK.rounds} rounds of ${QUICK.calls} calls instead of ${FULL.rounds} of ${FULL.calls}
  --rounds N        how often each kind of call is measured
${USAGE_OF_OUTPUTS}`;

const parse = (argv: readonly string[]): ParsedArguments<Size> =>
  readArguments(argv, 'rounds', ({ quick, own }) => {
    const size = quick ? QUICK : FULL;
    const rounds = own === undefined ? size.rounds : Number(own);
    return Number.isInteger(rounds) && rounds > 0
      ? { kind: 'ok', size: { ...size, rounds } }
      : { kind: 'invalid', problem: `--rounds: "${own}" is no number of rounds` };
  });

/** A notification of CNCF Distribution; without a tag it is a layer's, which is no push. */
const notification = (at: number, tag: string | undefined): string =>
  JSON.stringify({
    events: [
      {
        id: `320678d8-ca14-430f-8bb6-${at}`,
        timestamp: new Date().toISOString(),
        action: 'push',
        target: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          size: 708,
          digest: `sha256:${'a'.repeat(64)}`,
          length: 708,
          repository: `acme/shop-${at % 100}`,
          url: 'http://registry:5000/v2/acme/shop/manifests/v1',
          ...(tag !== undefined && { tag }),
        },
        request: { id: '6df24a34', addr: '192.168.64.11:42961', host: 'registry:5000', method: 'PUT' },
        actor: {},
        source: { addr: 'registry:5000', instanceID: 'a53db899-3b4b-4a62-a067-8dd013beaca4' },
      },
    ],
  });

const STATUS: Readonly<Record<Kind, number>> = { express: 200, ignored: 200, forged: 401, pushed: 202 };
let made = 0;

/** Makes the calls of one sample over kept connections. @throws Error for an answer that is not right */
const measureOnce = async (kind: Kind, server: Program, pool: Pool, calls: number): Promise<Sample> => {
  const before = await server.usage();
  const start = performance.now();
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      made += 1;
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: `/receivers/r${made % RECEIVERS}`,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${kind === 'forged' ? 'of-somebody-else' : SECRET}`,
        },
        body: notification(made, kind === 'pushed' ? 'v1' : undefined),
      });
      const text = await body.text();
      if (statusCode !== STATUS[kind]) throw new Error(`${kind}: a wrong answer: ${statusCode} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const ms = performance.now() - start;
  const after = await server.usage();
  return { kind, cpuMicros: (after.cpuMicros - before.cpuMicros) / calls, perSecond: (calls * 1_000) / ms };
};

const middle = (samples: readonly Sample[], kind: Kind, of: 'cpuMicros' | 'perSecond'): number =>
  median(samples.filter((sample) => sample.kind === kind).map((sample) => sample[of]));

const judge = (samples: readonly Sample[], rss: number): readonly Target[] => {
  const express = middle(samples, 'express', 'cpuMicros');
  const of = (kind: Exclude<Kind, 'express'>, words: string): Target => {
    const ratio = middle(samples, kind, 'cpuMicros') / express;
    return {
      promise: `${words} costs at most ${MOST[kind]} calls of express`,
      measured: `${ratio.toFixed(2)} (${middle(samples, kind, 'cpuMicros').toFixed(0)} µs)`,
      met: ratio <= MOST[kind],
    };
  };
  return [
    of('ignored', 'a call that is no push'),
    of('forged', 'a forged call'),
    of('pushed', 'a push, passed on to the apiserver,'),
    { promise: `the receiver needs at most ${megabytes(MOST.rss)}`, measured: megabytes(rss), met: rss <= MOST.rss },
  ];
};

const writeReceivers = (folder: string): string => {
  const receivers = join(folder, 'receivers');
  mkdirSync(receivers);
  writeFileSync(join(receivers, 'secret'), SECRET);
  const all = Array.from({ length: RECEIVERS }, (_, at) => ({
    name: `r${at}`,
    type: 'Distribution',
    registry: 'registry:5000',
    secretFiles: ['secret'],
  }));
  writeFileSync(join(receivers, 'receivers.yaml'), JSON.stringify({ receivers: all }));
  return receivers;
};

const writeKubeconfig = (folder: string, port: number): string => {
  const file = join(folder, 'kubeconfig');
  const named = (what: object) => [{ name: 'stub', ...what }];
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'stub',
    clusters: named({ cluster: { server: `http://127.0.0.1:${port}` } }),
    users: named({ user: {} }),
    contexts: named({ context: { cluster: 'stub', user: 'stub' } }),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
};

await runBenchmark<Size, Results>({
  usage: USAGE,
  parse,
  planOf: ({ rounds, calls }) =>
    `the median of ${rounds} rounds of ${calls} calls of each kind, over ${CONNECTIONS} connections`,
  measure: async ({ rounds, calls, profile }, { root, folder }) => {
    const { nodeFlags } = asDeployed(root, 'receiver');
    const stub = await Program.start(
      { name: 'apiserver', file: 'stub-apiserver.js', args: [], metered: false },
      { folder },
    );
    const args = [
      ...[`--kubeconfig=${writeKubeconfig(folder, stub.port)}`, `--receivers-dir=${writeReceivers(folder)}`],
      ...['--listen=127.0.0.1:0', '--health-address=127.0.0.1:0', '--shutdown-delay=0s'],
    ];
    const receiver = await Program.start(
      { name: 'receiver', file: 'receiver.js', args, nodeFlags, metered: true, profile },
      { folder },
    );
    const express = await Program.start(
      { name: 'express', file: 'express-handler.js', args: [SECRET], metered: true },
      { folder },
    );
    const pools = new Map(
      [express, receiver].map((server) => [
        server,
        new Pool(`http://127.0.0.1:${server.port}`, { connections: CONNECTIONS }),
      ]),
    );
    const sample = (kind: Kind) => {
      const server = kind === 'express' ? express : receiver;
      const pool = pools.get(server);
      if (pool === undefined) throw new Error('a server without connections');
      // Pushes wait for a write each: fewer of them take as long.
      return measureOnce(kind, server, pool, kind === 'pushed' ? Math.ceil(calls / 10) : calls);
    };
    try {
      for (const kind of KINDS) await sample(kind);
      const samples: Sample[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const index of KINDS.keys())
          samples.push(await sample(KINDS[(index + round) % KINDS.length] ?? 'express'));
        say(`round ${round + 1} of ${rounds}`);
      }
      const { highestRss } = await receiver.usage();
      return { samples, rss: highestRss, targets: judge(samples, highestRss) };
    } finally {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      await Promise.all([receiver, express, stub].map((program) => program.stop()));
    }
  },
  tableOf: ({ samples, targets }: Results, machine: Machine) =>
    [
      ...KINDS.map((kind) => {
        const [cpu, rate] = [middle(samples, kind, 'cpuMicros'), middle(samples, kind, 'perSecond')];
        return `${kind.padEnd(8)}  ${cpu.toFixed(0).padStart(5)} µs of CPU, ${rate.toFixed(0).padStart(6)} calls a second`;
      }),
      '',
      ...verdictOf(targets, machine),
    ].join('\n'),
});
