import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A forward proxy on 127.0.0.1, as companies have them: plain requests are passed on, CONNECT makes a tunnel. */
interface ForwardProxy {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What it was asked for: `GET http://registry.example/v2/…`, `CONNECT registry.example:443`. */
  readonly asked: readonly string[];
  /** What became of plain requests: `304 HEAD http://…`. */
  readonly answered: readonly string[];
  close(): Promise<void>;
}

/**
 * @param options - `to`: where every name leads, `host:port`; `authorization`: what it wants in Proxy-Authorization, if anything;
 * `silent`: it takes connections and never says a word; `forbids`: it makes no tunnel for anybody
 */
export const startForwardProxy = async (options: {
  readonly to: string;
  readonly authorization?: string;
  readonly silent?: boolean;
  readonly forbids?: boolean;
}): Promise<ForwardProxy> => {
  const asked: string[] = [];
  const answered: string[] = [];
  const sockets = new Set<Duplex>();
  const [host = '', port = ''] = options.to.split(':');
  const isAllowed = ({ headers }: IncomingMessage): boolean =>
    options.authorization === undefined || headers['proxy-authorization'] === options.authorization;
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (options.silent === true) return;
    if (!isAllowed(incoming)) {
      response.writeHead(407).end();
      return;
    }
    const { pathname, search } = new URL(incoming.url ?? '');
    const onward = request(
      { host, port, method: incoming.method, path: `${pathname}${search}`, headers: incoming.headers },
      (answer) => {
        answered.push(`${answer.statusCode} ${incoming.method} ${incoming.url}`);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    if (options.silent === true) return;
    if (options.forbids === true) {
      client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    if (!isAllowed(incoming)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    for (const socket of [client, onward]) socket.on('error', () => [client, onward].map((end) => end.destroy()));
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answered,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
