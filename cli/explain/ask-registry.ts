import type { TagPolicy } from '../../api/tag-choice.js';
import { newMemory } from '../../controller/scans/registry-reader.js';
import { scanRepository } from '../../controller/scans/repository-scan.js';
import type { ScanOutcome } from '../../controller/scans/scan.js';
import type { Registry, RegistryFailure, RegistryTarget } from '../../registry/port.js';

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

/** Asks a registry as the controller's first scan for a bundle does, by the controller's own code, and keeps what it saw. */
export const askRegistry = async (
  registry: Registry,
  { target, policy }: { readonly target: RegistryTarget; readonly policy: TagPolicy },
  signal: AbortSignal,
): Promise<RegistryAnswer> => {
  const seen = { tags: [] as readonly string[] };
  const recording: Registry = {
    holdOf: (of) => registry.holdOf(of),
    listTags: async (of, limit) => {
      const list = await registry.listTags(of, limit);
      if (list.kind === 'tags') seen.tags = list.tags;
      return list;
    },
    readManifest: (of, tag, limit) => registry.readManifest(of, tag, limit),
  };
  const memory = newMemory();
  const policies = new Map([[POLICY, policy]]);
  const { outcomes } = await scanRepository({ registry: recording, target, policies, memory, number: 1, signal });
  const outcome = outcomes.get(POLICY);
  if (outcome === undefined)
    return { kind: 'not-asked', why: 'the registry wants to be left alone for a while: ask again later' };
  return outcome.kind === 'failed'
    ? outcome
    : { kind: 'answered', outcome, tags: seen.tags, notBundles: new Set(memory.passedOver.keys()) };
};

/** The policy's name in the scan. */
const POLICY = 'bundle';
