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
      /**
       * The Secret's name.
       */
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
      /**
       * The Secret's name.
       */
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
      /**
       * CPU that the Job's Pod may use and is given, 500m for example.
       */
      cpu?: number | string;
      /**
       * Memory that the Job's Pod may use and is given, 512Mi for example; a Job that needs more is OOMKilled.
       */
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
     * The environment that the chart is told, werf's --env.
     */
    environment?: string;
    /**
     * A Secret in the bundle's namespace with WERF_SECRET_KEY, for encrypted values.
     */
    werfSecretKeyRef?: {
      /**
       * The Secret's name.
       */
      name: string;
      /**
       * The key of the Secret that holds it.
       */
      key?: string;
    };
    /**
     * Whether a deploy that fails is rolled back to the release before, werf's --auto-rollback.
     */
    rollbackOnFailure?: boolean;
    /**
     * Whether a plan of what a deployment would change is made and told in status.plan before it begins: Never, or Show. Needs werf 2.53 or later.
     */
    plan?: 'Never' | 'Show';
    /**
     * What follows a deploy that failed for good: nothing (Stay), or one of what was deployed last with success (Return); then what failed is held until the registry offers another digest, or somebody lets it go.
     */
    onFailure?: 'Stay' | 'Return';
    /**
     * Hold plans each deployment, whatever plan says, and keeps one that would delete or recreate volumes, StatefulSets, Namespaces or CustomResourceDefinitions waiting until somebody has approved that plan.
     */
    deletions?: 'Allow' | 'Hold';
    /**
     * ConfigMaps and Secrets with values, merged in order: later ones win. Looked for in the bundle's namespace first, then in the target namespace, unless an item says otherwise (from).
     *
     * @maxItems 64
     *
     * Items: One source of values, a ConfigMap or a Secret.
     */
    valuesFrom?: {
      /**
       * A ConfigMap with values; keys that end in .yaml, .yml or .json hold YAML, others the text of one value.
       */
      configMapRef?: {
        /**
         * The ConfigMap's name.
         */
        name: string;
      };
      /**
       * A Secret with values; keys that end in .yaml, .yml or .json hold YAML, others the text of one value.
       */
      secretRef?: {
        /**
         * The Secret's name.
         */
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
      /**
       * Whether it looks for drift at all.
       */
      enabled?: boolean;
      /**
       * How long from one check to the next, a Go duration from 1m to 24h.
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
  /**
   * The generation of the spec that this status is about; -1 until the controller has seen the bundle.
   */
  observedGeneration?: number;
  /**
   * What is known, by type: Ready (what was asked for is deployed), Suspended, Reconciling, Stalled (a person must act), RegistryReachable, Held (what the registry offers is not deployed), Drifted, DriftCorrectionFailed.
   *
   * Items: One condition, as Kubernetes has them.
   */
  conditions?: {
    /**
     * What the condition is about, Ready for example.
     */
    type: string;
    /**
     * Whether it is so; Unknown if that is not known yet.
     */
    status: 'True' | 'False' | 'Unknown';
    /**
     * Why, in one word; docs/reference/reasons.md has a table of them.
     */
    reason: string;
    /**
     * What has happened, and what to do.
     */
    message: string;
    /**
     * When the status of the condition last changed.
     */
    lastTransitionTime: string;
    /**
     * The generation of the spec that the condition is about.
     */
    observedGeneration?: number;
  }[];
  /**
   * The last tag whose Job succeeded.
   */
  lastAppliedTag?: string;
  /**
   * The digest of the bundle that was deployed last.
   */
  lastAppliedDigest?: string;
  /**
   * The digest of the bundle that would be deployed next, if the schema of its chart refuses today's values.
   */
  refusedDigest?: string;
  /**
   * The tag of the last Job, whatever became of it.
   */
  lastAttemptedTag?: string;
  /**
   * When the last successful deploy ended.
   */
  lastSyncTime?: string;
  /**
   * The last error, until what was asked for is deployed.
   */
  lastErrorMessage?: string;
  /**
   * When the last error came; it stays.
   */
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
    /**
     * The bundle's deployments, counted from 1.
     */
    number: number;
    /**
     * Which try of the same deployment this is, from 1.
     */
    attempt?: number;
    /**
     * The bundle's generation that this was decided for.
     */
    generation?: number;
    /**
     * The tag that is deployed.
     */
    tag: string;
    /**
     * The digest that the tag had when it was decided; only this is deployed.
     */
    digest: string;
    /**
     * Why there is this deployment.
     */
    reason:
      | 'NewTag'
      | 'MovedTag'
      | 'NewSpec'
      | 'NewValues'
      | 'Retry'
      | 'Requested'
      | 'DriftCorrection'
      | 'Downgrade'
      | 'Rollback'
      | 'Return'
      | 'JobLost'
      | 'Dismiss';
    /**
     * A checksum of the deploy-relevant spec and the values.
     */
    checksum: string;
    /**
     * The name that its Job has, or will have.
     */
    jobName: string;
    /**
     * When it was decided.
     */
    startedAt: string;
  };
  /**
   * The plan that was made last, of what a deployment would change; while there is no result, the one that is being made. Written before its Job is created.
   */
  plan?: {
    /**
     * The number of the plan's Job, from 1; each further try has the next one.
     */
    number: number;
    /**
     * The number of the last deployment before it; 0 if there was none.
     */
    after: number;
    /**
     * The tag that would be deployed.
     */
    tag: string;
    /**
     * The digest that the tag had when the plan was decided.
     */
    digest: string;
    /**
     * A checksum of the deploy-relevant spec and the values that it was made with.
     */
    checksum: string;
    /**
     * Why there would be this deployment.
     */
    reason:
      | 'NewTag'
      | 'MovedTag'
      | 'NewSpec'
      | 'NewValues'
      | 'Retry'
      | 'Requested'
      | 'DriftCorrection'
      | 'Downgrade'
      | 'Rollback'
      | 'Return'
      | 'JobLost'
      | 'Dismiss';
    /**
     * Which try of the same deployment it would be, from 1.
     */
    attempt?: number;
    /**
     * The bundle's generation that this was decided for.
     */
    generation?: number;
    /**
     * The name that its Job has, or will have.
     */
    jobName: string;
    /**
     * When it was decided.
     */
    startedAt: string;
    /**
     * How many Jobs of it have failed so far.
     */
    failedTries?: number;
    /**
     * When the last one of them failed.
     */
    triedAt?: string;
    /**
     * Made, or Failed, if it could not be made; none yet, while it is being made.
     */
    result?: 'Made' | 'Failed';
    /**
     * When it was made, or given up.
     */
    finishedAt?: string;
    /**
     * What annotation werf.io/approve-plan has to say to approve it. A plan of another tag, of other values, after another deployment, or of other objects that would be lost has another one.
     */
    hash?: string;
    /**
     * How many objects would be changed, and how; none, if werf did not say.
     */
    counts?: {
      /**
       * Objects that would be created.
       */
      create: number;
      /**
       * Objects that would be changed.
       */
      update: number;
      /**
       * Objects that would be deleted and created anew.
       */
      recreate: number;
      /**
       * Objects that would be deleted.
       */
      delete: number;
    };
    /**
     * Objects that would be deleted, those that a Hold holds first.
     *
     * @maxItems 20
     *
     * Items: An object, as werf names it.
     */
    deleted?: {
      /**
       * Its kind.
       */
      kind: string;
      /**
       * Its name.
       */
      name: string;
      /**
       * Its namespace, if that is not the release's own.
       */
      namespace?: string;
    }[];
    /**
     * Objects that would be deleted and created anew, those that a Hold holds first.
     *
     * @maxItems 20
     *
     * Items: An object, as werf names it.
     */
    recreated?: {
      /**
       * Its kind.
       */
      kind: string;
      /**
       * Its name.
       */
      name: string;
      /**
       * Its namespace, if that is not the release's own.
       */
      namespace?: string;
    }[];
    /**
     * How many more objects would be deleted or recreated than are listed.
     */
    unlisted?: number;
    /**
     * How many objects would be deleted or recreated that the plan does not name; a Hold holds them.
     */
    unnamed?: number;
    /**
     * Exactly: the first deployment after it applies just this plan, as werf has saved it. Anew: werf plans once more when it deploys, and may then do something else.
     */
    applies?: 'Exactly' | 'Anew';
    /**
     * Why that is so.
     */
    whyAnew?: string;
    /**
     * How many saved plans werf has not taken just before, so that another one was made.
     */
    refusals?: number;
    /**
     * What it says, in a line; or why it could not be made, or says less.
     */
    message?: string;
  };
  /**
   * The Job that runs now.
   */
  activeJobName?: string;
  /**
   * The Job that was created last.
   */
  lastJobName?: string;
  /**
   * What became of the last Job.
   */
  lastJobStatus?: 'Running' | 'Succeeded' | 'Failed';
  /**
   * The end of the last Job's log, at most 5 KB.
   */
  lastJobLogs?: string;
  /**
   * The namespace that the release lives in.
   */
  resolvedTargetNamespace?: string;
  /**
   * A checksum of the deploy-relevant spec and the values that were deployed last.
   */
  appliedChecksum?: string;
  /**
   * The last value of the annotation reconcile.fluxcd.io/requestedAt that was acted on.
   */
  lastHandledReconcileAt?: string;
  /**
   * The last value of the annotation werf.io/reconcile-requested-at that was acted on.
   */
  lastHandledRequest?: string;
  /**
   * The last value of the annotation werf.io/deploy-requested-at that was answered.
   */
  lastHandledDeployRequest?: string;
  /**
   * The tag of the annotation werf.io/rollback-to that this status is about; left out without one.
   */
  rollbackTo?: string;
  /**
   * The last value of the annotation werf.io/release-hold-requested-at that was acted on.
   */
  lastHandledHoldRelease?: string;
  /**
   * What failed and was returned from, newest first. It is not deployed, whatever the registry offers, until somebody lets it go or something else was deployed with success.
   *
   * @maxItems 5
   *
   * Items: One of them.
   */
  holds?: {
    /**
     * The tag that failed.
     */
    tag: string;
    /**
     * The digest that failed; this is what is held, whatever tag has it. If what was returned to has the same digest, it is held with this checksum only.
     */
    digest: string;
    /**
     * A checksum of the deploy-relevant spec and the values that it failed with.
     */
    checksum: string;
    /**
     * The number of the deployment that failed.
     */
    number: number;
    /**
     * Since when it is held.
     */
    since: string;
    /**
     * Why it failed.
     */
    message: string;
    /**
     * What was deployed last with success, and returned to.
     */
    good: {
      /**
       * Its tag.
       */
      tag: string;
      /**
       * Its digest.
       */
      digest: string;
      /**
       * A checksum of the deploy-relevant spec and the values that it was deployed with.
       */
      checksum: string;
      /**
       * The number of the deployment that kept these values; left out if they are not kept.
       */
      number?: number;
    };
  }[];
  /**
   * While something is held: a checksum of the deploy-relevant spec and the values as they were read last. If one of the holds has it, what is deployed has the values that are kept, and not these.
   */
  presentChecksum?: string;
  /**
   * Where it is kept what the last successful deployment was made with, so that it can be returned to (spec.converge.onFailure: Return); left out if it is not kept.
   */
  kept?: {
    /**
     * The number of that deployment.
     */
    number: number;
    /**
     * Its checksum of the deploy-relevant spec and the values; it is of use while that is appliedChecksum.
     */
    checksum: string;
    /**
     * The namespace of the Secret.
     */
    namespace: string;
    /**
     * The name of the Secret.
     */
    name: string;
  };
  /**
   * Why what was deployed last with success could not be deployed again; left out otherwise.
   */
  notReturned?: {
    /**
     * The number of the deployment that it should have followed.
     */
    number: number;
    /**
     * Why, and what to do.
     */
    message: string;
  };
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
   *
   * Items: One deployment that has ended.
   */
  history?: {
    /**
     * The deployment's number, from 1.
     */
    number: number;
    /**
     * The tag that was deployed.
     */
    tag: string;
    /**
     * The digest that was deployed.
     */
    digest?: string;
    /**
     * A checksum of the deploy-relevant spec and the values.
     */
    checksum?: string;
    /**
     * Why there was this deployment.
     */
    reason: string;
    /**
     * How it ended: Superseded gave way before werf was started, or werf has not taken its saved plan and changed nothing, Lost ended without a result.
     */
    result: 'Succeeded' | 'Failed' | 'Lost' | 'Refused' | 'Superseded';
    /**
     * What there is to say of the end.
     */
    message?: string;
    /**
     * The Job's name; it is deleted after spec.converge.logRetentionDays.
     */
    jobName?: string;
    /**
     * When it was decided.
     */
    startedAt?: string;
    /**
     * When it ended.
     */
    finishedAt: string;
  }[];
}
