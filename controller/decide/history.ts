import type { WerfBundleStatus } from '../../api/werfbundle.js';

export type HistoryEntry = NonNullable<WerfBundleStatus['history']>[number];
/** How a deployment ended. */
export type Conclusion = HistoryEntry['result'];

/** The last deployment that was really tried: a superseded one has changed nothing. */
export const lastTried = (status: WerfBundleStatus): HistoryEntry | undefined =>
  status.history?.find(({ result }) => result !== 'Superseded');

/** Whether the last deployment was superseded before werf started. */
export const wasSuperseded = ({ history, deployment }: WerfBundleStatus): boolean =>
  history?.[0]?.result === 'Superseded' && history[0].number === deployment?.number;

/**
 * Whether the registry is to be asked again as soon as this deployment is over: its tag may have moved between scan and Job. Not
 * after the deployment of a moved tag, so that one that moves all the time is deployed at most twice an interval.
 */
export const mayHaveMoved = (ended: HistoryEntry): boolean =>
  ended.result === 'Succeeded' && ended.reason !== 'MovedTag';
