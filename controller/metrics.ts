import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Phase, StoredBundle, WerfBundleStatus } from '../api/werfbundle.js';
import type { Change } from '../kube/reflector.js';
import { countRequests } from '../kube/request-metrics.js';
import type { RequestReport } from '../kube/transport.js';
import { registerBuildInfo } from '../process/build-info.js';
import { BundleSeries } from './bundle-series.js';
import type { ChartReadResult } from './charts/charts.js';
import type { DriftCheckResult } from './decide/drift-state.js';
import type { JobSlotCounts } from './reconcile/job-slots.js';
import type { ScanResult } from './scans/scan.js';

type Ended = NonNullable<WerfBundleStatus['history']>[number];

const PHASES: readonly (Phase | 'none')[] = ['Syncing', 'Synced', 'Failed', 'none'];
const JOB_RESULTS: readonly Ended['result'][] = ['Succeeded', 'Failed', 'Lost', 'Refused'];
const CHART_RESULTS: readonly ChartReadResult[] = ['kept', 'no-schema', 'unjudged', 'failed'];
const PUSH_RESULTS = ['scanned', 'unknown'];
/** Why a look at a bundle ended in an error. */
type ErrorCause = 'apiserver' | 'bug';
const CAUSES: readonly ErrorCause[] = ['apiserver', 'bug'];
const CHECK_RESULTS: readonly DriftCheckResult[] = ['InSync', 'Drifted', 'Failed'];

/** The kinds that bundles refer to, by the names of their resources. */
const LOOKED_UP: Readonly<Record<string, string>> = {
  namespaces: 'Namespace',
  serviceaccounts: 'ServiceAccount',
  configmaps: 'ConfigMap',
  secrets: 'Secret',
};

const suspensionsOf = (bundle: StoredBundle | undefined): number =>
  bundle?.status?.conditions?.some(({ type }) => type === 'Suspended') === true ? 1 : 0;

const driftOf = (bundle: StoredBundle | undefined): number =>
  bundle?.status?.conditions?.some(({ type, status }) => type === 'Drifted' && status === 'True') === true ? 1 : 0;

/**
 * The controller's metrics. Every label has few values, and the cost of a scrape does not grow with the number of bundles, but for the
 * series that each bundle has.
 */
export class Metrics {
  readonly #series: BundleSeries | undefined;
  readonly #registry = new Registry();
  readonly #requests = countRequests(this.#registry);
  readonly #lookups = this.#counter(
    'lookups_total',
    'Reads of objects that bundles refer to: by their kind, and whether they were found.',
    ['kind', 'result'],
  );
  readonly #scans = this.#counter(
    'registry_scans_total',
    'Polls of repositories, each for all bundles that share one: by result (success, the cause of a failure, or held-back: nobody was asked, to spare the registry).',
    ['result'],
  );
  readonly #scanSeconds = this.#histogram(
    'registry_scan_duration_seconds',
    'Seconds that a poll of a repository took; held-back ones do not count.',
    [...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]],
  );
  readonly #charts = this.#counter(
    'chart_reads_total',
    'Charts that registries were asked for, to judge values by their schemas: by what became of them (kept; no-schema; unjudged: kept, but nothing can be judged by it; failed: deployed unjudged).',
    ['result'],
  );
  readonly #pushes = this.#counter(
    'pushes_total',
    'Pushes that receivers were told of: by result (scanned: for bundles of the repository; unknown: no bundle uses it).',
    ['result'],
  );
  readonly #jobs = this.#counter(
    'jobs_total',
    'Deployments and uninstalls that have ended: by the result of their Jobs.',
    ['result'],
  );
  readonly #jobSeconds = this.#histogram(
    'job_duration_seconds',
    'Seconds from the decision to deploy to the result of the Job.',
    [...[5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200]],
  );
  readonly #driftChecks = this.#counter(
    'drift_checks_total',
    'Checks whether the cluster still is what was deployed: by what they found.',
    ['result'],
  );
  readonly #driftCorrections = this.#counter(
    'drift_corrections_total',
    'Deployments that were made again because something had drifted: by the result of their Jobs.',
    ['result'],
  );
  readonly #queueDepth = this.#gauge('workqueue_depth', 'Bundles that wait for a worker of this controller.');
  readonly #queueSeconds = this.#histogram(
    'workqueue_duration_seconds',
    'Seconds that one look at a bundle took: reading, deciding and writing, without the Job.',
    [...[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]],
  );
  readonly #errors = this.#counter(
    'reconcile_errors_total',
    'Looks at a bundle that ended in an error; each is made again. cause: apiserver (it did not answer as needed) or bug (the log has its stack).',
    ['cause'],
  );
  readonly #leader = this.#gauge(
    'leader',
    '1 if this is the controller that works, 0 if it stands by for another one.',
  );
  readonly #bundles = this.#gauge('bundles', 'WerfBundles by phase (none: not looked at yet).', ['phase']);

  readonly #suspended = this.#gauge(
    'bundles_suspended',
    'WerfBundles that are suspended, by spec.suspend or by --suspend-all.',
  );

  readonly #drifted = this.#gauge(
    'bundles_drifted',
    'WerfBundles of which the last check found that something differs from what was deployed.',
  );

  #slots: () => JobSlotCounts = () => ({ taken: 0, waiting: 0 });

  readonly #built = registerBuildInfo(this.#registry);

  /** @param bundleMetrics - whether each bundle has a series of its own */
  constructor({ bundleMetrics }: { readonly bundleMetrics: boolean } = { bundleMetrics: true }) {
    this.#series = bundleMetrics ? new BundleSeries() : undefined;
    collectDefaultMetrics({ register: this.#registry });
    // Series begin at zero, so that an alert on their increase sees the first one.
    for (const result of JOB_RESULTS) {
      this.#jobs.inc({ result }, 0);
      this.#driftCorrections.inc({ result }, 0);
    }
    for (const result of CHART_RESULTS) this.#charts.inc({ result }, 0);
    for (const result of PUSH_RESULTS) this.#pushes.inc({ result }, 0);
    for (const result of CHECK_RESULTS) this.#driftChecks.inc({ result }, 0);
    for (const cause of CAUSES) this.#errors.inc({ cause }, 0);
    for (const phase of PHASES) this.#bundles.set({ phase }, 0);
    this.#collected(
      'bundles_queued',
      'WerfBundles that wait for a job slot of this controller (--max-jobs, --max-jobs-per-namespace).',
      () => this.#slots().waiting,
    );
    this.#collected(
      'job_slots_taken',
      'Job slots that are taken: by Jobs of this controller that have not ended, and by those that it is about to create.',
      () => this.#slots().taken,
    );
  }

  scanned(result: ScanResult, durationMs: number): void {
    this.#scans.inc({ result });
    if (result !== 'held-back') this.#scanSeconds.observe(durationMs / 1_000);
  }

  /** A registry was asked for a chart. */
  chartRead(result: ChartReadResult): void {
    this.#charts.inc({ result });
  }

  /** A receiver was told of a push. @param known - whether a bundle uses the repository */
  pushed(known: boolean): void {
    this.#pushes.inc({ result: known ? 'scanned' : 'unknown' });
  }

  deploymentEnded({ result, reason, startedAt, finishedAt }: Ended): void {
    this.#jobs.inc({ result });
    if (reason === 'DriftCorrection') this.#driftCorrections.inc({ result });
    // Ends are recorded in whole seconds.
    if (startedAt !== undefined)
      this.#jobSeconds.observe(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000);
  }

  /** @param version - of this program */
  built(version: string): void {
    this.#built(version);
  }

  /** A bundle was added to the cache, changed, or removed. */
  bundleChanged({ ref, before, after }: Change<StoredBundle>): void {
    this.#series?.changed(ref, after);
    if (before !== undefined) this.#bundles.dec({ phase: before.status?.phase ?? 'none' });
    if (after !== undefined) this.#bundles.inc({ phase: after.status?.phase ?? 'none' });
    this.#suspended.inc(suspensionsOf(after) - suspensionsOf(before));
    this.#drifted.inc(driftOf(after) - driftOf(before));
  }

  /** Where the job slots of this term as leader are counted; without: there are none. */
  countSlots(counts: () => JobSlotCounts = () => ({ taken: 0, waiting: 0 })): void {
    this.#slots = counts;
  }

  leads(leads: boolean): void {
    this.#leader.set(leads ? 1 : 0);
  }

  driftChecked(result: DriftCheckResult): void {
    this.#driftChecks.inc({ result });
  }

  queueDepth(depth: number): void {
    this.#queueDepth.set(depth);
  }

  looked(ranMs: number): void {
    this.#queueSeconds.observe(ranMs / 1_000);
  }

  reconcileFailed(cause: ErrorCause): void {
    this.#errors.inc({ cause });
  }

  requested(report: RequestReport): void {
    this.#requests(report);
    const kind = report.verb === 'get' ? LOOKED_UP[report.resource] : undefined;
    if (kind === undefined) return;
    const result = report.code === '200' ? 'found' : report.code === '404' ? 'absent' : 'failed';
    this.#lookups.inc({ kind, result });
  }

  /** All that are made with prom-client; {@link BUNDLE_INFO} is not. */
  get registry(): Registry {
    return this.#registry;
  }

  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    const body = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, body: `${body}${this.#series?.text() ?? ''}` };
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: `werfbundle_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `werfbundle_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** A gauge that is read when it is scraped. */
  #collected(name: string, help: string, value: () => number): void {
    new Gauge({
      name: `werfbundle_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  /** @param buckets - seconds */
  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `werfbundle_${name}`, help, buckets, registers: [this.#registry] });
  }
}
