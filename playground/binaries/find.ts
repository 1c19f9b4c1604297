import { join } from 'node:path';
import { Arrivals } from './arrivals.js';
import { type Binaries, CONTROL_PLANE, type ControlPlaneProgram } from './binaries.js';
import { programsFromDebian } from './debian.js';
import { type Getting, getPrograms, type Missing } from './get.js';
import { cacheDir, type Environment, pathDirs, programIn, versionDir } from './places.js';
import { versionOf } from './program-version.js';
import { RELEASES, type Releases } from './release.js';
import { type Report, SILENT } from './report.js';
import { type Fitness, fitEtcd, fitKubernetes, PINNED, type Versions } from './versions.js';

/** What a caller needs. A registry can be replaced by one inside the playground's own process. */
type Need = 'control-plane' | 'kubectl' | 'registry';

export type Found =
  | { readonly kind: 'found'; readonly binaries: Binaries; readonly source: string }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] };

/** Programs of which some may still be on their way, at the paths where they will be. */
export interface Gathering {
  readonly binaries: Omit<Binaries, 'dockerRegistry'>;
  /** Resolves when the program can be run. @throws GatherError when it can't be had */
  arrived(program: ControlPlaneProgram): Promise<void>;
  /** Gets it from Debian if it is missing and wanted; undefined if it can't be had. */
  dockerRegistry(): Promise<string | undefined>;
  /** Where they are from, for people: `Kubernetes 1.36.3 from the cache (DIR)`. Known when all are there. */
  source(): Promise<string>;
}

interface SearchOptions {
  readonly need: readonly Need[];
  readonly report: Report;
  readonly signal: AbortSignal;
  /** The only acceptable version of Kubernetes, without `v`; if left out, any that is new enough. */
  readonly kubernetes?: string | undefined;
  readonly env?: Environment;
  readonly releases?: Releases;
}

/**
 * Finds the playground's programs, and gets those that are missing: `$KUBEBUILDER_ASSETS`, the cache and PATH; the release
 * servers, where they can be reached; a build from Go modules with Go. Each step is reported, and resumed after an interruption.
 * @throws the signal's reason when it is aborted
 */
export const findBinaries = async (options: SearchOptions): Promise<Found> => {
  const gathering = await gatherBinaries(options);
  try {
    await Promise.all(wantedFor(options.need).map((program) => gathering.arrived(program)));
  } catch (error) {
    if (error instanceof GatherError) return { kind: 'missing', missing: error.missing };
    throw error;
  }
  const dockerRegistry = await gathering.dockerRegistry();
  const binaries = { ...gathering.binaries, ...(dockerRegistry !== undefined && { dockerRegistry }) };
  return { kind: 'found', binaries, source: await gathering.source() };
};

/** Looks for programs on this machine only, and downloads nothing. */
export const lookForBinaries = async (env: Environment): Promise<Found> => {
  const { there, dockerRegistry } = await look({ env, report: SILENT, kubernetes: undefined });
  const lacking = CONTROL_PLANE.filter((program) => there[program] === undefined);
  const how = '"node dist/playground.js binaries" gets it';
  if (lacking.length > 0) return { kind: 'missing', missing: lacking.map((name) => ({ name, how })) };
  const binaries = { ...pathsOf(there, ''), ...(dockerRegistry !== undefined && { dockerRegistry }) };
  return { kind: 'found', binaries, source: sourceOf(there) };
};

const wantedFor = (need: readonly Need[]): readonly ControlPlaneProgram[] =>
  CONTROL_PLANE.filter(
    (program) => need.includes('control-plane') || (program === 'kubectl' && need.includes('kubectl')),
  );

/** The same as {@link findBinaries}, but resolves as soon as it is known where the programs will be. */
export const gatherBinaries = async (options: SearchOptions): Promise<Gathering> => {
  const env = options.env ?? process.env;
  const { report, signal, need, kubernetes } = options;
  const versions = versionsFor(kubernetes);
  const seen = await look({ env, report, kubernetes });
  const lacking = wantedFor(need).filter((program) => seen.there[program] === undefined);
  const dir = versionDir(cacheDir(env), versions);
  const arrivals = new Arrivals(CONTROL_PLANE.filter((program) => !lacking.includes(program)));
  const getting: Getting = {
    lacking,
    dir,
    versions,
    env,
    report,
    signal,
    releases: options.releases ?? releasesOf(versions),
    work: join(cacheDir(env), 'build', `kubernetes-${versions.kubernetes}`),
    onProgram: (program) => arrivals.announce(program),
  };
  const got = lacking.length === 0 ? undefined : getPrograms(getting);
  got?.then(
    (end) => (end.kind === 'missing' ? arrivals.fail(new GatherError(end.missing)) : undefined),
    (error: unknown) => arrivals.fail(error),
  );
  return {
    binaries: pathsOf(seen.there, dir),
    arrived: (program) => arrivals.arrived(program),
    dockerRegistry: () => registryOf(seen.dockerRegistry, need, { env, report, signal }),
    source: async () => {
      const end = await got;
      const rest = lacking.length === CONTROL_PLANE.length ? undefined : sourceOf(seen.there);
      return [end?.kind === 'got' ? end.source : undefined, rest].filter(Boolean).join('; ');
    },
  };
};

/** Programs that can't be had. */
export class GatherError extends Error {
  override readonly name = 'GatherError';
  readonly missing: readonly Missing[];

  constructor(missing: readonly Missing[]) {
    super(missing.map(({ name, how }) => `missing: ${name}: ${how}`).join('\n'));
    this.missing = missing;
  }
}

const versionsFor = (kubernetes: string | undefined): Versions =>
  kubernetes === undefined ? PINNED : { ...PINNED, kubernetes };

const releasesOf = ({ kubernetes, etcd }: Versions): Releases => ({
  kubernetes: { ...RELEASES.kubernetes, version: `v${kubernetes}` },
  etcd: { ...RELEASES.etcd, version: `v${etcd}` },
});

const registryOf = async (
  there: string | undefined,
  need: readonly Need[],
  given: { readonly env: Environment; readonly report: Report; readonly signal: AbortSignal },
): Promise<string | undefined> => {
  if (there !== undefined || !need.includes('registry')) return there;
  const docker = { package: 'docker-registry', programs: ['docker-registry'] };
  await programsFromDebian({
    ...given,
    ...docker,
    cache: cacheDir(given.env),
    say: (line) => given.report.say(line),
  });
  return programIn([cacheDir(given.env)], 'docker-registry');
};

/** A usable program, and where it was found. */
interface There {
  readonly path: string;
  readonly version: string;
  /** In words: `the cache (DIR)`. */
  readonly place: string;
}

type Seen = Readonly<Partial<Record<ControlPlaneProgram, There>>>;

interface SearchedFolder {
  readonly dir: string;
  readonly words: string;
}

const look = async (options: {
  readonly env: Environment;
  readonly report: Report;
  readonly kubernetes: string | undefined;
}): Promise<{ readonly there: Seen; readonly dockerRegistry: string | undefined }> => {
  const { env, report, kubernetes } = options;
  const cache = cacheDir(env);
  const assets = env['KUBEBUILDER_ASSETS'];
  const own = versionDir(cache, versionsFor(kubernetes));
  const places: readonly SearchedFolder[] = [
    ...(assets ? [{ dir: assets, words: `KUBEBUILDER_ASSETS (${assets})` }] : []),
    { dir: own, words: `the cache (${own})` },
    ...pathDirs(env).map((dir) => ({ dir, words: `the PATH (${dir})` })),
  ];
  const search = { places, kubernetes, report };
  const [core, etcd, kubectl, dockerRegistry] = await Promise.all([
    firstCore(search),
    firstThatServes(search, 'etcd'),
    firstThatServes(search, 'kubectl'),
    programIn([cache, ...pathDirs(env)], 'docker-registry'),
  ]);
  const there = { ...core, ...(etcd && { etcd }), ...(kubectl && { kubectl }) };
  if (assets && there['kube-apiserver']?.path !== join(assets, 'kube-apiserver'))
    report.say(`KUBEBUILDER_ASSETS (${assets}) has no control plane that serves; looking elsewhere`);
  return { there, dockerRegistry };
};

interface Search {
  readonly places: readonly SearchedFolder[];
  readonly kubernetes: string | undefined;
  readonly report: Report;
}

const firstThatServes = async (search: Search, program: ControlPlaneProgram): Promise<There | undefined> => {
  for (const place of search.places) {
    const there = await servesAt(place, program, search);
    if (there !== undefined) return there;
  }
  return undefined;
};

/** Apiserver and controller manager are of one version, so they are always taken from one place. */
const firstCore = async (search: Search): Promise<Seen> => {
  for (const place of search.places) {
    const apiserver = await servesAt(place, 'kube-apiserver', search);
    if (apiserver === undefined) continue;
    const manager = await servesAt(place, 'kube-controller-manager', { ...search, kubernetes: apiserver.version });
    if (manager !== undefined) return { 'kube-apiserver': apiserver, 'kube-controller-manager': manager };
    search.report.say(
      `${apiserver.path} is passed over: there is no kube-controller-manager ${apiserver.version} beside it`,
    );
  }
  return {};
};

const servesAt = async (
  place: SearchedFolder,
  program: ControlPlaneProgram,
  search: Search,
): Promise<There | undefined> => {
  const path = await programIn([place.dir], program);
  if (path === undefined) return undefined;
  const version = await versionOf(path, program);
  const fitness: Fitness = program === 'etcd' ? fitEtcd(version) : fitKubernetes(version, wantedOf(program, search));
  if (fitness.kind === 'fit') return { path, version: version ?? '', place: place.words };
  search.report.say(`${path} is passed over: ${fitness.because}`);
  return undefined;
};

/** kubectl speaks to other versions, too. */
const wantedOf = (program: ControlPlaneProgram, { kubernetes }: Search): string | undefined =>
  program === 'kubectl' ? undefined : kubernetes;

const sourceOf = (there: Seen): string => {
  const apiserver = there['kube-apiserver'];
  const what = apiserver === undefined ? Object.keys(there).join(', ') : `Kubernetes ${apiserver.version}`;
  const places = new Set(Object.values(there).map(({ place }) => place));
  return `${what} from ${[...places].join(' and ')}`;
};

const pathsOf = (there: Seen, dir: string): Omit<Binaries, 'dockerRegistry'> => {
  const at = (program: ControlPlaneProgram) => there[program]?.path ?? join(dir, program);
  return {
    etcd: at('etcd'),
    kubeApiserver: at('kube-apiserver'),
    kubeControllerManager: at('kube-controller-manager'),
    kubectl: at('kubectl'),
  };
};
