import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** README.md's commands to uninstall, in order: words for kubectl, with paths of this checkout, and manifests/default for the overlay. */
export const documentedUninstall = async (): Promise<readonly (readonly string[])[]> => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const block = /\*\*Uninstall\*\*[^`]*```\n(.*?)```/s.exec(readme)?.[1] ?? '';
  return block.split('\n').flatMap((line) => {
    const words = line.replace(/#.*/, '').trim().replace('my-overlay', 'manifests/default').split(/\s+/);
    return words[0] === 'kubectl'
      ? [words.slice(1).map((word) => word.replace(/^(werfbundle\/)?manifests\//, `${ROOT}/manifests/`))]
      : [];
  });
};

/** The command of docs/operations.md that lets bundles go which wait for a controller, for a shell. */
export const documentedRelease = async (): Promise<string> => {
  const text = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
  return /## Uninstall\n.*?```bash\n(.*?)```/s.exec(text)?.[1] ?? '';
};
