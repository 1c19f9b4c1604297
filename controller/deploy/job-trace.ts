import type { Job } from '../../api/objects.js';
import { formatTraceparent, parseTraceparent, type TraceContext } from '../../api/traceparent.js';

/**
 * On a Job's Pod template: where in a trace the Job was created, for whoever sees it end. It stands beside what is signed: an older
 * controller would take a signature over more than it knows for a forgery, and deploy again. Nobody can change it once the Job exists.
 */
export const TRACEPARENT = 'werf.io/traceparent';

/** The Job with its place in a trace; as it is, if that is not recorded. */
export const tracedJob = <J extends Job>(job: J, context: TraceContext | undefined): J => {
  if (context?.isSampled !== true || job.spec === undefined) return job;
  const { spec } = job;
  const { metadata } = spec.template;
  const annotations = { ...metadata?.annotations, [TRACEPARENT]: formatTraceparent(context) };
  return { ...job, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } } };
};

/** The place in a trace of a Job that is one of ours; no more than a hint, since whoever may create Jobs could have written it. */
export const traceOfJob = ({ spec }: Pick<Job, 'spec'>): TraceContext | undefined =>
  parseTraceparent(spec?.template.metadata?.annotations?.[TRACEPARENT]);
