import type { TagPolicy } from '../api/tag-choice.js';
import { newMemory } from '../controller/scans/registry-reader.js';
import { scanRepository } from '../controller/scans/repository-scan.js';
import type { ScanOutcome } from '../controller/scans/scan.js';
import type { Registry, RegistryTarget } from '../registry/port.js';

/** What the first poll for a bundle found. */
interface Poll {
  /** undefined: the registry wants to be left alone for a while, for the reason in `held` if one is known. */
  readonly outcome: ScanOutcome | undefined;
  readonly held: Awaited<ReturnType<typeof scanRepository>>['held'];
  /** All of the repository; empty if they were not listed. */
  readonly tags: readonly string[];
  /** Those that were read and are no bundles. */
  readonly notBundles: ReadonlySet<string>;
}

/** Polls a repository as the controller's first scan for a bundle does, by the controller's own code. Never rejects for what a registry does. */
export const pollOnce = async (
  registry: Registry,
  { target, policy }: { readonly target: RegistryTarget; readonly policy: TagPolicy },
  signal: AbortSignal,
): Promise<Poll> => {
  let tags: readonly string[] = [];
  const recording: Registry = {
    holdOf: (of) => registry.holdOf(of),
    listTags: async (of, until) => {
      const list = await registry.listTags(of, until);
      if (list.kind === 'tags') tags = list.tags;
      return list;
    },
    readManifest: (of, tag, until) => registry.readManifest(of, tag, until),
  };
  const memory = newMemory();
  const policies = new Map([[POLICY, policy]]);
  const { outcomes, held } = await scanRepository({ registry: recording, target, policies, memory, number: 1, signal });
  return { outcome: outcomes.get(POLICY), held, tags, notBundles: new Set(memory.passedOver.keys()) };
};

/** The policy's name in the scan. */
const POLICY = 'bundle';
