import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Serves with the certificates of a folder on a free port, and says so as the webhook does: by a line of JSON with the port. */
export const serveEcho = (listener: RequestListener): void => {
  const [, , folder = '.'] = process.argv;
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const server = createServer({ cert: read('tls.crt'), key: read('tls.key') }, listener);
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ message: 'webhook ready', port }));
  });
  // So that a profile is written.
  process.once('SIGTERM', () => process.exit(0));
};
