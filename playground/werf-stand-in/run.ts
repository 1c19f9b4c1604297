import { isDeepStrictEqual } from 'node:util';
import { type Behaviour, behave, behavioursOf } from './behaviour.js';
import { type Chart, readChart } from './chart.js';
import { type Command, parseCommandLine } from './command-line.js';
import {
  applyObject,
  type Change,
  changeOf,
  type DeployedObject,
  deleteObject,
  desiredObject,
  readObject,
} from './deployed-object.js';
import { type InCluster, inCluster } from './in-cluster.js';
import { type Planned, tellPlan } from './plan.js';
import { pullBundle } from './registry-pull.js';
import { lockRelease } from './release-lock.js';
import type { Release } from './release-record.js';
import { forget, type Recorded, readHistory, record } from './release-store.js';
import { releaseValues } from './release-values.js';
import type { Values } from './values.js';

/** What the stand-in needs of its process. */
interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly now: () => Date;
}

/** The first line of everything, so that nobody takes this for werf. */
export const FIRST_LINE = 'werf stand-in of the playground: this is not werf, no chart is deployed';

type Deployment = Extract<Command, { readonly kind: 'apply' | 'plan' }>;

/** What is to be deployed. */
interface Pulled {
  readonly chart: Chart;
  readonly digest: string;
  readonly values: Values;
}

interface Seen extends Pulled {
  readonly history: readonly Recorded[];
  readonly desired: DeployedObject;
  /** What is to be done to the object; undefined: it is as it should be. */
  readonly change: Change | undefined;
}

interface ReleaseName {
  readonly release: string;
  readonly namespace: string;
}

const called = ({ release, namespace }: ReleaseName): string => `release "${release}" (namespace: "${namespace}")`;

/** Says what was being done when something failed, as Go programs do. */
async function during<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function pull(command: Deployment, { environment, print }: Surroundings): Promise<Pulled> {
  const { bundle } = command;
  const pulled = await during('pull bundle', pullBundle(bundle, environment['SSL_CERT_FILE']));
  print(`Pulled bundle ${bundle.repo}:${bundle.tag} (${pulled.digest})`);
  const chart = readChart(pulled.layer);
  const values = await during('release install: values', releaseValues(command.values));
  return { chart, digest: pulled.digest, values };
}

/** What the cluster has of it. */
async function observe(cluster: InCluster, command: Deployment, pulled: Pulled): Promise<Seen> {
  const { bundle, release, namespace } = command;
  const { chart, digest } = pulled;
  const history = await during('release install: get release history', readHistory(cluster, release, namespace));
  const desired = desiredObject({ release, namespace, chart, tag: bundle.tag, digest });
  const found = await during('release install: get resources', readObject(cluster, desired));
  return { ...pulled, history, desired, change: changeOf(desired, found) };
}

function planOf(seen: Seen): Planned {
  if (seen.change !== undefined) return { kind: 'resources', changes: [seen.change] };
  return isRecorded(seen) ? { kind: 'nothing' } : { kind: 'release-only' };
}

/** Whether the last version that was recorded is deployed and just this. */
function isRecorded(seen: Seen): boolean {
  const last = seen.history.at(-1)?.release;
  // As JSON has them: what was recorded went through it.
  const values: unknown = JSON.parse(JSON.stringify(seen.values));
  return last?.status === 'deployed' && last.digest === seen.digest && isDeepStrictEqual(last.values, values);
}

/** Does `work` while nobody else changes the release. */
async function locked(given: {
  readonly doing: 'release install' | 'release uninstall';
  readonly cluster: InCluster;
  readonly of: ReleaseName;
  readonly around: Surroundings;
  readonly work: () => Promise<number>;
}): Promise<number> {
  const { cluster, of, around } = given;
  const { release, namespace } = of;
  const onWait = () => around.print(`Waiting for the lock of ${called(of)}`);
  const wanted = { cluster, release, namespace, now: around.now, onWait };
  const unlock = await during(`${given.doing}: lock release`, lockRelease(wanted));
  try {
    return await given.work();
  } finally {
    await unlock();
  }
}

type Apply = Extract<Command, { readonly kind: 'apply' }>;

async function apply(command: Apply, around: Surroundings): Promise<number> {
  const pulled = await pull(command, around);
  const cluster = await inCluster(around.environment);
  const work = () => applyLocked(cluster, command, pulled, around);
  return await locked({ doing: 'release install', cluster, of: command, around, work });
}

async function applyLocked(cluster: InCluster, command: Apply, pulled: Pulled, around: Surroundings): Promise<number> {
  const { release, namespace, historyMax, bundle } = command;
  const seen = await observe(cluster, command, pulled);
  const behaviours = behavioursOf(seen.chart.annotations);
  const where = called(command);
  const printing = behaviours.filter(({ kind }) => kind === 'print-values');
  for (const behaviour of printing) await behave(behaviour, seen.values, around.print);
  if (planOf(seen).kind === 'nothing') {
    around.print(`Skipped ${where}: cluster resources already as desired`);
    return 0;
  }
  const { history } = seen;
  const recorded = async (status: Release['status']) => {
    const version = (history.at(-1)?.version ?? 0) + 1;
    const chart = { name: seen.chart.name, version: seen.chart.version };
    const what = { name: release, namespace, version, status, chart, tag: bundle.tag, digest: seen.digest };
    const made = { ...what, values: seen.values, deployedAt: around.now().toISOString() };
    await during('release install: create release', record({ cluster, release: made, history, historyMax }));
  };
  around.print(`Starting ${where}`);
  try {
    for (const behaviour of behaviours.filter(isOfApply)) await behave(behaviour, seen.values, around.print);
    await during('release install: apply', applyObject(cluster, deployed(seen.desired, behaviours)));
  } catch (error) {
    await recorded('failed');
    throw error;
  }
  await recorded('deployed');
  around.print(`Succeeded ${where}`);
  return 0;
}

const isOfApply = ({ kind }: Behaviour): boolean => ['slow', 'memory', 'oom', 'fail'].includes(kind);
const isOfPlan = ({ kind }: Behaviour): boolean => kind === 'slow-plan' || kind === 'fail-plan';

/** Half of it, if the chart wants that: then each plan finds something to do. */
function deployed(desired: DeployedObject, behaviours: readonly Behaviour[]): DeployedObject {
  if (!behaviours.some(({ kind }) => kind === 'half')) return desired;
  const { tag: _, ...data } = desired.data;
  return { ...desired, data };
}

async function plan(command: Extract<Command, { kind: 'plan' }>, around: Surroundings): Promise<number> {
  const pulled = await pull(command, around);
  const seen = await observe(await inCluster(around.environment), command, pulled);
  const behaviours = behavioursOf(seen.chart.annotations).filter(isOfPlan);
  for (const behaviour of behaviours) await behave(behaviour, seen.values, around.print);
  const told = tellPlan(planOf(seen), called(command));
  for (const line of told.lines) around.print(line);
  if (!command.exitCode) return 0;
  if (told.error !== undefined) around.printError(`Error: ${told.error}`);
  return told.code;
}

async function dismiss(command: Extract<Command, { kind: 'dismiss' }>, around: Surroundings): Promise<number> {
  const { release, namespace } = command;
  const cluster = await inCluster(around.environment);
  const work = async () => {
    await during('release uninstall', deleteObject(cluster, release, namespace));
    const count = await during('release uninstall', forget(cluster, release, namespace));
    const where = called(command);
    around.print(count === 0 ? `Skipped ${where} uninstall: no release found` : `Uninstalled ${where}`);
    return 0;
  };
  return await locked({ doing: 'release uninstall', cluster, of: command, around, work });
}

function execute(command: Command, around: Surroundings): Promise<number> {
  switch (command.kind) {
    case 'apply':
      return apply(command, around);
    case 'plan':
      return plan(command, around);
    case 'dismiss':
      return dismiss(command, around);
    case 'version':
      around.print('v0.0.0-stand-in');
      return Promise.resolve(0);
    case 'refused':
      return Promise.reject(new Error(command.message));
  }
}

/**
 * Runs one command line. Never rejects.
 * @param words - without the program's name
 * @returns the exit code: 0, 1 after an error; with --exit-code 2 or 3 for a plan that finds something to do
 */
export async function run(words: readonly string[], around: Surroundings): Promise<number> {
  around.print(FIRST_LINE);
  try {
    return await execute(parseCommandLine(words, around.environment), around);
  } catch (error) {
    around.printError(`Error: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
