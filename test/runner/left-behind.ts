import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that was killed may take a moment to be gone. */
const TRIES = 25;
const LOOK_EVERY_MS = 100;

/**
 * Files in a spec's folder for temporary ones, and processes that run from there or name it, once the spec has ended. The processes
 * are ended: they would disturb the specs that follow.
 */
export const leftBehind = async (dir: string): Promise<readonly string[]> => {
  let processes = await processesOf(dir);
  for (let tries = 0; processes.length > 0 && tries < TRIES; tries += 1) {
    await delay(LOOK_EVERY_MS);
    processes = await processesOf(dir);
  }
  for (const { pid } of processes) kill(pid);
  return [
    ...processes.map(({ words }) => `it left a process: ${words}`),
    ...(await readdir(dir)).map((file) => `it left a file: ${file} in the folder for temporary files`),
  ];
};

interface Process {
  readonly pid: number;
  /** Its command line. */
  readonly words: string;
}

const processesOf = async (dir: string): Promise<readonly Process[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ({ pid, words: await wordsIfOf(pid, dir) })));
  return found.filter(({ words }) => words !== '');
};

/** Empty: it has nothing to do with the folder, or is gone. */
const wordsIfOf = async (pid: number, dir: string): Promise<string> => {
  const [words, cwd] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
  ]);
  // Another spec's folder may begin with the whole name of this one: uninstall, and uninstall-command.
  const isWithin = (path: string): boolean => `${path}/`.includes(`${dir}/`);
  return words.split('\0').some(isWithin) || isWithin(cwd) ? words.replaceAll('\0', ' ').trim() : '';
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
