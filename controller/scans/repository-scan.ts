import type { RegistryTarget } from '../ports.js';
import { bestTag } from './best-tag.js';
import { hashOf, Looks, nothing, type RepositoryScan, tagSetOf } from './looks.js';
import type { ScanOutcome, TagSet } from './scan.js';

/**
 * Looks at a repository once, for all policies.
 * @returns the outcome of each policy, by its name. Rejects only with the reason of an aborted signal.
 */
export async function scanRepository(scan: RepositoryScan): Promise<ReadonlyMap<string, ScanOutcome>> {
  const looks = new Looks(scan);
  const outcomes = new Map<string, ScanOutcome>();
  for (const [name, policy] of scan.policies) {
    outcomes.set(
      name,
      looks.broken ??
        (policy.tag === undefined ? await bestTag(looks, name, policy) : await fixedTag(looks, policy.tag)),
    );
  }
  looks.forgetVanished();
  return outcomes;
}

/** A fixed tag needs no listing: registries may hide tags, and reading one is cheaper. */
async function fixedTag(looks: Looks, tag: string): Promise<ScanOutcome> {
  const manifest = await looks.manifest(tag);
  switch (manifest.kind) {
    case 'failed':
      return manifest;
    case 'absent':
      return absentTag(looks, tag);
    case 'manifest': {
      const tags: TagSet = { etag: `"${manifest.digest}"`, etagSupported: true, count: 1 };
      if (manifest.bundle) return { kind: 'selected', tag, digest: manifest.digest, tags };
      const message = `tag "${tag}" is not a bundle: its manifest is not a Helm chart's; publish one with werf bundle publish`;
      return nothing('NotABundle', message, tags);
    }
  }
}

/** A registry says the same of a missing tag and of a missing repository; its listing tells them apart. */
async function absentTag(looks: Looks, tag: string): Promise<ScanOutcome> {
  const listing = await looks.tags();
  if (listing.kind === 'failed' && (looks.broken !== undefined || listing.failure.code === 'not-found')) return listing;
  const tags = listing.kind === 'listed' ? listing.set : tagSetOf({ kind: 'tags', tags: [] }, hashOf([]));
  return nothing('NoMatchingTag', `tag "${tag}" does not exist in ${place(looks.scan.target)}`, tags);
}

function place({ host, repository }: RegistryTarget): string {
  return `${host}/${repository}`;
}
