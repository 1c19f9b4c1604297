import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { answersOf } from './lua.js';
import { manifestOf, messageOf, RECORDED } from './recorded-bundles.js';

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
  readonly displayName?: string;
  readonly iconClass: string;
  readonly disabled: boolean;
}

/** As Argo CD tells of an action: disabled is left out where it is false. */
type Offered = Omit<Action, 'disabled'> & Partial<Pick<Action, 'disabled'>>;

const text = (...path: readonly string[]): Promise<string> => readFile(join(UPSTREAM, ...path), 'utf8');
const yaml = async <T = object>(...path: readonly string[]): Promise<T> => parse(await text(...path)) as T;

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

t.test('what an Application shows of a bundle in each situation, be it deleted or not', async (t) => {
  const script = await text('health.lua');
  const recorded = Object.values(RECORDED);
  const answers = answersOf(recorded.map((each) => ({ kind: 'resource-health', script, object: manifestOf(each) })));
  t.strictSame(
    answers,
    recorded.map((each) => ({ status: each.argo, message: messageOf(each) })),
  );
});

t.test('actions: which are offered, and what they write', async (t) => {
  const { discoveryTests, actionTests } = await yaml<ActionTests>('actions', 'action_test.yaml');
  const script = await text('actions', 'discovery.lua');
  for (const { inputPath, result } of discoveryTests) {
    const [answer] = answersOf([{ kind: 'discovery', script, object: await yaml('actions', inputPath) }]);
    const offered = (answer as readonly Offered[]).map((action) => ({ disabled: false, ...action }));
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
  JSON.parse(JSON.stringify(object).replace(/("werf\.io\/(?:reconcile|deploy)-requested-at":)"[-\dT:]+Z"/, '$1"now"'));

t.test('argocd-cm offers the actions that the tests are about', async (t) => {
  const { definitions } = parse(await readFile(join(FOLDER, 'actions.yaml'), 'utf8')) as {
    readonly definitions: readonly { readonly name: string }[];
  };
  const { actionTests } = await yaml<ActionTests>('actions', 'action_test.yaml');
  t.same(
    definitions.map(({ name }) => name),
    actionTests.map(({ action }) => action).toSorted(),
  );
});
