import type { Clock } from '../process/ports.js';
import { StartError } from '../process/start-error.js';
import type { BundleArchives, Registry, RepositoryCatalog } from '../registry/port.js';
import { readProxies } from '../registry/proxies.js';
import { createRegistry, DEFAULT_REGISTRY_LIMITS } from '../registry/registry.js';

/** @throws StartError for proxies that can't be read */
export type OpenRegistry = (clock: Clock) => Registry & { close(): Promise<void> };
/** The same, with the names of repositories, and what is in bundles. */
type OpenCatalog = (clock: Clock) => ReturnType<OpenRegistry> & RepositoryCatalog & BundleArchives;

/** Somebody waits: less than the controller's. */
const TIMEOUTS = { connectMs: 5_000, headersMs: 10_000, bodyMs: 20_000 };
/** A registry has its limits; one command makes few requests. */
const RATE = { perSecond: 100, burst: 100 };
/** A registry on one's own machine is one's own affair; link-local addresses, where clouds serve credentials, stay refused. */
export const OWN_MACHINE = ['127.0.0.0/8', '::1/128'];

/** The registries, as this machine reaches them: by its proxies, and perhaps by another network than the controller's. */
export const registryFromHere: OpenCatalog = (clock) => {
  const read = readProxies(process.env);
  if (read.kind === 'invalid') throw new StartError(read.problems);
  return createRegistry({
    timeouts: TIMEOUTS,
    limits: DEFAULT_REGISTRY_LIMITS,
    rate: RATE,
    allowNetworks: OWN_MACHINE,
    proxies: read.proxies,
    clock,
    userAgent: 'werfbundle',
  });
};
