import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

/** Says that it is up, and which signals it gets; ends with the first one. */
const STANDS_IN = `
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => { console.log(signal); process.exit(0); });
console.log('up', ...process.argv.slice(2));
setTimeout(() => process.exit(1), 60_000);
`;

/** Resolves once stdout has the text. */
const waitFor = async (child: ChildProcess, text: string): Promise<string> => {
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += chunk;
    if (out.includes(text)) break;
  }
  return out;
};

t.test('a signal to npm start reaches the playground, as Ctrl-C does', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const dir = t.testdir({
    'package.json': JSON.stringify({ name: 'x', version: '1.0.0', type: 'module', scripts: { start: scripts.start } }),
    'build.mjs': '',
    dist: { 'playground.js': STANDS_IN },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const npm = spawn('npm', ['start', '--', '--once'], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(npm, 'exit');
    t.match(await waitFor(npm, 'up'), /^up --once$/m);
    npm.kill(signal);
    t.strictSame(await ended, [0, null], signal);
  }
});
