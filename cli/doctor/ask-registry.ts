import type { Settings } from '../../api/settings.js';
import type {
  Registry,
  RegistryTarget,
  RepositoryCatalog,
  RepositoryList,
  TaggedManifest,
  TagList,
} from '../../registry/port.js';
import { targetKey } from '../../registry/target.js';
import { pollOnce } from '../poll-once.js';
import type { RegistryView } from './observation.js';
import { similarRepositories } from './similar-repositories.js';

/** What doctor asks. */
export type AskedRegistry = Registry & RepositoryCatalog;

/** A registry that is asked nothing twice: bundles of one repository share what it answers. */
export const askingOnce = (registry: AskedRegistry): AskedRegistry => {
  const listings = new Map<string, Promise<TagList>>();
  const manifests = new Map<string, Promise<TaggedManifest>>();
  const catalogs = new Map<string, Promise<RepositoryList>>();
  return {
    holdOf: (target) => registry.holdOf(target),
    listTags: (target, signal) => once(listings, targetKey(target), () => registry.listTags(target, signal)),
    readManifest: (target, tag, signal) =>
      once(manifests, `${targetKey(target)} ${tag}`, () => registry.readManifest(target, tag, signal)),
    listRepositories: (target, signal) =>
      once(catalogs, targetKey({ ...target, repository: '' }), () => registry.listRepositories(target, signal)),
  };
};

const once = <T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
};

interface Question {
  readonly target: RegistryTarget;
  readonly policy: Settings['registry']['policy'];
  /** Repositories of the same host that other bundles use; asked for only if this one is not found. */
  readonly others: () => Promise<readonly string[]>;
}

/** Polls a repository for one bundle as the controller does, and by its code. Never rejects for what a registry does. */
export const askRegistry = async (
  registry: AskedRegistry,
  { target, policy, others }: Question,
  signal: AbortSignal,
): Promise<RegistryView> => {
  const { outcome, held, tags } = await pollOnce(registry, { target, policy }, signal);
  if (outcome === undefined) {
    const why = held === undefined ? 'it was not asked' : `it is left alone for a while (${held.why})`;
    return { kind: 'not-asked', why };
  }
  const isLost = outcome.kind === 'failed' && outcome.failure.code === 'not-found';
  const similar = isLost ? await similarTo(registry, { target, others }, signal) : [];
  return { kind: 'asked', outcome, tags, similar };
};

const similarTo = async (
  registry: RepositoryCatalog,
  { target, others }: Pick<Question, 'target' | 'others'>,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const [catalog, used] = await Promise.all([registry.listRepositories(target, signal), others()]);
  const listed = catalog.kind === 'repositories' ? catalog.repositories : [];
  return similarRepositories([...listed, ...used], target.repository).map((name) => `${target.host}/${name}`);
};
