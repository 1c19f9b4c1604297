import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Phase, StoredBundle } from '../api/werfbundle.js';

const PHASES: readonly (Phase | 'none')[] = ['Syncing', 'Synced', 'Failed', 'none'];

/** The controller's numbers for /metrics. Every label has few values. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #scans: Counter<'result'>;
  readonly #scanSeconds: Histogram;
  readonly #jobs: Counter<'result'>;
  readonly #queueDepth: Gauge;
  readonly #queueSeconds: Histogram;
  readonly #errors: Counter;
  readonly #requests: Counter<'verb' | 'resource' | 'code'>;
  readonly #leader: Gauge;

  /** @param bundles - what the cache holds, counted when somebody asks */
  constructor(bundles: () => Iterable<StoredBundle>) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#scans = new Counter({
      name: 'werfbundle_registry_scans_total',
      help: 'Scans of repositories.',
      labelNames: ['result'],
      registers,
    });
    this.#scanSeconds = new Histogram({
      name: 'werfbundle_registry_scan_duration_seconds',
      help: 'How long a scan took.',
      registers,
    });
    this.#jobs = new Counter({
      name: 'werfbundle_jobs_total',
      help: 'Deployments that ended.',
      labelNames: ['result'],
      registers,
    });
    this.#queueDepth = new Gauge({
      name: 'werfbundle_workqueue_depth',
      help: 'Bundles that wait to be looked at.',
      registers,
    });
    this.#queueSeconds = new Histogram({
      name: 'werfbundle_workqueue_duration_seconds',
      help: 'How long one look at a bundle took.',
      registers,
    });
    this.#errors = new Counter({
      name: 'werfbundle_reconcile_errors_total',
      help: 'Looks that ended in an error.',
      registers,
    });
    this.#requests = new Counter({
      name: 'werfbundle_kube_requests_total',
      help: 'Requests to the apiserver.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    });
    this.#leader = new Gauge({
      name: 'werfbundle_leader',
      help: '1 while this process works, 0 while it stands by.',
      registers,
    });
    const phases = new Gauge({
      name: 'werfbundle_bundles',
      help: 'Bundles by phase.',
      labelNames: ['phase'],
      registers,
      collect: () => {
        for (const phase of PHASES) phases.set({ phase }, 0);
        for (const bundle of bundles()) phases.inc({ phase: bundle.status?.phase ?? 'none' });
      },
    });
  }

  scanned(result: string, durationMs: number): void {
    this.#scans.inc({ result });
    this.#scanSeconds.observe(durationMs / 1_000);
  }

  deploymentEnded(result: string): void {
    this.#jobs.inc({ result });
  }

  leads(leads: boolean): void {
    this.#leader.set(leads ? 1 : 0);
  }

  queueDepth(depth: number): void {
    this.#queueDepth.set(depth);
  }

  looked(ranMs: number, failed: boolean): void {
    this.#queueSeconds.observe(ranMs / 1_000);
    if (failed) this.#errors.inc();
  }

  requested(labels: { readonly verb: string; readonly resource: string; readonly code: string }): void {
    this.#requests.inc(labels);
  }

  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
