import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { listenFault } from '../process/listen-fault.js';
import type { Clock } from '../process/ports.js';
import type { Connections } from './connections.js';

/** A server of HTTP, with TLS or without. */
type Server = HttpServer | HttpsServer;

/** How often to check whether the calls under way have ended, milliseconds. */
const DRAIN_STEP_MS = 50;

/**
 * Puts a decision before all that Node does for a connection.
 * @param admit - whether it may stay; otherwise it has been closed
 */
export const admitFirst = (server: Server, admit: (socket: Socket) => boolean): void => {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  // A server that listens on a port has sockets of the network only.
  server.on('connection', (socket) => {
    if (!admit(socket as Socket)) return;
    for (const listener of listeners) listener.call(server, socket);
  });
};

/**
 * Listens where flag --listen says; port 0 takes any free one.
 * @returns the port
 * @throws StartError with one line if it cannot listen there
 */
export const listen = (
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, { host, port, flag: '--listen' })));
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });

/** Ends a server: it goes on for `delayMs`, takes no new connections then, and after at most `graceMs` more all are cut. */
export const drain = async (
  server: Server,
  { connections, clock }: { readonly connections: Connections; readonly clock: Pick<Clock, 'sleep'> },
  { delayMs, graceMs }: { readonly delayMs: number; readonly graceMs: number },
): Promise<void> => {
  if (delayMs > 0) await clock.sleep(delayMs);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  for (let left = graceMs; left > 0 && connections.isBusy; left -= DRAIN_STEP_MS) await clock.sleep(DRAIN_STEP_MS);
  connections.closeAll();
  server.closeAllConnections();
  await closed;
};
