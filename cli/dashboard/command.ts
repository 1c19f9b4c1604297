import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { shellWord } from '../../api/kubectl-command.js';
import { type Connection, connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { type HostPort, parseFlagValue } from '../../process/flag-values.js';
import { untilAborted } from '../../process/sleep.js';
import { systemRandom } from '../../process/system-clock.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import type { Terminal } from '../terminal.js';
import { type Callers, onePerson, TokenCallers } from './callers.js';
import { type PageFiles, startDashboardServer } from './server.js';
import { sessionAnswer } from './session-answer.js';

declare const WERFBUNDLE_PAGE: PageFiles;

export interface DashboardOptions extends ClusterOptions {
  readonly listen: string;
  readonly callersToken?: true;
}

const DEFAULT_LISTEN = '127.0.0.1:8310';

const DESCRIPTION = [
  'Serves a page that shows the bundles of a cluster as they are now: state, history, values and their sources, drift, log, and what to do next. It only reads, with your own rights, and asks no registry. Ctrl-C ends it.',
  'The page is for this machine only, and for whoever has the link that is printed: its key is new each time. A link without the key, to a bundle for example, can be shared: it shows what the one who opens it may see.',
  'With --callers-token it is for many, in a cluster for example: each shows a token of the cluster, and sees what that may see. No rights of its own are used.',
  'Exit code 0: nobody reads its output any more; 1: never; 2: wrong use, no cluster, or the address is taken; 130: ended by Ctrl-C.',
].join('\n\n');

/** `werfbundle dashboard` */
export const dashboardCommand: CommandBuilder = (terminal, { version }) => {
  const command = new Command('dashboard')
    .summary('serve a page that shows all bundles as they are now')
    .description(DESCRIPTION)
    .option('--listen <address>', 'where to serve it; port 0 is any that is free', DEFAULT_LISTEN)
    .option('--callers-token', "answers with the rights of each caller's own token, and with no others");
  return withClusterOptions(command).action((options: DashboardOptions) => {
    const address = addressIn(options);
    const run = options.callersToken === true ? serveMany : serveOne;
    return run({ terminal, files: WERFBUNDLE_PAGE, version }, options, address);
  });
};

/** @throws CommandError for what is no address, and for one that would give one's rights to others */
const addressIn = ({ listen, callersToken }: DashboardOptions): HostPort => {
  const parsed = parseFlagValue({ kind: 'host-port', help: '' }, listen);
  if (parsed.kind === 'invalid') throw misuse(`--listen: ${parsed.reasons.join('; ')}`);
  // A flag of this kind has a value of this type.
  const given = parsed.value as HostPort;
  // A browser would try its other address as well, which somebody else may listen at: the link has the key.
  const address = given.host === 'localhost' ? { host: '127.0.0.1', port: given.port } : given;
  if (callersToken === true || isLoopback(address.host)) return address;
  throw misuse(
    `--listen: ${listen} can be reached by other machines, and the page has your rights`,
    'leave it out, or give --callers-token, too: then each caller shows a token of the cluster',
  );
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

interface Place {
  readonly terminal: Terminal;
  readonly files: PageFiles;
  readonly version: string;
}

const serveOne = (place: Place, options: DashboardOptions, address: HostPort): Promise<void> =>
  inCluster(place.terminal, options, async ({ client, server, namespace }) => {
    const key = randomBytes(32).toString('base64url');
    await serveDashboard(place, {
      address,
      mode: 'local',
      callers: onePerson(key, client),
      at: { server, namespace },
      options: optionsText(options),
      told: (origin) => `${origin}/#key=${key}`,
    });
  });

const serveMany = async (place: Place, options: DashboardOptions, address: HostPort): Promise<void> => {
  const connection = await connect({ kubeconfig: options.kubeconfig, context: options.context });
  const callers = new TokenCallers((token) => createKubeClient(asCaller(connection, token)), place.terminal.clock);
  await serveDashboard(place, {
    address,
    mode: 'cluster',
    callers,
    at: { server: connection.server.origin, namespace: options.namespace },
    options: '',
    told: (origin) => origin,
  });
};

interface Serving {
  readonly address: HostPort;
  readonly mode: 'local' | 'cluster';
  readonly callers: Callers;
  readonly at: Parameters<typeof sessionAnswer>[1];
  readonly options: string;
  /** What is printed. */
  readonly told: (origin: string) => string;
}

/** Serves until Ctrl-C. @throws StartError if it can't listen there */
const serveDashboard = async ({ terminal, files, version }: Place, serving: Serving): Promise<void> => {
  const { address, mode, callers, at, options, told } = serving;
  const server = await startDashboardServer({
    listen: address,
    files,
    about: { version, mode },
    callers,
    session: (client, signal) => sessionAnswer(client, at, signal),
    options,
    isOwnHost: mode === 'cluster' ? () => true : isThisMachine,
    clock: terminal.clock,
    random: systemRandom,
    onFault: (error) => terminal.err(`werfbundle: a fault: ${error instanceof Error ? error.stack : String(error)}\n`),
  });
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  if (terminal.errIsTTY) terminal.err(`The bundles of ${at.server}, until Ctrl-C:\n`);
  terminal.out(`${told(`http://${host}:${server.port}`)}\n`);
  await untilAborted(terminal.signal);
  await server.stop();
  await callers.close();
};

/** By which names a page that is for this machine only may be called: a browser would take a stranger's name for it, too (DNS rebinding). */
const isThisMachine = (host: string, port: number): boolean => {
  const [, name = '', digits = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  return isLoopback(name.replace(/^\[|\]$/g, '')) && Number(digits) === port;
};

/** What a command needs to reach the same cluster. */
const optionsText = ({ kubeconfig, context }: ClusterOptions): string =>
  Object.entries({ kubeconfig, context })
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${shellWord(value)}`))
    .join('');

/** The same apiserver, and none of our own credentials. */
const asCaller = ({ server, tls, proxy }: Connection, token: string): Connection => ({
  server,
  user: { name: '' },
  headers: async () => ({ authorization: `Bearer ${token}` }),
  tls: {
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.servername !== undefined && { servername: tls.servername }),
  },
  ...(proxy !== undefined && { proxy }),
});
