import { isMap, valueAt } from '../../api/json-map.js';
import type { WerfBundle } from '../../api/werfbundle.js';

/** The chart that a bundle's values will meet, as its status tells. */
export interface DeployedChart {
  /** Of the bundle's manifest, whatever somebody has written there. */
  readonly digest: string;
  /** Whether it is deployed, is all that the bundle asks for, and will be asked by the next deployment as far as anybody knows. */
  readonly isSettled: boolean;
}

/** Reason of Ready while a chart that is not deployed yet refuses the values: a change of them is meant for that one. */
const HELD = 'ValuesRefused';

/**
 * Which chart the next values of a stored bundle meet; undefined: nobody knows, since nothing was deployed, or since a chart is wanted that no
 * status names. Status is evidence: it is what the controller says, or somebody who may write statuses. Never throws.
 */
export const deployedChartOf = (bundle: WerfBundle): DeployedChart | undefined => {
  const status = valueAt(bundle, 'status');
  const applied = textAt(status, 'lastAppliedDigest');
  const digest = textAt(status, 'deployment', 'digest') ?? applied;
  const ready = readyOf(status);
  if (digest === undefined || ready?.['reason'] === HELD) return undefined;
  const isSeen = valueAt(status, 'observedGeneration') === valueAt(bundle, 'metadata', 'generation');
  const isSuspended = valueAt(bundle, 'spec', 'suspend') === true;
  return { digest, isSettled: digest === applied && ready?.['status'] === 'True' && isSeen && !isSuspended };
};

const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const text = valueAt(value, ...path);
  return typeof text === 'string' && text !== '' ? text : undefined;
};

const readyOf = (status: unknown): Readonly<Record<string, unknown>> | undefined => {
  const conditions = valueAt(status, 'conditions');
  if (!Array.isArray(conditions)) return undefined;
  const isReady = (condition: unknown): boolean => valueAt(condition, 'type') === 'Ready';
  const ready: unknown = conditions.find(isReady);
  return isMap(ready) ? ready : undefined;
};
