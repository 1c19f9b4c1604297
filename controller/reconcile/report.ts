import { isDeepStrictEqual } from 'node:util';
import { FINALIZER } from '../../api/finalizer.js';
import { objectKey } from '../../api/object-key.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type CachedBundle, projectBundle } from '../cache/projections.js';
import type { BundleEvent, Decision } from '../decide/decision.js';
import { openDeployment } from '../decide/deployment.js';
import { checkRecorded } from '../decide/drift-state.js';
import { mayHaveMoved } from '../decide/history.js';
import type { Observation } from '../decide/observation.js';
import { planRecorded } from '../decide/plan-record.js';
import { mergePatchOf } from '../decide/status-patch.js';
import { hasSeenValuesChange } from '../decide/values-change.js';
import { revisionOf, signedStatus } from '../deploy/status-signature.js';
import { cleanUp } from '../execute/execute.js';
import { traceEnd } from './deployment-traces.js';
import type { Reconciler } from './reconciler.js';
import { withoutToldOfRepository } from './repository-events.js';

/** How often a status is written over one that others have just written, before the bundle is reconciled anew. */
const MOST_OVERWRITES = 4;

/**
 * Writes the status if it differs, under the resourceVersion that was observed; then does everything that depends on it.
 * @returns false: the finalizer stays for now, since objects are left that nobody would look for without it
 */
export const report = async (
  self: Reconciler,
  seen: Observation,
  decision: Decision,
  signal: AbortSignal,
): Promise<boolean> => {
  const { bundle } = seen;
  const ref = { namespace: bundle.metadata.namespace, name: bundle.metadata.name };
  const written = await writeStatus(self, seen, decision.status, signal);
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
  seen: Observation,
  status: WerfBundleStatus,
  signal: AbortSignal,
): Promise<StoredBundle> => {
  const bundle: CachedBundle = seen.bundle;
  const written = await patchStatus(self, bundle, { status, triesLeft: MOST_OVERWRITES }, signal);
  if (written === undefined) return bundle;
  if (bundle.storedStatus !== undefined && bundle.isTakenOver === undefined)
    self.log.warn('a status that others have written was corrected', { bundle: objectKey(bundle.metadata) });
  self.memory.wrote(bundle, projectBundle(written, self.proof()));
  const found = checkRecorded(bundle.status ?? {}, status);
  if (found !== undefined) self.onDriftCheck(found);
  const planned = planRecorded(bundle.status ?? {}, status)?.result;
  if (planned !== undefined) self.onPlan(planned);
  const ended = status.history?.[0];
  if (ended !== undefined && ended.number !== bundle.status?.history?.[0]?.number) {
    self.onResult(ended);
    traceEnd(self, seen, ended);
    if (mayHaveMoved(ended)) self.memory.deployed(bundle.metadata, self.now());
  }
  return written;
};

/**
 * Writes the status over the stored one. Others who write statuses of their own all the time must not keep the controller's from being
 * written: if nothing else has changed, it is written over theirs.
 * @returns undefined: it is stored already
 * @throws KubeError
 */
const patchStatus = async (
  self: Reconciler,
  bundle: CachedBundle,
  { status, triesLeft }: { readonly status: WerfBundleStatus; readonly triesLeft: number },
  signal: AbortSignal,
): Promise<StoredBundle | undefined> => {
  const patch = mergePatchOf(bundle.storedStatus ?? bundle.status ?? {}, signed(self, bundle, status));
  if (patch === undefined) return undefined;
  const { namespace, name, resourceVersion } = bundle.metadata;
  const body = { metadata: { resourceVersion }, status: patch };
  const where = { subresource: 'status' } as const;
  try {
    return await self.client.mergePatch(WERFBUNDLES, { namespace, name }, body, where, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'conflict' || triesLeft === 0) throw error;
    const forged = await forgedMeanwhile(self, bundle, signal);
    if (forged === undefined) throw error;
    return await patchStatus(self, forged, { status, triesLeft: triesLeft - 1 }, signal);
  }
};

/** The bundle as it is stored now, if it differs from the observed one by nothing but a status that the controller has not written. */
const forgedMeanwhile = async (
  { client, proof }: Reconciler,
  bundle: CachedBundle,
  signal: AbortSignal,
): Promise<CachedBundle | undefined> => {
  const { namespace, name } = bundle.metadata;
  const live = await client.get(WERFBUNDLES, { namespace, name }, signal);
  const now = live && projectBundle(live, proof(), () => bundle);
  const isForged = now?.storedStatus !== undefined && now.isTakenOver === undefined;
  return isForged && isDeepStrictEqual(decidedBy(now), decidedBy(bundle)) ? now : undefined;
};

/** What a decision depends on, the status aside. */
const decidedBy = ({ metadata, spec }: StoredBundle) => {
  const { uid, generation, deletionTimestamp, annotations = {}, labels = {}, finalizers = [] } = metadata;
  return { uid, generation, deletionTimestamp, annotations, labels, finalizers, spec };
};

/** The status as it is to be stored: what is no change keeps its revision. The clock tells revisions apart where the last one is lost. */
const signed = (self: Reconciler, bundle: CachedBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const { key } = self.proof();
  const revision = bundle.isTakenOver ? 0 : revisionOf(bundle.status);
  const same = signedStatus(bundle, status, { key, revision });
  return mergePatchOf(bundle.status ?? {}, same) === undefined
    ? same
    : signedStatus(bundle, status, { key, revision: Math.max(revision + 1, self.now()) });
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
  self.memory.wrote(bundle, projectBundle(written, self.proof()));
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

export const tell = (self: Reconciler, bundle: StoredBundle, event: BundleEvent): void => {
  log(self, bundle, event);
  self.record(bundle, event);
};

const log = (self: Reconciler, { metadata }: StoredBundle, { type, reason, message }: BundleEvent): void => {
  const fields = { bundle: objectKey(metadata), reason, note: message };
  if (type === 'Warning') self.log.warn('bundle changed', fields);
  else self.log.info('bundle changed', fields);
};
