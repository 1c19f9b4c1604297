import type { TagPolicy } from '../../api/tag-choice.js';
import type { ScanOutcome } from '../../controller/scans/scan.js';
import type { Registry, RegistryFailure, RegistryTarget } from '../../registry/port.js';
import { pollOnce } from '../poll-once.js';

/** What a registry says of a bundle's tags. */
export type RegistryAnswer =
  /** `why` is a whole sentence. */
  | { readonly kind: 'not-asked'; readonly why: string }
  | { readonly kind: 'failed'; readonly failure: RegistryFailure }
  | {
      readonly kind: 'answered';
      /** As the controller's scans have it. */
      readonly outcome: Exclude<ScanOutcome, { kind: 'failed' }>;
      /** All of the repository; empty if a fixed tag needed no listing. */
      readonly tags: readonly string[];
      /** Those that were read and are no bundles. */
      readonly notBundles: ReadonlySet<string>;
    };

/** Asks a registry for a bundle's tags, and keeps what it saw. */
export const askRegistry = async (
  registry: Registry,
  of: { readonly target: RegistryTarget; readonly policy: TagPolicy },
  signal: AbortSignal,
): Promise<RegistryAnswer> => {
  const { outcome, tags, notBundles } = await pollOnce(registry, of, signal);
  if (outcome === undefined)
    return { kind: 'not-asked', why: 'the registry wants to be left alone for a while: ask again later' };
  return outcome.kind === 'failed' ? outcome : { kind: 'answered', outcome, tags, notBundles };
};
