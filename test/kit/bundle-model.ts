import { isDeepStrictEqual } from 'node:util';
import { RELEASE_HOLD_REQUESTED, ROLLBACK_TO } from '../../api/annotations.js';
import type { HistoryEntry } from '../../api/attempts.js';
import type { Job, Secret, Stored } from '../../api/objects.js';
import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, Plan, StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { afterFailure } from '../../controller/decide/after-failure.js';
import { decide } from '../../controller/decide/decide.js';
import type { Decision, ExecuteFailure, Keep, Need } from '../../controller/decide/decision.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import { mayHaveMoved } from '../../controller/decide/history.js';
import type { DeployJob, JobInputs, Kept, Observation, PlanJob, TagNow } from '../../controller/decide/observation.js';
import { mergePatchOf } from '../../controller/decide/status-patch.js';
import { hasSeenValuesChange } from '../../controller/decide/values-change.js';
import { keptPlanIn, keptPlanName } from '../../controller/deploy/kept-plan.js';
import { ANNOTATIONS } from '../../controller/deploy/names.js';
import { NO_CHANGES, type PlannedChanges } from '../../controller/deploy/plan-changes.js';
import { hasSavedPlan, isPlanJob } from '../../controller/deploy/plan-job.js';
import { isJobOf } from '../../controller/deploy/result.js';
import { knownJobs } from '../../controller/observe/known-jobs.js';
import { Memory } from '../../controller/reconcile/memory.js';
import type { Delivery, ScanOutcome } from '../../controller/scans/scan.js';
import { bundle, jobInputs, NOW, observation, platform, pod, UID } from './builders.js';
import { PlanLaw } from './plan-law.js';

const SELF = { namespace: 'ops', name: 'my-app', uid: UID };
const ACCEPTED = { kind: 'accepts' } as const;
const REFUSED = { kind: 'refuses', chart: 'app 1.0.0', problems: ['replicas: a number is needed'] } as const;
/** What is deployed as it was, or tried again, is not judged. */
const AS_BEFORE: readonly string[] = ['Retry', 'JobLost', 'Requested', 'DriftCorrection', 'Return'];
/** Values that say which they are. */
const inputsOf = (checksum: string): JobInputs => jobInputs({ checksum, valuesArgs: [`--set=made=${checksum}`] });

/** Of something that was not deployed before. */
const NEW: readonly string[] = ['NewTag', 'MovedTag', 'Downgrade', 'NewValues', 'NewSpec'];
/** As many as a reconcile makes. */
const MOST_PASSES = 8;

/** Something that the laws of holds speak of. */
type Happened =
  | { readonly kind: 'made'; readonly deployment: Deployment; readonly rollback: string | undefined }
  | { readonly kind: 'ended'; readonly ended: HistoryEntry }
  /** A person has let go what is held, or nothing is known of it any more. */
  /** A person has named a tag to roll back to. */
  | { readonly kind: 'named'; readonly tag: string }
  | { readonly kind: 'let-go' };

interface MadeJob {
  readonly job: Stored<Job>;
  exitCode: number | undefined;
  /** What the log of a plan says; undefined: nothing that can be understood. */
  changes: PlannedChanges | undefined;
  errorLine: string | undefined;
  /** What a plan has saved, base64. */
  artifact: string | undefined;
}

/**
 * One bundle and the world around it, in memory and without a cluster: what is decided is done at once and succeeds. Each step is
 * followed by as many decisions as it takes, and each of them is held to the laws that hold for all.
 */
export class BundleModel {
  now = NOW;
  blocker: 'access' | 'jobInputs' | undefined;
  checksum = 'k1:0';
  /** Whether schemas refuse the values that the bundle has now. */
  refuses = false;
  heldBack: Observation['heldBack'];
  suspendAll = false;
  /** What becomes of the next Job instead of being made. */
  mishap: 'refused' | 'taken' | undefined;
  /** What plans find that end from now on. */
  changes: PlannedChanges | undefined = { ...NO_CHANGES, counts: { ...NO_CHANGES.counts, update: 1 } };
  /** What has happened, in this order, for laws that tell more than one moment. */
  readonly story: Happened[] = [];
  /** Secrets in which saved plans are kept, by name. */
  readonly kept = new Map<string, Secret>();
  /** How many deployments have applied one. */
  exact = 0;
  /** Whether others delete them at once. */
  keepsNothing = false;
  readonly violations: string[] = [];
  decision: Decision | undefined;
  #bundle: StoredBundle = bundle();
  #memory = new Memory();
  #delivery: Delivery | undefined;
  #latest: Exclude<ScanOutcome, { kind: 'failed' }> | undefined;
  #sequence = 0;
  #valuesChangedAt: number | undefined;
  /** The checksum of what is kept; undefined: nothing is, or others have written it. */
  #kept: string | undefined;
  readonly #decideBy: typeof decide;
  /** What the registry has, by tag. */
  readonly tags = new Map<string, string>();
  readonly #jobs = new Map<string, MadeJob>();
  readonly #names = new Set<string>();
  readonly #plans = new PlanLaw();
  #artifacts = 0;

  /** @param decideBy - another one than the controller's, which the laws are to find out */
  constructor(decideBy: typeof decide = decide) {
    this.#decideBy = decideBy;
  }

  get status(): WerfBundleStatus {
    return this.#bundle.status ?? {};
  }

  get spec(): WerfBundleSpec {
    return this.#bundle.spec;
  }

  get runningJobs(): number {
    return [...this.#jobs.values()].filter(({ exitCode }) => exitCode === undefined).length;
  }

  /** The registry was asked; it is only while the bundle wants it. */
  scan(outcome: ScanOutcome): void {
    if (outcome.kind === 'selected') this.tags.set(outcome.tag, outcome.digest);
    const { interest } = this.decision ?? {};
    if (interest === undefined) return;
    // Of a bundle that wants one tag no scan tells of another.
    if (outcome.kind === 'selected' && interest.policy.tag !== undefined && interest.policy.tag !== outcome.tag) return;
    this.#sequence += 1;
    this.#delivery = { sequence: this.#sequence, startedAt: this.now, outcome };
    if (outcome.kind !== 'failed') this.#latest = outcome;
  }

  changeSpec(change: Partial<WerfBundleSpec>): void {
    const { metadata, spec } = this.#bundle;
    const next = { ...spec, ...change };
    if (isDeepStrictEqual(next, spec)) return;
    if (next.converge?.onFailure !== 'Return') this.story.push({ kind: 'let-go' });
    this.#bundle = { ...this.#bundle, spec: next, metadata: { ...metadata, generation: metadata.generation + 1 } };
    this.#latest = undefined;
    this.#delivery = undefined;
  }

  delete(): void {
    const { metadata } = this.#bundle;
    this.#bundle = { ...this.#bundle, metadata: { ...metadata, deletionTimestamp: new Date(this.now).toISOString() } };
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    const { metadata } = this.#bundle;
    const all = { ...metadata.annotations, ...annotations };
    const named = annotations[ROLLBACK_TO];
    if (named !== undefined && named !== '') this.story.push({ kind: 'named', tag: named });
    if (annotations[RELEASE_HOLD_REQUESTED] !== undefined) this.story.push({ kind: 'let-go' });
    this.#bundle = { ...this.#bundle, metadata: { ...metadata, annotations: all } };
  }

  changeValues(checksum: string): void {
    this.checksum = checksum;
    this.#valuesChangedAt = this.now;
  }

  /** @param errorLine - what werf says at the end */
  endJob(exitCode: number, errorLine?: string): void {
    for (const made of this.#jobs.values()) {
      if (made.exitCode !== undefined) continue;
      made.exitCode = exitCode;
      made.errorLine = errorLine;
      made.changes = exitCode === 0 ? NO_CHANGES : this.changes;
      if (!isPlanJob(made.job)) continue;
      this.#artifacts += 1;
      const saves = hasSavedPlan(made.job) && exitCode !== 1;
      made.artifact = saves ? Buffer.from(`plan ${this.#artifacts}`).toString('base64') : undefined;
      this.#plans.ended(made.job, { exitCode, changes: made.changes, artifact: made.artifact });
    }
  }

  /** Somebody deletes what is kept. */
  loseKept(): void {
    this.#kept = undefined;
  }

  loseJobs(): void {
    this.#jobs.clear();
  }

  patchStatus(change: WerfBundleStatus): void {
    this.#bundle = { ...this.#bundle, status: { ...this.status, ...change } };
  }

  wipeStatus(): void {
    this.#bundle = { ...this.#bundle, status: {} };
    this.story.push({ kind: 'let-go' });
    // Of Jobs that are gone as well nobody can know the names.
    for (const name of this.#names) if (!this.#jobs.has(name)) this.#names.delete(name);
  }

  restart(): void {
    this.heldBack = undefined;
    this.#memory = new Memory();
    this.#delivery = undefined;
    this.#latest = undefined;
    this.#valuesChangedAt = undefined;
  }

  /** Decides until there is nothing to be done now. */
  settle(): void {
    for (let pass = 0; pass < MOST_PASSES; pass += 1) {
      const { seen, decision: planned } = this.#decide();
      this.#must(isDeepStrictEqual(this.#decideBy(seen), planned), 'the same observation gives the same decision');
      const decision = this.#afterMishap(seen, planned);
      this.#carryOut(seen, decision);
      this.decision = decision;
      const { recheck } = decision;
      // Of a Job that went the watch tells.
      const woken = decision.actions.some(({ kind }) => kind === 'delete-job');
      if (woken || recheck.kind === 'now' || (recheck.kind === 'at' && recheck.time <= this.now)) continue;
      this.#isFixed();
      return;
    }
    this.#must(false, 'there is an end');
  }

  #afterMishap(seen: Observation, planned: Decision): Decision {
    const { mishap } = this;
    const making = planned.actions.find(({ kind }) => kind === 'create-job' || kind === 'create-plan');
    if (mishap === undefined || making === undefined) return planned;
    this.mishap = undefined;
    if (making.kind === 'create-plan' && mishap === 'refused')
      this.#plans.ended(making.job, { exitCode: 1, changes: undefined, artifact: undefined });
    const message = 'exceeded quota: no-jobs';
    const failure: ExecuteFailure =
      making.kind === 'create-job'
        ? { kind: mishap, deployment: making.deployment, message }
        : { kind: `plan-${mishap}`, message };
    const decision = afterFailure(seen, planned, failure) ?? planned;
    const polled = ({ status: { consecutiveFailures, lastETag } }: Decision) => [consecutiveFailures, lastETag];
    this.#must(isDeepStrictEqual(polled(decision), polled(planned)), 'a poll counts, whatever becomes of the Job');
    return decision;
  }

  #isFixed(): void {
    const { decision: again } = this.#decide();
    const patch = mergePatchOf(this.status, again.status);
    this.#must(patch === undefined, `what was decided stands: ${JSON.stringify(patch)}`);
    this.#must(again.events.length === 0, 'and is told once');
    this.#must(again.actions.length === 0, 'and done once');
  }

  #observe(): Observation {
    const memory = this.#memory;
    if (this.#delivery !== undefined) memory.received(SELF, this.#delivery);
    const jobs = [...this.#jobs.values()].map(({ job }) => job);
    return observation(this.#bundle, {
      slot: undefined,
      dismissal: undefined,
      now: this.now,
      platform: { ...platform, suspendAll: this.suspendAll },
      delivery: this.#delivery,
      latest: this.#latest,
      heldBack: this.heldBack,
      sameScans: memory.sameScans(SELF),
      deployedAt: memory.deployedAt(SELF),
      valuesChangedAt: this.#valuesChangedAt,
      jobs: knownJobs(jobs, this.#bundle, 'ops'),
      job: this.#job(),
      plans: this.#planJobs(),
      ...(this.blocker === 'access' && {
        access: { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' },
      }),
    });
  }

  /** Decides with what it turns out to need; each thing is needed once at most. */
  #decide(): { readonly seen: Observation; readonly decision: Decision } {
    let seen = this.#observe();
    const asked = new Set<string>();
    for (;;) {
      const outcome = this.#decideBy(seen);
      if (outcome.kind === 'decided') return { seen, decision: outcome };
      if (asked.has(outcome.what)) throw new Error(`${outcome.what} is needed again`);
      asked.add(outcome.what);
      seen = { ...seen, ...this.#answer(outcome) };
    }
  }

  #answer(need: Need): Partial<Observation> {
    if (need.what === 'job-slot') return { slot: { kind: 'granted', jobName: need.jobName } };
    if (need.what === 'kept') return { kept: this.#keptFor(need.settings) };
    if (need.what === 'tag') return { tagNow: this.#tagNow(need.tag) };
    if (need.what === 'kept-plan') return { keptPlan: this.#keptPlan(need.plan) };
    if (need.what === 'dismissal') return { dismissal: { kind: 'possible' } };
    if (need.what === 'chart') return { chart: { digest: need.digest, verdict: this.refuses ? REFUSED : ACCEPTED } };
    const blocker = { kind: 'blocker', reason: 'ValuesInvalid', message: 'no such ConfigMap' } as const;
    return { jobInputs: this.blocker === 'jobInputs' ? blocker : inputsOf(this.checksum) };
  }

  /** What is kept proves itself by the checksum of what is deployed. */
  #keptFor(settings: Settings): Kept {
    const { appliedChecksum: checksum, kept } = this.status;
    if (kept === undefined || checksum === undefined || this.#kept !== checksum)
      return { kind: 'gone', why: 'what it was deployed with is not kept' };
    return { kind: 'there', checksum, settings, inputs: inputsOf(checksum) };
  }

  #keptPlan(plan: Plan): NonNullable<Observation['keptPlan']> {
    const secret = this.kept.get(keptPlanName(plan));
    const of = { bundle: SELF, plan, targetNamespace: 'ops', key: platform.checksumKey };
    const artifact = secret && keptPlanIn(secret, of);
    return artifact === undefined ? { kind: 'missing', why: 'it is gone' } : { kind: 'kept', plan, artifact };
  }

  #tagNow(tag: string): TagNow {
    const digest = this.tags.get(tag);
    return digest === undefined ? { tag, kind: 'absent' } : { tag, kind: 'there', digest };
  }

  #planJobs(): readonly PlanJob[] {
    const plans = [...this.#jobs.values()].filter(({ job }) => isPlanJob(job));
    return plans.map(({ job, exitCode, changes, artifact }) => {
      const saved = artifact === undefined ? undefined : ({ kind: 'saved', artifact } as const);
      const finding = { kind: 'objects', words: 'update ConfigMap/app' } as const;
      const isRead = exitCode === undefined ? false : exitCode !== 0 || saved !== undefined;
      return {
        job,
        pod: pod(exitCode === undefined ? undefined : { exitCode }),
        log: isRead ? { kind: 'read', finding, changes, saved, errorLine: undefined } : { kind: 'not-needed' },
      };
    });
  }

  #job(): DeployJob {
    const wanted = openDeployment(this.status);
    const made = wanted && this.#jobs.get(wanted.jobName);
    if (made === undefined || wanted === undefined) return { kind: 'absent' };
    const { job, exitCode, errorLine } = made;
    const condition = [{ type: 'Complete', status: 'True' }] as const;
    const whole = exitCode === undefined ? job : { ...job, status: { conditions: condition } };
    if (!isJobOf(whole, UID, wanted)) return { kind: 'absent' };
    const ended = exitCode === undefined ? undefined : { exitCode };
    const log = ended === undefined ? { kind: 'not-needed' } : { kind: 'read', tail: '', errorLine };
    return { kind: 'present', job, pod: pod(ended), log } as DeployJob;
  }

  #carryOut(seen: Observation, decision: Decision): void {
    for (const broken of this.#plans.broken({ bundle: this.#bundle, decision })) this.#must(false, broken);
    for (const action of decision.actions) {
      if (action.kind === 'delete-job') this.#jobs.delete(action.ref.name);
      if (action.kind === 'keep') this.#keep(action);
      if (action.kind === 'create-job' || action.kind === 'create-plan') this.#hasItsValues(action.job);
      if (action.kind === 'create-job' && hasSavedPlan(action.job)) this.exact += 1;
      if (action.kind === 'keep-plan' && !this.keepsNothing) this.kept.set(action.secret.metadata.name, action.secret);
      if (action.kind === 'delete-secrets') for (const name of action.names) this.kept.delete(name);
      if (action.kind === 'create-job' && NEW.includes(action.deployment.reason))
        this.#must(action.deployment.checksum === this.checksum, 'what is new is deployed with the present values');
      if (action.kind === 'create-job')
        this.story.push({ kind: 'made', deployment: action.deployment, rollback: rollbackOf(seen.bundle) });
      if (action.kind === 'create-job' || action.kind === 'create-plan') this.#create(action.job);
    }
    for (const { names } of decision.cleanup) for (const name of names) this.kept.delete(name);
    const ended = decision.status.history?.[0];
    const { deployment } = decision.status;
    const isDecided = deployment !== undefined && deployment.number !== this.status.deployment?.number;
    const isHeld = this.refuses && decision.events.some(({ reason }) => reason === 'Deploying');
    if (isDecided && isHeld) this.#must(AS_BEFORE.includes(deployment.reason), 'what a schema refuses is not deployed');
    const isNew = ended !== undefined && ended.number !== this.status.history?.[0]?.number;
    if (isNew) this.story.push({ kind: 'ended', ended });
    this.#bundle = { ...this.#bundle, status: decision.status };
    if (isNew && mayHaveMoved(ended)) this.#memory.deployed(SELF, this.now);
    if (seen.delivery?.sequence === this.#delivery?.sequence) this.#delivery = undefined;
    if (hasSeenValuesChange(seen)) this.#valuesChangedAt = undefined;
  }

  /** Of a Job it is kept what it was made with. */
  #keep({ secret, from }: Keep): void {
    const made = [...this.#jobs.values()].find(({ job }) => from?.name === `${job.metadata.name}-kept`);
    this.#must(from === undefined || made !== undefined, 'what is kept is there until it is recorded');
    this.#kept = (made?.job ?? secret).metadata.annotations?.[ANNOTATIONS.checksum];
  }

  #hasItsValues({ metadata: { annotations = {} }, spec }: Job): void {
    if (annotations[ANNOTATIONS.reason] === 'Dismiss') return;
    const args = JSON.stringify(spec?.template.spec);
    // Those of a saved plan are in it.
    if (args.includes('"--use-plan"')) return;
    const wanted = `"--set=made=${annotations[ANNOTATIONS.checksum]}"`;
    this.#must(args.includes(wanted), 'a Job has the values that its checksum says');
  }

  #create(job: Job): void {
    const { name } = job.metadata;
    if (this.#jobs.has(name)) return;
    // A check that gave way is begun again.
    this.#must(isPlanJob(job) || !this.#names.has(name), 'no Job has the name of another');
    this.#must(this.runningJobs === 0, 'one Job runs at a time');
    this.#names.add(name);
    const creationTimestamp = new Date(this.now).toISOString();
    this.#jobs.set(name, {
      job: { ...job, metadata: { ...job.metadata, uid: name, resourceVersion: '1', creationTimestamp } },
      exitCode: undefined,
      changes: undefined,
      errorLine: undefined,
      artifact: undefined,
    });
  }

  #must(holds: boolean, law: string): void {
    if (!holds) this.violations.push(law);
  }
}
