import { acceptsBundlesFrom, consentMissing } from '../../api/consent.js';
import { forbidden, invalid, notFound } from '../../api/validate/wording.js';
import { NAMESPACES } from '../../kube/resources.js';
import { denied, type Finding, missing, unchecked } from './finding.js';
import type { Lookups } from './lookups.js';
import type { Subject } from './subject.js';

const FIELD = 'spec.converge.targetNamespace';

/** What is judged of another namespace as target. */
interface TargetQuestion {
  readonly subject: Subject;
  /** Whether the namespace has to accept the bundle; the controller asks again before each Job. */
  readonly consent: boolean;
  /** Whether it has to exist. */
  readonly existence: boolean;
}

/** Whether the target namespace is there and takes the bundle. The bundle's own is there, and is not looked up. */
export const judgeTarget = async (
  lookups: Pick<Lookups, 'get'>,
  { subject, consent, existence }: TargetQuestion,
): Promise<readonly Finding[]> => {
  const { own, target } = subject;
  if (target === undefined || target === own || !(consent || existence)) return [];
  const fetched = await lookups.get(NAMESPACES, { name: target });
  if (fetched.kind === 'failed') return [unchecked(FIELD, `namespace ${target}`, fetched.why)];
  if (fetched.kind === 'absent') {
    return existence ? [missing(notFound(FIELD, `namespace ${target} does not exist`))] : [];
  }
  const namespace = fetched.value;
  const isGoing = existence && namespace.status?.phase === 'Terminating';
  return [
    ...(isGoing ? [denied(invalid(FIELD, target, `namespace ${target} is being deleted`))] : []),
    ...(consent && !acceptsBundlesFrom(namespace, own) ? [denied(forbidden(FIELD, consentMissing(target, own)))] : []),
  ];
};
