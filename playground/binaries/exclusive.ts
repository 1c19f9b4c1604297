import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { killGroup, spawnUnderWatch } from '../control-plane/supervised-process.js';

/** A lock that this process holds; the kernel releases it when the process ends in any way. */
interface Lock {
  release(): void;
}

/**
 * Takes the lock of a file (flock of util-linux or busybox), or waits for it.
 * @param options.waiting - called once, if somebody else has it
 * @throws the signal's reason when it is aborted; what the system says where there is no flock
 */
export const takeLock = async (options: {
  readonly file: string;
  readonly waiting: () => void;
  readonly signal: AbortSignal;
}): Promise<Lock> => {
  const { file, waiting, signal } = options;
  const script = 'exec 9>>"$1"; flock -n 9 || { echo waiting; flock 9; }; echo held; exec sleep 2147483';
  signal.throwIfAborted();
  const holder = spawnUnderWatch({
    name: 'lock',
    command: ['/bin/sh', '-ec', script, 'lock', file],
    cwd: '/',
    output: 'pipe',
    env: process.env,
  });
  const release = () => killGroup(holder);
  signal.addEventListener('abort', release, { once: true });
  const failed = once(holder, 'exit').then(() => 'ended');
  const words = createInterface({ input: holder.stdout as NodeJS.ReadableStream });
  const held = new Promise<string>((resolve) => {
    words.on('line', (line) => {
      if (line === 'waiting') waiting();
      if (line === 'held') resolve('held');
    });
  });
  const outcome = await Promise.race([held, failed]);
  signal.removeEventListener('abort', release);
  if (outcome === 'held') return { release };
  signal.throwIfAborted();
  throw new Error(`${file} can't be locked: is there a program flock on the PATH, and may the folder be written?`);
};
