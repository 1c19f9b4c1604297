import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';

/** A request that changes something. */
export interface Write {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  readonly body: string;
}

/** Looks at each write, and says where its client is to be cut off: before the apiserver sees it, or after it was done. */
export interface Cutter {
  /** A promise holds the write back until it is settled. */
  readonly judge: (write: Write) => Verdict | Promise<Verdict>;
  /** Ends the client; its connection is broken off when this has resolved. */
  readonly cut: () => Promise<void>;
}

export type Verdict = 'pass' | 'before' | 'after';

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
export async function startCuttingProxy(
  t: Test,
  upstream: { readonly server: string; readonly ca: string },
): Promise<CuttingProxy> {
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const agent = new Agent({ keepAlive: true, ca: upstream.ca });
  let cutter = PASS;
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (incoming, outgoing) => {
    pass({ incoming, outgoing, upstream: upstream.server, agent, cutter }).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.certificate,
    use: (next) => {
      cutter = next;
    },
  };
}

async function pass(call: {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly upstream: string;
  readonly agent: Agent;
  readonly cutter: Cutter;
}): Promise<void> {
  const { incoming, outgoing, cutter } = call;
  const body = await textOf(incoming);
  const { method = 'GET', url = '/' } = incoming;
  const verdict = method === 'GET' ? 'pass' : await cutter.judge({ method, path: url.replace(/\?.*/s, ''), body });
  if (verdict === 'before') return await cutOff(call);
  const answer = await forward(call, body);
  if (verdict === 'after') {
    await textOf(answer);
    return await cutOff(call);
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  outgoing.flushHeaders();
  answer.pipe(outgoing);
  // A watch that its client has left would run on at the apiserver, and one that the apiserver broke off must not look ended.
  outgoing.on('close', () => answer.destroy());
  answer.on('error', () => outgoing.destroy());
}

async function cutOff({
  incoming,
  cutter,
}: {
  readonly incoming: IncomingMessage;
  readonly cutter: Cutter;
}): Promise<void> {
  await cutter.cut();
  incoming.socket.destroy();
}

async function forward(
  {
    incoming,
    upstream,
    agent,
  }: { readonly incoming: IncomingMessage; readonly upstream: string; readonly agent: Agent },
  body: string,
): Promise<IncomingMessage> {
  const { host: _, ...headers } = incoming.headers;
  const outgoing = request(new URL(incoming.url ?? '/', upstream), { method: incoming.method, headers, agent });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
