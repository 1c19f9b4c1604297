import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A credential for `Authorization: Basic` at a registry or its token service; never printed. */
export type Credential = { readonly username: string; readonly password: string };

interface Entry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '');

const credentialOf = (entry: Entry): Credential | undefined => {
  if (entry.username !== undefined) return { username: entry.username, password: entry.password ?? '' };
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(entry.auth ?? '', 'base64').toString('utf8')) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
};

/** The entry of a docker config for a repository: the longest key that is its host, or a path above it. Pure. */
export const findCredential = (config: unknown, host: string, repository: string): Credential | undefined => {
  const auths = (config as { readonly auths?: Readonly<Record<string, Entry>> } | null)?.auths ?? {};
  const wanted = `${host}/${repository}`;
  const [best] = Object.entries(auths)
    .map(([key, entry]) => ({ key: hostOf(key), entry }))
    .filter(({ key }) => wanted === key || wanted.startsWith(`${key}/`))
    .toSorted((a, b) => b.key.length - a.key.length);
  return best === undefined ? undefined : credentialOf(best.entry);
};

/**
 * Reads `config.json` of a folder; a file that is not there means anonymous.
 * @throws Error if it can't be read or is no JSON (nothing of it is quoted)
 */
export const readDockerConfig = async (folder: string): Promise<unknown> => {
  const file = join(folder, 'config.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '{}';
    throw new Error(`open ${file}: ${error.code}`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${file} is no JSON`);
  }
};
