import { LRUCache } from 'lru-cache';
import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfStatus, protocolFailure } from './failures.js';
import { type HttpAnswer, parseEtag } from './http-answer.js';
import { digestOf, isBundleManifest, MANIFEST_ACCEPT, parseDigest } from './manifest.js';
import type { HeldBack, RegistryFailure, RegistryTarget, TaggedManifest } from './port.js';
import { resourceUrl, targetKey } from './target.js';

const MANIFESTS_KEPT = 10_000;

type Known = Extract<TaggedManifest, { kind: 'manifest' }>;

/** One tag of one target, and where it is. */
interface TaggedTarget {
  readonly target: RegistryTarget;
  readonly targetKey: string;
  readonly tag: string;
}

/**
 * Reads what tags point to. A HEAD says the digest, and is all that a tag costs while its digest is known; where the registry gave
 * an ETag before, it is asked on that condition.
 */
export class Manifests {
  readonly #access: Access;
  readonly #clock: Clock;
  /** By target and digest, whether it is a bundle: what is behind a digest never changes. */
  readonly #bundles = new LRUCache<string, boolean>({ max: MANIFESTS_KEPT });
  /** By target and tag: what it pointed to when the registry gave this ETag. */
  readonly #tagged = new LRUCache<string, { readonly etag: string; readonly manifest: Known }>({ max: MANIFESTS_KEPT });

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  async read(target: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest> {
    const tagged = { target, targetKey: targetKey(target), tag };
    const before = this.#tagged.get(tagKey(tagged));
    const head = await this.#ask(tagged, { method: 'HEAD', unless: before?.etag, signal });
    // Some registries have no HEAD; the GET then says what is really wrong, if anything is.
    if (head.kind !== 'answer' && !(head.kind === 'failed' && head.code === 'protocol')) return head;
    const known = head.kind === 'answer' ? this.#known(tagged, head, before?.manifest) : undefined;
    if (known !== undefined) return known;
    // After a 304 that does not fit what is remembered, the manifest itself is needed.
    const unless = head.kind === 'answer' && head.status === 304 ? undefined : before?.etag;
    const answer = await this.#ask(tagged, { method: 'GET', unless, signal });
    if (answer.kind !== 'answer') return answer;
    if (answer.status === 200) return this.#fetched(tagged, answer);
    const same = this.#known(tagged, answer, before?.manifest);
    return same ?? protocolFailure('the registry calls a manifest unchanged that it never gave');
  }

  /** What an answer without a body tells, if it tells enough. */
  #known(tagged: TaggedTarget, answer: HttpAnswer, before: Known | undefined): TaggedManifest | undefined {
    if (answer.status === 404) return { kind: 'absent' };
    const stated = parseDigest(answer.header('docker-content-digest'));
    const digest = stated ?? (answer.status === 304 ? before?.digest : undefined);
    const bundle = digest === undefined ? undefined : this.#bundles.get(digestKey(tagged, digest));
    if (digest === undefined || bundle === undefined) return undefined;
    return this.#keep(tagged, answer, { kind: 'manifest', digest, bundle });
  }

  #fetched(tagged: TaggedTarget, answer: HttpAnswer): TaggedManifest {
    const bundle = isBundleManifest(answer.body);
    if (bundle === undefined) return protocolFailure('the manifest is no JSON');
    const stated = parseDigest(answer.header('docker-content-digest'));
    const computed = digestOf(answer.body);
    if (stated?.startsWith('sha256:') === true && stated !== computed) {
      return protocolFailure('the manifest does not have the digest that the registry states');
    }
    const digest = stated ?? computed;
    this.#bundles.set(digestKey(tagged, digest), bundle);
    return this.#keep(tagged, answer, { kind: 'manifest', digest, bundle });
  }

  #keep(tagged: TaggedTarget, answer: HttpAnswer, manifest: Known): Known {
    const etag = parseEtag(answer.header('etag'));
    if (etag !== undefined) this.#tagged.set(tagKey(tagged), { etag, manifest });
    else if (answer.status !== 304) this.#tagged.delete(tagKey(tagged));
    return manifest;
  }

  /** The answer if its status is 200, 304 or 404. */
  async #ask(
    { target, tag }: TaggedTarget,
    how: { readonly method: 'HEAD' | 'GET'; readonly unless: string | undefined; readonly signal: AbortSignal },
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const url = resourceUrl(target, `manifests/${encodeURIComponent(tag)}`);
    const request = { method: how.method, url, accept: MANIFEST_ACCEPT, unless: how.unless };
    const answer = await this.#access.request(target, request, how.signal);
    const expected = answer.kind !== 'answer' || answer.status === 200 || answer.status === 404;
    if (expected || (answer.status === 304 && how.unless !== undefined)) return answer;
    return failureOfStatus(answer.status, answer.header('retry-after'), this.#clock.now());
  }
}

const digestKey = ({ targetKey: target }: TaggedTarget, digest: string): string => `${target}@${digest}`;

const tagKey = ({ targetKey: target, tag }: TaggedTarget): string => `${target}:${tag}`;
