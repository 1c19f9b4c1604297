import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { quoted } from '../api/validate/wording.js';
import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfAnswer, protocolFailure } from './failures.js';
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
  /** The values of its `Link` headers. */
  readonly links: readonly string[];
  /** Monotonic. */
  readonly fetchedAt: number;
  readonly characters: number;
}

interface Page {
  readonly kind: 'page';
  readonly tags: readonly string[];
  readonly links: readonly string[];
  readonly etag: string | undefined;
  /** The registry answered 304. */
  readonly unchanged: boolean;
}

/** A later page was not found: the tag that it begins after may have been deleted in between. `failure`: what to say if it was not. */
interface Lost {
  readonly kind: 'lost';
  readonly failure: RegistryFailure;
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
    return again.kind === 'lost' ? again.failure : again;
  }

  async #allPages(target: RegistryTarget, signal: AbortSignal): Promise<TagList | Lost> {
    const key = targetKey(target);
    const pages = new Map<string, Page>();
    const tags = new Set<string>();
    let url = resourceUrl(target, 'tags/list');
    for (;;) {
      const page = await this.#page({ target, key: `${key} ${url.href}`, url }, signal);
      if (page.kind === 'held') return page;
      if (page.kind === 'failed') return pages.size === 0 ? page : failureOfNextPage(target, url, page);
      pages.set(url.href, page);
      for (const tag of page.tags) tags.add(tag);
      if (tags.size > this.#limits.tags) {
        return protocolFailure(`the repository has more than ${this.#limits.tags} tags`);
      }
      const next = nextPage(url, page.links);
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
    const request = { resource: 'tags', method: 'GET', url, accept: 'application/json', unless: kept?.etag } as const;
    const answer = await this.#access.request(target, request, signal);
    if (answer.kind !== 'answer') return answer;
    if (answer.status === 304 && kept !== undefined) {
      // Whether there is a next page is no part of what the ETag is for: the answer's own Link counts, if it has any.
      const own = answer.headers('link');
      return { kind: 'page', ...kept, links: own.length > 0 ? own : kept.links, unchanged: true };
    }
    if (answer.status === 200) return this.#fetched(key, answer);
    return failureOfAnswer(answer, this.#clock.now());
  }

  #fetched(key: string, answer: HttpAnswer): Page | RegistryFailure {
    const tags = pageTags(answer.body);
    if (tags === undefined) {
      return protocolFailure('the list of tags is not what a registry answers; is this a registry?');
    }
    const links = answer.headers('link');
    const etag = parseEtag(answer.header('etag'));
    if (etag === undefined) this.#kept.delete(key);
    else {
      const characters = tags.reduce((sum, tag) => sum + tag.length, ENTRY_CHARACTERS);
      this.#kept.set(key, { etag, tags, links, fetchedAt: this.#clock.monotonic(), characters });
    }
    return { kind: 'page', tags, links, etag, unchanged: false };
  }

  #trusted(key: string): KeptPage | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && this.#clock.monotonic() - kept.fetchedAt < TRUSTED_MS ? kept : undefined;
  }
}

/** Codes of answers to a page that the registry itself has named, which say that it should not have. */
const NOT_SERVED: ReadonlySet<RegistryFailure['code']> = new Set(['not-found', 'protocol', 'unauthorized']);

/** Says which address the registry has named, and where its tags are: behind a proxy that changes paths, the two differ. */
const failureOfNextPage = (target: RegistryTarget, url: URL, failure: RegistryFailure): RegistryFailure | Lost => {
  if (!NOT_SERVED.has(failure.code)) return failure;
  const { pathname } = resourceUrl(target, 'tags/list');
  const elsewhere = url.pathname === pathname ? '' : `; it serves tags at ${pathname}`;
  const named = quoted(`${url.pathname}${url.search}`);
  const message = `${failure.message}: the answer to the next page of tags that the registry names, ${named}${elsewhere}`;
  if (failure.code === 'not-found') return { kind: 'lost', failure: protocolFailure(message) };
  return { ...failure, message };
};

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
