import { isDeepStrictEqual } from 'node:util';
import { type Chart, readChart } from './chart.js';
import type { Command } from './command-line.js';
import { type Change, changeOf, type DeployedObject, desiredObject, readObject } from './deployed-object.js';
import type { InCluster } from './in-cluster.js';
import type { Outdated, Planned } from './plan.js';
import { pullBundle } from './registry-pull.js';
import type { Release } from './release-record.js';
import { type Recorded, readHistory } from './release-store.js';
import { hasIntegers, releaseValues } from './release-values.js';
import type { Values } from './values.js';

/** What the stand-in needs of its process. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly now: () => Date;
  /** Registers what to undo if the process is told to end; the returned function removes that. */
  readonly onTermination: (undo: () => Promise<void>) => () => void;
}

type Deployment = Extract<Command, { readonly kind: 'apply' | 'plan' }>;

/** What is to be deployed. */
interface Pulled {
  readonly chart: Chart;
  readonly digest: string;
}

/** What the cluster has of it, and what it should have. */
export interface Seen extends Pulled {
  readonly values: Values;
  /** Whether the values differ from any that were recorded, whatever they are. */
  readonly unequal: boolean;
  readonly history: readonly Recorded[];
  /** The last version that was deployed. */
  readonly deployedBefore: Release | undefined;
  readonly desired: DeployedObject;
  /** The change that the object needs; undefined: none. */
  readonly change: Change | undefined;
}

/** Adds to an error what was being done, as Go programs do. */
export const during = async <T>(what: string, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** @throws Error in the registry's words */
export const pull = async ({ bundle }: Deployment, { environment, print }: Surroundings): Promise<Pulled> => {
  const pulled = await during('pull bundle', pullBundle(bundle, environment['SSL_CERT_FILE']));
  print(`Pulled bundle ${bundle.repo}:${bundle.tag} (${pulled.digest})`);
  return { chart: readChart(pulled.layer), digest: pulled.digest };
};

/** @throws Error in the apiserver's words */
export const observe = async (cluster: InCluster, command: Deployment, pulled: Pulled): Promise<Seen> => {
  const { bundle, release, namespace } = command;
  const { chart, digest } = pulled;
  const history = await during('build release history', readHistory(cluster, release, namespace));
  const values = await during('render chart: values', releaseValues(command.values));
  const desired = desiredObject({ release, namespace, chart, tag: bundle.tag, digest });
  const found = await during('build resource infos', readObject(cluster, desired));
  const change = changeOf(desired, found);
  const seen = { ...pulled, values, history, deployedBefore: deployedBefore(history), desired, change };
  return { ...seen, unequal: hasIntegers(command.values) };
};

/** The last version that was deployed. Pure. */
export const deployedBefore = (history: readonly Recorded[]): Release | undefined =>
  history.findLast((recorded) => recorded.release?.status === 'deployed')?.release;

/** Pure. */
export const planOf = (seen: Seen): Planned => {
  if (seen.change !== undefined) return { kind: 'resources', changes: [seen.change] };
  const reason = outdatedBy(seen);
  return reason === undefined ? { kind: 'nothing' } : { kind: 'release-only', reason };
};

/** Why the release has to be recorded anew; undefined: the last version is deployed, and equal to this one. */
const outdatedBy = (seen: Seen): Outdated | undefined => {
  const last = seen.history.at(-1)?.release;
  if (last === undefined) return 'there is no previously deployed release';
  if (last.status !== 'deployed') return 'the previously deployed release was not successful';
  // Converted to JSON and back, as the recorded values were.
  const values: unknown = JSON.parse(JSON.stringify(seen.values));
  if (seen.unequal || !isDeepStrictEqual(last.values, values)) return 'the release values changed';
  return last.digest === seen.digest ? undefined : 'the release manifests changed';
};
