import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { killGroup, spawnUnderWatch } from '../control-plane/supervised-process.js';
import type { Environment } from './places.js';

/** The oldest Go that builds the pinned Kubernetes: what its go.mod says. */
const OLDEST_GO = [1, 26] as const;

/** Whether there is a Go that can build. */
type Go =
  | { readonly kind: 'usable'; readonly version: string }
  | { readonly kind: 'unusable'; readonly because: string };

/** Asks `go version` of the PATH. */
export const findGo = async (env: Environment): Promise<Go> => {
  const oldest = `Go ${OLDEST_GO.join('.')} or later`;
  let answer: string;
  try {
    ({ stdout: answer } = await promisify(execFile)('go', ['version'], { env, timeout: 60_000 }));
  } catch {
    return { kind: 'unusable', because: `there is no ${oldest} on the PATH` };
  }
  const [, major = '0', minor = '0', rest = ''] = /\bgo(\d+)\.(\d+)(\S*)/.exec(answer) ?? [];
  const version = `${major}.${minor}${rest}`;
  const fit = Number(major) > OLDEST_GO[0] || (Number(major) === OLDEST_GO[0] && Number(minor) >= OLDEST_GO[1]);
  return fit
    ? { kind: 'usable', version }
    : { kind: 'unusable', because: `Go on the PATH is ${version}, not ${oldest}` };
};

/** How a call of go ended. */
interface GoEnd {
  readonly kind: 'done' | 'failed';
  /** The last lines that it wrote to its standard error, progress left out. */
  readonly words: readonly string[];
}

const WORDS_KEPT = 12;

/**
 * Runs go with low priority, in a module's folder.
 * @param options.onLine - each line of standard error as it comes
 * @param options.onOutput - each line of standard output
 * @throws the signal's reason when it is aborted; then all that go started has ended
 */
export const runGo = async (options: {
  readonly args: readonly string[];
  readonly dir: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
  readonly onOutput?: (line: string) => void;
}): Promise<GoEnd> => {
  const { args, dir, env, signal, onLine = () => {}, onOutput = () => {} } = options;
  signal.throwIfAborted();
  const command = ['nice', '-n', '10', 'go', ...args] as const;
  const child = spawnUnderWatch({ name: 'go', command, cwd: dir, env, output: 'pipe' });
  const stop = () => killGroup(child);
  signal.addEventListener('abort', stop, { once: true });
  const words: string[] = [];
  if (child.stdout) createInterface(child.stdout).on('line', onOutput);
  if (child.stderr) {
    createInterface(child.stderr).on('line', (line) => {
      words.push(line);
      if (words.length > WORDS_KEPT) words.shift();
      onLine(line);
    });
  }
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.removeEventListener('abort', stop);
  killGroup(child); // its watching shell holds its output open
  await closed; // all of its lines have been read
  signal.throwIfAborted();
  return { kind: code === 0 ? 'done' : 'failed', words };
};

/** Why go failed, by its output, in one line for people. */
export const whyGoFailed = (words: readonly string[]): string => {
  const text = words.join('\n');
  if (/no space left on device/.test(text)) return 'the disk is full';
  const network = /(?:dial tcp|lookup|Get "|proxyconnect)[^\n]*?: ([^\n]+)$/m.exec(text);
  if (network !== null && /dial tcp|no such host|timeout|refused|unreachable|TLS/.test(text))
    return `the Go modules can't be fetched: ${network[1]} (go env GOPROXY says from where)`;
  return words.filter((line) => !/^[\w./-]+$/.test(line)).join('; ') || 'go said nothing of it';
};
