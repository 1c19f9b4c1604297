import { isDockerHub, wireRepository } from './docker-hub.js';
import { hostMatches } from './host-glob.js';
import { isMap } from './json-map.js';
import { parseJson } from './parse-json.js';

/** A credential from a docker config; never logged, never part of a message. */
export type RegistryCredential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly username: string; readonly token: string };

/** Type of a Secret with registry credentials. */
export const DOCKER_CONFIG_TYPE = 'kubernetes.io/dockerconfigjson';
/** The only key that the type allows. */
export const DOCKER_CONFIG_KEY = '.dockerconfigjson';

/** The entry of a docker config for a repository. `reason` says what is wrong, and quotes nothing of the config. */
export type CredentialMatch =
  | { readonly kind: 'found'; readonly credential: RegistryCredential }
  /** `entries`: of the whole config; `fitting`: those for the repository, which hold no credentials. */
  | { readonly kind: 'none'; readonly entries: number; readonly fitting: number }
  | { readonly kind: 'invalid'; readonly reason: string };

interface Entry {
  /** The key as the config has it. */
  readonly key: string;
  readonly host: string;
  /** The path, without slashes at its ends; empty for the whole host. */
  readonly path: string;
  readonly auth: unknown;
}

/**
 * Finds the credential for a repository in a `.dockerconfigjson`: keys may have a scheme, `/v1/` or `/v2/`, `*` within a label of
 * the host, and a path; the longest key that matches counts. Never throws.
 * @param dockerConfigJson - the decoded text of the Secret's key
 * @param target - `host` with its port, if any
 * @see https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export const credentialFor = (
  dockerConfigJson: string,
  target: { readonly host: string; readonly repository: string },
): CredentialMatch => {
  const config = parseJson(dockerConfigJson);
  if (!isMap(config)) return { kind: 'invalid', reason: 'it is no JSON object' };
  const auths = config['auths'] ?? {};
  if (!isMap(auths)) return { kind: 'invalid', reason: 'its "auths" is no JSON object' };
  const entries = Object.entries(auths).map(([key, auth]) => parseKey(key, auth));
  const fitting = entries.filter((entry) => matches(entry, target)).toSorted(moreSpecificFirst);
  for (const { auth } of fitting) {
    const match = parseAuth(auth, target.host);
    if (match.kind !== 'empty') return match;
  }
  return { kind: 'none', entries: entries.length, fitting: fitting.length };
};

const parseKey = (key: string, auth: unknown): Entry => {
  const [host = '', ...segments] = key.replace(/^[a-z]+:\/\//i, '').split('/');
  const path = segments.filter((segment) => segment !== '');
  if (path[0] === 'v1' || path[0] === 'v2') path.shift();
  return { key, host: host.toLowerCase(), path: path.join('/'), auth };
};

/** Longer keys first; an exact host before a pattern of the same length. */
const moreSpecificFirst = (a: Entry, b: Entry): number => {
  const length = `${b.host}/${b.path}`.length - `${a.host}/${a.path}`.length;
  return length !== 0 ? length : Number(a.host.includes('*')) - Number(b.host.includes('*'));
};

const matches = (entry: Entry, target: { readonly host: string; readonly repository: string }): boolean => {
  const host = target.host.toLowerCase();
  const sameHost = isDockerHub(host) && isDockerHub(entry.host) ? true : hostMatches(entry.host, host);
  const repository = wireRepository(target);
  return sameHost && (entry.path === '' || `${repository}/`.startsWith(`${entry.path}/`));
};

const parseAuth = (
  auth: unknown,
  host: string,
): Exclude<CredentialMatch, { kind: 'none' }> | { readonly kind: 'empty' } => {
  const invalid = (what: string) => ({ kind: 'invalid', reason: `its entry for ${host} ${what}` }) as const;
  if (!isMap(auth)) return invalid('is no JSON object');
  for (const field of ['auth', 'username', 'password', 'identitytoken']) {
    // null is as good as absent: so Docker's own reader has it.
    if (auth[field] !== undefined && auth[field] !== null && typeof auth[field] !== 'string')
      return invalid(`has a "${field}" that is no text`);
  }
  const encoded = textOf(auth['auth']);
  const decoded = encoded === '' ? undefined : decodeAuth(encoded);
  if (encoded !== '' && decoded === undefined) return invalid('has an "auth" that is not base64 of user:password');
  const username = decoded?.username ?? textOf(auth['username']);
  const password = decoded?.password ?? textOf(auth['password']);
  const token = textOf(auth['identitytoken']);
  if (token !== '') return { kind: 'found', credential: { kind: 'identity-token', username, token } };
  // `{}`: docker leaves such entries behind when a credential store of that machine has the password.
  if (username === '' && password === '') return { kind: 'empty' };
  if (username.includes(':')) return invalid('has a "username" with a colon');
  return { kind: 'found', credential: { kind: 'basic', username, password } };
};

const decodeAuth = (encoded: string): { readonly username: string; readonly password: string } | undefined => {
  const compact = encoded.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return undefined;
  const text = Buffer.from(compact, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // Docker pads the password with zero bytes.
  return colon === -1
    ? undefined
    : { username: text.slice(0, colon), password: text.slice(colon + 1).replaceAll(/^\0+|\0+$/g, '') };
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
