import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { Need } from '../decide/decision.js';
import type { Observation } from '../decide/observation.js';
import { blocked, readDismissal } from './dismissal.js';
import { rightsMissing, unlessForbidden } from './forbidden.js';
import { readJobInputs, readValuesInput } from './job-inputs.js';
import { readKept } from './kept.js';
import { missing, readKeptPlan } from './kept-plan.js';
import type { ObserveDeps } from './observe.js';
import { readTag } from './read-tag.js';

/** What can be looked up for a decision. A job slot is not among it: requesting one changes something. */
type LookUp = Exclude<Need, { readonly what: 'job-slot' }>;

/**
 * The observation completed by what a decision needs.
 * @throws KubeError when the apiserver could not be asked: then nothing is known, and nothing is decided
 */
export const lookUp = async (
  deps: ObserveDeps,
  seen: Observation,
  need: LookUp,
  signal: AbortSignal,
): Promise<Observation> => {
  const { bundle, platform, spec } = seen;
  switch (need.what) {
    case 'job-inputs': {
      const reading = readJobInputs(deps, { bundle, settings: need.settings, platform }, signal);
      return { ...seen, jobInputs: await unlessForbidden(reading, rightsMissing) };
    }
    case 'chart':
      return { ...seen, chart: { digest: need.digest, verdict: await readVerdict(deps, seen, need, signal) } };
    case 'tag':
      return { ...seen, tagNow: await readTag(deps.registry, seen, { tag: need.tag, signal }) };
    case 'kept':
      return { ...seen, kept: await readKept(deps, seen, need.settings, signal) };
    case 'kept-plan':
      return { ...seen, keptPlan: await unlessForbidden(readKeptPlan(deps.client, seen, need.plan, signal), missing) };
    case 'dismissal': {
      const reading = readDismissal(deps, { bundle, spec, platform }, signal);
      return { ...seen, dismissal: await unlessForbidden(reading, blocked) };
    }
  }
};

/** The values are those of the Job's inputs: each object is read once in a reconcile. */
const readVerdict = async (
  { reads, charts }: ObserveDeps,
  { bundle, access }: Observation,
  { digest, settings }: Extract<Need, { readonly what: 'chart' }>,
  signal: AbortSignal,
): Promise<ChartVerdict> => {
  if (access.kind !== 'ready') return { kind: 'unjudged', why: 'it is not known how to access the registry' };
  const input = await readValuesInput(reads, { bundle, settings }, signal);
  return await charts.judge({ digest, target: access.target, input }, signal);
};
