/** What the operator keeps for itself has this at the beginning of its name. */
const PREFIX = 'werfbundle-';

/**
 * Whether a Secret or ServiceAccount is the operator's own: its certificates, its keys, the accounts of its processes. None of them
 * may be what a bundle refers to, whoever writes it: a Job would get at the operator's rights.
 * @param operator - its namespace, and the names of Secrets that were given by a flag
 */
export const isOperatorsOwn = (
  object: { readonly kind: string; readonly namespace: string; readonly name: string },
  operator: { readonly namespace: string; readonly secrets: readonly string[] },
): boolean => {
  if (object.namespace !== operator.namespace) return false;
  // On older clusters an account's token is a Secret with the account's name at the beginning of its own.
  if (object.kind === 'ServiceAccount' || object.kind === 'Secret') {
    if (object.name.startsWith(PREFIX)) return true;
  }
  return object.kind === 'Secret' && operator.secrets.includes(object.name);
};
