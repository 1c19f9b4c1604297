// Generated from manifests/crd/werfbundles.werf.io.yaml by `npm run generate`; not to be edited.

/**
 * What to deploy, and how.
 */
export interface WerfBundleSpec {
  /**
   * Where the bundle is published, and which of its tags to deploy.
   */
  registry: {
    /**
     * The bundle's repository, host[:port]/path, without tag and digest: "ghcr.io/acme/app". A leading "oci://" is accepted.
     */
    url: string;
    /**
     * A Secret of type kubernetes.io/dockerconfigjson in the bundle's namespace. Without it, the controller's --default-registry-secret is used, else anonymous access.
     */
    secretRef?: {
      name: string;
    };
    /**
     * How often the registry is asked for new tags, a Go duration from 1m to 24h.
     */
    pollInterval?: string;
    /**
     * A range of semantic versions, as Helm and Flux read them: ">=1.2.0 <2.0.0", "^1.4", "~1.2 || 2.x". A comma or a space means and. Pre-releases match only if the constraint names one. "" means none.
     */
    versionConstraint?: string;
    /**
     * An RE2 expression; only tags that match are looked at. If it has a group, the text of the first group is what is compared.
     */
    tagPattern?: string;
    /**
     * How tags compare when there is no versionConstraint: as text, byte by byte (when left out), or as numbers.
     */
    tagOrder?: 'Text' | 'Number';
    /**
     * Exactly this tag; when it is published again, it is deployed again.
     */
    tag?: string;
    /**
     * Plain HTTP instead of HTTPS.
     */
    insecure?: boolean;
    /**
     * A Secret in the bundle's namespace whose key ca.crt holds the registry's CA certificates.
     */
    caSecretRef?: {
      name: string;
    };
  };
  /**
   * How the bundle is deployed.
   */
  converge?: {
    /**
     * The namespace to deploy into; the bundle's own if left out. Fixed once something was deployed.
     */
    targetNamespace?: string;
    /**
     * The Helm release's name; the bundle's name, cut to 53 characters, if left out. Fixed once something was deployed.
     */
    releaseName?: string;
    /**
     * The ServiceAccount, in the target namespace, that the deploy Job runs as. Required when the target namespace is not the bundle's own.
     */
    serviceAccountName?: string;
    /**
     * Limits of the deploy Job's Pod; its requests are the same.
     */
    resourceLimits?: {
      cpu?: number | string;
      memory?: number | string;
    };
    /**
     * Days until a finished Job and its log are deleted.
     */
    logRetentionDays?: number;
    /**
     * How long one deploy may take, a Go duration from 1m to 24h.
     */
    timeout?: string;
    /**
     * How often a failed Job is tried again, after 30s, 1m, 2m, 4m, 8m and so on.
     */
    retries?: number;
    /**
     * The image with werf in it; the controller's --werf-image if left out.
     */
    image?: string;
    /**
     * werf's --env.
     */
    environment?: string;
    /**
     * A Secret in the bundle's namespace with WERF_SECRET_KEY, for encrypted values.
     */
    werfSecretKeyRef?: {
      name: string;
      key?: string;
    };
    /**
     * werf's --auto-rollback.
     */
    rollbackOnFailure?: boolean;
    /**
     * ConfigMaps and Secrets with values, merged in order: later ones win. Looked for in the bundle's namespace first, then in the target namespace, unless an item says otherwise (from).
     *
     * @maxItems 64
     */
    valuesFrom?: {
      configMapRef?: {
        name: string;
      };
      secretRef?: {
        name: string;
      };
      /**
       * Only this key of it; all of its keys if left out.
       */
      key?: string;
      /**
       * Skipped, if it does not exist. False if left out.
       */
      optional?: boolean;
      /**
       * Where it is looked for: in the bundle's namespace (Bundle), in the target namespace (Target), or in the bundle's first and then in the target (Either). Either if left out.
       */
      from?: 'Bundle' | 'Target' | 'Either';
    }[];
    /**
     * Values written here; merged last, so they win.
     */
    values?: {
      [k: string]: unknown;
    };
    /**
     * Looks at intervals whether the cluster still is as the bundle says.
     */
    driftDetection?: {
      enabled?: boolean;
      /**
       * A Go duration from 1m to 24h.
       */
      interval?: string;
      /**
       * Deploys the same again when it has drifted.
       */
      correct?: boolean;
      /**
       * How many corrections in a row, before it is left to a person.
       */
      maxRetries?: number;
    };
  };
  /**
   * What becomes of the release when the bundle is deleted: Orphan leaves it, Dismiss uninstalls it first.
   */
  deletionPolicy?: 'Orphan' | 'Dismiss';
  /**
   * While true, nothing is polled and nothing is deployed.
   */
  suspend?: boolean;
}

/**
 * What the controller has done and seen.
 */
export interface WerfBundleStatus {
  /**
   * What the controller is doing.
   */
  phase?: 'Syncing' | 'Synced' | 'Failed';
  observedGeneration?: number;
  conditions?: {
    type: string;
    status: 'True' | 'False' | 'Unknown';
    reason: string;
    message: string;
    lastTransitionTime: string;
    observedGeneration?: number;
  }[];
  /**
   * The last tag whose Job succeeded.
   */
  lastAppliedTag?: string;
  lastAppliedDigest?: string;
  /**
   * The tag of the last Job, whatever became of it.
   */
  lastAttemptedTag?: string;
  /**
   * When the last successful deploy ended.
   */
  lastSyncTime?: string;
  lastErrorMessage?: string;
  lastErrorTime?: string;
  /**
   * Failed polls in a row. Polling stops at 6; set it to 0 to start again.
   */
  consecutiveFailures?: number;
  /**
   * When what failed is tried again.
   */
  nextAttemptTime?: string;
  /**
   * Fingerprint of the credentials and CA of the last failed poll, keyed. Others are tried at once.
   */
  failedCredentials?: string;
  /**
   * The registry's ETag of the list of tags, or a hash of the tags ("tags-sha256:...").
   */
  lastETag?: string;
  /**
   * The deployment that was decided last; written before its Job is created.
   */
  deployment?: {
    number: number;
    /**
     * Which try of the same deployment this is, from 1.
     */
    attempt?: number;
    /**
     * The bundle's generation that this was decided for.
     */
    generation?: number;
    tag: string;
    digest: string;
    reason:
      | 'NewTag'
      | 'MovedTag'
      | 'NewSpec'
      | 'NewValues'
      | 'Retry'
      | 'Requested'
      | 'DriftCorrection'
      | 'Downgrade'
      | 'JobLost'
      | 'Dismiss';
    /**
     * Of the deploy-relevant spec and the values.
     */
    checksum: string;
    jobName: string;
    startedAt: string;
  };
  /**
   * The Job that runs now.
   */
  activeJobName?: string;
  lastJobName?: string;
  lastJobStatus?: 'Running' | 'Succeeded' | 'Failed';
  /**
   * The end of the last Job's log, at most 5 KB.
   */
  lastJobLogs?: string;
  resolvedTargetNamespace?: string;
  appliedChecksum?: string;
  lastHandledReconcileAt?: string;
  lastHandledRequest?: string;
  /**
   * The last value of the annotation werf.io/deploy-requested-at that was answered.
   */
  lastHandledDeployRequest?: string;
  /**
   * When the last check for drift ended.
   */
  lastDriftCheckTime?: string;
  /**
   * How many checks for drift have ended.
   */
  driftCheckCount?: number;
  /**
   * Corrections in a row, since one was last seen to take.
   */
  driftCorrectionAttempts?: number;
  /**
   * The controller's proof that it has written this status. Another status is not believed, but corrected.
   */
  signature?: string;
  /**
   * The last deployments, newest first.
   *
   * @maxItems 10
   */
  history?: {
    number: number;
    tag: string;
    digest?: string;
    checksum?: string;
    reason: string;
    result: 'Succeeded' | 'Failed' | 'Lost' | 'Refused' | 'Superseded';
    message?: string;
    jobName?: string;
    startedAt?: string;
    finishedAt: string;
  }[];
}
