/** Names to values, in the order in which they were defined. */
export type Variables = ReadonlyMap<string, string>;

const REFERENCE = /\$(?:\$|\(([^)]*)\))/g;

/**
 * Expands `$(NAME)` as Kubernetes does in commands, arguments and values of variables: `$$` is one `$`, a name that is not
 * defined stays as it was written. Never throws.
 * @see https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
 */
export const expand = (text: string, variables: Variables): string =>
  text.replace(REFERENCE, (reference, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? reference),
  );
