import type { Job, KubeEvent, Pod } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { JobResult } from './job-result.js';

/** How long a Job may take to get its Pod, and a Pod to start, before that is worth a word. */
const USUAL_START_MS = 10_000;
/** How often it is looked again what a Job waits for that does not start. */
const LOOK_AGAIN_MS = 30_000;
/** Longer words of Kubernetes are cut. */
const MAX_WORDS = 500;

/** What Kubernetes says of why a Job does not start: its own reason, and its words, which do not change from one try to the next. */
export interface WaitingWords {
  readonly reason: string;
  readonly message: string;
}

type Waiting = Extract<JobResult, { kind: 'waiting' }>;

/** When it is time to ask for words. @param now - wall clock, milliseconds */
export const lateAt = (job: Job, pod: Pod | undefined, now: number): number =>
  (parseTime((pod ?? job).metadata.creationTimestamp) ?? now) + USUAL_START_MS;

/** When a Job that waits is to be looked at again, though nothing changes: nobody watches events. */
export const nextLookAt = (job: Job, pod: Pod | undefined, now: number): number => {
  const late = lateAt(job, pod, now);
  return now < late ? late : now + LOOK_AGAIN_MS;
};

/** Whether only events tell what is waited for: what is scheduled, or can't be, the Pod itself says. */
export const needsWords = ({ reason, message }: Waiting): boolean =>
  message === '' || reason === 'NoPod' || reason === IMAGE_PULL;

/** The reason of all states in which an image does not come; the kubelet goes to and fro between two of them. */
export const IMAGE_PULL = 'ImagePullBackOff';

/** A state's reason once more, as the kubelet adds it after its words: `Error: ImagePullBackOff`. */
const ONLY_A_REASON = /^Error: [A-Z][A-Za-z]+$/;

/**
 * The newest warning that says something.
 * @param events - of the Job, while it has no Pod; else of the Pod
 */
export const wordsOf = (events: readonly KubeEvent[]): WaitingWords | undefined => {
  const [newest] = events
    .filter(({ type, note = '' }) => type === 'Warning' && !ONLY_A_REASON.test(note))
    .toSorted((a, b) => lastSeen(b).localeCompare(lastSeen(a)));
  if (newest?.note === undefined) return undefined;
  return { reason: newest.reason ?? 'Warning', message: stable(newest.note) };
};

/** Words that a Job's own state has not. */
export const withWords = (result: JobResult, words: WaitingWords | undefined): JobResult => {
  if (result.kind !== 'waiting' || words === undefined) return result;
  return { ...result, message: words.message, reason: result.reason === IMAGE_PULL ? IMAGE_PULL : words.reason };
};

const lastSeen = ({ series, deprecatedLastTimestamp, eventTime, metadata }: KubeEvent): string =>
  [series?.lastObservedTime, deprecatedLastTimestamp, eventTime, metadata.creationTimestamp]
    .map((time) => time ?? '')
    .reduce((latest, time) => (time > latest ? time : latest), '');

/** Each try of the Job controller has another name for the Pod. */
const stable = (note: string): string =>
  note
    .replace(/\s+/g, ' ')
    .replace(/^Error creating: pods "[^"]*" is /, 'the Pod is ')
    .replace(/^Error creating: /, '')
    .trim()
    .slice(0, MAX_WORDS);
