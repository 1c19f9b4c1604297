import type { Refusal } from '../../protocol.js';
import type { Connection } from '../live/connection.js';

/** Of which namespaces the list is. */
export interface Scope {
  /** None: all. */
  readonly namespaces: readonly string[];
  /** Why it is not of all, though that was asked for; then there is one namespace, or it has to be named. */
  readonly narrowed?: Refusal;
}

/** Whether the list of all namespaces is refused: then it is asked for one. */
export const isRefusedForAll = (connection: Connection, { namespaces }: Scope): boolean =>
  connection.kind === 'refused' && connection.status === 403 && namespaces.length === 0;

/**
 * Where to look instead.
 * @param candidates - namespaces, the likeliest first; '' is none
 */
export const narrowedTo = (candidates: readonly string[], refusal: Refusal): Scope => {
  const namespace = candidates.find((candidate) => candidate !== '');
  return { namespaces: namespace === undefined ? [] : [namespace], narrowed: refusal };
};
