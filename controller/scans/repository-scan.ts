import { missingTag } from '../../api/missing-tag.js';
import type { TagPolicy } from '../../api/tag-choice.js';
import type { HeldBack, RegistryTarget } from '../../registry/port.js';
import { byAge, conclude, mayReadNow, type Search, search } from './best-tag.js';
import {
  hashOf,
  isStopped,
  nothing,
  type PutOff,
  RegistryReader,
  type RepositoryScan,
  type Stopped,
  tagSetOf,
} from './registry-reader.js';
import type { ScanOutcome, TagSet } from './scan.js';

/**
 * What a scan found out for each policy, by its name. A policy that is missing was held back (`held` says why), or is left to the next
 * scan, since this one has read as much as it may.
 */
export interface Findings {
  readonly outcomes: ReadonlyMap<string, ScanOutcome>;
  readonly held?: HeldBack;
}

/** Scans a repository once, for all policies in turn. Rejects only with the reason of an aborted signal. */
export const scanRepository = async (scan: RepositoryScan): Promise<Findings> => {
  const reader = new RegistryReader(scan);
  const outcomes = new Map<string, ScanOutcome>();
  const searches: Search[] = [];
  let held: HeldBack | undefined;
  for (const [name, policy] of scan.policies) {
    const answer = reader.broken ?? (await answerTo(reader, name, policy));
    if (answer.kind === 'searched') searches.push(answer);
    else if (answer.kind === 'held') held = answer;
    else if (answer.kind !== 'put-off') outcomes.set(name, answer);
  }
  for (const found of byAge(reader, searches)) outcomes.set(found.name, await conclude(reader, found));
  for (const name of outcomes.keys()) scan.memory.turns.set(name, scan.number);
  reader.forgetVanished();
  return held === undefined ? { outcomes } : { outcomes, held };
};

const answerTo = (
  reader: RegistryReader,
  name: string,
  policy: TagPolicy,
): Promise<Search | ScanOutcome | HeldBack | PutOff> =>
  policy.tag === undefined ? search(reader, { name, policy }) : fixedTag(reader, policy.tag);

/** A fixed tag needs no listing: registries may hide tags, and reading one is cheaper. */
const fixedTag = async (reader: RegistryReader, tag: string): Promise<ScanOutcome | HeldBack | PutOff> => {
  if (!mayReadNow(reader, tag)) return { kind: 'put-off' };
  const manifest = await reader.manifest(tag);
  switch (manifest.kind) {
    case 'failed':
    case 'held':
      return manifest;
    case 'absent':
      return absentTag(reader, tag);
    case 'manifest': {
      const tags: TagSet = { etag: `"${manifest.digest}"`, etagSupported: true, count: 1 };
      if (manifest.bundle) return { kind: 'selected', tag, digest: manifest.digest, tags };
      const message = `tag "${tag}" is not a bundle: its manifest is not a Helm chart's; publish one with werf bundle publish`;
      return nothing('NotABundle', message, tags);
    }
  }
};

/** A registry says the same of a missing tag and of a missing repository; its listing tells them apart. */
const absentTag = async (reader: RegistryReader, tag: string): Promise<ScanOutcome | HeldBack> => {
  const listing = await reader.tags();
  if (isStopped(listing) && (reader.broken !== undefined || isUnknownRepository(listing))) return listing;
  const tags = listing.kind === 'listed' ? listing.set : tagSetOf({ kind: 'tags', tags: [] }, hashOf([]));
  const highest = listing.kind === 'listed' ? reader.highestOf(listing) : undefined;
  return nothing('NoMatchingTag', missingTag(tag, place(reader.scan.target), highest), tags);
};

const isUnknownRepository = (listing: Stopped): boolean =>
  listing.kind === 'failed' && listing.failure.code === 'not-found';

const place = ({ host, repository }: RegistryTarget): string => `${host}/${repository}`;
