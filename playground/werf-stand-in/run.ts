import { type Apply, deploy } from './apply.js';
import { type Behaviour, behave, behavioursOf } from './behaviour.js';
import { type Command, parseCommandLine } from './command-line.js';
import { type Change, deleteObject } from './deployed-object.js';
import { type InCluster, inCluster } from './in-cluster.js';
import { ensureNamespace, namespaceExists } from './namespace.js';
import { deployedBefore, during, observe, planOf, pull, type Surroundings } from './observe.js';
import { type Planned, tellPlan } from './plan.js';
import { readPlan, writePlan } from './plan-file.js';
import { lockRelease } from './release-lock.js';
import { forget, readHistory } from './release-store.js';
import { tellKeys } from './release-values.js';
import { type Speaker, say, speakerFor } from './words.js';

/** The first line of everything, so that nobody takes this for werf. */
export const FIRST_LINE = 'werf stand-in of the playground: this is not werf, no chart is deployed';

interface ReleaseName {
  readonly release: string;
  readonly namespace: string;
}

const called = ({ release, namespace }: ReleaseName): string => `release "${release}" (namespace: "${namespace}")`;

/** Does `work` under the release's lock, which is released if the process is told to end, too. */
const locked = async (given: {
  readonly cluster: InCluster;
  readonly of: ReleaseName;
  readonly around: Surroundings;
  readonly work: () => Promise<void>;
}): Promise<void> => {
  const { cluster, of, around } = given;
  const { release, namespace } = of;
  const onWait = () => around.print(say('waiting', { name: release }));
  const wanted = { cluster, release, namespace, now: around.now, onWait };
  const unlock = await during('lock release: acquire release lock', lockRelease(wanted));
  const keep = around.onTermination(unlock);
  try {
    await given.work();
  } finally {
    keep();
    await unlock();
  }
};

const apply = async (command: Apply, around: Surroundings): Promise<number> => {
  if (command.usePlan !== undefined) return await applyPlan(command, command.usePlan, around);
  const pulled = await pull(command, around);
  const cluster = await inCluster(around.environment);
  await during('release install', install());
  return 0;

  async function install(): Promise<void> {
    await during('create release namespace', ensureNamespace(cluster, command.namespace));
    around.print(say('start', { release: called(command) }));
    const work = async () => {
      const seen = await observe(cluster, command, pulled);
      const keys = tellKeys(seen.values);
      if (keys !== undefined) around.print(keys);
      await deploy({ command, cluster, seen, around }, planOf(seen), called(command));
    };
    await locked({ cluster, of: command, around, work });
  }
};

/** Does what a saved plan says, of whatever the registry has by now. @param path - of the plan */
const applyPlan = async (command: Apply, path: string, around: Surroundings): Promise<number> => {
  const cluster = await inCluster(around.environment);
  await during('release install', install());
  return 0;

  async function install(): Promise<void> {
    around.print(say('usingPlan', { path }));
    const key = around.environment['WERF_SECRET_KEY'] ?? '';
    const { release, content } = await readPlan(path, { key, now: around.now(), lifetimeMs: command.planLifetimeMs });
    const { name, namespace, revision } = release;
    const bundle = { ...command.bundle, tag: content.tag };
    // As in the plan's options, in which nothing limits the history.
    const planned = { ...command, bundle, release: name, namespace, historyMax: 0 };
    await during('create release namespace', ensureNamespace(cluster, namespace));
    around.print(say('start', { release: called(planned) }));
    const work = async () => {
      const history = await during('build release history', readHistory(cluster, name, namespace));
      const next = (history.at(-1)?.version ?? 0) + 1;
      if (next !== revision) throw new Error(say('planMismatch', { expected: revision, got: next }));
      await deploy(
        { command: planned, cluster, seen: { ...content, history, deployedBefore: deployedBefore(history) }, around },
        content.planned,
        called(planned),
      );
    };
    await locked({ cluster, of: planned, around, work });
  }
};

const plan = async (
  command: Extract<Command, { kind: 'plan' }>,
  around: Surroundings,
  { version }: Speaker,
): Promise<number> => {
  const { release: name, namespace } = command;
  const pulled = await pull(command, around);
  const cluster = await inCluster(around.environment);
  around.print(say('planning', { name, namespace }));
  const seen = await during('release plan install', observe(cluster, command, pulled));
  const behaviours = behavioursOf(seen.chart.annotations).filter(({ kind }) => PLANNED.includes(kind));
  const about = { values: seen.values, chart: seen.chart.name, namespace, timeoutS: 0, print: around.print };
  for (const behaviour of behaviours) await during('release plan install', behave(behaviour, about));
  const gone = behavioursOf(seen.chart.annotations).flatMap(deletionOf);
  const planned = withDeletions(planOf(seen), gone);
  const told = tellPlan(planned, { release: called(command), version });
  for (const line of told.lines) around.print(line);
  if (command.savePlan !== undefined) {
    const { chart, digest, values, desired, history } = seen;
    const release = { name, namespace, revision: (history.at(-1)?.version ?? 0) + 1 };
    const content = { tag: command.bundle.tag, chart, digest, values, desired, planned };
    const saved = { release, timestamp: around.now().toISOString(), content };
    const key = around.environment['WERF_SECRET_KEY'] ?? '';
    await during('release plan install', writePlan(command.savePlan, saved, key));
  }
  if (!command.exitCode) return 0;
  if (told.error !== undefined) around.printError(`Error: ${told.error}`);
  return told.code;
};

const deletionOf = (behaviour: Behaviour): readonly Change[] =>
  behaviour.kind === 'plan-deletes'
    ? [{ verb: 'delete', resource: behaviour.resource, diff: ['- kept: no longer'] }]
    : [];

const withDeletions = (planned: Planned, gone: readonly Change[]): Planned => {
  if (gone.length === 0) return planned;
  return { kind: 'resources', changes: [...(planned.kind === 'resources' ? planned.changes : []), ...gone] };
};

const PLANNED: readonly string[] = ['template', 'slow-plan', 'fail-plan'];

const dismiss = async (command: Extract<Command, { kind: 'dismiss' }>, around: Surroundings): Promise<number> => {
  const { release, namespace } = command;
  const cluster = await inCluster(around.environment);
  const where = called(command);
  if (!(await during('release uninstall', namespaceExists(cluster, namespace)))) {
    around.print(say('noNamespace', { name: release, namespace }));
    return 0;
  }
  around.print(say('deleting', { release: where }));
  const work = async () => {
    await deleteObject(cluster, release, namespace);
    const count = await forget(cluster, release, namespace);
    around.print(say(count === 0 ? 'nothingToUninstall' : 'uninstalled', { release: where }));
  };
  await during('release uninstall', locked({ cluster, of: command, around, work }));
  return 0;
};

const execute = (command: Command, around: Surroundings, speaker: Speaker): Promise<number> => {
  switch (command.kind) {
    case 'apply':
      return apply(command, around);
    case 'plan':
      return plan(command, around, speaker);
    case 'dismiss':
      return dismiss(command, around);
    case 'version':
      around.print(`v${speaker.version}-stand-in`);
      return Promise.resolve(0);
    case 'refused':
      return Promise.reject(new Error(command.message));
  }
};

/**
 * Runs one command line. Never rejects.
 * @param words - without the program's name
 * @returns the exit code: 0, 1 after an error; with --exit-code 2 or 3 for a plan that finds something to do
 */
export const run = async (words: readonly string[], around: Surroundings): Promise<number> => {
  around.print(FIRST_LINE);
  const speaker = speakerFor(around.environment['PLAYGROUND_IMAGE'] ?? '');
  try {
    return await execute(parseCommandLine(words, around.environment, speaker), around, speaker);
  } catch (error) {
    around.printError(`Error: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
};
