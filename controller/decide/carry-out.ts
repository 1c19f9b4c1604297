import type { Deployment } from '../../api/werfbundle.js';
import { conclude } from './conclusion.js';
import type { Need } from './decision.js';
import { secretsWithoutJob } from './deployment.js';
import type { Idle } from './facts.js';
import { needsFinalizerFirst } from './finalizer.js';
import { givenFor } from './given.js';
import { jobDue, VALUES_CHANGED } from './job-due.js';
import { type JobInputs, slotFor } from './observation.js';
import { isUnplanned } from './plan-state.js';
import { areValuesHeld, isOfKept } from './returning.js';
import type { State } from './state.js';

/** The state of a bundle with an intent that has no Job yet; an earlier reconcile, or an earlier process, has written it. */
export const carryOut = (idle: Idle, deployment: Deployment): State | Need => {
  const { seen, polled, settings } = idle;
  const { jobInputs } = seen;
  const slot = slotFor(seen, deployment.jobName);
  // Before a slot is requested: adding the finalizer may be refused for hours.
  if (needsFinalizerFirst(seen.bundle, polled.status)) return { kind: 'finalizer-missing', deployment };
  if (slot === undefined) return { kind: 'needs', what: 'job-slot', jobName: deployment.jobName };
  if (slot === 'waiting') return { kind: 'queued', deployment };
  if (jobInputs === undefined) return { kind: 'needs', what: 'job-inputs', settings };
  if (jobInputs.kind === 'blocker') return { kind: 'blocked', blocker: jobInputs, deployment };
  if (isOfKept(idle, deployment)) return carryOutKept(idle, deployment, jobInputs);
  return jobInputs.checksum === deployment.checksum
    ? jobDue(idle, { deployment, jobInputs })
    : withOthers(idle, deployment, jobInputs);
};

/** Values have changed since the intent was written. */
const withOthers = ({ settings }: Idle, deployment: Deployment, { checksum }: JobInputs): State =>
  isUnplanned(settings, deployment)
    ? { kind: 'intent-unplanned', deployment, checksum, why: VALUES_CHANGED }
    : { kind: 'intent-outdated', deployment, checksum };

/** What was kept was there when the intent was written: if it is gone since, nothing can be returned to. */
const carryOutKept = (idle: Idle, deployment: Deployment, present: JobInputs): State | Need => {
  const { seen, polled } = idle;
  const given = givenFor(idle, { present, checksum: deployment.checksum });
  switch (given.kind) {
    case 'needs':
      return given;
    case 'given':
      return jobDue({ seen, polled, settings: given.settings }, { deployment, jobInputs: given.jobInputs });
    case 'gone': {
      // Values that have not failed may be deployed in their place.
      if (!areValuesHeld(idle)) return withOthers(idle, deployment, present);
      const message = `no Job was made: ${given.why}`;
      const status = conclude(polled.status, deployment, { result: 'Superseded', message, finishedAt: seen.now });
      return { kind: 'concluded', status, actions: [], cleanup: [secretsWithoutJob(seen, deployment)] };
    }
  }
};
