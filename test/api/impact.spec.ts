import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Effect } from '../../api/impact/effect.js';
import { type Hit, ImpactIndex } from '../../api/impact/impact-index.js';
import { type BundleChange, type Change, type Found, type World, worldAfter } from '../../api/impact/world.js';
import { objectKey } from '../../api/object-key.js';
import { type KubeObject, refOf } from '../../api/objects.js';
import type { StoredBundle, ValuesSource } from '../../api/werfbundle.js';
import { bundle, syncedStatus } from '../kit/builders.js';
import { difference, outcomeIn, PLATFORM, settledIn } from '../kit/impact-by-force.js';
import { type Case, cases, type SpecChange, worldOf } from '../kit/impact-worlds.js';

const indexOf = (bundles: readonly StoredBundle[]): ImpactIndex => {
  const index = new ImpactIndex(PLATFORM);
  for (const each of bundles) index.set(each.metadata, each);
  return index;
};

/** The bundle as it will be. */
const changed = (bundles: readonly StoredBundle[], { at, spec, annotations }: SpecChange): BundleChange => {
  const before = bundles[at];
  if (before === undefined) {
    const created = bundle({}, { ...(spec && { spec }), metadata: { namespace: 'east', name: 'app-new', uid: '' } });
    return { kind: 'WerfBundle', ref: refOf(created) as never, after: spec && created };
  }
  const ref = { namespace: before.metadata.namespace, name: before.metadata.name };
  if (spec === undefined) return { kind: 'WerfBundle', ref, after: undefined };
  const generation = before.metadata.generation + 1;
  return {
    kind: 'WerfBundle',
    ref,
    after: { ...before, spec, metadata: { ...before.metadata, generation, annotations } },
  };
};

const shown = (effect: Effect | undefined): string | undefined =>
  effect === undefined ? undefined : effect.kind === 'suspended' ? `suspended: ${effect.once.kind}` : effect.kind;

/** By asking the controller's own functions about every bundle, before and after. */
const byForce = async (
  bundles: readonly StoredBundle[],
  { changes, change, world }: { changes: readonly Change[]; change: BundleChange | undefined; world: Case['objects'] },
): Promise<Readonly<Record<string, string>>> => {
  const before = { world: worldOf(world), bundles };
  const others = bundles.filter(
    ({ metadata }) => change === undefined || objectKey(metadata) !== objectKey(change.ref),
  );
  const late = change?.after && {
    ...change.after,
    metadata: { creationTimestamp: '2027-01-01T00:00:00Z', ...change.after.metadata },
  };
  const after = { world: worldAfter(before.world, changes), bundles: [...others, ...(late ? [late] : [])] };
  const found: Record<string, string> = {};
  for (const was of [...bundles, ...(change !== undefined && others.length === bundles.length ? [undefined] : [])]) {
    const isChanged = change !== undefined && (was === undefined || objectKey(was.metadata) === objectKey(change.ref));
    const is = isChanged ? late : was;
    const effect = await forced(was, is, { before, after });
    const name = (is ?? was)?.metadata.name;
    if (effect !== undefined && name !== undefined) found[name] = effect;
  }
  return found;
};

type Clusters = Readonly<Record<'before' | 'after', Parameters<typeof outcomeIn>[1]>>;

const forced = async (was: StoredBundle | undefined, is: StoredBundle | undefined, { before, after }: Clusters) => {
  if (is === undefined) {
    if (was === undefined) return undefined;
    const isDismissed = was.spec.deletionPolicy === 'Dismiss' && was.status?.lastAppliedTag !== undefined;
    return isDismissed ? 'uninstalls' : 'deleted';
  }
  const now = await outcomeIn(is, after);
  const suspended = is.spec.suspend === true;
  const held = (effect: string | undefined) => (effect !== undefined && suspended ? `suspended: ${effect}` : effect);
  if (was === undefined) return held(now.kind);
  if (suspended !== (was.spec.suspend === true)) return suspended || now.kind === 'blocked' ? 'blocked' : 'may-deploy';
  return held(difference(await outcomeIn(was, before), now));
};

const told = (hits: readonly Hit[]): Readonly<Record<string, string>> =>
  Object.fromEntries(hits.map(({ bundle: { metadata }, effect }) => [metadata.name, shown(effect) ?? '']));

/** Whether the registry alone decides: which tag is chosen by other rules, brute force can't tell either. */
const byRegistry = (of: Readonly<Record<string, string>>, change: BundleChange | undefined) =>
  Object.fromEntries(Object.entries(of).filter(([name]) => change === undefined || name !== change.ref.name));

type Judge = (bundles: readonly StoredBundle[], changes: readonly Change[], world: World) => readonly Hit[];

/** What is told of a cluster and a change is what is found by force. @param seen - counts what is told */
const law = (judge: Judge, seen = new Map<string, number>()) =>
  fc.asyncProperty(cases, async (one) => {
    const world = worldOf(one.objects);
    const planned = one.bundles.map(({ bundle: each }) => each);
    const bundles = await Promise.all(one.bundles.map((each) => settledIn(each, { world, bundles: planned })));
    const change = one.specChange && changed(bundles, one.specChange);
    const changes = [...one.changes, ...(change ? [change] : [])];
    const hits = told(judge(bundles, changes, world));
    const force = await byForce(bundles, { changes, change, world: one.objects });
    for (const effect of Object.values(hits)) seen.set(effect, (seen.get(effect) ?? 0) + 1);
    assert.deepStrictEqual(byRegistry(hits, change), byRegistry(force, change));
    const mine = change === undefined ? undefined : hits[change.ref.name];
    if (change !== undefined && mine?.endsWith('may-deploy') !== true)
      assert.deepStrictEqual({ changed: mine }, { changed: force[change.ref.name] });
  });

t.test('an impact is what the controller does with a change and would not do without it', async (t) => {
  const seen = new Map<string, number>();
  await fc.assert(
    law((bundles, changes, world) => indexOf(bundles).impactOf(changes, world), seen),
    { numRuns: 300 },
  );
  const usual = ['blocked', 'deploys', 'unblocked'];
  t.same(
    usual.filter((effect) => !seen.has(effect)),
    [],
    'the usual ones have come up',
  );
});

t.test('a judge that is wrong is found out', async (t) => {
  const broken: Readonly<Record<string, Judge>> = {
    'who names it is deployed': (bundles, changes) =>
      indexOf(bundles)
        .concerned(changes)
        .map((each) => ({ bundle: each, effect: DEPLOYS, by: changes })),
    'all that is deployed is told, and nothing else': (bundles, changes, world) =>
      indexOf(bundles)
        .impactOf(changes, world)
        .filter(({ effect }) => effect.kind === 'deploys'),
    'suspension is not seen': (bundles, changes, world) =>
      indexOf(bundles)
        .impactOf(changes, world)
        .map((hit) => ({ ...hit, effect: hit.effect.kind === 'suspended' ? hit.effect.once : hit.effect })),
    'releases are not seen': (bundles, changes, world) =>
      bundles.flatMap((each) => indexOf([each]).impactOf(changes, world)),
  };
  for (const [what, judge] of Object.entries(broken))
    t.equal((await fc.check(law(judge), { numRuns: 600, endOnFailure: true })).failed, true, what);
});

const DEPLOYS: Effect = { kind: 'deploys', because: 'values' };

const THOUSANDS = 10_000;

/** Deployed bundles of a hundred namespaces: each with values of its own, some of them with a ConfigMap that many share. */
const many = (valuesFrom: (at: number) => readonly ValuesSource[]): readonly StoredBundle[] =>
  Array.from({ length: THOUSANDS }, (_, at) => {
    const metadata = {
      namespace: `team-${at % 100}`,
      name: `app-${at}`,
      uid: `uid-${at}`,
      creationTimestamp: '2026-11-20T10:00:00Z',
    };
    const values = { replicas: at, host: `app-${at}.example` };
    const spec = {
      converge: { targetNamespace: 'shared', serviceAccountName: 'deployer', valuesFrom: [...valuesFrom(at)], values },
    };
    return bundle(syncedStatus(), { spec, metadata });
  });

const shared = (text: string): Found => ({
  kind: 'found',
  object: { metadata: { namespace: 'shared', name: 'platform' }, data: { 'values.yaml': text } } as KubeObject,
});

/** Milliseconds of CPU: others use this machine, too. */
const cpuOf = (ask: () => unknown): number => {
  const before = process.cpuUsage();
  ask();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** The same of a question at its best. */
const timed = (ask: () => unknown): number => Math.min(...Array.from({ length: 10 }, () => cpuOf(ask)));

t.test('among 10,000 bundles a question costs what it touches', async (t) => {
  const platformOf = (text: string): World => ({
    find: ({ kind }) => {
      if (kind === 'ConfigMap') return known.get(text) ?? shared(text);
      return { kind: 'found', object: ACCEPTING };
    },
  });
  const known = new Map(['a: 1\n', 'a: 2\n'].map((text) => [text, shared(text)]));
  const from = { configMapRef: { name: 'platform' }, from: 'Target' } as const;
  const change: Change = {
    kind: 'ConfigMap',
    ref: { namespace: 'shared', name: 'platform' },
    after: known.get('a: 2\n') ?? shared(''),
  };
  const before = platformOf('a: 1\n');

  const few = indexOf(many((at) => (at < 14 ? [from] : [])));
  t.equal(few.impactOf([change], before).length, 14);

  const cost = timed(() => few.impactOf([change], before));

  const all = indexOf(many(() => [from]));
  const first = cpuOf(() => t.equal(all.impactOf([change], before).length, THOUSANDS));
  const costOfAll = timed(() => all.impactOf([change], before));
  t.comment(`14 of them: ${cost.toFixed(2)} ms; all: ${costOfAll.toFixed(1)} ms, at first ${first.toFixed(0)} ms`);
  // What one bundle costs does not grow with those that are not touched.
  t.ok(cost < 50, `14 bundles: ${cost} ms`);
  // Some 40 ms where nobody else is; caches of the CPU are shared with others.
  t.ok(costOfAll < 150, `all bundles: ${costOfAll} ms`);
});

const ACCEPTING: KubeObject = { metadata: { name: 'shared', annotations: { 'werf.io/accept-bundles-from': '*' } } };
