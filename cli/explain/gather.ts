import type { Job, Stored } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { LABELS } from '../../controller/deploy/names.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { JOBS } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import type { OpenRegistry } from '../registry-from-here.js';
import { askRegistry, type RegistryAnswer } from './ask-registry.js';
import { lastImageOf, readReferences, type Seen } from './observe.js';
import type { Reader } from './read.js';

interface GatherDeps {
  readonly clock: Clock;
  readonly read: Reader;
  /** Of the cluster; undefined: there is none to ask. */
  readonly client: Pick<KubeClient, 'list'> | undefined;
  /** Opens what asks registries; undefined with --no-registry. */
  readonly openRegistry: OpenRegistry | undefined;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Reads all that an explanation is made of. @throws KubeError when the apiserver could not be asked */
export const gather = async (deps: GatherDeps, of: Pick<Seen, 'bundle' | 'settings' | 'file'>): Promise<Seen> => {
  deps.tell('reading what the bundle refers to');
  const references = await readReferences(deps.read, of, deps.signal);
  const jobs = deps.client === undefined ? undefined : await readJobs(deps.client, of, deps.signal);
  deps.tell(`asking ${of.settings.registry.host} for its tags`);
  return {
    now: deps.clock.now(),
    ...of,
    ...references,
    registry: await ask(deps, of.settings, references.credentials),
    lastImage: jobs && lastImageOf(jobs),
  };
};

/** The Jobs of a bundle; undefined if they may not be listed. */
const readJobs = async (
  client: Pick<KubeClient, 'list'>,
  { bundle, settings }: { readonly bundle: StoredBundle; readonly settings: Settings },
  signal: AbortSignal,
): Promise<readonly Stored<Job>[] | undefined> => {
  const { uid } = bundle.metadata;
  if (uid === '') return [];
  const where = { namespace: settings.converge.targetNamespace, labelSelector: `${LABELS.bundleUid}=${uid}` };
  try {
    return (await client.list(JOBS, where, signal)).items;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return undefined;
    throw error;
  }
};

const ask = async (
  { openRegistry, clock, signal }: GatherDeps,
  { registry: { policy } }: Settings,
  credentials: Seen['credentials'],
): Promise<RegistryAnswer> => {
  if (openRegistry === undefined) return { kind: 'not-asked', why: 'the registry was not asked (--no-registry)' };
  if (credentials.kind !== 'ready') return { kind: 'not-asked', why: `the registry was not asked: ${credentials.why}` };
  const registry = openRegistry(clock);
  try {
    return await askRegistry(registry, { target: credentials.target, policy }, signal);
  } finally {
    await registry.close();
  }
};
