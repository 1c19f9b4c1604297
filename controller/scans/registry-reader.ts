import { createHash } from 'node:crypto';
import { highestTags } from '../../api/missing-tag.js';
import type { TagPolicy } from '../../api/tag-choice.js';
import type {
  HeldBack,
  Registry,
  RegistryFailure,
  RegistryTarget,
  TaggedManifest,
  TagList,
} from '../../registry/port.js';
import type { ScanOutcome, TagSet } from './scan.js';

/** What the scans of a repository remember, from one to the next. */
export interface ScanMemory {
  /**
   * Tags that turned out to be no bundles, with the number of the scan that read them last. They are skipped, so that the next
   * scan goes on where this one stopped; a few are read again each time, since a tag may move.
   */
  readonly passedOver: Map<string, number>;
  /** By the policy's name: what was chosen. Ranking thousands of versions takes 0.1 s, which an unchanged list need not cost. */
  readonly choices: Map<string, Choice>;
  /** By the policy's name: the number of the scan that had an answer for it last. */
  readonly turns: Map<string, number>;
  /** Hash and short form of the last listing. */
  listed: { readonly hash: string; readonly set: TagSet } | undefined;
  /** The highest tags of the listing with this hash, if they were needed: to rank thousands takes 0.1 s. */
  highest: { readonly hash: string; readonly tags: readonly string[] } | undefined;
}

/** The memory of a repository that was never scanned. */
export const newMemory = (): ScanMemory => ({
  passedOver: new Map(),
  choices: new Map(),
  turns: new Map(),
  listed: undefined,
  highest: undefined,
});

/** The best bundle among the tags with this hash, and the better tags that are none, best first. */
interface Choice {
  readonly hash: string;
  readonly tag: string;
  readonly better: readonly string[];
}

/** One scan of one repository. */
export interface RepositoryScan {
  readonly registry: Registry;
  readonly target: RegistryTarget;
  /** By a name that is equal for equal policies; in the order of their turns. */
  readonly policies: ReadonlyMap<string, TagPolicy>;
  /** The memory of this repository; the scan updates it. */
  readonly memory: ScanMemory;
  /** Grows from scan to scan. */
  readonly number: number;
  readonly signal: AbortSignal;
}

/** Limit for the manifests that one scan reads, for all policies together: the next scan reads the rest. */
const READS_MAX = 20;

/** Failures that concern the registry as a whole: further requests would fail as well, maybe after a long wait. */
const WHOLE_REGISTRY: ReadonlySet<RegistryFailure['code']> = new Set([
  'timeout',
  'rate-limited',
  'server-error',
  'connection',
  'certificate',
  'refused-address',
]);

/** No result: an outcome that is a failure, or a request that was held back. */
export type Stopped = Extract<ScanOutcome, { kind: 'failed' }> | HeldBack;
/** Others have read as much as one scan may: the policy has its turn in the next one. */
export interface PutOff {
  readonly kind: 'put-off';
}
/** A list of tags; `hash` of the tags, `set` for the status. */
export type Listed =
  | { readonly kind: 'listed'; readonly tags: readonly string[]; readonly hash: string; readonly set: TagSet }
  | Stopped;
/** What a tag points to, or why that is unknown. */
type ManifestRead = Exclude<TaggedManifest, RegistryFailure | HeldBack> | Stopped;

/** Makes the requests of one scan: none is repeated, and a registry that is broken is not asked any more. */
export class RegistryReader {
  readonly scan: RepositoryScan;
  /** Set after a failure of the whole registry. */
  broken: Stopped | undefined;
  #listing: Listed | undefined;
  readonly #manifests = new Map<string, ManifestRead>();
  #readsLeft = READS_MAX;

  constructor(scan: RepositoryScan) {
    this.scan = scan;
  }

  async tags(): Promise<Listed> {
    if (this.broken !== undefined) return this.broken;
    const { registry, target, signal } = this.scan;
    this.#listing ??= this.#listed(await registry.listTags(target, signal));
    return this.#listing;
  }

  /** The highest of the tags, to name them. */
  highestOf({ hash, tags }: Exclude<Listed, Stopped>): readonly string[] {
    const { memory } = this.scan;
    if (memory.highest?.hash !== hash) memory.highest = { hash, tags: highestTags(tags) };
    return memory.highest.tags;
  }

  async manifest(tag: string): Promise<ManifestRead> {
    if (this.broken !== undefined) return this.broken;
    const known = this.#manifests.get(tag);
    if (known !== undefined) return known;
    const { registry, target, signal } = this.scan;
    this.#readsLeft -= 1;
    const manifest = await registry.readManifest(target, tag, signal);
    const read = isStopped(manifest) ? this.#stopped(manifest) : manifest;
    this.#manifests.set(tag, read);
    return read;
  }

  /** Whether nothing was read yet: then the policy may read as much as one scan may. */
  get unused(): boolean {
    return this.#readsLeft === READS_MAX;
  }

  /**
   * Whether a tag may be read. Reading a tag again in the same scan makes no request.
   * @param reserve - how many reads are to be left for others
   */
  mayRead(tag: string, reserve: number): boolean {
    return this.#manifests.has(tag) || !this.isSpent(reserve);
  }

  /** Whether only the reads that are reserved for others are left. */
  isSpent(reserve: number): boolean {
    return this.#readsLeft <= reserve;
  }

  /** Forgets tags and policies that do not exist any more. */
  forgetVanished(): void {
    const { passedOver, choices, turns } = this.scan.memory;
    for (const known of [choices, turns])
      for (const name of known.keys()) if (!this.scan.policies.has(name)) known.delete(name);
    if (this.#listing?.kind !== 'listed') return;
    const present = new Set(this.#listing.tags);
    for (const tag of passedOver.keys()) if (!present.has(tag)) passedOver.delete(tag);
  }

  #listed(list: TagList): Listed {
    if (isStopped(list)) return this.#stopped(list);
    const hash = hashOf(list.tags);
    const { memory } = this.scan;
    const tagSet = tagSetOf(list, hash);
    // Some registries and proxies make another ETag for the same tags each time: the old one stays.
    const { etag, etagSupported } = memory.listed?.hash === hash ? memory.listed.set : tagSet;
    const set = { ...tagSet, etag, etagSupported };
    memory.listed = { hash, set };
    return { kind: 'listed', tags: list.tags, hash, set };
  }

  #stopped(cause: RegistryFailure | HeldBack): Stopped {
    const stopped = cause.kind === 'held' ? cause : ({ kind: 'failed', failure: cause } as const);
    if (cause.kind === 'held' || WHOLE_REGISTRY.has(cause.code)) this.broken = stopped;
    return stopped;
  }
}

/** Whether a request had no result. */
export const isStopped = <Result extends { readonly kind: string }>(
  result: Result,
): result is Extract<Result, { readonly kind: 'failed' | 'held' }> =>
  result.kind === 'failed' || result.kind === 'held';

/** The outcome if there is nothing to deploy. */
export const nothing = (reason: 'NoMatchingTag' | 'NotABundle', message: string, tags: TagSet): ScanOutcome => ({
  kind: 'nothing-to-deploy',
  reason,
  message,
  tags,
});

/** The short form of a list of tags; of no list at all if `tags` is empty. */
export const tagSetOf = (list: Extract<TagList, { kind: 'tags' }>, hash: string): TagSet => {
  const count = list.tags.length;
  return list.etag === undefined
    ? { etag: `tags-sha256:${hash}`, etagSupported: false, count }
    : { etag: list.etag, etagSupported: true, count, ...(list.unchanged && { unchanged: list.unchanged }) };
};

/** SHA-256 of the sorted tags, one a line, in hex. */
export const hashOf = (tags: readonly string[]): string =>
  createHash('sha256').update(tags.toSorted().join('\n')).digest('hex');
