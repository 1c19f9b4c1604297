import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { issueLeaf } from '../../../certs/issue.js';
import type { KubeClient } from '../../../kube/client.js';
import type { ControlPlane } from '../../../playground/control-plane/start.js';
import { registerNode, reportNode } from '../../../playground/node-agent/node-object.js';

/** The node that all Pods are on. */
export const NODE = 'bench';

const ADDRESS = '127.0.0.1';
/** As long as werf's for a small chart. */
const LOG = Array.from(
  { length: 40 },
  (_, line) => `│ Deployment/app-${line}  replicas=1/1  the resource is ready and was not changed since\n`,
).join('');

/** A node that runs nothing and has a log for whatever Pod it is asked about: the controller reads it over the apiserver. */
export const startNodeLogs = async (
  client: KubeClient,
  { dir, ca }: Pick<ControlPlane, 'dir' | 'ca'>,
  signal: AbortSignal,
): Promise<{ stop(): Promise<void> }> => {
  const key = await readFile(join(dir, 'ca.key'), 'utf8');
  const leaf = await issueLeaf({ certificate: ca, key }, [ADDRESS, NODE], Date.now());
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(LOG);
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, ADDRESS, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const facts = { node: NODE, address: ADDRESS, cpus: cpus().length, memory: totalmem() };
  await registerNode(client, facts, signal);
  await reportNode(client, { facts, port, ready: true, since: Date.now() }, Date.now(), signal);
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
