import { createHash } from 'node:crypto';
import { rankTags, type TagPolicy } from '../../api/tag-choice.js';
import type { Registry, RegistryFailure, RegistryTarget, TaggedManifest, TagList } from '../ports.js';
import type { ScanOutcome, TagSet } from './scan.js';

/**
 * Tags of a repository that turned out to be no bundles, with the number of the scan that looked last. They are passed over
 * unread, so that the next scan goes on where this one stopped; a few are looked at again each time, for a tag may move.
 */
export type PassedOver = Map<string, number>;

export interface RepositoryScan {
  readonly registry: Registry;
  readonly target: RegistryTarget;
  /** By a name that is equal for equal policies. */
  readonly policies: ReadonlyMap<string, TagPolicy>;
  /** Of this repository; brought up to date. */
  readonly passedOver: PassedOver;
  /** Grows from scan to scan. */
  readonly number: number;
  readonly signal: AbortSignal;
}

/** Manifests read for one policy in one scan. */
const READS_MAX = 20;
/** Tags passed over that are looked at again in one scan, for each policy. */
const SECOND_LOOKS = 5;

/** These say something of the registry as a whole: asking it for more would fail the same way, maybe after a long wait. */
const WHOLE_REGISTRY: ReadonlySet<RegistryFailure['code']> = new Set([
  'timeout',
  'rate-limited',
  'server-error',
  'connection',
  'certificate',
  'refused-address',
]);

/**
 * Looks at a repository once, for all policies.
 * @returns the outcome of each policy, by its name. Rejects only with the reason of an aborted signal.
 */
export async function scanRepository(scan: RepositoryScan): Promise<ReadonlyMap<string, ScanOutcome>> {
  const looks = new Looks(scan);
  const outcomes = new Map<string, ScanOutcome>();
  for (const [name, policy] of scan.policies) {
    outcomes.set(
      name,
      looks.broken ?? (policy.tag === undefined ? await bestTag(looks, policy) : await fixedTag(looks, policy.tag)),
    );
  }
  looks.forgetVanished();
  return outcomes;
}

type Failed = Extract<ScanOutcome, { kind: 'failed' }>;
type Listed = { readonly kind: 'listed'; readonly tags: readonly string[]; readonly set: TagSet } | Failed;
type Looked = Exclude<TaggedManifest, RegistryFailure> | Failed;

/** The requests of one scan: what was asked once is not asked again, and a registry that is broken is asked no more. */
class Looks {
  readonly scan: RepositoryScan;
  /** Set after a failure that tells of the whole registry. */
  broken: Failed | undefined;
  #listing: Listed | undefined;
  readonly #manifests = new Map<string, Looked>();

  constructor(scan: RepositoryScan) {
    this.scan = scan;
  }

  async tags(): Promise<Listed> {
    if (this.broken !== undefined) return this.broken;
    const { registry, target, signal } = this.scan;
    this.#listing ??= this.#listed(await registry.listTags(target, signal));
    return this.#listing;
  }

  async manifest(tag: string): Promise<Looked> {
    if (this.broken !== undefined) return this.broken;
    const known = this.#manifests.get(tag);
    if (known !== undefined) return known;
    const { registry, target, signal } = this.scan;
    const manifest = await registry.readManifest(target, tag, signal);
    const looked = manifest.kind === 'failed' ? this.#failed(manifest) : manifest;
    this.#manifests.set(tag, looked);
    return looked;
  }

  /** Whether a tag was looked at in this scan. */
  has(tag: string): boolean {
    return this.#manifests.has(tag);
  }

  /** Drops what is remembered of tags that are not there any more. */
  forgetVanished(): void {
    if (this.#listing?.kind !== 'listed') return;
    const present = new Set(this.#listing.tags);
    for (const tag of this.scan.passedOver.keys()) if (!present.has(tag)) this.scan.passedOver.delete(tag);
  }

  #listed(list: TagList): Listed {
    return list.kind === 'failed' ? this.#failed(list) : { kind: 'listed', tags: list.tags, set: tagSetOf(list) };
  }

  #failed(failure: RegistryFailure): Failed {
    const failed: Failed = { kind: 'failed', failure };
    if (WHOLE_REGISTRY.has(failure.code)) this.broken = failed;
    return failed;
  }
}

async function bestTag(looks: Looks, policy: TagPolicy): Promise<ScanOutcome> {
  const listing = await looks.tags();
  if (listing.kind === 'failed') return listing;
  const ranking = rankTags(listing.tags, policy);
  if (ranking.kind === 'none') return nothing('NoMatchingTag', ranking.message, listing.set);
  const first = await firstBundle(looks, ranking.tags);
  if (first.kind === 'failed') return first;
  const moved = await secondLooks(looks, first.skipped, READS_MAX - first.reads);
  if (moved.kind === 'failed') return moved;
  const selected = moved.kind === 'bundle' ? moved : first.bundle;
  if (selected !== undefined)
    return { kind: 'selected', tag: selected.tag, digest: selected.digest, tags: listing.set };
  const message = first.complete
    ? `none of the tags that are wanted is a bundle (looked at: ${ranking.tags.length}, the best is "${ranking.tags[0]}"); publish one with werf bundle publish`
    : `none of the tags looked at so far is a bundle (the best is "${ranking.tags[0]}"); the next scan goes on`;
  return nothing('NotABundle', message, listing.set);
}

interface Bundle {
  readonly kind: 'bundle';
  readonly tag: string;
  readonly digest: string;
}

interface Search {
  readonly kind: 'searched';
  readonly bundle: Bundle | undefined;
  /** Better ones that were not read, for it is known that they were no bundles. */
  readonly skipped: readonly string[];
  readonly reads: number;
  /** Whether there is nothing left to read. */
  readonly complete: boolean;
}

async function firstBundle(looks: Looks, ranked: readonly string[]): Promise<Search | Failed> {
  const skipped: string[] = [];
  let reads = 0;
  for (const tag of ranked) {
    if (looks.scan.passedOver.has(tag)) {
      skipped.push(tag);
      continue;
    }
    if (reads >= READS_MAX) return { kind: 'searched', bundle: undefined, skipped, reads, complete: false };
    const asked = !looks.has(tag);
    const look = await lookAt(looks, tag);
    if (look.kind === 'failed') return look;
    if (look.kind === 'bundle') return { kind: 'searched', bundle: look, skipped, reads: reads + 1, complete: true };
    if (asked) reads += 1;
  }
  return { kind: 'searched', bundle: undefined, skipped, reads, complete: true };
}

/** Looks again at tags passed over, those unseen for longest first. The best one that is a bundle now, if there is any. */
async function secondLooks(
  looks: Looks,
  skipped: readonly string[],
  readsLeft: number,
): Promise<Bundle | Failed | { readonly kind: 'none' }> {
  const seenAt = (tag: string): number => looks.scan.passedOver.get(tag) ?? 0;
  const again = skipped.toSorted((a, b) => seenAt(a) - seenAt(b)).slice(0, Math.min(SECOND_LOOKS, readsLeft));
  let best: Bundle | undefined;
  for (const tag of again) {
    const look = await lookAt(looks, tag);
    if (look.kind === 'failed') return look;
    if (look.kind === 'bundle' && (best === undefined || skipped.indexOf(tag) < skipped.indexOf(best.tag))) best = look;
  }
  return best ?? { kind: 'none' };
}

async function lookAt(looks: Looks, tag: string): Promise<Bundle | Failed | { readonly kind: 'none' }> {
  const manifest = await looks.manifest(tag);
  if (manifest.kind === 'failed') return manifest;
  if (manifest.kind === 'manifest' && manifest.bundle) {
    looks.scan.passedOver.delete(tag);
    return { kind: 'bundle', tag, digest: manifest.digest };
  }
  looks.scan.passedOver.set(tag, looks.scan.number);
  return { kind: 'none' };
}

/** A fixed tag needs no listing: registries may hide tags, and reading one is cheaper. */
async function fixedTag(looks: Looks, tag: string): Promise<ScanOutcome> {
  const manifest = await looks.manifest(tag);
  switch (manifest.kind) {
    case 'failed':
      return manifest;
    case 'absent':
      return absentTag(looks, tag);
    case 'manifest': {
      const tags: TagSet = { etag: `"${manifest.digest}"`, etagSupported: true, count: 1 };
      if (manifest.bundle) return { kind: 'selected', tag, digest: manifest.digest, tags };
      const message = `tag "${tag}" is not a bundle: its manifest is not a Helm chart's; publish one with werf bundle publish`;
      return nothing('NotABundle', message, tags);
    }
  }
}

/** A registry says the same of a missing tag and of a missing repository; its listing tells them apart. */
async function absentTag(looks: Looks, tag: string): Promise<ScanOutcome> {
  const listing = await looks.tags();
  if (listing.kind === 'failed' && (looks.broken !== undefined || listing.failure.code === 'not-found')) return listing;
  const tags = listing.kind === 'listed' ? listing.set : tagSetOf({ kind: 'tags', tags: [] });
  return nothing('NoMatchingTag', `tag "${tag}" does not exist in ${place(looks.scan.target)}`, tags);
}

function nothing(reason: 'NoMatchingTag' | 'NotABundle', message: string, tags: TagSet): ScanOutcome {
  return { kind: 'nothing-to-deploy', reason, message, tags };
}

function place({ host, repository }: RegistryTarget): string {
  return `${host}/${repository}`;
}

function tagSetOf(list: Extract<TagList, { kind: 'tags' }>): TagSet {
  const count = list.tags.length;
  if (list.etag !== undefined) return { etag: list.etag, etagSupported: true, count };
  const hash = createHash('sha256').update(list.tags.toSorted().join('\n')).digest('hex');
  return { etag: `tags-sha256:${hash}`, etagSupported: false, count };
}
