import { formatDuration } from '../../api/duration.js';
import type { KubeEvent } from '../../api/objects.js';
import type { ConditionType } from '../../api/reasons.js';
import { parseSpec, type Settings } from '../../api/settings.js';
import { parseTime } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { longestInterval } from '../../controller/scans/schedule.js';
import { humanDuration } from '../output/human-duration.js';
import { shortDigest } from '../output/short-digest.js';
import { planFact } from '../plan/plan-fact.js';

type Condition = NonNullable<WerfBundleStatus['conditions']>[number];

/** A line of a summary: what it is about, and what is the case. */
interface Fact {
  readonly title: string;
  readonly text: string;
}

/** How a bundle is, in the words of people. */
interface Summary {
  /** Whether what was asked for is deployed: the status of Ready, for this very spec. */
  readonly isReady: boolean;
  readonly facts: readonly Fact[];
}

/** @param now - wall clock, milliseconds */
export const summaryOf = (bundle: StoredBundle, now: number): Summary => {
  const { status = {} } = bundle;
  const ready = conditionOf(status, 'Ready');
  const isSeen = status.observedGeneration === bundle.metadata.generation;
  const parsed = parseSpec(bundle);
  return {
    isReady: isSeen && ready?.status === 'True',
    facts: [
      fact('Ready', ready && conditionText(ready)),
      fact('Not seen', isSeen ? undefined : notSeen(bundle)),
      fact('Deleted', since(bundle.metadata.deletionTimestamp, now, 'being deleted since')),
      fact('Suspended', textIfTrue(conditionOf(status, 'Suspended'))),
      fact('Stalled', textIfTrue(conditionOf(status, 'Stalled'), ready)),
      fact('Phase', status.phase),
      fact('Tag', tagText(status, now)),
      fact('Registry', parsed.kind === 'valid' ? registryText(bundle, parsed.settings) : bundle.spec.registry.url),
      fact('Target', parsed.kind === 'valid' ? targetText(parsed.settings) : undefined),
      fact('Job', jobText(status)),
      fact('Plan', planFact(bundle, now)),
      fact('Polls', failuresText(status)),
      fact('Drift', textIfTrue(conditionOf(status, 'Drifted'))),
      fact('Next', nextText(bundle, now)),
    ].flatMap((one) => one ?? []),
  };
};

const fact = (title: string, text: string | undefined): Fact | undefined =>
  text === undefined || text === '' ? undefined : { title, text };

/** The condition of a type; undefined if the status has none. */
export const conditionOf = ({ conditions = [] }: WerfBundleStatus, type: ConditionType): Condition | undefined =>
  conditions.find((condition) => condition.type === type);

const conditionText = ({ status, reason, message }: Condition): string => `${status} (${reason}): ${message}`;

/** @param said - a condition whose message need not be repeated */
const textIfTrue = (condition: Condition | undefined, said?: Condition): string | undefined => {
  if (condition?.status !== 'True') return undefined;
  return condition.message === said?.message
    ? `${condition.reason}: a person has to do something`
    : conditionText(condition);
};

const notSeen = ({ metadata, status = {} }: StoredBundle): string => {
  const { observedGeneration = -1 } = status;
  const seen = observedGeneration < 0 ? 'it has seen none' : `it has seen ${observedGeneration}`;
  return `the controller has not looked at generation ${metadata.generation} yet; ${seen}`;
};

const since = (time: string | undefined, now: number, words: string): string | undefined => {
  const at = parseTime(time);
  return at === undefined ? undefined : `${words} ${humanDuration(now - at)}`;
};

const tagText = ({ lastAppliedTag = '', lastAppliedDigest, lastSyncTime }: WerfBundleStatus, now: number): string => {
  if (lastAppliedTag === '') return 'none has been deployed yet';
  const at = parseTime(lastSyncTime);
  const parts = [
    lastAppliedTag,
    shortDigest(lastAppliedDigest),
    at === undefined ? '' : `deployed ${humanDuration(now - at)} ago`,
  ];
  return parts.filter((part) => part !== '').join(', ');
};

const registryText = ({ spec }: StoredBundle, { registry }: Settings): string => {
  const policy = Object.entries(registry.policy).map(([field, value]) => `${field} ${value}`);
  const every = `asked every ${formatDuration(registry.pollIntervalMs)}`;
  return [spec.registry.url, ...(policy.length === 0 ? ['the last tag in text order'] : policy), every].join(', ');
};

const targetText = ({ converge: { targetNamespace, releaseName, serviceAccountName } }: Settings): string => {
  const as = serviceAccountName === undefined ? '' : `, as ServiceAccount ${serviceAccountName}`;
  return `release ${releaseName} in namespace ${targetNamespace}${as}`;
};

const jobText = ({ deployment, activeJobName, lastJobName, lastJobStatus }: WerfBundleStatus): string | undefined => {
  const name = activeJobName ?? lastJobName;
  if (name === undefined || name === '') return undefined;
  const of =
    deployment?.jobName === name ? ` (deployment ${deployment.number}, ${deployment.tag}, ${deployment.reason})` : '';
  return `${name} ${activeJobName === undefined ? (lastJobStatus ?? '') : 'Running'}${of}`;
};

const failuresText = ({ consecutiveFailures = 0 }: WerfBundleStatus): string | undefined =>
  consecutiveFailures === 0 ? undefined : `${consecutiveFailures} failed in a row`;

/** What the controller does next by itself; undefined where it does nothing, or has not said so yet. */
const nextText = (bundle: StoredBundle, now: number): string | undefined => {
  const { status = {}, metadata } = bundle;
  const reachable = conditionOf(status, 'RegistryReachable');
  const at = parseTime(status.nextAttemptTime);
  if (at !== undefined) {
    const what = (status.consecutiveFailures ?? 0) > 0 ? 'a poll' : 'the deployment is tried again';
    return at > now ? `${what} in about ${humanDuration(at - now)}` : `${what} now`;
  }
  if (reachable?.reason === 'PollingStopped')
    return `no poll: werfbundle reconcile ${metadata.name} -n ${metadata.namespace} --failed begins anew`;
  const isIdle = metadata.deletionTimestamp !== undefined || conditionOf(status, 'Suspended')?.status === 'True';
  const parsed = parseSpec(bundle);
  if (isIdle || reachable?.status !== 'True' || parsed.kind === 'invalid') return undefined;
  return `a poll within ${formatDuration(longestInterval(parsed.settings.registry.pollIntervalMs))}`;
};

/** The newest events, the oldest of them first. @param most - how many */
export const newestEvents = (events: readonly KubeEvent[], most: number): readonly KubeEvent[] =>
  events.toSorted((one, other) => lastSeen(one) - lastSeen(other)).slice(-most);

/** When an event was last seen, wall clock in milliseconds; 0 if it does not say. */
export const lastSeen = ({ series, deprecatedLastTimestamp, eventTime, metadata }: KubeEvent): number =>
  parseTime(series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata.creationTimestamp) ?? 0;
