import { once } from 'node:events';
import type { ClientRequest, Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, type Server as HttpsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** The apiserver that a front stands before. */
export interface Upstream {
  readonly server: string;
  readonly ca: string;
}

/** @returns what begins the same request to the apiserver; its body is still to come. Connections end with the spec file. */
export const forwarderTo = (t: Test, { server, ca }: Upstream): ((incoming: IncomingMessage) => ClientRequest) => {
  const agent = new Agent({ keepAlive: true, ca });
  t.teardown(() => agent.destroy());
  return ({ method, url = '/', headers: { host: _, ...headers } }) =>
    request(new URL(url, server), { method, headers, agent });
};

/** Gives the apiserver's answer to the client. */
export const passBack = (answer: IncomingMessage, outgoing: ServerResponse): void => {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  outgoing.flushHeaders();
  answer.pipe(outgoing);
  // A watch that its client has left would run on at the apiserver, and one that the apiserver broke off must not look ended.
  outgoing.on('close', () => answer.destroy());
  answer.on('error', () => outgoing.destroy());
};

/** Listens on 127.0.0.1 until the spec file ends. @returns the port */
export const listen = async (t: Test, server: HttpServer | HttpsServer): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};
