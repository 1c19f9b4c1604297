import type { Settings } from '../../api/settings.js';
import type { Registry, RegistryTarget, TaggedManifest, TagList } from '../../registry/port.js';
import { targetKey } from '../../registry/target.js';
import { pollOnce } from '../poll-once.js';
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
  const { outcome, held, tags } = await pollOnce(registry, { target, policy }, signal);
  if (outcome !== undefined) return { kind: 'asked', outcome, tags };
  const why = held === undefined ? 'it was not asked' : `it is left alone for a while (${held.why})`;
  return { kind: 'not-asked', why };
};
