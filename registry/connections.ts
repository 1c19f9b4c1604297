import { createHash } from 'node:crypto';
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { AddressClass, AddressPolicy } from './addresses.js';
import { failureOf, WireError } from './failures.js';
import { type Proxies, proxyFor } from './proxies.js';

/** A host's requests in flight; more wait. */
const CONNECTIONS_PER_HOST = 10;
/** Connections with different CAs are kept apart; beyond so many, the longest unused are closed. */
const AGENTS_KEPT = 64;
/** A scan's requests follow one another; the next scan is a minute away at least, and most servers hang up before that. */
const KEEP_ALIVE_MS = 10_000;

interface ConnectionOptions {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly addresses: AddressPolicy;
  readonly proxies: Proxies;
  /** Resolves names; the system's resolver unless a test gives one. */
  readonly lookup?: LookupFunction;
}

/**
 * The connections to registries and token servers, one pool for each proxy and set of trusted certificates.
 *
 * Guarantees: an address is judged after its name was resolved and is the one that is connected to, so a name that resolves
 * differently a moment later gains nothing. By a proxy, which resolves names itself, only addresses in URLs are judged.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  /** By proxy and hash of the extra CA; least recently used first. */
  readonly #agents = new Map<string, Dispatcher>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * @param ca - PEM certificates trusted beside the system's
   * @throws WireError for a refused address that a proxy would be asked for
   */
  dispatcher(url: URL, ca: string | undefined): Dispatcher {
    const proxy = proxyFor(url, this.#options.proxies);
    if (proxy !== undefined) this.#judge(url.hostname.replace(/^\[|\]$/g, ''));
    const trusted = ca === undefined ? '' : createHash('sha256').update(ca).digest('hex');
    const key = `${trusted} ${proxy?.href ?? ''}`;
    const agent = this.#agents.get(key) ?? this.#open(ca, proxy);
    this.#agents.delete(key);
    this.#agents.set(key, agent);
    this.#closeUnused();
    return agent;
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #open(ca: string | undefined, proxy: URL | undefined): Dispatcher {
    const { connectMs, headersMs, addresses, lookup } = this.#options;
    const tls = { timeout: connectMs, ...(ca !== undefined && { secureContext: trusting(ca) }) };
    const pool = {
      connections: CONNECTIONS_PER_HOST,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: headersMs,
      // Bodies have a deadline for the whole (exchange.ts); undici's is for each pause.
      bodyTimeout: 0,
    };
    if (proxy !== undefined) return proxied(proxy, { ...pool, connectMs, requestTls: tls });
    const lookupJudged = judgedLookup(addresses, lookup ?? (systemLookup as LookupFunction));
    const base = buildConnector({ ...tls, lookup: lookupJudged } as buildConnector.BuildOptions);
    return new Agent({
      ...pool,
      connect: (options, callback) => {
        // A literal address is never looked up.
        const refused = this.#refusalOf(options.hostname);
        if (refused === undefined) base(options, callback);
        else callback(refused, null);
      },
    });
  }

  #judge(host: string): void {
    const refused = this.#refusalOf(host);
    if (refused !== undefined) throw refused;
  }

  #refusalOf(host: string): WireError | undefined {
    const refused = isIP(host) === 0 ? undefined : this.#options.addresses(host);
    return refused === undefined ? undefined : refusal(host, refused);
  }

  #closeUnused(): void {
    for (const [key, agent] of this.#agents) {
      if (this.#agents.size <= AGENTS_KEPT) return;
      this.#agents.delete(key);
      // close() lets requests under way end; a failure to close concerns nobody any more.
      agent.close().catch(() => undefined);
    }
  }
}

/** The proxy is the platform's own and may be anywhere: its address is not judged. */
const proxied = (
  proxy: URL,
  options: Agent.Options & { readonly connectMs: number; readonly requestTls: buildConnector.BuildOptions },
): Dispatcher => {
  const { connectMs, requestTls, ...pool } = options;
  const base = buildConnector({ timeout: connectMs });
  const connect: buildConnector.connector = (to, callback) =>
    base(to, (...result) => {
      if (result[0] === null) return callback(...result);
      callback(new WireError('connection', `no connection to the proxy: ${failureOf(result[0]).message}`), null);
    });
  /** Asks the proxy for a tunnel, which takes as long as connecting does, or hands it requests in plain HTTP. */
  const toProxy = (headersTimeout: number) => new Pool(proxy.origin, { ...pool, headersTimeout, connect });
  return new ProxyAgent({
    ...pool,
    uri: proxy.href,
    requestTls,
    // Requests in plain HTTP are handed to the proxy: few make tunnels to other ports than 443.
    proxyTunnel: false,
    clientFactory: () => toProxy(connectMs),
    factory: (origin, given) =>
      String(origin) === proxy.href ? toProxy(pool.headersTimeout ?? 0) : new Pool(origin, given as Pool.Options),
  });
};

const judgedLookup =
  (addresses: AddressPolicy, lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const all = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const permitted = all.filter(({ address }) => addresses(address) === undefined);
      const [first] = permitted;
      if (first === undefined) {
        const refused = all.map(({ address }) => addresses(address)).find((name) => name !== undefined);
        return callback(refusal(hostname, refused ?? 'unspecified'), '');
      }
      if (options.all === true) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };

const refusal = (host: string, refused: AddressClass): WireError => {
  const why =
    refused === 'denied'
      ? 'its address is in a network refused by --deny-networks'
      : `its address is ${refused}, which is refused unless --allow-networks has it`;
  return new WireError('refused-address', `no connection to ${host}: ${why}`);
};

/** The system's certificates, those of NODE_EXTRA_CA_CERTS included, and these: the `ca` option would replace all of them. */
const trusting = (ca: string): SecureContext => {
  const secureContext = createSecureContext();
  secureContext.context.addCACert(ca);
  return secureContext;
};
