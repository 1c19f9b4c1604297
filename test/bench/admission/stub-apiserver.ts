/**
 * As much of an apiserver as the webhook talks to, answering at once: what bundles refer to is there, everybody may do everything. It
 * counts the calls that a request costs, and tells them to whoever asks.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isChart, objectAt } from './stub-objects.js';

/** Calls since the start, by what they were for. */
export interface Calls {
  readonly lookups: number;
  readonly reviews: number;
  /** Reads of what is kept of a chart. */
  readonly charts: number;
}

const [, , folder = '.'] = process.argv;
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const calls = { lookups: 0, reviews: 0, charts: 0 };
const configurations = new Map<string, Record<string, unknown>>();

const REVIEW = JSON.stringify({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  metadata: {},
  spec: {},
  status: {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "admins" of ClusterRole "admin" to User "jane"',
  },
});

const emptyConfiguration = (name: string) => ({
  metadata: { name, resourceVersion: '1' },
  webhooks: [{ name: 'check.werfbundles.werf.io', clientConfig: {} }],
});

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  request.setEncoding('utf8');
  let text = '';
  for await (const part of request) text += part;
  return text;
};

const answer = (response: ServerResponse, status: number, body: string): void => {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
};

const configuration = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const present = configurations.get(path) ?? emptyConfiguration(path.replace(/.*\//, ''));
  if (request.method === 'PATCH') configurations.set(path, { ...present, ...JSON.parse(await bodyOf(request)) });
  answer(response, 200, JSON.stringify(configurations.get(path) ?? present));
};

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path.endsWith('/subjectaccessreviews')) {
    calls.reviews += 1;
    await bodyOf(request);
    answer(response, 201, REVIEW);
    return;
  }
  // A watch in which nothing happens.
  if (/(^|&)watch=/.test(query)) {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    return;
  }
  if (/webhookconfigurations\/[^/]+$/.test(path)) return configuration(path, request, response);
  if (query !== '') return answer(response, 200, '{"metadata":{"resourceVersion":"1"},"items":[]}');
  const object = objectAt(path);
  if (isChart(path)) calls.charts += 1;
  else if (object !== undefined) calls.lookups += 1;
  else console.error(`nothing is at ${request.method} ${request.url}`);
  answer(response, object === undefined ? 404 : 200, object ?? '{"kind":"Status","code":404,"reason":"NotFound"}');
};

const server = createServer({ cert: read('tls.crt'), key: read('tls.key') }, (request, response) => {
  void serve(request, response);
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: 'webhook ready', port }));
});
process.on('message', () => process.send?.(calls satisfies Calls));
process.channel?.unref();
// The benchmark was killed: nobody would end this process.
process.once('disconnect', () => process.exit(1));
process.once('SIGTERM', () => process.exit(0));
