import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly command: string[]; readonly args?: string[] }[] };
    };
  };
}

/**
 * How the Deployment of a program runs it.
 * @param root - the checkout
 * @returns what stands between `node` and the program, and what stands behind it
 */
export const asDeployed = (
  root: string,
  program: 'webhook' | 'controller' | 'receiver' | 'dashboard',
): { readonly nodeFlags: readonly string[]; readonly args: readonly string[] } => {
  const text = readFileSync(join(root, 'manifests', program, 'deployment.yaml'), 'utf8');
  const { command = [], args = [] } = (parse(text) as Deployment).spec.template.spec.containers[0] ?? {};
  return { nodeFlags: command.slice(1, -1), args };
};
