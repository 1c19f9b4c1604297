/** The least that express can do with a call: JSON in, its secret compared, an answer out. */
import type { AddressInfo } from 'node:net';
import express from 'express';

const [, , secret = ''] = process.argv;
const app = express();
app.post('/receivers/:name', express.json({ limit: '1mb' }), (request, response) => {
  if (request.headers.authorization !== `Bearer ${secret}`) response.status(401).json({ message: 'no' });
  else response.json({ message: `nothing to do, ${request.body.events.length}` });
});
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: 'express ready', port }));
});
server.keepAliveTimeout = 120_000;
process.once('SIGTERM', () => process.exit(0));
