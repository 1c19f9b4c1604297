import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { notesOnManagers } from '../cluster/manager-words.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import { waitForAll } from '../reconcile/wait.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { patchOfSelection, rollbackTag, selectionOf } from './target.js';
import { followAgain, manifestDiff } from './words.js';

export interface RollbackOptions extends ClusterOptions {
  readonly to?: string;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly timeout: string;
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Pins a tag (spec.registry.tag) in the place of whatever chooses one: without --to the last other one that was deployed with success. No poll undoes it. Prints the change to make where the manifest is kept, and the command by which the bundle follows its registry again.',
  '--dry-run has the apiserver and the webhook judge it, and changes nothing.',
  'Exit code 0: pinned, and with --wait deployed; 1: there is nothing to go back to, the cluster refused, or it failed; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle rollback` */
export const rollbackCommand: CommandBuilder = (terminal) => {
  const command = new Command('rollback')
    .summary('pin an earlier tag, and say what to change in git')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('--to <tag>', 'this tag')
    .option('--dry-run', 'change nothing; the apiserver and the webhook judge it all the same')
    .option('--wait', 'wait until it is deployed, or has failed')
    .option('--timeout <duration>', 'how long to wait', DEFAULT_TIMEOUT);
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (name: string, options: RollbackOptions) => {
      timeoutIn(options.timeout);
      return inCluster(terminal, options, (session) => rollBack({ terminal, session }, name, options));
    },
  );
};

/** Pins a bundle to an earlier tag. @throws CommandError, KubeError */
export const rollBack = async (
  deps: { readonly terminal: Terminal; readonly session: Session },
  name: string,
  options: RollbackOptions,
): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundle');
  let before = await findBundle(session, name);
  let tag = '';
  const patchFor = (now: StoredBundle) => {
    before = now;
    tag = rollbackTag(now, options.to);
    return { spec: { registry: patchOfSelection(selectionOf(now.spec), { tag }) } };
  };
  // Before the change, which makes the fields ours.
  const notes = await managersNotes(session, before);
  const { bundle } = await changeBundle(session, before, { patchFor, ...(options.dryRun && { dryRun: true }) });
  session.quiet();
  if (options.output === undefined) {
    const how = options.dryRun === true ? ' (server dry run)' : '';
    terminal.out(`${fullName(bundle)} rolled back to ${tag}${how}\n`);
    if (options.dryRun === true) terminal.out(`${JSON.stringify(patchFor(before))}\n`);
  } else {
    terminal.out(objectsText(options.output, [bundle], true));
  }
  terminal.err(adviceOn({ before, tag, notes }));
  const show = (line: string) => (options.output === undefined ? terminal.out : terminal.err)(`${line}\n`);
  if (options.wait === true && options.dryRun !== true)
    await waitForAll(deps, [{ bundle, request: { kind: 'spec', tag } }], { timeout: options.timeout, show });
  terminal.end(0);
};

const managersNotes = (session: Session, before: StoredBundle): Promise<readonly string[]> => {
  const fields = [...new Set(['tag', ...Object.keys(selectionOf(before.spec))])];
  const paths = fields.map((field) => ['spec', 'registry', field]);
  const excludes = fields.filter((field) => field !== 'tag').map((field) => `spec.registry.${field}`);
  return notesOnManagers(session, before, { paths, inGit: 'change it as shown below', excludes });
};

const adviceOn = (given: {
  /** The bundle before it was pinned. */
  readonly before: StoredBundle;
  readonly tag: string;
  readonly notes: readonly string[];
}): string => {
  const { before, tag, notes } = given;
  const { name, namespace } = before.metadata;
  return [
    ...(before.spec.suspend === true
      ? [`${name}: it is suspended: ${tag} is deployed after werfbundle resume ${name} -n ${namespace}`]
      : []),
    ...notes.map((note) => `${name}: ${note}`),
    'Where its manifest is kept:',
    manifestDiff(before, tag).trimEnd(),
    'To follow the registry again:',
    `  ${followAgain(before, tag)}`,
    '',
  ].join('\n');
};
