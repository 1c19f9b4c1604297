import { createServer } from 'node:http';
import type { Test } from 'tap';
import { forwarderTo, listen, passBack, type Upstream } from './apiserver-front.js';

/** A question that a client has asked. */
interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** What is done before a question is passed on; `answer`: it is not. */
type Treatment =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'answer'; readonly status: number };

/** A plain proxy before the apiserver, that can keep single questions waiting. */
interface SlowFront {
  readonly server: string;
  /** All questions so far. */
  readonly asked: readonly Asked[];
  /** Treats every question like this from now on, those that are held aside. */
  treat(how: (asked: Asked) => Treatment): void;
  /** GETs whose path ends so are not answered from now on. */
  hold(path: string): void;
  /** How many of those that were held were given up by their client. */
  givenUp(): number;
  /** Connections that clients have opened so far. */
  connections(): number;
}

/** Starts it on 127.0.0.1; it ends with the spec file. */
export const startSlowFront = async (t: Test, upstream: Upstream): Promise<SlowFront> => {
  const forward = forwarderTo(t, upstream);
  const held = new Set<string>();
  const asked: Asked[] = [];
  let treatment = (_: Asked): Treatment => ({ kind: 'pass' });
  const counts = { givenUp: 0, connections: 0 };
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '' } = incoming;
    asked.push({ method, path: url });
    if (method === 'GET' && [...held].some((path) => url.endsWith(path))) {
      outgoing.once('close', () => {
        counts.givenUp += 1;
      });
      return;
    }
    const pass = (): void => {
      const onward = forward(incoming);
      onward.on('response', (answer) => passBack(answer, outgoing));
      onward.on('error', () => outgoing.destroy());
      outgoing.once('close', () => onward.destroy());
      incoming.pipe(onward);
    };
    const how = treatment({ method, path: url });
    if (how.kind === 'pass') pass();
    else if (how.kind === 'delay') setTimeout(pass, how.ms);
    else outgoing.writeHead(how.status).end();
  });
  server.on('connection', () => {
    counts.connections += 1;
  });
  // Longer than a client keeps its connections, so that none is closed under it.
  server.keepAliveTimeout = 120_000;
  const port = await listen(t, server);
  return {
    server: `http://127.0.0.1:${port}`,
    asked,
    treat: (next) => {
      treatment = next;
    },
    hold: (path) => void held.add(path),
    givenUp: () => counts.givenUp,
    connections: () => counts.connections,
  };
};
