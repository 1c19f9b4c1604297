import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfStatus, protocolFailure } from './failures.js';
import { type HttpAnswer, jsonObject, parseEtag } from './http-answer.js';
import { nextPage } from './link.js';
import type { HeldBack, RegistryFailure, RegistryTarget, TagList } from './port.js';
import { resourceUrl, targetKey } from './target.js';

export interface ListingLimits {
  /** Pages of one listing of tags. */
  readonly pages: number;
  /** Tags of one listing. */
  readonly tags: number;
}

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Limit for all pages kept, in characters of their tags: some thousand repositories of some thousand tags. */
const KEPT_CHARACTERS = 16 * 1024 * 1024;
/** What an entry costs beside its tags. */
const ENTRY_CHARACTERS = 512;
/** A page is fetched whole at least so often: an ETag that does not change with the tags would hide new ones for ever. */
const TRUSTED_MS = 6 * 60 * 60 * 1000;

/** One page as it was answered with status 200. */
interface KeptPage {
  readonly etag: string;
  readonly tags: readonly string[];
  readonly link: string | undefined;
  /** Monotonic. */
  readonly fetchedAt: number;
  readonly characters: number;
}

interface Page {
  readonly kind: 'page';
  readonly tags: readonly string[];
  readonly link: string | undefined;
  readonly etag: string | undefined;
  /** The registry answered 304. */
  readonly unchanged: boolean;
}

/** A later page was not found: the tag that it begins after may have been deleted in between. */
interface Lost {
  readonly kind: 'lost';
}

/**
 * Lists a repository's tags, page by page; a page for which the registry gave an ETag before is requested on that condition.
 * Pages are kept by URL and target, and a target includes its credential.
 */
export class TagListing {
  readonly #access: Access;
  readonly #limits: ListingLimits;
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, KeptPage>({
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: ({ characters }) => characters,
  });

  constructor(access: Access, limits: ListingLimits, clock: Clock) {
    this.#access = access;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** All pages, or a failure: part of a list would be taken for tags that have gone. */
  async list(target: RegistryTarget, signal: AbortSignal): Promise<TagList> {
    const list = await this.#allPages(target, signal);
    if (list.kind !== 'lost') return list;
    const again = await this.#allPages(target, signal);
    return again.kind === 'lost'
      ? protocolFailure('the registry answers 404 not found to the next page of tags that it named')
      : again;
  }

  async #allPages(target: RegistryTarget, signal: AbortSignal): Promise<TagList | Lost> {
    const key = targetKey(target);
    const pages = new Map<string, Page>();
    const tags = new Set<string>();
    let url = resourceUrl(target, 'tags/list');
    for (;;) {
      const page = await this.#page({ target, key: `${key} ${url.href}`, url }, signal);
      if (page.kind === 'held') return page;
      if (page.kind === 'failed') return page.code === 'not-found' && pages.size > 0 ? { kind: 'lost' } : page;
      pages.set(url.href, page);
      for (const tag of page.tags) tags.add(tag);
      if (tags.size > this.#limits.tags) {
        return protocolFailure(`the repository has more than ${this.#limits.tags} tags`);
      }
      const next = nextPage(url, page.link);
      if (next.kind === 'refused') return protocolFailure(next.message);
      if (next.kind === 'last') return tagList(tags, [...pages.values()]);
      if (pages.has(next.url.href)) return protocolFailure('the pages of the list of tags go round in a circle');
      if (pages.size >= this.#limits.pages) {
        return protocolFailure(`the list of tags has more than ${this.#limits.pages} pages`);
      }
      url = next.url;
    }
  }

  async #page(
    { target, key, url }: { readonly target: RegistryTarget; readonly key: string; readonly url: URL },
    signal: AbortSignal,
  ): Promise<Page | RegistryFailure | HeldBack> {
    const kept = this.#trusted(key);
    const request = { method: 'GET', url, accept: 'application/json', unless: kept?.etag } as const;
    const answer = await this.#access.request(target, request, signal);
    if (answer.kind !== 'answer') return answer;
    if (answer.status === 304 && kept !== undefined) {
      // Whether there is a next page is no part of what the ETag is for: the answer's own Link counts, if it has one.
      return { kind: 'page', ...kept, link: answer.header('link') ?? kept.link, unchanged: true };
    }
    if (answer.status === 200) return this.#fetched(key, answer);
    return failureOfStatus(answer.status, answer.header('retry-after'), this.#clock.now());
  }

  #fetched(key: string, answer: HttpAnswer): Page | RegistryFailure {
    const tags = pageTags(answer.body);
    if (tags === undefined) {
      return protocolFailure('the list of tags is not what a registry answers; is this a registry?');
    }
    const link = answer.header('link');
    const etag = parseEtag(answer.header('etag'));
    if (etag === undefined) this.#kept.delete(key);
    else {
      const characters = tags.reduce((sum, tag) => sum + tag.length, ENTRY_CHARACTERS);
      this.#kept.set(key, { etag, tags, link, fetchedAt: this.#clock.monotonic(), characters });
    }
    return { kind: 'page', tags, link, etag, unchanged: false };
  }

  #trusted(key: string): KeptPage | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && this.#clock.monotonic() - kept.fetchedAt < TRUSTED_MS ? kept : undefined;
  }
}

/** An empty repository's `tags` is null. What can't be a tag is left out: nothing could be read under that name. */
const pageTags = (body: Buffer): readonly string[] | undefined => {
  const page = jsonObject(body);
  const tags = page?.['tags'] === null ? [] : page?.['tags'];
  if (!Array.isArray(tags)) return undefined;
  return tags.filter((tag): tag is string => typeof tag === 'string' && TAG.test(tag));
};

/** A listing of several pages has an ETag if each of them has; its own is then made of theirs. */
const tagList = (tags: ReadonlySet<string>, pages: readonly Page[]): TagList => {
  const unchanged = pages.every((page) => page.unchanged);
  const list = { kind: 'tags', tags: [...tags], ...(unchanged && { unchanged }) } as const;
  const etags = pages.map(({ etag }) => etag);
  const [first] = etags;
  if (first === undefined || etags.includes(undefined)) return list;
  if (etags.length === 1) return { ...list, etag: first };
  return { ...list, etag: `"pages-${createHash('sha256').update(etags.join('\n')).digest('hex')}"` };
};
