import type { ObjectMeta, Pod, Stored } from '../../api/objects.js';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import type { TreeSeen } from './observe.js';
import { type Readiness, readinessOf } from './readiness.js';

/** An object, and what belongs to it; printed as it is by `-o json`. */
export interface TreeNode extends Readiness {
  /** Left out of what is no object: `Release`, and of what could not be listed. */
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly children: readonly TreeNode[];
}

const FORBIDDEN: Readiness = { ready: 'Unknown', reason: 'may not be read by you' };

/** A bundle, its Jobs and their Pods, and the objects that its release holds. Pure. */
export const treeOf = (seen: TreeSeen): TreeNode =>
  nodeOf({ apiVersion: API_VERSION, kind: KIND, object: seen.bundle }, [...jobsOf(seen), releaseOf(seen)]);

const nodeOf = (
  {
    apiVersion,
    kind,
    object,
  }: { readonly apiVersion: string; readonly kind: string; readonly object: { readonly metadata: ObjectMeta } },
  children: readonly TreeNode[] = [],
): TreeNode => {
  const { name = '', namespace, creationTimestamp } = object.metadata;
  return {
    apiVersion,
    kind,
    ...(namespace !== undefined && { namespace }),
    name,
    ...readinessOf(kind, object),
    ...(creationTimestamp !== undefined && { created: creationTimestamp }),
    children,
  };
};

/** The newest first. */
const jobsOf = ({ jobs, pods, release }: TreeSeen): readonly TreeNode[] => {
  const { namespace } = release.ref;
  if (jobs.kind === 'forbidden') return [{ kind: 'Job', namespace, name: '*', ...FORBIDDEN, children: [] }];
  return jobs.items.toSorted(byAge).map((job) => {
    const own =
      pods.kind === 'listed' ? pods.items.filter((pod) => isPodOf(pod, job.metadata.name)).toSorted(byAge) : [];
    const unseen = pods.kind === 'listed' ? [] : [{ kind: 'Pod', namespace, name: '*', ...FORBIDDEN, children: [] }];
    const children = [...own.map((pod) => nodeOf({ apiVersion: 'v1', kind: 'Pod', object: pod })), ...unseen];
    return nodeOf({ apiVersion: 'batch/v1', kind: 'Job', object: job }, children);
  });
};

const byAge = (a: Stored, b: Stored): number =>
  (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');

const isPodOf = ({ metadata }: Pod, job: string): boolean =>
  (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'Job' && name === job);

const RECORDS: Readonly<Record<'forbidden' | 'absent' | 'unreadable', Readiness>> = {
  forbidden: FORBIDDEN,
  absent: { ready: 'False', reason: 'not deployed' },
  unreadable: { ready: 'Unknown', reason: 'in a form that is not known here' },
};

const releaseOf = ({ release: { ref, record, objects } }: TreeSeen): TreeNode => {
  const common = { kind: 'Release', namespace: ref.namespace, name: ref.name };
  if (record.kind !== 'found') return { ...common, ...RECORDS[record.kind], children: [] };
  const { status, version, chart } = record.release;
  const ready = status === 'deployed' ? 'True' : status.startsWith('pending') ? 'Unknown' : 'False';
  const reason = `${status}, version ${version}${chart === undefined ? '' : ` of ${chart}`}`;
  return { ...common, ready, reason, children: objects.map((one) => heldNode(one)) };
};

const MISSING: Readonly<Record<'absent' | 'forbidden' | 'unknown', Readiness>> = {
  absent: { ready: 'False', reason: 'does not exist' },
  forbidden: FORBIDDEN,
  unknown: { ready: 'Unknown', reason: 'its kind is not found in the cluster' },
};

const heldNode = ({ object, live }: TreeSeen['release']['objects'][number]): TreeNode => {
  const { apiVersion, kind, name, namespace } = object;
  if (live.kind === 'found') return nodeOf({ apiVersion, kind, object: live.object });
  return { apiVersion, kind, ...(namespace !== undefined && { namespace }), name, ...MISSING[live.kind], children: [] };
};
