import { type ConsentRule, checkTargetNamespace, needsConsent } from '../../api/references/target-namespace.js';
import { NAMESPACES } from '../../kube/resources.js';
import type { BundleReferences } from './bundle-references.js';
import { type Finding, findingOf, unchecked } from './finding.js';
import type { Lookups } from './lookups.js';

/** What to require of another namespace as target. */
interface TargetInput {
  readonly refs: BundleReferences;
  /** Whether the namespace has to accept the bundle; the controller asks again before each Job. */
  readonly consent: ConsentRule;
  /** Whether it has to exist. */
  readonly existence: boolean;
}

/** Whether the target namespace exists and accepts the bundle. The bundle's own exists, and is not looked up. */
export const judgeTarget = async (
  lookups: Pick<Lookups, 'get'>,
  { refs, consent, existence }: TargetInput,
): Promise<readonly Finding[]> => {
  const { own, targetNamespace: reference } = refs;
  if (reference === undefined) return [];
  const { field, name: target } = reference;
  if (!existence && !needsConsent({ own, target }, consent)) return [];
  const fetched = await lookups.get(NAMESPACES, { name: target });
  if (fetched.kind === 'failed') return [unchecked(field, `namespace ${target}`, fetched.why)];
  const faults = checkTargetNamespace(reference, fetched.kind === 'found' ? fetched.value : undefined, consent);
  return faults.filter(({ kind }) => existence || kind === 'forbidden').map(findingOf);
};
