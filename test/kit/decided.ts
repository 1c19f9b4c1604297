import { decide } from '../../controller/decide/decide.js';
import type { Decision, Need } from '../../controller/decide/decision.js';
import type { Observation } from '../../controller/decide/observation.js';
import { jobInputs } from './builders.js';
import { ARTIFACT } from './plan-statuses.js';

/** The observation with what a decision needs, where all is as a bundle would wish. */
const answered = (seen: Observation, need: Need): Observation => {
  switch (need.what) {
    case 'job-slot':
      return { ...seen, slot: { kind: 'granted', jobName: need.jobName } };
    case 'job-inputs':
      return { ...seen, jobInputs: jobInputs() };
    case 'chart':
      return { ...seen, chart: { digest: need.digest, verdict: { kind: 'accepts' } } };
    case 'dismissal':
      return { ...seen, dismissal: { kind: 'possible' } };
    case 'kept':
      return { ...seen, kept: { kind: 'gone', why: 'what it was deployed with is not kept' } };
    case 'kept-plan':
      return { ...seen, keptPlan: { kind: 'kept', plan: need.plan, artifact: ARTIFACT } };
    case 'tag':
      return { ...seen, tagNow: { kind: 'there', tag: need.tag, digest: seen.bundle.status?.lastAppliedDigest ?? '' } };
  }
};

/** The decision about a bundle; what it needs beyond the observation is there. */
export const decided = (seen: Observation): Decision => {
  const outcome = decide(seen);
  return outcome.kind === 'decided' ? outcome : decided(answered(seen, outcome));
};

/** What has to be known before anything is decided about a bundle; undefined: nothing more. */
export const needOf = (seen: Observation): Need['what'] | undefined => {
  const outcome = decide(seen);
  return outcome.kind === 'needs' ? outcome.what : undefined;
};
