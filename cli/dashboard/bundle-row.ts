import { openPlan } from '../../api/open-plan.js';
import type { ConditionType } from '../../api/reasons.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { BundleState, Row } from '../../dashboard/protocol.js';
import { conditionOf } from '../status/summary.js';

/** Letters of a message in the list; the detail has all of it. */
const MESSAGE_LENGTH = 200;

/** What the list says of a bundle. Pure. */
export const rowOf = (bundle: StoredBundle): Row => {
  const { metadata, spec, status = {} } = bundle;
  const shown = tellingCondition(bundle);
  const { lastAppliedTag = '', deployment } = status;
  const isUnderWay = deployment !== undefined && deployment.tag !== lastAppliedTag && !hasEnded(status);
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    version: metadata.resourceVersion,
    state: stateOf(bundle),
    reason: shown?.reason ?? '',
    message: cut(shown?.message ?? ''),
    tag: lastAppliedTag,
    nextTag: isUnderWay ? deployment.tag : plannedTag(status),
    repository: spec.registry.url,
    syncedAt: status.lastSyncTime ?? '',
    failedPolls: status.consecutiveFailures ?? 0,
  };
};

/** The condition that tells what is the case, where that is not Ready. */
const TELLING: Readonly<Partial<Record<BundleState, ConditionType>>> = {
  drifted: 'Drifted',
  suspended: 'Suspended',
  deleting: 'Reconciling',
};

/** The condition that says of a bundle why it is in its state. */
export const tellingCondition = (bundle: StoredBundle): ReturnType<typeof conditionOf> => {
  const { status = {} } = bundle;
  const state = stateOf(bundle);
  // Of what drifts, and is not applied again any more, the other one says that it is.
  if (state === 'drifted' && isTrue(status, 'DriftCorrectionFailed'))
    return conditionOf(status, 'DriftCorrectionFailed');
  return conditionOf(status, TELLING[state] ?? 'Ready');
};

/** What is planned and not deployed, be it that it waits for an approval; '' if that is nothing, or what is deployed. */
const plannedTag = (status: WerfBundleStatus): string => {
  const tag = openPlan(status)?.tag ?? '';
  return tag === status.lastAppliedTag ? '' : tag;
};

const hasEnded = ({ deployment, history = [] }: WerfBundleStatus): boolean =>
  history.some(({ number }) => number === deployment?.number);

const cut = (text: string): string =>
  text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;

const isTrue = (status: WerfBundleStatus, type: ConditionType): boolean => conditionOf(status, type)?.status === 'True';

/** A status that is of an older spec says nothing of this one, but that somebody has suspended it, or that it fails. */
const stateOf = ({ metadata, status = {} }: StoredBundle): BundleState => {
  const isSeen = status.observedGeneration === metadata.generation;
  if (metadata.deletionTimestamp !== undefined) return 'deleting';
  if (isTrue(status, 'Stalled')) return 'failed';
  if (isTrue(status, 'Suspended')) return 'suspended';
  if (isTrue(status, 'Reconciling')) return 'progressing';
  if (!isSeen) return (status.observedGeneration ?? -1) < 0 ? 'unseen' : 'progressing';
  if (isTrue(status, 'Drifted')) return 'drifted';
  return isTrue(status, 'Ready') ? 'ready' : 'failed';
};
