import { Deadline } from '../../process/deadline.js';
import type { Clock } from '../../process/ports.js';
import type { BundleArchive, BundleArchives, RegistryTarget } from '../../registry/port.js';

/** The archive of a bundle's chart, or why it could not be read; `why` is a sentence without an end. */
type ReadArchive =
  | Extract<BundleArchive, { kind: 'archive' | 'unusable' }>
  | { readonly kind: 'failed'; readonly why: string };

/** How long a bundle waits for its chart, milliseconds: longer than any registry that is well, and a deployment may wait so long. */
const PULL_MS = 10_000;

/**
 * Pulls a chart within {@link PULL_MS}, and waits for its turn where only the limit of requests is in the way.
 * @throws the signal's reason when it is aborted
 */
export const readArchive = async (
  { archives, clock }: { readonly archives: BundleArchives; readonly clock: Clock },
  { target, digest }: { readonly target: RegistryTarget; readonly digest: string },
  signal: AbortSignal,
): Promise<ReadArchive> => {
  const deadline = new Deadline(clock, PULL_MS, { signal });
  try {
    return await deadline.run(async (limit) => {
      for (;;) {
        const archive = await archives.readArchive(target, digest, limit);
        if (archive.kind !== 'held' || archive.why !== 'rate') return withReason(archive);
        await clock.sleep(archive.forMs, limit);
      }
    });
  } catch (error) {
    if (!deadline.expired) throw error;
    return { kind: 'failed', why: `it took more than ${PULL_MS / 1000} s` };
  }
};

const withReason = (archive: BundleArchive): ReadArchive => {
  switch (archive.kind) {
    case 'archive':
    case 'unusable':
      return archive;
    case 'absent':
      return { kind: 'failed', why: 'the registry does not have it any more' };
    case 'failed':
      return { kind: 'failed', why: archive.message };
    case 'held':
      return { kind: 'failed', why: 'the registry is left alone for a while' };
  }
};
