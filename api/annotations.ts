/** Annotations of a bundle that ask for a look at the registry now; only a new, non-empty value counts. */
export const RECONCILE_REQUESTED = 'werf.io/reconcile-requested-at';
export const FLUX_RECONCILE_REQUESTED = 'reconcile.fluxcd.io/requestedAt';
/** Annotation of a bundle that asks for a deployment though nothing has changed; only a new, non-empty value counts, once. */
export const DEPLOY_REQUESTED = 'werf.io/deploy-requested-at';
/** Annotation of a bundle: `true` lets a lower version follow a higher one that is no longer offered, once two scans agree. */
export const ALLOW_DOWNGRADE = 'werf.io/allow-downgrade';
/** Annotation of a bundle: as long as it is there, its tag is the one that is wanted, whatever spec.registry chooses; an empty one is none. */
export const ROLLBACK_TO = 'werf.io/rollback-to';
/** Annotation of a bundle that lets go what is held since it failed; only a new, non-empty value counts. */
export const RELEASE_HOLD_REQUESTED = 'werf.io/release-hold-requested-at';
/** Annotation of a bundle: `warn` admits it although something that it refers to does not exist. */
export const MISSING_REFERENCES = 'werf.io/missing-references';
/**
 * Annotation of a bundle: `warn` admits values that its deployed chart refuses; `deny` refuses changes of ConfigMaps and Secrets as well that
 * would bring such values (the values guard), which are warned of otherwise.
 */
export const REFUSED_VALUES = 'werf.io/refused-values';
/** Annotation of a bundle, which `werfbundle rollback` writes: the tag that it has pinned, and what chose the tag before. */
export const BEFORE_ROLLBACK = 'werf.io/before-rollback';
/** Annotation of what `--max-impact` judges, the command line's or the webhook's: the code of its content, which confirms that it hits as many bundles as it does. */
export const CONFIRM_IMPACT = 'werf.io/confirm-impact';
/** Annotation of a bundle with deletions held: the hash of the plan whose deletions may be made. The webhook asks who may write it. */
export const APPROVE_PLAN = 'werf.io/approve-plan';
/** What the names of this project's own annotations begin with. */
export const OWN_ANNOTATIONS = 'werf.io/';
/** Annotation of a bundle with deletionPolicy Dismiss: `true` keeps it until its release is uninstalled, however often that fails. */
export const DISMISS_REQUIRED = 'werf.io/dismiss-required';
