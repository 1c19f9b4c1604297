// Runs the specs: node test/run.mjs [--no-control-plane] [--kubernetes VERSION] [FILE|FOLDER…], after a build. The real control plane's programs are
// found, or got, first; the specs of test/cluster are left out only where that is impossible, or with --no-control-plane.
// Exit code: 0 all passed; tap's own when specs failed; 2 for misuse, and for specs that could not be run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const playground = join(root, 'dist', 'playground.js');
const CLUSTER = join('test', 'cluster') + sep;

/** The spec files below the given files and folders, relative to the project; all without any. */
function specs(given) {
  const all = readdirSync(join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.spec.ts'))
    .map((file) => join('test', file))
    .sort();
  if (given.length === 0) return all;
  const wanted = given.map((path) => relative(root, resolve(path)));
  const of = (path) => all.filter((file) => path === '' || file === path || file.startsWith(path + sep));
  const empty = wanted.filter((path) => of(path).length === 0);
  if (empty.length > 0) misuse(`no spec there: ${empty.join(', ')}`);
  return all.filter((file) => wanted.some((path) => of(path).includes(file)));
}

/** What `playground binaries --json` says; its progress goes to our own standard error. */
async function findBinaries(kubernetes) {
  if (!existsSync(playground)) misuse('dist/playground.js is missing: "npm run build" makes it');
  const args = ['binaries', '--json', ...(kubernetes === undefined ? [] : ['--kubernetes', kubernetes])];
  const child = spawn(process.execPath, [playground, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  const [code, signal] = await once(child, 'close');
  if (code === 130 || signal !== null) process.exit(130);
  try {
    return JSON.parse(out);
  } catch {
    return { kind: 'missing', missing: [{ name: 'all', how: `"playground binaries" failed with exit code ${code}` }] };
  }
}

/**
 * Shows a line for each spec file, and of those that failed all but the assertions that passed.
 * @returns what takes tap's output line by line
 */
function reporter() {
  let block = [];
  let shown = false;
  return (line) => {
    if (line.startsWith(' ')) {
      if (shown) console.log(line);
      else block.push(line);
      return;
    }
    const result = /^(not ok|ok) \d+ - (.*?)(?: # time=([\d.]+)ms)?( \{)?$/.exec(line);
    if (line.startsWith('# Subtest: ')) shown = false;
    if (result === null) return;
    const [, outcome, name, ms] = result;
    // A failed file's diagnosis follows, until the next one's name.
    shown = outcome !== 'ok';
    if (shown) for (const kept of block) if (!/^ +(ok \d+|1\.\.\d+)/.test(kept)) console.log(kept);
    block = [];
    console.log(`${outcome} ${name}${ms === undefined ? '' : ` (${(Number(ms) / 1000).toFixed(1)} s)`}`);
  };
}

/** Runs tap on the files. @returns its exit code and its totals */
async function runTap(files, env) {
  const tap = join(root, 'node_modules', '.bin', 'tap');
  const stdio = ['ignore', 'pipe', 'inherit'];
  const child = spawn(tap, ['run', '--reporter=tap', ...files], { cwd: root, env, stdio });
  const closed = once(child, 'close');
  const report = reporter();
  const totals = { pass: 0, fail: 0 };
  for await (const line of createInterface(child.stdout)) {
    report(line);
    if (!line.startsWith('# { total: ')) continue;
    for (const name of Object.keys(totals)) totals[name] = Number(new RegExp(`${name}: (\\d+)`).exec(line)?.[1] ?? 0);
  }
  const [code] = await closed;
  return { code: code ?? 1, passed: totals.pass, failed: totals.fail };
}

function misuse(message) {
  console.error(message);
  process.exit(2);
}

function parse() {
  try {
    const options = { 'no-control-plane': { type: 'boolean' }, kubernetes: { type: 'string' } };
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return misuse(`${error.message}\nusage: npm test [-- [--no-control-plane] [--kubernetes VERSION] [FILE|FOLDER…]]`);
  }
}

const started = performance.now();
const { values, positionals } = parse();
const wanted = specs(positionals);
const without = values['no-control-plane'] === true;
const onCluster = wanted.filter((file) => file.startsWith(CLUSTER));
const found = without || onCluster.length === 0 ? undefined : await findBinaries(values.kubernetes);
const ready = found?.kind === 'found';
const files = ready ? wanted : wanted.filter((file) => !onCluster.includes(file));
const left = wanted.filter((file) => !files.includes(file));

const env = { ...process.env, ...(ready && { WERFBUNDLE_BINARIES: JSON.stringify(found.binaries) }) };
const { code, passed, failed } = files.length === 0 ? { code: 0, passed: 0, failed: 0 } : await runTap(files, env);

if (left.length > 0) {
  console.log(`\nnot run, they need the real control plane${without ? ' (--no-control-plane)' : ''}:`);
  for (const file of left) console.log(`  ${file}`);
  for (const { name, how } of found?.missing ?? []) console.log(`missing: ${name}: ${how}`);
}
if (ready) console.log(`\nprograms: ${found.source}`);
console.log(`${files.length} spec files in ${Math.round((performance.now() - started) / 1000)} s; their assertions:`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = code !== 0 ? code : left.length > 0 && !without ? 2 : 0;
