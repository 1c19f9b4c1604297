import { objectKey } from '../../api/object-key.js';
import type { Job, Stored } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { TraceContext } from '../../api/traceparent.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { NO_SPAN, type Span, type SpanAttributes } from '../../process/tracer.js';
import type { Action, Decision, ExecuteFailure } from '../decide/decision.js';
import { openDeployment } from '../decide/deployment.js';
import type { Observation } from '../decide/observation.js';
import { tracedJob, traceOfJob } from '../deploy/job-trace.js';
import { CONTAINER } from '../deploy/names.js';
import type { Reconciler } from './reconciler.js';

/**
 * A deployment as spans of one trace: what was found, the decision, the Job's creation, the Job. The first two are known to this process
 * only, and so a restart in between begins another trace; from its creation on a Job knows its place itself.
 */

type Ended = NonNullable<WerfBundleStatus['history']>[number];

/** Where a look at a bundle belongs: to the deployment under way, or to the scan that has brought something. */
export const placeOf = (
  { memory, scans }: Pick<Reconciler, 'memory' | 'scans'>,
  { bundle, job, delivery }: Pick<Observation, 'bundle' | 'job' | 'delivery'>,
): TraceContext | undefined => {
  const open = openDeployment(bundle.status);
  if (open === undefined) return delivery && scans.traced(delivery.sequence)?.context;
  const known = memory.trace(bundle.metadata, open.number)?.context;
  return known ?? (job.kind === 'present' ? traceOfJob(job.job) : undefined);
};

/** What was decided, until it is written. */
interface TracedDecision {
  /** Where what is said of it belongs, if a deployment was decided. */
  readonly context: TraceContext | undefined;
  /** The decision is written. */
  written(): void;
}

const NOTHING: TracedDecision = { context: undefined, written: () => {} };

/** Begins the span of a decision to deploy. It is only told of once that is written. @param at - when the look at the bundle began */
export const traceDecision = (
  { tracer, memory, scans }: Pick<Reconciler, 'tracer' | 'memory' | 'scans'>,
  seen: Observation,
  { decision, at }: { readonly decision: Decision; readonly at: number },
): TracedDecision => {
  const { bundle, delivery } = seen;
  const next = openDeployment(decision.status);
  if (next === undefined || next.number === bundle.status?.deployment?.number) return NOTHING;
  // It was not decided now, but found on a Job.
  if (next.number === seen.jobs.newest?.number) return NOTHING;
  const scan = delivery && scans.traced(delivery.sequence);
  const attributes = attributesOf(bundle, next);
  const span = tracer.begin('decide deployment', { parent: scan?.context, at, attributes });
  return {
    context: span.context,
    written: () => {
      scan?.tell();
      span.end();
      if (span.context !== undefined)
        memory.traceIs(bundle.metadata, { number: next.number, context: span.context, createdAt: undefined });
    },
  };
};

/** The actions, with a deployment's Job that knows its place in the trace. */
interface TracedActions {
  readonly actions: readonly Action[];
  /** They are done, or have failed. */
  done(failure: ExecuteFailure | undefined): void;
}

/** Begins the span of a Job's creation, if that is among the actions. */
export const traceActions = (
  { tracer, memory, now }: Pick<Reconciler, 'tracer' | 'memory' | 'now'>,
  { bundle }: Pick<Observation, 'bundle'>,
  actions: readonly Action[],
): TracedActions => {
  const at = now();
  let span = NO_SPAN;
  const traced = actions.map((action) => {
    if (action.kind !== 'create-job') return action;
    const { deployment, job } = action;
    const parent = memory.trace(bundle.metadata, deployment.number)?.context;
    const { namespace, name } = job.metadata;
    const attributes = { ...attributesOf(bundle, deployment), 'k8s.namespace.name': namespace, 'k8s.job.name': name };
    span = tracer.begin('create Job', { parent, at, attributes });
    const { context } = span;
    if (context !== undefined) memory.traceIs(bundle.metadata, { number: deployment.number, context, createdAt: at });
    return { ...action, job: tracedJob(job, context) };
  });
  return {
    actions: traced,
    done: (failure) => span.end(failure === undefined ? {} : { failure: failure.kind }),
  };
};

/** Tells of a Job whose result was recorded now. */
export const traceEnd = (
  { tracer, memory }: Pick<Reconciler, 'tracer' | 'memory'>,
  { bundle, job }: Pick<Observation, 'bundle' | 'job'>,
  ended: Ended,
): void => {
  const found = job.kind === 'present' ? job.job : undefined;
  const known = memory.trace(bundle.metadata, ended.number);
  const parent = (found && traceOfJob(found)) ?? (known?.createdAt === undefined ? undefined : known.context);
  // A Job from before anything was traced, or one that was refused.
  if (parent === undefined || ended.result === 'Refused') return;
  const at = known?.createdAt ?? createdAt(found, ended);
  const span = begun({ tracer, parent, at }, attributesOf(bundle, ended));
  span.end({
    at: parseTime(ended.finishedAt) ?? at,
    attributes: { ...jobAttributes(found), 'k8s.job.name': ended.jobName, 'deployment.status': statusOf(ended) },
    failure: FAILED.has(ended.result) ? ended.result : undefined,
  });
};

/** Kubernetes tells it in whole seconds: at the last moment of that one, so that nothing begins before what it follows from. */
const createdAt = (job: Job | undefined, { startedAt }: Ended): number =>
  Math.max((parseTime(job?.metadata.creationTimestamp) ?? 0) + 999, parseTime(startedAt) ?? 0);

const begun = (
  { tracer, parent, at }: Pick<Reconciler, 'tracer'> & { readonly parent: TraceContext; readonly at: number },
  attributes: SpanAttributes,
): Span => tracer.begin('run Job', { parent, at, attributes });

const FAILED: ReadonlySet<Ended['result']> = new Set(['Failed', 'Lost']);

/** By the conventions there are `succeeded` and `failed`; a superseded deployment is neither. */
const statusOf = ({ result }: Ended): string => {
  if (result === 'Succeeded' || result === 'Superseded') return result.toLowerCase();
  return 'failed';
};

const attributesOf = (
  { metadata }: Pick<StoredBundle, 'metadata'>,
  { number, reason, tag, digest }: Pick<Ended, 'number' | 'reason' | 'tag' | 'digest'>,
): SpanAttributes => ({
  'deployment.name': objectKey(metadata),
  'deployment.id': String(number),
  'werfbundle.deployment.reason': reason,
  'werfbundle.tag': tag,
  'oci.manifest.digest': digest,
});

const jobAttributes = (job: Stored<Job> | undefined): SpanAttributes => {
  if (job === undefined) return {};
  const { containers } = job.spec?.template.spec ?? {};
  const all: readonly { readonly name?: string; readonly image?: string }[] = Array.isArray(containers)
    ? containers
    : [];
  const image = all.find(({ name }) => name === CONTAINER)?.image;
  return {
    'k8s.namespace.name': job.metadata.namespace,
    'k8s.job.uid': job.metadata.uid,
    'k8s.container.name': CONTAINER,
    ...imageAttributes(image),
  };
};

/** `registry:5000/werf/werf:2.10` is a name and a tag. */
const imageAttributes = (image: string | undefined): SpanAttributes => {
  const [, name, tag] = /^([^@]+?)(?::([\w.-]+))?(?:@.*)?$/.exec(image ?? '') ?? [];
  return { 'container.image.name': name, 'container.image.tags': tag === undefined ? undefined : [tag] };
};
