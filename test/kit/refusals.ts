import type { Cluster } from './cluster.js';

/**
 * What the apiserver says of each object, in the order of the objects: undefined if it would create it. One call of kubectl for all; nothing
 * is created.
 * @param objects - with names that no other has
 * @throws Error if kubectl says nothing of an object
 */
export const refusalsOf = async (
  kubectl: Cluster['kubectl'],
  objects: readonly { readonly metadata: { readonly name: string } }[],
): Promise<readonly (string | undefined)[]> => {
  const args = ['create', '--dry-run=server', '--validate=false', '-o', 'name', '-f', '-'];
  const { stdout, stderr } = await kubectl(args, objects.map((object) => JSON.stringify(object)).join('\n'));
  const taken = new Set(stdout.split('\n').map((line) => line.split('/')[1]));
  const said = stderr.split(/\n(?=Error from server)/);
  return objects.map(({ metadata: { name } }) => {
    // By the schema it is invalid, by a policy forbidden.
    const refusal = said.find((text) =>
      [`"${name}" is invalid`, `"${name}" is forbidden`].some((part) => text.includes(part)),
    );
    if (taken.has(name) === (refusal !== undefined)) throw new Error(`no answer for ${name}: ${stderr}`);
    return refusal;
  });
};
