import { type CheckRow, notChecked, ok, warning } from '../diagnosis/check.js';
import type { ClusterView } from './cluster-view.js';

/** Whether changes of values are judged at apply. It is optional: that it is not there is nothing wrong. */
export const valuesGuard: CheckRow<ClusterView> = {
  id: 'values-guard',
  title: 'Values guard',
  section: 'docs/configuration.md#values-guard',
  causes: ['webhook'],
  judge: ({ valuesGuard: { found } }) => {
    if (found.kind === 'unknown') return notChecked(found.why);
    if (found.value === undefined)
      return ok(
        'it is not installed, and need not be: what a changed ConfigMap or Secret breaks or deploys is told by the controller afterwards, and not at apply. To install it, add the component manifests/webhook/values-guard',
      );
    const { withoutAuthority } = found.value;
    return withoutAuthority.length === 0
      ? ok('it is installed: changes of ConfigMaps and Secrets with the label werf.io/values=true are judged at apply')
      : warning(
          `its configuration is there, and no CA in caBundle of ${withoutAuthority.join(', ')}, so that nobody is asked: does the webhook run with --guard-values, which the component manifests/webhook/values-guard adds?`,
        );
  },
};
