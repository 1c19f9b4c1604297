import { join } from 'node:path';
import { enforcesCel } from '../control-plane/program-flags.js';
import type { Binaries } from './binaries.js';
import { type Core, cacheDir, coreIn, type Environment, minorOf, pathDirs, programIn } from './places.js';

/** What a caller can't do without. A registry has a substitute inside the playground's own process. */
export type Need = 'control-plane' | 'registry';

export type Found =
  | { readonly kind: 'found'; readonly binaries: Binaries }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] };

/** A program that is not there, and the command or the setting that gets it. */
export interface Missing {
  readonly name: string;
  readonly how: string;
}

/** The oldest kubectl that knows `--subresource`. */
const KUBECTL_MINOR = 24;

/** Looks at what is on this machine, and gets nothing. */
export async function lookForBinaries(env: Environment): Promise<Partial<Binaries>> {
  const cache = cacheDir(env);
  const assets = env['KUBEBUILDER_ASSETS'];
  const own = [...(assets ? [assets] : []), join(cache, 'release'), cache];
  const [core, etcd, kubectl, dockerRegistry] = await Promise.all([
    firstCore(own),
    programIn([...own, ...pathDirs(env)], 'etcd'),
    usableKubectl([...own, ...pathDirs(env)]),
    programIn([cache, ...pathDirs(env)], 'docker-registry'),
  ]);
  const modern = core && (await modernFor(core, cache));
  return {
    ...core,
    ...(etcd && { etcd }),
    ...(modern && { apiextensionsApiserver: modern }),
    ...(kubectl && { kubectl }),
    ...(dockerRegistry && { dockerRegistry }),
  };
}

async function firstCore(dirs: readonly string[]): Promise<Core | undefined> {
  for (const dir of dirs) {
    const core = await coreIn(dir);
    if (core !== undefined) return core;
  }
  return undefined;
}

async function modernFor(core: Core, cache: string): Promise<string | undefined> {
  const minor = await minorOf(core.kubeApiserver, ['--version']);
  return minor !== undefined && enforcesCel(minor) ? undefined : programIn([cache], 'apiextensions-apiserver');
}

async function usableKubectl(dirs: readonly string[]): Promise<string | undefined> {
  for (const dir of dirs) {
    const path = await programIn([dir], 'kubectl');
    if (path === undefined) continue;
    const minor = await minorOf(path, ['version', '--client', '--output=json']);
    if (minor !== undefined && minor >= KUBECTL_MINOR) return path;
  }
  return undefined;
}
