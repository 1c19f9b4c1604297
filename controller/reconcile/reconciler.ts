import type { Plan, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Clock } from '../../process/ports.js';
import type { Tracer } from '../../process/tracer.js';
import type { ValuesChanges } from '../cache/watches.js';
import type { BundleEvent } from '../decide/decision.js';
import type { DriftCheckResult } from '../decide/drift-state.js';
import type { ObserveDeps } from '../observe/observe.js';
import type { Scans } from '../scans/scan.js';
import type { JobSlotQueue } from './job-slots.js';
import type { Memory } from './memory.js';

/** What the reconcile of a bundle needs. */
export interface Reconciler extends Omit<ObserveDeps, 'reads'> {
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly scans: Scans;
  readonly memory: Memory;
  readonly tracer: Tracer;
  readonly slots: JobSlotQueue;
  readonly valuesChanges: ValuesChanges;
  /** Sends an event; never throws, never waits. */
  readonly record: (bundle: StoredBundle, event: BundleEvent) => void;
  /** Sends an event that must exist only once, however often it is tried; never throws. @returns whether it was sent now */
  readonly recordOnce: (bundle: StoredBundle, event: BundleEvent) => Promise<boolean>;
  /** Counts a deployment whose result was recorded. */
  readonly onResult: (ended: NonNullable<WerfBundleStatus['history']>[number]) => void;
  /** Counts a drift check whose result was recorded. */
  readonly onDriftCheck: (result: DriftCheckResult) => void;
  /** Counts the plan of a deployment whose result was recorded. */
  readonly onPlan: (result: NonNullable<Plan['result']>) => void;
  /** Counts a reconcile that could not be finished, since the apiserver did not answer as needed. */
  readonly onInterrupted: () => void;
}
