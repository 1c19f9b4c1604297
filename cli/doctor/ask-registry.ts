import type { Settings } from '../../api/settings.js';
import { newMemory } from '../../controller/scans/registry-reader.js';
import { scanRepository } from '../../controller/scans/repository-scan.js';
import type { Registry, RegistryTarget, TaggedManifest, TagList } from '../../registry/port.js';
import { targetKey } from '../../registry/target.js';
import type { RegistryView } from './observation.js';

/** A registry that is asked nothing twice: bundles of one repository share what it answers. */
export const askingOnce = (registry: Registry): Registry => {
  const listings = new Map<string, Promise<TagList>>();
  const manifests = new Map<string, Promise<TaggedManifest>>();
  return {
    holdOf: (target) => registry.holdOf(target),
    listTags: (target, signal) => once(listings, targetKey(target), () => registry.listTags(target, signal)),
    readManifest: (target, tag, signal) =>
      once(manifests, `${targetKey(target)} ${tag}`, () => registry.readManifest(target, tag, signal)),
  };
};

const once = <T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
};

/** Polls a repository for one bundle as the controller does, and by its code. Never rejects for what a registry does. */
export const askRegistry = async (
  registry: Registry,
  { target, policy }: { readonly target: RegistryTarget; readonly policy: Settings['registry']['policy'] },
  signal: AbortSignal,
): Promise<RegistryView> => {
  let tags: readonly string[] = [];
  const seen: Registry = {
    ...registry,
    listTags: async (asked, until) => {
      const list = await registry.listTags(asked, until);
      if (list.kind === 'tags') tags = list.tags;
      return list;
    },
  };
  const { outcomes, held } = await scanRepository({
    registry: seen,
    target,
    policies: new Map([['bundle', policy]]),
    memory: newMemory(),
    number: 1,
    signal,
  });
  const outcome = outcomes.get('bundle');
  if (outcome !== undefined) return { kind: 'asked', outcome, tags };
  const why = held === undefined ? 'it was not asked' : `it is left alone for a while (${held.why})`;
  return { kind: 'not-asked', why };
};
