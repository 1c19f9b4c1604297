import type { ImpactPlatform } from '../../api/impact/facts.js';
import { type Found, type ObjectName, objectName } from '../../api/impact/world.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { ObjectChange, Referred } from '../guard/object-change.js';
import type { Fetched, Lookups } from '../references/lookups.js';
import { type ImpactQuestion, namesIn } from './question.js';
import { REFERRED, type Sight } from './sight.js';

/** The most bundles that one change is judged for: each of them is read. */
export const MAX_BUNDLES = 100;
/** The most objects that are read for them. */
const MAX_OBJECTS = 300;
/** Limits of what is parsed: the memory that it takes is up to 500 times the size of a text. */
const MAX_KEY_BYTES = 256 * 1024;
const MAX_BYTES = 1024 * 1024;

type Observed =
  | {
      readonly kind: 'observed';
      readonly question: ImpactQuestion;
      /** Of all texts that may have to be parsed. */
      readonly bytes: number;
      /** Bundles that could not be read. */
      readonly unread: readonly ObjectRef[];
    }
  | { readonly kind: 'too-much' };

interface ObserveDeps {
  readonly lookups: Pick<Lookups, 'get'>;
  readonly sight: Sight;
  readonly rivalsOf: (bundle: ObjectRef) => readonly ObjectRef[];
  readonly platform: ImpactPlatform;
}

const TOO_MUCH = { kind: 'too-much' } as const;

/** Reads what a change has to be judged by: the bundles that name what is changed and, of what these refer to, what the user may see. */
export const observe = async (
  deps: ObserveDeps,
  change: ObjectChange,
  users: readonly ObjectRef[],
): Promise<Observed> => {
  const { lookups, rivalsOf, platform } = deps;
  const rivals = unique(users.flatMap(rivalsOf)).filter(
    (ref) => !users.some((user) => objectKey(user) === objectKey(ref)),
  );
  if (users.length + rivals.length > MAX_BUNDLES) return TOO_MUCH;
  const read = (ref: ObjectRef) => lookups.get(WERFBUNDLES, ref);
  const [named, others] = await Promise.all([Promise.all(users.map(read)), Promise.all(rivals.map(read))]);
  const concerned = named.flatMap(foundIn);
  const own = objectName(change.kind, change.ref);
  const names = new Map(concerned.flatMap((bundle) => namesIn(bundle, platform)).map((name) => [name.key, name]));
  names.delete(own.key);
  if (names.size > MAX_OBJECTS) return TOO_MUCH;
  const looked = await Promise.all(
    [...names.values()].map(async (name) => [name.key, await look(deps, name)] as const),
  );
  const objects: readonly (readonly [string, Found])[] = [[own.key, presence(change.before)], ...looked];
  const after = presence(change.after);
  const sizes = [...objects.map(([, found]) => found), after].map(sizeOf);
  const bytes = sizes.reduce((sum, { all }) => sum + all, 0);
  if (bytes > MAX_BYTES || sizes.some(({ largest }) => largest > MAX_KEY_BYTES)) return TOO_MUCH;
  const bundles = [...concerned, ...others.flatMap(foundIn)];
  const unread = users.filter((_, at) => named[at]?.kind === 'failed');
  const question = { platform, change: { kind: change.kind, ref: change.ref, after }, bundles, objects };
  return { kind: 'observed', question, bytes, unread };
};

const foundIn = (fetched: Fetched<StoredBundle>): readonly StoredBundle[] =>
  fetched.kind === 'found' ? [fetched.value] : [];

const presence = (object: Referred | undefined): Found =>
  object === undefined ? { kind: 'absent' } : { kind: 'found', object };

const look = async ({ lookups, sight }: ObserveDeps, { kind, ref }: ObjectName): Promise<Found> => {
  if (!(await sight.object(kind, ref))) return { kind: 'unknown', why: 'may not be read by the user' };
  const fetched = await lookups.get(REFERRED[kind], ref.namespace === '' ? { name: ref.name } : ref);
  if (fetched.kind === 'failed') return { kind: 'unknown', why: 'could not be read' };
  return fetched.kind === 'found' ? { kind: 'found', object: fetched.value } : fetched;
};

/** Bytes of an object's texts: all, and the largest one's. */
const sizeOf = (found: Found): { readonly all: number; readonly largest: number } => {
  const texts = found.kind === 'found' ? Object.values((found.object as Referred).data ?? {}) : [];
  const sizes = texts.map((text) => text.length);
  return { all: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(0, ...sizes) };
};

const unique = (refs: readonly ObjectRef[]): readonly ObjectRef[] => [
  ...new Map(refs.map((ref) => [objectKey(ref), ref])).values(),
];
