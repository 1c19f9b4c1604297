import { RECONCILE_REQUESTED } from '../api/annotations.js';
import type { AddOperation } from '../api/defaults.js';
import { valueAt } from '../api/json-map.js';
import type { Warning } from '../api/problem.js';
import type { AdmissionRequest } from './admission-request.js';

/** What /mutate does beside the defaults. */
interface Reset {
  readonly patch: readonly AddOperation[];
  readonly warnings: readonly Warning[];
}

const FIELD = 'status.consecutiveFailures';

/**
 * The guide resets a bundle's failures with a patch of the whole object, from which the apiserver drops the status: a request to
 * reconcile takes its place. Not if the same patch makes such a request itself, so that a second call finds nothing to do.
 * @param now - milliseconds since 1970
 */
export const resetOf = ({ object, oldObject }: AdmissionRequest, now: number): Reset => {
  const before = valueAt(oldObject, 'status', 'consecutiveFailures');
  const after = valueAt(object, 'status', 'consecutiveFailures');
  const requested = (bundle: unknown): unknown => valueAt(bundle, 'metadata', 'annotations', RECONCILE_REQUESTED);
  const wished = typeof before === 'number' && before > 0 && after === 0;
  if (!wished || requested(object) !== requested(oldObject)) return { patch: [], warnings: [] };
  const value = new Date(now).toISOString();
  const { annotations } = object.metadata;
  const patch: AddOperation =
    annotations === undefined || annotations === null
      ? { op: 'add', path: '/metadata/annotations', value: { [RECONCILE_REQUESTED]: value } }
      : { op: 'add', path: `/metadata/annotations/${RECONCILE_REQUESTED.replace('/', '~1')}`, value };
  const message = `a status can only be changed with --subresource=status; the annotation ${RECONCILE_REQUESTED} was set instead, which asks for a poll`;
  return { patch: [patch], warnings: [{ rule: 'status-reset', field: FIELD, message }] };
};
