import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlaneProgram } from './binaries.js';
import { takeLock } from './exclusive.js';
import { type Counted, progressLine, progressOf } from './go-progress.js';
import { runGo, whyGoFailed } from './go-tool.js';
import { type Environment, executable } from './places.js';
import { versionOf } from './program-version.js';
import type { Report } from './report.js';
import { PINNED, type Versions, wordsOf } from './versions.js';

/** What is built, in the order of need. */
const PACKAGES: readonly Package[] = [
  { path: 'go.etcd.io/etcd/server/v3', built: 'server', program: 'etcd' },
  ...(['kube-apiserver', 'kube-controller-manager', 'kubectl'] as const).map((program) => ({
    path: `k8s.io/kubernetes/cmd/${program}`,
    built: program,
    program,
  })),
];

interface Package {
  readonly path: string;
  /** The name that go gives to the program. */
  readonly built: string;
  /** The name that it gets. */
  readonly program: ControlPlaneProgram;
}

/** Bytes that modules, compiled packages and programs take while it runs; measured. */
const ROOM = 4_500_000_000;
const LOOK_EVERY_MS = 500;

/** The outcome of a build. `why` is for people, in one line. */
type BuildEnd = { readonly kind: 'built' } | { readonly kind: 'failed'; readonly why: string };

interface Build {
  /** Where finished programs go, under their own names. */
  readonly dir: string;
  /** Folder for what is needed only during the build; after an interruption, compiled packages stay there. */
  readonly work: string;
  readonly versions: Versions;
  readonly programs: readonly ControlPlaneProgram[];
  readonly env: Environment;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Called as soon as each is built. */
  readonly onProgram: (program: ControlPlaneProgram) => void;
}

/**
 * Builds programs from their Go modules, checked against the sums of go-build/go.sum (of another version than the pinned one: by
 * go's own checksum database). Two at once share one build: the second waits, and shows how far the first is.
 * @throws the signal's reason when it is aborted
 */
export const buildWithGo = async (build: Build): Promise<BuildEnd> => {
  const { dir, work, report, signal } = build;
  await Promise.all([mkdir(dir, { recursive: true }), mkdir(work, { recursive: true })]);
  const other = new AbortController();
  const waiting = () => void follow(build, other.signal);
  // The lock is beside the folder, which is removed when all is built.
  const lock = await takeLock({ file: `${work}.lock`, waiting, signal });
  other.abort();
  try {
    return await buildHeld(build);
  } finally {
    report.progressEnds();
    lock.release();
  }
};

/** Shows the progress of the process that builds, and passes on the programs that are built already. */
const follow = async ({ work, report, dir, programs, onProgram }: Build, until: AbortSignal): Promise<void> => {
  report.say('another start builds these programs; waiting for it');
  const seen = new Set<ControlPlaneProgram>();
  while (!until.aborted) {
    const line = await readFile(join(work, 'progress'), 'utf8').catch(() => '');
    if (line !== '' && !until.aborted) report.progress(line);
    for (const program of programs) {
      if (seen.has(program) || !existsSync(join(dir, program))) continue;
      seen.add(program);
      onProgram(program);
    }
    await delay(LOOK_EVERY_MS);
  }
};

const buildHeld = async (build: Build): Promise<BuildEnd> => {
  const { dir, work, programs, onProgram } = build;
  const lacking: ControlPlaneProgram[] = [];
  for (const program of programs) {
    if ((await executable(join(dir, program))) === undefined) lacking.push(program);
    else onProgram(program);
  }
  if (lacking.length === 0) return { kind: 'built' };
  const { bavail, bsize } = await statfs(work);
  if (bavail * bsize < ROOM && !existsSync(join(work, 'compiled')))
    return {
      kind: 'failed',
      why: `it needs ${gigabytes(ROOM)} in ${work}, and there are ${gigabytes(bavail * bsize)}`,
    };
  const module = join(work, 'module');
  const prepared = await prepareModule({ ...build, module });
  if (prepared.kind === 'failed') return prepared;
  const end = await compile({ ...build, programs: lacking, module });
  if (end.kind === 'built') await rm(work, { recursive: true, force: true });
  return end;
};

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Prepares the module that requires the programs: the project's own, or one like it for another version. */
const prepareModule = async (build: Build & { readonly module: string }): Promise<BuildEnd> => {
  const { module, versions, report } = build;
  await mkdir(module, { recursive: true });
  for (const file of ['go.mod', 'go.sum', 'programs.go']) await cp(join(moduleDir(), file), join(module, file));
  if (versions.kubernetes === PINNED.kubernetes) return { kind: 'built' };
  await Promise.all(['go.mod', 'go.sum'].map((file) => rm(join(module, file))));
  report.progress(`Kubernetes ${versions.kubernetes}: looking up its modules`);
  const go = { ...build, dir: module, env: goEnvironment(build) };
  let told = '';
  const args = ['mod', 'download', '-json', `k8s.io/kubernetes@v${versions.kubernetes}`];
  const found = await runGo({ ...go, args, onOutput: (line) => (told += line) });
  if (found.kind === 'failed') return { kind: 'failed', why: whyGoFailed([...found.words, errorIn(told)]) };
  const { GoMod } = JSON.parse(told) as { readonly GoMod: string };
  await writeFile(join(module, 'go.mod'), goModOf(await readFile(GoMod, 'utf8'), versions));
  const tidied = await runGo({ ...go, args: ['mod', 'tidy'] });
  return tidied.kind === 'done' ? { kind: 'built' } : { kind: 'failed', why: whyGoFailed(tidied.words) };
};

/** The error in what `go mod download -json` prints for a module that it could not get. */
const errorIn = (told: string): string => /"Error": "((?:[^"\\]|\\.)*)"/.exec(told)?.[1] ?? '';

/** go.mod of a module that builds Kubernetes. @param kubernetes - its own go.mod, which takes its staging modules from folders */
export const goModOf = (kubernetes: string, versions: Versions): string => {
  const staging = `v0.${versions.kubernetes.replace(/^1\./, '')}`;
  const names = [...kubernetes.matchAll(/^\t(k8s\.io\/\S+) => \.\/staging\//gm)].map(([, name]) => name);
  const go = ['go', 'godebug'].flatMap((word) => new RegExp(`^${word} .+$`, 'm').exec(kubernetes)?.[0] ?? []);
  const required = [`\tgo.etcd.io/etcd/server/v3 v${versions.etcd}`, `\tk8s.io/kubernetes v${versions.kubernetes}`];
  const replaced = names.map((name) => `\t${name} => ${name} ${staging}`);
  const blocks = ['require (', ...required, ')', '', 'replace (', ...replaced, ')', ''];
  return ['module werfbundle.invalid/controlplane', '', ...go, '', ...blocks].join('\n');
};

/** go-build/: beside this file in the source tree; below the checkout's playground/ when this is part of dist/. */
const moduleDir = (): string => {
  const here = join(import.meta.dirname, 'go-build');
  return existsSync(here) ? here : join(import.meta.dirname, '..', 'playground', 'binaries', 'go-build');
};

const goEnvironment = ({ work, env }: Build): Environment => {
  return {
    ...env,
    // Nothing of ours stays in this user's cache, except modules, which go verifies again before it uses them.
    GOCACHE: join(work, 'go-cache'),
    GOTMPDIR: join(work, 'tmp'),
    GOFLAGS: '',
    GOWORK: 'off',
    CGO_ENABLED: '0',
  };
};

const compile = async (build: Build & { readonly module: string }): Promise<BuildEnd> => {
  const { work, versions, programs, report, signal, module } = build;
  const out = join(work, 'out');
  const env = goEnvironment(build);
  await Promise.all([mkdir(out, { recursive: true }), mkdir(join(work, 'tmp'), { recursive: true })]);
  const wanted = PACKAGES.filter(({ program }) => programs.includes(program));
  const paths = wanted.map(({ path }) => path);
  const what = `building ${wordsOf(versions)} with Go`;
  const show = (line: string) => {
    report.progress(line);
    void writeFile(join(work, 'progress'), line);
  };
  let fetched = 0;
  let total = 0;
  const listed = await runGo({
    args: ['list', '-deps', ...paths],
    dir: module,
    env,
    signal,
    onLine: (line) => {
      if (!line.startsWith('go: downloading ')) return;
      fetched += 1;
      show(`${what}: step 1 of 2, modules: ${fetched} fetched (Ctrl-C stops it, the next start goes on from there)`);
    },
    onOutput: () => {
      total += 1;
    },
  });
  if (listed.kind === 'failed') return { kind: 'failed', why: whyGoFailed(listed.words) };
  const before = await compiledBefore(work);
  const compiled = new Set(before);
  const started = performance.now();
  const counted = (): Counted => ({
    total,
    before: before.size,
    compiled: compiled.size,
    elapsedMs: performance.now() - started,
  });
  const ticker = setInterval(() => show(progressLine(`${what}: step 2 of 2`, progressOf(counted()))), LOOK_EVERY_MS);
  const ended = new AbortController();
  const arrivals = watchArrivals({ ...build, programs }, { out, wanted, ended: ended.signal });
  try {
    const { kind, words } = await runGo({
      args: ['build', '-v', ...buildFlags(versions), '-o', `${out}/`, ...paths],
      dir: module,
      env,
      signal,
      onLine: (line) => {
        if (!/^[\w.~/-]+$/.test(line) || compiled.has(line)) return;
        compiled.add(line);
        void appendFile(join(work, 'compiled'), `${line}\n`);
      },
    });
    ended.abort();
    await arrivals;
    return kind === 'done' ? { kind: 'built' } : { kind: 'failed', why: whyGoFailed(words) };
  } finally {
    ended.abort();
    clearInterval(ticker);
  }
};

/** Symbols and debug information are left out: linking takes a third of the time, and nobody debugs these. */
const buildFlags = ({ kubernetes }: Versions): readonly string[] => {
  const version = 'k8s.io/component-base/version';
  const [major, minor] = kubernetes.split('.');
  const set = { gitVersion: `v${kubernetes}`, gitMajor: major, gitMinor: minor };
  const variables = Object.entries(set).map(([name, value]) => `-X ${version}.${name}=${value}`);
  return ['-trimpath', '-ldflags', ['-s', '-w', ...variables].join(' ')];
};

const compiledBefore = async (work: string): Promise<ReadonlySet<string>> => {
  const lines = (await readFile(join(work, 'compiled'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  // The last packages were being compiled when it was interrupted.
  return new Set(lines.slice(0, -4));
};

/** Moves each program to its place as soon as it is complete, while others are still compiled. */
const watchArrivals = async (
  { dir, onProgram }: Build,
  { out, wanted, ended }: { readonly out: string; readonly wanted: readonly Package[]; readonly ended: AbortSignal },
): Promise<void> => {
  const open = new Set(wanted);
  for (let last = false; open.size > 0; ) {
    for (const row of [...open]) {
      const file = join(out, row.built);
      // One that is still being written can't be run.
      if (!existsSync(file) || (await versionOf(file, row.program)) === undefined) continue;
      await rename(file, join(dir, row.program));
      open.delete(row);
      onProgram(row.program);
    }
    if (last) return;
    last = ended.aborted;
    if (!last) await delay(LOOK_EVERY_MS);
  }
};
