import type { Plan, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { projectJob } from '../../controller/cache/projections.js';
import type { Observation, PlanJob } from '../../controller/decide/observation.js';
import { sealedJob } from '../../controller/deploy/job-signature.js';
import { type PlannedChanges, plannedChanges } from '../../controller/deploy/plan-changes.js';
import { buildPlanJob, deploymentPlanInput } from '../../controller/deploy/plan-job.js';
import { planFinding } from '../../controller/deploy/plan-summary.js';
import { planWords } from '../../controller/deploy/plan-words.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_B,
  delivery,
  iso,
  jobInputs,
  observation,
  PROOF,
  platform,
  pod,
  selected,
  settingsOf,
  syncedStatus,
} from './builders.js';

type ConvergeSpec = NonNullable<WerfBundleSpec['converge']>;

/** That deployments of a bundle are planned first. */
export const planning = (more: ConvergeSpec = {}): { readonly spec: Partial<WerfBundleSpec> } => ({
  spec: { converge: { plan: 'Show', ...more } },
});

/** A plan as werf has saved it, base64. */
export const ARTIFACT = 'c2F2ZWQ=';

/** The plan of v1.1.0, after deployment 1, that is to be made. */
export const plan = (change: Partial<Plan> = {}): Plan => ({
  number: 1,
  after: 1,
  tag: 'v1.1.0',
  digest: DIGEST_B,
  checksum: CHECKSUM,
  reason: 'NewTag',
  attempt: 1,
  generation: 1,
  jobName: 'my-app-plan-33333333-44444444',
  startedAt: iso(-60_000),
  ...change,
});

/** v1.0.0 is deployed, and v1.1.0 is planned. */
export const plannedStatus = (change: Partial<Plan> = {}, more: WerfBundleStatus = {}): WerfBundleStatus =>
  syncedStatus({ plan: plan(change), ...more });

/** The log of a plan, as werf 3.2 prints it: `update ConfigMap/app`, `delete PersistentVolumeClaim/data`. */
export const logOf = (...changes: readonly string[]): string => {
  const verbs = ['create', 'recreate', 'update', 'delete'];
  const counts = verbs.map((verb) => [verb, changes.filter((change) => change.startsWith(`${verb} `)).length] as const);
  const frames = changes.map(
    (change) => `\u250c ${change[0]?.toUpperCase()}${change.slice(1)}\n\u2502 + a: b\n\u2514\n`,
  );
  const summary = counts.filter(([, count]) => count > 0).map(([verb, count]) => `- ${verb}: ${count} resources\n`);
  return `${frames.join('\n')}\nPlanned changes summary for release "x" (namespace: "y"):\n${summary.join('')}\n`;
};

/** What such a log says. */
export const changes = (...all: readonly string[]): PlannedChanges | undefined => plannedChanges(logOf(...all));

/** The Job of a plan, and how it ended; it runs, if that is left out. @param log - of werf @param saves - whether werf saves it */
export const planJob = (
  of: Plan,
  end?: { readonly exitCode: number },
  log = logOf('update ConfigMap/app'),
  saves = false,
): PlanJob => {
  const { metadata } = bundle();
  const input = {
    bundle: metadata,
    settings: settingsOf(bundle()),
    werfImage: platform.werfImage,
    valuesArgs: [],
    template: undefined,
    operatorVersion: '1',
    secrets: { values: false, dockerConfig: false, key: false, ca: false },
  };
  const built = sealedJob(buildPlanJob(deploymentPlanInput(input, of, { saves })), [], PROOF.key);
  const given = { uid: 'plan-1', resourceVersion: '1', creationTimestamp: iso(-50_000) };
  const read = { finding: planFinding(log), changes: plannedChanges(log), errorLine: 'no such chart' } as const;
  return {
    // As the cache has it.
    job: projectJob({ ...built, metadata: { ...built.metadata, ...given } }, PROOF),
    pod: pod(end),
    log: end === undefined || end.exitCode === 0 ? { kind: 'not-needed' } : { kind: 'read', ...read },
  };
};

/** A bundle that plans first, and is offered v1.1.0. */
export const offered = (
  status: WerfBundleStatus,
  more: Partial<Observation> = {},
  converge: ConvergeSpec = {},
): Observation =>
  observation(bundle(status, planning(converge)), {
    delivery: delivery(selected('v1.1.0', DIGEST_B)),
    jobInputs: jobInputs(),
    chart: { digest: DIGEST_B, verdict: { kind: 'accepts' } },
    ...more,
  });

/** A plan that was made a second ago, and finds just this. */
export const lossOf = (...all: readonly string[]): Partial<Plan> => {
  const { counts, deleted = [], recreated = [], unnamed = 0 } = changes(...all) ?? {};
  return {
    result: 'Made',
    finishedAt: iso(-1_000),
    hash: '0123456789abcdef',
    ...(counts !== undefined && { counts }),
    deleted,
    recreated,
    ...(unnamed > 0 && { unnamed }),
    message: planWords('v1.1.0', changes(...all)),
  };
};
