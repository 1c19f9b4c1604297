import type { Job, KubeEvent, Pod } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { JobResult } from './job-result.js';

/** How long a Job may take to get its Pod, and a Pod to start, before its status says why, milliseconds. */
const USUAL_START_MS = 10_000;
/** How often to check again why a Job does not start, milliseconds. */
const LOOK_AGAIN_MS = 30_000;
/** Longer messages of Kubernetes are cut, characters. */
const MAX_WORDS = 500;

/** Why a Job does not start, by Kubernetes: its reason, and its message without parts that change from one try to the next. */
export interface WaitingWords {
  readonly reason: string;
  readonly message: string;
}

type Waiting = Extract<JobResult, { kind: 'waiting' }>;

/** When a Job is late, so that its events are read. @param now - wall clock, milliseconds */
export const lateAt = (job: Job, pod: Pod | undefined, now: number): number =>
  (parseTime((pod ?? job).metadata.creationTimestamp) ?? now) + USUAL_START_MS;

/** When to check a waiting Job again even if nothing changes: events are not watched. */
export const nextLookAt = (job: Job, pod: Pod | undefined, now: number): number => {
  const late = lateAt(job, pod, now);
  return now < late ? late : now + LOOK_AGAIN_MS;
};

/** Whether only events tell what the Job waits for; whether its Pod can be scheduled, the Pod itself says. */
export const needsWords = ({ reason, message }: Waiting): boolean =>
  message === '' || reason === 'NoPod' || reason === IMAGE_PULL;

/** The one reason for all states in which an image can't be pulled; the kubelet alternates between two of them. */
export const IMAGE_PULL = 'ImagePullBackOff';

/** An event that only repeats a state's reason, as the kubelet adds it: `Error: ImagePullBackOff`. */
const ONLY_A_REASON = /^Error: [A-Z][A-Za-z]+$/;

/**
 * The newest warning that says more than a reason.
 * @param events - of the Job, while it has no Pod; else of the Pod
 */
export const wordsOf = (events: readonly KubeEvent[]): WaitingWords | undefined => {
  const [newest] = events
    .filter(({ type, note = '' }) => type === 'Warning' && !ONLY_A_REASON.test(note))
    .toSorted((a, b) => lastSeen(b).localeCompare(lastSeen(a)));
  if (newest?.note === undefined) return undefined;
  return { reason: newest.reason ?? 'Warning', message: stable(newest.note) };
};

/** Adds the words of events to a waiting Job's result. */
export const withWords = (result: JobResult, words: WaitingWords | undefined): JobResult => {
  if (result.kind !== 'waiting' || words === undefined) return result;
  return { ...result, message: words.message, reason: result.reason === IMAGE_PULL ? IMAGE_PULL : words.reason };
};

const lastSeen = ({ series, deprecatedLastTimestamp, eventTime, metadata }: KubeEvent): string =>
  [series?.lastObservedTime, deprecatedLastTimestamp, eventTime, metadata.creationTimestamp]
    .map((time) => time ?? '')
    .reduce((latest, time) => (time > latest ? time : latest), '');

/** Removes the Pod's name, which changes with each try of the Job controller. */
const stable = (note: string): string =>
  note
    .replace(/\s+/g, ' ')
    .replace(/^Error creating: pods "[^"]*" is /, 'the Pod is ')
    .replace(/^Error creating: /, '')
    .trim()
    .slice(0, MAX_WORDS);
