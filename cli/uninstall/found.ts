import type { Stored } from '../../api/objects.js';
import { GROUP, PLURAL, type StoredBundle } from '../../api/werfbundle.js';
import { APP_NAME, LABELS, MANAGED_BY } from '../../controller/deploy/names.js';
import { INSTALLATION_KEY } from '../../controller/installation-key.js';
import { KubeError, type ListOptions, type ResourceType } from '../../kube/client.js';
import type { Lease } from '../../kube/election-step.js';
import { JOBS, LEASES, NAMESPACES, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import type { Session } from '../cluster/session.js';
import { CLUSTER_ROLE_BINDINGS, DEFINITIONS, DEPLOYMENTS } from '../diagnosis/operator-kinds.js';
import { PART_OF } from '../diagnosis/operator-namespace.js';
import { KEEPING_KINDS, OPERATOR_KINDS } from './kinds.js';

/** An object to be deleted. */
export interface Item {
  readonly type: ResourceType;
  readonly metadata: Stored['metadata'];
}

/** All that there is of the operator, and of what it works on. */
export interface Found {
  /** By {@link OPERATOR_KINDS}, in their order. */
  readonly operator: readonly Item[];
  readonly bundles: readonly StoredBundle[];
  /** Jobs of bundles, and Secrets of these Jobs. */
  readonly work: readonly Item[];
  /** undefined: the cluster knows no WerfBundles. */
  readonly crd: Item | undefined;
  /** Namespaces that the manifests have made, with what is in them of others: `Secret/mine`. */
  readonly namespaces: readonly { readonly item: Item; readonly foreign: readonly string[] }[];
  /** Whether a controller has led within the time that its Lease is good for, or one is ready in the cluster. */
  readonly isControllerAlive: boolean;
  /** What could not be read: `list deployments.apps`. With any, nothing is known for certain. */
  readonly unreadable: readonly string[];
}

const MADE_BY = `app.kubernetes.io/managed-by=${MANAGED_BY}`;
/** The CRD's own name. */
const CRD_NAME = `${PLURAL}.${GROUP}`;

/**
 * Looks for all of it. Everybody may label what is in a namespace of their own as the operator's: in namespaces only what is in the operator's own
 * counts, and of what bundles have made only what names a bundle that is there. Reads only.
 * @throws KubeError for what is no lack of rights
 */
export const findAll = async (session: Session, now: number): Promise<Found> => {
  const reader = new Reader(session);
  const own = await reader.operatorNamespaces();
  const isOwn = ({ metadata: { namespace } }: Item) => namespace === undefined || own.has(namespace);
  const types = OPERATOR_KINDS.flatMap((phase) => phase.types);
  const labelled = await Promise.all(types.map((type) => reader.list(type, { labelSelector: PART_OF })));
  const operator = labelled.flat().filter(isOwn);
  const crd = await reader.crd();
  const bundles = crd === undefined ? [] : await reader.bundles();
  const uids = new Set(bundles.map(({ metadata }) => metadata.uid));
  const made = await reader.list(SECRETS, { labelSelector: MADE_BY });
  const isKey = (item: Item) => item.metadata.name === INSTALLATION_KEY && isOwn(item);
  const isOfBundle = ({ metadata }: Item) => uids.has(metadata.labels?.[LABELS.bundleUid] ?? '');
  const work = [...(await reader.list(JOBS, { labelSelector: MADE_BY })), ...made].filter(isOfBundle);
  const namespaces = (await reader.list(NAMESPACES, { labelSelector: PART_OF })).filter(({ metadata }) =>
    own.has(metadata.name),
  );
  const ours = new Set([...operator, ...made.filter(isKey), ...work].map(({ metadata }) => metadata.uid));
  return {
    operator: [...operator, ...made.filter(isKey)],
    bundles,
    work,
    crd,
    namespaces: await Promise.all(
      namespaces.map(async (item) => ({ item, foreign: await reader.foreignIn(item.metadata.name, ours) })),
    ),
    isControllerAlive: await reader.isControllerAlive(now, own),
    unreadable: reader.unreadable,
  };
};

/** Reads with the user's own rights, and remembers what they do not allow. */
class Reader {
  readonly #session: Session;
  readonly #unreadable = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** In order; a right in one namespace is not asked for where that for all is. */
  get unreadable(): readonly string[] {
    const all = [...this.#unreadable];
    return all.filter((one) => !all.some((other) => one.startsWith(`${other} in namespace `))).toSorted();
  }

  async list(type: ResourceType, options: ListOptions): Promise<readonly Item[]> {
    return (await this.#objects(type, options)).map(({ metadata }) => ({ type, metadata }));
  }

  async bundles(): Promise<readonly StoredBundle[]> {
    return await this.#objects(WERFBUNDLES, {});
  }

  async crd(): Promise<Item | undefined> {
    const [crd] = await this.list(DEFINITIONS, { fieldSelector: `metadata.name=${CRD_NAME}` });
    return crd;
  }

  /** What of others is in a namespace. What has an owner goes with that, and Kubernetes' own is in each. */
  async foreignIn(namespace: string, ours: ReadonlySet<string>): Promise<readonly string[]> {
    const found = await Promise.all(KEEPING_KINDS.map((type) => this.list(type, { namespace })));
    return found
      .flat()
      .filter(({ metadata }) => !ours.has(metadata.uid) && (metadata.ownerReferences ?? []).length === 0)
      .map(({ type, metadata }) => `${type.kind}/${metadata.name}`)
      .filter((name) => !OF_EVERY_NAMESPACE.includes(name));
  }

  /**
   * Where the operator is, or was: the namespaces of the ServiceAccounts that its ClusterRoleBindings name, which only who
   * administers the cluster can make. Without any, those that are labelled as made by the manifests.
   */
  async operatorNamespaces(): Promise<ReadonlySet<string>> {
    const bindings = await this.#objects(CLUSTER_ROLE_BINDINGS, { labelSelector: PART_OF });
    const bound = bindings.flatMap(({ subjects }) => (subjects ?? []).flatMap(({ namespace }) => namespace ?? []));
    if (bound.length > 0) return new Set(bound);
    return new Set((await this.list(NAMESPACES, { labelSelector: PART_OF })).map(({ metadata }) => metadata.name));
  }

  async isControllerAlive(now: number, own: ReadonlySet<string>): Promise<boolean> {
    const isOwn = ({ metadata }: Stored) => own.has(metadata.namespace ?? '');
    const leases: readonly Stored<Lease>[] = await this.#objects(LEASES, { labelSelector: PART_OF });
    const isHeld = ({ spec: { holderIdentity = '', leaseDurationSeconds = 15, renewTime } = {} }: Stored<Lease>) =>
      holderIdentity !== '' && Date.parse(renewTime ?? '') + LEASES_KEPT * leaseDurationSeconds * 1000 > now;
    const labelSelector = `app.kubernetes.io/name=${APP_NAME}-controller`;
    const deployments = await this.#objects(DEPLOYMENTS, { labelSelector });
    return (
      leases.filter(isOwn).some(isHeld) ||
      deployments.filter(isOwn).some(({ status }) => (status?.readyReplicas ?? 0) > 0)
    );
  }

  /** In doubt it is: then its right is asked for. */
  async #mayBeServed(type: ResourceType): Promise<boolean> {
    const { client, signal } = this.#session;
    try {
      return await client.serves(type, signal);
    } catch (error) {
      if (error instanceof KubeError && error.code === 'forbidden') return true;
      throw error;
    }
  }

  async #objects<S extends Stored>(type: ResourceType<S>, options: ListOptions): Promise<readonly S[]> {
    const { client, signal } = this.#session;
    try {
      return (await client.list(type, options, signal)).items;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // A kind that is not served, such as another project's. Who may not read it is not told so.
      if (error.status === 404) return [];
      if (error.code !== 'forbidden') throw error;
      if (!(await this.#mayBeServed(type))) return [];
      const where = options.namespace === undefined ? '' : ` in namespace ${options.namespace}`;
      this.#unreadable.add(`list ${type.plural}${type.group === '' ? '' : `.${type.group}`}${where}`);
      return [];
    }
  }
}

/** Clocks of different machines differ: a controller counts as alive for that many times of its Lease. */
const LEASES_KEPT = 2;

const OF_EVERY_NAMESPACE = ['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default', 'ConfigMap/istio-ca-root-cert'];
