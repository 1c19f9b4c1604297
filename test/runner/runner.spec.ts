import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { reportSpec } from './report-spec.js';
import { runSpecs } from './run-specs.js';

/** Runs programs as if they were compiled specs. */
const run = async (dir: string, programs: Readonly<Record<string, string>>, timeoutMs = 3_000) => {
  await mkdir(join(dir, 'test'), { recursive: true });
  await writeFile(join(dir, 'package.json'), '{"type": "module"}');
  for (const [name, code] of Object.entries(programs)) {
    const file = join(dir, 'test', `${name}.spec.js`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code);
  }
  const printed: string[] = [];
  const results = await runSpecs({
    files: Object.keys(programs).map((name) => `test/${name}.spec.ts`),
    root: dir,
    compiled: dir,
    jobs: 2,
    binaries: undefined,
    needsControlPlane: () => false,
    print: (line) => printed.push(line),
    timeoutMs,
  });
  const faults = Object.fromEntries(results.map(({ file, faults }) => [file.slice(5, -8), faults]));
  return { results, faults, printed };
};

const GOOD = "console.log('ok 1 - so it is\\n1..1\\n# { total: 1, pass: 1 }');";

t.test('a spec fails for what it asserts, and for what it leaves behind', async (t) => {
  const { faults, results } = await run(t.testdir(), {
    good: GOOD,
    bad: "console.log('not ok 1 - no\\n1..1\\n# { total: 3, pass: 2, fail: 1 }'); process.exitCode = 1;",
    empty: "console.log('1..0\\n# { total: 0, pass: 0 }');",
    crash: `${GOOD} process.kill(process.pid, 'SIGSEGV');`,
    late: `${GOOD} setInterval(() => {}, 1000);`,
    file: `${GOOD} import { writeFileSync } from 'node:fs'; writeFileSync(process.env.TMPDIR + '/x', '');`,
    process: `${GOOD} import { spawn } from 'node:child_process';
      spawn('/bin/sleep', ['60'], { cwd: process.env.TMPDIR, detached: true, stdio: 'ignore' }).unref();`,
  });
  t.same(faults, {
    good: [],
    bad: [],
    empty: ['it made no assertion'],
    crash: ['exit code SIGSEGV'],
    late: ['it took longer than 3 s'],
    file: ['it left a file: x in the folder for temporary files'],
    process: ['it left a process: /bin/sleep 60'],
  });
  t.same(
    results.map(({ file, passed, failed }) => [file.slice(5, -8), passed, failed]).toSorted(),
    [
      ['bad', 2, 1],
      ...['crash', 'empty', 'file', 'good', 'late', 'process'].map((name) => [name, name === 'empty' ? 0 : 1, 0]),
    ].toSorted(),
  );
});

t.test('two specs of one name, in different folders, have each a folder for temporary files', async (t) => {
  const waits = `setTimeout(() => { ${GOOD} }, 300);`;
  const { faults } = await run(t.testdir(), { 'api/values': waits, 'admission/values': waits });
  t.same(faults, { 'api/values': [], 'admission/values': [] });
});

t.test('what runs for a spec is not taken for what one has left whose name it begins with', async (t) => {
  const longer = `import { spawn } from 'node:child_process';
    const child = spawn('/bin/sleep', ['60'], { cwd: process.env.TMPDIR, stdio: 'ignore' });
    child.on('exit', () => { if (child.killed) ${GOOD} });
    setTimeout(() => child.kill('SIGTERM'), 4000);`;
  const { faults, results } = await run(
    t.testdir(),
    { stop: `setTimeout(() => { ${GOOD} }, 300);`, 'stop-command': longer },
    10_000,
  );
  t.same(faults, { stop: [], 'stop-command': [] });
  t.same(
    results.map(({ passed }) => passed),
    [1, 1],
  );
});

t.test('of a spec that failed all is shown but what passed', (t) => {
  const lines = ['TAP version 14', '    ok 1 - a', '    not ok 2 - b', '      ---', '    1..2', 'not ok 1 - c'];
  const result = { file: 'test/a.spec.ts', passed: 1, failed: 2, faults: [], lines, ms: 1_234 };
  t.same(reportSpec({ ...result, failed: 0 }), ['ok test/a.spec.ts (1.2 s)']);
  t.same(reportSpec(result), [
    ...['        not ok 2 - b', '          ---', '    not ok 1 - c'],
    'not ok test/a.spec.ts (1.2 s)',
  ]);
  t.same(reportSpec({ ...result, failed: 0, lines: [], faults: ['it left a file: x'] }), [
    ...['    fault: it left a file: x', 'not ok test/a.spec.ts (1.2 s)'],
  ]);
  t.end();
});
