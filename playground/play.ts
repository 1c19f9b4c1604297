import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '../process/start-error.js';
import { systemClock, systemRandom } from '../process/system-clock.js';
import { GatherError, type Gathering, gatherBinaries } from './binaries/find.js';
import { reportTo } from './binaries/report.js';
import { plainVersion } from './binaries/versions.js';
import { BundleWatch } from './bundle-watch.js';
import type { CardFacts } from './by-hand/card.js';
import { writeSamples, writeTools } from './by-hand/files.js';
import { openCluster } from './cluster.js';
import { fileLog } from './file-log.js';
import { Kubectl } from './kubectl.js';
import { startNodeAgent } from './node-agent/start.js';
import {
  installGuard,
  installManifests,
  type OperatorDeps,
  startProgram,
  stopProgram,
  uninstallWebhooks,
} from './operator.js';
import type { PlaygroundOptions } from './options.js';
import { startRegistry } from './registry/start.js';
import type { Screen } from './screen/screen.js';
import type { Stage } from './stage.js';
import { judgedOffline } from './story/offline.js';
import { findWerf, tellWerf } from './werf/find.js';

/** Collects what has to be undone at the end, the last first. Each is tried even if others fail. */
class Undo {
  readonly #steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  add(what: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ what, undo });
  }

  async all(complain: (text: string) => void): Promise<void> {
    for (const { what, undo } of this.#steps.toReversed()) {
      await undo().catch((error: unknown) =>
        complain(`${what}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  }
}

/** Builds the stage, plays on it, and takes it down again, whatever happens. */
export const withStage = async (
  given: {
    readonly options: PlaygroundOptions;
    readonly screen: Screen;
    readonly root: string;
    readonly signal: AbortSignal;
  },
  play: (stage: Stage, surroundings: { readonly card: CardFacts; readonly source: string }) => Promise<void>,
): Promise<void> => {
  const undo = new Undo();
  try {
    const { stage, surroundings } = await build(given, undo);
    await play(stage, surroundings);
  } finally {
    await undo.all((text) => given.screen.broken(`while stopping ${text}`));
  }
};

const build = async (
  {
    options,
    screen,
    root,
    signal,
  }: {
    readonly options: PlaygroundOptions;
    readonly screen: Screen;
    readonly root: string;
    readonly signal: AbortSignal;
  },
  undo: Undo,
) => {
  const say = (line: string) => screen.say(line);
  const programs = await gatherPrograms({ options, screen, signal });
  await judgedOffline({ screen, root, signal });
  screen.heading('Surroundings');
  const werf = await findWerf({ given: options.werf, env: process.env, say, signal, download: true });
  const gettingRegistry = programs.dockerRegistry();
  gettingRegistry.catch(() => {}); // awaited below
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-playground-'));
  undo.add('the folder', () => rm(dir, { recursive: true, force: true }));
  const clock = systemClock;
  const cluster = await openCluster({ options, programs, dir, clock, say, signal });
  undo.add('the cluster', () => cluster.stop());
  const log = fileLog(join(dir, 'playground.log'));
  await programs.arrived('kubectl').catch(asStartError);
  const dockerRegistry = await gettingRegistry;
  const kubectl = new Kubectl({
    program: programs.binaries.kubectl,
    kubeconfig: cluster.kubeconfig,
    context: cluster.context,
    home: dir,
    cwd: root,
  });
  const startedRegistry = () =>
    startRegistry({
      dir: join(dir, 'registry'),
      say,
      ...(dockerRegistry !== undefined && { binary: dockerRegistry }),
      ...(port !== undefined && { port }),
    });
  let port: number | undefined;
  let registry = await startedRegistry();
  port = Number(registry.host.split(':').at(-1));
  undo.add('the registry', () => registry.stop());
  say(`registry: ${registry.kind === 'in-process' ? 'in this process' : 'docker-registry'} at ${registry.host}`);
  const agent = await startNodeAgent({
    client: cluster.client,
    server: cluster.server,
    dir: join(dir, 'node'),
    ca: cluster.nodeCa,
    werf: join(root, 'dist', 'werf-stand-in.js'),
    realWerf: werf.kind === 'real' ? werf.program : undefined,
    log,
    clock,
  });
  undo.add('the node agent', () => agent.stop());
  say('node agent: runs Pods as processes of this machine');
  say(`werf in them: ${tellWerf(werf)}`);
  const operator: OperatorDeps = {
    env: tracingVariables(process.env),
    client: cluster.client,
    kubectl,
    server: cluster.server,
    ca: cluster.serverCa,
    root,
    dir,
    timeScale: options.timeScale,
    say,
  };
  await installManifests(operator);
  await installGuard(operator);
  undo.add('the webhook configurations', () => uninstallWebhooks(operator));
  const started = await startOperator(operator, signal, undo);
  const bundles = new BundleWatch({ client: cluster.client, clock, random: systemRandom, log });
  const ending = new AbortController();
  const watchingBundles = bundles.start(ending.signal);
  undo.add('the watch', async () => {
    ending.abort();
    await watchingBundles;
  });
  const samples = await writeSamples({ root, dir, registryHost: registry.host });
  const applied = await kubectl.run(['apply', '-f', join(samples, 'namespace.yaml')]);
  if (applied.code !== 0) throw new StartError([applied.text.trim()]);
  if (options.timeScale !== 1)
    say(`time: a minute of the specs is ${60 / options.timeScale} seconds here (--time-scale ${options.timeScale})`);
  const stage: Stage = {
    screen,
    kubectl,
    bundles,
    registryHost: registry.host,
    registry: {
      stop: () => registry.stop(),
      start: async () => {
        registry = await startedRegistry();
        return registry;
      },
    },
    samples,
    werf: werf.kind,
    signal,
  };
  const tools = await writeTools({ dir, root, kubectl: programs.binaries.kubectl, context: cluster.context });
  const { kubeconfig } = cluster;
  const card = { root, kubeconfig, tools, samples, registryHost: registry.host, programs: started };
  return { stage, surroundings: { card, source: await programs.source() } };
};

/** Finds the programs; the missing ones are got meanwhile. @throws StartError */
const gatherPrograms = async ({
  options,
  screen,
  signal,
}: {
  readonly options: PlaygroundOptions;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}): Promise<Gathering> => {
  const version = options.kubernetes === undefined ? undefined : plainVersion(options.kubernetes);
  const given = options.kubeconfig !== undefined || options.context !== undefined;
  if (given && version !== undefined)
    throw new StartError(['--kubernetes: not with --kubeconfig or --context, which name a cluster that is there']);
  const say = (line: string) => screen.say(line);
  const report = reportTo({ stream: process.stdout, say, now: () => systemClock.monotonic() });
  const need = [given ? 'kubectl' : 'control-plane', 'registry'] as const;
  return gatherBinaries({ need, kubernetes: version, report, signal });
};

const asStartError = (error: unknown): never => {
  throw error instanceof GatherError ? new StartError(error.message.split('\n')) : error;
};

/** Whoever asks for traces asks webhook and controller for them. */
const tracingVariables = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith('OTEL_') && value !== undefined ? [[name, value]] : [],
    ),
  );

/** Both at once: each takes about a second. */
const startOperator = async (operator: OperatorDeps, signal: AbortSignal, undo: Undo) => {
  const starts = (['webhook', 'controller'] as const).map(async (program) => {
    const flags = program === 'webhook' ? ['--guard-values'] : [];
    const running = await startProgram({ ...operator, flags }, program, signal);
    undo.add(`the ${program}`, () => stopProgram(running));
    return running;
  });
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
};
