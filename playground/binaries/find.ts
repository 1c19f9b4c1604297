import { join } from 'node:path';
import { enforcesCel } from '../control-plane/program-flags.js';
import type { Binaries } from './binaries.js';
import { isDebian, runDebianScript, scriptPath } from './debian.js';
import { type Core, cacheDir, coreIn, type Environment, minorOf, pathDirs, programIn } from './places.js';
import {
  DownloadError,
  downloadEtcd,
  downloadKubernetes,
  RELEASES,
  type Releases,
  releasePlatform,
  releaseServerAnswers,
} from './release.js';

/** What a caller can't do without. For a registry there is a substitute inside the playground's own process. */
type Need = 'control-plane' | 'registry';

export type Found =
  | { readonly kind: 'found'; readonly binaries: Binaries }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] };

/** A program that is not there, and the command or the setting that gets it. */
interface Missing {
  readonly name: string;
  readonly how: string;
}

/** What is got in one go. `crds`: the modern server of CRDs, for an apiserver that does not know CEL. */
type Part = 'core' | 'crds' | 'etcd' | 'kubectl' | 'docker-registry';

interface Search {
  readonly need: readonly Need[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly env: Environment;
  readonly releases: Releases;
}

/** The oldest kubectl that knows `--subresource`. */
const KUBECTL_MINOR = 24;
const OPTIONAL: readonly Part[] = ['crds', 'docker-registry'];

/**
 * Finds the playground's programs, and gets those that are missing: `$KUBEBUILDER_ASSETS`, the cache and PATH; the release
 * servers, where they can be reached; Debian's packages and a build from Debian's sources, on Debian. The first build takes
 * about 20 minutes; each step is said, and resumed after an interruption.
 * @throws the signal's reason when it is aborted
 */
export async function findBinaries(options: {
  readonly need: readonly Need[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly env?: Environment;
  readonly releases?: Releases;
}): Promise<Found> {
  const search: Search = { env: process.env, releases: RELEASES, ...options };
  const assets = search.env['KUBEBUILDER_ASSETS'];
  if (assets && !(await coreIn(assets))) {
    search.say(
      `KUBEBUILDER_ASSETS (${assets}) has not both kube-apiserver and kube-controller-manager; looking elsewhere for them`,
    );
  }
  for (const get of [getReleases, getFromDebian]) {
    const { lacking } = await look(search);
    if (lacking.length > 0) await get(search, lacking);
  }
  return conclude(await look(search), search.say);
}

/** Looks at what is on this machine already, and gets nothing. */
export async function lookForBinaries(env: Environment): Promise<Found> {
  const signal = new AbortController().signal;
  return conclude(await look({ need: ['control-plane'], env, releases: RELEASES, say: () => {}, signal }), () => {});
}

interface Look {
  readonly binaries: Partial<Binaries>;
  readonly lacking: readonly Part[];
}

async function look({ env, need, releases }: Search): Promise<Look> {
  const cache = cacheDir(env);
  const assets = env['KUBEBUILDER_ASSETS'];
  const own = [...(assets ? [assets] : []), releaseDir(cache, releases), cache];
  const [core, etcd, kubectl, dockerRegistry, crds] = await Promise.all([
    firstCore(own),
    programIn([...own, ...pathDirs(env)], 'etcd'),
    usableKubectl([...own, ...pathDirs(env)]),
    programIn([cache, ...pathDirs(env)], 'docker-registry'),
    programIn([cache], 'apiextensions-apiserver'),
  ]);
  const old = core !== undefined && !enforcesCel((await minorOf(core.kubeApiserver, ['--version'])) ?? 0);
  const binaries: Partial<Binaries> = {
    ...core,
    ...(etcd && { etcd }),
    ...(old && crds && { apiextensionsApiserver: crds }),
    ...(kubectl && { kubectl }),
    ...(dockerRegistry && { dockerRegistry }),
  };
  const lacking: Part[] = [];
  if (need.includes('control-plane')) {
    if (!etcd) lacking.push('etcd');
    if (!kubectl) lacking.push('kubectl');
    if (!core) lacking.push('core');
    if (!crds && (old || !core)) lacking.push('crds');
  }
  if (need.includes('registry') && !dockerRegistry) lacking.push('docker-registry');
  return { binaries, lacking };
}

function conclude({ binaries, lacking }: Look, say: (line: string) => void): Found {
  const missing = lacking.filter((part) => !OPTIONAL.includes(part)).map((part) => HOW[part]);
  const { etcd, kubeApiserver, kubeControllerManager, kubectl, ...others } = binaries;
  if (!etcd || !kubeApiserver || !kubeControllerManager || !kubectl || missing.length > 0) {
    return { kind: 'missing', missing };
  }
  if (lacking.includes('crds')) {
    say(
      'WARNING: no CRD server with CEL: this apiserver stores CRDs without their CEL rules, and refuses less than it should',
    );
  }
  return { kind: 'found', binaries: { etcd, kubeApiserver, kubeControllerManager, kubectl, ...others } };
}

const BUILD_HOW = 'on Debian run it again (the build goes on where it stopped)';
const HOW: Readonly<Record<Part, Missing>> = {
  core: {
    name: 'kube-apiserver and kube-controller-manager',
    how: `set KUBEBUILDER_ASSETS to a folder that has both, or make ${RELEASES.kubernetes.base} reachable (HTTPS_PROXY counts), or ${BUILD_HOW}`,
  },
  crds: { name: 'apiextensions-apiserver', how: BUILD_HOW },
  etcd: { name: 'etcd', how: 'put a current one on the PATH, on Debian: apt-get install etcd-server' },
  kubectl: { name: `kubectl >= 1.${KUBECTL_MINOR}`, how: 'put one on the PATH' },
  'docker-registry': { name: 'docker-registry', how: 'on Debian: apt-get install docker-registry' },
};

async function getReleases(search: Search, lacking: readonly Part[]): Promise<void> {
  const { releases, say, signal, env } = search;
  const platform = releasePlatform(process.platform, process.arch);
  const wanted = (['core', 'etcd', 'kubectl'] as const).filter((part) => lacking.includes(part));
  if (wanted.length === 0 || platform === undefined) return;
  if (!(await releaseServerAnswers(releases, signal))) {
    say(`${releases.kubernetes.base} can't be reached from here`);
    return;
  }
  const options = { releases, platform, dir: releaseDir(cacheDir(env), releases), signal };
  const get = {
    core: async () => {
      await downloadKubernetes('kube-apiserver', options);
      await downloadKubernetes('kube-controller-manager', options);
    },
    etcd: () => downloadEtcd(options),
    kubectl: () => downloadKubernetes('kubectl', options),
  };
  for (const part of wanted) await timed(`${HOW[part].name} from its release`, get[part], say);
}

/** Says what is done and how long it took; a download that fails is said, and the next source has its turn. */
async function timed(what: string, get: () => Promise<void>, say: (line: string) => void): Promise<void> {
  const start = performance.now();
  say(`${what} …`);
  try {
    await get();
    say(`${what}: done in ${Math.round((performance.now() - start) / 1000)} s`);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    say(`failed: ${what}: ${error.message}`);
  }
}

async function getFromDebian({ env, say, signal }: Search, lacking: readonly Part[]): Promise<void> {
  if (!(await isDebian())) return;
  const run = { cache: cacheDir(env), env, say, signal };
  const packages = (['etcd', 'kubectl', 'docker-registry'] as const).filter((part) => lacking.includes(part));
  if (packages.length > 0) await runDebianScript({ ...run, script: 'debian-packages.sh', args: packages });
  if (lacking.includes('core')) {
    say(
      `building Kubernetes from Debian's sources: about 20 minutes, once (by hand: ${scriptPath('kubernetes-from-debian.sh')})`,
    );
    if (!(await runDebianScript({ ...run, script: 'kubernetes-from-debian.sh', args: [] }))) return;
  }
  if (lacking.includes('crds')) await runDebianScript({ ...run, script: 'crds-from-debian.sh', args: [] });
}

/** A folder for each version, so that a newer pin is never served by an older download. */
const releaseDir = (cache: string, { kubernetes }: Releases): string => join(cache, 'release', kubernetes.version);

async function firstCore(dirs: readonly string[]): Promise<Core | undefined> {
  for (const dir of dirs) {
    const core = await coreIn(dir);
    if (core !== undefined) return core;
  }
  return undefined;
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
