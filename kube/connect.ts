import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { StartError } from '../process/start-error.js';
import { systemClock } from '../process/system-clock.js';
import { type ExecConfig, ExecPlugin } from './exec-plugin.js';
import type { KubeConfig, User } from './kube-config.js';

/** How to reach an apiserver, and as whom. */
export interface Connection {
  readonly server: URL;
  /** The context's namespace, or the Pod's. */
  readonly namespace?: string;
  /** Whose credentials they are, and which command gives them. */
  readonly user: { readonly name: string; readonly command?: string };
  /** Credentials for one request. Tokens of files are read again every minute; those of plugins when they expire. */
  headers(): Promise<Record<string, string>>;
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly rejectUnauthorized: boolean;
    /** The name in the server's certificate, where it differs from the address. */
    readonly servername?: string;
  };
  /** proxy-url of the cluster. */
  readonly proxy?: string;
}

/**
 * A kubeconfig that cannot be used; the message is one line. Without a cause: the errors of YAML and JSON parsers hold the text
 * that they could not read, and that has tokens in it.
 */
class ConnectError extends StartError {
  override readonly name = 'ConnectError';

  constructor(message: string) {
    super([message]);
  }
}

/** How long credentials are used again, milliseconds: KubeConfig makes an https.Agent each time, which costs more than a small request. */
const CREDENTIALS_MS = 1_000;

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Finds the cluster: `kubeconfig`, else the Pod's own ServiceAccount, else KUBECONFIG or ~/.kube/config.
 * A `context` without `kubeconfig` looks for it in the usual files.
 * @throws ConnectError for a file that is missing, unreadable or wrong; nothing is asked of the server yet
 */
export const connect = async (options: {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}): Promise<Connection> => {
  // Imported only when it is needed: a process with a wrong flag should say so at once, and --help does not need it.
  const { KubeConfig } = await import('./kube-config.js');
  const load = (file: string): KubeConfig => loadFile(new KubeConfig(), file);
  if (options.kubeconfig !== undefined) {
    return await connectionOf(load(options.kubeconfig), options.kubeconfig, options.context);
  }
  const inCluster = process.env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN);
  if (inCluster && options.context === undefined) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return await connectionOf(config, "the Pod's ServiceAccount", undefined);
  }
  const files = usualFiles();
  const merged = mergeConfigs(new KubeConfig(), files.map(load));
  return await connectionOf(merged, files.join(', '), options.context);
};

/** Names of the contexts that {@link connect} can be given. @throws ConnectError for a file that is missing, unreadable or wrong */
export const contextNames = async (kubeconfig: string | undefined): Promise<readonly string[]> => {
  const { KubeConfig } = await import('./kube-config.js');
  const files = kubeconfig === undefined ? usualFiles() : [kubeconfig];
  const configs = files.map((file) => loadFile(new KubeConfig(), file));
  return mergeConfigs(new KubeConfig(), configs)
    .getContexts()
    .map(({ name }) => name);
};

const usualFiles = (): readonly string[] => {
  const given = process.env['KUBECONFIG'] ?? '';
  const files = given === '' ? [join(homedir(), '.kube', 'config')] : given.split(delimiter).filter((f) => f !== '');
  const existing = files.filter((file) => existsSync(file));
  if (existing.length > 0) return existing;
  const where = given === '' ? 'KUBECONFIG is not set' : `KUBECONFIG names ${given}, which does not exist`;
  const home = given === '' ? ` and ${files.join()} does not exist` : '';
  throw new ConnectError(`no cluster to connect to: ${where}${home}; give --kubeconfig FILE`);
};

const loadFile = (config: KubeConfig, file: string): KubeConfig => {
  const fault = (what: string): ConnectError =>
    new ConnectError(`kubeconfig ${file}: ${what}; give another one with --kubeconfig FILE`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault(`cannot be read: ${readFault(error)}`);
  }
  try {
    config.loadFromFile(file);
    readUsers(config, { file, text });
  } catch (error) {
    throw fault(text.trim() === '' ? 'is empty' : `is no kubeconfig: ${loadFault(error)}`);
  }
  return config;
};

/**
 * KubeConfig knows a Pod's token file, but not a user's `tokenFile`: it is given the latter as the former. And it looks for a command's
 * path in the current folder.
 */
const readUsers = (config: KubeConfig, { file, text }: { readonly file: string; readonly text: string }): void => {
  const { users } = parse(text) as {
    readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: unknown } }[];
  };
  for (const { name, user } of users ?? []) {
    const known = config.getUser(name);
    if (known === null) continue;
    const command: unknown = known.exec?.command;
    if (typeof command === 'string' && command.includes('/')) known.exec.command = resolve(dirname(file), command);
    if (typeof user?.tokenFile !== 'string') continue;
    const tokenFile = resolve(dirname(file), user.tokenFile);
    Object.assign(known, { authProvider: { name: 'tokenFile', config: { tokenFile } } });
  }
};

const readFault = (error: unknown): string => {
  const code = (error as { readonly code?: string }).code ?? 'unknown error';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
  };
  return known[code] ?? code;
};

/** The YAML parser's own message quotes the file, tokens and all: only its reason and line are repeated. */
const loadFault = (error: unknown): string => {
  const { reason, mark, code, path } = error as {
    readonly reason?: string;
    readonly mark?: { readonly line?: number };
    readonly code?: string;
    readonly path?: string;
  };
  if (reason !== undefined) return `${reason}${mark?.line === undefined ? '' : ` (line ${mark.line + 1})`}`;
  if (code?.startsWith('E') === true) return `${path ?? 'a file that it names'} cannot be read: ${readFault(error)}`;
  // "clusters[0].cluster.server is missing"; anything else is a fault of the parser on something that is no map at all.
  return error instanceof Error && error.name === 'Error' ? error.message : 'it holds no clusters';
};

/** As kubectl does: of two entries of one name the first wins, and so does the first current-context. */
const mergeConfigs = (merged: KubeConfig, configs: readonly KubeConfig[]): KubeConfig => {
  const firsts = <T extends { readonly name: string }>(of: (config: KubeConfig) => T[]): T[] => [
    ...new Map(configs.toReversed().flatMap((config) => of(config).map((entry) => [entry.name, entry]))).values(),
  ];
  merged.loadFromOptions({
    clusters: firsts((config) => config.clusters),
    users: firsts((config) => config.users),
    contexts: firsts((config) => config.contexts),
    currentContext: configs.find(({ currentContext }) => (currentContext ?? '') !== '')?.currentContext,
  });
  return merged;
};

const connectionOf = async (config: KubeConfig, source: string, context: string | undefined): Promise<Connection> => {
  selectContext(config, source, context);
  const cluster = config.getCurrentCluster();
  const server = cluster === null ? null : serverOf(cluster.server, source);
  if (cluster === null || server === null) {
    throw new ConnectError(
      `${source}: context "${config.currentContext}" names a cluster that is not there; mend the file`,
    );
  }
  const user = config.getCurrentUser();
  if (user === null) {
    throw new ConnectError(
      `${source}: context "${config.currentContext}" names a user that is not there; mend the file`,
    );
  }
  // KubeConfig refuses http: unless TLS is not to be checked; without TLS there is nothing to check.
  if (server.protocol === 'http:') Object.assign(cluster, { skipTLSVerify: true });
  const command: unknown = user.exec?.command;
  const plugin = typeof command === 'string' && user.token === undefined ? pluginOf(user) : undefined;
  const options = await credentials(config, { source, plugin });
  const namespace = config.getContextObject(config.currentContext)?.namespace;
  return {
    server,
    ...(namespace !== undefined && namespace !== '' && { namespace }),
    user: { name: user.name, ...(plugin && { command: String(command) }) },
    headers: keptFor(CREDENTIALS_MS, async () => headersOf(await credentials(config, { source, plugin }))),
    tls: tlsOf(options),
    ...(cluster.proxyUrl !== undefined && { proxy: cluster.proxyUrl }),
  };
};

const selectContext = (config: KubeConfig, source: string, context: string | undefined): void => {
  if (context !== undefined) config.setCurrentContext(context);
  const known = config.getContexts().map(({ name }) => `"${name}"`);
  const choice = known.length === 0 ? 'it holds none' : `it holds ${known.join(', ')}`;
  if ((config.currentContext ?? '') === '') {
    throw new ConnectError(`${source}: no current-context; choose one with --context NAME (${choice})`);
  }
  if (config.getContextObject(config.currentContext) === null) {
    throw new ConnectError(
      `${source}: no context "${config.currentContext}"; choose another one with --context NAME (${choice})`,
    );
  }
};

const serverOf = (text: string, source: string): URL => {
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server !== undefined && ['https:', 'http:'].includes(server.protocol)) return server;
  throw new ConnectError(`${source}: server "${text}" is no address; "https://HOST:PORT" is needed`);
};

/** Runs a user's plugin in the place of KubeConfig, which says of one that failed neither the command nor its exit code. */
const pluginOf = (user: User): ExecPlugin => {
  const config: ExecConfig = user.exec;
  Object.assign(user, { exec: undefined });
  const isInteractive = process.stdin.isTTY && process.stderr.isTTY;
  return new ExecPlugin(config, { env: process.env, isInteractive, clock: systemClock });
};

const credentials = async (
  config: KubeConfig,
  { source, plugin }: { readonly source: string; readonly plugin: ExecPlugin | undefined },
): Promise<RequestOptions> => {
  const options: RequestOptions = {};
  const fault = (why: string): ConnectError =>
    new ConnectError(
      `${source}: the credentials of user "${config.getCurrentUser()?.name ?? ''}" cannot be got: ${why}`,
    );
  try {
    await config.applyToHTTPSOptions(options);
    const { token, cert, key } = (await plugin?.credential()) ?? {};
    if (token !== undefined)
      Object.assign(options, { headers: { ...options.headers, authorization: `Bearer ${token}` } });
    if (cert !== undefined) Object.assign(options, { cert, key });
  } catch (error) {
    throw fault(config.getCurrentUser()?.authProvider?.name === 'oidc' ? OIDC_ENDED : credentialFault(error));
  }
  if (!Object.values(headersOf(options)).every((value) => HEADER.test(value)))
    throw fault('the token or password has characters that no request can carry, a line end for example');
  return options;
};

/** KubeConfig's own renewal gives openid-client 6 what that refuses, and would ask the issuer again each second. */
const OIDC_ENDED =
  "its token has ended, or can't be read, and auth-provider oidc does not renew it here: log in again, or use a plugin that renews it, as kubelogin (kubectl oidc-login)";

/** What undici and Node send in a header. */
const HEADER = /^[\t\x20-\x7e\x80-\xff]*$/;

const credentialFault = (error: unknown): string => {
  if (error instanceof SyntaxError) return 'the command did not print a credential as JSON';
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined) return `${path}: ${readFault(error)}`;
  return (message ?? '').trim().split('\n', 1)[0] || 'no reason given';
};

/** Caches the result of `make` for `ms`; a rejection is not cached. */
const keptFor = <T>(ms: number, make: () => Promise<T>): (() => Promise<T>) => {
  let cached: { readonly made: Promise<T>; readonly until: number } | undefined;
  return () => {
    if (cached !== undefined && performance.now() < cached.until) return cached.made;
    const made = make();
    cached = { made, until: performance.now() + ms };
    made.catch(() => {
      if (cached?.made === made) cached = undefined;
    });
    return made;
  };
};

const headersOf = ({ headers = {}, auth }: RequestOptions): Record<string, string> => {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), String(value).trim()] as const],
  );
  const basic = auth == null ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  return { ...basic, ...Object.fromEntries(given) };
};

const tlsOf = (options: RequestOptions): Connection['tls'] => {
  const { ca, cert, key, rejectUnauthorized, servername } = options as RequestOptions & Partial<Connection['tls']>;
  return {
    rejectUnauthorized: rejectUnauthorized !== false,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
  };
};
