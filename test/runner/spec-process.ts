import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** What became of a spec file. */
export interface SpecResult {
  /** `test/api/values.spec.ts` */
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** What is wrong with it, beside assertions that failed; empty: nothing. */
  readonly faults: readonly string[];
  /** What it printed, TAP. */
  readonly lines: readonly string[];
  readonly ms: number;
}

interface SpecRun {
  readonly file: string;
  /** The compiled file. */
  readonly program: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds; a spec that takes longer is ended. */
  readonly timeoutMs: number;
}

/** Runs one spec file as a process of its own. Never rejects for what a spec does. */
export const runSpec = async ({ file, program, root, env, timeoutMs }: SpecRun): Promise<SpecResult> => {
  const started = performance.now();
  const args = ['--enable-source-maps', program];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => lines.push(line));
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `exit code ${code ?? signal}`));
  });
  const late = new AbortController();
  const tooLate = delay(timeoutMs, 'late' as const, { signal: late.signal }).catch(() => 'ended' as const);
  const first = await Promise.race([ended, tooLate]);
  if (first === 'late') killGroup(child);
  late.abort();
  const how = await ended;
  const totals = totalsIn(lines);
  const faults = [
    ...(first === 'late' ? [`it took longer than ${timeoutMs / 1_000} s`] : []),
    ...(totals.passed + totals.failed === 0 ? ['it made no assertion'] : []),
    ...(how !== '' && totals.failed === 0 && first !== 'late' ? [how] : []),
  ];
  return { file, ...totals, faults, lines, ms: performance.now() - started };
};

/** It and all that it started in its process group. */
const killGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Of tap's last line, `# { total: 20, pass: 19, fail: 1 }`. */
const totalsIn = (lines: readonly string[]): { readonly passed: number; readonly failed: number } => {
  const last = lines.findLast((line) => line.startsWith('# { total: ')) ?? '';
  const count = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(last)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') };
};
