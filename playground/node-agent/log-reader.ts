import { open, readFile } from 'node:fs/promises';
import type { ContainerLog } from './container-log.js';
import { type LogLine, type LogOptions, parseLog, renderLines, wantedLines } from './log-lines.js';

const readFrom = async (file: string, offset: number): Promise<Buffer> => {
  if (offset === 0) return readFile(file);
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

/**
 * A container's log from its file, piece by piece; with `follow` until the container ends or `signal` is aborted.
 * @throws what reading the file throws
 */
export async function* readLog(
  log: Pick<ContainerLog, 'file' | 'ended' | 'changed'>,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let offset = 0;
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let last: LogLine | undefined;
  while (left > 0) {
    const ended = log.ended;
    // Subscribes before the file is read, so that a line that is written in between is not missed.
    const change = ended || !options.follow ? undefined : log.changed(signal).catch(() => 'aborted' as const);
    const { lines, used } = parseLog(await readFrom(log.file, offset));
    const wanted = offset === 0 ? wantedLines(lines, options) : lines;
    const continues = last !== undefined && !last.whole && wanted.length === lines.length;
    const bytes = renderLines(wanted, options.timestamps, continues).subarray(0, left);
    if (bytes.length > 0) yield bytes;
    left -= bytes.length;
    offset += used;
    last = lines.at(-1) ?? last;
    if (change === undefined || (await change) === 'aborted') return;
  }
}
