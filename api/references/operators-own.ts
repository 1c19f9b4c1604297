import { faultOf, type ReferenceFault } from './fault.js';
import type { Reference } from './references.js';

/** What the operator keeps for itself has this at the beginning of its name. */
const PREFIX = 'werfbundle-';

/** Whose certificates, keys and accounts no bundle may use. */
export interface Operator {
  readonly namespace: string;
  /** Name of the Secret with the webhook's certificates, which a flag gives. */
  readonly certificateSecret: string;
}

/**
 * That a bundle refers to what is the operator's own: its certificates, its keys, the accounts of its processes. None of them may be what a
 * bundle refers to, whoever writes it: a Job would get at the operator's rights.
 */
export const operatorsOwnFault = (reference: Reference, operator: Operator): ReferenceFault | undefined => {
  const { kind, name, namespaces } = reference;
  if (!namespaces.includes(operator.namespace) || !isOperatorsOwn({ kind, name }, operator)) return undefined;
  const text = `${kind} ${name} in namespace ${operator.namespace} is the operator's own, which no bundle may use`;
  return faultOf(reference, 'forbidden', text);
};

const isOperatorsOwn = ({ kind, name }: Pick<Reference, 'kind' | 'name'>, { certificateSecret }: Operator): boolean => {
  // On older clusters an account's token is a Secret with the account's name at the beginning of its own.
  if (kind === 'ServiceAccount' || kind === 'Secret') {
    if (name.startsWith(PREFIX)) return true;
  }
  return kind === 'Secret' && name === certificateSecret;
};
