import type { LookupFunction } from 'node:net';
import type { Clock } from '../process/ports.js';
import { Access } from './access.js';
import { addressPolicy } from './addresses.js';
import { Archives } from './archives.js';
import { Catalog } from './catalog.js';
import { Connections } from './connections.js';
import { createExchange } from './exchange.js';
import { HostLimiter } from './host-limiter.js';
import { Manifests } from './manifests.js';
import type { BundleArchives, HeldBack, Registry, RepositoryCatalog } from './port.js';
import { NO_PROXIES, type Proxies } from './proxies.js';
import { type ListingLimits, TagListing } from './tag-listing.js';
import { resourceUrl } from './target.js';
import type { Rate } from './token-bucket.js';

interface RegistryTimeouts {
  /** Name resolution, TCP and TLS. */
  readonly connectMs: number;
  /** From the request to the headers of the answer. */
  readonly headersMs: number;
  /** From the headers to the end of the body. */
  readonly bodyMs: number;
}

interface RegistryLimits extends ListingLimits {
  /** Limit for one answer, unzipped, bytes. */
  readonly bodyBytes: number;
}

/** A slow registry still answers within these; a scan that fails is tried again anyway. */
export const DEFAULT_REGISTRY_TIMEOUTS: RegistryTimeouts = { connectMs: 10_000, headersMs: 30_000, bodyMs: 60_000 };

/** Several times the largest repositories that users of other pollers have reported (9,036 tags), 100 tags a page at least. */
export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = { pages: 1_000, tags: 100_000, bodyBytes: 8 * 1024 * 1024 };

/** Requests to one host, of any kind. */
const REQUESTS_IN_FLIGHT = 10;

export interface RegistryDeps {
  readonly timeouts: RegistryTimeouts;
  readonly limits: RegistryLimits;
  /** Requests to one host. */
  readonly rate: Rate;
  /** Divides the breaker's pauses and multiplies the rate, as polls come so much more often; 1 unless given. */
  readonly timeScale?: number;
  /** Called when requests to a host begin to be held back. */
  readonly onHold?: (hold: HeldBack & { readonly host: string }) => void;
  /** Networks that are allowed although loopback or link-local: `127.0.0.0/8`. */
  readonly allowNetworks: readonly string[];
  /** Networks that are refused; stronger than `allowNetworks`. */
  readonly denyNetworks?: readonly string[];
  /** Proxies to use; none unless given. */
  readonly proxies?: Proxies;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Resolves names; the system's resolver unless given. */
  readonly lookup?: LookupFunction;
}

/** All that can be asked of registries. */
type RegistryClient = Registry & RepositoryCatalog & BundleArchives & { close(): Promise<void> };

/**
 * The OCI client on real connections.
 * @throws TypeError if one of the networks is none
 */
export const createRegistry = (deps: RegistryDeps): RegistryClient => {
  const { timeouts, limits, rate, clock, userAgent, lookup, onHold } = deps;
  const connections = new Connections({
    ...timeouts,
    addresses: addressPolicy({ allow: deps.allowNetworks, deny: deps.denyNetworks ?? [] }),
    proxies: deps.proxies ?? NO_PROXIES,
    ...(lookup !== undefined && { lookup }),
  });
  const { bodyMs } = timeouts;
  const hosts = new HostLimiter({
    clock,
    rate,
    inFlight: REQUESTS_IN_FLIGHT,
    timeScale: deps.timeScale ?? 1,
    ...(onHold && { onHold }),
  });
  const exchange = createExchange({ connections, hosts, clock, userAgent, bodyMs, bodyBytes: limits.bodyBytes });
  const access = new Access(exchange, clock);
  const listing = new TagListing(access, limits, clock);
  const manifests = new Manifests(access, clock);
  const catalog = new Catalog(access, clock);
  const archives = new Archives(access, clock, limits.bodyBytes);
  return {
    holdOf: (target) => hosts.holdOf({ url: resourceUrl(target, ''), ca: target.ca }),
    listTags: (target, signal) => listing.list(target, signal),
    readManifest: (target, tag, signal) => manifests.read(target, tag, signal),
    listRepositories: (target, signal) => catalog.list(target, signal),
    readArchive: (target, digest, signal) => archives.read(target, digest, signal),
    close: () => connections.close(),
  };
};
