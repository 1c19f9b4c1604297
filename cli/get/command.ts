import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { noBundleText } from '../cluster/no-bundle.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { type Format, withOutput } from '../output/format.js';
import { objectsText } from '../output/object-text.js';
import { Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';
import { bundleColumns } from './columns.js';
import { followBundles } from './follow.js';

export interface GetOptions extends ClusterOptions {
  readonly allNamespaces?: true;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly watch?: true;
  /** False with `--no-headers`. */
  readonly headers: boolean;
  readonly output?: Exclude<Format, 'text'>;
}

const DESCRIPTION = [
  'Lists bundles as kubectl get does; on a terminal the message is cut at its width, and Ready has a colour.',
  'Exit code 0: listed, or none is there; 1: a bundle that was named is not there, or the cluster refused; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle get` */
export const getCommand: CommandBuilder = (terminal) => {
  const command = new Command('get')
    .summary('list bundles: whether they are ready, their tags, what they do')
    .description(DESCRIPTION)
    .argument('[names...]', 'NAME or wb/NAME; all of the namespace, if left out')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <query>', 'only those whose labels fit: app=shop,tier!=test')
    .option('--field-selector <query>', 'only those whose fields fit: status.phase=Failed')
    .option('-w, --watch', 'goes on, and prints what changes, until Ctrl-C')
    .option('--no-headers', 'no line with the names of the columns');
  return withOutput(withClusterOptions(command), ['wide', 'name', 'json', 'yaml']).action(
    (names: string[], options: GetOptions) => {
      refuseContradiction(names, options);
      return inCluster(terminal, options, (session) => getBundles({ terminal, session }, names, options));
    },
  );
};

const refuseContradiction = (names: readonly string[], options: GetOptions): void => {
  const isChosen = options.allNamespaces === true || (options.selector ?? options.fieldSelector) !== undefined;
  if (names.length > 0 && isChosen) throw misuse('names exclude --all-namespaces, --selector and --field-selector');
  if (names.length > 1 && options.watch === true) throw misuse('--watch: give one name, or none');
};

/** Prints bundles by names, or those that fit. @throws CommandError, KubeError */
export const getBundles = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  names: readonly string[],
  options: GetOptions,
): Promise<void> => {
  session.tell('reading the bundles');
  const found = names.length > 0 ? await named(session, names) : await listed(session, options);
  const print = printer(terminal, options, names.length === 1);
  const nothing = found.length === 0 && options.watch !== true ? await noBundleText(session, askedOf(options)) : '';
  session.quiet();
  if (nothing !== '') terminal.err(nothing);
  terminal.out(print(found));
  if (options.watch === true) {
    const name = names.length > 0 ? found[0]?.metadata.name : undefined;
    const following = { found, ...whereOf(session, options), ...(name !== undefined && { name }) };
    await followBundles({ session, terminal }, following, (bundle) => terminal.out(print([bundle])));
  }
  terminal.end(0);
};

const named = async (session: Session, names: readonly string[]): Promise<readonly StoredBundle[]> => {
  const found: StoredBundle[] = [];
  for (const name of names) found.push(await findBundle(session, name));
  return found;
};

const whereOf = (session: Session, { allNamespaces, selector, fieldSelector }: GetOptions) => ({
  ...(allNamespaces !== true && { namespace: session.namespace }),
  ...(selector !== undefined && { labelSelector: selector }),
  ...(fieldSelector !== undefined && { fieldSelector }),
});

const listed = async (session: Session, options: GetOptions): Promise<readonly StoredBundle[]> =>
  (await session.client.list(WERFBUNDLES, whereOf(session, options), session.signal)).items;

const askedOf = ({ allNamespaces, selector, fieldSelector }: GetOptions) => ({
  allNamespaces: allNamespaces === true,
  isFiltered: (selector ?? fieldSelector) !== undefined,
});

/** Prints bundles, at once or one after another. */
const printer = (
  terminal: Terminal,
  options: GetOptions,
  isSingle: boolean,
): ((bundles: readonly StoredBundle[]) => string) => {
  const { output } = options;
  if (output !== undefined && output !== 'wide')
    return (bundles) => objectsText(output, bundles, isSingle || options.watch === true);
  const choice = { isWide: output === 'wide', allNamespaces: options.allNamespaces === true };
  const columns = bundleColumns(choice, terminal);
  // Who asks for all of it gets all of it, as of kubectl.
  const width = choice.isWide ? undefined : terminal.columns;
  const table = new Table(columns, { headers: options.headers, columns: width });
  return (bundles) => (bundles.length === 0 ? '' : table.print(bundles));
};
