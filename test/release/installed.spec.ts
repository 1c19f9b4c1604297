import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

t.test('npm install --global puts the program on the PATH by both of its names', async (t) => {
  const prefix = t.testdir();
  await run('npm', ['install', '--global', '--offline', '--no-audit', '--no-fund', '--prefix', prefix, '.'], {
    cwd: ROOT,
  });
  const { stdout: own } = await run(join(prefix, 'bin', 'werfbundle'), ['--help']);
  t.match(own, /^Usage: werfbundle \[options\] \[command\]\n/);
  const { stdout: plugin } = await run(join(prefix, 'bin', 'kubectl-werfbundle'), ['--help']);
  t.match(plugin, /^Usage: kubectl werfbundle \[options\] \[command\]\n/);
});
