import { relative, sep } from 'node:path';

/** Whether a path, found in a folder that was named, is left out. */
export type Excludes = (path: string) => boolean;

/** Says which paths some globs exclude: `*.tmpl.yaml`, `charts/**`. */
interface Exclusion {
  /** @param folder - that was named; globs are about what is below it */
  below(folder: string): Excludes;
}

/**
 * Reads globs as .gitignore has them: `*` stands for any letters of one name, `**` for any folders, `?` for one letter. One without a
 * slash, but at its end, is about names at any depth; any other about the path below the folder that was named. What is below an excluded
 * folder is excluded.
 */
export const excluding = (globs: readonly string[]): Exclusion => {
  const patterns = globs.map(patternOf);
  return {
    below: (folder) => (path) => {
      const names = relative(folder, path).split(sep);
      const heads = names.map((_, index) => names.slice(0, index + 1).join('/'));
      return patterns.some((pattern) => heads.some((head) => pattern.test(head)));
    },
  };
};

const SPECIAL = /\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g;
const IN_REGEXP: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' };

const patternOf = (glob: string): RegExp => {
  const path = glob.replace(/^\.?\//, '').replace(/\/$/, '');
  const anywhere = !/\//.test(glob.replace(/\/$/, ''));
  const source = path.replace(SPECIAL, (part) => IN_REGEXP[part] ?? `\\${part}`);
  return new RegExp(`^${anywhere ? '(?:.*/)?' : ''}${source}$`, 'u');
};
