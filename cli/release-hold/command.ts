import { Command } from 'commander';
import { RELEASE_HOLD_REQUESTED, ROLLBACK_TO } from '../../api/annotations.js';
import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { ownersOf, wordsOfManagers } from '../cluster/manager-words.js';
import { managersOf } from '../cluster/managers.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError } from '../command-error.js';
import { folded } from '../output/fold.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import { waitForAll } from '../reconcile/wait.js';
import { unpinnedSelection } from '../rollback/origin.js';
import { waysBack } from '../rollback/words.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';

export interface ReleaseHoldOptions extends ClusterOptions {
  readonly wait?: true;
  readonly timeout: string;
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Ends a rollback by a person, and lets go what is held since it failed (spec.converge.onFailure: Return): the bundle follows its registry again, and what that offers is deployed.',
  'Exit code 0: let go, and with --wait deployed; 1: nothing is held, the cluster refused, or it failed; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle release-hold` */
export const releaseHoldCommand: CommandBuilder = (terminal) => {
  const command = new Command('release-hold')
    .summary('let a bundle follow its registry again, after a rollback or a failure')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('--wait', 'wait until what the registry offers is deployed, or has failed')
    .option('--timeout <duration>', 'how long to wait', DEFAULT_TIMEOUT);
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (name: string, options: ReleaseHoldOptions) => {
      timeoutIn(options.timeout);
      return inCluster(terminal, options, (session) => releaseHold({ terminal, session }, name, options));
    },
  );
};

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
}

/** Lets go what is held of a bundle. @throws CommandError, KubeError */
export const releaseHold = async (deps: Deps, name: string, options: ReleaseHoldOptions): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundle');
  const before = await findBundle(session, name);
  refuseUnheld(before);
  const change = { paths: [['metadata', 'annotations', ROLLBACK_TO]], inGit: 'take it away', isDefault: true } as const;
  // Who leaves it open lets it be: git has no such annotation.
  const holders = managersOf(before, await ownersOf(session, before), change).filter(
    ({ hold }) => hold !== 'leaves-open',
  );
  session.quiet();
  for (const note of wordsOfManagers(holders, change))
    terminal.err(`${folded(`${before.metadata.name}: ${note}`, { columns: terminal.errColumns, indent: 2 })}\n`);
  const value = new Date(terminal.clock.now()).toISOString();
  const { bundle } = await changeBundle(session, before, { patchFor: (now) => patchFor(now, value) });
  session.quiet();
  terminal.out(
    options.output === undefined
      ? `${fullName(bundle)} ${followedBy(bundle)}\n`
      : objectsText(options.output, [bundle], true),
  );
  const waiting = { timeout: options.timeout, isForPeople: options.output === undefined };
  if (options.wait === true) await waitForAll(deps, [{ bundle, request: { kind: 'release', value } }], waiting);
  terminal.end(0);
};

/** What chooses the tag from now on. */
const followedBy = ({ spec }: StoredBundle): string =>
  spec.registry.tag === undefined
    ? 'follows its registry again'
    : `holds nothing back any more; spec.registry.tag pins ${spec.registry.tag}`;

const patchFor = (now: StoredBundle, value: string) => {
  const annotations = {
    ...(rollbackOf(now) !== undefined && { [ROLLBACK_TO]: null }),
    ...(isHeld(now) && { [RELEASE_HOLD_REQUESTED]: value }),
  };
  return Object.keys(annotations).length === 0 ? undefined : { metadata: { annotations } };
};

const isHeld = ({ status }: StoredBundle): boolean => (status?.holds ?? []).length > 0;

/** @throws CommandError if nothing is held; what a tag in the spec pins is told */
const refuseUnheld = (bundle: StoredBundle): void => {
  const { namespace, name } = bundle.metadata;
  if (rollbackOf(bundle) !== undefined || isHeld(bundle)) return;
  const { tag } = bundle.spec.registry;
  const ways = tag === undefined || unpinnedSelection(bundle) === undefined ? [] : waysBack(bundle, tag);
  const pinned = tag === undefined ? '' : `; but spec.registry.tag pins ${tag}`;
  throw new CommandError([`${namespace}/${name}: nothing is held${pinned}`, ...ways]);
};
