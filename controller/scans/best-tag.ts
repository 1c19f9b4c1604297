import { rankTags, type TagPolicy } from '../../api/tag-choice.js';
import type { HeldBack } from '../../registry/port.js';
import { isStopped, type Listed, nothing, type PutOff, type RegistryReader, type Stopped } from './registry-reader.js';
import type { ScanOutcome } from './scan.js';

/** How many skipped tags one scan reads again for each policy: a tag may move. */
const SECOND_LOOKS = 5;
const PUT_OFF: PutOff = { kind: 'put-off' };

interface Bundle {
  readonly kind: 'bundle';
  readonly tag: string;
  readonly digest: string;
}

/** The result of a search, before skipped tags are read again. */
export interface Search {
  readonly kind: 'searched';
  /** The policy's name. */
  readonly name: string;
  readonly listing: Listing;
  readonly bundle: Bundle | undefined;
  /** The tags that rank before it, best first: as far as is known, they are no bundles. */
  readonly better: readonly string[];
  /** false: some tags have not been read yet. */
  readonly complete: boolean;
  /** The message if there is no bundle. */
  readonly message: string;
}

interface SearchRequest {
  /** The policy's name in the scan's memory. */
  readonly name: string;
  readonly policy: TagPolicy;
}

/** What a policy may read. */
interface Turn {
  /** Whether it comes first: then whatever it finds is its answer. */
  readonly first: boolean;
  /** How many reads it leaves to others. */
  readonly reserve: number;
}

/**
 * Looks for the best tag that a policy wants and that is a bundle. The first policy may read as much as one scan may, and has an answer
 * after it; others leave a few reads for second looks, and come first in the next scan if the rest is not enough for them.
 */
export const search = async (
  reader: RegistryReader,
  request: SearchRequest,
): Promise<Search | ScanOutcome | HeldBack | PutOff> => {
  const listing = await reader.tags();
  if (isStopped(listing)) return listing;
  const turn = turnOf(reader);
  return (
    (await chosenBefore(reader, { name: request.name, listing, turn })) ??
    (await searched(reader, { ...request, listing, turn }))
  );
};

/** Whether a policy may read a fixed tag in its turn. */
export const mayReadNow = (reader: RegistryReader, tag: string): boolean => reader.mayRead(tag, turnOf(reader).reserve);

type Listing = Exclude<Listed, Stopped>;

const turnOf = (reader: RegistryReader): Turn =>
  reader.unused
    ? { first: true, reserve: 0 }
    : { first: false, reserve: reader.scan.memory.passedOver.size === 0 ? 0 : SECOND_LOOKS };

/** The last scan's choice, if the tags are the same; its digest is still read, since the tag may have moved. */
const chosenBefore = async (
  reader: RegistryReader,
  { name, listing, turn }: { readonly name: string; readonly listing: Listing; readonly turn: Turn },
): Promise<Search | Stopped | PutOff | undefined> => {
  const before = reader.scan.memory.choices.get(name);
  if (before?.hash !== listing.hash) return undefined;
  const bundle = await readBundle(reader, before.tag, turn.reserve);
  if (bundle === undefined || bundle.kind !== 'bundle') return bundle;
  return { kind: 'searched', name, listing, bundle, better: before.better, complete: true, message: '' };
};

const searched = async (
  reader: RegistryReader,
  { name, policy, listing, turn }: SearchRequest & { readonly listing: Listing; readonly turn: Turn },
): Promise<Search | ScanOutcome | HeldBack | PutOff> => {
  // Ranking thousands of versions takes 0.1 s, and is useless if no tag may be read any more.
  if (reader.isSpent(turn.reserve)) return PUT_OFF;
  const ranking = rankTags(listing.tags, policy);
  if (ranking.kind === 'none') return nothing('NoMatchingTag', ranking.message, listing.set);
  const { tags } = ranking;
  const { passedOver, choices } = reader.scan.memory;
  // Many new tags that are no bundles must not hide the one that was chosen before: it is read last.
  const before = tags.find((tag) => tag === choices.get(name)?.tag);
  const reserve = turn.first && before !== undefined ? 1 : turn.reserve;
  const better: string[] = [];
  const so = { kind: 'searched', name, listing, better } as const;
  for (const tag of tags) {
    if (!passedOver.has(tag)) {
      const read = await readBundle(reader, tag, reserve);
      if (read?.kind === 'bundle') return { ...so, bundle: read, complete: true, message: '' };
      if (read?.kind === 'put-off' && turn.first) return unfinished(reader, so, { tags, before });
      if (read !== undefined) return read;
    }
    better.push(tag);
  }
  return { ...so, bundle: undefined, complete: true, message: noneOf(tags) };
};

const unfinished = async (
  reader: RegistryReader,
  so: Pick<Search, 'kind' | 'name' | 'listing' | 'better'>,
  { tags: [best], before }: { readonly tags: readonly string[]; readonly before: string | undefined },
): Promise<Search | Stopped | PutOff> => {
  const bundle = before === undefined ? undefined : await readBundle(reader, before, 0);
  if (bundle !== undefined && bundle.kind !== 'bundle') return bundle;
  const message = `none of the tags looked at so far is a bundle (the best is "${best}"); the next scan goes on`;
  return { ...so, bundle, complete: false, message };
};

const noneOf = (tags: readonly string[]): string => {
  const none =
    tags.length === 1
      ? `tag "${tags[0]}" is not a bundle`
      : `none of the ${tags.length} tags that are wanted is a bundle (the best is "${tags[0]}")`;
  return `${none}; publish one with werf bundle publish`;
};

/** Several searches, sorted: those first of which a skipped tag has not been read for longest. */
export const byAge = (reader: RegistryReader, searches: readonly Search[]): readonly Search[] => {
  const age = ({ better }: Search): number =>
    better.reduce((least, tag) => Math.min(least, seenAt(reader, tag)), Number.POSITIVE_INFINITY);
  const aged = searches.map((search) => ({ search, age: age(search) }));
  return aged.toSorted((a, b) => (a.age < b.age ? -1 : 1)).map(({ search }) => search);
};

/** The number of the scan that read a tag last; 0 for one that has become a bundle since it was skipped. */
const seenAt = (reader: RegistryReader, tag: string): number => reader.scan.memory.passedOver.get(tag) ?? 0;

/** The outcome of a search, after skipped tags are read again. */
export const conclude = async (reader: RegistryReader, search: Search): Promise<ScanOutcome> => {
  const { name, listing, complete, message } = search;
  const moved = await secondLooks(reader, search.better);
  const selected = moved ?? search.bundle;
  const { choices } = reader.scan.memory;
  if (selected === undefined) {
    choices.delete(name);
    return nothing('NotABundle', message, listing.set);
  }
  const { tag, digest } = selected;
  const better = moved === undefined ? search.better : search.better.slice(0, search.better.indexOf(tag));
  // The choice of an incomplete search must not be reused for the same tags.
  choices.set(name, { hash: complete ? listing.hash : '', tag, better });
  return { kind: 'selected', tag, digest, tags: listing.set };
};

/**
 * Reads skipped tags again, those not read for longest first. @returns the best one that is a bundle now, if any. A tag that can't be
 * read says nothing against the bundle that was found.
 */
const secondLooks = async (reader: RegistryReader, better: readonly string[]): Promise<Bundle | undefined> => {
  const again = better.toSorted((a, b) => seenAt(reader, a) - seenAt(reader, b)).slice(0, SECOND_LOOKS);
  let best: Bundle | undefined;
  for (const tag of again) {
    const read = await readBundle(reader, tag, 0);
    if (read?.kind === 'bundle' && (best === undefined || better.indexOf(tag) < better.indexOf(best.tag))) best = read;
  }
  return best;
};

/** The bundle behind a tag; undefined if there is none, which is remembered. */
const readBundle = async (
  reader: RegistryReader,
  tag: string,
  reserve: number,
): Promise<Bundle | Stopped | PutOff | undefined> => {
  if (!reader.mayRead(tag, reserve)) return PUT_OFF;
  const manifest = await reader.manifest(tag);
  if (isStopped(manifest)) return manifest;
  const { passedOver } = reader.scan.memory;
  if (manifest.kind === 'manifest' && manifest.bundle) {
    passedOver.delete(tag);
    return { kind: 'bundle', tag, digest: manifest.digest };
  }
  passedOver.set(tag, reader.scan.number);
  return undefined;
};
