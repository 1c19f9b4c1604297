import type { Job, Secret } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, Plan } from '../../api/werfbundle.js';
import { buildDismissJob } from '../deploy/dismiss-job.js';
import { buildJob } from '../deploy/job.js';
import type { JobParameters } from '../deploy/job-parameters.js';
import { sealedJob } from '../deploy/job-signature.js';
import { buildKept } from '../deploy/kept.js';
import { keptPlanSecret, keyOfPlan } from '../deploy/kept-plan.js';
import { ANNOTATIONS } from '../deploy/names.js';
import { type Applied, buildPlanJob, deploymentPlanInput, planInput } from '../deploy/plan-job.js';
import { secretNamesOf } from '../deploy/secret-names.js';
import { buildSecrets, presentSecrets, type SecretContents } from '../deploy/secrets.js';
import type { Action } from './decision.js';
import type { JobInputs, Observation } from './observation.js';

/** A plan that a deployment applies as werf has saved it. */
export interface AppliedPlan {
  readonly plan: Plan;
  /** base64 */
  readonly artifact: string;
}

/** The inputs of every Job of a bundle. */
interface Material {
  readonly seen: Observation;
  readonly settings: Settings;
  readonly jobInputs: JobInputs;
}

/** The action that carries a deployment out: its Job, and the Secrets that the Job needs. */
export const createJob = ({
  deployment,
  applies,
  ...material
}: Material & { readonly deployment: Deployment; readonly applies?: AppliedPlan | undefined }): Action => {
  if (applies !== undefined) return createApply({ deployment, applies, ...material });
  const input = { ...inputOf(material), deployment };
  const secrets = [...secretsFor(input, givenBy(material), material), ...keptFor(input, material)];
  return { kind: 'create-job', job: sealed(buildJob(input), secrets, material), secrets, deployment };
};

/** The same with a plan that was saved: werf needs nothing but that, and its key. */
const createApply = ({
  deployment,
  applies: { plan, artifact },
  ...material
}: Material & { readonly deployment: Deployment; readonly applies: AppliedPlan }): Action => {
  const { valuesFile, secretTexts } = material.jobInputs;
  const given = { valuesFile, secretTexts, werfSecretKey: keyFor(plan, material), plan: artifact };
  const contents = { ...given, dockerConfig: undefined, ca: undefined };
  const present = { values: false, dockerConfig: false, key: true, ca: false };
  const whole = { ...inputOf(material), deployment };
  const input = { ...whole, valuesArgs: [], secrets: present, savedPlan: plan.number };
  const secrets = [...secretsFor(input, contents, material), ...keptFor(whole, material)];
  return { kind: 'create-job', job: sealed(buildJob(input), secrets, material), secrets, deployment };
};

/** The key that a saved plan is encrypted with: the bundle's own, or else one that is made for it. */
const keyFor = (plan: Plan, { seen, jobInputs }: Material): string =>
  jobInputs.werfSecretKey ?? keyOfPlan({ bundle: seen.bundle.metadata, plan, key: seen.platform.checksumKey });

/** The action that begins a drift check. @param of.check - its number */
export const createPlan = ({
  applied,
  check,
  ...material
}: Material & { readonly applied: Applied; readonly check: number }): Action => {
  const input = planInput(inputOf(material), applied, check);
  const secrets = secretsFor(input, givenBy(material), material);
  return { kind: 'create-plan', job: sealed(buildPlanJob(input), secrets, material), secrets };
};

/** The action that begins the plan of a deployment. @param of.saves - whether werf saves it */
export const createDeploymentPlan = ({
  plan,
  saves,
  ...given
}: Material & { readonly plan: Plan; readonly saves: boolean }): Action => {
  const jobInputs = saves ? { ...given.jobInputs, werfSecretKey: keyFor(plan, given) } : given.jobInputs;
  const material = { ...given, jobInputs };
  const input = deploymentPlanInput(inputOf(material), plan, { saves });
  const secrets = secretsFor(input, givenBy(material), material);
  return { kind: 'create-plan', job: sealed(buildPlanJob(input), secrets, material), secrets, plan };
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

/** The action that keeps a plan as werf has saved it. */
export const keepPlan = (
  { seen, settings }: Pick<Material, 'seen' | 'settings'>,
  { plan, artifact }: AppliedPlan,
): Action => {
  const { bundle, platform } = seen;
  const { namespace, name, uid } = bundle.metadata;
  const of = { bundle: { namespace, name, uid }, plan, artifact, key: platform.checksumKey };
  const { targetNamespace } = settings.converge;
  return { kind: 'keep-plan', secret: keptPlanSecret({ ...of, targetNamespace, operatorVersion: platform.version }) };
};

const secretsFor = (input: JobParameters, jobInputs: SecretContents, material: Material): readonly Secret[] => {
  const { targetNamespace } = material.settings.converge;
  const key = material.seen.platform.checksumKey;
  return buildSecrets({ ...input, targetNamespace, key, jobInputs });
};

/** What is to be kept of the deployment, should it succeed. */
const keptFor = (input: JobParameters, material: Material): readonly Secret[] => {
  const { converge } = material.settings;
  if (converge.onFailure !== 'Return') return [];
  const { targetNamespace } = converge;
  const key = material.seen.platform.checksumKey;
  const { settings } = material;
  const kept = buildKept({ ...input, settings, targetNamespace, key, jobInputs: material.jobInputs });
  return kept === undefined ? [] : [kept];
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
  return { kind: 'create-job', job: sealed(job, [], { seen }), secrets: [], deployment };
};

const sealed = (job: Job, secrets: readonly Secret[], { seen }: Pick<Material, 'seen'>): Job =>
  sealedJob(
    job,
    secrets.map(({ metadata }) => metadata.name),
    seen.platform.checksumKey,
  );

/**
 * Names of the Secrets that were made for a Job, of those that a Job of its name can have: all of these, if it does not say.
 */
export const secretNamesIn = (job: Job): readonly string[] => {
  const possible = Object.values(secretNamesOf(job.metadata.name ?? ''));
  const said = job.metadata.annotations?.[ANNOTATIONS.secrets];
  if (said === undefined || said.length > LONGEST_LIST) return possible;
  const names = new Set(said.split(','));
  return possible.filter((name) => names.has(name));
};

/** Of five names of Secrets, characters. */
const LONGEST_LIST = 5 * 254;
