import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ConnectionRefusal } from './connection-refusals.js';
import type { Connections } from './connections.js';

/** Why Node gives up reading a request, by the code of its error. What begins with HPE_ is said by its parser. */
const BY_CODE: Readonly<Record<string, { readonly reason: ConnectionRefusal; readonly status: string }>> = {
  HPE_HEADER_OVERFLOW: { reason: 'large-headers', status: '431 Request Header Fields Too Large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { reason: 'no-http', status: '413 Payload Too Large' },
  ERR_HTTP_REQUEST_TIMEOUT: { reason: 'slow-body', status: '408 Request Timeout' },
};
/** The caller has ended the connection within a request. */
const LEFT = 'HPE_INVALID_EOF_STATE';
const NO_HTTP = { reason: 'no-http', status: '400 Bad Request' } as const;

/**
 * Takes over what Node would answer by itself, in the same words, so that it is counted: requests that can't be read, or have too many
 * headers, and those that expect what is not done here.
 */
export const answerUnreadable = (
  server: HttpServer | HttpsServer,
  connections: Pick<Connections, 'unreadable' | 'began'>,
): void => {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { code = '' } = error;
    const found = BY_CODE[code] ?? (code.startsWith('HPE_') && code !== LEFT ? NO_HTTP : undefined);
    // Of a handshake that failed, or a caller that has left, nothing is told here. Sockets are the network's: the server listens on a port.
    if (found !== undefined && connections.unreadable(socket as Socket, found.reason))
      socket.end(`HTTP/1.1 ${found.status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
    else socket.destroy();
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (!connections.began(request, response)) return;
    if (!connections.unreadable(request.socket, 'expectation')) return;
    response.writeHead(417, { Connection: 'close', 'Content-Length': 0 }).end();
  });
};

/**
 * Whether a request names its host, as HTTP/1.1 demands; it is answered with 400, and counted, if it does not. Of a server without
 * `requireHostHeader`: Node would refuse such a request uncounted.
 */
export const hasHost = (
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  connections: Pick<Connections, 'unreadable'>,
): boolean => {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') return true;
  connections.unreadable(request.socket, 'no-http');
  response.writeHead(400, { Connection: 'close', 'Content-Length': 0 }).end();
  return false;
};

/** The path and query of a request: a proxy may send a whole address, of which only they count (RFC 9112, 3.2.2). */
export const originForm = (target: string): string => {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1];
  return rest === undefined || rest.startsWith('/') ? (rest ?? target) : `/${rest}`;
};
