import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellWord } from '../screen/shell-word.js';

/** The registry's address in the samples on disk. */
const ADDRESS = 'localhost:5000';

/** Writes the samples as they are applied: with the registry's real address. @returns their folder */
export const writeSamples = async (of: {
  readonly root: string;
  /** The folder of this run. */
  readonly dir: string;
  /** `127.0.0.1:PORT` */
  readonly registryHost: string;
}): Promise<string> => {
  const [from, to] = [join(of.root, 'playground/samples'), join(of.dir, 'samples')];
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const text = await readFile(join(from, name), 'utf8');
    await writeFile(join(to, name), text.replaceAll(ADDRESS, of.registryHost));
  }
  return to;
};

/**
 * Writes programs for whoever goes on by hand: kubectl, for the playground's cluster, and werfbundle.
 * @returns their folder, for the PATH
 */
export const writeTools = async (of: {
  readonly dir: string;
  readonly root: string;
  readonly kubectl: string;
  readonly context: string | undefined;
}): Promise<string> => {
  const bin = join(of.dir, 'bin');
  await mkdir(bin, { recursive: true });
  const kubectl = [of.kubectl, ...(of.context === undefined ? [] : ['--context', of.context])];
  const werfbundle = [process.execPath, join(of.root, 'dist/werfbundle.js')];
  for (const [name, words] of Object.entries({ kubectl, werfbundle })) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\nexec ${words.map(shellWord).join(' ')} "$@"\n`);
    await chmod(file, 0o755);
  }
  return bin;
};
