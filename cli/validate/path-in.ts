import { relative, resolve, sep } from 'node:path';

/**
 * The path of a file below a repository's root, which is how CI systems name files; of a file elsewhere, as it was named.
 * @returns with `/` between names
 */
export const pathIn = (root: string, file: string): string => {
  const path = relative(root, resolve(file));
  return (path.startsWith('..') ? file : path).split(sep).join('/');
};
