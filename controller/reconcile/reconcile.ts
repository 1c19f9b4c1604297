import { FINALIZER } from '../../api/finalizer.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { getOnce } from '../../kube/get-once.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Next } from '../../kube/work-queue.js';
import type { ValuesChanges } from '../cache/watches.js';
import { afterFailure } from '../decide/after-failure.js';
import { decide } from '../decide/decide.js';
import type { BundleEvent, Decision, Recheck } from '../decide/decision.js';
import { openDeployment } from '../decide/deployment.js';
import { checkRecorded, type DriftCheckResult } from '../decide/drift-state.js';
import { mayHaveMoved } from '../decide/history.js';
import type { JobSlot, Observation } from '../decide/observation.js';
import { mergePatchOf } from '../decide/status-patch.js';
import { hasSeenValuesChange } from '../decide/values-change.js';
import { cleanUp, execute } from '../execute/execute.js';
import { lackOf, rightsMissing } from '../observe/forbidden.js';
import { lookUp } from '../observe/look-up.js';
import { namespaceOf, type ObserveDeps, observe } from '../observe/observe.js';
import type { Scans } from '../scans/scan.js';
import type { JobSlotQueue } from './job-slots.js';
import type { Memory } from './memory.js';
import { withoutToldOfRepository } from './repository-events.js';

/** Limit for the passes in one run of a bundle: intent, Job and result take one each; more than this is a loop. */
const MOST_PASSES = 8;

/** What the reconcile of a bundle needs. */
export interface Reconciler extends Omit<ObserveDeps, 'reads'> {
  readonly scans: Scans;
  readonly memory: Memory;
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
}

/**
 * Brings one bundle a step further: observe, decide, execute, report, until there is nothing to be done now.
 * @returns when to look again, if nothing changes before
 */
export const reconcile = async (self: Reconciler, ref: ObjectRef, signal: AbortSignal): Promise<Next> => {
  const deps = { ...self, reads: getOnce(self.client) };
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const next = await onePass(deps, ref, signal);
    if (next !== 'again') return next;
  }
  self.log.warn('reconcile goes in circles', { bundle: objectKey(ref) });
  return { kind: 'backoff' };
};

const onePass = async (
  self: Reconciler & ObserveDeps,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Next | 'again'> => {
  const cached = self.lister.bundle(ref);
  if (cached !== undefined) self.memory.noteCached(cached);
  const bundle = cached && self.memory.current(cached);
  if (bundle === undefined) {
    self.scans.unsubscribe(ref);
    self.memory.forget(ref);
    self.slots.release(ref);
    return { kind: 'await-change' };
  }
  try {
    const { memory, scans } = self;
    const { metadata } = bundle;
    const delivery = scans.pending(metadata);
    if (delivery !== undefined) memory.received(metadata, delivery);
    const known = {
      delivery,
      latest: scans.latest(metadata),
      heldBack: scans.held(metadata),
      sameScans: memory.sameScans(metadata),
      deployedAt: memory.deployedAt(metadata),
      valuesChangedAt: self.valuesChanges.valuesChangedAt(ref),
      cleanedUp: memory.cleanedUp(metadata),
    };
    const observed = await observe(self, bundle, known, signal);
    const { seen, decision: planned } = await decideWith(self, observed, signal);
    const decision = await carryOut(self, seen, planned, signal);
    if (decision === undefined) return { kind: 'backoff' };
    const whole = await report(self, seen, decision, signal);
    return whole ? nextOf(decision.recheck, self.now()) : { kind: 'backoff' };
  } catch (error) {
    return interrupted(self, ref, error);
  }
};

/** Decides, and looks up what that needs. @returns the completed observation, and the decision */
const decideWith = async (
  self: Reconciler & ObserveDeps,
  observed: Observation,
  signal: AbortSignal,
): Promise<{ readonly seen: Observation; readonly decision: Decision }> => {
  let seen = observed;
  for (;;) {
    const outcome = decide(seen);
    if (outcome.kind === 'decided') return { seen, decision: outcome };
    seen =
      outcome.what === 'job-slot'
        ? { ...seen, slot: requestSlot(self, seen, outcome.jobName) }
        : await lookUp(self, seen, outcome, signal);
  }
};

const requestSlot = ({ slots }: Reconciler, { bundle, spec }: Observation, jobName: string): JobSlot => {
  const { namespace, name } = bundle.metadata;
  const job = { namespace: namespaceOf(bundle, spec), name: jobName };
  return { kind: slots.request({ namespace, name }, job) ? 'granted' : 'waiting', jobName };
};

/** After a conflict the bundle is reconciled again, without a log line. Other failures of the apiserver are logged and retried. */
const interrupted = (self: Reconciler, ref: ObjectRef, error: unknown): Next => {
  if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
  if (error.code === 'not-found') return { kind: 'await-change' };
  if (error.code === 'conflict') return { kind: 'backoff' };
  self.log.warn('the apiserver did not answer as needed', { bundle: objectKey(ref), error: error.message });
  yieldSlot(self, ref, error);
  return { kind: 'backoff' };
};

/** Releases the slot of a Job that can't be created now. A call without an answer may have succeeded, so that the Job has the slot. */
const yieldSlot = ({ slots }: Reconciler, ref: ObjectRef, { status, code }: KubeError): void => {
  if (status !== undefined && code !== 'timeout') slots.release(ref);
};

const carryOut = async (
  self: Reconciler & ObserveDeps,
  seen: Observation,
  planned: Decision,
  signal: AbortSignal,
): Promise<Decision | undefined> => {
  const failure = await execute(self.client, planned.actions, signal);
  if (failure === undefined) return planned;
  if (failure.kind === 'begun') return undefined;
  const error = failure.kind === 'interrupted' ? failure.error.message : failure.message;
  self.log.warn('what was decided could not be done', {
    bundle: objectKey(seen.bundle.metadata),
    why: failure.kind,
    error,
  });
  if (failure.kind === 'interrupted') {
    const powerless = withoutRight(seen, failure.error);
    if (powerless !== undefined) {
      const { seen: known, decision } = await decideWith(self, powerless, signal);
      return await carryOut(self, known, decision, signal);
    }
    yieldSlot(self, seen.bundle.metadata, failure.error);
  }
  return afterFailure(seen, planned, failure);
};

/**
 * Treats a Job that may not be deleted as one that may not be read: the status says so, and a bundle that is being deleted does not wait.
 * @returns undefined if a missing right is not the cause, or is known already
 */
const withoutRight = (seen: Observation, error: KubeError): Observation | undefined => {
  const isBeingDeleted = seen.bundle.metadata.deletionTimestamp !== undefined;
  if (error.code !== 'forbidden' || seen.job.kind === 'blocker') return undefined;
  if (!isBeingDeleted && openDeployment(seen.bundle.status) === undefined) return undefined;
  return { ...seen, job: rightsMissing(lackOf(error)), ...(isBeingDeleted && { plans: [] }) };
};

/**
 * Writes the status if it differs, under the resourceVersion that was observed; then does everything that depends on it.
 * @returns false: the finalizer stays for now, since objects are left that nobody would look for without it
 */
const report = async (
  self: Reconciler,
  seen: Observation,
  decision: Decision,
  signal: AbortSignal,
): Promise<boolean> => {
  const { bundle } = seen;
  const ref = { namespace: bundle.metadata.namespace, name: bundle.metadata.name };
  const written = await writeStatus(self, bundle, decision.status, signal);
  if (decision.interest === undefined) self.scans.unsubscribe(ref);
  else self.scans.subscribe(decision.interest);
  if (seen.delivery !== undefined) self.scans.acknowledge(bundle.metadata, seen.delivery.sequence);
  if (seen.valuesChangedAt !== undefined && hasSeenValuesChange(seen))
    self.valuesChanges.settle(ref, seen.valuesChangedAt);
  if (!decision.keepsSlot) self.slots.release(ref);
  for (const event of withoutToldOfRepository(self, bundle, decision.events)) tell(self, bundle, event);
  const failures = await cleanUpAfter(self, { bundle, decision }, signal);
  if (decision.finalizer === 'leave') return true;
  if (decision.finalizer === 'remove' && failures.some((error) => mayPass(bundle, error))) return false;
  // Sent before the finalizer is removed: afterwards no process would reconcile the bundle again, and the event might be lost.
  if (decision.finalEvent !== undefined && (await self.recordOnce(bundle, decision.finalEvent)))
    log(self, bundle, decision.finalEvent);
  await writeFinalizer(self, written, decision.finalizer, signal);
  return true;
};

/** @returns the bundle after the write */
const writeStatus = async (
  self: Reconciler,
  bundle: StoredBundle,
  status: WerfBundleStatus,
  signal: AbortSignal,
): Promise<StoredBundle> => {
  const patch = mergePatchOf(bundle.status ?? {}, status);
  if (patch === undefined) return bundle;
  const body = { metadata: { resourceVersion: bundle.metadata.resourceVersion }, status: patch };
  const { namespace, name } = bundle.metadata;
  const where = { subresource: 'status' } as const;
  const written = await self.client.mergePatch(WERFBUNDLES, { namespace, name }, body, where, signal);
  self.memory.wrote(bundle, written);
  const found = checkRecorded(bundle.status ?? {}, status);
  if (found !== undefined) self.onDriftCheck(found);
  const ended = status.history?.[0];
  if (ended !== undefined && ended.number !== bundle.status?.history?.[0]?.number) {
    self.onResult(ended);
    if (mayHaveMoved(ended)) self.memory.deployed(bundle.metadata, self.now());
  }
  return written;
};

/** Keeps other finalizers: a patch replaces the whole list, so it is made under the resourceVersion of the list that was read. */
const writeFinalizer = async (
  self: Reconciler,
  bundle: StoredBundle,
  change: 'add' | 'remove',
  signal: AbortSignal,
): Promise<void> => {
  const { namespace, name, resourceVersion, finalizers = [] } = bundle.metadata;
  const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
  const body = { metadata: { resourceVersion, finalizers: change === 'add' ? [...others, FINALIZER] : others } };
  const written = await self.client.mergePatch(WERFBUNDLES, { namespace, name }, body, {}, signal);
  self.memory.wrote(bundle, written);
};

/** Whether to wait until a failure passes: a bundle that is being deleted does not wait for a missing right; the log says what is left. */
const mayPass = ({ metadata }: StoredBundle, { code }: KubeError): boolean =>
  metadata.deletionTimestamp === undefined || code !== 'forbidden';

/** Cleans up; failures are tried again at the next reconcile. @returns the failures */
const cleanUpAfter = async (
  self: Reconciler,
  { bundle: { metadata }, decision }: { readonly bundle: StoredBundle; readonly decision: Decision },
  signal: AbortSignal,
): Promise<readonly KubeError[]> => {
  const failures = await cleanUp(self.client, decision.cleanup, signal);
  for (const error of failures)
    self.log.warn('a Secret of a finished Job could not be deleted', {
      bundle: objectKey(metadata),
      error: error.message,
    });
  const recorded = openDeployment(decision.status) === undefined ? decision.status.deployment : undefined;
  if (recorded !== undefined && failures.length === 0) self.memory.cleaned(metadata, recorded.jobName);
  return failures;
};

const tell = (self: Reconciler, bundle: StoredBundle, event: BundleEvent): void => {
  log(self, bundle, event);
  self.record(bundle, event);
};

const log = (self: Reconciler, { metadata }: StoredBundle, { type, reason, message }: BundleEvent): void => {
  const fields = { bundle: objectKey(metadata), reason, note: message };
  if (type === 'Warning') self.log.warn('bundle changed', fields);
  else self.log.info('bundle changed', fields);
};

const nextOf = (recheck: Recheck, now: number): Next | 'again' => {
  switch (recheck.kind) {
    case 'now':
      return 'again';
    case 'on-change':
      return { kind: 'await-change' };
    case 'at':
      return { kind: 'after', ms: Math.max(0, recheck.time - now) };
  }
};
