import { request as send } from 'node:https';
import type { Program } from '../program.js';
import { post } from './connection.js';
import { isAllowed } from './contenders.js';
import { runOnce } from './load.js';
import { review } from './review.js';
import type { Surroundings } from './surroundings.js';

/** What becomes of large objects. */
export interface SizesResult {
  /** Statuses of the answers to objects of 1 MB and to bodies of 8 MB; 0: the connection ended without one. */
  readonly oneMegabyte: readonly number[];
  readonly eightMegabytes: readonly number[];
  /** Whether an ordinary request is still answered afterwards, by the same process. */
  readonly alive: boolean;
}

const MEGABYTE = 1_000_000;
/** At once: the worst that the limits allow is not the worst of one request. */
const AT_ONCE = 5;

/** Sends several large objects at once, first those that must be answered, then those that must be refused. */
export const trySizes = async ({ ca }: Pick<Surroundings, 'ca'>, server: Program): Promise<SizesResult> => {
  const several = (body: string) => Promise.all(Array.from({ length: AT_ONCE }, () => statusOf(server.port, ca, body)));
  const choice = { references: 'none', defaulted: true } as const;
  const oneMegabyte = await several(review({ ...choice, padding: MEGABYTE }));
  const eightMegabytes = await several(review({ ...choice, padding: 8 * MEGABYTE }));
  return { oneMegabyte, eightMegabytes, alive: server.isAlive && (await answers(server.port, ca, review(choice))) };
};

const answers = async (port: number, ca: string, body: string): Promise<boolean> => {
  const request = post('/validate?timeout=10s', body);
  await runOnce({ port, ca, connections: 1, count: 1, request: () => request, isRight: isAllowed });
  return true;
};

/** A server that refuses a body need not read it to the end, and may close the connection; the answer counts all the same. */
const statusOf = (port: number, ca: string, body: string): Promise<number> =>
  new Promise((resolve) => {
    const request = send(
      {
        host: '127.0.0.1',
        port,
        ca,
        agent: false,
        method: 'POST',
        path: '/validate?timeout=10s',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume().on('error', () => {});
        resolve(response.statusCode ?? 0);
        response.on('end', () => request.destroy());
      },
    );
    request.on('error', () => resolve(0));
    request.end(body);
  });
