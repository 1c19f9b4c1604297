import type { IncomingMessage } from 'node:http';

/**
 * What came of reading a body.
 * `encoded`: it is compressed, or said to be something else than plain bytes; nothing is unpacked. `gone`: the client left before its end.
 */
export type ReadBody =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' | 'encoded' | 'gone' };

/**
 * Reads the body of a request, of which no more than `limit` bytes are ever kept. The rest of one that is refused is thrown away once
 * it is answered. Never rejects.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length = '0' } = request.headers;
  if (encoding.toLowerCase() !== 'identity') return Promise.resolve({ kind: 'encoded' });
  if (Number(length) > limit) return Promise.resolve({ kind: 'too-large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (result: ReadBody): void => {
      request.off('data', onData);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) end({ kind: 'too-large' });
      else chunks.push(chunk);
    };
    const gone = (): void => end({ kind: 'gone' });
    request.on('data', onData).once('error', gone).once('close', gone);
    request.once('end', () => {
      const [first = Buffer.alloc(0)] = chunks;
      end({ kind: 'body', bytes: chunks.length <= 1 ? first : Buffer.concat(chunks, size) });
    });
  });
}
