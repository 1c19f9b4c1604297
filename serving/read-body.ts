import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeldBody } from './receiving-room.js';

/**
 * The outcome of reading a body.
 * `encoded`: it is compressed, or said to be something else than plain bytes; nothing is unpacked. `gone`: the client left before its
 * end, or was answered before.
 */
export type ReadBody =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' | 'encoded' | 'gone' };

/**
 * Reads the body of a request, of which no more than `limit` bytes are ever kept. One that is too large is read to its end all the same:
 * a client that is answered while it still writes may find its connection reset, and never see why. Never rejects.
 * @param held - its place in the room, which may stop it now and then; whoever gave it takes it back
 */
export const readBody = (
  request: IncomingMessage,
  { response, limit, held }: { readonly response: ServerResponse; readonly limit: number; readonly held: HeldBody },
): Promise<ReadBody> => {
  const { 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding.toLowerCase() !== 'identity') return Promise.resolve({ kind: 'encoded' });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const keep = (chunk: Buffer): void => {
      chunks.push(chunk);
      held.arrived(chunk.length);
    };
    const drop = (): void => {
      chunks = [];
      held.leave();
    };
    const gone = (): void => {
      // What still comes is not kept.
      size = Number.POSITIVE_INFINITY;
      drop();
      resolve({ kind: 'gone' });
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) keep(chunk);
      else drop();
    });
    request.once('error', gone);
    // Not the request's: Node does not tell of its end any more once it is answered.
    response.once('close', gone);
    request.once('end', () => {
      response.off('close', gone);
      held.complete();
      const [first = Buffer.alloc(0)] = chunks;
      if (size > limit) resolve({ kind: 'too-large' });
      else resolve({ kind: 'body', bytes: chunks.length <= 1 ? first : Buffer.concat(chunks, size) });
    });
  });
};
