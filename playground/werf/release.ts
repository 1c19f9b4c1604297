import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { Deadline } from '../../process/deadline.js';
import { systemClock } from '../../process/system-clock.js';

/** Where werf's releases are, and which one to take. */
export interface WerfRelease {
  readonly version: string;
  /** A TUF repository: `targets.json` has size and hashes of each file below `targets/`. */
  readonly base: string;
}

export const RELEASE: WerfRelease = { version: '3.2.0', base: 'https://tuf.werf.io' };

type Got =
  | { readonly kind: 'got'; readonly program: string }
  /** `why` is for people. */
  | { readonly kind: 'none'; readonly why: string };

const REACHED_WITHIN_MS = 3_000;
const STALLED_AFTER_MS = 30_000;
const PLATFORMS: Readonly<Record<string, string>> = { 'linux x64': 'linux-amd64', 'linux arm64': 'linux-arm64' };

/**
 * Downloads the release into `dir`, checked against what its repository publishes; a file that differs is not kept. Never throws but the
 * signal's reason.
 */
export const downloadWerf = async (options: {
  readonly release: WerfRelease;
  readonly dir: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<Got> => {
  const { release, dir, say, signal } = options;
  const platform = PLATFORMS[`${process.platform} ${process.arch}`];
  if (platform === undefined)
    return { kind: 'none', why: `there is no release for ${process.platform} ${process.arch}` };
  const path = `releases/${release.version}/${platform}/bin/werf`;
  try {
    const sum = await publishedSum(release, path, signal);
    if (sum === undefined) return { kind: 'none', why: `${release.base} publishes no hash of ${path}` };
    say(`werf ${release.version} from its release …`);
    return {
      kind: 'got',
      program: await downloadChecked({ url: `${release.base}/targets/${path}`, dir, sum, signal }),
    };
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return {
      kind: 'none',
      why: `${release.base} can't be used: ${cause instanceof Error ? cause.message : String(cause)}`,
    };
  }
};

interface Targets {
  readonly signed?: {
    readonly targets?: Readonly<Record<string, { readonly hashes?: Readonly<Record<string, string>> }>>;
  };
}

/** Waits three seconds at most: often there is no internet. */
const publishedSum = async (release: WerfRelease, path: string, signal: AbortSignal): Promise<string | undefined> => {
  const { signed } = await new Deadline(systemClock, REACHED_WITHIN_MS, { signal }).run(async (within) => {
    const answer = await fetch(`${release.base}/targets.json`, { signal: within, dispatcher: agent() });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return (await answer.json()) as Targets;
  });
  return signed?.targets?.[path]?.hashes?.['sha512'];
};

const downloadChecked = async (of: {
  readonly url: string;
  readonly dir: string;
  readonly sum: string;
  readonly signal: AbortSignal;
}): Promise<string> => {
  const { url, dir, sum, signal } = of;
  await mkdir(dir, { recursive: true });
  const scratch = await mkdtemp(join(dir, '.download-'));
  try {
    const file = join(scratch, 'werf');
    const hash = createHash('sha512');
    const answer = await fetch(url, { signal, dispatcher: agent() });
    if (!answer.ok || answer.body === null) throw new Error(`${url}: the server answered ${answer.status}`);
    const body = Readable.fromWeb(answer.body);
    body.on('data', (part: Buffer) => hash.update(part));
    await pipeline(body, createWriteStream(file), { signal });
    if (hash.digest('hex') !== sum) throw new Error(`${url} is not what is published; not used`);
    await chmod(file, 0o755);
    await rename(file, join(dir, 'werf'));
    return join(dir, 'werf');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

const agent = (): EnvHttpProxyAgent =>
  new EnvHttpProxyAgent({ headersTimeout: STALLED_AFTER_MS, bodyTimeout: STALLED_AFTER_MS });
