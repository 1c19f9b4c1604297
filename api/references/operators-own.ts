import { OPERATORS_PREFIX } from '../operators-prefix.js';
import { faultOf, type ReferenceFault } from './fault.js';
import type { Reference } from './references.js';

/** Whose certificates, keys and accounts no bundle may use. */
export interface Operator {
  readonly namespace: string;
  /** Name of the Secret with the webhook's certificates, which a flag gives. */
  readonly certificateSecret: string;
}

/**
 * The fault of a reference to one of the operator's own objects: its certificates, its keys, its ServiceAccounts. No bundle may refer to
 * them, whoever writes it: its Job would get the operator's rights.
 */
export const operatorsOwnFault = (reference: Reference, operator: Operator): ReferenceFault | undefined => {
  const { kind, name, namespaces } = reference;
  if (!namespaces.includes(operator.namespace) || !isOperatorsOwn({ kind, name }, operator)) return undefined;
  const text = `${kind} ${name} in namespace ${operator.namespace} is the operator's own, which no bundle may use`;
  return faultOf(reference, { kind: 'forbidden', rule: 'operators-own-object' }, text);
};

const isOperatorsOwn = ({ kind, name }: Pick<Reference, 'kind' | 'name'>, { certificateSecret }: Operator): boolean => {
  // On older clusters the name of a ServiceAccount's token Secret begins with the account's name.
  if (kind === 'ServiceAccount' || kind === 'Secret') {
    if (name.startsWith(OPERATORS_PREFIX)) return true;
  }
  return kind === 'Secret' && name === certificateSecret;
};
