/** Keys inside a Job's own Secrets. */
export const SECRET_KEYS = {
  /** The file for `--values`. */
  values: 'values.yaml',
  /** What must not appear in the Job's log; never mounted. */
  redact: 'redact.json',
  /** The only key that the Secret type kubernetes.io/dockerconfigjson allows. */
  dockerConfig: '.dockerconfigjson',
  key: 'key',
  ca: 'ca.crt',
  /** What the deployment was made with beside the values file; never mounted. */
  kept: 'kept.json',
  /** A plan as werf has saved it. */
  plan: 'plan.gz',
  /** Proof that the controller has written what stands beside it. */
  signature: 'signature',
} as const;

/** Names of a Job's own Secrets; a Job's name has at most 63 characters, a Secret's may have 253. */
export const secretNamesOf = (jobName: string) => ({
  values: `${jobName}-values`,
  dockerConfig: `${jobName}-docker`,
  key: `${jobName}-key`,
  ca: `${jobName}-ca`,
  /** What to keep of the deployment once it has succeeded. */
  kept: `${jobName}-kept`,
  /** Of a deployment's Job: the saved plan that it applies; of a plan's: what it has saved, which outlives the Job. */
  plan: `${jobName}-plan`,
});
