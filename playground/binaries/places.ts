import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Versions } from './versions.js';

/** The variables that say where binaries are; all but PATH and HOME may be absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that people set to say where binaries are, for --help. */
export const VARIABLES: Readonly<Record<string, string>> = {
  KUBEBUILDER_ASSETS:
    'A folder with kube-apiserver, etcd, kube-controller-manager and kubectl, which is looked at first.',
  WERFBUNDLE_CACHE:
    'Where programs are kept that were downloaded or built; else werfbundle in $XDG_CACHE_HOME or ~/.cache.',
  HTTPS_PROXY: 'The proxy for downloads; NO_PROXY counts, too.',
};

/** `$WERFBUNDLE_CACHE`, or `~/.cache/werfbundle` (`$XDG_CACHE_HOME` counts). */
export const cacheDir = (env: Environment): string => {
  const own = env['WERFBUNDLE_CACHE'];
  if (own) return resolve(own);
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'werfbundle');
};

/** A folder of the cache for each version, so that a newer pin is never served by older programs. */
export const versionDir = (cache: string, { kubernetes }: Versions): string => join(cache, `kubernetes-${kubernetes}`);

/** The first of these folders that has the program. */
export const programIn = async (dirs: readonly string[], name: string): Promise<string | undefined> => {
  for (const dir of dirs) {
    const path = await executable(join(dir, name));
    if (path !== undefined) return path;
  }
  return undefined;
};

/** The folders of PATH; relative ones are left out, they mean another place for every caller. */
export const pathDirs = (env: Environment): readonly string[] =>
  (env['PATH'] ?? '').split(delimiter).filter((dir) => dir.startsWith('/'));

/** What a program prints; undefined if it can't be run, and so counts as missing. */
export const answerOf = async (program: string, args: readonly string[]): Promise<string | undefined> => {
  try {
    return (await promisify(execFile)(program, [...args], { timeout: 20_000 })).stdout;
  } catch {
    return undefined;
  }
};

/** The path, if it is an executable file. */
export const executable = async (path: string): Promise<string | undefined> => {
  try {
    await access(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
};
