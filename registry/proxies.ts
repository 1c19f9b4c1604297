import { isIP } from 'node:net';
import { isInNetworks, isNetwork } from './addresses.js';

/** The platform's HTTP proxies, as most programs read them from their environment. */
export interface Proxies {
  /** For registries that speak https. */
  readonly https?: URL;
  /** For those with `insecure`. */
  readonly http?: URL;
  /** Hosts that are reached without a proxy: `registry.corp.example`, `.corp.example`, `10.0.0.0/8`, `registry:5000`, `*`. */
  readonly except: readonly string[];
}

export const NO_PROXIES: Proxies = { except: [] };

type ReadProxies =
  | { readonly kind: 'ok'; readonly proxies: Proxies }
  /** One line each; nothing of the value, which may hold a password. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY; each also in lower case, which counts where the upper one is empty.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export const readProxies = (env: Environment): ReadProxies => {
  const https = proxyIn(env, 'HTTPS_PROXY');
  const http = proxyIn(env, 'HTTP_PROXY');
  const problems = [https, http].filter((proxy) => typeof proxy === 'string');
  if (typeof https === 'string' || typeof http === 'string') return { kind: 'invalid', problems };
  const except = variable(env, 'NO_PROXY')
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase());
  return { kind: 'ok', proxies: { ...(https && { https }), ...(http && { http }), except } };
};

/** The proxy by which a URL is reached; undefined: directly, as this machine itself always is. */
export const proxyFor = (url: URL, proxies: Proxies): URL | undefined => {
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http;
  if (proxy === undefined) return undefined;
  const host = bareHost(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (host === 'localhost' || isInNetworks(host, ['127.0.0.0/8', '::1'])) return undefined;
  return proxies.except.some((entry) => isExcept(entry, host, port)) ? undefined : proxy;
};

const variable = (env: Environment, name: string): string => env[name] || env[name.toLowerCase()] || '';

/** The proxy in a variable; a text: the problem, if it can't be used. */
const proxyIn = (env: Environment, name: string): URL | string | undefined => {
  const text = variable(env, name).trim();
  if (text === '') return undefined;
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  return `${name}: this is no address of an HTTP proxy; one looks like "http://proxy.example:3128"`;
};

const isExcept = (entry: string, host: string, port: string): boolean => {
  if (entry === '*') return true;
  if (entry.includes('/')) return isNetwork(entry) && isInNetworks(host, [entry]);
  const [, name = entry, ofPort] = /^(.*[^:]):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? [];
  if (ofPort !== undefined && ofPort !== port) return false;
  const plain = bareHost(name.replace(/^\*(?=\.)/, ''));
  return plain.startsWith('.')
    ? host.endsWith(plain)
    : host === plain || (isIP(host) === 0 && host.endsWith(`.${plain}`));
};

/** Without the brackets of IPv6 and the dot at the end of a name that is complete. */
const bareHost = (host: string): string =>
  host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
