/** The playground's registry in a process of its own, which tells the benchmark when each repository was listed. */
import type { AddressInfo } from 'node:net';
import { registryServer } from '../../../playground/registry/in-process.js';

/** A listing of a repository's tags that was answered: each scan makes one. `at`: wall clock, milliseconds. */
export interface Listing {
  readonly repository: string;
  readonly at: number;
}

const [, , folder = '.', username = '', password = ''] = process.argv;
let listings: Listing[] = [];

const server = registryServer(folder, { kind: 'htpasswd', username, password });
server.prependListener('request', ({ url = '' }, response) => {
  const repository = /^\/v2\/(.+)\/tags\/list/.exec(url)?.[1];
  if (repository === undefined) return;
  const at = Date.now();
  // One that asks for a password serves nobody.
  response.once('finish', () => {
    if (response.statusCode < 400) listings.push({ repository, at });
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: 'registry ready', port }));
});
// Those since the question before.
process.on('message', () => {
  process.send?.(listings);
  listings = [];
});
process.channel?.unref();
process.once('disconnect', () => process.exit(1));
process.once('SIGTERM', () => process.exit(0));
