import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Request, Response } from 'express';
import type { KeyPair } from '../certs/issue.js';
import { Connections } from '../serving/connections.js';
import { Refusals } from '../serving/refusals.js';
import { admitFirst, drain, listen } from '../serving/tcp-server.js';
import { answerUnreadable, hasHost } from '../serving/unreadable-requests.js';
import { type ClientAuthorities, hasAcceptedCertificate } from './client-certificate.js';
import type { ServerMetrics } from './metrics.js';
import { REFUSALS } from './refusals.js';
import { createRouter, giveUp, type RoutesDeps } from './routes.js';

export { MAX_BODY_BYTES } from './routes.js';

/** Idle connections live longer here than at the apiserver (90 s), or a call fails when both decide at once. */
const KEEP_ALIVE_MS = 120_000;
/** Time for a call's headers and body to arrive, waiting for room included; the apiserver gives up after 30 s at the latest. */
const RECEIVE_MS = 30_000;
/** How often that is looked at, milliseconds. */
const RECEIVE_LOOK_MS = 5000;

/** What the server is made of. */
interface ServerDeps extends Omit<RoutesDeps, 'connections' | 'refusals' | 'isAccepted'> {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly serving: KeyPair;
  /** Connections at once; `maxInFlight` decides what is left out. */
  readonly maxConnections?: number | undefined;
  readonly maxConnectionsPerPeer?: number | undefined;
  /** Only callers with a certificate by these may ask for admission; anybody, if it is left out. */
  readonly clients?: ClientAuthorities | undefined;
  readonly metrics?: ServerMetrics;
}

/** A server that listens. */
export interface AdmissionServer {
  readonly port: number;
  /** New connections are answered with this pair; existing ones stay as they are. @throws the error of OpenSSL */
  use(serving: KeyPair): void;
  /**
   * New connections are judged by these CAs; existing ones are asked to close with their next answer.
   * @param pem - which was there from the start
   */
  useClientCa(pem: string): void;
  /**
   * Ends it: for `delayMs` it goes on answering, asking each client to close its connection (the apiserver learns only after a
   * while that this Pod is terminating); then no new calls are taken, and after at most `graceMs` more all connections are cut.
   */
  stop(delayMs: number, graceMs: number): Promise<void>;
}

/** An apiserver has as many calls under way as it is answered, and keeps 25 idle connections; several may look like one peer. */
const PER_PEER = 2;
const IN_ALL = 4;

/**
 * Listens with TLS. No rules here: bodies go to the handler, its answers back.
 * @throws StartError with one line if it cannot listen there; the error of OpenSSL for certificates it can't use
 */
export const startServer = async (deps: ServerDeps): Promise<AdmissionServer> => {
  const { clock, metrics, maxInFlight, clients } = deps;
  const refusals = new Refusals({ ...deps, reasons: REFUSALS, count: (reason) => metrics?.refused(reason) });
  const all = deps.maxConnections ?? IN_ALL * maxInFlight;
  const perPeer = deps.maxConnectionsPerPeer ?? PER_PEER * maxInFlight;
  const connections = new Connections({
    clock,
    refusals,
    most: { all, perPeer },
    giveUp: (response) => giveUp(response as Response),
  });
  metrics?.countConnections(() => connections.count);
  const state = { draining: false, serving: deps.serving, ca: clients?.pem };
  const isAccepted = ({ socket }: Request): boolean => clients === undefined || connections.trusts(socket);
  const route = createRouter({ ...deps, connections, refusals, isAccepted });
  const server = createServer({ ...tlsOptions(state), ...askingFor(clients) }, (request, response) => {
    if (!connections.began(request, response) || !hasHost({ request, response }, connections)) return;
    if (state.draining) response.setHeader('Connection', 'close');
    // Never called: the last route takes all requests.
    route(request as Request, response as Response, () => {});
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  answerUnreadable(server, connections);
  server.on('tlsClientError', (error) => deps.log.debug('TLS handshake failed', { error }));
  server.on('secureConnection', (socket) => connections.opened(socket, trusts(socket, clients)));
  admitFirst(server, (socket) => connections.admit(socket));
  const port = await listen(server, deps.listen);
  const renew = (): void => server.setSecureContext(tlsOptions(state));
  return {
    port,
    use: (serving) => {
      state.serving = serving;
      renew();
    },
    useClientCa: (pem) => {
      state.ca = pem;
      renew();
      connections.outdate();
    },
    stop: async (delayMs, graceMs) => {
      state.draining = true;
      await drain(server, { connections, clock }, { delayMs, graceMs });
      refusals.stop();
    },
  };
};

const trusts = (socket: TLSSocket, clients: ClientAuthorities | undefined): boolean =>
  clients !== undefined && hasAcceptedCertificate(socket, clients);

/** Asked for, but not insisted on during the handshake: a kubelet's probe and our own check have no certificate to show. */
const askingFor = (clients: ClientAuthorities | undefined) => ({
  requestCert: clients !== undefined,
  rejectUnauthorized: false,
  requireHostHeader: false,
  requestTimeout: RECEIVE_MS,
  connectionsCheckingInterval: RECEIVE_LOOK_MS,
});

/** All options each time: a new context takes over nothing from the old one, the lowest version included. */
const tlsOptions = ({ serving, ca }: { readonly serving: KeyPair; readonly ca: string | undefined }) => ({
  cert: serving.certificate,
  key: serving.key,
  minVersion: 'TLSv1.2' as const,
  ...(ca !== undefined && { ca }),
});
