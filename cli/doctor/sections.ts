const GUIDE = 'docs/troubleshooting.md';

/** Where the guide explains what a check is about; a spec compares them with its headings. */
export const SECTIONS = {
  look: `${GUIDE}#step-1-look-at-the-bundle`,
  syncing: `${GUIDE}#the-bundle-stays-in-syncing`,
  stopped: `${GUIDE}#six-failures-polling-has-stopped`,
  oomKilled: `${GUIDE}#a-job-fails-with-oomkilled`,
  jobFails: `${GUIDE}#a-job-fails-otherwise`,
  requests: `${GUIDE}#too-many-requests-to-the-registry`,
  log: `${GUIDE}#the-log-in-the-status-is-not-enough`,
  newVersions: `${GUIDE}#new-versions-are-not-deployed`,
  rolledBack: `${GUIDE}#a-person-has-rolled-back`,
  held: `${GUIDE}#a-version-that-failed-is-held`,
  approval: `${GUIDE}#a-deployment-waits-for-an-approval`,
  serviceAccount: `${GUIDE}#serviceaccount-not-found`,
  valuesMissing: `${GUIDE}#configmap-or-secret-with-values-not-found`,
  values: `${GUIDE}#values-are-not-what-was-expected`,
  schema: `${GUIDE}#the-schema-of-a-new-tag-refuses-the-values`,
  refused: `${GUIDE}#kubectl-apply-is-refused-or-times-out`,
  drift: `${GUIDE}#what-is-deployed-was-changed-by-others`,
  operator: `${GUIDE}#the-operator-itself`,
} as const;
