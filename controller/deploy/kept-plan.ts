import { createHash } from 'node:crypto';
import type { ObjectRef, Secret } from '../../api/objects.js';
import { type InstallationKey, isSignature, signatureOf } from '../../api/signature.js';
import type { Plan } from '../../api/werfbundle.js';
import { annotationsOf, labelsOf, ownerOf } from './job.js';
import type { BundleIdentity } from './job-parameters.js';
import { LABELS } from './names.js';
import { SECRET_KEYS, secretNamesOf } from './secret-names.js';

/** The plan of a bundle, and by what its Secret is known again. */
interface KeptPlan {
  readonly bundle: BundleIdentity;
  readonly plan: Plan;
  readonly targetNamespace: string;
  readonly key: InstallationKey;
}

/** Name of the Secret in the target namespace in which a saved plan waits for its deployment. */
export const keptPlanName = ({ jobName }: Pick<Plan, 'jobName'>): string => secretNamesOf(jobName).plan;

/**
 * The key that a plan is encrypted with where its bundle has none: it is made of the installation's, for this plan alone, and stands nowhere.
 * @returns 64 hexadecimal digits, as werf wants them for AES
 */
export const keyOfPlan = ({ bundle: { uid }, plan, key }: Pick<KeptPlan, 'bundle' | 'plan' | 'key'>): string => {
  const { number, after, jobName, startedAt } = plan;
  const content = { uid, number, after, jobName, startedAt };
  return signatureOf({ purpose: 'plan-key', content }, key).split(':').at(-1) ?? '';
};

/** The immutable Secret that keeps a plan as werf has saved it. @param of.artifact - base64 */
export const keptPlanSecret = (
  of: KeptPlan & { readonly artifact: string; readonly operatorVersion: string },
): Secret & { readonly metadata: ObjectRef } => {
  const { bundle, plan, targetNamespace, artifact, key } = of;
  const { number, tag, digest, checksum, jobName } = plan;
  const deployment = { number, tag, digest, checksum, jobName, reason: 'Plan' } as const;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: keptPlanName(plan),
      namespace: targetNamespace,
      labels: { ...labelsOf(bundle), [LABELS.job]: jobName },
      annotations: annotationsOf({ ...of, deployment, plan: number }),
      ...ownerOf(bundle, targetNamespace),
    },
    type: 'Opaque',
    immutable: true,
    data: {
      [SECRET_KEYS.plan]: artifact,
      [SECRET_KEYS.signature]: Buffer.from(signatureOf(signedPlan(of, artifact), key)).toString('base64'),
    },
  };
};

/** What such a Secret keeps. @returns base64; undefined if it is not just what the controller has written for just this plan */
export const keptPlanIn = ({ data = {} }: Secret, of: KeptPlan): string | undefined => {
  const { [SECRET_KEYS.plan]: artifact, [SECRET_KEYS.signature]: encoded } = data;
  if (artifact === undefined || encoded === undefined) return undefined;
  const signature = Buffer.from(encoded, 'base64').toString('utf8');
  return isSignature(signature, signedPlan(of, artifact), of.key) ? artifact : undefined;
};

const signedPlan = ({ bundle, plan, targetNamespace: namespace }: KeptPlan, artifact: string) => {
  const { number, after, tag, digest, checksum, startedAt } = plan;
  const of = { uid: bundle.uid, namespace, name: keptPlanName(plan), number, after, tag, digest, checksum, startedAt };
  return {
    purpose: 'kept-plan',
    content: { ...of, artifact: createHash('sha256').update(artifact).digest('hex') },
  } as const;
};
