import type { Program } from '../program.js';
import { post } from './connection.js';
import { isAllowed } from './contenders.js';
import { runOnce } from './load.js';
import { NAME_DIGITS, review } from './review.js';
import type { Surroundings } from './surroundings.js';

/** Memory of a webhook after some requests and after many. */
export interface MemoryResult {
  readonly early: MemoryPoint;
  readonly late: MemoryPoint;
}

interface MemoryPoint {
  readonly requests: number;
  /** Bytes, after a collection. */
  readonly heapUsed: number;
  /** Bytes, before it. */
  readonly rss: number;
}

/** Of the same twenty requests again and again, how many are mutations, and how many look five objects up and ask for grants. */
const MIX = { of: 20, mutate: 4, lookups: 2 } as const;
const CONNECTIONS = 10;

/** Sends a mixture of requests, each for another bundle, and looks at the heap after `early` and after `late` of them. */
export const measureMemory = async (
  { surroundings, server }: { readonly surroundings: Surroundings; readonly server: Program },
  { early, late }: { readonly early: number; readonly late: number },
): Promise<MemoryResult> => {
  const mixture = createMixture();
  const { ca } = surroundings;
  const send = async (from: number, to: number): Promise<MemoryPoint> => {
    const request = (index: number): Buffer => mixture(from + index);
    await runOnce({ port: server.port, ca, connections: CONNECTIONS, count: to - from, request, isRight: isAllowed });
    const { heapUsed, rss } = await server.usage(true);
    server.forgetLog();
    return { requests: to, heapUsed, rss };
  };
  return { early: await send(0, early), late: await send(early, late) };
};

/** The flags for it: bundles that stay in their own namespace need no grants, the others do. */
export const MEMORY_FLAGS = ['--authorize=cross-namespace'] as const;

const createMixture = (): ((index: number) => Buffer) => {
  const validate = named(post('/validate?timeout=10s', review({ references: 'none', defaulted: true })));
  const mutate = named(post('/mutate?timeout=10s', review({ references: 'none', defaulted: false })));
  const lookups = named(post('/validate?timeout=10s', review({ references: 'five', defaulted: true })));
  return (index) => {
    const place = index % MIX.of;
    return (place < MIX.lookups ? lookups : place < MIX.lookups + MIX.mutate ? mutate : validate)(index);
  };
};

/** The same request with a name of its own for each bundle. */
const named = (request: Buffer): ((index: number) => Buffer) => {
  const text = request.toString('latin1').split(`-${NAME_DIGITS}"`);
  return (index) => Buffer.from(text.join(`-${String(index).padStart(NAME_DIGITS.length, '0')}"`), 'latin1');
};
