import { readdir, readFile } from 'node:fs/promises';

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // The process ended between two reads.
    return '';
  }
};

/** The children of a process, by the kernel's own list for each of its threads; none if it is gone. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`)));
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
};

/** A process and everything below it. In a process namespace nothing gets out of this tree: orphans go to its first process. */
export const treeOf = async (pid: number): Promise<readonly number[]> => {
  const children = await childrenOf(pid);
  const below = await Promise.all(children.map(treeOf));
  return [pid, ...below.flat()];
};

const kilobytes = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);

/**
 * The memory of a process in bytes that its files do not account for: what a memory cgroup mostly charges. (The program's own
 * text, which processes share, would put every container of Node above 64 MiB.)
 */
export const memoryOf = async (pid: number): Promise<number> => {
  const status = await read(`/proc/${pid}/status`);
  return (kilobytes(status, 'RssAnon') + kilobytes(status, 'RssShmem')) * 1024;
};
