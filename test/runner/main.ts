import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import type { Found } from '../../playground/binaries/find.js';
import { runSpecs } from './run-specs.js';
import type { SpecResult } from './spec-process.js';

const USAGE = `usage: npm test [-- [--no-control-plane] [--kubernetes VERSION] [--jobs N] [FILE|FOLDER\u2026]]
Runs the specs, all without any. The real control plane's programs are found, or got, first; the specs of test/cluster are left out
only where that is impossible. Those of test/gitops are run by npm run test:gitops.
  --no-control-plane     leaves out what needs the real control plane
  --kubernetes VERSION   runs on this version and no other, for example 1.34.2
  --jobs N               spec files that run at a time, each with a control plane; one more than there are cores, since they wait a lot
Exit code: 0 all passed, 1 some failed, 2 wrong use, or specs that could not be run.`;

const root = resolve(import.meta.dirname, '..', '..');
const compiled = join(root, 'dist', 'specs');
const playground = join(root, 'dist', 'playground.js');
const CLUSTER = join('test', 'cluster') + sep;
/** Of `npm run test:gitops`, which builds what they run. */
const GITOPS = join('test', 'gitops') + sep;

interface Options {
  readonly withoutControlPlane: boolean;
  readonly kubernetes: string | undefined;
  readonly jobs: number;
  readonly paths: readonly string[];
}

const parse = (argv: readonly string[]): Options => {
  const { values, positionals } = wordsIn(argv);
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { jobs, kubernetes } = values;
  if (!/^[1-9]\d?$/.test(jobs)) misuse(`--jobs: "${jobs}" is not a whole number from 1 to 99`);
  const withoutControlPlane = values['no-control-plane'] === true;
  return { withoutControlPlane, kubernetes, jobs: Number(jobs), paths: positionals };
};

const wordsIn = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        'no-control-plane': { type: 'boolean' },
        kubernetes: { type: 'string' },
        jobs: { type: 'string', default: String(availableParallelism() + 1) },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return misuse(`${(error as Error).message}\n${USAGE}`);
  }
};

const misuse = (message: string): never => {
  console.error(message);
  process.exit(2);
};

/** The spec files below the given files and folders, relative to the project; all of `npm test` without any. */
const specsIn = (given: readonly string[]): readonly string[] => {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts'))
    .map((file) => join('test', file))
    .sort();
  if (given.length === 0) return all.filter((file) => !file.startsWith(GITOPS));
  const wanted = given.map((path) => relative(root, resolve(path)));
  const of = (path: string) => all.filter((file) => path === '' || file === path || file.startsWith(path + sep));
  const empty = wanted.filter((path) => of(path).length === 0);
  if (empty.length > 0) misuse(`no spec there: ${empty.join(', ')}`);
  return all.filter((file) => wanted.some((path) => of(path).includes(file)));
};

/** What `playground binaries --json` says; its progress goes to our own standard error. */
const findBinaries = async (kubernetes: string | undefined): Promise<Found> => {
  if (!existsSync(playground)) misuse('dist/playground.js is missing: "npm run build" makes it');
  const args = ['binaries', '--json', ...(kubernetes === undefined ? [] : ['--kubernetes', kubernetes])];
  const child = spawn(process.execPath, [playground, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 130 || signal !== null) process.exit(130);
  try {
    return JSON.parse(out) as Found;
  } catch {
    return { kind: 'missing', missing: [{ name: 'all', how: `"playground binaries" failed with exit code ${code}` }] };
  }
};

const isBad = ({ failed, faults }: SpecResult): boolean => failed > 0 || faults.length > 0;

const started = performance.now();
const options = parse(process.argv.slice(2));
const wanted = specsIn(options.paths);
const needsControlPlane = (file: string) => file.startsWith(CLUSTER) || file.startsWith(GITOPS);
const onCluster = wanted.filter(needsControlPlane);
const found =
  options.withoutControlPlane || onCluster.length === 0 ? undefined : await findBinaries(options.kubernetes);
const binaries = found?.kind === 'found' ? found.binaries : undefined;
const others = wanted.filter((file) => !onCluster.includes(file));
// Those on the control plane take longest.
const files = binaries === undefined ? others : [...onCluster, ...others];
const left = wanted.filter((file) => !files.includes(file));

const results = await runSpecs({
  files,
  root,
  compiled,
  jobs: options.jobs,
  binaries,
  needsControlPlane,
  print: (line) => console.log(line),
});

if (left.length > 0) {
  console.log(
    `\nnot run, they need the real control plane${options.withoutControlPlane ? ' (--no-control-plane)' : ''}:`,
  );
  for (const file of left) console.log(`  ${file}`);
  if (found?.kind === 'missing') for (const { name, how } of found.missing) console.log(`missing: ${name}: ${how}`);
}
const bad = results.filter(isBad);
if (bad.length > 0) console.log(`\nfailed: ${bad.map(({ file }) => file).join(', ')}`);
if (found?.kind === 'found') console.log(`\nprograms: ${found.source}`);
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + Math.max(result.failed, result.faults.length), 0);
console.log(`${files.length} spec files in ${Math.round((performance.now() - started) / 1000)} s; their assertions:`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = bad.length > 0 ? 1 : left.length > 0 && !options.withoutControlPlane ? 2 : 0;
