import { Command } from 'commander';
import { findBundle } from '../cluster/bundle-argument.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import type { Terminal } from '../terminal.js';
import { observeTree } from './observe.js';
import { treeText } from './text.js';
import { treeOf } from './tree.js';

export interface TreeOptions extends ClusterOptions {
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Shows a bundle, its Jobs with their Pods, and the objects that its release holds: whether each exists, is ready, and since when. Of the release only kinds and names are read; what you may not read is said to be so.',
  'Exit code 0: shown; 1: no such bundle, or the cluster refused; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle tree` */
export const treeCommand: CommandBuilder = (terminal) => {
  const command = new Command('tree')
    .summary('show what belongs to a bundle: Jobs, Pods, and what the release holds')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME');
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action((name: string, options: TreeOptions) =>
    inCluster(terminal, options, (session) => showTree({ terminal, session }, name, options)),
  );
};

/** Prints what belongs to a bundle. @throws CommandError, KubeError */
export const showTree = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  name: string,
  { output }: TreeOptions,
): Promise<void> => {
  session.tell('reading the bundle');
  const bundle = await findBundle(session, name);
  session.tell('reading what belongs to it');
  const tree = treeOf(await observeTree(session.client, bundle, session.signal));
  session.quiet();
  terminal.out(
    output === undefined ? treeText(tree, terminal) : output === 'json' ? asJsonText(tree) : asYamlText(tree),
  );
  terminal.end(0);
};
