import type { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { CommandError, misuse } from '../command-error.js';
import { findBundle } from './bundle-argument.js';
import type { Session } from './session.js';

/** Which bundles a command changes, beside names. */
export interface Choice {
  readonly selector?: string;
  readonly allNamespaces?: true;
}

/** Adds the names and the options of {@link Choice}. */
export const withChoice = (command: Command): Command =>
  command
    .argument('[names...]', 'NAME or wb/NAME')
    .option('-l, --selector <query>', 'those whose labels fit: app=shop,tier!=test')
    .option('-A, --all-namespaces', 'of all namespaces, with --selector');

/** Nothing is changed that was not asked for. @throws CommandError if nothing was chosen, or two ways at once */
export const refuseUnclear = (names: readonly string[], { selector, allNamespaces }: Choice): void => {
  if (names.length > 0 && (selector !== undefined || allNamespaces === true))
    throw misuse('names exclude --selector and --all-namespaces');
  if (names.length === 0 && selector === undefined) throw misuse('which bundles? Give names, or --selector');
};

/**
 * The bundles of these names, or those that fit.
 * @param fits - of those that were not named, which may be none
 * @throws CommandError if one is not there, or none is chosen by the selector
 */
export const chosenBundles = async (
  session: Session,
  names: readonly string[],
  choice: Choice,
  fits?: (bundle: StoredBundle) => boolean,
): Promise<readonly StoredBundle[]> => {
  if (names.length > 0) return await named(session, [...new Set(names)]);
  const { selector, allNamespaces } = choice;
  const where = {
    ...(allNamespaces !== true && { namespace: session.namespace }),
    ...(selector !== undefined && { labelSelector: selector }),
  };
  const found = await listed(session, where);
  if (fits !== undefined) return found.filter(fits);
  if (found.length > 0) return found;
  const place = allNamespaces === true ? 'in any namespace' : `in namespace ${session.namespace}`;
  throw new CommandError([`no bundle that fits ${place}: nothing was done`]);
};

/** All are there, before the first one is changed. */
const named = async (session: Session, names: readonly string[]): Promise<readonly StoredBundle[]> => {
  const found: StoredBundle[] = [];
  for (const name of names) found.push(await findBundle(session, name));
  return found;
};

const listed = async (session: Session, where: object): Promise<readonly StoredBundle[]> =>
  (await session.client.list(WERFBUNDLES, where, session.signal)).items;
