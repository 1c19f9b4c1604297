import { LRUCache } from 'lru-cache';
import type { RegistryCredential } from '../api/docker-config.js';
import { wireRepository } from '../api/docker-hub.js';
import type { Clock } from '../process/ports.js';
import { isOwnMachine } from './addresses.js';
import type { Challenge } from './challenge.js';
import type { Exchange } from './exchange.js';
import { failureOfAnswer, protocolFailure } from './failures.js';
import { type HttpAnswer, jsonObject } from './http-answer.js';
import type { HeldBack, RegistryFailure, RegistryTarget } from './port.js';
import { resourceUrl, targetKey } from './target.js';

/** `kept`: it was asked for before, and may have been revoked since. */
type Token = { readonly kind: 'token'; readonly value: string; readonly kept: boolean } | RegistryFailure | HeldBack;

interface CachedToken {
  readonly value: string;
  /** Monotonic. */
  readonly expiresAt: number;
}

/** Where a token comes from and what it is for. */
interface TokenRequest {
  readonly target: RegistryTarget;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

/** Tokens of large services take 5 KB; this is a bound on memory, and losing one costs one request. */
const TOKENS_KEPT = 1_000;
/** What the token specification says where a server gives no expires_in. */
const DEFAULT_LIFETIME_S = 60;
/** However long a server says that its token is good: what it revokes meanwhile, it need not refuse in a way that is understood. */
const LONGEST_LIFETIME_S = 60 * 60;
/** A token is not used in its last moments: the clock of the registry may be a little ahead. */
const MARGIN_MS = 10_000;
const CLIENT_ID = 'werfbundle';

/**
 * Tokens of Bearer challenges, kept by (target, realm, service, scope) until they expire, for an hour at most. A target includes its credential.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
export class Tokens {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #cache = new LRUCache<string, CachedToken>({ max: TOKENS_KEPT });

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  /** @param how.refused - a token that is of no use any more, though it may be kept */
  async token(
    target: RegistryTarget,
    challenge: Challenge,
    { refused, signal }: { readonly refused: string | undefined; readonly signal: AbortSignal },
  ): Promise<Token> {
    const request = tokenRequest(target, challenge);
    if (request.kind === 'failed') return request;
    const key = keyOf(request);
    const kept = this.#cache.get(key);
    if (kept !== undefined && kept.value !== refused && kept.expiresAt > this.#clock.monotonic()) {
      return { kind: 'token', value: kept.value, kept: true };
    }
    this.#cache.delete(key);
    const answer = await this.#ask(request, signal);
    if (answer.kind === 'held') return answer;
    if (answer.kind === 'failed') return byTokenServer(request, answer);
    if (answer.status !== 200) return byTokenServer(request, refusalOf(answer, this.#clock.now()));
    const token = parseToken(answer.body, this.#clock.monotonic());
    if (token === undefined) {
      return byTokenServer(request, protocolFailure('the token server answers without a token'));
    }
    this.#cache.set(key, token);
    return { kind: 'token', value: token.value, kept: false };
  }

  /** Forgets the token of a challenge, which the registry has refused. */
  drop(target: RegistryTarget, challenge: Challenge): void {
    const request = tokenRequest(target, challenge);
    if (request.kind === 'request') this.#cache.delete(keyOf(request));
  }

  async #ask(request: TokenRequest, signal: AbortSignal): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const { credential } = request.target;
    if (credential?.kind !== 'identity-token') return this.#get(request, signal);
    const answer = await this.#post(request, credential.token, signal);
    // Servers without the OAuth form take the identity token as a password.
    const unknown = answer.kind === 'answer' && (answer.status === 404 || answer.status === 405);
    return unknown ? this.#get(request, signal) : answer;
  }

  #get(
    { target, realm, service, scopes }: TokenRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const { credential } = target;
    const headers = credential === undefined ? {} : { authorization: basicAuthorization(credential) };
    return this.#exchange({ method: 'GET', url, headers }, target, signal);
  }

  #post(
    request: TokenRequest,
    refreshToken: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer | RegistryFailure | HeldBack> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT_ID,
      scope: request.scopes.join(' '),
      refresh_token: refreshToken,
      ...(request.service !== undefined && { service: request.service }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#exchange(
      { method: 'POST', url: request.realm, headers, body: form.toString() },
      request.target,
      signal,
    );
  }
}

/** The value of an Authorization header; an identity token stands in the password's place. */
export const basicAuthorization = (credential: RegistryCredential): string => {
  const password = credential.kind === 'basic' ? credential.password : credential.token;
  return `Basic ${Buffer.from(`${credential.username}:${password}`).toString('base64')}`;
};

const tokenRequest = (
  target: RegistryTarget,
  { params }: Challenge,
): (TokenRequest & { readonly kind: 'request' }) | RegistryFailure => {
  const realm = params.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    return protocolFailure('the realm of the token server is no URL');
  if (url.protocol === 'http:' && !target.insecure) {
    return protocolFailure('the token server speaks plain HTTP, which is refused unless spec.registry.insecure is set');
  }
  if (url.protocol === 'http:' && isOwnMachine(target.host) && !isOwnMachine(url.host)) {
    return protocolFailure(
      `the registry is on this machine, and its token server ${url.host} is not and speaks plain HTTP, which is refused`,
    );
  }
  const scopes = (params.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  return {
    kind: 'request',
    target,
    realm: url,
    service: params.get('service'),
    scopes: scopes.length > 0 ? scopes : [`repository:${wireRepository(target)}:pull`],
  };
};

const keyOf = ({ target, realm, service, scopes }: TokenRequest): string =>
  JSON.stringify([targetKey(target), realm.href, service, scopes]);

/** The failure of a token server: another host than the registry's, and the one that is shown the credential. */
const byTokenServer = ({ target, realm }: TokenRequest, failure: RegistryFailure): RegistryFailure => {
  const host = failure.host ?? realm.host;
  return {
    ...failure,
    ...(host !== resourceUrl(target, '').host && { host }),
    ...(target.credential !== undefined && { credentialSent: true }),
  };
};

const refusalOf = (answer: HttpAnswer, now: number): RegistryFailure => {
  const failure = failureOfAnswer(answer, now);
  // "404 not found" would send people to look at the repository's name.
  return failure.code === 'not-found' || failure.code === 'protocol'
    ? protocolFailure(`the token server answers ${failure.message}`)
    : failure;
};

const parseToken = (body: Buffer, now: number): CachedToken | undefined => {
  const answer = jsonObject(body);
  const value = [answer?.['token'], answer?.['access_token']].find((text) => typeof text === 'string' && text !== '');
  // Only visible ASCII, since the token goes into a header.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return undefined;
  const stated = answer?.['expires_in'];
  const seconds = typeof stated === 'number' && stated > 0 ? stated : DEFAULT_LIFETIME_S;
  const lifetime = Math.min(seconds, LONGEST_LIFETIME_S) * 1000;
  return { value, expiresAt: now + lifetime - Math.min(MARGIN_MS, lifetime / 2) };
};
