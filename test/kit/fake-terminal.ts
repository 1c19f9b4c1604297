import { createColors } from 'picocolors';
import type { Session } from '../../cli/cluster/session.js';
import type { ExitCode } from '../../cli/command-error.js';
import type { Terminal } from '../../cli/terminal.js';
import type { KubeClient } from '../../kube/client.js';
import { createFakeClock } from './fake-clock.js';

/** A terminal that keeps what is written to it. */
interface FakeTerminal extends Terminal {
  /** All of stdout, and takes it away. */
  taken(): string;
  /** All of stderr, and takes it away. */
  takenErrors(): string;
  readonly ended: readonly ExitCode[];
  /** As Ctrl-C does. */
  interrupt(): void;
}

/** No terminal, unless `columns` are given; without colours, unless they are asked for. */
export const createFakeTerminal = (
  options: { readonly columns?: number; readonly colors?: boolean; readonly clock?: Terminal['clock'] } = {},
): FakeTerminal => {
  const interrupted = new AbortController();
  const ended: ExitCode[] = [];
  const written = { out: '', err: '' };
  const take = (name: 'out' | 'err'): string => {
    const text = written[name];
    written[name] = '';
    return text;
  };
  return {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    move: () => undefined,
    isTTY: options.columns !== undefined,
    errIsTTY: false,
    columns: options.columns,
    errColumns: options.columns,
    colors: createColors(options.colors === true),
    clock: options.clock ?? createFakeClock(),
    signal: interrupted.signal,
    end: (code) => void ended.push(code),
    taken: () => take('out'),
    takenErrors: () => take('err'),
    ended,
    interrupt: () => interrupted.abort(),
  };
};

/** A session in namespace `ops`, as a command has it. */
export const sessionOf = (client: KubeClient, terminal: Terminal, namespace = 'ops'): Session => ({
  client,
  namespace,
  server: 'https://cluster.example:6443',
  user: { name: 'me' },
  tell: () => undefined,
  quiet: () => undefined,
  signal: terminal.signal,
});
