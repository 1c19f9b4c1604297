import type { Job, Secret } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment } from '../../api/werfbundle.js';
import { buildDismissJob } from '../deploy/dismiss-job.js';
import { buildJob } from '../deploy/job.js';
import type { JobParameters } from '../deploy/job-parameters.js';
import { ANNOTATIONS } from '../deploy/names.js';
import { type Applied, buildPlanJob, planInput } from '../deploy/plan-job.js';
import { buildSecrets, presentSecrets, type SecretContents } from '../deploy/secrets.js';
import type { Action } from './decision.js';
import type { JobInputs, Observation } from './observation.js';

/** The inputs of every Job of a bundle. */
interface Material {
  readonly seen: Observation;
  readonly settings: Settings;
  readonly jobInputs: JobInputs;
}

/** The action that carries a deployment out: its Job, and the Secrets that the Job needs. */
export const createJob = ({ deployment, ...material }: Material & { readonly deployment: Deployment }): Action => {
  const input = { ...inputOf(material), deployment };
  const secrets = secretsFor(input, material);
  return { kind: 'create-job', job: withSecretNames(buildJob(input), secrets), secrets, deployment };
};

/** The action that begins a drift check. @param of.check - its number */
export const createPlan = ({
  applied,
  check,
  ...material
}: Material & { readonly applied: Applied; readonly check: number }): Action => {
  const input = planInput(inputOf(material), applied, check);
  const secrets = secretsFor(input, material);
  return { kind: 'create-plan', job: withSecretNames(buildPlanJob(input), secrets), secrets };
};

const givenBy = ({ seen, jobInputs }: Material): SecretContents => ({
  valuesFile: jobInputs.valuesFile,
  werfSecretKey: jobInputs.werfSecretKey,
  secretTexts: jobInputs.secretTexts,
  dockerConfig: seen.access.kind === 'ready' ? seen.access.dockerConfig : undefined,
  ca: seen.access.kind === 'ready' ? seen.access.target.ca : undefined,
});

const inputOf = (material: Material): Omit<JobParameters, 'deployment'> => {
  const { seen, settings } = material;
  const { namespace, name, uid } = seen.bundle.metadata;
  return {
    bundle: { namespace, name, uid },
    settings,
    werfImage: seen.platform.werfImage,
    valuesArgs: material.jobInputs.valuesArgs,
    secrets: presentSecrets(givenBy(material)),
    operatorVersion: seen.platform.version,
    template: seen.platform.jobTemplate,
  };
};

const secretsFor = (input: JobParameters, material: Material): readonly Secret[] => {
  const { targetNamespace } = material.settings.converge;
  return buildSecrets({ ...input, targetNamespace, jobInputs: givenBy(material) });
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

/** Records the names of the Secrets on the Job, since the controller may not list Secrets. */
const withSecretNames = (job: Job, secrets: readonly Secret[]): Job => {
  if (secrets.length === 0) return job;
  const names = secrets.map(({ metadata }) => metadata.name).join(',');
  const annotations = { ...job.metadata.annotations, [ANNOTATIONS.secrets]: names };
  return { ...job, metadata: { ...job.metadata, annotations } };
};

/** Names of the Secrets that were made for a Job. */
export const secretNamesIn = (job: Job): readonly string[] =>
  (job.metadata.annotations?.[ANNOTATIONS.secrets] ?? '').split(',').filter((name) => name !== '');
