import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { cacheDir } from '../../playground/binaries/places.js';

const SOURCES = join(process.cwd(), 'test/contract/helm-values');

/** What `helm -f FILE … --set … --set-string …` would be given; files are texts. */
export interface HelmQuestion {
  readonly files: readonly string[];
  readonly sets?: readonly string[];
  readonly setStrings?: readonly string[];
}

export interface HelmAnswer {
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly error?: string;
}

/** Helm's own merging of values, or why it is not there. */
type Helm =
  | { readonly kind: 'built'; readonly ask: (questions: readonly HelmQuestion[]) => Promise<readonly HelmAnswer[]> }
  | { readonly kind: 'missing'; readonly why: string };

/** Builds it into the project's cache, once for each state of its sources: that takes seconds. */
export const helm = async (): Promise<Helm> => {
  const program = join(cacheDir(process.env), 'helm-values', await digestOfSources());
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  const why = isThere ? undefined : await build(program);
  return why === undefined
    ? { kind: 'built', ask: (questions) => askProgram(program, questions) }
    : { kind: 'missing', why };
};

const digestOfSources = async (): Promise<string> => {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of (await readdir(SOURCES)).sort())
    hash.update(`${file}\n`).update(await readFile(join(SOURCES, file)));
  return hash.digest('hex').slice(0, 12);
};

/** @returns why it could not be built */
const build = async (program: string): Promise<string | undefined> => {
  const half = `${program}-${process.pid}`;
  await mkdir(join(program, '..'), { recursive: true });
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -trimpath -buildvcs=false' };
  try {
    await promisify(execFile)('go', ['build', '-ldflags=-s -w', '-o', half, '.'], {
      cwd: SOURCES,
      env,
      timeout: 300_000,
    });
  } catch (error) {
    const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
    return code === 'ENOENT' ? 'go is not on the PATH' : `go build: ${stderr.trim().split('\n').at(-1)}`;
  }
  await rename(half, program);
  return undefined;
};

const askProgram = async (program: string, questions: readonly HelmQuestion[]): Promise<readonly HelmAnswer[]> => {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(questions.map((question) => JSON.stringify(question)).join('\n'));
  const answers = await text(child.stdout);
  return answers
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HelmAnswer);
};
