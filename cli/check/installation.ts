import { type CheckRow, failed, type Judgement } from '../diagnosis/check.js';
import type { Known } from '../diagnosis/known.js';
import type { ClusterView } from './cluster-view.js';

/** How far the operator is installed: `definition`: uninstalled, with the CRD and the bundles left; `there`: as far as one can see. */
const installationOf = (view: ClusterView): 'none' | 'definition' | 'there' => {
  const { definition, configurations, deployments, leases } = view;
  const isAnywhere =
    configurations.some(({ found }) => isNotKnownAs(found, (one) => one === undefined)) ||
    isNotKnownAs(deployments, (all) => all.length === 0) ||
    // A Lease is left behind by a controller that has ended.
    isNotKnownAs(leases, (all) => all.every(({ isFresh }) => !isFresh));
  if (isAnywhere || definition.kind === 'unknown') return 'there';
  return definition.value === undefined ? 'none' : 'definition';
};

/** What may not be seen may be there. */
const isNotKnownAs = <T>(seen: Known<T>, is: (value: T) => boolean): boolean =>
  seen.kind === 'unknown' || !is(seen.value);

/** A check that makes sense only where the operator is installed. */
export const ifInstalled = (row: CheckRow<ClusterView>): CheckRow<ClusterView> => ({
  ...row,
  judge: (view) => (installationOf(view) === 'there' ? row.judge(view) : []),
});

/** Said once, in the place of all that is not there then. */
export const installationJudgement = (view: ClusterView): Judgement | readonly Judgement[] => {
  const installation = installationOf(view);
  if (installation === 'there') return [];
  const what =
    installation === 'none'
      ? 'werfbundle is not installed in this cluster'
      : 'werfbundle is not installed in this cluster: there is neither webhook nor controller, only the CustomResourceDefinition, as an uninstallation leaves it';
  return failed(`${what}. To install it, once install.yaml was made`, [
    'werfbundle check --pre',
    'kubectl apply -f install.yaml',
  ]);
};
