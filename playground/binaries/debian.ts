import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { killGroup, spawnUnderWatch } from '../control-plane/supervised-process.js';
import type { Environment } from './places.js';

/** Puts programs of one of Debian's packages into a folder, on Debian; nothing is installed. An interrupted download is resumed. */
export const programsFromDebian = async (options: {
  readonly package: string;
  /** As they are called in `/usr/bin`. */
  readonly programs: readonly string[];
  readonly cache: string;
  readonly env: Environment;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> => {
  if (await isDebian()) await runScript(options);
};

/** Whether this machine is a Debian whose apt can be used. */
const isDebian = async (): Promise<boolean> => {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release) && existsSync('/usr/bin/apt-get') && existsSync('/bin/bash');
};

const SCRIPT = 'package-from-debian.sh';

/** The path of the script, which can be run by hand, too. */
export const scriptPath = (): string => {
  // Beside this file in the source tree; below the checkout's playground/ when this is part of dist/.
  const here = join(import.meta.dirname, 'debian', SCRIPT);
  return existsSync(here) ? here : join(import.meta.dirname, '..', 'playground', 'binaries', 'debian', SCRIPT);
};

/** Runs the script, and passes on each of its lines: they say what is done, how long it took, and what failed. */
const runScript = async (options: Parameters<typeof programsFromDebian>[0]): Promise<void> => {
  const { cache, env, say, signal } = options;
  signal.throwIfAborted();
  const child = spawnUnderWatch({
    name: SCRIPT,
    command: ['/bin/bash', scriptPath(), options.package, ...options.programs],
    cwd: '/',
    output: 'pipe',
    env: { ...env, WERFBUNDLE_CACHE: cache },
  });
  const stop = () => killGroup(child);
  signal.addEventListener('abort', stop, { once: true });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', say);
  const closed = once(child, 'close');
  await once(child, 'exit');
  signal.removeEventListener('abort', stop);
  killGroup(child); // its watching shell holds its output open
  await closed; // all of its lines have been read
  signal.throwIfAborted();
};
