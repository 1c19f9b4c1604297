import { DEPLOY_REQUESTED, RECONCILE_REQUESTED } from '../../api/annotations.js';
import type { ConditionType } from '../../api/reasons.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** What was asked of the controller. */
export type Request =
  /** By annotation; `value` is what was written. */
  | { readonly kind: 'reconcile' | 'deploy'; readonly value: string }
  /** By another spec, which wants this tag. */
  | { readonly kind: 'spec'; readonly tag: string };

/** What has become of it. */
export type Outcome =
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'ready'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What the status of a bundle says of a request. Only what is final is `ready` or `failed`. */
export const outcomeOf = (bundle: StoredBundle, request: Request): Outcome => {
  const { metadata, status = {} } = bundle;
  if (metadata.deletionTimestamp !== undefined) return { kind: 'failed', message: 'it is being deleted' };
  const suspended = conditionOf(status, 'Suspended');
  const isSeen = status.observedGeneration === metadata.generation;
  if (isSeen && suspended?.status === 'True') return { kind: 'failed', message: suspended.message };
  if (!isSeen || !isHandled(bundle, request))
    return { kind: 'waiting', for: `the controller to take it up${aside(status)}` };
  const ready = conditionOf(status, 'Ready');
  const message = ready?.message ?? '';
  if (status.phase === 'Failed') return { kind: 'failed', message };
  const registry = conditionOf(status, 'RegistryReachable');
  if (registry?.status === 'False') return { kind: 'waiting', for: registry.message };
  const isThere = request.kind !== 'spec' || status.lastAppliedTag === request.tag;
  if (status.phase === 'Synced' && ready?.status === 'True' && isThere) return { kind: 'ready', message };
  return { kind: 'waiting', for: message };
};

/** The condition that comes first says what holds a bundle up. */
const aside = ({ conditions }: WerfBundleStatus): string =>
  conditions?.[0] === undefined ? '' : `; it says: ${conditions[0].message}`;

const conditionOf = ({ conditions }: WerfBundleStatus, type: ConditionType) =>
  conditions?.find((condition) => condition.type === type);

/** Whether this request was acted on, or a later one that has taken its place. */
const isHandled = ({ metadata, status }: StoredBundle, request: Request): boolean => {
  if (request.kind === 'spec') return true;
  const [name, handled] =
    request.kind === 'deploy'
      ? [DEPLOY_REQUESTED, status?.lastHandledDeployRequest]
      : [RECONCILE_REQUESTED, status?.lastHandledRequest];
  const now = metadata.annotations?.[name];
  return handled !== undefined && (handled === request.value || (now !== request.value && handled === now));
};

/** What a bundle does, in a line: it is printed when it changes. */
export const lineOf = ({ status }: StoredBundle): string =>
  [status?.phase, status?.conditions?.[0]?.message].filter((part) => part !== undefined && part !== '').join(': ');
