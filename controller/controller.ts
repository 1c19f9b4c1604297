import { setMaxListeners } from 'node:events';
import type { ObjectRef } from '../api/objects.js';
import type { PushRecord } from '../api/push-record.js';
import type { StoredBundle } from '../api/werfbundle.js';
import type { KubeClient } from '../kube/client.js';
import { type LeaderTerm, standForElection } from '../kube/election.js';
import type { Candidate } from '../kube/election-step.js';
import { fencedClient } from '../kube/fenced-client.js';
import { createWorkQueue, type WorkQueue } from '../kube/work-queue.js';
import type { Clock, Log, Random, Timer } from '../process/ports.js';
import type { Tracer } from '../process/tracer.js';
import type { BundleArchives, Registry } from '../registry/port.js';
import { Caches } from './cache/caches.js';
import { Pushes } from './cache/pushes.js';
import type { Share } from './cache/share.js';
import { Watches } from './cache/watches.js';
import { ChartStore } from './charts/chart-store.js';
import { Charts } from './charts/charts.js';
import type { JudgesByCharts } from './charts/judges-by-charts.js';
import { KeptRoom } from './charts/kept-room.js';
import { sweepCharts } from './charts/sweep-charts.js';
import type { Platform } from './decide/observation.js';
import type { Proof } from './deploy/job-signature.js';
import { EventTeller } from './execute/events.js';
import type { Installation } from './installation-key.js';
import type { Metrics } from './metrics.js';
import { type JobSlotLimits, JobSlots } from './reconcile/job-slots.js';
import { Memory } from './reconcile/memory.js';
import { reconcile } from './reconcile/reconcile.js';
import { Sweep } from './reconcile/sweep.js';
import type { Scans } from './scans/scan.js';
import { createScans } from './scans/scans.js';
import { TakeOver } from './take-over.js';
import type { ReadsValues } from './values/delivered-values.js';
import type { ReadingThread } from './values/reading-thread.js';

interface ControllerDeps {
  readonly client: KubeClient;
  readonly registry: Registry & BundleArchives;
  readonly values: ReadsValues;
  /** For charts, beside the values. */
  readonly thread: ReadingThread;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly platform: Platform;
  readonly installation: Installation;
  /** The installation's key, and since when this share is signed, as it was read at the start. */
  readonly proof: Proof;
  readonly workers: number;
  /** Whether Secrets that bundles name are watched, too. */
  readonly watchSecrets: boolean;
  /** Whether a receiver tells of pushes. */
  readonly followPushes: boolean;
  /** How many Jobs there may be at once. */
  readonly limits: JobSlotLimits;
  /** Name of this process in events. */
  readonly instance: string;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly share: Share;
  /** The Lease by which one of several processes leads; undefined: this one always leads. */
  readonly candidate: Candidate | undefined;
  /** Called when this process can't lead again because its work does not end: the process has to exit. */
  readonly onStuck: (error: Error) => void;
}

/** How long reconciles under way may go on when the process is told to stop. The next process finds what an aborted one has left. */
const GRACE_MS = 5_000;

/**
 * Ties together the watches and, while it leads, queue, scans and events. It lives from {@link Controller.start} until that is aborted.
 * A process that does not lead keeps its caches, so that it can begin at once.
 */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #caches: Caches;
  readonly #watches: Watches;
  readonly #pushes: Pushes | undefined;
  readonly #takeOver: TakeOver;
  #onBundle: () => void = () => {};
  #wake: (ref: ObjectRef) => void = () => {};
  #onJob: (job: ObjectRef, active: boolean) => void = () => {};
  #onPush: (push: PushRecord) => void = () => {};
  #sweep: Sweep | undefined;

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    const { metrics } = deps;
    this.#takeOver = new TakeOver({ ...deps, unsigned: () => this.#caches.unsigned() });
    this.#caches = new Caches({
      ...deps,
      proof: this.#takeOver.proof,
      onChange: (ref) => this.#wake(ref),
      onBundle: (change) => {
        metrics.bundleChanged(change);
        this.#watches.bundleChanged(change);
        this.#onBundle();
      },
      onJob: (job, active) => this.#onJob(job, active),
    });
    this.#watches = new Watches({ ...deps, secrets: deps.watchSecrets, onChange: (ref) => this.#wake(ref) });
    const { namespace } = deps.platform;
    if (deps.followPushes) this.#pushes = new Pushes({ ...deps, namespace, onPush: (push) => this.#onPush(push) });
  }

  /** Whether it leads, or could begin to at once. */
  synced(): boolean {
    return this.#caches.synced();
  }

  /**
   * Runs until aborted. Work begins when the caches have synced, so that what was not seen yet is not taken for deleted.
   * When it is aborted, nothing new is begun, running work may end within {@link GRACE_MS}, and pending events are sent.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { log } = this.#deps;
    const winding = new AbortController();
    const followed = [this.#caches, this.#watches, this.#pushes];
    const watching = Promise.all(followed.map((part) => part?.start(winding.signal)));
    try {
      await this.#caches.whenSynced(signal);
      const bundles = [...this.#caches.bundleRefs()].length;
      log.info('controller ready', { bundles, followsPushes: this.#deps.followPushes });
      await Promise.race([watching, this.#govern(signal)]);
    } finally {
      winding.abort(signal.reason);
      await watching;
    }
  }

  async #govern(signal: AbortSignal): Promise<void> {
    const { candidate, client, clock, random, log, metrics, onStuck } = this.#deps;
    const onChange = (leads: boolean): void => metrics.leads(leads);
    if (candidate !== undefined) {
      const lead = (term: LeaderTerm): Promise<void> => this.#lead(term);
      return await standForElection({ client, clock, random, log, candidate, lead, onChange, onStuck }, signal);
    }
    onChange(true);
    await this.#lead({ ending: signal, over: new AbortController().signal, holds: () => true });
  }

  /** Leads for one term: only the caches outlive it. */
  async #lead({ ending, over, holds }: LeaderTerm): Promise<void> {
    const { clock, log, instance, metrics } = this.#deps;
    const client = fencedClient(this.#deps.client, holds);
    const cut = cutOffAfter(GRACE_MS, { clock, ending, over });
    const events = new EventTeller({ client, clock, log, instance }, cut.signal);
    const scans = this.#scans();
    await this.#takeOver.refresh(client, cut.signal);
    const slots = new JobSlots(this.#deps.limits, (ref) => this.#wake(ref));
    metrics.countSlots(() => slots.counts);
    const room = new KeptRoom(clock);
    const charts = this.#charts(client, room, cut.signal);
    const queue = this.#queue({ client, charts, scans, events, slots, signal: cut.signal });
    this.#wake = (ref) => queue.add(ref);
    this.#onJob = (job, active) => slots.jobChanged(job, active);
    this.#onPush = (push) => metrics.pushed(scans.pushed(push));
    this.#onBundle = () => this.#takeOver.check(client, cut.signal);
    this.#onBundle();
    for (const job of this.#caches.activeJobs()) slots.jobChanged(job, true);
    // The bundles that exist now; those that are created later are woken by their watch event.
    this.#sweep = new Sweep([...this.#caches.bundleRefs()], queue.add.bind(queue));
    this.#sweep.feed(queue.depth());
    await Promise.all([scans.start(ending), queue.start(ending), this.#sweepCharts(client, room, ending)]);
    this.#wake = () => {};
    this.#onJob = () => {};
    this.#onPush = () => {};
    this.#onBundle = () => {};
    this.#sweep = undefined;
    await events.settled();
    metrics.queueDepth(0);
    metrics.countSlots();
    cut.release();
  }

  #scans(): ReturnType<typeof createScans> {
    const { registry, clock, random, log, platform, metrics, tracer } = this.#deps;
    return createScans({
      registry,
      clock,
      random,
      log,
      timeScale: platform.timeScale,
      onDelivery: (ref) => this.#wake(ref),
      onHold: (ref) => this.#wake(ref),
      onScan: (result, durationMs) => metrics.scanned(result, durationMs),
      lastPush: (name) => this.#pushes?.lastPush(name),
      tracer,
    });
  }

  async #sweepCharts(client: KubeClient, room: KeptRoom, signal: AbortSignal): Promise<void> {
    const { clock, log, platform, installation } = this.#deps;
    const { namespace, timeScale } = platform;
    const bundles = (): Iterable<StoredBundle> => this.#caches.bundles();
    const { lease } = installation;
    await sweepCharts({ client, clock, log, namespace, lease, timeScale, room, bundles }, signal);
  }

  #charts(client: KubeClient, room: KeptRoom, signal: AbortSignal): Charts {
    const { registry, thread, clock, log, platform, metrics, installation } = this.#deps;
    const { namespace, timeScale } = platform;
    const store = new ChartStore({ client, log, namespace, lease: installation.lease, room });
    const onRead = metrics.chartRead.bind(metrics);
    return new Charts({ archives: registry, store, thread, clock, log, namespace, timeScale, onRead, signal });
  }

  #queue(needs: {
    readonly client: KubeClient;
    readonly charts: JudgesByCharts;
    readonly scans: Scans;
    readonly events: EventTeller;
    readonly slots: JobSlots;
    /** Aborted when running work is to be aborted. */
    readonly signal: AbortSignal;
  }): WorkQueue {
    const { clock, random, log, values, registry, platform, metrics, workers, tracer } = this.#deps;
    const self = {
      clock,
      client: needs.client,
      lister: this.#caches,
      scans: needs.scans,
      charts: needs.charts,
      values,
      registry,
      platform,
      proof: this.#takeOver.proof,
      memory: new Memory(),
      tracer,
      valuesChanges: this.#watches,
      slots: needs.slots,
      now: () => clock.now(),
      startedAt: clock.now(),
      record: needs.events.tell.bind(needs.events),
      recordOnce: needs.events.tellOnce.bind(needs.events),
      onResult: metrics.deploymentEnded.bind(metrics),
      onDriftCheck: metrics.driftChecked.bind(metrics),
      onPlan: metrics.planned.bind(metrics),
      onInterrupted: () => metrics.reconcileFailed('apiserver'),
    };
    return createWorkQueue({
      clock,
      random,
      log,
      workers,
      work: (ref, _, lines) => reconcile({ ...self, log: lines }, ref, needs.signal),
      onDepth: (depth) => {
        metrics.queueDepth(depth);
        this.#sweep?.feed(depth);
      },
      onDone: ({ ranMs, result }) => {
        metrics.looked(ranMs);
        if (result === 'error') metrics.reconcileFailed('bug');
      },
    });
  }
}

/** A signal that is aborted with `over`, or some time after `ending`. */
const cutOffAfter = (
  ms: number,
  { clock, ending, over }: { readonly clock: Clock; readonly ending: AbortSignal; readonly over: AbortSignal },
): { readonly signal: AbortSignal; release(): void } => {
  const cut = new AbortController();
  setMaxListeners(0, cut.signal);
  let grace: Timer | undefined;
  const onOver = (): void => cut.abort(over.reason);
  const onEnding = (): void => {
    grace = clock.startTimer(ms, () => cut.abort(ending.reason));
  };
  over.addEventListener('abort', onOver, { once: true });
  ending.addEventListener('abort', onEnding, { once: true });
  if (over.aborted) onOver();
  if (ending.aborted) onEnding();
  return {
    signal: cut.signal,
    release: () => {
      over.removeEventListener('abort', onOver);
      ending.removeEventListener('abort', onEnding);
      grace?.cancel();
    },
  };
};
