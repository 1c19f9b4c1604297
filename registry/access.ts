import { LRUCache } from 'lru-cache';
import type { Clock } from '../process/ports.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { Exchange } from './exchange.js';
import { failureOfStatus } from './failures.js';
import type { HttpAnswer } from './http-answer.js';
import type { HeldBack, RegistryFailure, RegistryTarget } from './port.js';
import { targetKey } from './target.js';
import { basicAuthorization, Tokens } from './tokens.js';

interface RegistryRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly accept: string;
  /** An ETag, sent as If-None-Match: while it is current, the registry may answer 304 Not Modified. */
  readonly unless?: string | undefined;
}

/** How a request is allowed in, or why it can't be. */
type Authorization = { readonly kind: 'authorization'; readonly value: string } | RegistryFailure | HeldBack;

/** Targets whose way of authentication is remembered; a forgotten one costs one request. */
const CHALLENGES_KEPT = 10_000;

/**
 * Makes requests to registries with the authentication that they ask for: none, Basic or Bearer. The first answer says which; later
 * requests to the same target send it at once.
 */
export class Access {
  readonly #exchange: Exchange;
  readonly #tokens: Tokens;
  readonly #challenges = new LRUCache<string, Challenge>({ max: CHALLENGES_KEPT });

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#tokens = new Tokens(exchange, clock);
  }

  /** The answer, 401 included if the registry grants no access. Rejects only with the reason of an aborted signal. */
  async request(
    target: RegistryTarget,
    request: RegistryRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const key = targetKey(target);
    const remembered = this.#challenges.get(key);
    const first = await this.#attempt(target, request, { challenge: remembered, fresh: false, signal });
    if (first.kind !== 'answer' || first.status !== 401) return first;
    // The target of a redirect must not decide who is shown the registry's credential.
    if (first.origin !== request.url.origin) return first;
    const challenge = usable(parseChallenges(first.headers('www-authenticate')), target);
    if (challenge === undefined) {
      this.#challenges.delete(key);
      return first;
    }
    // The same Basic credential again would be refused again, and some registries lock accounts out.
    if (challenge.scheme === 'basic' && remembered?.scheme === 'basic') return first;
    this.#challenges.set(key, challenge);
    return this.#attempt(target, request, { challenge, fresh: remembered !== undefined, signal });
  }

  async #attempt(
    target: RegistryTarget,
    { method, url, accept, unless }: RegistryRequest,
    how: { readonly challenge: Challenge | undefined; readonly fresh: boolean; readonly signal: AbortSignal },
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const plain = { accept, ...(unless !== undefined && { 'if-none-match': unless }) };
    if (how.challenge === undefined) return this.#exchange({ method, url, headers: plain }, target, how.signal);
    const allowed = await this.#authorization(target, how.challenge, how);
    if (allowed.kind !== 'authorization') return allowed;
    const headers = { ...plain, authorization: allowed.value };
    return this.#exchange({ method, url, headers }, target, how.signal);
  }

  async #authorization(
    target: RegistryTarget,
    challenge: Challenge,
    how: { readonly fresh: boolean; readonly signal: AbortSignal },
  ): Promise<Authorization> {
    if (challenge.scheme === 'basic') {
      const { credential } = target;
      return credential === undefined
        ? failureOfStatus(401, undefined, 0)
        : { kind: 'authorization', value: basicAuthorization(credential) };
    }
    const token = await this.#tokens.token(target, challenge, how);
    return token.kind !== 'token' ? token : { kind: 'authorization', value: `Bearer ${token.value}` };
  }
}

/** Bearer before Basic: a token expires, and anonymous access needs one. */
const usable = (challenges: readonly Challenge[], target: RegistryTarget): Challenge | undefined => {
  const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm'));
  const basic = challenges.find(({ scheme }) => scheme === 'basic');
  return bearer ?? (target.credential === undefined ? undefined : basic);
};
