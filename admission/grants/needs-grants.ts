import { APPROVE_PLAN, OWN_ANNOTATIONS, RECONCILE_REQUESTED } from '../../api/annotations.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import type { AdmissionRequest } from '../admission-request.js';
import { isJudged } from '../judge-spec.js';
import { sameJson } from '../same-json.js';

/**
 * Whether a request uses the bundle's rights: it creates the bundle, or changes its spec or one of this project's annotations. A
 * request to reconcile only does what would happen anyway, and an approval has a check of its own. An object that is being deleted must be able to lose its finalizers.
 */
export const needsGrants = (request: AdmissionRequest): boolean => {
  if (isJudged(request)) return true;
  const { object, oldObject } = request;
  return object.metadata.deletionTimestamp === undefined && !sameJson(rights(object), rights(oldObject));
};

/** The annotations that make the controller act. */
const rights = (bundle: WerfBundle | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(bundle?.metadata.annotations ?? {}).filter(
      ([name]) => name.startsWith(OWN_ANNOTATIONS) && name !== RECONCILE_REQUESTED && name !== APPROVE_PLAN,
    ),
  );
