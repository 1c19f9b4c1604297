import { APPROVE_PLAN } from '../../api/annotations.js';
import { forbidden, internalError } from '../../api/validate/wording.js';
import { GROUP, PLURAL } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import type { Clock } from '../../process/ports.js';
import { Semaphore } from '../../process/semaphore.js';
import type { AdmissionRequest } from '../admission-request.js';
import type { LookupMetrics } from '../metrics.js';
import { lookupTime } from '../references/lookup-time.js';
import type { CallTime, Check, Findings } from '../verdict.js';
import { AccessReviews, type Permission } from './access-reviews.js';

interface ApprovalDeps {
  readonly client: Pick<KubeClient, 'ask'>;
  readonly clock: Clock;
  readonly metrics: LookupMetrics;
}

const FIELD = `metadata.annotations[${APPROVE_PLAN}]`;
const NOTHING: Findings = { problems: [], warnings: [] };

/**
 * The check of who approves a plan: whoever gives annotation `werf.io/approve-plan` a value needs the verb `approve` on the bundle,
 * whatever the platform's other grants are. A value that stays as it was is nobody's approval, and taking it away needs none.
 */
export const createApprovalCheck =
  (deps: ApprovalDeps): Check =>
  (request, call) =>
    approves(request) ? asked(deps, request, call) : NOTHING;

const approves = ({ object, oldObject }: AdmissionRequest): boolean => {
  const value = object.metadata.annotations?.[APPROVE_PLAN] ?? '';
  return value !== '' && value !== oldObject?.metadata.annotations?.[APPROVE_PLAN];
};

/** Who it was the apiserver knows, and what by this, also where its audit log has no bodies. */
const approved = ({ metadata }: AdmissionRequest['object']): Findings => {
  const hash = (metadata.annotations?.[APPROVE_PLAN] ?? '').slice(0, LONGEST_AUDITED);
  return { ...NOTHING, audit: { 'approved-plan': hash } };
};

/** Hashes are shorter; somebody may write anything, characters. */
const LONGEST_AUDITED = 64;

/** What can't be found out counts as not permitted. */
const asked = async (deps: ApprovalDeps, request: AdmissionRequest, call: CallTime): Promise<Findings> => {
  const { object, namespace, requester } = request;
  const { name } = object.metadata;
  const time = lookupTime(deps.clock, call, request.withinMs);
  try {
    const reviews = new AccessReviews({ ...deps, slots: new Semaphore(1), time }, requester);
    const permission: Permission = {
      verb: 'approve',
      group: GROUP,
      resource: PLURAL,
      namespace,
      ...(name !== undefined && { name }),
    };
    const review = await reviews.may(permission);
    if (review.kind === 'allowed') return request.dryRun ? NOTHING : approved(object);
    const may = `user ${JSON.stringify(requester.username)} may`;
    const what = `approve ${PLURAL}.${GROUP} ${JSON.stringify(request.name)} in namespace ${JSON.stringify(namespace)}`;
    const problem =
      review.kind === 'denied'
        ? forbidden(
            'grant-missing',
            FIELD,
            `${may} not ${what}: the verb "approve" is needed, of a role like werfbundle-approver`,
          )
        : internalError('grant-not-checked', FIELD, `whether ${may} ${what} could not be checked: ${review.why}`);
    return { problems: [problem], warnings: [] };
  } finally {
    time.release();
  }
};
