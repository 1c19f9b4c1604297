import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentialFor, type RegistryCredential } from '../../api/docker-config.js';
import { isDockerHub } from '../../api/docker-hub.js';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';

/** What a user's docker config has for a repository. */
export interface UserCredential {
  /** The file: `/home/anna/.docker/config.json`. */
  readonly file: string;
  readonly credential: RegistryCredential | undefined;
  /** Why there is none though the file speaks of one; quotes nothing of the file. */
  readonly problem?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HELPER_MS = 20_000;
/** The user name that stands for an identity token. */
const TOKEN = '<token>';
/** The words of all helpers. */
const NOT_FOUND = /credentials not found/;
/** Docker Hub's name in docker configs. */
const HUB = 'https://index.docker.io/v1/';

/**
 * Looks for a login where `docker login` and `werf cr login` keep it: in the folder of $WERF_DOCKER_CONFIG or $DOCKER_CONFIG, or in
 * ~/.docker; `credHelpers` and `credsStore` by running `docker-credential-NAME get`, then `auths`. Never rejects: what can't be read is a
 * problem, which matters only if the registry wants a login.
 */
export const findUserCredential = async (
  target: { readonly host: string; readonly repository: string },
  env: Environment,
  signal?: AbortSignal,
): Promise<UserCredential> => {
  const file = join(folderOf(env), 'config.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) {
    const problem = text.code === 'ENOENT' ? undefined : `it can't be read (${text.code})`;
    return { file, credential: undefined, ...(problem !== undefined && { problem }) };
  }
  const config = parseJson(text);
  const helper = isMap(config) ? helperFor(config, target.host) : undefined;
  const kept = helper === undefined ? undefined : await askHelper({ helper, host: target.host, env, signal });
  if (kept?.kind === 'found') return { file, credential: kept.credential };
  const match = credentialFor(text, target);
  if (match.kind === 'found') return { file, credential: match.credential };
  const problem = match.kind === 'invalid' ? match.reason : kept?.kind === 'failed' ? kept.why : undefined;
  return { file, credential: undefined, ...(problem !== undefined && { problem }) };
};

const folderOf = (env: Environment): string =>
  env['WERF_DOCKER_CONFIG'] || env['DOCKER_CONFIG'] || join(env['HOME'] ?? '', '.docker');

/** The helper of a host, before the one for all. */
const helperFor = (config: JsonMap, host: string): string | undefined => {
  const helpers = isMap(config['credHelpers']) ? config['credHelpers'] : {};
  const names = isDockerHub(host) ? [HUB, 'docker.io', 'index.docker.io'] : [host];
  const own = names.map((name) => helpers[name]).find((helper) => helper !== undefined);
  const helper = own ?? config['credsStore'];
  return typeof helper === 'string' && helper !== '' ? helper : undefined;
};

type Kept =
  | { readonly kind: 'found'; readonly credential: RegistryCredential }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly why: string };

interface Question {
  readonly helper: string;
  readonly host: string;
  readonly env: Environment;
  /** Ends the helper, too. */
  readonly signal: AbortSignal | undefined;
}

/** @see https://github.com/docker/docker-credential-helpers#development */
const askHelper = async ({ helper, host, env, signal }: Question): Promise<Kept> => {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) return { kind: 'failed', why: 'its credential helper has a name that none can have' };
  const { code, stdout } = await run(program, isDockerHub(host) ? HUB : host, { env, signal });
  if (code === 'ENOENT') return { kind: 'failed', why: `${program}, which it names, is not on the PATH` };
  // Docker's own helpers say on standard output that there is none.
  if (code !== 0) return NOT_FOUND.test(stdout) ? { kind: 'none' } : { kind: 'failed', why: `${program} failed` };
  const answer = parseJson(stdout);
  const { Username: username, Secret: secret } = isMap(answer) ? answer : {};
  if (typeof username !== 'string' || typeof secret !== 'string')
    return { kind: 'failed', why: `${program} gave no credential` };
  if (secret === '') return { kind: 'none' };
  const credential: RegistryCredential =
    username === TOKEN
      ? { kind: 'identity-token', username: '', token: secret }
      : { kind: 'basic', username, password: secret };
  return { kind: 'found', credential };
};

const run = (
  program: string,
  input: string,
  { env, signal }: Pick<Question, 'env' | 'signal'>,
): Promise<{ readonly code: unknown; readonly stdout: string }> =>
  new Promise((resolve) => {
    const options = { timeout: HELPER_MS, env: { ...env }, ...(signal && { signal }) };
    const child = execFile(program, ['get'], options, (error, stdout) => {
      resolve({ code: error === null ? 0 : (error.code ?? 'killed'), stdout });
    });
    child.stdin?.on('error', () => {}); // a program that does not exist reads nothing
    child.stdin?.end(input);
  });
