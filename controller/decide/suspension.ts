import { lastTried } from '../../api/attempts.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { failureOf } from './conclusion.js';
import { openDeployment, wasStarted } from './deployment.js';
import type { Finding } from './finding.js';
import type { Observation } from './observation.js';

/** Whether the bundle is suspended: nothing is polled, nothing is begun. */
export const isSuspended = (seen: Pick<Observation, 'bundle' | 'platform'>): boolean =>
  seen.platform.suspendAll || seen.bundle.spec.suspend === true;

const BY = { suspended: 'suspended', 'held-up': 'suspended, as all bundles are (--suspend-all)' } as const;

/** What is told of a suspended bundle. @param status - with all accounted for that has ended meanwhile */
export const suspensionOf = (by: keyof typeof BY, status: WerfBundleStatus): Finding => {
  const kind = `${by}-${status.lastAppliedTag === undefined ? 'new' : 'deployed'}` as const;
  return { kind, reason: 'Suspended', message: `${BY[by]}; ${remains(status)}` };
};

/** What there is in spite of the suspension: a Job that has begun, else what was deployed last, and what came of a later try. */
const remains = (status: WerfBundleStatus): string => {
  const { deployment, lastAppliedTag } = status;
  if (deployment !== undefined && openDeployment(status) !== undefined && wasStarted(status))
    return `Job ${deployment.jobName}, which deploys ${deployment.tag}, is followed to its end`;
  const stays = lastAppliedTag === undefined ? 'nothing is deployed yet' : `${lastAppliedTag} stays`;
  const failure = failureOf(status);
  return failure === undefined ? stays : `${stays}; deploying ${lastTried(status)?.tag} failed: ${failure.message}`;
};
