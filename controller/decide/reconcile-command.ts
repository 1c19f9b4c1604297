import { RECONCILE_REQUESTED } from '../../api/annotations.js';
import type { StoredBundle } from '../../api/werfbundle.js';

/** The command by which whoever may change a bundle has it reconciled at once, without rights on its status. Names need no quotes. */
export const reconcileCommand = ({ metadata: { namespace, name } }: StoredBundle): string =>
  `kubectl annotate wb ${name} -n ${namespace} --overwrite ${RECONCILE_REQUESTED}="$(date)"`;
