import { Command } from 'commander';
import { DEPLOY_REQUESTED, RECONCILE_REQUESTED } from '../../api/annotations.js';
import { refOf } from '../../api/objects.js';
import { preciseTime } from '../../api/timestamp.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { type Choice, chosenBundles, refuseUnclear, withChoice } from '../cluster/chosen-bundles.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { folded } from '../output/fold.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { type Asked, waitForAll } from './wait.js';

export interface ReconcileOptions extends ClusterOptions, Choice {
  readonly force?: true;
  readonly failed?: true;
  readonly wait?: true;
  readonly timeout: string;
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
}

const DESCRIPTION = [
  'Asks the controller to look at the registry now, and to try again what failed last. What has succeeded is not deployed again, unless --force asks for just that.',
  '--wait shows what happens, until what was asked for is deployed or has failed for good. Ctrl-C only ends the waiting.',
  'Exit code 0: asked, and with --wait Ready; 1: a bundle is not there, it failed, or the time was over; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle reconcile` */
export const reconcileCommand: CommandBuilder = (terminal) => {
  const command = withChoice(new Command('reconcile'))
    .summary('ask for a look at the registry now, or for another deployment')
    .description(DESCRIPTION)
    .option('--force', 'deploy what the registry offers once more, be it the same')
    .option('--failed', 'all that are Failed; the count of failed polls begins anew')
    .option('--wait', 'wait until that very request was answered, and what it led to has ended')
    .option('--timeout <duration>', 'how long to wait', DEFAULT_TIMEOUT);
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (names: string[], options: ReconcileOptions) => {
      refuseContradiction(names, options);
      return inCluster(terminal, options, (session) => reconcileBundles({ terminal, session }, names, options));
    },
  );
};

const refuseContradiction = (names: readonly string[], options: ReconcileOptions): void => {
  timeoutIn(options.timeout);
  if (names.length > 0 || options.failed !== true) refuseUnclear(names, options);
  if (options.allNamespaces === true && options.selector === undefined && options.failed !== true)
    throw misuse('--all-namespaces: give --failed or --selector, too');
};

/** Asks for a look at bundles, or for a deployment, and waits for what comes of it if that is wished. @throws CommandError, KubeError */
export const reconcileBundles = async (
  deps: Deps,
  names: readonly string[],
  options: ReconcileOptions,
): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundles');
  const chosen = await bundlesFor(session, names, options);
  if (chosen.length === 0) {
    session.quiet();
    terminal.err('No bundle is Failed: nothing was done.\n');
  }
  const kind = options.force === true ? 'deploy' : 'reconcile';
  const asked: Asked[] = [];
  for (const bundle of chosen) {
    if (options.failed === true) await resetCount(deps, bundle);
    const one = await ask(session, { bundle, kind, now: terminal.clock.now() });
    asked.push(one);
    session.quiet();
    if (options.output === undefined) terminal.out(`${fullName(bundle)} ${WORDS[kind]}\n`);
    if (one.bundle.spec.suspend === true && options.wait !== true) tell(terminal, suspendedNote(one.bundle));
  }
  if (options.output !== undefined) {
    const bundles = asked.map(({ bundle }) => bundle);
    terminal.out(objectsText(options.output, bundles, names.length === 1));
  }
  const isForPeople = options.output === undefined;
  if (options.wait === true) await waitForAll(deps, asked, { timeout: options.timeout, isForPeople });
  terminal.end(0);
};

const WORDS = { deploy: 'deployment requested', reconcile: 'reconcile requested' } as const;

const tell = (terminal: Terminal, note: string): void =>
  terminal.err(`${folded(note, { columns: terminal.errColumns, indent: 2 })}\n`);

const suspendedNote = ({ metadata: { namespace, name } }: StoredBundle): string =>
  `${name}: it is suspended, and nothing is polled or deployed until: werfbundle resume ${name} -n ${namespace}`;

/** Without names, `--failed` means all bundles that are Failed. */
const bundlesFor = async (
  session: Session,
  names: readonly string[],
  options: ReconcileOptions,
): Promise<readonly StoredBundle[]> => {
  if (names.length > 0 || options.failed !== true) return await chosenBundles(session, names, options);
  const isFailed = ({ status }: StoredBundle) => status?.phase === 'Failed';
  // Not by a field selector, which Kubernetes 1.30 does not know.
  return await chosenBundles(session, [], options, isFailed);
};

/** Lets counting begin anew, which needs the right to write statuses; whoever has not got it asks for a look all the same. */
const resetCount = async ({ session, terminal }: Deps, bundle: StoredBundle): Promise<void> => {
  if ((bundle.status?.consecutiveFailures ?? 0) === 0) return;
  const patch = { status: { consecutiveFailures: 0 } };
  try {
    await session.client.mergePatch(WERFBUNDLES, refOf(bundle), patch, { subresource: 'status' }, session.signal);
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 'forbidden')) throw error;
    tell(
      terminal,
      `${bundle.metadata.name}: the count of failed polls stays, for you may not write its status; if the poll that is asked for succeeds, it is 0`,
    );
  }
};

/** Writes the request. Its value is the time, or a later one if that stands there already. */
const ask = async (
  session: Session,
  given: { readonly bundle: StoredBundle; readonly kind: 'reconcile' | 'deploy'; readonly now: number },
): Promise<Asked> => {
  const name = given.kind === 'deploy' ? DEPLOY_REQUESTED : RECONCILE_REQUESTED;
  let value = preciseTime(given.now);
  const patchFor = ({ metadata }: StoredBundle) => {
    for (let ms = given.now; metadata.annotations?.[name] === value; ms += 1) value = preciseTime(ms);
    return { metadata: { annotations: { [name]: value } } };
  };
  const { bundle } = await changeBundle(session, given.bundle, { patchFor });
  return { bundle, request: { kind: given.kind, value } };
};
