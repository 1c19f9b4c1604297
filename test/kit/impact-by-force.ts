import { isDeepStrictEqual } from 'node:util';
import { FINALIZER } from '../../api/finalizer.js';
import type { ImpactPlatform } from '../../api/impact/facts.js';
import { objectName, type World } from '../../api/impact/world.js';
import { parseSpec } from '../../api/settings.js';
import { admits } from '../../api/tag-choice.js';
import type { Deployment, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { Releases } from '../../controller/cache/releases.js';
import { conclude } from '../../controller/decide/conclusion.js';
import { conditionOf } from '../../controller/decide/condition.js';
import { decide } from '../../controller/decide/decide.js';
import type { Decision, Need } from '../../controller/decide/decision.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import { BLOCKERS } from '../../controller/decide/findings.js';
import type { Observation } from '../../controller/decide/observation.js';
import { readAccess } from '../../controller/observe/access.js';
import { readJobInputs } from '../../controller/observe/job-inputs.js';
import { judge } from '../../controller/observe/judge.js';
import { deliveredValues } from '../../controller/values/delivered-values.js';
import type { Reads } from '../../kube/get-once.js';
import {
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  historyEntry,
  NOW,
  observation,
  platform,
  selected,
  syncedStatus,
} from './builders.js';
import type { Planned, Stage } from './impact-worlds.js';

export const PLATFORM: ImpactPlatform = platform;

/** All that one decision of the controller is based on. */
interface Cluster {
  readonly world: World;
  readonly bundles: readonly StoredBundle[];
}

/** What the controller does about a bundle once its sources are quiet and the registry was asked again. */
type Outcome =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'blocked' }
  /** It deploys, for this reason. */
  | { readonly kind: 'deploys'; readonly reason: string };

const readsOf = (world: World): Reads => ({
  get: async (type, ref) => {
    const found = world.find(objectName(type.kind as 'Secret', { namespace: ref.namespace ?? '', name: ref.name }));
    return found.kind === 'found' ? (found.object as never) : undefined;
  },
});

const never = new AbortController().signal;
const values = { read: async (question: Parameters<typeof deliveredValues>[0]) => deliveredValues(question) };

/** As `controller/observe/observe.ts` puts it together. */
const specIn = (bundle: StoredBundle, { bundles }: Cluster): Observation['spec'] => {
  const spec = judge(bundle, platform);
  const releases = new Releases();
  for (const each of bundles) releases.changed({ ref: each.metadata, before: undefined, after: each });
  return spec.kind === 'valid' && releases.olderHolder(bundle) !== undefined ? { kind: 'invalid', problems: [] } : spec;
};

/** What the controller does about a bundle; its suspension aside. */
export const outcomeIn = async (stored: StoredBundle, cluster: Cluster): Promise<Outcome> => {
  const { suspend: _, ...spec } = stored.spec;
  const bundle = {
    ...stored,
    spec,
    status: { ...ended(stored.status ?? {}), observedGeneration: stored.metadata.generation },
  };
  const { status } = await decidedAtLast(bundle, cluster);
  const reason = conditionOf(status, 'Ready')?.reason ?? '';
  if (reason === 'SpecInvalid' || (BLOCKERS as readonly string[]).includes(reason)) return { kind: 'blocked' };
  const before = bundle.status.deployment?.number ?? 0;
  const after = status.deployment;
  // What was decided before gives way to it: it is one deployment still.
  if (openDeployment(bundle.status) !== undefined) return { kind: 'quiet' };
  return after !== undefined && after.number > before ? { kind: 'deploys', reason: after.reason } : { kind: 'quiet' };
};

/** As many decisions as it takes, until something is begun or nothing more is to be done at once. */
const decidedAtLast = async (bundle: StoredBundle, cluster: Cluster, isAgain = false): Promise<Decision> => {
  const before = bundle.status?.deployment?.number;
  const decision = await decided(bundle, cluster, isAgain);
  const isBegun = decision.status.deployment?.number !== before;
  const isOver = isBegun || decision.recheck?.kind !== 'now' || isDeepStrictEqual(decision.status, bundle.status);
  return isOver ? decision : decidedAtLast({ ...bundle, status: decision.status }, cluster, true);
};

/** A deployment that runs ends well before anything else is decided. */
const ended = (status: WerfBundleStatus): WerfBundleStatus => {
  const open = openDeployment(status);
  return open !== undefined && status.lastJobName === open.jobName
    ? conclude(status, open, { result: 'Succeeded', message: undefined, finishedAt: NOW - 60_000 })
    : status;
};

const decided = async (bundle: StoredBundle, cluster: Cluster, isAgain: boolean): Promise<Decision> => {
  const reads = readsOf(cluster.world);
  const spec = specIn(bundle, cluster);
  const access =
    spec.kind === 'valid'
      ? await readAccess(reads, { bundle, settings: spec.settings, platform }, never)
      : ({ kind: 'not-needed' } as const);
  const outcome = offer(bundle);
  const heard = isAgain ? { latest: outcome } : { delivery: delivery(outcome), latest: outcome };
  const changed = { spec, access, valuesChangedAt: NOW - 60_000, slot: undefined };
  let seen = observation(bundle, { ...changed, ...heard });
  for (;;) {
    const next: Decision | Need = decide(seen);
    if (next.kind === 'decided') return next;
    if (next.what === 'job-slot') seen = { ...seen, slot: { kind: 'granted', jobName: next.jobName } };
    else if (next.what === 'job-inputs' && spec.kind === 'valid') {
      const query = { bundle, settings: spec.settings, platform };
      seen = { ...seen, jobInputs: await readJobInputs({ reads, values }, query, never) };
    } else if (next.what === 'chart') seen = { ...seen, chart: { digest: next.digest, verdict: { kind: 'accepts' } } };
    else throw new Error(`${next.what} is not expected`);
  }
};

/** The registry still has the tag that is deployed, if the spec admits it, else another one. */
const offer = (bundle: StoredBundle): NonNullable<Observation['latest']> => {
  const spec = parseSpec(bundle);
  const isAdmitted = spec.kind === 'valid' && admits(spec.settings.registry.policy, 'v1.0.0');
  return (isAdmitted ? selected() : selected('v2.0.0', DIGEST_B)) as NonNullable<Observation['latest']>;
};

/** A bundle as it is when all that was to be done before has been done, with the controller's own checksum of it. */
export const settledIn = async ({ bundle, stage }: Planned, cluster: Cluster): Promise<StoredBundle> => {
  const { suspend: _, ...spec } = bundle.spec;
  const judged = specIn({ ...bundle, spec }, cluster);
  const query = judged.kind === 'valid' ? { bundle, settings: judged.settings, platform } : undefined;
  const inputs = query && (await readJobInputs({ reads: readsOf(cluster.world), values }, query, never));
  const checksum = inputs?.kind === 'ready' ? inputs.checksum : CHECKSUM;
  const made = statusOf[stage](deployment({ checksum, digest: DIGEST_A }));
  const metadata = { ...bundle.metadata, finalizers: [FINALIZER] };
  return { ...bundle, metadata, status: { ...made, observedGeneration: bundle.metadata.generation } };
};

const statusOf: Readonly<Record<Stage, (made: Deployment) => WerfBundleStatus>> = {
  new: () => {
    const { phase, conditions } = syncedStatus();
    return { ...(phase !== undefined && { phase }), ...(conditions && { conditions }), consecutiveFailures: 0 };
  },
  deployed: (made) => deployedStatus(made),
  failed: (made) => ({
    ...deployedStatus(made),
    lastJobStatus: 'Failed',
    history: [historyEntry('Failed', { checksum: made.checksum, message: 'it failed' })],
  }),
  running: (made) => ({ ...deployedStatus(made), lastJobStatus: 'Running', activeJobName: made.jobName, history: [] }),
  intended: (made) => ({ ...deployedStatus(made), lastJobName: 'an-earlier-one', history: [] }),
  superseded: (made) => ({
    ...deployedStatus(made),
    deployment: { ...made, number: 2, checksum: `k1:${'9'.repeat(64)}`, jobName: 'one-that-gave-way' },
    lastJobName: 'one-that-gave-way',
    lastJobStatus: 'Failed',
    history: [
      historyEntry('Superseded', { number: 2, checksum: `k1:${'9'.repeat(64)}` }),
      historyEntry('Succeeded', { checksum: made.checksum }),
    ],
  }),
  unrecorded: (made) => {
    const {
      deployment: _,
      history: __,
      appliedChecksum: ___,
      lastJobName: ____,
      lastJobStatus: _____,
      ...rest
    } = deployedStatus(made);
    return rest;
  },
};

const deployedStatus = (made: Deployment): WerfBundleStatus =>
  syncedStatus({
    deployment: made,
    lastAppliedTag: made.tag,
    lastAppliedDigest: made.digest,
    appliedChecksum: made.checksum,
    history: [historyEntry('Succeeded', { checksum: made.checksum })],
  });

/** What a change does, by what the controller does without it and with it. */
export const difference = (without: Outcome, withIt: Outcome): 'blocked' | 'unblocked' | 'deploys' | undefined => {
  if (withIt.kind === 'blocked') return without.kind === 'blocked' ? undefined : 'blocked';
  if (without.kind === 'blocked') return 'unblocked';
  const isNews = withIt.kind === 'deploys' && (without.kind !== 'deploys' || without.reason !== withIt.reason);
  return isNews ? 'deploys' : undefined;
};
