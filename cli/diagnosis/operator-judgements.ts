import type { WebhookAnswer } from './ask-webhook.js';
import { failed, type Judgement, notChecked, ok } from './check.js';
import type { Known } from './known.js';
import type { LeaseView } from './leases.js';

interface Operator {
  readonly namespace: string;
  readonly leases: Known<readonly LeaseView[]>;
  readonly webhook: WebhookAnswer;
}

/** Whether a controller works, by its Lease. */
export const controllerJudgement = ({ namespace, leases }: Omit<Operator, 'webhook'>): Judgement => {
  if (leases.kind === 'unknown') return notChecked(leases.why);
  const old = leases.value.find(({ isFresh }) => !isFresh);
  if (old !== undefined) {
    const who = old.holder === '' ? 'nobody holds it' : `${old.holder} does not renew it`;
    const since = old.renewedAt === undefined ? '' : `, since ${new Date(old.renewedAt).toISOString()}`;
    return failed(`no controller works: of Lease ${old.name} in namespace ${namespace} ${who}${since}`, [
      `kubectl get pods -n ${namespace} -l control-plane=controller-manager`,
      `kubectl rollout restart deployment/werfbundle-controller -n ${namespace}`,
    ]);
  }
  const [lease] = leases.value;
  if (lease === undefined) return notChecked(`there is no Lease of a controller in namespace ${namespace}`);
  return ok(`${lease.holder} leads`);
};

/** Whether bundles are judged before they are stored. */
export const webhookJudgement = ({ namespace, webhook }: Omit<Operator, 'leases'>): Judgement => {
  switch (webhook.kind) {
    case 'refused':
      return ok('it refuses what it has to');
    case 'unknown':
      return notChecked(webhook.why);
    case 'accepted':
      return failed('bundles are stored without being judged: the apiserver asks no webhook', [
        'kubectl apply -k manifests/webhook',
      ]);
    case 'unreachable':
      return failed(`no bundle can be created or changed: the apiserver gets no answer: ${webhook.why}`, [
        `kubectl get pods,endpoints -n ${namespace} -l app.kubernetes.io/name=werfbundle-webhook`,
        `kubectl rollout restart deployment/werfbundle-webhook -n ${namespace}`,
      ]);
  }
};
