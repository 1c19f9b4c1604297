import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import { forwarderTo, listen, passBack, type Upstream } from './apiserver-front.js';

/** A request that changes something. */
export interface Write {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  readonly body: string;
}

/** Looks at each write, and says where its client is to be cut off: before the apiserver sees it, or after it was done. */
interface Cutter {
  /** A promise holds the write back until it is settled. */
  readonly judge: (write: Write) => Verdict | Promise<Verdict>;
  /** Ends the client; its connection is broken off when this has resolved. */
  readonly cut: () => Promise<void>;
}

type Verdict = 'pass' | 'before' | 'after';

/** A proxy before the apiserver, with TLS of its own, that can cut its client off in the middle of a write. */
export interface CuttingProxy {
  readonly server: string;
  /** Certificate that its clients have to trust, PEM. */
  readonly ca: string;
  /** All writes go through this one from now on. */
  use(cutter: Cutter): void;
}

const PASS: Cutter = { judge: () => 'pass', cut: async () => {} };

/** Starts a proxy on 127.0.0.1 that ends with the spec file. */
export const startCuttingProxy = async (t: Test, upstream: Upstream): Promise<CuttingProxy> => {
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const forward = forwarderTo(t, upstream);
  let cutter = PASS;
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (incoming, outgoing) => {
    pass({ incoming, outgoing, forward, cutter }).catch(() => incoming.socket.destroy());
  });
  const port = await listen(t, server);
  return {
    server: `https://127.0.0.1:${port}`,
    ca: authority.certificate,
    use: (next) => {
      cutter = next;
    },
  };
};

interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly forward: (incoming: IncomingMessage) => ClientRequest;
  readonly cutter: Cutter;
}

const pass = async (call: Call): Promise<void> => {
  const { incoming, outgoing, forward, cutter } = call;
  const body = await text(incoming);
  const { method = 'GET', url = '/' } = incoming;
  const verdict = method === 'GET' ? 'pass' : await cutter.judge({ method, path: url.replace(/\?.*/s, ''), body });
  if (verdict === 'before') return await cutOff(call);
  // The apiserver ends what it has begun, though the client may be gone by then.
  const [answer] = (await once(forward(incoming).end(body), 'response')) as [IncomingMessage];
  if (verdict === 'pass') return passBack(answer, outgoing);
  await text(answer);
  await cutOff(call);
};

const cutOff = async ({ incoming, cutter }: Call): Promise<void> => {
  await cutter.cut();
  incoming.socket.destroy();
};
