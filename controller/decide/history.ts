import type { HistoryEntry } from '../../api/attempts.js';

/** How a deployment ended. */
export type Conclusion = HistoryEntry['result'];

/**
 * Whether the registry is to be asked again as soon as this deployment is over: its tag may have moved between scan and Job. Not
 * after the deployment of a moved tag, so that one that moves all the time is deployed at most twice an interval.
 */
export const mayHaveMoved = (ended: HistoryEntry): boolean =>
  ended.result === 'Succeeded' && ended.reason !== 'MovedTag';
