import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { killGroup, spawnUnderWatch } from '../control-plane/supervised-process.js';
import type { Environment } from './places.js';

/** The scripts beside this file that get programs from Debian; each is resumed where it was cut off. */
type DebianScript = 'debian-packages.sh' | 'kubernetes-from-debian.sh' | 'crds-from-debian.sh';

/** Whether this machine is a Debian whose apt can be used. */
export async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release) && existsSync('/usr/bin/apt-get') && existsSync('/bin/bash');
}

/** The path of a script, for messages that tell how to run it by hand. */
export function scriptPath(script: DebianScript): string {
  // Beside this file in the source tree; beside dist/ when this is part of a bundle.
  const here = join(import.meta.dirname, 'build', script);
  return existsSync(here) ? here : join(import.meta.dirname, '..', 'playground', 'binaries', 'build', script);
}

/**
 * Runs a script, passing each line of it on as it comes; the lines say what is done, how long it took, and what failed.
 * @returns whether it did all it was to do
 */
export async function runDebianScript(options: {
  readonly script: DebianScript;
  readonly args: readonly string[];
  readonly cache: string;
  readonly env: Environment;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { script, args, cache, env, say, signal } = options;
  signal.throwIfAborted();
  const child = spawnUnderWatch({
    name: script,
    command: ['/bin/bash', scriptPath(script), ...args],
    cwd: '/',
    env: { ...env, WERFBUNDLE_CACHE: cache },
    output: 'pipe',
  });
  const stop = () => killGroup(child);
  signal.addEventListener('abort', stop, { once: true });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', say);
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.removeEventListener('abort', stop);
  killGroup(child); // what watches over it holds its output open
  await closed; // all of its lines have been read
  signal.throwIfAborted();
  return code === 0;
}
