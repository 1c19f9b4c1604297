import t from 'tap';
import type { Condition } from '../../api/objects.js';
import type { ConditionType } from '../../api/reasons.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { withCondition } from '../../controller/decide/condition.js';
import { NOW, reachable } from '../kit/builders.js';

t.test('conditions stand in one order, whatever is set first; those of others stand behind', (t) => {
  const at = { now: NOW, generation: 1 };
  const foreign: Condition = { ...reachable, type: 'AuditedBySomebody' };
  const types: readonly ConditionType[] = [
    'DriftCorrectionFailed',
    'Drifted',
    'RegistryReachable',
    'Stalled',
    'Reconciling',
    'Ready',
    'Suspended',
  ];
  const status = types.reduce<WerfBundleStatus>(
    (known, type) => withCondition(known, { type, status: 'True', reason: 'Polled', message: type }, at),
    { conditions: [foreign] },
  );
  t.strictSame(
    status.conditions?.map(({ type }) => type),
    [...types.toReversed(), 'AuditedBySomebody'],
  );
  t.end();
});
