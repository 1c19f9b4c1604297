import { DEPLOY_REQUESTED, RECONCILE_REQUESTED, RELEASE_HOLD_REQUESTED } from '../../api/annotations.js';
import type { ConditionType } from '../../api/reasons.js';
import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** What was asked of the controller. */
export type Request =
  /** By annotation; `value` is what was written. */
  | { readonly kind: 'reconcile' | 'deploy'; readonly value: string }
  /** By another spec, which wants this tag. */
  | { readonly kind: 'spec'; readonly tag: string }
  /** By annotation: this tag is to be deployed, whatever the spec chooses. */
  | { readonly kind: 'rollback'; readonly tag: string }
  /** To follow the registry again. */
  | { readonly kind: 'release'; readonly value: string }
  /** By annotation: the plan with this hash, which is of the tag `planned`, is approved. */
  | { readonly kind: 'approval'; readonly hash: string; readonly planned: string };

/** What has become of it. */
export type Outcome =
  /** The controller has not looked at it: what the status says is of before. */
  | { readonly kind: 'untaken'; readonly before: string | undefined }
  /** It goes on; `message` is what the status says of it. */
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'ready'; readonly message: string }
  /** Somebody has to approve the plan, so that it can't go on by itself. */
  | { readonly kind: 'unapproved'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What the status of a bundle says of a request. Only what does not go on by itself is `ready`, `unapproved` or `failed`. */
export const outcomeOf = (bundle: StoredBundle, request: Request): Outcome => {
  const { metadata, status = {} } = bundle;
  if (metadata.deletionTimestamp !== undefined) return { kind: 'failed', message: 'it is being deleted' };
  const suspended = conditionOf(status, 'Suspended');
  const isSeen = status.observedGeneration === metadata.generation;
  if (isSeen && suspended?.status === 'True') return { kind: 'failed', message: suspended.message };
  // The condition that comes first says what holds a bundle up.
  if (!isSeen || !isHandled(bundle, request)) return { kind: 'untaken', before: status.conditions?.[0]?.message };
  const ready = conditionOf(status, 'Ready');
  const message = ready?.message ?? '';
  if (status.phase === 'Failed') return { kind: 'failed', message };
  if (ready?.reason === 'ApprovalAwaited') return { kind: 'unapproved', message };
  const registry = conditionOf(status, 'RegistryReachable');
  if (registry?.status === 'False') return { kind: 'waiting', message: registry.message };
  const wanted = wantedBy(request);
  const isThere = wanted === undefined || status.lastAppliedTag === wanted;
  const isSynced = status.phase === 'Synced' && ready?.status === 'True';
  if (isSynced && isThere) return { kind: 'ready', message };
  // Of what is deployed the status would say that all is well.
  if (isSynced && wanted !== undefined)
    return { kind: 'waiting', message: `the registry has not offered ${wanted} yet; the next poll asks again` };
  return { kind: 'waiting', message };
};

const conditionOf = ({ conditions }: WerfBundleStatus, type: ConditionType) =>
  conditions?.find((condition) => condition.type === type);

/** Whether this request was acted on, or a later one that has taken its place. */
const isHandled = ({ metadata, status }: StoredBundle, request: Request): boolean => {
  if (request.kind === 'spec') return true;
  if (request.kind === 'rollback') return status?.rollbackTo === request.tag;
  if (request.kind === 'release') {
    const asked = metadata.annotations?.[RELEASE_HOLD_REQUESTED];
    const isLetGo = asked !== request.value || status?.lastHandledHoldRelease === asked;
    return isLetGo && status?.rollbackTo === rollbackOf({ metadata });
  }
  if (request.kind === 'approval') return !isAwaited(status, request.hash);
  const [name, handled] =
    request.kind === 'deploy'
      ? [DEPLOY_REQUESTED, status?.lastHandledDeployRequest]
      : [RECONCILE_REQUESTED, status?.lastHandledRequest];
  const now = metadata.annotations?.[name];
  return handled !== undefined && (handled === request.value || (now !== request.value && handled === now));
};

/** The tag that is to be deployed, if one was named. */
const wantedBy = (request: Request): string | undefined => {
  if (request.kind === 'approval') return request.planned;
  return 'tag' in request ? request.tag : undefined;
};

/** Whether the status says that this very plan waits, so that its approval was not seen. */
const isAwaited = (status: WerfBundleStatus | undefined, hash: string): boolean =>
  status?.plan?.hash === hash && conditionOf(status, 'Ready')?.reason === 'ApprovalAwaited';

/** What a bundle does about a request, in a line: it is printed when it changes. '' while nothing is known. Why it has failed is said in the end, once. */
export const lineOf = ({ status }: StoredBundle, outcome: Outcome): string => {
  if (outcome.kind === 'untaken' || outcome.kind === 'unapproved') return '';
  if (outcome.kind === 'failed') return status?.phase === 'Failed' ? status.phase : '';
  if (outcome.kind === 'waiting' && status?.phase === 'Synced') return outcome.message;
  return [status?.phase, status?.conditions?.[0]?.message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
};
