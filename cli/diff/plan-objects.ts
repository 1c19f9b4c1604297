import type { Job, KubeObject, ObjectMeta, Secret } from '../../api/objects.js';
import type { InstallationKey } from '../../api/signature.js';
import type { JobParameters } from '../../controller/deploy/job-parameters.js';
import { APP_NAME, LABELS } from '../../controller/deploy/names.js';
import { buildPlanJob } from '../../controller/deploy/plan-job.js';
import { SECRET_KEYS } from '../../controller/deploy/secret-names.js';
import {
  buildSecrets,
  redactionSecretName,
  type SecretContents,
  secretTextsOf,
} from '../../controller/deploy/secrets.js';

/** Value of {@link LABELS}.managedBy: nothing that the controller takes for its own. */
const DIFF = 'werfbundle-diff';
/** How long after its end a Job stays that its user could not delete, seconds. */
const LEFT_BEHIND_S = 300;

/** What a plan needs in the cluster, and what its log must not show. */
interface PlanObjects {
  readonly job: Job;
  readonly secrets: readonly Secret[];
  readonly secretTexts: readonly string[];
}

/**
 * The Job of a plan and its Secrets, as the controller makes them for its own plans, but for the labels, annotations and owners by which it
 * knows its own: it must neither count nor believe these.
 * @param key - made for this plan alone
 */
export const planObjects = (
  parameters: JobParameters,
  { contents, key }: { readonly contents: SecretContents; readonly key: InstallationKey },
): PlanObjects => {
  const { settings, deployment } = parameters;
  const { targetNamespace } = settings.converge;
  const secrets = buildSecrets({ ...parameters, targetNamespace, key, jobInputs: contents });
  const redaction = secrets.find(({ metadata }) => metadata.name === redactionSecretName(deployment.jobName));
  const ref = { namespace: targetNamespace, name: deployment.jobName };
  // What the controller would hide, by its own function; undefined can't be: it was made here.
  const secretTexts = redaction === undefined ? [] : secretTextsOf(redaction, ref, key);
  if (secretTexts === undefined) throw new Error('what the log must not show is not known');
  return { job: ownJob(buildPlanJob(parameters)), secrets: secrets.flatMap(ownSecret), secretTexts };
};

const ownJob = (job: Job): Job => {
  const { spec } = job;
  if (spec === undefined) return disowned(job);
  const { template } = spec;
  return {
    ...disowned(job),
    spec: {
      ...spec,
      ttlSecondsAfterFinished: LEFT_BEHIND_S,
      template: { ...template, metadata: ownMetadata(template.metadata ?? {}) },
    },
  };
};

/** Without what the controller keeps to redact a log later; nothing, if that was all. */
const ownSecret = (secret: Secret): readonly Secret[] => {
  const { [SECRET_KEYS.redact]: _, ...data } = secret.data ?? {};
  return Object.keys(data).length === 0 ? [] : [{ ...disowned(secret), data }];
};

const disowned = <T extends KubeObject>(object: T): T => {
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata: ownMetadata(metadata) };
};

const ownMetadata = <M extends ObjectMeta>({ labels = {}, annotations = {}, ...rest }: M) => ({
  ...rest,
  labels: { ...foreign(labels), [LABELS.name]: APP_NAME, [LABELS.managedBy]: DIFF },
  annotations: foreign(annotations),
});

const CONTROLLERS = /^(werf\.io|app\.kubernetes\.io)\//;

const foreign = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => !CONTROLLERS.test(name)));
