import { valueAt } from '../../api/json-map.js';

/** Whether an object does what it is for, as far as its status says. `reason` is a word or two: `2/3`, `Completed`. */
export interface Readiness {
  /** '-': it has nothing to become ready. */
  readonly ready: 'True' | 'False' | 'Unknown' | '-';
  readonly reason: string;
}

/** By kind; an object of any other kind is ready by its condition Ready or Available, if it has one. */
export const readinessOf = (kind: string, object: unknown): Readiness => {
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return ofReplicas(
        object,
        valueAt(object, 'spec', 'replicas') ?? 1,
        valueAt(object, 'status', 'readyReplicas') ?? 0,
      );
    case 'DaemonSet':
      return ofReplicas(
        object,
        valueAt(object, 'status', 'desiredNumberScheduled') ?? 0,
        valueAt(object, 'status', 'numberReady') ?? 0,
      );
    case 'Job':
      return ofJob(object);
    case 'Pod':
      return ofPod(object);
    default:
      return ofConditions(object) ?? ofPhase(object);
  }
};

const ofReplicas = (object: unknown, wanted: unknown, ready: unknown): Readiness => {
  const generation = valueAt(object, 'metadata', 'generation');
  const observed = valueAt(object, 'status', 'observedGeneration') ?? generation;
  const reason = `${ready}/${wanted}`;
  if (generation !== observed) return { ready: 'Unknown', reason };
  return { ready: wanted === ready ? 'True' : 'False', reason };
};

interface StatusCondition {
  readonly status: string;
  readonly reason: string;
}

const conditionOf = (object: unknown, type: string): StatusCondition | undefined => {
  const conditions = valueAt(object, 'status', 'conditions');
  const list: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const found = list.find((one) => valueAt(one, 'type') === type);
  if (found === undefined) return undefined;
  return { status: String(valueAt(found, 'status')), reason: String(valueAt(found, 'reason') ?? '') };
};

const ofJob = (object: unknown): Readiness => {
  if (conditionOf(object, 'Complete')?.status === 'True') return { ready: 'True', reason: 'Completed' };
  const failed = conditionOf(object, 'Failed');
  if (failed?.status === 'True') return { ready: 'False', reason: failed.reason || 'Failed' };
  if (valueAt(object, 'spec', 'suspend') === true) return { ready: 'Unknown', reason: 'Suspended' };
  return { ready: 'Unknown', reason: valueAt(object, 'status', 'active') === 1 ? 'Running' : 'Pending' };
};

/** One that has succeeded is no longer Ready, and is all right. */
const ofPod = (object: unknown): Readiness => {
  const phase = String(valueAt(object, 'status', 'phase') ?? 'Pending');
  if (phase === 'Succeeded') return { ready: 'True', reason: 'Completed' };
  if (phase === 'Failed')
    return { ready: 'False', reason: String(valueAt(object, 'status', 'reason') ?? waitingIn(object) ?? 'Failed') };
  const ready = conditionOf(object, 'Ready')?.status === 'True';
  return { ready: ready ? 'True' : 'False', reason: waitingIn(object) ?? phase };
};

/** Why its first container that does not run does not run. */
const waitingIn = (object: unknown): string | undefined => {
  const statuses = valueAt(object, 'status', 'containerStatuses');
  const list: readonly unknown[] = Array.isArray(statuses) ? statuses : [];
  const reasons = list.map(
    (one) => valueAt(one, 'state', 'waiting', 'reason') ?? valueAt(one, 'state', 'terminated', 'reason'),
  );
  return reasons.find((reason): reason is string => typeof reason === 'string');
};

const ofConditions = (object: unknown): Readiness | undefined => {
  const condition = conditionOf(object, 'Ready') ?? conditionOf(object, 'Available');
  if (condition === undefined) return undefined;
  const { status, reason } = condition;
  return { ready: status === 'True' || status === 'False' ? status : 'Unknown', reason };
};

/** What has a phase that means that it is usable. */
const ofPhase = (object: unknown): Readiness => {
  const phase = valueAt(object, 'status', 'phase');
  if (typeof phase !== 'string') return { ready: '-', reason: '' };
  return { ready: ['Active', 'Bound', 'Available'].includes(phase) ? 'True' : 'False', reason: phase };
};
