import { LRUCache } from 'lru-cache';
import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfAnswer, protocolFailure } from './failures.js';
import { type HttpAnswer, parseEtag } from './http-answer.js';
import { digestOf, isBundleManifest, MANIFEST_ACCEPT, parseDigest } from './manifest.js';
import type { HeldBack, RegistryFailure, RegistryTarget, TaggedManifest } from './port.js';
import { resourceUrl, targetKey } from './target.js';

const MANIFESTS_KEPT = 10_000;

const HOSTS_KEPT = 1000;
/** How long a host is not asked by HEAD after GET answered what HEAD did not: as it may learn it, and as it may have been down. */
const WITHOUT_HEAD_MS = { refused: 6 * 60 * 60 * 1000, broken: 5 * 60 * 1000 };
/** A host that says that it is asked too often is not asked once more. */
const TOO_MANY = 429;
const UNAVAILABLE = 503;

type Known = Extract<TaggedManifest, { kind: 'manifest' }>;

/** One tag of one target, and where it is. */
interface TaggedTarget {
  readonly target: RegistryTarget;
  readonly targetKey: string;
  readonly tag: string;
}

/**
 * Reads what tags point to. A HEAD says the digest, and is all that a tag costs while its digest is known; where the registry gave
 * an ETag before, it is asked on that condition. Nothing else follows from a HEAD: whatever it is refused with, a GET is asked next,
 * for registries and proxies answer them differently. A host where the two differ is asked by GET alone for some time.
 */
export class Manifests {
  readonly #access: Access;
  readonly #clock: Clock;
  /** By target and digest, whether it is a bundle: what is behind a digest never changes. */
  readonly #bundles = new LRUCache<string, boolean>({ max: MANIFESTS_KEPT });
  /** By target and tag: what it pointed to when the registry gave this ETag. */
  readonly #tagged = new LRUCache<string, { readonly etag: string; readonly manifest: Known }>({ max: MANIFESTS_KEPT });
  /** By host, when it may be asked by HEAD again; monotonic. */
  readonly #withoutHead = new LRUCache<string, number>({ max: HOSTS_KEPT });

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  async read(target: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest> {
    const tagged = { target, targetKey: targetKey(target), tag };
    const before = this.#tagged.get(tagKey(tagged));
    const asked = this.#isAskedByHead(target)
      ? await this.#ask(tagged, { method: 'HEAD', unless: before?.etag, signal })
      : undefined;
    // An answer that makes no sense is no answer; the GET says what is really wrong, if anything is.
    const head = asked?.kind === 'failed' && asked.code === 'protocol' ? undefined : asked;
    if (head !== undefined && head.kind !== 'answer') return head;
    const known = head && this.#known(tagged, head, before?.manifest);
    if (known !== undefined) return known;
    // After a 304 that does not fit what is remembered, the manifest itself is needed.
    const unless = head?.status === 304 ? undefined : before?.etag;
    const answer = await this.#ask(tagged, { method: 'GET', unless, signal });
    if (answer.kind !== 'answer') return answer;
    if (head !== undefined) this.#compare(target, head, answer);
    if (answer.status === 200) return this.#fetched(tagged, answer);
    if (answer.status === 404) return { kind: 'absent' };
    if (answer.status !== 304 || unless === undefined) {
      return failureOfAnswer(answer, this.#clock.now());
    }
    const same = this.#known(tagged, answer, before?.manifest);
    return same ?? protocolFailure('the registry calls a manifest unchanged that it never gave');
  }

  #isAskedByHead({ host }: RegistryTarget): boolean {
    const again = this.#withoutHead.get(host.toLowerCase());
    return again === undefined || this.#clock.monotonic() >= again;
  }

  /** Remembers a host that answers GET where it did not answer HEAD. */
  #compare({ host }: RegistryTarget, head: HttpAnswer, get: HttpAnswer): void {
    if (head.status < 400 || get.status >= 400) return;
    const { refused, broken } = WITHOUT_HEAD_MS;
    const ms = head.status < 500 || head.status === 501 ? refused : broken;
    this.#withoutHead.set(host.toLowerCase(), this.#clock.monotonic() + ms);
  }

  /** What an answer without a body tells, if it tells enough. */
  #known(tagged: TaggedTarget, answer: HttpAnswer, before: Known | undefined): TaggedManifest | undefined {
    const isOne = answer.status === 200 || (answer.status === 304 && before !== undefined);
    if (!isOne) return undefined;
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

  /** The answer, whatever its status; what the host must not be asked again for is a failure. */
  async #ask(
    { target, tag }: TaggedTarget,
    how: { readonly method: 'HEAD' | 'GET'; readonly unless: string | undefined; readonly signal: AbortSignal },
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const url = resourceUrl(target, `manifests/${encodeURIComponent(tag)}`);
    const request = {
      resource: 'manifests',
      method: how.method,
      url,
      accept: MANIFEST_ACCEPT,
      unless: how.unless,
    } as const;
    const answer = await this.#access.request(target, request, how.signal);
    return answer.kind === 'answer' && wantsPeace(answer) ? failureOfAnswer(answer, this.#clock.now()) : answer;
  }
}

/** Whether the host wants to be left alone: a GET after such a HEAD would be held back, and nobody would be told why. */
const wantsPeace = (answer: HttpAnswer): boolean =>
  answer.status === TOO_MANY || (answer.status === UNAVAILABLE && answer.header('retry-after') !== undefined);

const digestKey = ({ targetKey: target }: TaggedTarget, digest: string): string => `${target}@${digest}`;

const tagKey = ({ targetKey: target, tag }: TaggedTarget): string => `${target}:${tag}`;
