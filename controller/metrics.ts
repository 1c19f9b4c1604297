import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Phase, StoredBundle, WerfBundleStatus } from '../api/werfbundle.js';
import type { Change } from '../kube/reflector.js';
import { countRequests } from '../kube/request-metrics.js';
import type { RequestReport } from '../kube/transport.js';
import type { DriftCheckResult } from './decide/drift-state.js';
import type { ScanResult } from './scans/scan.js';

type Ended = NonNullable<WerfBundleStatus['history']>[number];

const PHASES: readonly (Phase | 'none')[] = ['Syncing', 'Synced', 'Failed', 'none'];
const JOB_RESULTS: readonly Ended['result'][] = ['Succeeded', 'Failed', 'Lost', 'Refused'];
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

/** The controller's metrics. Every label has few values, and the cost of a scrape does not grow with the number of bundles. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = countRequests(this.#registry);
  readonly #lookups = this.#counter('lookups_total', 'Reads of what bundles refer to.', ['kind', 'result']);
  readonly #scans = this.#counter('registry_scans_total', 'Scans of repositories; held-back ones asked nobody.', [
    'result',
  ]);
  readonly #scanSeconds = this.#histogram('registry_scan_duration_seconds', 'How long a scan took.', [
    ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  ]);
  readonly #jobs = this.#counter('jobs_total', 'Deployments that ended.', ['result']);
  readonly #jobSeconds = this.#histogram('job_duration_seconds', 'From the decision to deploy to its result.', [
    ...[5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200],
  ]);
  readonly #driftChecks = this.#counter('drift_checks_total', 'Drift checks that ended.', ['result']);
  readonly #driftCorrections = this.#counter('drift_corrections_total', 'Drift corrections that ended.', ['result']);
  readonly #queueDepth = this.#gauge('workqueue_depth', 'Bundles that wait to be looked at.');
  readonly #queueSeconds = this.#histogram('workqueue_duration_seconds', 'How long one look at a bundle took.', [
    ...[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ]);
  readonly #errors = this.#counter('reconcile_errors_total', 'Looks that ended in an error.');
  readonly #leader = this.#gauge('leader', '1 while this process works, 0 while it stands by.');
  readonly #bundles = this.#gauge('bundles', 'Bundles by phase.', ['phase']);

  readonly #suspended = this.#gauge('bundles_suspended', 'Bundles that are suspended, by spec or by --suspend-all.');

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    // Series begin at zero, so that an alert on their increase sees the first one.
    for (const result of JOB_RESULTS) {
      this.#jobs.inc({ result }, 0);
      this.#driftCorrections.inc({ result }, 0);
    }
    for (const result of CHECK_RESULTS) this.#driftChecks.inc({ result }, 0);
    for (const phase of PHASES) this.#bundles.set({ phase }, 0);
  }

  scanned(result: ScanResult, durationMs: number): void {
    this.#scans.inc({ result });
    if (result !== 'held-back') this.#scanSeconds.observe(durationMs / 1_000);
  }

  deploymentEnded({ result, reason, startedAt, finishedAt }: Ended): void {
    this.#jobs.inc({ result });
    if (reason === 'DriftCorrection') this.#driftCorrections.inc({ result });
    // Ends are recorded in whole seconds.
    if (startedAt !== undefined)
      this.#jobSeconds.observe(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000);
  }

  /** A bundle was added to the cache, changed, or removed. */
  bundleChanged({ before, after }: Pick<Change<StoredBundle>, 'before' | 'after'>): void {
    if (before !== undefined) this.#bundles.dec({ phase: before.status?.phase ?? 'none' });
    if (after !== undefined) this.#bundles.inc({ phase: after.status?.phase ?? 'none' });
    this.#suspended.inc(suspensionsOf(after) - suspensionsOf(before));
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

  looked(ranMs: number, failed: boolean): void {
    this.#queueSeconds.observe(ranMs / 1_000);
    if (failed) this.#errors.inc();
  }

  requested(report: RequestReport): void {
    this.#requests(report);
    const kind = report.verb === 'get' ? LOOKED_UP[report.resource] : undefined;
    if (kind === undefined) return;
    const result = report.code === '200' ? 'found' : report.code === '404' ? 'absent' : 'failed';
    this.#lookups.inc({ kind, result });
  }

  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: `werfbundle_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `werfbundle_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** @param buckets - seconds */
  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `werfbundle_${name}`, help, buckets, registers: [this.#registry] });
  }
}
