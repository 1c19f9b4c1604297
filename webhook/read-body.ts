import type { IncomingMessage } from 'node:http';

/**
 * The outcome of reading a body.
 * `encoded`: it is compressed, or said to be something else than plain bytes; nothing is unpacked. `gone`: the client left before its end.
 */
export type ReadBody =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' | 'encoded' | 'gone' };

/**
 * Reads the body of a request, of which no more than `limit` bytes are ever kept. One that is too large is read to its end all the same:
 * a client that is answered while it still writes may find its connection reset, and never see why. Never rejects.
 */
export const readBody = (request: IncomingMessage, limit: number): Promise<ReadBody> => {
  const { 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding.toLowerCase() !== 'identity') return Promise.resolve({ kind: 'encoded' });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const gone = (): void => resolve({ kind: 'gone' });
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks = [];
    });
    request.once('error', gone).once('close', gone);
    request.once('end', () => {
      const [first = Buffer.alloc(0)] = chunks;
      if (size > limit) resolve({ kind: 'too-large' });
      else resolve({ kind: 'body', bytes: chunks.length <= 1 ? first : Buffer.concat(chunks, size) });
    });
  });
};
