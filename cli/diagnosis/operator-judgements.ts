import { humanDuration } from '../output/human-duration.js';
import type { WebhookAnswer } from './ask-webhook.js';
import { failed, type Judgement, notChecked, ok } from './check.js';
import { type DeploymentView, placeOf } from './deployments.js';
import type { Known } from './known.js';
import type { LeaseView } from './leases.js';
import { PART_OF } from './operator-namespace.js';

interface Operator {
  readonly namespace: string;
  readonly leases: Known<readonly LeaseView[]>;
  readonly webhook: WebhookAnswer;
  readonly deployments: Known<readonly DeploymentView[]>;
}

/** Whether the namespace that somebody has named for the operator is there. @param place.exists - undefined: nobody has named one */
export const operatorNamespaceJudgement = (place: {
  readonly namespace: string;
  readonly exists: Known<boolean> | undefined;
}): Judgement | readonly Judgement[] =>
  isElsewhere(place.exists)
    ? failed(
        `${place.namespace} does not exist: give the one in which webhook and controller run, or no --operator-namespace`,
        [`kubectl get deployments --all-namespaces -l ${PART_OF}`],
      )
    : [];

/** Nothing is known of an operator that is looked for in a namespace which does not exist. */
export const isElsewhere = (exists: Known<boolean> | undefined): boolean => exists?.kind === 'known' && !exists.value;

/** Whether a controller works, by its Lease. */
export const controllerJudgement = (operator: Omit<Operator, 'webhook'>): Judgement => {
  const { namespace, leases } = operator;
  if (leases.kind === 'unknown') return notChecked(leases.why);
  const old = leases.value.find(({ isFresh }) => !isFresh);
  if (old !== undefined) {
    const { words, look, restart } = placeOf('controller', operator);
    return failed(`no controller works: ${leftBy(old, namespace)}${words}`, [...look, ...restart]);
  }
  const [lease] = leases.value;
  if (lease === undefined) return notChecked(`there is no Lease of a controller in namespace ${namespace}`);
  return ok(`${lease.holder} leads`);
};

/** What is the matter with a Lease that is not renewed. */
const leftBy = ({ name, holder, unrenewedMs }: LeaseView, namespace: string): string => {
  const lease = `Lease ${name} in namespace ${namespace}`;
  const ago = unrenewedMs === undefined ? undefined : humanDuration(unrenewedMs);
  if (holder === '') return `nobody holds ${lease}${ago === undefined ? '' : `, for ${ago}`}`;
  const silent = ago === undefined ? 'has never renewed it' : `has not renewed it for ${ago}`;
  return `${holder}, which holds ${lease}, ${silent}: its process has ended, hangs, or does not reach the apiserver`;
};

/** Whether bundles are judged before they are stored. */
export const webhookJudgement = (operator: Omit<Operator, 'leases'>): Judgement => {
  const { webhook } = operator;
  switch (webhook.kind) {
    case 'refused':
      return ok('it refuses what it has to');
    case 'unknown':
      return notChecked(webhook.why);
    case 'accepted':
      return failed('bundles are stored without being judged: the apiserver asks no webhook', [
        'kubectl apply -k manifests/webhook',
      ]);
    case 'unreachable': {
      const { words, look, restart } = placeOf('webhook', operator);
      const found = `no bundle can be created or changed: the apiserver gets no answer: ${webhook.why}${words}`;
      return failed(found, [...look, ...restart]);
    }
  }
};
