import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { Deadline } from '../../process/deadline.js';
import { systemClock } from '../../process/system-clock.js';
import type { Report } from './report.js';
import { PINNED } from './versions.js';

/** Where the projects publish their own builds, and the versions to take from there. */
export interface Releases {
  readonly kubernetes: { readonly version: string; readonly base: string };
  readonly etcd: { readonly version: string; readonly base: string };
}

export const RELEASES: Releases = {
  kubernetes: { version: `v${PINNED.kubernetes}`, base: 'https://dl.k8s.io/release' },
  etcd: { version: `v${PINNED.etcd}`, base: 'https://github.com/etcd-io/etcd/releases/download' },
};

/** Programs of the Kubernetes release server, by their names there. */
type KubernetesProgram = 'kube-apiserver' | 'kube-controller-manager' | 'kubectl';

/** A download that failed, or does not match what was published. The message names the address. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
}

const REACHED_WITHIN_MS = 3000;
const STALLED_AFTER_MS = 30_000;

/** The name of this platform in the releases; undefined where no apiserver is released for it. */
export const releasePlatform = (platform: string, arch: string): string | undefined => {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
  const name = names[arch];
  return platform === 'linux' && name !== undefined ? `linux/${name}` : undefined;
};

/** Asks once, for three seconds at most, whether the release server can be reached from here. */
export const releaseServerAnswers = async ({ kubernetes }: Releases, signal: AbortSignal): Promise<boolean> => {
  try {
    const url = `${kubernetes.base}/${kubernetes.version}/bin/linux/amd64/kube-apiserver.sha256`;
    return await new Deadline(systemClock, REACHED_WITHIN_MS, { signal }).run(async (within) => {
      const answer = await fetch(url, { signal: within, dispatcher: agent() });
      await answer.body?.cancel();
      return answer.ok;
    });
  } catch {
    signal.throwIfAborted();
    return false; // no name, no route, no proxy, no answer: all mean the same here
  }
};

interface Wish {
  readonly releases: Releases;
  readonly platform: string;
  readonly dir: string;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Downloads one program into `dir` under its own name, checked against the published SHA-256. @throws DownloadError */
export const downloadKubernetes = async (program: KubernetesProgram, options: Wish): Promise<void> => {
  const { releases, platform, dir, report, signal } = options;
  const url = `${releases.kubernetes.base}/${releases.kubernetes.version}/bin/${platform}/${program}`;
  const sum = (await text(`${url}.sha256`, signal)).trim().split(/\s/)[0] ?? '';
  await inScratch(dir, async (scratch) => {
    const file = join(scratch, program);
    await download({ url, file, sum, report, signal });
    await takePlace(file, join(dir, program));
  });
};

/** Downloads etcd's release, and keeps only the server. @throws DownloadError */
export const downloadEtcd = async (options: Wish): Promise<void> => {
  const { releases, platform, dir, report, signal } = options;
  const { base, version } = releases.etcd;
  const name = `etcd-${version}-${platform.replace('/', '-')}`;
  const sums = await text(`${base}/${version}/SHA256SUMS`, signal);
  const sum =
    sums
      .split('\n')
      .find((line) => line.endsWith(` ${name}.tar.gz`))
      ?.split(/\s/)[0] ?? '';
  await inScratch(dir, async (scratch) => {
    const archive = join(scratch, 'etcd.tar.gz');
    await download({ url: `${base}/${version}/${name}.tar.gz`, file: archive, sum, report, signal });
    await promisify(execFile)('tar', ['-xzf', archive, '-C', scratch, '--strip-components=1', `${name}/etcd`]);
    await takePlace(join(scratch, 'etcd'), join(dir, 'etcd'));
  });
};

const text = async (url: string, signal: AbortSignal): Promise<string> => {
  try {
    const answer = await fetch(url, { signal, dispatcher: agent() });
    if (answer.ok) return await answer.text();
    throw new DownloadError(`${url}: the server answered ${answer.status}`);
  } catch (error) {
    throw asDownloadError(url, error, signal);
  }
};

const download = async (options: {
  readonly url: string;
  readonly file: string;
  readonly sum: string;
  readonly report: Report;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { url, file, sum, report, signal } = options;
  const hash = createHash('sha256');
  try {
    const answer = await fetch(url, { signal, dispatcher: agent() });
    if (!answer.ok || answer.body === null) throw new DownloadError(`${url}: the server answered ${answer.status}`);
    const body = Readable.fromWeb(answer.body);
    const size = Number(answer.headers.get('content-length') ?? 0);
    let got = 0;
    body.on('data', (part: Buffer) => {
      hash.update(part);
      got += part.length;
      const share = size > 0 ? `${Math.floor((got / size) * 100)} % of ${megabytes(size)}` : megabytes(got);
      report.progress(`downloading ${url}: ${share}`);
    });
    await pipeline(body, createWriteStream(file), { signal });
  } catch (error) {
    throw asDownloadError(url, error, signal);
  }
  const got = hash.digest('hex');
  if (got !== sum) throw new DownloadError(`${url}: its SHA-256 is ${got}, published is ${sum || 'none'}; not used`);
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

const asDownloadError = (url: string, error: unknown, signal: AbortSignal): unknown => {
  if (signal.aborted || error instanceof DownloadError || !(error instanceof Error)) return error;
  const { cause } = error;
  return new DownloadError(`${url}: ${cause instanceof Error ? cause.message : error.message}`, { cause: error });
};

/** Works in a temporary folder beside the target, from which a finished file can be renamed into place. */
const inScratch = async (dir: string, work: (scratch: string) => Promise<void>): Promise<void> => {
  await mkdir(dir, { recursive: true });
  const scratch = await mkdtemp(join(dir, '.download-'));
  try {
    await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

const takePlace = async (file: string, place: string): Promise<void> => {
  await chmod(file, 0o755);
  await rename(file, place);
};

const agent = (): EnvHttpProxyAgent =>
  new EnvHttpProxyAgent({ headersTimeout: STALLED_AFTER_MS, bodyTimeout: STALLED_AFTER_MS });
