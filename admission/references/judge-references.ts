import type { Secret } from '../../api/objects.js';
import { notFound } from '../../api/validate/wording.js';
import { SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Grants } from '../grants/grants.js';
import { type Finding, missing, unchecked } from './finding.js';
import { judgeSecret } from './judge-secrets.js';
import { judgeValues, type ValuesNeeds } from './judge-values.js';
import type { Lookups } from './lookups.js';
import type { Reference, Subject } from './subject.js';

/** Whether what a bundle refers to is there and can be used. Only what is granted is looked up, and only what changed. */
export const judgeReferences = async (
  needs: ValuesNeeds & { readonly granted: Grants['granted'] },
  subject: Subject,
): Promise<readonly Finding[]> => {
  const wanted = subject.references.filter((reference) => reference.changed && needs.granted.has(reference));
  const findings = await Promise.all([
    ...wanted.map((reference) => judgeReference(needs.lookups, reference)),
    judgeValues(needs, subject),
  ]);
  return findings.flat();
};

const judgeReference = async (lookups: Pick<Lookups, 'get'>, reference: Reference): Promise<readonly Finding[]> => {
  if (reference.use === 'values') return [];
  const { field, kind, name, namespaces } = reference;
  const ref = { namespace: namespaces.join(), name };
  const fetched =
    reference.use === 'account' ? await lookups.get(SERVICEACCOUNTS, ref) : await lookups.get(SECRETS, ref);
  switch (fetched.kind) {
    case 'found':
      return reference.use === 'account' ? [] : judgeSecret(reference, fetched.value as Secret);
    case 'absent':
      return [missing(notFound(field, `${kind} ${name} does not exist in namespace ${ref.namespace}`))];
    case 'failed':
      return [unchecked(field, `${kind} ${name} in namespace ${ref.namespace}`, fetched.why)];
  }
};
