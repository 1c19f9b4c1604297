import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { cacheDir } from '../../playground/binaries/places.js';

/** A program of test/contract that is built from Go modules, or why it is not there. */
type GoProgram =
  | {
      readonly kind: 'built';
      /** An answer for each question; each is a line of JSON for the program. */
      readonly ask: <Answer>(questions: readonly object[], args?: readonly string[]) => Promise<readonly Answer[]>;
    }
  | { readonly kind: 'missing'; readonly why: string };

/** Builds may wait for others on a busy machine, milliseconds. */
const BUILD_MS = 900_000;

/**
 * Builds it into the project's cache, once for each state of its sources.
 * @param name - its folder below test/contract: `helm-values`
 */
export const goProgram = async (name: string): Promise<GoProgram> => {
  const sources = join(process.cwd(), 'test/contract', name);
  const program = join(cacheDir(process.env), name, await digestOf(sources));
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  const why = isThere ? undefined : await build(program, sources);
  return why === undefined
    ? { kind: 'built', ask: (questions, args = []) => ask(program, { questions, args }) }
    : { kind: 'missing', why };
};

const digestOf = async (sources: string): Promise<string> => {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of (await readdir(sources)).sort())
    hash.update(`${file}\n`).update(await readFile(join(sources, file)));
  return hash.digest('hex').slice(0, 12);
};

/** @returns why it could not be built */
const build = async (program: string, sources: string): Promise<string | undefined> => {
  const half = `${program}-${process.pid}`;
  await mkdir(join(program, '..'), { recursive: true });
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -trimpath -buildvcs=false' };
  try {
    await promisify(execFile)('go', ['build', '-ldflags=-s -w', '-o', half, '.'], {
      cwd: sources,
      env,
      timeout: BUILD_MS,
    });
  } catch (error) {
    const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
    return code === 'ENOENT' ? 'go is not on the PATH' : `go build: ${stderr.trim().split('\n').at(-1)}`;
  }
  await rename(half, program);
  return undefined;
};

const ask = async <Answer>(
  program: string,
  { questions, args }: { readonly questions: readonly object[]; readonly args: readonly string[] },
): Promise<readonly Answer[]> => {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(questions.map((question) => JSON.stringify(question)).join('\n'));
  const answers = await text(child.stdout);
  return answers
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
};
