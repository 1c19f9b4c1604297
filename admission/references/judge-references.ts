import { checkCaSecret } from '../../api/references/ca-secret.js';
import { type Checked, nameIn } from '../../api/references/fault.js';
import { firstRefOf } from '../../api/references/references.js';
import { checkRegistrySecret } from '../../api/references/registry-secret.js';
import { checkServiceAccount } from '../../api/references/service-account.js';
import { checkWerfKey } from '../../api/references/werf-key.js';
import { SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Grants } from '../grants/grants.js';
import type { BundleReferences, Reference } from './bundle-references.js';
import { type Finding, findingsOf, unchecked } from './finding.js';
import { judgeValues, type ValuesDeps } from './judge-values.js';
import type { Fetched, Lookups } from './lookups.js';

/** Whether what a bundle refers to exists and can be used. Only references that are granted and have changed are looked up. */
export const judgeReferences = async (
  deps: ValuesDeps & { readonly granted: Grants['granted'] },
  refs: BundleReferences,
): Promise<readonly Finding[]> => {
  const wanted = refs.references.filter((reference) => reference.changed && deps.granted.has(reference));
  const findings = await Promise.all([
    ...wanted.map((reference) => judgeReference(deps.lookups, reference)),
    judgeValues(deps, refs),
  ]);
  return findings.flat();
};

const judgeReference = async (lookups: Pick<Lookups, 'get'>, reference: Reference): Promise<readonly Finding[]> => {
  const ref = firstRefOf(reference);
  const judged = <T>(fetched: Fetched<T>, check: (object: T | undefined) => Checked<unknown>): readonly Finding[] =>
    fetched.kind === 'failed'
      ? [unchecked(reference.field, nameIn(reference), fetched.why)]
      : findingsOf(check(fetched.kind === 'found' ? fetched.value : undefined));
  const secret = () => lookups.get(SECRETS, ref);
  switch (reference.use) {
    case 'registry-secret':
      return judged(await secret(), (found) => checkRegistrySecret(reference, found));
    case 'ca-secret':
      return judged(await secret(), (found) => checkCaSecret(reference, found));
    case 'werf-key':
      return judged(await secret(), (found) => checkWerfKey(reference, found));
    case 'service-account': {
      const account = await lookups.get(SERVICEACCOUNTS, ref);
      return judged(account, (found) => checkServiceAccount(reference, found));
    }
    case 'values':
      return [];
  }
};
