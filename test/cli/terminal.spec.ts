import { spawn } from 'node:child_process';
import t from 'tap';

const TERMINAL = import.meta.resolve('../../cli/terminal.js');

/** A process that has 300 ms of work left when it is asked to end, and says so. */
const SCRIPT = `
const { processTerminal } = await import(${JSON.stringify(TERMINAL)});
const terminal = processTerminal();
const work = setTimeout(() => {}, 60_000);
if (process.argv[1] === 'listens')
  terminal.signal.addEventListener('abort', () => {
    terminal.out('winds up\\n');
    clearTimeout(work);
    setTimeout(() => terminal.out('is done\\n'), 300);
  });
terminal.out('ready\\n');
`;

interface Ended {
  readonly code: number | null;
  readonly by: string | null;
  readonly said: string;
}

/** Sends one signal after the other, each when the process has said the next word. */
const end = (how: 'listens' | 'does not', signals: Readonly<Record<string, NodeJS.Signals>>): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, how], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      for (const word of text.trim().split('\n')) if (signals[word] !== undefined) child.kill(signals[word]);
    });
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, by, said }));
  });

t.test('whoever asks the process to end is heard once', async (t) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const whole = { code, by: null, said: 'ready\nwinds up\nis done\n' };
    t.strictSame(await end('listens', { ready: signal }), whole, `${signal}: what is under way is wound up`);
    const cut = { code: null, by: 'SIGTERM', said: 'ready\nwinds up\n' };
    t.strictSame(
      await end('listens', { ready: signal, 'winds up': 'SIGTERM' }),
      cut,
      `${signal}, then SIGTERM: at once`,
    );
    const at = { code: null, by: signal, said: 'ready\n' };
    t.strictSame(await end('does not', { ready: signal }), at, `${signal}: who has nothing to wind up ends`);
  }
});
