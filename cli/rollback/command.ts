import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { ownersOf } from '../cluster/manager-words.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError } from '../command-error.js';
import { folded } from '../output/fold.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import { waitForAll } from '../reconcile/wait.js';
import { type OpenRegistry, registryFromHere } from '../registry-from-here.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { BY_ANNOTATION } from './by-annotation.js';
import { BY_PIN } from './by-pin.js';
import { manifestSelection } from './origin.js';
import { checkTag } from './tag-check.js';
import { rollbackTag } from './target.js';
import { wordFor } from './words.js';

export interface RollbackOptions extends ClusterOptions {
  readonly to?: string;
  readonly pin?: true;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly timeout: string;
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Pins a tag in the place of whatever chooses one: without --to the last other one that was deployed with success. No poll undoes it, and neither do Argo CD and Flux: it is an annotation (werf.io/rollback-to), and release-hold takes it away. Prints the change to make in git for good, too.',
  '--pin writes spec.registry.tag instead, which those who apply the manifest put back or refuse, unless it is changed where it is kept.',
  'A tag that was not deployed before is looked for in the registry, from here, and refused if it is not there. --dry-run looks for any, has the apiserver and the webhook judge the change, and changes nothing.',
  'Exit code 0: pinned, and with --wait deployed; 1: there is nothing to go back to, the cluster refused, or it failed; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle rollback` */
export const rollbackCommand: CommandBuilder = (terminal) => {
  const command = new Command('rollback')
    .summary('pin an earlier tag, and say what to change in git')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('--to <tag>', 'this tag')
    .option('--pin', 'write spec.registry.tag instead of an annotation')
    .option('--dry-run', 'change nothing; the apiserver, the webhook and the registry are asked all the same')
    .option('--wait', 'wait until it is deployed, or has failed')
    .option('--timeout <duration>', 'how long to wait', DEFAULT_TIMEOUT);
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (name: string, options: RollbackOptions) => {
      timeoutIn(options.timeout);
      return inCluster(terminal, options, (session) => rollBack({ terminal, session }, name, options));
    },
  );
};

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
  /** This machine's, unless it is given. */
  readonly openRegistry?: OpenRegistry;
}

/** Rolls a bundle back to an earlier tag. @throws CommandError, KubeError */
export const rollBack = async (deps: Deps, name: string, options: RollbackOptions): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundle');
  let before = await findBundle(session, name);
  let tag = '';
  const how = options.pin === true ? BY_PIN : BY_ANNOTATION;
  const patchFor = (now: StoredBundle) => {
    before = now;
    tag = rollbackTag(now, { given: options.to, pins: options.pin === true });
    return how.patchFor(now, tag);
  };
  // Before the change, which makes the fields ours.
  const owners = await ownersOf(session, before);
  const manifest = manifestSelection(before, owners);
  // What was deployed once was there; to ask may take seconds, which somebody in need has not got.
  const asks = options.dryRun === true || !isKnown(before, options.to);
  const judged = asks ? await changeBundle(session, before, { patchFor, dryRun: true }) : undefined;
  const doubt = judged === undefined ? [] : await doubtOf(deps, judged.bundle, tag);
  const changed = options.dryRun === true ? judged : undefined;
  tag = rollbackTag(before, { given: options.to, pins: options.pin === true });
  const notes = how.notesOn({ before, owners, manifest, tag });
  session.quiet();
  for (const note of [...notes, ...doubt])
    terminal.err(`${folded(`${before.metadata.name}: ${note}`, { columns: terminal.errColumns, indent: 2 })}\n`);
  const { bundle } = changed ?? (await changeBundle(session, before, { patchFor }));
  session.quiet();
  if (options.output === undefined) {
    const dry = options.dryRun === true ? ' (server dry run)' : '';
    terminal.out(`${fullName(bundle)} ${wordFor(before, tag)} ${tag}${dry}\n`);
    if (options.dryRun === true) terminal.out(`${JSON.stringify(patchFor(before))}\n`);
  } else {
    terminal.out(objectsText(options.output, [bundle], true));
  }
  terminal.err(adviceOf(before, tag, { lines: how.adviceOn({ before, manifest, tag }), columns: terminal.errColumns }));
  const waiting = { timeout: options.timeout, isForPeople: options.output === undefined };
  if (options.wait === true && options.dryRun !== true)
    await waitForAll(deps, [{ bundle, request: { kind: how.request, tag } }], waiting);
  terminal.end(0);
};

const isKnown = ({ status }: StoredBundle, to: string | undefined): boolean =>
  to === undefined || (status?.history ?? []).some(({ tag, result }) => tag === to && result === 'Succeeded');

/** Whether the registry has the tag, which the controller says only when two polls agree. @throws CommandError if it has not */
const doubtOf = async (deps: Deps, bundle: StoredBundle, tag: string): Promise<readonly string[]> => {
  const { openRegistry = registryFromHere } = deps;
  const found = await checkTag({ ...deps, openRegistry }, bundle);
  if (found.kind === 'missing')
    throw new CommandError([`${bundle.metadata.namespace}/${bundle.metadata.name}: ${found.why}`]);
  return found.kind === 'there' ? [] : [`whether the registry has ${tag} is not known: ${found.why}`];
};

const adviceOf = (
  { metadata: { name, namespace }, spec }: StoredBundle,
  tag: string,
  { lines, columns }: { readonly lines: readonly string[]; readonly columns: number | undefined },
): string => {
  const prose = (line: string): string => folded(line, { columns, indent: 2 });
  return [
    ...(spec.suspend === true
      ? [prose(`${name}: it is suspended: ${tag} is deployed after werfbundle resume ${name} -n ${namespace}`)]
      : []),
    // What is indented are manifests, and commands to paste.
    ...lines.map((line) => (/^[ +-]/.test(line) ? line : prose(line))),
    '',
  ].join('\n');
};
