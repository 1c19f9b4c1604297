import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { Job, ObjectIdentity, ObjectRef, Pod, Stored } from '../../api/objects.js';
import type { TraceContext } from '../../api/traceparent.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { type CachedBundle, projectBundle, projectJob, projectPod } from '../../controller/cache/projections.js';
import { Releases } from '../../controller/cache/releases.js';
import type { ValuesChanges } from '../../controller/cache/watches.js';
import type { Platform } from '../../controller/decide/observation.js';
import { LABELS, MANAGED_BY } from '../../controller/deploy/names.js';
import { revisionOf } from '../../controller/deploy/status-signature.js';
import { EventTeller } from '../../controller/execute/events.js';
import { type JobSlotLimits, JobSlots } from '../../controller/reconcile/job-slots.js';
import { Memory } from '../../controller/reconcile/memory.js';
import { reconcile } from '../../controller/reconcile/reconcile.js';
import type { Reconciler } from '../../controller/reconcile/reconciler.js';
import type { Delivery, ScanInterest, ScanOutcome, Scans, TracedScan } from '../../controller/scans/scan.js';
import type { ReadsValues } from '../../controller/values/delivered-values.js';
import { deliveredValues } from '../../controller/values/delivered-values.js';
import { meteredClient } from '../../kube/metered-client.js';
import { EVENTS, JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import type { Next } from '../../kube/work-queue.js';
import { NO_TRACER, type Tracer } from '../../process/tracer.js';
import type { HeldBack } from '../../registry/port.js';
import { bundle as aBundle, NOW, PROOF, signed, platform as usualPlatform } from './builders.js';
import { createFakeClock, settle } from './fake-clock.js';
import { createFakeKube, type FakeKube } from './fake-kube.js';
import { MemoryRegistry } from './memory-registry.js';
import { type LogEntry, recordLog } from './record-log.js';
import { type EndedSpan, recordSpans } from './record-spans.js';

/** What one run of a bundle did and said. */
export interface Run {
  readonly next: Next;
  /** How many requests it has made, events aside. */
  readonly requests: number;
  /** Writes in order, as `create jobs my-app-1`; `patch werfbundles/status my-app`. Events are in `events`. */
  readonly actions: readonly string[];
  readonly status: WerfBundleStatus;
  /** `Warning JobRefused: …` */
  readonly events: readonly string[];
  /** Warnings and errors. */
  readonly log: readonly LogEntry[];
}

/** The bundle `ops/my-app` in a cluster in memory, with scans that say what they are told to. */
export interface ReconcileHarness {
  readonly kube: FakeKube;
  /** For what no scan tells: tags that are asked for by name. */
  readonly registry: MemoryRegistry;
  /** Of the Jobs; nobody tells it of those in the cluster. */
  readonly slots: JobSlots;
  /** Bundles that have got a place since they asked. */
  readonly woken: readonly ObjectRef[];
  readonly interest: () => ScanInterest | undefined;
  readonly bundle: () => StoredBundle | undefined;
  /** Replaces the status, by one that the controller has written at another time, or that somebody else writes. */
  readonly storeStatus: (status: WerfBundleStatus, how?: 'signed' | 'forged') => void;
  readonly jobs: () => readonly Job[];
  /** What was counted of drift: `check InSync`, `correction Succeeded`. */
  readonly counted: () => readonly string[];
  /** What the registry is found to offer; it lies in the inbox until it is acted on. The scan began at NOW, if it is not said. */
  readonly deliver: (outcome: ScanOutcome, startedAt?: number) => void;
  /** From now on polls of its repository are held back for longer; undefined: no more. */
  readonly holdBack: (why: HeldBack['why'] | undefined) => void;
  readonly run: () => Promise<Run>;
  /** As after a crash: all that a process remembers is forgotten. */
  readonly restart: () => void;
  /** A source of the bundle's values changes now. */
  readonly touch: () => void;
  /** From now on the caches show what there is now, whatever is written; `false`: they follow again. */
  readonly freezeCaches: (frozen: boolean) => void;
  readonly wait: (ms: number) => Promise<void>;
  /** What the charts of all digests say from now on. */
  readonly judge: (verdict: ChartVerdict) => void;
  /** All that was logged. */
  readonly lines: () => readonly LogEntry[];
  /** From now on it is traced. @returns all spans that have ended, and how many of its scans were told of */
  readonly trace: () => { readonly ended: readonly EndedSpan[]; readonly scans: readonly number[] };
}

export const REF: ObjectRef = { namespace: 'ops', name: 'my-app' };

/** As the controller reads what is small. */
const values: ReadsValues = { read: async (question) => deliveredValues(question) };

/**
 * @param given - the bundle that is there at the beginning; a new one, if left out
 * @param wished - what the platform sets, where it is not the usual
 */
export const reconcileHarness = (
  given: StoredBundle = aBundle(),
  limits: JobSlotLimits = { total: 0, perNamespace: 0 },
  wished: Partial<Platform> = {},
): ReconcileHarness => {
  const platform = { ...usualPlatform, ...wished };
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.seed(WERFBUNDLES, signed(given));
  const log = recordLog();
  const scans = new ScriptedScans(NOW);
  const spans = recordSpans(clock);
  let tracer: Tracer = NO_TRACER;
  const { signal } = new AbortController();
  const events = new EventTeller({ client: kube, clock, log, instance: 'here' }, signal);
  const cache = new Cache(kube);
  let memory = new Memory();
  let verdict: ChartVerdict = { kind: 'accepts' };
  let valuesChangedAt: number | undefined;
  const valuesChanges: ValuesChanges = {
    valuesChangedAt: () => valuesChangedAt,
    settle: () => {
      valuesChangedAt = undefined;
    },
  };
  const woken: ObjectRef[] = [];
  const slots = new JobSlots(limits, (ref) => woken.push(ref));
  const registry = new MemoryRegistry();
  let startedAt = NOW;
  const counted: string[] = [];
  const run = async (): Promise<Run> => {
    kube.clearActions();
    const toldBefore = new Set(kube.all(EVENTS).map(({ metadata }) => metadata.name));
    const logged = log.entries.length;
    const { client, made } = meteredClient(kube, Number.POSITIVE_INFINITY);
    const self: Reconciler = {
      client,
      clock,
      lister: cache,
      scans,
      values,
      charts: { judge: async () => verdict },
      registry,
      slots,
      platform,
      proof: () => PROOF,
      log,
      memory,
      tracer,
      now: () => clock.now(),
      valuesChanges,
      record: events.tell.bind(events),
      recordOnce: events.tellOnce.bind(events),
      onResult: ({ reason, result }) => {
        if (reason === 'DriftCorrection') counted.push(`correction ${result}`);
      },
      onDriftCheck: (result) => counted.push(`check ${result}`),
      onPlan: (result) => counted.push(`plan ${result}`),
      onInterrupted: () => counted.push('interrupted'),
      startedAt,
    };
    const next = await reconcile(self, REF, signal);
    await settle();
    const [told, actions] = [true, false].map((event) =>
      kube.actions.filter(({ plural }) => (plural === EVENTS.plural) === event),
    );
    return {
      next,
      requests: made(),
      actions: (actions ?? []).map(({ verb, plural, subresource, name }) =>
        [verb, subresource === undefined ? plural : `${plural}/${subresource}`, name].join(' '),
      ),
      status: kube.read(WERFBUNDLES, REF)?.status ?? {},
      events: (told ?? []).flatMap(({ name, body }) => {
        if (toldBefore.has(name)) return [];
        const { type, reason, note } = body as {
          readonly type: string;
          readonly reason: string;
          readonly note: string;
        };
        return [`${type} ${reason}: ${note}`];
      }),
      log: log.entries.slice(logged).filter(({ level }) => level === 'warn' || level === 'error'),
    };
  };
  return {
    kube,
    registry,
    run,
    slots,
    woken,
    interest: () => scans.interest,
    bundle: () => kube.read(WERFBUNDLES, REF),
    storeStatus: (status, how = 'signed') => {
      const stored = kube.read(WERFBUNDLES, REF);
      if (stored === undefined) throw new Error('the bundle is gone');
      const later = revisionOf(stored.status) + 1;
      kube.seed(WERFBUNDLES, how === 'signed' ? signed({ ...stored, status }, later) : { ...stored, status });
    },
    counted: () => counted,
    jobs: () => kube.all(JOBS),
    deliver: (outcome, startedAt) => scans.deliver(outcome, startedAt),
    holdBack: (why) => {
      scans.heldBack = why;
    },
    restart: () => {
      cache.forget();
      memory = new Memory();
      startedAt = clock.now();
      scans.restart();
    },
    touch: () => {
      valuesChangedAt = clock.now();
    },
    freezeCaches: (frozen) => cache.freeze(frozen),
    wait: (ms) => clock.advance(ms),
    judge: (said) => {
      verdict = said;
    },
    lines: () => log.entries,
    trace: () => {
      tracer = spans;
      scans.isTraced = true;
      return { ended: spans.ended, scans: scans.told };
    },
  };
};

/** The place of all its scans in a trace. */
export const SCANNED: TraceContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };

class ScriptedScans implements Scans {
  interest: ScanInterest | undefined;
  heldBack: HeldBack['why'] | undefined;
  /** Whether its scans are traced, and which were told of. */
  isTraced = false;
  readonly told: number[] = [];
  readonly #startedAt: number;
  #pending: Delivery | undefined;
  #latest: Exclude<ScanOutcome, { kind: 'failed' }> | undefined;
  #sequence = 0;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  deliver(outcome: ScanOutcome, startedAt = this.#startedAt): void {
    this.#sequence += 1;
    this.#pending = { sequence: this.#sequence, startedAt, outcome };
    if (outcome.kind !== 'failed') this.#latest = outcome;
  }

  restart(): void {
    this.interest = undefined;
    this.heldBack = undefined;
    this.#pending = undefined;
    this.#latest = undefined;
    this.#sequence = 0;
  }

  subscribe(interest: ScanInterest): void {
    this.interest = interest;
  }

  unsubscribe(): void {
    this.interest = undefined;
    this.#pending = undefined;
  }

  pending(): Delivery | undefined {
    return this.#pending;
  }

  latest() {
    return this.#latest;
  }

  held() {
    return this.heldBack;
  }

  traced(sequence: number): TracedScan | undefined {
    const context = SCANNED;
    return this.isTraced ? { context, tell: () => this.told.push(sequence) } : undefined;
  }

  acknowledge(_: ObjectIdentity, sequence: number): void {
    if (this.#pending?.sequence === sequence) this.#pending = undefined;
  }
}

/** By its own label, which others may take away. */
const isWatched = ({ metadata }: Job): boolean => metadata.labels?.[LABELS.managedBy] === MANAGED_BY;

/** What the caches would keep of the cluster itself, or of what it was when the watches fell silent. */
class Cache {
  readonly #kube: FakeKube;
  readonly #before = new Map<string, CachedBundle>();
  #frozen: { readonly bundles: readonly StoredBundle[]; readonly jobs: readonly Stored<Job>[] } | undefined;

  constructor(kube: FakeKube) {
    this.#kube = kube;
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen ? { bundles: this.#kube.all(WERFBUNDLES), jobs: this.#kube.all(JOBS) } : undefined;
  }

  /** As a process that starts: only what is stored is known. */
  forget(): void {
    this.#before.clear();
  }

  bundle({ namespace, name }: ObjectRef): CachedBundle | undefined {
    return this.bundles().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  }

  bundles(): readonly CachedBundle[] {
    return (this.#frozen?.bundles ?? this.#kube.all(WERFBUNDLES)).map((bundle) => {
      const projected = projectBundle(bundle, PROOF, () => this.#before.get(bundle.metadata.uid));
      this.#before.set(bundle.metadata.uid, projected);
      return projected;
    });
  }

  olderHolder(of: StoredBundle): ObjectRef | undefined {
    return this.#releases().olderHolder(of);
  }

  otherHolders(of: StoredBundle): readonly ObjectRef[] {
    return this.#releases().otherHolders(of);
  }

  #releases(): Releases {
    const releases = new Releases();
    for (const after of this.#kube.all(WERFBUNDLES)) {
      const { namespace, name } = after.metadata;
      releases.changed({ ref: { namespace, name }, before: undefined, after });
    }
    return releases;
  }

  job({ namespace, name }: ObjectRef): Stored<Job> | undefined {
    return this.#jobs().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  }

  jobsOf(bundleUid: string): readonly Stored<Job>[] {
    return this.#jobs().filter(({ metadata }) => metadata.labels?.['werf.io/bundle-uid'] === bundleUid);
  }

  #jobs(): readonly Stored<Job>[] {
    const watched = (this.#frozen?.jobs ?? this.#kube.all(JOBS)).filter(isWatched);
    return watched.map((job) => projectJob(job, PROOF));
  }

  podsOf(job: Stored<Job>): readonly Stored<Pod>[] {
    const owned = ({ metadata }: Pod) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid);
    return this.#kube.all(PODS).filter(owned).map(projectPod);
  }
}
