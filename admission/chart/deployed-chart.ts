import { valueAt } from '../../api/json-map.js';
import type { WerfBundle } from '../../api/werfbundle.js';

/** The chart that a bundle's values will meet, as its status tells. */
export interface DeployedChart {
  /** Of the bundle's manifest, whatever somebody has written there. */
  readonly digest: string;
  /** Whether it is deployed, is all that the bundle asks for, and will be asked by the next deployment as far as anybody knows. */
  readonly isSettled: boolean;
}

/**
 * Which chart the next values of a stored bundle meet; undefined: nobody knows, since nothing was deployed. While a chart is held since it refuses
 * what is stored, a change is meant for that one. Status is evidence: it is what the controller says, or somebody who may write statuses. Never throws.
 */
export const deployedChartOf = (bundle: WerfBundle): DeployedChart | undefined => {
  const status = valueAt(bundle, 'status');
  const applied = textAt(status, 'lastAppliedDigest');
  const digest = textAt(status, 'refusedDigest') ?? textAt(status, 'deployment', 'digest') ?? applied;
  if (digest === undefined) return undefined;
  const isSeen = valueAt(status, 'observedGeneration') === valueAt(bundle, 'metadata', 'generation');
  const isSuspended = valueAt(bundle, 'spec', 'suspend') === true;
  return { digest, isSettled: digest === applied && isReady(status) && isSeen && !isSuspended };
};

const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const text = valueAt(value, ...path);
  return typeof text === 'string' && text !== '' ? text : undefined;
};

const isReady = (status: unknown): boolean => {
  const conditions = valueAt(status, 'conditions');
  const is = (condition: unknown): boolean =>
    valueAt(condition, 'type') === 'Ready' && valueAt(condition, 'status') === 'True';
  return Array.isArray(conditions) && conditions.some(is);
};
