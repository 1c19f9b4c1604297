import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';

interface HttpCall {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM; the machine's own authorities if left out. */
  readonly ca?: string | undefined;
  readonly skipTlsVerify?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const TIMEOUT_MS = 30_000;
/** Limit for a body, bytes: far above any chart. */
const BODY_BYTES = 256 * 1024 * 1024;

/** Makes one request, and reads the whole answer. @throws Error in Node's words if there was none */
export const call = (given: HttpCall): Promise<HttpAnswer> => {
  const { method, url, headers, body } = given;
  const tls = { ca: given.ca, rejectUnauthorized: given.skipTlsVerify !== true };
  const options: RequestOptions = { method, headers: { ...headers }, timeout: TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, { ...options, ...tls }) : httpRequest(url, options);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_BYTES) request.destroy(new Error(`${url.host}: the answer is too large`));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${url.origin}: i/o timeout`)));
    request.on('error', reject);
    request.end(body);
  });
};
