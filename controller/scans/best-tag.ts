import { rankTags, type TagPolicy } from '../../api/tag-choice.js';
import type { HeldBack } from '../ports.js';
import { isStopped, type Listed, type Looks, nothing, type Stopped } from './looks.js';
import type { ScanOutcome } from './scan.js';

/** Manifests read for one policy in one scan. */
const READS_MAX = 20;
/** Tags passed over that are looked at again in one scan, for each policy. */
const SECOND_LOOKS = 5;

interface Bundle {
  readonly kind: 'bundle';
  readonly tag: string;
  readonly digest: string;
}

interface Search {
  readonly kind: 'searched';
  readonly bundle: Bundle | undefined;
  /** The tags before it, best first: no bundles as far as is known. */
  readonly better: readonly string[];
  /** Manifests asked for. */
  readonly reads: number;
  /** false: there are tags left that nobody has read yet. */
  readonly complete: boolean;
  /** What to say if there is no bundle. */
  readonly message: string;
}

/**
 * The best tag that a policy wants and that is a bundle.
 * @param name - the policy's name in the scan's memory
 */
export async function bestTag(looks: Looks, name: string, policy: TagPolicy): Promise<ScanOutcome | HeldBack> {
  const listing = await looks.tags();
  if (isStopped(listing)) return listing;
  const found = (await chosenBefore(looks, name, listing)) ?? (await searched(looks, listing, { name, policy }));
  if (found.kind !== 'searched') return found;
  const moved = await secondLooks(looks, found.better, READS_MAX - found.reads);
  if (moved !== undefined && isStopped(moved)) return moved;
  const selected = moved ?? found.bundle;
  const { choices } = looks.scan.memory;
  if (selected === undefined) {
    choices.delete(name);
    return nothing('NotABundle', found.message, listing.set);
  }
  const better = moved === undefined ? found.better : found.better.slice(0, found.better.indexOf(moved.tag));
  // A search that is not over must not be taken for the answer to these tags.
  choices.set(name, { hash: found.complete ? listing.hash : '', tag: selected.tag, better });
  return { kind: 'selected', tag: selected.tag, digest: selected.digest, tags: listing.set };
}

type Listing = Exclude<Listed, Stopped>;

/** The last scan's choice, if the tags are the same; its digest is read all the same, for it may have moved. */
async function chosenBefore(looks: Looks, name: string, { hash }: Listing): Promise<Search | Stopped | undefined> {
  const before = looks.scan.memory.choices.get(name);
  if (before?.hash !== hash) return undefined;
  const bundle = await lookAt(looks, before.tag);
  if (bundle === undefined || isStopped(bundle)) return bundle;
  return { kind: 'searched', bundle, better: before.better, reads: 1, complete: true, message: '' };
}

async function searched(
  looks: Looks,
  listing: Listing,
  { name, policy }: { readonly name: string; readonly policy: TagPolicy },
): Promise<Search | ScanOutcome | HeldBack> {
  const ranking = rankTags(listing.tags, policy);
  if (ranking.kind === 'none') return nothing('NoMatchingTag', ranking.message, listing.set);
  const { tags } = ranking;
  const better: string[] = [];
  let reads = 0;
  for (const tag of tags) {
    if (!looks.scan.memory.passedOver.has(tag)) {
      if (reads >= READS_MAX) return unfinished(looks, { name, tags, better, reads });
      if (!looks.has(tag)) reads += 1;
      const look = await lookAt(looks, tag);
      if (look !== undefined && isStopped(look)) return look;
      if (look !== undefined) return { kind: 'searched', bundle: look, better, reads, complete: true, message: '' };
    }
    better.push(tag);
  }
  const none =
    tags.length === 1
      ? `tag "${tags[0]}" is not a bundle`
      : `none of the ${tags.length} tags that are wanted is a bundle (the best is "${tags[0]}")`;
  const message = `${none}; publish one with werf bundle publish`;
  return { kind: 'searched', bundle: undefined, better, reads, complete: true, message };
}

/** Many new tags that are no bundles must not hide the one that was chosen before they came. */
async function unfinished(
  looks: Looks,
  search: {
    readonly name: string;
    readonly tags: readonly string[];
    readonly better: readonly string[];
    readonly reads: number;
  },
): Promise<Search | Stopped> {
  const { name, tags, better, reads } = search;
  const before = looks.scan.memory.choices.get(name)?.tag;
  const bundle = before !== undefined && tags.includes(before) ? await lookAt(looks, before) : undefined;
  if (bundle !== undefined && isStopped(bundle)) return bundle;
  const message = `none of the tags looked at so far is a bundle (the best is "${tags[0]}"); the next scan goes on`;
  return { kind: 'searched', bundle, better, reads, complete: false, message };
}

/** Looks again at tags passed over, those unseen for longest first. The best one that is a bundle now, if there is any. */
async function secondLooks(
  looks: Looks,
  better: readonly string[],
  readsLeft: number,
): Promise<Bundle | Stopped | undefined> {
  const seenAt = (tag: string): number => looks.scan.memory.passedOver.get(tag) ?? 0;
  const again = better.toSorted((a, b) => seenAt(a) - seenAt(b)).slice(0, Math.min(SECOND_LOOKS, readsLeft));
  let best: Bundle | undefined;
  for (const tag of again) {
    const look = await lookAt(looks, tag);
    if (look !== undefined && isStopped(look)) return look;
    if (look !== undefined && (best === undefined || better.indexOf(tag) < better.indexOf(best.tag))) best = look;
  }
  return best;
}

/** The bundle behind a tag; undefined, and remembered, if there is none. */
async function lookAt(looks: Looks, tag: string): Promise<Bundle | Stopped | undefined> {
  const manifest = await looks.manifest(tag);
  if (isStopped(manifest)) return manifest;
  const { passedOver } = looks.scan.memory;
  if (manifest.kind === 'manifest' && manifest.bundle) {
    passedOver.delete(tag);
    return { kind: 'bundle', tag, digest: manifest.digest };
  }
  passedOver.set(tag, looks.scan.number);
  return undefined;
}
