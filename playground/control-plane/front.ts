import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, get, request, type Server } from 'node:https';
import type { Credentials } from './credentials.js';

/**
 * One API endpoint out of two: CRDs and custom resources from the modern server, all else from the core apiserver. The
 * caller's own bearer token goes through, so authentication and RBAC stay real. Bodies and watches are streamed. No
 * upgrades (exec, port-forward) and no client certificates.
 */
interface Front {
  close(): Promise<void>;
}

interface Upstreams {
  readonly core: number;
  readonly modern: number;
  readonly agent: Agent;
  readonly credentials: Credentials;
}

interface Group {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion?: { readonly groupVersion: string; readonly version: string };
}

interface CrdList {
  readonly items: readonly {
    readonly spec: {
      readonly group: string;
      readonly versions: readonly { readonly name: string; readonly served: boolean }[];
    };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const CRD_GROUP = 'apiextensions.k8s.io';

/** Listens on 127.0.0.1:`port`; rejects when the port is taken or the core apiserver can't be asked for its groups. */
export async function startFront(options: {
  readonly port: number;
  readonly core: number;
  readonly modern: number;
  readonly credentials: Credentials;
}): Promise<Front> {
  const { credentials } = options;
  // Idle connections are dropped before the apiservers drop them, after 90 s.
  const agent = new Agent({ keepAlive: true, timeout: 30_000, ca: credentials.ca });
  const upstreams: Upstreams = { core: options.core, modern: options.modern, agent, credentials };
  const listed = (await getJson(upstreams, options.core, '/apis')) as { groups: readonly Group[] };
  const coreGroups = listed.groups.filter((group) => group.name !== CRD_GROUP);
  const names = new Set(coreGroups.map((group) => group.name));
  const server = createServer({ key: credentials.key, cert: credentials.cert }, (req, res) => {
    const path = (req.url ?? '/').replace(/\?.*$/s, '');
    if (req.method === 'GET' && (path === '/apis' || path === '/apis/')) {
      answerGroups(upstreams, coreGroups, res).catch((error: Error) => fail(res, error));
      return;
    }
    const group = /^\/apis\/([^/]+)/.exec(path)?.[1];
    forward(upstreams, group === undefined || names.has(group) ? options.core : options.modern, req, res);
  });
  server.requestTimeout = 0; // watches
  server.keepAliveTimeout = 0; // a client's idle connection must not be cut just when it sends its next request
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return { close: () => close(server, agent) };
}

function forward(upstreams: Upstreams, port: number, req: IncomingMessage, res: ServerResponse): void {
  const { agent } = upstreams;
  const { method, url, headers } = req;
  const up = request({ host: '127.0.0.1', port, path: url, method, headers, agent }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    res.flushHeaders(); // a watch has headers long before its first event
    answer.pipe(res);
    answer.on('error', () => res.destroy());
  });
  up.on('error', (error) => fail(res, error));
  res.on('close', () => up.destroy());
  req.pipe(up);
}

async function answerGroups(upstreams: Upstreams, coreGroups: readonly Group[], res: ServerResponse): Promise<void> {
  const list = await getJson(upstreams, upstreams.modern, `/apis/${CRD_GROUP}/v1/customresourcedefinitions`);
  const groups = [...coreGroups, ...servedGroups(list as CrdList)];
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ kind: 'APIGroupList', apiVersion: 'v1', groups }));
}

/** The groups of the established CRDs, as a single apiserver would list them. */
export function servedGroups(list: CrdList): readonly Group[] {
  const versions = new Map<string, Set<string>>([[CRD_GROUP, new Set(['v1'])]]);
  for (const { spec, status } of list.items) {
    if (!status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) continue;
    const known = versions.get(spec.group) ?? new Set();
    for (const { name, served } of spec.versions) if (served) known.add(name);
    versions.set(spec.group, known);
  }
  return [...versions].map(([name, known]) => {
    const served = [...known].sort().reverse();
    const rows = served.map((version) => ({ groupVersion: `${name}/${version}`, version }));
    const [preferredVersion] = rows;
    return { name, versions: rows, ...(preferredVersion && { preferredVersion }) };
  });
}

function getJson({ agent, credentials }: Upstreams, port: number, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${credentials.adminToken}`, accept: 'application/json' };
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(body));
        else reject(new Error(`${path}: ${answer.statusCode} ${body}`));
      });
      answer.on('error', reject);
    }).on('error', reject);
  });
}

function fail(res: ServerResponse, error: Error): void {
  if (res.headersSent) res.destroy();
  else res.writeHead(502).end(error.message);
}

function close(server: Server, agent: Agent): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    agent.destroy();
  });
}
