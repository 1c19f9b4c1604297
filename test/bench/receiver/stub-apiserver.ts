/** As much of an apiserver as the receiver talks to: a ConfigMap that takes every patch, and is answered as it is then. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const data: Record<string, string> = {};
const server = createServer(async (request, response) => {
  request.setEncoding('utf8');
  let text = '';
  for await (const part of request) text += part;
  const patch = JSON.parse(text) as { readonly data?: Readonly<Record<string, string | null>> };
  for (const [key, value] of Object.entries(patch.data ?? {})) {
    if (value === null) delete data[key];
    else data[key] = value;
  }
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x', resourceVersion: '1' },
    data,
  });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ message: 'apiserver ready', port: (server.address() as AddressInfo).port }));
});
process.once('SIGTERM', () => process.exit(0));
