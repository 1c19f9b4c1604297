/** Annotations of a bundle that ask for a look at the registry now; only a new, non-empty value counts. */
export const RECONCILE_REQUESTED = 'werf.io/reconcile-requested-at';
export const FLUX_RECONCILE_REQUESTED = 'reconcile.fluxcd.io/requestedAt';
/** Annotation of a bundle: `warn` admits it although something that it refers to does not exist. */
export const MISSING_REFERENCES = 'werf.io/missing-references';
/** What the names of this project's own annotations begin with. */
export const OWN_ANNOTATIONS = 'werf.io/';
