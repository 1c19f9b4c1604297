import { KEPT_BY, KEPT_CHART, keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap, ObjectIdentity, Stored } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';

interface SweepDeps {
  readonly client: Pick<KubeClient, 'list' | 'delete'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** The Lease of the controllers that have kept them. */
  readonly lease: string;
  readonly timeScale: number;
  /** All of the share. */
  readonly bundles: () => Iterable<StoredBundle>;
}

/** How often it is looked for charts that nobody uses, milliseconds; divided by the time scale, like the next. */
const EVERY_MS = 60 * 60_000;
/** How old a chart must be: what was refused is tried again with other values, and a bundle may come back. */
const OLD_MS = 24 * 60 * 60_000;
/** How many are deleted at once, the oldest: the next sweep goes on. */
const MOST = 100;

/** Deletes kept charts that no bundle uses, now and then, until aborted. A failure is logged, and tried again the next time. */
export const sweepCharts = async (deps: SweepDeps, signal: AbortSignal): Promise<void> => {
  const { clock, timeScale, log } = deps;
  for (;;) {
    await pause(clock, EVERY_MS / timeScale, signal);
    if (signal.aborted) return;
    try {
      await sweep(deps, signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (!signal.aborted) log.warn('charts that nobody uses could not be deleted', { error: error.message });
    }
  }
};

interface Kept {
  readonly ref: ObjectIdentity;
  readonly at: number;
}

const sweep = async (deps: SweepDeps, signal: AbortSignal): Promise<void> => {
  const { client, clock, log, bundles, timeScale } = deps;
  const before = clock.now() - OLD_MS / timeScale;
  const old = (await keptCharts(deps, signal)).filter(({ at }) => at < before);
  // To go through all bundles is worth it only then.
  const used = old.length === 0 ? new Set() : namesUsedBy(bundles());
  const unused = old.filter(({ ref }) => !used.has(ref.name)).toSorted((a, b) => a.at - b.at);
  for (const { ref } of unused.slice(0, MOST)) await client.delete(CONFIGMAPS, ref, { uid: ref.uid }, signal);
  if (unused.length > 0) log.info('charts that nobody uses were deleted', { charts: Math.min(unused.length, MOST) });
};

const keptCharts = async ({ client, namespace, lease }: SweepDeps, signal: AbortSignal): Promise<readonly Kept[]> => {
  const labelSelector = `${KEPT_CHART}=true,${KEPT_BY}=${lease}`;
  const keep = ({ metadata }: Stored<ConfigMap>): Kept => ({
    ref: { namespace, name: metadata.name, uid: metadata.uid },
    at: parseTime(metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY,
  });
  const options = { namespace, labelSelector, keep, metadataOnly: true } as const;
  return (await client.list<Stored<ConfigMap>, Kept>(CONFIGMAPS, options, signal)).items;
};

/** What is deployed, or was decided, or was refused. */
const namesUsedBy = (bundles: Iterable<StoredBundle>): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { status = {} } of bundles)
    for (const digest of [status.deployment?.digest, status.lastAppliedDigest, status.refusedDigest]) {
      const name = digest === undefined ? undefined : keptChartName(digest);
      if (name !== undefined) names.add(name);
    }
  return names;
};
