import { objectKey } from '../../api/object-key.js';
import type { Job, ObjectRef, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { getOnce } from '../../kube/get-once.js';
import { meteredClient } from '../../kube/metered-client.js';
import type { Next } from '../../kube/work-queue.js';
import { Deadline } from '../../process/deadline.js';
import { tracedLog } from '../../process/tracer.js';
import { afterFailure } from '../decide/after-failure.js';
import { decide } from '../decide/decide.js';
import type { Decision, Recheck } from '../decide/decision.js';
import { openDeployment } from '../decide/deployment.js';
import type { JobSlot, Observation } from '../decide/observation.js';
import { provenJob } from '../deploy/job-signature.js';
import { execute } from '../execute/execute.js';
import { lackOf, rightsMissing } from '../observe/forbidden.js';
import { lookUp } from '../observe/look-up.js';
import { namespaceOf, type ObserveDeps, observe } from '../observe/observe.js';
import { placeOf, traceActions, traceDecision } from './deployment-traces.js';
import type { Reconciler } from './reconciler.js';
import { report, tell } from './report.js';

/** Limit for the passes in one run of a bundle: intent, Job and result take one each; more than this is a loop. */
const MOST_PASSES = 8;

/**
 * Limits of one reconcile, however much its bundle names and whatever others have written: a worker is never one bundle's. Requests come
 * on top of two for each source of values, which may be in two namespaces.
 */
const MOST_REQUESTS = 64;
const LONGEST_MS = 60_000;

/**
 * Brings one bundle a step further: observe, decide, execute, report, until there is nothing to be done now, or until it has cost more than
 * one bundle may.
 * @returns when to look again, if nothing changes before
 */
export const reconcile = async (self: Reconciler, ref: ObjectRef, signal: AbortSignal): Promise<Next> => {
  const bundle = self.lister.bundle(ref);
  const most = MOST_REQUESTS + 2 * (bundle?.spec.converge?.valuesFrom?.length ?? 0);
  const metered = meteredClient(self.client, most);
  const deps = { ...self, client: metered.client, reads: getOnce(metered.client) };
  const deadline = new Deadline(self.clock, LONGEST_MS, { signal });
  const exceeded = (): string | undefined =>
    deadline.expired
      ? `takes longer than ${LONGEST_MS / 1000} s`
      : metered.isExhausted()
        ? `needs more than ${most} requests`
        : undefined;
  try {
    const next = await deadline.run((running) => allPasses(deps, ref, running));
    return exceeded() === undefined ? next : holdBack(self, { ref, bundle, why: exceeded() });
  } catch (error) {
    if (exceeded() === undefined || signal.aborted) throw error;
    return holdBack(self, { ref, bundle, why: exceeded() });
  }
};

/** Lets others go first, and says so. */
const holdBack = (
  self: Reconciler,
  {
    ref,
    bundle,
    why,
  }: { readonly ref: ObjectRef; readonly bundle: StoredBundle | undefined; readonly why: string | undefined },
): Next => {
  const message = `a reconcile of this bundle ${why}: others go first, and it is tried again later`;
  const event = { type: 'Warning', reason: 'ReconcileLimitExceeded', message } as const;
  if (bundle === undefined) self.log.warn(message, { bundle: objectKey(ref) });
  else tell(self, bundle, event);
  return { kind: 'hold' };
};

const allPasses = async (self: Reconciler & ObserveDeps, ref: ObjectRef, signal: AbortSignal): Promise<Next> => {
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const next = await onePass(self, ref, signal);
    if (next !== 'again') return next;
  }
  self.log.warn('reconcile goes in circles', { bundle: objectKey(ref) });
  return { kind: 'hold' };
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
  const begunAt = self.now();
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
    const placed = { ...self, log: tracedLog(self.log, placeOf(self, observed)) };
    const { seen, decision: planned } = await decideWith(placed, observed, signal);
    const decision = await carryOut(placed, seen, planned, signal);
    if (decision === undefined) return { kind: 'backoff' };
    const traced = traceDecision(self, seen, { decision, at: begunAt });
    const whole = await report({ ...placed, log: tracedLog(placed.log, traced.context) }, seen, decision, signal);
    traced.written();
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
  self.onInterrupted();
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
  const { actions, done } = traceActions(self, seen, planned.actions);
  const deps = { client: self.client, prove: (job: Stored<Job>) => provenJob(job, self.proof()) };
  const failure = await execute(deps, actions, signal);
  done(failure);
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
    self.onInterrupted();
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
