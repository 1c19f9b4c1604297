import { parseRegistryUrl } from '../../api/registry-url.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { conditionOf } from '../../controller/decide/condition.js';
import { nearestFirst } from '../../process/nearest.js';

/** So many are named at most. */
const MOST = 3;

/**
 * Which repositories may be meant by one that does not exist: those of nearly the same name, then those that end in the same part, or
 * have more parts at the end, or fewer. Pure.
 * @param known - `acme/app`, of the same registry
 */
export const similarRepositories = (known: readonly string[], written: string): readonly string[] => {
  const others = [...new Set(known)].filter((name) => name !== written).toSorted();
  const last = written.slice(written.lastIndexOf('/') + 1);
  const related = others.filter(
    (name) => `/${name}`.endsWith(`/${last}`) || name.startsWith(`${written}/`) || written.startsWith(`${name}/`),
  );
  return [...new Set([...nearestFirst(others, written), ...related])].slice(0, MOST);
};

/** Repositories of a host that the controller polls with success, for whatever bundle. */
export const polledRepositories = (bundles: readonly StoredBundle[], host: string): readonly string[] =>
  bundles
    .filter(({ status = {} }) => conditionOf(status, 'RegistryReachable')?.status === 'True')
    .map(({ spec }) => parseRegistryUrl(spec.registry.url))
    .flatMap((parsed) => (parsed.kind === 'ok' && parsed.host === host ? [parsed.repository] : []));
