import type { Reason } from '../../api/reasons.js';
import { parseRegistryUrl } from '../../api/registry-url.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { BundleEvent } from '../decide/decision.js';
import type { ObserveDeps } from '../observe/observe.js';
import type { Memory } from './memory.js';

/** Reasons that say something of a repository, whichever of its bundles it is found for. */
const OF_REPOSITORIES: ReadonlySet<string> = new Set<Reason>(['ETagUnsupported']);

/**
 * The events of a bundle without those that say something of its repository and were told for another bundle of it: in this term, or
 * before, when that one got its lastETag.
 */
export const withoutToldOfRepository = (
  { lister, memory }: Pick<ObserveDeps, 'lister'> & { readonly memory: Memory },
  bundle: StoredBundle,
  events: readonly BundleEvent[],
): readonly BundleEvent[] => {
  const isToldBefore = (other: StoredBundle, repository: string): boolean =>
    other.metadata.uid !== bundle.metadata.uid &&
    other.status?.lastETag !== undefined &&
    repositoryOf(other) === repository;
  return events.filter(({ reason }) => {
    if (!OF_REPOSITORIES.has(reason)) return true;
    const repository = repositoryOf(bundle);
    // All bundles are looked at once for each repository.
    if (!memory.isFirstOf(repository)) return false;
    for (const other of lister.bundles()) if (isToldBefore(other, repository)) return false;
    return true;
  });
};

const repositoryOf = ({ spec }: StoredBundle): string => {
  const parsed = parseRegistryUrl(spec.registry.url);
  return parsed.kind === 'ok' ? `${parsed.host}/${parsed.repository}` : spec.registry.url;
};
