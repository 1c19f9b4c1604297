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
  /** What is asked for: registries may want another scope for each (Azure's do). */
  readonly resource: 'tags' | 'manifests' | 'blobs' | 'uploads' | 'catalog';
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly accept: string;
  /** What is pushed; then the answer has the body of an error, too. */
  readonly content?: { readonly type: string; readonly body: Buffer };
  /** An ETag, sent as If-None-Match: while it is current, the registry may answer 304 Not Modified. */
  readonly unless?: string | undefined;
  /** What comes is compressed by itself. */
  readonly encoding?: 'identity';
}

/** How a request is allowed in, or why it can't be. */
type Authorization =
  | { readonly kind: 'authorization'; readonly value: string; readonly token?: UsedToken }
  | RegistryFailure
  | HeldBack;

interface UsedToken {
  readonly value: string;
  /** It was asked for at an earlier request, and may have been revoked since. */
  readonly kept: boolean;
}

/** An answer, and the token that the request was sent with. */
interface Attempt {
  readonly answer: HttpAnswer | RegistryFailure | HeldBack;
  readonly token?: UsedToken | undefined;
}

/** Targets whose way of authentication is remembered; a forgotten one costs one request. */
const CHALLENGES_KEPT = 10_000;
/** What registries answer to a token that has been revoked. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * Makes requests to registries with the authentication that they ask for: none, Basic or Bearer. The first answer says which; later
 * requests for the same resource of the same target send it at once.
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
    const own = `${key} ${request.resource}`;
    // What another resource of the target wanted is most often right.
    const remembered = this.#challenges.get(own) ?? this.#challenges.get(key);
    const { answer: first, token } = await this.#attempt(target, request, { challenge: remembered, signal });
    if (first.kind !== 'answer' || !REFUSALS.has(first.status)) return first;
    // The target of a redirect must not decide who is shown the registry's credential.
    if (first.origin !== request.url.origin) return first;
    const challenge =
      first.status === 401 ? usable(parseChallenges(first.headers('www-authenticate')), target) : remembered;
    if (challenge === undefined) {
      this.#challenges.delete(own);
      return first;
    }
    // The same Basic credential again would be refused again, and some registries lock accounts out.
    if (challenge.scheme === 'basic' && remembered?.scheme === 'basic') return first;
    // A token that was just issued is refused for what it may do, not for its age.
    if (first.status !== 401 && token?.kept !== true) {
      this.#tokens.drop(target, challenge);
      return first;
    }
    for (const name of [own, key]) this.#challenges.set(name, challenge);
    const { answer: second } = await this.#attempt(target, request, { challenge, refused: token?.value, signal });
    if (second.kind === 'answer' && REFUSALS.has(second.status)) this.#tokens.drop(target, challenge);
    return second;
  }

  async #attempt(
    target: RegistryTarget,
    { method, url, accept, unless, content, encoding }: RegistryRequest,
    how: {
      readonly challenge: Challenge | undefined;
      readonly refused?: string | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<Attempt> {
    const plain = {
      accept,
      ...(unless !== undefined && { 'if-none-match': unless }),
      ...(content !== undefined && { 'content-type': content.type }),
      ...(encoding !== undefined && { 'accept-encoding': encoding }),
    };
    const pushed = content !== undefined && ({ body: content.body, readsErrors: true } as const);
    const send = (headers: Readonly<Record<string, string>>) =>
      this.#exchange({ method, url, headers, ...pushed }, target, how.signal);
    if (how.challenge === undefined) return { answer: await send(plain) };
    const allowed = await this.#authorization(target, how.challenge, { refused: how.refused, signal: how.signal });
    if (allowed.kind !== 'authorization') return { answer: allowed };
    const answer = await send({ ...plain, authorization: allowed.value });
    const credentialSent = target.credential !== undefined && answer.kind !== 'held';
    return { answer: credentialSent ? { ...answer, credentialSent } : answer, token: allowed.token };
  }

  async #authorization(
    target: RegistryTarget,
    challenge: Challenge,
    how: { readonly refused: string | undefined; readonly signal: AbortSignal },
  ): Promise<Authorization> {
    if (challenge.scheme === 'basic') {
      const { credential } = target;
      return credential === undefined
        ? failureOfStatus(401, undefined, 0)
        : { kind: 'authorization', value: basicAuthorization(credential) };
    }
    const token = await this.#tokens.token(target, challenge, how);
    return token.kind !== 'token' ? token : { kind: 'authorization', value: `Bearer ${token.value}`, token };
  }
}

/** Bearer before Basic: a token expires, and anonymous access needs one. */
const usable = (challenges: readonly Challenge[], target: RegistryTarget): Challenge | undefined => {
  const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm'));
  const basic = challenges.find(({ scheme }) => scheme === 'basic');
  return bearer ?? (target.credential === undefined ? undefined : basic);
};
