import type { Job } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment } from '../../api/werfbundle.js';
import { buildDismissJob } from '../deploy/dismiss-job.js';
import { buildJob } from '../deploy/job.js';
import { ANNOTATIONS } from '../deploy/names.js';
import { buildSecrets, type JobSupplies, presentSecrets } from '../deploy/secrets.js';
import type { Observation, Supplies } from '../observation.js';
import type { Action } from './decision.js';

/** The action that carries a deployment out: its Job, and the Secrets that the Job needs. */
export const createJob = ({
  seen,
  settings,
  supplies,
  deployment,
}: {
  readonly seen: Observation;
  readonly settings: Settings;
  readonly supplies: Supplies;
  readonly deployment: Deployment;
}): Action => {
  const { namespace, name, uid } = seen.bundle.metadata;
  const given: JobSupplies = {
    valuesFile: supplies.valuesFile,
    werfSecretKey: supplies.werfSecretKey,
    secretTexts: supplies.secretTexts,
    dockerConfig: seen.access.kind === 'ready' ? seen.access.dockerConfig : undefined,
    ca: seen.access.kind === 'ready' ? seen.access.target.ca : undefined,
  };
  const input = {
    bundle: { namespace, name, uid },
    deployment,
    settings,
    werfImage: seen.platform.werfImage,
    valuesArgs: supplies.valuesArgs,
    secrets: presentSecrets(given),
    operatorVersion: seen.platform.version,
    template: seen.platform.jobTemplate,
  };
  const secrets = buildSecrets({ ...input, targetNamespace: settings.converge.targetNamespace, supplies: given });
  const names = secrets.map((secret) => secret.metadata.name ?? '');
  return { kind: 'create-job', job: withSecretNames(buildJob(input), names), secrets, deployment };
};

/** The action that uninstalls the release: it needs nothing but the ServiceAccount's rights. */
export const createDismissJob = ({
  seen,
  settings,
  deployment,
}: {
  readonly seen: Observation;
  readonly settings: Settings;
  readonly deployment: Deployment;
}): Action => {
  const { namespace, name, uid } = seen.bundle.metadata;
  const job = buildDismissJob({
    bundle: { namespace, name, uid },
    deployment,
    settings,
    werfImage: seen.platform.werfImage,
    operatorVersion: seen.platform.version,
    template: seen.platform.jobTemplate,
  });
  return { kind: 'create-job', job, secrets: [], deployment };
};

/** The controller may not list Secrets: their names are kept where it finds them again. */
const withSecretNames = (job: Job, names: readonly string[]): Job =>
  names.length === 0
    ? job
    : {
        ...job,
        metadata: {
          ...job.metadata,
          annotations: { ...job.metadata.annotations, [ANNOTATIONS.secrets]: names.join(',') },
        },
      };

/** Names of the Secrets that were made for a Job. */
export const secretNamesIn = (job: Job): readonly string[] =>
  (job.metadata.annotations?.[ANNOTATIONS.secrets] ?? '').split(',').filter((name) => name !== '');
