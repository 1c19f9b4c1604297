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
import type { Observation } from '../decide/observation.js';
import { mergePatchOf } from '../decide/status-patch.js';
import { hasSeenValuesChange } from '../decide/values-change.js';
import { cleanUp, execute } from '../execute/execute.js';
import { lackOf, rightsMissing } from '../observe/forbidden.js';
import { lookUp } from '../observe/look-up.js';
import { namespaceOf, type ObserveDeps, observe } from '../observe/observe.js';
import type { Scans } from '../scans/scan.js';
import type { JobSlotQueue } from './job-slots.js';
import type { Memory } from './memory.js';

/** Passes in one run of a bundle: intent, Job and result are one each; more means that something is going in circles. */
const MOST_PASSES = 8;

/** What a look at a bundle needs. */
export interface Reconciler extends Omit<ObserveDeps, 'reads'> {
  readonly scans: Scans;
  readonly memory: Memory;
  readonly slots: JobSlotQueue;
  readonly valuesChanges: ValuesChanges;
  /** Tells an event; never throws, never waits. */
  readonly record: (bundle: StoredBundle, event: BundleEvent) => void;
  /** Tells an event that is told once, whoever tries it how often; never throws. @returns whether it was told now */
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
  if (cached !== undefined) self.memory.brought(cached);
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

/** Decides, with all that this turns out to need. @returns what it rests on, and the decision */
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

const requestSlot = ({ slots }: Reconciler, { bundle, spec }: Observation, jobName: string): Observation['slot'] => {
  const { namespace, name } = bundle.metadata;
  const job = { namespace: namespaceOf(bundle, spec), name: jobName };
  return slots.request({ namespace, name }, job) ? 'granted' : 'waiting';
};

/** A conflict is nobody's fault: the object is looked at anew. What else the apiserver did not do is tried again. */
const interrupted = (self: Reconciler, ref: ObjectRef, error: unknown): Next => {
  if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
  if (error.code === 'not-found') return { kind: 'await-change' };
  if (error.code === 'conflict') return { kind: 'backoff' };
  self.log.warn('the apiserver did not answer as needed', { bundle: objectKey(ref), error: error.message });
  yieldSlot(self, ref, error);
  return { kind: 'backoff' };
};

/** Others are not to wait for a Job that can't be made now. What had no answer may have been done: a Job may have the place. */
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
 * A Job that may not be deleted is as one that may not be looked at: it is told, or a bundle that goes is not kept for it.
 * @returns undefined where the right was not what was missing, or where that was known already
 */
const withoutRight = (seen: Observation, error: KubeError): Observation | undefined => {
  const goes = seen.bundle.metadata.deletionTimestamp !== undefined;
  if (error.code !== 'forbidden' || seen.job.kind === 'blocker') return undefined;
  if (!goes && openDeployment(seen.bundle.status) === undefined) return undefined;
  return { ...seen, job: rightsMissing(lackOf(error)), ...(goes && { plans: [] }) };
};

/**
 * Writes the status if it differs, under the resourceVersion that was observed; then everything that rests on it.
 * @returns false: the finalizer is still to be removed, for something is left that nobody would look for without it
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
  for (const event of decision.events) tell(self, bundle, event);
  const failures = await cleanUpAfter(self, { bundle, decision }, signal);
  if (decision.finalizer === 'leave') return true;
  if (decision.finalizer === 'remove' && failures.some((error) => mayPass(bundle, error))) return false;
  // Before the bundle is let go: afterwards nobody would come back to it, whatever becomes of this process or of the answer.
  if (decision.finalEvent !== undefined && (await self.recordOnce(bundle, decision.finalEvent)))
    log(self, bundle, decision.finalEvent);
  await writeFinalizer(self, written, decision.finalizer, signal);
  return true;
};

/** @returns the bundle as it is then */
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

/** Other finalizers stay as they are: a patch replaces the list whole, so it holds only for the list that was seen. */
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

/** A right that is missing may come for a bundle that stays; one that goes is not kept for it, and the log says what is left. */
const mayPass = ({ metadata }: StoredBundle, { code }: KubeError): boolean =>
  metadata.deletionTimestamp === undefined || code !== 'forbidden';

/** What fails here is tried again at the next look. @returns the failures */
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
