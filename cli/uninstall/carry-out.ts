import { FINALIZER, hasFinalizer } from '../../api/finalizer.js';
import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { PODS, WERFBUNDLES } from '../../kube/resources.js';
import { Deadline } from '../../process/deadline.js';
import { changeBundle } from '../cluster/change-bundle.js';
import type { Session } from '../cluster/session.js';
import { CommandError } from '../command-error.js';
import { PART_OF } from '../diagnosis/operator-namespace.js';
import type { Terminal } from '../terminal.js';
import type { Item } from './found.js';
import { type Plan, withoutOurs } from './plan.js';
import { nameOf } from './words.js';

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
}

/** How often it is looked whether something is gone. */
const LOOK_EVERY_MS = 500;
/** How long the Pods of the Deployments, the CRD and a namespace may take to go, each. Pods have 30 s to end. */
const GONE_WITHIN_MS = 60_000;

/**
 * Does what the plan says; says each thing that is done.
 * @param also - bundles that lose the controller's finalizer beside those of the plan
 * @throws CommandError for what does not go; KubeError
 */
export const carryOut = async (deps: Deps, plan: Plan, also: readonly StoredBundle[]): Promise<void> => {
  await deleteAll(deps, plan.webhooks);
  await deleteAll(deps, plan.processes);
  await processesGone(deps, plan);
  for (const bundle of [...plan.released, ...also]) await release(deps, bundle);
  await deleteAll(deps, plan.rest);
  await deleteAll(deps, plan.work);
  if (plan.crd !== undefined) await deleteCrd(deps, plan.crd);
  await deleteAll(deps, plan.namespaces);
  for (const item of plan.namespaces) await gone(deps, item);
};

/**
 * Waits until a live controller has uninstalled the releases of bundles that are being deleted.
 * @param ms - milliseconds; 0: not at all
 * @returns those that are still there
 */
export const dismissed = async (
  { terminal, session }: Deps,
  { bundles, ms }: { readonly bundles: readonly StoredBundle[]; readonly ms: number },
): Promise<readonly StoredBundle[]> => {
  let left = bundles;
  await until({ terminal, session }, ms, async (signal) => {
    session.tell(`waiting for ${left.length} bundles whose releases are being uninstalled`);
    const now = await Promise.all(left.map((bundle) => session.client.get(WERFBUNDLES, refOf(bundle), signal)));
    left = left.filter((bundle, at) => now[at]?.metadata.uid === bundle.metadata.uid);
    return left.length === 0;
  });
  session.quiet();
  return left;
};

const deleteAll = async ({ terminal, session }: Deps, items: readonly Item[]): Promise<void> => {
  for (const item of items) {
    const { uid } = item.metadata;
    try {
      const how = await session.client.delete(item.type, refOf(item), { uid }, session.signal);
      if (how === 'deleted') terminal.out(`${nameOf(item)} deleted\n`);
    } catch (error) {
      // Another object of that name, made since: it is not the one that was listed.
      if (!(error instanceof KubeError && error.code === 'conflict')) throw error;
      terminal.err(`werfbundle: ${nameOf(item)} was made anew meanwhile, and is left alone\n`);
    }
  }
};

/** A controller that still runs would put finalizers back: nothing more is deleted before it has ended. */
const processesGone = async (deps: Deps, { processes }: Plan): Promise<void> => {
  const namespaces = [...new Set(processes.map(({ metadata }) => metadata.namespace))].filter(
    (name) => name !== undefined,
  );
  const { client } = deps.session;
  let left: readonly string[] = [];
  const areGone = await until(deps, GONE_WITHIN_MS, async (signal) => {
    deps.session.tell('waiting for the operator to end');
    const found = await Promise.all(
      namespaces.map((namespace) => client.list(PODS, { namespace, labelSelector: PART_OF }, signal)),
    );
    left = found.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    return left.length === 0;
  });
  deps.session.quiet();
  if (areGone) return;
  const which = left.length === 0 ? 'whether its Pods have ended could not be read' : `Pods ${left.join(', ')}`;
  throw new CommandError([
    `the operator has not ended within ${GONE_WITHIN_MS / 1000}s: ${which}. Webhook configurations and Deployments are deleted, all else stays: once these Pods are gone, run it again (kubectl describe pod says what holds one up)`,
  ]);
};

const release = async ({ terminal, session }: Deps, bundle: StoredBundle): Promise<void> => {
  const { namespace, name } = refOf(bundle);
  const patchFor = (now: StoredBundle) =>
    hasFinalizer(now) ? { metadata: { finalizers: withoutOurs(now) } } : undefined;
  try {
    const { isPatched } = await changeBundle(session, bundle, { patchFor });
    if (isPatched) terminal.out(`finalizer ${FINALIZER} of WerfBundle ${namespace}/${name} taken off\n`);
  } catch (error) {
    // Gone by itself.
    if (!(error instanceof CommandError || (error instanceof KubeError && error.code === 'not-found'))) throw error;
  }
};

/** The CRD goes when all bundles have gone; one that got a finalizer meanwhile is let go, too. */
const deleteCrd = async (deps: Deps, crd: Item): Promise<void> => {
  await deleteAll(deps, [crd]);
  const { terminal, session } = deps;
  let held: readonly StoredBundle[] = [];
  const isGone = await until(deps, GONE_WITHIN_MS, async (signal) => {
    session.tell('waiting for the WerfBundles to go');
    const within = { ...session, signal };
    if ((await session.client.get(crd.type, refOf(crd), signal)) === undefined) return true;
    held = await bundlesLeft(within);
    for (const bundle of held.filter(hasFinalizer)) await release({ terminal, session: within }, bundle);
    return false;
  });
  session.quiet();
  if (isGone) return;
  const holders = held.flatMap((bundle) =>
    withoutOurs(bundle).map((finalizer) => `${bundle.metadata.namespace}/${bundle.metadata.name} by ${finalizer}`),
  );
  const why = holders.length === 0 ? 'kubectl describe it' : `WerfBundles are held: ${holders.join(', ')}`;
  throw new CommandError([`${nameOf(crd)} is still being deleted: ${why}`]);
};

const bundlesLeft = async (session: Session): Promise<readonly StoredBundle[]> => {
  try {
    return (await session.client.list(WERFBUNDLES, {}, session.signal)).items;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return [];
    throw error;
  }
};

const gone = async (deps: Deps, item: Item): Promise<void> => {
  const { terminal, session } = deps;
  const isGone = await until(deps, GONE_WITHIN_MS, async (signal) => {
    session.tell(`waiting for ${nameOf(item)} to go`);
    const now = await session.client.get(item.type, refOf(item), signal);
    return now?.metadata.uid !== item.metadata.uid;
  });
  session.quiet();
  if (!isGone)
    terminal.err(
      `werfbundle: ${nameOf(item)} is still being deleted; what holds it up: kubectl describe namespace ${item.metadata.name}\n`,
    );
};

/** Looks until it is so, or the time is over: then a look that is under way ends, too. @param ms - 0: looks once @returns whether it is so */
const until = async (
  { terminal: { clock }, session }: Deps,
  ms: number,
  isSo: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> => {
  if (ms === 0) return await isSo(session.signal);
  const deadline = new Deadline(clock, ms, session);
  try {
    return await deadline.run(async (signal) => {
      while (!(await isSo(signal))) await clock.sleep(LOOK_EVERY_MS, signal);
      return true;
    });
  } catch (error) {
    if (deadline.expired) return false;
    throw error;
  }
};
