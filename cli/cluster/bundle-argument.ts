import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { nearest } from '../../process/nearest.js';
import { CommandError, misuse } from '../command-error.js';
import { KIND_NAMES, kindHint } from './kind-words.js';
import type { Session } from './session.js';

/** Reads `shop`, `wb/shop`, `werfbundle/shop`. @throws CommandError for another kind, or no name */
export const nameIn = (argument: string): string => {
  const [first = '', second, ...rest] = argument.split('/');
  if (second === undefined) return first === '' ? noName(argument) : first;
  if (second === '' || rest.length > 0) return noName(argument);
  if (KIND_NAMES.includes(first.toLowerCase())) return second;
  throw misuse(`${argument}: "${first}" is no WerfBundle; give the bundle's name: ${second}, or wb/${second}`);
};

const noName = (argument: string): never => {
  throw misuse(`${JSON.stringify(argument)} is no name of a bundle; give NAME or wb/NAME`);
};

/**
 * The bundle of that name.
 * @throws CommandError if there is none: says which there are; KubeError for what fails
 */
export const findBundle = async (session: Session, argument: string): Promise<StoredBundle> => {
  const ref = { namespace: session.namespace, name: nameIn(argument) };
  const bundle = await session.client.get(WERFBUNDLES, ref, session.signal);
  if (bundle !== undefined) return bundle;
  throw new CommandError([`WerfBundle ${ref.namespace}/${ref.name} was not found${await hintAt(session, ref)}`]);
};

/** Where a bundle of that name is, or one whose name is near; all that the user may see. */
const hintAt = async (session: Session, ref: ObjectRef): Promise<string> => {
  const all = await namesOf(session, undefined);
  const refs = all ?? (await namesOf(session, ref.namespace)) ?? [];
  const elsewhere = refs.filter(({ name }) => name === ref.name).map(({ namespace }) => namespace);
  if (elsewhere.length > 0) return `; there is one in namespace ${elsewhere.join(', ')}: give -n ${elsewhere[0]}`;
  const kind = kindHint(ref.name);
  if (kind !== undefined) return `; ${kind}`;
  const here = refs.filter(({ namespace }) => namespace === ref.namespace).map(({ name }) => name);
  const near = nearest(here, ref.name);
  if (near !== undefined) return `; did you mean ${near}?`;
  if (here.length === 0) return `; there is no bundle in namespace ${ref.namespace}: give another one with -n`;
  return `; in namespace ${ref.namespace} there ${here.length === 1 ? 'is' : 'are'} ${listed(here)}`;
};

const MAX_LISTED = 10;
const listed = (names: readonly string[]): string =>
  names.length <= MAX_LISTED
    ? names.join(', ')
    : `${names.slice(0, MAX_LISTED).join(', ')} and ${names.length - MAX_LISTED} more`;

/** The bundles of a namespace, or of all; undefined if the user may not list them there. @throws KubeError for what fails otherwise */
export const namesOf = async (
  session: Session,
  namespace: string | undefined,
): Promise<readonly ObjectRef[] | undefined> => {
  const keep = ({ metadata: { name, namespace: of } }: StoredBundle): ObjectRef => ({ namespace: of, name });
  try {
    const where = { ...(namespace !== undefined && { namespace }) };
    return (await session.client.list(WERFBUNDLES, { ...where, keep }, session.signal)).items;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return undefined;
    throw error;
  }
};
