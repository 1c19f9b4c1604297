import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { toolsOfThisRun } from './tools.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'manifests', 'argocd');
const UPSTREAM = join(FOLDER, 'resource_customizations', 'werf.io', 'WerfBundle');

interface HealthTests {
  readonly tests: readonly { readonly inputPath: string; readonly healthStatus: object }[];
}

interface ActionTests {
  readonly discoveryTests: readonly { readonly inputPath: string; readonly result: readonly Action[] }[];
  readonly actionTests: readonly {
    readonly action: string;
    readonly inputPath: string;
    readonly expectedOutputPath: string;
  }[];
}

interface Action {
  readonly name: string;
  readonly disabled: boolean;
}

/** As Argo CD tells of an action: disabled is left out where it is false. */
interface Offered {
  readonly name: string;
  readonly disabled?: boolean;
}

const text = (...path: readonly string[]): Promise<string> => readFile(join(UPSTREAM, ...path), 'utf8');
const yaml = async <T = object>(...path: readonly string[]): Promise<T> => parse(await text(...path)) as T;

/** What Argo CD's own interpreter makes of a script and an object. */
const answersOf = (questions: readonly object[]): readonly unknown[] => {
  const program = join(toolsOfThisRun().argocd, 'argocd-lua');
  const { stdout, stderr, status } = spawnSync(program, { input: JSON.stringify(questions), encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly unknown[];
};

t.test('health: each row of health_test.yaml, which has all of its test data', async (t) => {
  const { tests } = await yaml<HealthTests>('health_test.yaml');
  const script = await text('health.lua');
  const objects = await Promise.all(tests.map(({ inputPath }) => yaml(inputPath)));
  const answers = answersOf(objects.map((object) => ({ kind: 'health', script, object })));
  for (const [index, { inputPath, healthStatus }] of tests.entries())
    t.strictSame(answers[index], healthStatus, inputPath);
  const there = (await readdir(join(UPSTREAM, 'testdata'))).map((file) => `testdata/${file}`);
  t.same(tests.map(({ inputPath }) => inputPath).toSorted(), there.toSorted());
});

t.test('actions: which are offered, and what they write', async (t) => {
  const { discoveryTests, actionTests } = await yaml<ActionTests>('actions', 'action_test.yaml');
  const script = await text('actions', 'discovery.lua');
  for (const { inputPath, result } of discoveryTests) {
    const [answer] = answersOf([{ kind: 'discovery', script, object: await yaml('actions', inputPath) }]);
    const offered = (answer as readonly Offered[]).map(({ name, disabled = false }) => ({ name, disabled }));
    const byName = (a: Action, b: Action) => (a.name < b.name ? -1 : 1);
    t.same(offered.toSorted(byName), result.toSorted(byName), inputPath);
  }
  for (const { action, inputPath, expectedOutputPath } of actionTests) {
    const question = { kind: 'action', script: await text('actions', action, 'action.lua') };
    const [answer] = answersOf([{ ...question, object: await yaml('actions', inputPath) }]);
    t.same(withoutTime(answer as object), withoutTime(await yaml('actions', expectedOutputPath)), action);
  }
});

const withoutTime = (object: object): unknown =>
  JSON.parse(JSON.stringify(object).replace(/("werf\.io\/reconcile-requested-at":)"[-\dT:]+Z"/, '$1"now"'));

t.test('argocd-cm has the same scripts', async (t) => {
  const actions = parse(await readFile(join(FOLDER, 'actions.yaml'), 'utf8')) as {
    readonly 'discovery.lua': string;
    readonly definitions: readonly { readonly name: string; readonly 'action.lua': string }[];
  };
  t.equal(actions['discovery.lua'], await text('actions', 'discovery.lua'));
  for (const { name, 'action.lua': script } of actions.definitions)
    t.equal(script, await text('actions', name, 'action.lua'), name);
  t.same(
    actions.definitions.map(({ name }) => name),
    ['reconcile', 'suspend', 'resume'],
  );
});
