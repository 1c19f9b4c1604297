import { once } from 'node:events';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A plain proxy before the apiserver, that can keep single questions waiting. */
export interface SlowFront {
  readonly server: string;
  /** GETs whose path ends so are not answered from now on. */
  hold(path: string): void;
  /** How many of those that were held were given up by their client. */
  givenUp(): number;
  /** Connections that clients have opened so far. */
  connections(): number;
}

/** Starts it on 127.0.0.1; it ends with the spec file. */
export async function startSlowFront(
  t: Test,
  upstream: { readonly server: string; readonly ca: string },
): Promise<SlowFront> {
  const agent = new Agent({ keepAlive: true, ca: upstream.ca });
  const held = new Set<string>();
  const counts = { givenUp: 0, connections: 0 };
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    if (method === 'GET' && [...held].some((path) => url.endsWith(path))) {
      outgoing.once('close', () => {
        counts.givenUp += 1;
      });
      return;
    }
    const onward = request(new URL(url, upstream.server), { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', () => {
    counts.connections += 1;
  });
  // Longer than a client keeps its connections, so that none is closed under it.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (path) => void held.add(path),
    givenUp: () => counts.givenUp,
    connections: () => counts.connections,
  };
}
