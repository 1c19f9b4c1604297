import { KEPT_BY, KEPT_CHART, keptChartName, toldBytes } from '../../api/chart/kept-chart.js';
import type { ConfigMap, ObjectIdentity, Stored } from '../../api/objects.js';
import { openPlan } from '../../api/open-plan.js';
import { parseTime } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';
import type { KeptRoom } from './kept-room.js';

interface SweepDeps {
  readonly client: Pick<KubeClient, 'list' | 'delete'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** The Lease of the controllers that have kept them. */
  readonly lease: string;
  readonly timeScale: number;
  readonly room: KeptRoom;
  /** All of the share. */
  readonly bundles: () => Iterable<StoredBundle>;
}

/** How often it is looked for charts that nobody uses, milliseconds; divided by the time scale, like the next. */
const EVERY_MS = 10 * 60_000;
/** How long ago a chart must have been kept, and used: the status names it only after it was judged by. */
const OLD_MS = 10 * 60_000;

/** Deletes kept charts that no bundle uses, at the start and now and then, until aborted. A failure is logged, and tried again the next time. */
export const sweepCharts = async (deps: SweepDeps, signal: AbortSignal): Promise<void> => {
  const { clock, timeScale, log } = deps;
  for (;;) {
    try {
      await sweep(deps, signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (!signal.aborted) log.warn('charts that nobody uses could not be deleted', { error: error.message });
    }
    if (signal.aborted) return;
    await pause(clock, EVERY_MS / timeScale, signal);
    if (signal.aborted) return;
  }
};

interface Kept {
  readonly ref: ObjectIdentity;
  readonly at: number;
  readonly bytes: number;
}

const sweep = async (deps: SweepDeps, signal: AbortSignal): Promise<void> => {
  const { clock, bundles, timeScale, room } = deps;
  const before = clock.now() - OLD_MS / timeScale;
  room.startListing();
  const all = await keptCharts(deps, signal);
  room.listed(all.map(({ ref, bytes }) => [ref.name, bytes]));
  const old = all.filter(({ at }) => at < before);
  // To go through all bundles is worth it only then.
  const used = old.length === 0 ? new Set() : namesUsedBy(bundles());
  const unused = old.filter(({ ref }) => !used.has(ref.name)).toSorted((one, other) => one.at - other.at);
  await deleteAll(deps, unused, signal);
};

/** One after another: there may be thousands, and nobody waits for it. What can't be deleted does not keep the others. */
const deleteAll = async (deps: SweepDeps, unused: readonly Kept[], signal: AbortSignal): Promise<void> => {
  const { client, log, room, timeScale } = deps;
  let charts = 0;
  const errors: string[] = [];
  for (const { ref } of unused) {
    if (signal.aborted) break;
    // Somebody may have begun to use it since the list.
    if (room.isUsed(ref.name, OLD_MS / timeScale)) continue;
    try {
      await client.delete(CONFIGMAPS, ref, { uid: ref.uid }, signal);
      room.free(ref.name);
      charts += 1;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (!signal.aborted) errors.push(error.message);
    }
  }
  if (charts > 0) log.info('charts that nobody uses were deleted', { charts });
  const [error] = errors;
  if (error !== undefined) log.warn('charts that nobody uses could not be deleted', { charts: errors.length, error });
};

const keptCharts = async ({ client, namespace, lease }: SweepDeps, signal: AbortSignal): Promise<readonly Kept[]> => {
  const labelSelector = `${KEPT_CHART}=true,${KEPT_BY}=${lease}`;
  const keep = ({ metadata }: Stored<ConfigMap>): Kept => ({
    ref: { namespace, name: metadata.name, uid: metadata.uid },
    at: parseTime(metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY,
    bytes: toldBytes(metadata),
  });
  const options = { namespace, labelSelector, keep, metadataOnly: true } as const;
  return (await client.list<Stored<ConfigMap>, Kept>(CONFIGMAPS, options, signal)).items;
};

/** What is deployed, or was decided, planned or refused. */
const namesUsedBy = (bundles: Iterable<StoredBundle>): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { status = {} } of bundles)
    for (const digest of digestsIn(status)) {
      const name = digest === undefined ? undefined : keptChartName(digest);
      if (name !== undefined) names.add(name);
    }
  return names;
};

const digestsIn = (status: WerfBundleStatus): readonly (string | undefined)[] => [
  status.deployment?.digest,
  status.lastAppliedDigest,
  status.refusedDigest,
  openPlan(status)?.digest,
];
