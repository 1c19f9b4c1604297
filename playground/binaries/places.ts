import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The variables that say where binaries are; all but PATH and HOME may be absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The parts that must be of one version, so they are always taken from one place. */
export interface Core {
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
}

/** `$WERFBUNDLE_CACHE`, or `~/.cache/werfbundle` (`$XDG_CACHE_HOME` counts). */
export function cacheDir(env: Environment): string {
  const own = env['WERFBUNDLE_CACHE'];
  if (own) return resolve(own);
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'werfbundle');
}

/** The control plane of one folder, if both halves are there. */
export async function coreIn(dir: string): Promise<Core | undefined> {
  const kubeApiserver = await executable(join(dir, 'kube-apiserver'));
  const kubeControllerManager = await executable(join(dir, 'kube-controller-manager'));
  return kubeApiserver && kubeControllerManager ? { kubeApiserver, kubeControllerManager } : undefined;
}

/** The first of these folders that has the program. */
export async function programIn(dirs: readonly string[], name: string): Promise<string | undefined> {
  for (const dir of dirs) {
    const path = await executable(join(dir, name));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The folders of PATH; relative ones are left out, they mean another place for every caller. */
export const pathDirs = (env: Environment): readonly string[] =>
  (env['PATH'] ?? '').split(delimiter).filter((dir) => dir.startsWith('/'));

/** `v1.32.4` → 32 for a kubectl, `Kubernetes v1.20.2` → 20 for an apiserver; undefined when it can't be asked. */
export async function minorOf(program: string, args: readonly string[]): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { timeout: 20_000 });
    const minor = /\bv1\.(\d+)\./.exec(stdout)?.[1];
    return minor === undefined ? undefined : Number(minor);
  } catch {
    return undefined; // not a program of this machine: as good as none
  }
}

async function executable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
