import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SECURITY_HEADERS } from '../../cli/dashboard/security-headers.js';
import type { About, BundleDetail, FeedLine, LogLine, Refusal, Row, SessionAnswer } from '../../dashboard/protocol.js';

/** What a call answers. */
type Answer =
  | { readonly status: number; readonly body: object }
  /** A stream that stays open. */
  | { readonly lines: readonly LogLine[] };

/** What the server knows; a spec may change it while the server runs. */
interface Knowledge {
  mode: About['mode'];
  session: SessionAnswer;
  rows: readonly Row[];
  details: ReadonlyMap<string, BundleDetail>;
  /** By path and query, as `/api/bundles/shops/cart/events`; they come before all else. */
  answers: Map<string, Answer>;
  /** The one that is good. */
  key: string;
  /** Refuses the key that is good otherwise. */
  isKeyOld: boolean;
  /** A proxy in front has logged the caller in: no key is needed. */
  isBehindProxy: boolean;
}

/** A server that speaks the page's protocol, from what a spec gives it. */
export interface PageServer {
  readonly origin: string;
  readonly key: string;
  readonly knows: Knowledge;
  /** Paths and queries of the calls, in order. */
  readonly asked: readonly string[];
  /** To all lists that are open. */
  tell(...lines: readonly FeedLine[]): void;
  /** To all logs that are open. */
  log(...lines: readonly LogLine[]): void;
  /** Ends all connections, and takes no new ones. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

interface Page {
  readonly html: string;
  readonly js: string;
  readonly css: string;
}

const KEY = 'key-of-the-page';

/** The page as it is now, built. */
export const builtPage = async (): Promise<Page> => {
  const { buildPage } = await import(join(import.meta.dirname, '..', '..', 'dashboard', 'build.mjs'));
  return buildPage();
};

/** Rows of one line of a listing. */
const AT_A_TIME = 500;

/** Starts one on a port of 127.0.0.1. */
export const startPageServer = async (given: Partial<Knowledge> = {}): Promise<PageServer> => {
  const { html, js, css } = await builtPage();
  const files: Readonly<Record<string, readonly [string, string]>> = {
    '/page.js': ['text/javascript', js],
    '/style.css': ['text/css', css],
  };
  const knows: Knowledge = Object.assign(
    {
      mode: 'local' as const,
      session: { server: 'https://shops.example.com:6443', user: 'ada', namespace: 'shops' },
      rows: [],
      details: new Map(),
      answers: new Map(),
      key: KEY,
      isKeyOld: false,
      isBehindProxy: false,
    },
    given,
  );
  const asked: string[] = [];
  const feeds = new Set<ServerResponse>();
  const logs = new Set<ServerResponse>();

  const json = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const refuse = (response: ServerResponse, status: number, refusal: Refusal) => json(response, status, refusal);
  const stream = (response: ServerResponse, open: Set<ServerResponse>, lines: readonly object[]) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    open.add(response);
    response.on('close', () => open.delete(response));
    for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
  };
  const feed = (response: ServerResponse, namespaces: readonly string[]) => {
    const rows = knows.rows.filter(({ namespace }) => namespaces.length === 0 || namespaces.includes(namespace));
    const parts = Array.from({ length: Math.ceil(rows.length / AT_A_TIME) }, (_, at) => ({
      kind: 'bundles' as const,
      rows: rows.slice(at * AT_A_TIME, (at + 1) * AT_A_TIME),
    }));
    stream(response, feeds, [{ kind: 'listing' }, ...parts, { kind: 'listed' }]);
  };
  const api = (response: ServerResponse, url: URL) => {
    const path = url.pathname + url.search;
    const answer = knows.answers.get(path);
    if (answer !== undefined && 'lines' in answer) return stream(response, logs, answer.lines);
    if (answer !== undefined) return json(response, answer.status, answer.body);
    if (path === '/api/session') return json(response, 200, knows.session);
    if (url.pathname === '/api/bundles') return feed(response, url.searchParams.getAll('namespace'));
    const detail = knows.details.get(url.pathname);
    if (detail !== undefined) return json(response, 200, detail);
    return refuse(response, 404, { message: `There is no such thing: ${path}` });
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://page');
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const [type, text] = files[url.pathname] ?? [];
    if (type !== undefined) return response.setHeader('content-type', `${type}; charset=utf-8`).end(text);
    if (url.pathname === '/favicon.ico') return response.writeHead(204).end();
    if (!url.pathname.startsWith('/api/'))
      return response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
    asked.push(url.pathname + url.search);
    if (url.pathname === '/api/about') return json(response, 200, { version: '1.2.3', mode: knows.mode });
    const isKnown = knows.isBehindProxy || request.headers.authorization === `Bearer ${knows.key}`;
    if (!isKnown || knows.isKeyOld)
      return refuse(response, 401, { message: 'The key is not, or no longer, good.', isKeyUnknown: true });
    return api(response, url);
  };

  const server = createServer(serve);
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const goAway = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const write = (open: ReadonlySet<ServerResponse>, lines: readonly object[]) => {
    for (const response of open) for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    key: KEY,
    knows,
    asked,
    tell: (...lines) => write(feeds, lines),
    log: (...lines) => write(logs, lines),
    goAway,
    comeBack: () => listen(port),
    close: goAway,
  };
};
