import { createHash } from 'node:crypto';
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { AddressClass, AddressPolicy } from './addresses.js';
import { WireError } from './failures.js';

/** A host's requests in flight; more wait. */
const CONNECTIONS_PER_HOST = 10;
/** Connections with different CAs are kept apart; beyond so many, the longest unused are closed. */
const AGENTS_KEPT = 64;
/** A scan's requests follow one another; the next scan is a minute away at least, and most servers hang up before that. */
const KEEP_ALIVE_MS = 10_000;

export interface ConnectionOptions {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly addresses: AddressPolicy;
  /** Resolves names; the system's resolver unless a test gives one. */
  readonly lookup?: LookupFunction;
}

/**
 * The connections to registries and token servers, one pool for each set of trusted certificates.
 *
 * Guarantees: an address is judged after its name was resolved and is the one that is connected to, so a name that resolves
 * differently a moment later gains nothing.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  /** By hash of the extra CA; least recently used first. */
  readonly #agents = new Map<string, Agent>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @param ca - PEM certificates trusted beside the system's */
  dispatcher(ca: string | undefined): Dispatcher {
    const key = ca === undefined ? '' : createHash('sha256').update(ca).digest('hex');
    const agent = this.#agents.get(key) ?? this.#open(ca);
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

  #open(ca: string | undefined): Agent {
    const { connectMs, headersMs, addresses, lookup } = this.#options;
    const base = buildConnector({
      timeout: connectMs,
      lookup: judgedLookup(addresses, lookup ?? (systemLookup as LookupFunction)),
      ...(ca === undefined ? {} : { secureContext: trusting(ca) }),
    } as buildConnector.BuildOptions);
    return new Agent({
      connections: CONNECTIONS_PER_HOST,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: headersMs,
      // Bodies have a deadline for the whole (exchange.ts); undici's is for each pause.
      bodyTimeout: 0,
      connect: (options, callback) => {
        // A literal address is never looked up.
        const refused = isIP(options.hostname) === 0 ? undefined : addresses(options.hostname);
        if (refused === undefined) base(options, callback);
        else callback(refusal(options.hostname, refused), null);
      },
    });
  }

  #closeUnused(): void {
    for (const [key, agent] of this.#agents) {
      if (this.#agents.size <= AGENTS_KEPT) return;
      this.#agents.delete(key);
      // close() lets requests under way end; what fails while closing has nobody left to hear of it.
      agent.close().catch(() => undefined);
    }
  }
}

function judgedLookup(addresses: AddressPolicy, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
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
}

function refusal(host: string, refused: AddressClass): WireError {
  const why =
    refused === 'denied'
      ? 'its address is in a network refused by --deny-networks'
      : `its address is ${refused}, which is refused unless --allow-networks has it`;
  return new WireError('refused-address', `no connection to ${host}: ${why}`);
}

/** The system's certificates, those of NODE_EXTRA_CA_CERTS included, and these: the `ca` option would replace all of them. */
function trusting(ca: string): SecureContext {
  const secureContext = createSecureContext();
  secureContext.context.addCACert(ca);
  return secureContext;
}
