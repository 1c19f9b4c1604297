import type { ConfigMap, KubeObject, ObjectRef, Secret } from '../../../api/objects.js';
import { API_VERSION, KIND, type StoredBundle } from '../../../api/werfbundle.js';
import type { KubeClient, ResourceType } from '../../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../../kube/resources.js';
import { inParallel } from './in-parallel.js';

/** Namespaces, and repositories: a hundred of each, unless there are fewer bundles. */
const MOST_PLACES = 100;
/** Requests of the benchmark to the apiserver at once. */
const AT_ONCE = 24;

/** Who may pull. */
export const PULLER = { username: 'bench', password: 'pull-only-for-the-bench' } as const;

const NAMES = { secret: 'registry-credentials', values: 'values', account: 'werf-converge' } as const;

/** How many repositories the bundles of a size have, which is as many as namespaces. */
export const placesOf = (bundles: number): number => Math.min(MOST_PLACES, bundles);

/** The repositories of a size. */
export const repositoriesOf = (bundles: number): readonly string[] =>
  Array.from({ length: placesOf(bundles) }, (_, place) => `shop/app-${place}`);

/**
 * Bundle number `index`. Those of a repository are spread over all namespaces, so that nothing is saved by their being neighbours. The
 * first one of each repository follows a channel of its own, so that a new tag there is one Job.
 */
const bundleAt = (index: number, fleet: Fleet): KubeObject => {
  const slots = placesOf(fleet.bundles);
  const namespace = index % slots;
  const repository = (namespace + Math.floor(index / slots)) % slots;
  const channel =
    index < slots ? { tagPattern: '^canary-([0-9]+)$', tagOrder: 'Number' } : { versionConstraint: '>=1.0.0' };
  const spec = {
    registry: {
      url: `${fleet.registryHost}/shop/app-${repository}`,
      insecure: true,
      secretRef: { name: NAMES.secret },
      pollInterval: `${fleet.pollSeconds}s`,
      ...channel,
    },
    converge: {
      serviceAccountName: NAMES.account,
      valuesFrom: [{ configMapRef: { name: NAMES.values } }],
      values: { replicas: 3, ingress: { enabled: true, host: `app-${index}.example` } },
    },
  };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { namespace: namespaceAt(namespace), name: `app-${index}` },
    spec,
  } as KubeObject;
};

const namespaceAt = (place: number): string => `team-${place}`;

/** Bundles that are alike but for their names. */
interface Fleet {
  readonly bundles: number;
  readonly registryHost: string;
  readonly pollSeconds: number;
}

/** Makes the namespaces with what bundles refer to, and the bundles. @throws KubeError */
export const createFleet = async (client: KubeClient, fleet: Fleet, signal: AbortSignal): Promise<void> => {
  const make = (type: ResourceType) => (object: KubeObject) => client.create(type, object, signal);
  const slots = Array.from({ length: placesOf(fleet.bundles) }, (_, place) => namespaceAt(place));
  const namespaces = slots.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await inParallel(AT_ONCE, namespaces, make(NAMESPACES));
  await inParallel(AT_ONCE, slots, async (namespace) => {
    await make(SECRETS)(credentials(namespace, fleet.registryHost));
    await make(CONFIGMAPS)(values(namespace));
    const metadata = { namespace, name: NAMES.account };
    await make(SERVICEACCOUNTS)({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  });
  const indexes = Array.from({ length: fleet.bundles }, (_, index) => index);
  await inParallel(AT_ONCE, indexes, (index) => make(WERFBUNDLES)(bundleAt(index, fleet)));
};

const credentials = (namespace: string, registryHost: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name: NAMES.secret },
  type: 'kubernetes.io/dockerconfigjson',
  stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [registryHost]: PULLER } }) },
});

const values = (namespace: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name: NAMES.values },
  data: { 'values.yaml': 'image:\n  pullPolicy: IfNotPresent\nresources:\n  limits: {memory: 256Mi}\n' },
});

/** What of a bundle the benchmark looks at. */
export interface Progress {
  readonly ref: ObjectRef;
  readonly synced: boolean;
  readonly tag: string | undefined;
}

/** Whether a bundle is Synced, and with which tag. */
export const progressOf = ({ metadata, status }: StoredBundle): Progress => ({
  ref: { namespace: metadata.namespace, name: metadata.name },
  synced: status?.phase === 'Synced',
  tag: status?.lastAppliedTag,
});
