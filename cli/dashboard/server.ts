import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { About, FeedLine, LogLine, Refusal, SessionAnswer } from '../../dashboard/protocol.js';
import type { KubeClient } from '../../kube/client.js';
import type { Clock, Random } from '../../process/ports.js';
import { Connections } from '../../serving/connections.js';
import { admitFirst, listen } from '../../serving/tcp-server.js';
import { feedBundles } from './bundle-feed.js';
import { sendLog } from './bundle-log.js';
import { readBundle, readPart } from './bundle-parts.js';
import type { Callers } from './callers.js';
import { LineStream, Unread } from './line-stream.js';
import { asRefused, Refused } from './refusal.js';
import { type Route, routeOf } from './route.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** The page's files, as dashboard/build.mjs makes them. */
export interface PageFiles {
  readonly html: string;
  readonly js: string;
  readonly css: string;
}

interface ServerDeps {
  readonly listen: { readonly host: string; readonly port: number };
  readonly files: PageFiles;
  readonly about: About;
  readonly callers: Callers;
  /** Says who a caller is. */
  readonly session: (client: KubeClient, signal: AbortSignal) => Promise<SessionAnswer>;
  /** What commands need to reach the same cluster: ` --context staging`. */
  readonly options: string;
  /** Whether the page may be called by this Host; a page that is for this machine only must not be by another name (DNS rebinding). */
  readonly isOwnHost: (host: string, port: number) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of what is a bug. */
  readonly onFault: (error: unknown) => void;
}

interface DashboardServer {
  readonly port: number;
  /** Breaks off what goes on, and closes all connections. */
  stop(): Promise<void>;
}

/** Connections in all; a browser has six, and each page keeps one or two. */
const MOST_CONNECTIONS = 1_000;

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' } as const;

/**
 * Serves the page and what it asks for, by plain HTTP.
 * @throws StartError if it cannot listen there
 */
export const startDashboardServer = async (deps: ServerDeps): Promise<DashboardServer> => {
  const { clock } = deps;
  const connections = new Connections({
    clock,
    refusals: { add: () => undefined },
    most: { all: MOST_CONNECTIONS, perPeer: MOST_CONNECTIONS },
    giveUp: (response) => refuse(response, new Refused(408, { message: 'the body came too slowly, or not at all' })),
  });
  const ending = new AbortController();
  const place: Place = { deps, port: 0, ending: ending.signal, unread: new Unread() };
  const answers = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    if (!connections.began(request, response)) return;
    const answering = answer({ request, response }, place).finally(() => answers.delete(answering));
    answers.add(answering);
  });
  admitFirst(server, (socket) => {
    const stays = connections.admit(socket);
    if (stays) connections.opened(socket, false);
    return stays;
  });
  place.port = await listen(server, deps.listen);
  return {
    port: place.port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      ending.abort();
      await Promise.all(answers);
      connections.closeAll();
      server.closeAllConnections();
      await closed;
    },
  };
};

interface Place {
  readonly deps: ServerDeps;
  port: number;
  readonly ending: AbortSignal;
  /** Of all pages. */
  readonly unread: Unread;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const answer = async (exchange: Exchange, place: Place): Promise<void> => {
  const { response } = exchange;
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    await route(exchange, place, AbortSignal.any([gone.signal, place.ending]));
  } catch (error) {
    if (gone.signal.aborted || place.ending.aborted) return void response.destroy();
    const refused = asRefused(error);
    if (!(refused instanceof Refused)) place.deps.onFault(error);
    refuse(response, refused instanceof Refused ? refused : new Refused(500, { message: 'the dashboard has a fault' }));
  }
};

const refuse = (response: ServerResponse, { status, refusal }: Refused): void => {
  if (response.headersSent || response.destroyed) return void response.destroy();
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (status === 405) response.setHeader('Allow', 'GET');
  sendJson<Refusal>(response, status, refusal);
};

const sendJson = <T extends object>(response: ServerResponse, status: number, value: T): void => {
  const body = `${JSON.stringify(value)}\n`;
  response
    .writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body);
};

const route = async ({ request, response }: Exchange, place: Place, signal: AbortSignal): Promise<void> => {
  const { deps, port, unread } = place;
  const { host = '' } = request.headers;
  if (!deps.isOwnHost(host, port))
    throw new Refused(421, { message: `this page is not ${JSON.stringify(host)}: use the address that was printed` });
  if (request.method !== 'GET') throw new Refused(405, { message: 'this page only reads: GET is all that there is' });
  const asked = routeOf(request.url ?? '/');
  switch (asked.kind) {
    case 'unknown':
      throw new Refused(404, { message: 'there is nothing at this address' });
    case 'invalid':
      throw new Refused(400, { message: asked.why });
    case 'file':
      return sendFile(response, deps.files[asked.name], TYPES[asked.name]);
    case 'about':
      return sendJson(response, 200, deps.about);
    default:
      await forCaller({ request, response }, { asked, deps, unread }, signal);
  }
};

const sendFile = (response: ServerResponse, text: string, type: string): void => {
  response
    .writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Content-Length': Buffer.byteLength(text) })
    .end(text);
};

type Private = Extract<Route, { kind: 'session' | 'bundles' | 'bundle' }>;

/** Answers what takes a caller's rights. */
const forCaller = async (
  { request, response }: Exchange,
  { asked, deps, unread }: Pick<Place, 'deps' | 'unread'> & { readonly asked: Private },
  signal: AbortSignal,
): Promise<void> => {
  const [, credential] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (credential === undefined) throw new Refused(401, { message: 'a key is missing' });
  const caller = deps.callers.admit(credential);
  if (caller === 'unknown')
    throw new Refused(401, {
      message: 'this key is no good, or no longer: `werfbundle dashboard` makes a new one each time it is started',
      isKeyUnknown: true,
    });
  if (caller === 'full')
    throw new Refused(503, { message: 'too many others look at this page; try again in a minute' });
  const { client } = caller;
  let isKnown = true;
  try {
    if (asked.kind === 'session') sendJson(response, 200, await deps.session(client, signal));
    else if (asked.kind === 'bundles')
      await streamBundles({ client, response, deps, unread }, asked.namespaces, signal);
    else await sendBundle({ client, response, deps, unread }, asked, signal);
  } catch (error) {
    const refused = asRefused(error);
    isKnown = !(refused instanceof Refused) || refused.status !== 401;
    throw refused;
  } finally {
    caller.release(isKnown);
  }
};

interface Answering {
  readonly client: KubeClient;
  readonly response: ServerResponse;
  readonly deps: ServerDeps;
  readonly unread: Unread;
}

const streamBundles = async (
  { client, response, deps, unread }: Answering,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  let last: FeedLine = { kind: 'alive' };
  const alive = (): FeedLine => (last.kind === 'disturbed' ? last : { kind: 'alive' });
  const stream = new LineStream<FeedLine>(response, { clock: deps.clock, unread, alive });
  const send = (line: FeedLine): void => {
    last = line;
    stream.send(line);
  };
  try {
    await feedBundles({ client, clock: deps.clock, random: deps.random, send }, namespaces, signal);
  } catch (error) {
    if (!(error instanceof Refused) || !stream.hasBegun) throw error;
    const status = error.status === 401 || error.status === 403 ? error.status : 500;
    stream.send({ kind: 'ended', status, refusal: error.refusal });
  }
  stream.end();
};

const sendBundle = async (
  { client, response, deps, unread }: Answering,
  { part, namespace, name, number }: Extract<Route, { kind: 'bundle' }>,
  signal: AbortSignal,
): Promise<void> => {
  const { clock, options } = deps;
  const bundle = await readBundle(client, { namespace, name }, signal);
  if (part !== 'log')
    return sendJson(response, 200, await readPart({ client, clock, options }, { part, bundle }, signal));
  const stream = new LineStream<LogLine>(response, { clock, unread, alive: () => ({ kind: 'alive' }) });
  const send = (line: LogLine): void => stream.send(line);
  try {
    await sendLog({ client, clock, send, read: () => stream.read(signal) }, { bundle, number }, signal);
  } catch (error) {
    const refused = asRefused(error);
    if (!(refused instanceof Refused) || !stream.hasBegun) throw error;
    stream.send({ kind: 'ended', why: refused.message });
  }
  stream.end();
};
