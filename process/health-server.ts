import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { listenFault } from './listen-fault.js';

export type Readiness = { readonly ok: true } | { readonly ok: false; readonly reason: string };

interface HealthOptions {
  /** Port 0: any that is free. */
  readonly address: { readonly host: string; readonly port: number };
  /** Whether the process is able to serve; if not, /readyz answers with the reason. */
  readonly ready: () => Readiness;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Connections at once: a kubelet and a few scrapers need one each. */
const MOST_CONNECTIONS = 64;
/** Time for a request to come, and for an answer to be taken, milliseconds: both are small. */
const REQUEST_MS = 5000;
/** How often that is looked at, milliseconds. */
const LOOK_MS = 1000;

const PLAIN = 'text/plain; charset=utf-8';

/**
 * Serves /healthz (the process is alive), /readyz and /metrics over plain HTTP.
 * @throws StartError with one line if it cannot listen there
 */
export const startHealthServer = async (
  options: HealthOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> => {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };
  const server = createServer(limits, listener(options));
  server.timeout = 2 * REQUEST_MS;
  limitConnections(server);
  await listen(server, options.address);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const listen = (server: Server, { host, port }: HealthOptions['address']): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, { host, port, flag: '--health-address' })));
    server.listen({ host, port }, resolve);
  });

/** The oldest connection gives way to a new one: a probe is answered within milliseconds, so it is never the one. */
const limitConnections = (server: Server): void => {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size <= MOST_CONNECTIONS || oldest === undefined) return;
    open.delete(oldest);
    oldest.destroy();
  });
};

const listener =
  (options: HealthOptions): RequestListener =>
  (request, response) => {
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    answerTo({ method, path }, options).then(
      (answer) => send(response, answer),
      // A metric that cannot be read is a bug; the scraper should see it as a failed scrape.
      () => send(response, plain(500, 'failed')),
    );
  };

const answerTo = async (
  { method, path }: { readonly method: string; readonly path: string },
  { ready, metrics }: HealthOptions,
): Promise<Answer> => {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET only');
  switch (path) {
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz': {
      const readiness = ready();
      return readiness.ok ? plain(200, 'ok') : plain(503, readiness.reason);
    }
    case '/metrics': {
      const { contentType, body } = await metrics();
      return { status: 200, contentType, body };
    }
    default:
      return plain(404, 'there are /healthz, /readyz and /metrics');
  }
};

const plain = (status: number, text: string): Answer => ({ status, contentType: PLAIN, body: `${text}\n` });

const send = (response: ServerResponse, { status, contentType, body }: Answer): void => {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
};
