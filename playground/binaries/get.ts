import { CONTROL_PLANE, type ControlPlaneProgram } from './binaries.js';
import { buildWithGo } from './go-build.js';
import { findGo } from './go-tool.js';
import type { Environment } from './places.js';
import {
  DownloadError,
  downloadEtcd,
  downloadKubernetes,
  type Releases,
  releasePlatform,
  releaseServerAnswers,
} from './release.js';
import type { Report } from './report.js';
import { type Versions, wordsOf } from './versions.js';

/** A missing program, and how to get it. */
export interface Missing {
  readonly name: string;
  readonly how: string;
}

/** The outcome of getting the missing programs; `source` is for people. */
type Got =
  | { readonly kind: 'got'; readonly source: string }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] };

export interface Getting {
  readonly lacking: readonly ControlPlaneProgram[];
  /** Where programs go, under their own names. */
  readonly dir: string;
  /** Folder for files that only a build needs. */
  readonly work: string;
  readonly versions: Versions;
  readonly releases: Releases;
  readonly env: Environment;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Called as each can be run. */
  readonly onProgram: (program: ControlPlaneProgram) => void;
}

/** Gets programs: from their releases, where those can be reached, else by Go. @throws the signal's reason when it is aborted */
export const getPrograms = async (getting: Getting): Promise<Got> => {
  const { versions } = getting;
  const started = performance.now();
  const what = wordsOf(versions);
  const seconds = () => `in ${Math.round((performance.now() - started) / 1000)} s`;
  const lacking = await download(getting);
  if (lacking.length === 0) return { kind: 'got', source: `${what}, downloaded ${seconds()}` };
  const why = await build({ ...getting, lacking });
  if (why === undefined) return { kind: 'got', source: `${what}, built with Go ${seconds()}` };
  const how = `${why}. Or set KUBEBUILDER_ASSETS to a folder that has ${CONTROL_PLANE.join(', ')}, or make ${getting.releases.kubernetes.base} reachable (HTTPS_PROXY counts)`;
  return { kind: 'missing', missing: [{ name: lacking.join(', '), how }] };
};

/** @returns the programs that are still missing */
const download = async (getting: Getting): Promise<readonly ControlPlaneProgram[]> => {
  const { lacking, releases, dir, report, signal, onProgram } = getting;
  const platform = releasePlatform(process.platform, process.arch);
  if (platform === undefined) return lacking;
  if (!(await releaseServerAnswers(releases, signal))) {
    report.say(`${releases.kubernetes.base} can't be reached from here`);
    return lacking;
  }
  const options = { releases, platform, dir, signal, report };
  const left: ControlPlaneProgram[] = [];
  for (const program of lacking) {
    try {
      await (program === 'etcd' ? downloadEtcd(options) : downloadKubernetes(program, options));
      onProgram(program);
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      report.say(`failed: ${error.message}`);
      left.push(program);
    } finally {
      report.progressEnds();
    }
  }
  return left;
};

/** @returns why they could not be built; undefined: they have been built */
const build = async (getting: Getting): Promise<string | undefined> => {
  const { lacking, env, report, versions } = getting;
  const go = await findGo(env);
  if (go.kind === 'unusable') return `${go.because}; with it they are built here`;
  report.say(`building ${wordsOf(versions)} with Go ${go.version}: once, about 5 minutes on two cores`);
  const end = await buildWithGo({ ...getting, programs: lacking });
  return end.kind === 'built' ? undefined : `the build with Go failed: ${end.why}; the next start goes on from there`;
};
