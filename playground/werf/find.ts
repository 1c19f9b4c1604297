import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '../../process/start-error.js';
import { cacheDir, type Environment, pathDirs, programIn } from '../binaries/places.js';
import { downloadWerf, RELEASE, type WerfRelease } from './release.js';

/** Which werf the Jobs run. */
type FoundWerf =
  | {
      readonly kind: 'real';
      readonly program: string;
      /** `3.2.0`, as it says itself. */
      readonly version: string;
      /** `$WERFBUNDLE_WERF`: where it was found. */
      readonly by: string;
    }
  /** `why` is for people. */
  | { readonly kind: 'stand-in'; readonly why: string };

/** Says in one line which werf is in use. */
export const tellWerf = (found: FoundWerf): string =>
  found.kind === 'real'
    ? `${found.version} (${found.program}, by ${found.by})`
    : `a stand-in, which deploys no chart: ${found.why}`;

/**
 * Looks for a werf that runs here: `--werf`, `$WERFBUNDLE_WERF`, the PATH, an earlier download; and gets the release where its server can
 * be reached. A werf that is named but does not run is an error; one that is only found is skipped.
 * @param options.download - false: nothing is downloaded
 * @throws StartError
 */
export const findWerf = async (options: {
  readonly given?: string | undefined;
  readonly env: Environment;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly download: boolean;
  readonly release?: WerfRelease;
}): Promise<FoundWerf> => {
  const { given, env, say, signal, release = RELEASE } = options;
  const named =
    given !== undefined ? { file: given, by: '--werf' } : { file: env['WERFBUNDLE_WERF'], by: '$WERFBUNDLE_WERF' };
  if (named.file) {
    const version = await versionOf(named.file);
    if (version.kind === 'none') throw new StartError([`${named.by}: ${named.file} is no werf: ${version.why}`]);
    return { kind: 'real', program: await realpath(named.file), version: version.text, by: named.by };
  }
  const cache = join(cacheDir(env), 'release', `werf-${release.version}`);
  for (const { dirs, by } of [
    { dirs: pathDirs(env), by: 'PATH' },
    { dirs: [cache], by: 'an earlier download' },
  ]) {
    const program = await programIn(dirs, 'werf');
    if (program === undefined) continue;
    const version = await versionOf(program);
    if (version.kind === 'some') return { kind: 'real', program: await realpath(program), version: version.text, by };
    say(`${program} is passed over: ${version.why}`);
  }
  if (!options.download)
    return { kind: 'stand-in', why: 'no werf is on this machine (--werf, $WERFBUNDLE_WERF, PATH)' };
  const got = await downloadWerf({ release, dir: cache, say, signal });
  if (got.kind === 'none') return { kind: 'stand-in', why: `no werf is on this machine, and ${got.why}` };
  const version = await versionOf(got.program);
  return version.kind === 'some'
    ? { kind: 'real', program: got.program, version: version.text, by: 'a download' }
    : { kind: 'stand-in', why: `the werf that was downloaded does not run here: ${version.why}` };
};

type Version = { readonly kind: 'some'; readonly text: string } | { readonly kind: 'none'; readonly why: string };

/** `werf version` says `v3.2.0`. */
const versionOf = async (program: string): Promise<Version> => {
  try {
    const env = { ...process.env, WERF_TELEMETRY: '0' };
    const { stdout } = await promisify(execFile)(program, ['version'], { timeout: 60_000, env });
    const text = /^v?(\d+\.\d+\.\d+\S*)$/m.exec(stdout.trim())?.[1];
    return text === undefined ? { kind: 'none', why: `"${program} version" says no version` } : { kind: 'some', text };
  } catch (error) {
    return { kind: 'none', why: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};
