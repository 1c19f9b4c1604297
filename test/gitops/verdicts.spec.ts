import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { manifestOf, RECORDED, type Recorded } from './recorded-bundles.js';
import { toolsOfThisRun } from './tools.js';

const EXPRESSIONS = join(import.meta.dirname, '..', '..', 'manifests/flux/examples/health-check-exprs.yaml');

interface Expressions {
  readonly current: string;
  readonly failed: string;
  readonly inProgress: string;
}

/** By the names of the bundles: what Flux takes each for. */
const verdictsOf = (
  recorded: Readonly<Record<string, Recorded>>,
  expressions?: Expressions,
): Readonly<Record<string, string>> => {
  const objects = Object.values(recorded).map(manifestOf);
  const input = JSON.stringify({ objects, ...(expressions !== undefined && { expressions }) });
  const program = join(toolsOfThisRun().flux, 'kustomization');
  const { stdout, stderr, status } = spawnSync(program, ['--judge'], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const answers = JSON.parse(stdout) as readonly { readonly status: string }[];
  return Object.fromEntries(Object.keys(recorded).map((name, index) => [name, answers[index]?.status ?? '']));
};

const fluxOf = (recorded: Readonly<Record<string, Recorded>>) =>
  Object.fromEntries(Object.entries(recorded).map(([name, { flux }]) => [name, flux]));

t.test('kstatus takes a bundle in each situation for what the documents say', async (t) => {
  t.strictSame(verdictsOf(RECORDED), fluxOf(RECORDED));
});

t.test('health check expressions say the same, but for what is not deployed because of --suspend-all', async (t) => {
  const { spec } = parse(await readFile(EXPRESSIONS, 'utf8')) as {
    readonly spec: { readonly healthCheckExprs: readonly (Expressions & { readonly kind: string })[] };
  };
  const [expressions, ...more] = spec.healthCheckExprs;
  t.same(more, []);
  t.equal(expressions?.kind, 'WerfBundle');
  // No cluster has a bundle without a status. Of a deletion expressions know only what the status says.
  const { 'no-status': _, ...stored } = RECORDED;
  const expected = { ...fluxOf(stored), deleting: 'InProgress', 'held-up-new': 'Current' };
  t.strictSame(verdictsOf(stored, expressions), expected);
});
