import type { RegistryCredential } from '../ports.js';
import { isRecord, jsonObject } from './answer-json.js';
import { isDockerHub, wireRepository } from './target.js';

/** What a docker config has for a repository. `reason` says what is wrong without a word of the config's content. */
export type CredentialMatch =
  | { readonly kind: 'found'; readonly credential: RegistryCredential }
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly reason: string };

interface Entry {
  /** As written. */
  readonly key: string;
  readonly host: string;
  /** Without slashes at its ends; empty for the whole host. */
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
export function credentialFor(
  dockerConfigJson: string,
  target: { readonly host: string; readonly repository: string },
): CredentialMatch {
  const config = jsonObject(Buffer.from(dockerConfigJson));
  if (config === undefined) return { kind: 'invalid', reason: 'it is no JSON object' };
  const auths = config['auths'] ?? {};
  if (!isRecord(auths)) return { kind: 'invalid', reason: 'its "auths" is no JSON object' };
  const entries = Object.entries(auths)
    .map(([key, auth]) => parseKey(key, auth))
    .filter((entry) => matches(entry, target))
    .toSorted(moreSpecificFirst);
  for (const { auth } of entries) {
    const match = parseAuth(auth, target.host);
    if (match.kind !== 'none') return match;
  }
  return { kind: 'none' };
}

function parseKey(key: string, auth: unknown): Entry {
  const [host = '', ...segments] = key.replace(/^[a-z]+:\/\//i, '').split('/');
  const path = segments.filter((segment) => segment !== '');
  if (path[0] === 'v1' || path[0] === 'v2') path.shift();
  return { key, host: host.toLowerCase(), path: path.join('/'), auth };
}

/** Longer keys first; an exact host before a pattern of the same length. */
function moreSpecificFirst(a: Entry, b: Entry): number {
  const length = `${b.host}/${b.path}`.length - `${a.host}/${a.path}`.length;
  return length !== 0 ? length : Number(a.host.includes('*')) - Number(b.host.includes('*'));
}

function matches(entry: Entry, target: { readonly host: string; readonly repository: string }): boolean {
  const host = target.host.toLowerCase();
  const sameHost = isDockerHub(host) && isDockerHub(entry.host) ? true : hostMatches(entry.host, host);
  const repository = wireRepository(target);
  return sameHost && (entry.path === '' || `${repository}/`.startsWith(`${entry.path}/`));
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.includes('*')) return pattern === host;
  const [patternName = '', patternPort] = splitPort(pattern);
  const [name = '', port] = splitPort(host);
  const labels = name.split('.');
  const globs = patternName.split('.');
  return (
    patternPort === port &&
    globs.length === labels.length &&
    globs.every((glob, index) => labelMatches(glob, labels[index] ?? ''))
  );
}

/** `*` stands for any characters of one label. Matched piece by piece: a pattern must not be able to cost exponential time. */
function labelMatches(glob: string, label: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  const last = rest.pop();
  if (last === undefined) return glob === label;
  if (label.length < first.length + last.length || !label.startsWith(first) || !label.endsWith(last)) return false;
  const middle = label.slice(first.length, label.length - last.length);
  let at = 0;
  for (const piece of rest) {
    const found = middle.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return true;
}

function splitPort(host: string): readonly string[] {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? [host.slice(0, colon), host.slice(colon + 1)] : [host];
}

function parseAuth(auth: unknown, host: string): CredentialMatch {
  const invalid = (what: string): CredentialMatch => ({ kind: 'invalid', reason: `its entry for ${host} ${what}` });
  if (!isRecord(auth)) return invalid('is no JSON object');
  for (const field of ['auth', 'username', 'password', 'identitytoken']) {
    if (auth[field] !== undefined && typeof auth[field] !== 'string')
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
  if (username === '' && password === '') return { kind: 'none' };
  if (username.includes(':')) return invalid('has a "username" with a colon');
  return { kind: 'found', credential: { kind: 'basic', username, password } };
}

function decodeAuth(encoded: string): { readonly username: string; readonly password: string } | undefined {
  const compact = encoded.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return undefined;
  const text = Buffer.from(compact, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // Docker pads the password with zero bytes.
  return colon === -1
    ? undefined
    : { username: text.slice(0, colon), password: text.slice(colon + 1).replaceAll(/^\0+|\0+$/g, '') };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
