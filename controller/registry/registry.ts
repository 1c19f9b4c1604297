import { createHash } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../kube/ports.js';
import type { Registry, RegistryFailure, RegistryTarget, TaggedManifest, TagList } from '../ports.js';
import { Access } from './access.js';
import { addressPolicy } from './addresses.js';
import { jsonObject } from './answer-json.js';
import { BoundedMap } from './bounded-map.js';
import { Connections } from './connections.js';
import { createExchange, type HttpAnswer } from './exchange.js';
import { failureOfStatus } from './failures.js';
import { nextPage } from './link.js';
import { digestOf, isBundleManifest, MANIFEST_ACCEPT, parseDigest } from './manifest.js';
import { resourceUrl, targetKey } from './target.js';

export interface RegistryTimeouts {
  /** Name resolution, TCP and TLS. */
  readonly connectMs: number;
  /** From the request to the headers of the answer. */
  readonly headersMs: number;
  /** From the headers to the end of the body. */
  readonly bodyMs: number;
}

export interface RegistryLimits {
  /** Pages of one listing of tags. */
  readonly pages: number;
  /** Tags of one listing. */
  readonly tags: number;
  /** Of one answer, unzipped. */
  readonly bodyBytes: number;
}

/** A slow registry still answers within these; a scan that fails is tried again anyway. */
export const DEFAULT_REGISTRY_TIMEOUTS: RegistryTimeouts = { connectMs: 10_000, headersMs: 30_000, bodyMs: 60_000 };

/** Several times the largest repositories that users of other pollers have reported (9,036 tags), 100 tags a page at least. */
export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = { pages: 1_000, tags: 100_000, bodyBytes: 8 * 1024 * 1024 };

export interface RegistryOptions {
  readonly timeouts: RegistryTimeouts;
  readonly limits: RegistryLimits;
  /** Networks that are allowed although loopback or link-local: `127.0.0.0/8`. */
  readonly allowNetworks: readonly string[];
  /** Networks that are refused; stronger than `allowNetworks`. */
  readonly denyNetworks?: readonly string[];
  readonly clock: Clock;
  readonly userAgent: string;
  /** Resolves names; the system's resolver unless given. */
  readonly lookup?: LookupFunction;
}

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const MANIFESTS_KEPT = 10_000;

/**
 * The OCI client on real connections.
 * @throws TypeError if one of the networks is none
 */
export function createRegistry(options: RegistryOptions): Registry & { close(): Promise<void> } {
  const { timeouts, limits, clock, userAgent, lookup } = options;
  const connections = new Connections({
    ...timeouts,
    addresses: addressPolicy({ allow: options.allowNetworks, deny: options.denyNetworks ?? [] }),
    ...(lookup === undefined ? {} : { lookup }),
  });
  const { bodyMs } = timeouts;
  const exchange = createExchange({ connections, clock, userAgent, bodyMs, bodyBytes: limits.bodyBytes });
  return new OciRegistry({ access: new Access(exchange, clock), limits, clock, connections });
}

interface Parts {
  readonly access: Access;
  readonly limits: RegistryLimits;
  readonly clock: Clock;
  readonly connections: Connections;
}

class OciRegistry implements Registry {
  readonly #parts: Parts;
  /** By target and digest: what is behind a digest never changes. */
  readonly #bundles = new BoundedMap<boolean>(MANIFESTS_KEPT);

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  close(): Promise<void> {
    return this.#parts.connections.close();
  }

  async listTags(target: RegistryTarget, signal: AbortSignal): Promise<TagList> {
    const { limits } = this.#parts;
    const tags = new Set<string>();
    const etags: (string | undefined)[] = [];
    const visited = new Set<string>();
    let url = resourceUrl(target, 'tags/list');
    for (;;) {
      visited.add(url.href);
      const page = await this.#page(target, url, signal);
      if (page.kind === 'failed') return page;
      for (const tag of page.tags) tags.add(tag);
      etags.push(page.etag);
      if (tags.size > limits.tags) return protocol(`the repository has more than ${limits.tags} tags`);
      const next = nextPage(url, page.link);
      if (next.kind === 'refused') return protocol(next.message);
      if (next.kind === 'last') return tagList(tags, etags);
      if (visited.has(next.url.href)) return protocol('the pages of the list of tags go round in a circle');
      if (visited.size >= limits.pages) return protocol(`the list of tags has more than ${limits.pages} pages`);
      url = next.url;
    }
  }

  async readManifest(target: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest> {
    const head = await this.#manifest(target, tag, { method: 'HEAD', signal });
    if (head.kind === 'failed' && head.code !== 'protocol') return head;
    if (head.kind === 'answer') {
      if (head.status === 404) return { kind: 'absent' };
      const digest = parseDigest(head.header('docker-content-digest'));
      const bundle = digest === undefined ? undefined : this.#bundles.get(manifestKey(target, digest));
      if (digest !== undefined && bundle !== undefined) return { kind: 'manifest', digest, bundle };
    }
    // A digest not seen before, or a registry that has no HEAD or no digest for it.
    const answer = await this.#manifest(target, tag, { method: 'GET', signal });
    if (answer.kind === 'failed') return answer;
    return answer.status === 404 ? { kind: 'absent' } : this.#remembered(target, answer);
  }

  #remembered(target: RegistryTarget, answer: HttpAnswer): TaggedManifest {
    const bundle = isBundleManifest(answer.body);
    if (bundle === undefined) return protocol('the manifest is no JSON');
    const stated = parseDigest(answer.header('docker-content-digest'));
    const computed = digestOf(answer.body);
    if (stated?.startsWith('sha256:') === true && stated !== computed) {
      return protocol('the manifest does not have the digest that the registry states');
    }
    const digest = stated ?? computed;
    this.#bundles.set(manifestKey(target, digest), bundle);
    return { kind: 'manifest', digest, bundle };
  }

  /** The answer if its status is 200 or 404. */
  async #manifest(
    target: RegistryTarget,
    tag: string,
    { method, signal }: { readonly method: 'HEAD' | 'GET'; readonly signal: AbortSignal },
  ): Promise<HttpAnswer | RegistryFailure> {
    const url = resourceUrl(target, `manifests/${encodeURIComponent(tag)}`);
    const answer = await this.#parts.access.request(target, { method, url, accept: MANIFEST_ACCEPT }, signal);
    return answer.kind === 'failed' || answer.status === 200 || answer.status === 404 ? answer : this.#failure(answer);
  }

  async #page(target: RegistryTarget, url: URL, signal: AbortSignal): Promise<Page | RegistryFailure> {
    const request = { method: 'GET', url, accept: 'application/json' } as const;
    const answer = await this.#parts.access.request(target, request, signal);
    if (answer.kind === 'failed') return answer;
    if (answer.status !== 200) return this.#failure(answer);
    const tags = pageTags(answer.body);
    if (tags === undefined) return protocol('the list of tags is not what a registry answers; is this a registry?');
    return { kind: 'page', tags, link: answer.header('link'), etag: answer.header('etag') };
  }

  #failure(answer: HttpAnswer): RegistryFailure {
    return failureOfStatus(answer.status, answer.header('retry-after'), this.#parts.clock.now());
  }
}

interface Page {
  readonly kind: 'page';
  readonly tags: readonly string[];
  readonly link: string | undefined;
  readonly etag: string | undefined;
}

/** An empty repository's `tags` is null. What can't be a tag is left out: nothing could be read under that name. */
function pageTags(body: Buffer): readonly string[] | undefined {
  const page = jsonObject(body);
  const tags = page?.['tags'] === null ? [] : page?.['tags'];
  if (!Array.isArray(tags)) return undefined;
  return tags.filter((tag): tag is string => typeof tag === 'string' && TAG.test(tag));
}

/** A listing of several pages has an ETag if each of them has; its own is then made of theirs. */
function tagList(tags: ReadonlySet<string>, etags: readonly (string | undefined)[]): TagList {
  const list = { kind: 'tags', tags: [...tags] } as const;
  const [first] = etags;
  if (first === undefined || etags.includes(undefined)) return list;
  if (etags.length === 1) return { ...list, etag: first };
  return { ...list, etag: `"pages-${createHash('sha256').update(etags.join('\n')).digest('hex')}"` };
}

function manifestKey(target: RegistryTarget, digest: string): string {
  return `${targetKey(target)}@${digest}`;
}

function protocol(message: string): RegistryFailure {
  return { kind: 'failed', code: 'protocol', message };
}
