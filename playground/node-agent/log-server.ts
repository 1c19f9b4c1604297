import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KeyPair } from '../../certs/issue.js';
import type { Clock, Log } from '../../process/ports.js';
import type { ContainerLog } from './container-log.js';
import type { LogOptions } from './log-lines.js';
import { readLog } from './log-reader.js';

/** Names a container's log. */
export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
}

/** A log, or why there is none, in a kubelet's words. */
export type LogAnswer =
  | { readonly kind: 'log'; readonly log: ContainerLog }
  | { readonly kind: 'none'; readonly status: 400 | 404; readonly message: string };

const numberOf = (text: string | null): number | undefined =>
  text === null || !/^\d+$/.test(text) ? undefined : Number(text);

const sinceOf = (query: URLSearchParams, now: number): number | undefined => {
  const seconds = numberOf(query.get('sinceSeconds'));
  if (seconds !== undefined) return now - seconds * 1000;
  const time = Date.parse(query.get('sinceTime') ?? '');
  return Number.isNaN(time) ? undefined : time;
};

/** The query of `kubectl logs`; what is no number counts as not given. Pure. */
export const logOptions = (query: URLSearchParams, now: number): LogOptions => {
  const tailLines = numberOf(query.get('tailLines'));
  const limitBytes = numberOf(query.get('limitBytes'));
  const since = sinceOf(query, now);
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { since }),
  };
};

interface LogServerDeps {
  readonly certificate: KeyPair;
  readonly address: string;
  readonly find: (request: LogRequest) => LogAnswer;
  readonly clock: Clock;
  readonly log: Log;
}

const send = async (deps: LogServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'https://node');
  const [what, namespace, pod, container, ...more] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  if (what !== 'containerLogs' || !namespace || !pod || !container || more.length > 0) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  const previous = url.searchParams.get('previous') === 'true';
  const answer = deps.find({ namespace, pod, container, previous });
  if (answer.kind === 'none') {
    response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.message);
    return;
  }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders();
  for await (const bytes of readLog(answer.log, logOptions(url.searchParams, deps.clock.now()), gone.signal)) {
    if (response.write(bytes) || gone.signal.aborted) continue;
    await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
};

/**
 * Serves `/containerLogs/NAMESPACE/POD/CONTAINER` over TLS on a free port, as the apiserver asks a kubelet for it.
 * It does not authenticate its clients: it is for a loopback address.
 */
export const startLogServer = async (
  deps: LogServerDeps,
): Promise<{ readonly port: number; stop(): Promise<void> }> => {
  const server = createServer(
    { key: deps.certificate.key, cert: deps.certificate.certificate },
    (request, response) => {
      send(deps, request, response).catch((error: unknown) => {
        deps.log.warn('a log could not be sent', { error: String(error) });
        response.destroy();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, deps.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
