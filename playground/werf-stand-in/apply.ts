import { type Behaviour, behave, behavioursOf } from './behaviour.js';
import type { Command } from './command-line.js';
import { applyObject, type Change, type DeployedObject, desiredObject } from './deployed-object.js';
import type { InCluster } from './in-cluster.js';
import { severalErrors } from './namespace.js';
import { during, type Seen, type Surroundings } from './observe.js';
import { framed, HEADINGS, type Planned } from './plan.js';
import type { Release } from './release-record.js';
import { begin, end } from './release-store.js';
import { say } from './words.js';

export type Apply = Extract<Command, { readonly kind: 'apply' }>;

/** One apply, once it holds the release's lock. */
interface Deploying {
  readonly command: Apply;
  readonly cluster: InCluster;
  readonly seen: Pick<Seen, 'chart' | 'digest' | 'values' | 'history' | 'deployedBefore' | 'desired'>;
  readonly around: Surroundings;
  readonly behaviours: readonly Behaviour[];
}

/** Deploys what was planned, and records that. @param release - `release "x" (namespace: "y")` @throws Error in werf's words */
export const deploy = async (
  given: Omit<Deploying, 'behaviours'>,
  planned: Planned,
  release: string,
): Promise<void> => {
  const { command, seen, around } = given;
  const deploying: Deploying = { ...given, behaviours: behavioursOf(seen.chart.annotations) };
  await behaveAll(deploying, ['print-values', 'memory', 'oom', 'template']);
  if (planned.kind === 'nothing') return around.print(say('skipped', { release }));
  const record = recordOf(deploying);
  await during('create release', begin(given.cluster, record));
  try {
    await behaveAll(deploying, ['slow', 'hook']);
    await applyObject(given.cluster, deployed(seen.desired, deploying.behaviours));
    await behaveAll(deploying, ['fail', 'fail-if', 'unready']);
  } catch (error) {
    await finish(deploying, { ...record, status: 'failed' });
    const cause = say('executing', { cause: error instanceof Error ? error.message : String(error) });
    const causes = [cause, ...(command.autoRollback ? await rollback(deploying, record) : [])];
    throw new Error(say('failed', { release, cause: severalErrors(causes) }));
  }
  await finish(deploying, { ...record, status: 'deployed' });
  const operations = planned.kind === 'resources' ? planned.changes : [];
  for (const line of framed(say('completed'), operations.map(operationOf))) around.print(line);
  around.print(say('succeeded', { release }));
};

const operationOf = ({ verb, resource }: Change): string => `${HEADINGS[verb]}: ${resource}`;

const behaveAll = async (
  { behaviours, seen, command, around }: Deploying,
  kinds: readonly Behaviour['kind'][],
): Promise<void> => {
  const { values, chart } = seen;
  const about = { values, chart: chart.name, namespace: command.namespace, timeoutS: command.timeoutS };
  for (const behaviour of behaviours.filter(({ kind }) => kinds.includes(kind)))
    await behave(behaviour, { ...about, print: around.print });
};

const recordOf = ({ command, seen, around }: Deploying): Release => {
  const { release: name, namespace, bundle } = command;
  const { history, chart, digest, values } = seen;
  return {
    name,
    namespace,
    digest,
    values,
    tag: bundle.tag,
    version: (history.at(-1)?.version ?? 0) + 1,
    status: seen.deployedBefore === undefined ? 'pending-install' : 'pending-upgrade',
    chart: { name: chart.name, version: chart.version },
    deployedAt: around.now().toISOString(),
  };
};

const finish = ({ cluster, seen, command }: Deploying, release: Release): Promise<void> =>
  during('update release', end({ cluster, release, history: seen.history, historyMax: command.historyMax }));

/** Deploys the previous version again, as a new version after the failed one. @returns what failed in that */
const rollback = async (deploying: Deploying, failed: Release): Promise<readonly string[]> => {
  const { cluster, seen, command, around } = deploying;
  const before = seen.deployedBefore;
  if (before === undefined) return [];
  const again: Release = {
    ...before,
    version: failed.version + 1,
    status: 'pending-rollback',
    deployedAt: around.now().toISOString(),
  };
  try {
    await begin(cluster, again);
    await applyObject(cluster, desiredObject({ ...before, release: before.name }));
    const history = [...seen.history, { version: failed.version, release: { ...failed, status: 'failed' as const } }];
    await end({ cluster, release: { ...again, status: 'deployed' }, history, historyMax: command.historyMax });
    return [];
  } catch (error) {
    return [`execute rollback plan: ${error instanceof Error ? error.message : String(error)}`];
  }
};

/** The object to deploy; only half of it if the chart says so, so that each plan finds something to do. */
const deployed = (desired: DeployedObject, behaviours: readonly Behaviour[]): DeployedObject => {
  if (!behaviours.some(({ kind }) => kind === 'half')) return desired;
  const { tag: _, ...data } = desired.data;
  return { ...desired, data };
};
