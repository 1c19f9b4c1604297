import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { confirmationCode } from '../../api/impact/confirmation.js';
import { ImpactIndex } from '../../api/impact/impact-index.js';
import { impactText } from '../../api/impact/words.js';
import { type Change, changeKey } from '../../api/impact/world.js';
import { objectKey } from '../../api/object-key.js';
import type { ConfigMap, KubeObject, Secret } from '../../api/objects.js';
import type { StoredBundle, ValuesSource, WerfBundleSpec } from '../../api/werfbundle.js';
import { bundle, syncedStatus } from '../kit/builders.js';
import { type GuardOptions, openGuard, type Wanted } from '../kit/guard-harness.js';
import { PLATFORM, settledIn } from '../kit/impact-by-force.js';
import { type Case, cases, worldOf } from '../kit/impact-worlds.js';

const ALLOWED = { allowed: true, problems: [] };
const QUIET = { ...ALLOWED, warnings: [] };
const PLACE = { targetNamespace: 'shared', serviceAccountName: 'deployer' } as const;
const FROM: readonly ValuesSource[] = [{ configMapRef: { name: 'platform' }, from: 'Target' }];
const REF = { namespace: 'shared', name: 'platform' } as const;

const app = (namespace: string, name: string, converge: WerfBundleSpec['converge'] = {}): StoredBundle =>
  bundle(syncedStatus(), {
    spec: { converge: { ...PLACE, valuesFrom: [...FROM], ...converge } },
    metadata: { namespace, name, uid: `${namespace}-${name}`, creationTimestamp: '2026-11-20T10:00:00Z' },
  });

const configMap = (text: string, annotations: Readonly<Record<string, string>> = {}): ConfigMap => ({
  metadata: { ...REF, annotations },
  data: { 'values.yaml': text },
});
const secret = (text: string): Secret => ({
  metadata: REF,
  data: { 'values.yaml': Buffer.from(text).toString('base64') },
});
const accepting: KubeObject = { metadata: { name: 'shared', annotations: { 'werf.io/accept-bundles-from': '*' } } };
const account: KubeObject = { metadata: { namespace: 'shared', name: 'deployer' } };

/** What the bundles refer to. */
const OBJECTS: NonNullable<GuardOptions['objects']> = [
  { kind: 'Namespace', ref: { namespace: '', name: 'shared' }, object: accepting },
  { kind: 'ServiceAccount', ref: { namespace: 'shared', name: 'deployer' }, object: account },
  { kind: 'ConfigMap', ref: REF, object: configMap('a: 1\n') },
];

const SIX = ['a/x', 'a/y', 'b/one', 'b/two', 'c/three', 'shared/own'].map((name) => {
  const [namespace = '', own = ''] = name.split('/');
  return app(namespace, own);
});

const changed = (after: KubeObject | undefined, before: KubeObject | undefined = configMap('a: 1\n')): Wanted => ({
  kind: 'ConfigMap',
  ref: REF,
  before,
  after,
});
const CHANGE = changed(configMap('a: 2\n'));

/** The law's own judge: all bundles, and a world in which nothing is unknown. */
const whole = (bundles: readonly StoredBundle[], change: Change, objects: Case['objects']): string | undefined => {
  const index = new ImpactIndex(PLATFORM);
  for (const each of bundles) index.set(each.metadata, each);
  const hits = index.impactOf([change], worldOf(objects));
  if (hits.length === 0) return undefined;
  const now = hits.filter(({ effect }) => effect.kind !== 'suspended').map((hit) => hit.bundle.metadata);
  const names = now.map(objectKey).sort();
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return impactText({
    outcomes: hits.map(({ effect }) => effect.kind),
    namespaces: new Set(now.map(({ namespace }) => namespace)).size,
    names: names.length === 0 ? '' : `: ${names.slice(0, 3).join(', ')}${more}`,
  });
};

/** A change that an apiserver asks about: none of a namespace's phase, and none of what was not there. */
const wantedOf = ({ kind, ref, after }: Exclude<Change, { kind: 'WerfBundle' }>, objects: Case['objects']) => {
  const before = objects.findLast((object) => changeKey(object) === changeKey({ kind, ref }))?.object;
  if (after.kind === 'unknown' || (before === undefined && after.kind === 'absent')) return undefined;
  const is = after.kind === 'found' ? after.object : undefined;
  const phase = (object: KubeObject | undefined) => JSON.stringify(object && 'status' in object ? object.status : null);
  if (kind === 'Namespace' && (before === undefined || is === undefined || phase(before) !== phase(is)))
    return undefined;
  return { kind, ref, before, after: is };
};

t.test('what is warned of is what is found with all bundles and all objects at hand', async (t) => {
  let warned = 0;
  const law = fc.asyncProperty(cases, async ({ bundles: planned, objects, changes }) => {
    const [change] = changes;
    if (change === undefined || change.kind === 'WerfBundle') return;
    const wanted = wantedOf(change, objects);
    if (wanted === undefined) return;
    const world = worldOf(objects);
    const all = planned.map(({ bundle: each }) => each);
    const bundles = await Promise.all(planned.map((each) => settledIn(each, { world, bundles: all })));
    const others = objects.filter((object) => changeKey(object) !== changeKey(change));
    const { allowed, warnings } = await openGuard(t, { bundles, objects: others }).ask(wanted);
    // What breaks bundles is refused, and nothing more is said of it.
    if (!allowed) return;
    const expected = whole(bundles, change, objects);
    warned += warnings.length;
    assert.deepStrictEqual(
      warnings.filter((text) => !text.includes('not checked')).map((text) => text.replace(/^[^ ]*: /, '')),
      expected === undefined ? [] : [expected],
    );
  });
  await fc.assert(law, { numRuns: 1000 });
  t.ok(warned > 50, `${warned} warnings`);
});

t.test('a change says what it deploys, in a dry run as well', async (t) => {
  const { ask } = openGuard(t, { bundles: SIX, objects: OBJECTS });
  const warnings = ['data: deploys 6 bundles in 4 namespaces: a/x, a/y, b/one and 3 more'];
  t.strictSame(await ask(CHANGE), { ...ALLOWED, warnings });
  t.strictSame(await ask({ ...CHANGE, dryRun: true }), { ...ALLOWED, warnings });
});

t.test('of what nobody reads, and of what is only written otherwise, nothing is said', async (t) => {
  const bundles = [
    ...SIX.map(({ metadata }) => app(metadata.namespace, metadata.name, { values: { a: 7 } })),
    app('d', 'one-key', {
      valuesFrom: [{ configMapRef: { name: 'platform' }, key: 'own.yaml', optional: true, from: 'Target' }],
    }),
  ];
  const { ask, asked } = openGuard(t, { bundles, objects: OBJECTS });
  t.strictSame(await ask(changed(configMap('a: 1\n', { note: 'x' }))), QUIET, 'an annotation');
  t.strictSame(asked, [], 'nobody was asked');
  t.strictSame(await ask({ ...CHANGE, ref: { namespace: 'shared', name: 'other' } }), QUIET, 'another name');
  t.strictSame(asked, [], 'nobody was asked');
  t.strictSame(await ask(changed(configMap('# the same\n"a": 1\n'))), QUIET, 'a comment');
  t.strictSame(await ask(CHANGE), QUIET, 'a value that each bundle overrides');
  const going = { ...configMap('a: 2\n'), metadata: { ...REF, deletionTimestamp: '2026-12-01T00:00:00Z' } };
  t.strictSame(await ask(changed(going)), QUIET, 'what is going');
});

const EFFECTS: readonly { title: string; wanted: Wanted; bundles?: readonly StoredBundle[]; warning: string }[] = [
  {
    title: 'a deletion',
    wanted: changed(undefined),
    warning: 'data: keeps 6 bundles from being deployed in 4 namespaces: a/x, a/y, b/one and 3 more',
  },
  {
    title: 'what comes back',
    wanted: { ...changed(configMap('a: 1\n')), before: undefined },
    warning: 'data: lets 6 bundles be deployed again in 4 namespaces: a/x, a/y, b/one and 3 more',
  },
  {
    title: 'suspended bundles',
    wanted: CHANGE,
    bundles: [app('a', 'awake'), ...SIX.map((each) => ({ ...each, spec: { ...each.spec, suspend: true } }))],
    warning: 'data: deploys 1 bundle in 1 namespace: a/awake; 6 bundles would follow, but for being suspended',
  },
  {
    title: 'a ServiceAccount that goes',
    wanted: { kind: 'ServiceAccount', ref: { namespace: 'shared', name: 'deployer' }, before: account },
    warning: 'metadata.name: keeps 6 bundles from being deployed in 4 namespaces: a/x, a/y, b/one and 3 more',
  },
  {
    title: 'a consent that is taken back',
    wanted: {
      kind: 'Namespace',
      ref: { namespace: '', name: 'shared' },
      before: accepting,
      after: { metadata: { name: 'shared', annotations: { 'werf.io/accept-bundles-from': 'b' } } },
    },
    warning:
      'metadata.annotations[werf.io/accept-bundles-from]: keeps 3 bundles from being deployed in 2 namespaces: a/x, a/y, c/three',
  },
];

t.test('what is said is what becomes of the bundles', async (t) => {
  for (const { title, wanted, bundles = SIX, warning } of EFFECTS) {
    const others = OBJECTS.filter(({ kind }) => kind !== wanted.kind);
    const { ask } = openGuard(t, { bundles, objects: others });
    t.strictSame(await ask(wanted), { ...ALLOWED, warnings: [warning] }, title);
  }
});

t.test('bundles are named to who may see them, and counted for all', async (t) => {
  const cases: readonly { title: string; may: GuardOptions['may']; names: string }[] = [
    { title: 'nobody', may: (_, what) => !what.includes('werfbundles'), names: '' },
    {
      title: 'one namespace',
      may: (_, what) => !what.includes('werfbundles') || what === 'get werfbundles in b',
      names: ': b/one, b/two and 4 more',
    },
    {
      title: 'the last of many namespaces, beside what is changed',
      may: (_, what) => !what.includes('werfbundles') || what === 'get werfbundles in shared',
      names: ': shared/own and 5 more',
    },
  ];
  for (const { title, may, names } of cases) {
    const { ask, asked } = openGuard(t, { bundles: SIX, objects: OBJECTS, ...(may && { may }) });
    const warnings = [`data: deploys 6 bundles in 4 namespaces${names}`];
    t.strictSame(await ask(CHANGE), { ...ALLOWED, warnings }, title);
    t.ok(asked.filter((what) => what.includes('werfbundles')).length <= 5, 'a few questions');
  }
  const open = openGuard(t, { bundles: SIX, objects: OBJECTS, may: () => false, authorize: 'off' });
  t.match((await open.ask(CHANGE)).warnings[0], /: a\/x, a\/y, b\/one and 3 more$/, '--authorize=off');
  t.equal(open.asked.filter((what) => what.startsWith('may')).length, 0);
});

t.test('what the user may not read is not looked at, so that nobody finds out what a Secret holds', async (t) => {
  const keys: NonNullable<GuardOptions['objects']>[number] = {
    kind: 'Secret',
    ref: { namespace: 'shared', name: 'keys' },
    object: secret('a: 7\n'),
  };
  const bundles = [app('a', 'x', { valuesFrom: [...FROM, { secretRef: { name: 'keys' }, from: 'Target' }] })];
  const objects = [...OBJECTS, keys];
  const all = openGuard(t, { bundles, objects });
  t.strictSame(await all.ask(CHANGE), QUIET, 'it is overridden');
  const blind = openGuard(t, { bundles, objects, may: (_, what) => !what.includes('secrets') });
  t.strictSame(await blind.ask(CHANGE), {
    ...ALLOWED,
    warnings: ['data: may deploy 1 bundle in 1 namespace: a/x'],
  });
  t.notOk(blind.asked.includes('Secret shared/keys'));
  const near = openGuard(t, {
    bundles,
    objects,
    may: (_, what) => what.endsWith('in shared') || what.includes('werfb'),
  });
  t.strictSame(await near.ask(CHANGE), QUIET, 'rights in that namespace are enough');
});

t.test('what could not be read makes bundles ones that may be deployed, and nobody waits long for it', async (t) => {
  const { ask, fail } = openGuard(t, { bundles: SIX, objects: OBJECTS });
  fail('WerfBundle a/x');
  t.strictSame((await ask(CHANGE)).warnings, [
    'data: deploys 5 bundles, may deploy 1 bundle in 4 namespaces: a/x, a/y, b/one and 3 more',
  ]);
  fail('ServiceAccount shared/deployer');
  t.strictSame((await ask(CHANGE)).warnings, [
    'data: may deploy 6 bundles in 4 namespaces: a/x, a/y, b/one and 3 more',
  ]);
  const slow = openGuard(t, { bundles: SIX, objects: OBJECTS });
  slow.hang('WerfBundle b/two');
  const answer = slow.ask(CHANGE);
  while (!slow.asked.includes('WerfBundle b/two')) await new Promise((resolve) => setImmediate(resolve));
  await slow.clock.advance(2000);
  t.match((await answer).warnings[0], /^data: may deploy .*6 bundles in 4 namespaces/);
});

t.test('while the bundles are not listed yet, that is said', async (t) => {
  const { ask, clock } = openGuard(t, { bundles: SIX, objects: OBJECTS, isUnlisted: true });
  const answer = ask({ kind: 'ServiceAccount', ref: { namespace: 'shared', name: 'deployer' }, before: account });
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(2000);
  const warning = 'metadata.name: what this deploys is not known: the WerfBundles of the cluster are not listed yet';
  t.strictSame(await answer, { ...ALLOWED, warnings: [warning] });
});

const MANY = Array.from({ length: 140 }, (_, at) => app(`team-${at % 12}`, `app-${at}`));

t.test('more bundles than are looked at are counted', async (t) => {
  const { ask, asked } = openGuard(t, { bundles: MANY, objects: OBJECTS });
  t.strictSame((await ask(CHANGE)).warnings, [
    'data: may deploy up to 140 bundles in 12 namespaces: team-0/app-0, team-0/app-108, team-0/app-12 and 137 more',
  ]);
  t.strictSame(asked, ['may get werfbundles in *']);
  t.strictSame((await ask(changed(undefined))).warnings, [
    'data: may keep up to 140 bundles from being deployed in 12 namespaces: team-0/app-0, team-0/app-108, team-0/app-12 and 137 more',
  ]);
});

t.test('large contents are judged beside the event loop, and too large ones are not', async (t) => {
  const padded = (text: string, size: number) => configMap(`${text}${'# padding\n'.repeat(size / 10)}`);
  const { ask } = openGuard(t, { bundles: SIX, objects: OBJECTS });
  const names = 'in 4 namespaces: a/x, a/y, b/one and 3 more';
  const large = padded('a: 2\n', 60_000);
  t.strictSame((await ask(changed(large))).warnings, [`data: deploys 6 bundles ${names}`]);
  t.strictSame((await ask(changed(padded('a: 1\n', 60_000)))).warnings, []);
  t.match((await ask(changed(padded('a: 2\n', 300_000)))).warnings.at(-1), `data: may deploy up to 6 bundles ${names}`);
});

t.test('a warning is no longer than is passed on', async (t) => {
  const long = (at: number) => app(`n${at}-${'n'.repeat(58)}`, `a${at}${'x'.repeat(59)}`);
  const { ask } = openGuard(t, { bundles: [1, 2, 3, 4].map(long), objects: OBJECTS });
  const [warning = ''] = (await ask(CHANGE)).warnings;
  t.ok(warning.length <= 256 && warning.endsWith(' and 3 more'), warning);
});

t.test('above --max-impact a change is refused until it confirms this very content', async (t) => {
  const { ask } = openGuard(t, { bundles: SIX, objects: OBJECTS, maxImpact: 5 });
  const code = confirmationCode({ kind: 'ConfigMap', ref: REF, value: { data: { 'values.yaml': 'a: 2\n' } } });
  const what = 'deploys 6 bundles in 4 namespaces: a/x, a/y, b/one and 3 more';
  const limit = 'one change may hit at most 5 bundles here (--max-impact)';
  const problem = `data: Forbidden: ${what}; ${limit}; to confirm this very content, give the ConfigMap the annotation werf.io/confirm-impact: "${code}"`;
  t.strictSame(await ask(CHANGE), { allowed: false, problems: [problem], warnings: [] });
  t.strictSame(await ask({ ...CHANGE, dryRun: true }), { allowed: false, problems: [problem], warnings: [] });
  const confirming = (text: string) => changed(configMap(text, { 'werf.io/confirm-impact': code ?? '' }));
  t.strictSame(await ask(confirming('a: 2\n')), { ...ALLOWED, warnings: [`data: ${what}`] });
  t.equal((await ask(confirming('a: 3\n'))).allowed, false, 'another content');
  t.equal((await ask(changed(undefined))).allowed, true, 'deletions are let go');
  const enough = openGuard(t, { bundles: SIX, objects: OBJECTS, maxImpact: 6 });
  t.equal((await enough.ask(CHANGE)).allowed, true);
  const many = openGuard(t, { bundles: MANY, objects: OBJECTS, maxImpact: 100 });
  t.equal((await many.ask(CHANGE)).allowed, false, 'what may hit more, too');
});

t.test('a Secret can not be confirmed, and nothing of it is told', async (t) => {
  const valuesFrom: readonly ValuesSource[] = [{ secretRef: { name: 'platform' }, from: 'Target' }];
  const bundles = SIX.map(({ metadata }) => app(metadata.namespace, metadata.name, { valuesFrom: [...valuesFrom] }));
  const wanted: Wanted = { kind: 'Secret', ref: REF, before: secret('a: hunter2\n'), after: secret('a: hunter3\n') };
  const { ask } = openGuard(t, { bundles, objects: OBJECTS, maxImpact: 5 });
  const { allowed, problems } = await ask(wanted);
  t.equal(allowed, false);
  t.match(problems[0], /; a Secret can not confirm it, since a code of its content would help to guess that: who runs/);
  t.notMatch(problems[0], /hunter|[0-9a-f]{16}/);
  t.strictSame((await openGuard(t, { bundles, objects: OBJECTS }).ask(wanted)).warnings, [
    'data: deploys 6 bundles in 4 namespaces: a/x, a/y, b/one and 3 more',
  ]);
});
