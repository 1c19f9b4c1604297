import type { HeldBack, RegistryTarget } from '../ports.js';
import { bestTag } from './best-tag.js';
import { hashOf, isStopped, Looks, nothing, type RepositoryScan, type Stopped, tagSetOf } from './looks.js';
import type { ScanOutcome, TagSet } from './scan.js';

/** What a scan found out for each policy, by its name; `held`: what is missing there was not asked for. */
export interface Findings {
  readonly outcomes: ReadonlyMap<string, ScanOutcome>;
  readonly held?: HeldBack;
}

/** Looks at a repository once, for all policies. Rejects only with the reason of an aborted signal. */
export async function scanRepository(scan: RepositoryScan): Promise<Findings> {
  const looks = new Looks(scan);
  const outcomes = new Map<string, ScanOutcome>();
  for (const [name, policy] of scan.policies) {
    const outcome =
      looks.broken ??
      (policy.tag === undefined ? await bestTag(looks, name, policy) : await fixedTag(looks, policy.tag));
    if (outcome.kind !== 'held') outcomes.set(name, outcome);
  }
  looks.forgetVanished();
  return looks.broken?.kind === 'held' ? { outcomes, held: looks.broken } : { outcomes };
}

/** A fixed tag needs no listing: registries may hide tags, and reading one is cheaper. */
async function fixedTag(looks: Looks, tag: string): Promise<ScanOutcome | HeldBack> {
  const manifest = await looks.manifest(tag);
  switch (manifest.kind) {
    case 'failed':
    case 'held':
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
async function absentTag(looks: Looks, tag: string): Promise<ScanOutcome | HeldBack> {
  const listing = await looks.tags();
  if (isStopped(listing) && (looks.broken !== undefined || isUnknownRepository(listing))) return listing;
  const tags = listing.kind === 'listed' ? listing.set : tagSetOf({ kind: 'tags', tags: [] }, hashOf([]));
  return nothing('NoMatchingTag', `tag "${tag}" does not exist in ${place(looks.scan.target)}`, tags);
}

function isUnknownRepository(listing: Stopped): boolean {
  return listing.kind === 'failed' && listing.failure.code === 'not-found';
}

function place({ host, repository }: RegistryTarget): string {
  return `${host}/${repository}`;
}
