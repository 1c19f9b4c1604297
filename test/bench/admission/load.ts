import { Connection, type Got } from './connection.js';

/** What is asked of a server. */
export interface Load {
  readonly port: number;
  /** CA of its certificate, PEM. */
  readonly ca: string;
  /** Each of which has one request under way, until all are answered. */
  readonly connections: number;
  readonly count: number;
  /** @param index - from 0 to count - 1 */
  readonly request: (index: number) => Buffer;
  /** Whether the answer is the right one; anything else ends the benchmark. */
  readonly isRight: (got: Got) => boolean;
}

/** Opens the connections, which is not to be measured. */
export const connections = ({ port, ca, connections }: Pick<Load, 'port' | 'ca' | 'connections'>) =>
  Promise.all(Array.from({ length: connections }, () => Connection.open(port, ca)));

/**
 * Sends the requests over open connections.
 * @returns how long each took, milliseconds
 * @throws Error for an answer that is not right
 */
export const run = async (
  { count, request, isRight }: Pick<Load, 'count' | 'request' | 'isRight'>,
  open: readonly Connection[],
): Promise<Float64Array> => {
  const tookMs = new Float64Array(count);
  let next = 0;
  const worker = async (connection: Connection): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const bytes = request(index);
      const start = performance.now();
      const got = await connection.ask(bytes);
      tookMs[index] = performance.now() - start;
      if (!isRight(got)) throw new Error(`a wrong answer: ${got.status} ${got.body.slice(0, 2000)}`);
    }
  };
  await Promise.all(open.map(worker));
  return tookMs;
};

/** Opens connections, sends the requests, and closes them. */
export const runOnce = async (load: Load): Promise<Float64Array> => {
  const open = await connections(load);
  try {
    return await run(load, open);
  } finally {
    for (const connection of open) connection.close();
  }
};
