import t from 'tap';
import { askGrants } from '../../admission/grants/grants.js';
import { judgeChange } from '../../admission/guard/judge-change.js';
import { judgeImpact } from '../../admission/impact/judge-impact.js';
import { Sight } from '../../admission/impact/sight.js';
import { bundleReferencesOf } from '../../admission/references/bundle-references.js';
import { judgeRelease } from '../../admission/references/judge-release.js';
import { lookupTime } from '../../admission/references/lookup-time.js';
import { resetOf } from '../../admission/reset.js';
import { ValuesPool } from '../../admission/values/values-pool.js';
import { loadChart } from '../../api/chart/chart.js';
import { isMap, valueAt } from '../../api/json-map.js';
import { RULES, type RuleName } from '../../api/rules.js';
import { validateBundle } from '../../api/validate.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { clusterSource } from '../../cli/validate/cluster-source.js';
import { judgeInputs } from '../../cli/validate/judge-inputs.js';
import type { Result } from '../../cli/validate/result.js';
import { parseConfig } from '../../webhook/config.js';
import { platform } from '../kit/builders.js';
import { chartFiles } from '../kit/chart-case.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { judgeText } from '../kit/judge-text.js';
import { recordLog } from '../kit/record-log.js';

/**
 * Every id that was ever given, and its name. Lines are added and never changed: people have the ids in their CI. A rule that is gone stays
 * here with the word `gone` behind it.
 */
const GIVEN = `
WB001 not-yaml
WB002 unbounded-aliases
WB003 not-text
WB004 misspelled-kind
WB005 unknown-version
WB006 no-name
WB007 unknown-field
WB008 not-utf8
WB010 wrong-type
WB011 missing-field
WB012 unsupported-value
WB013 too-long
WB014 too-many-items
WB015 out-of-range
WB016 malformed-text
WB017 malformed-repository
WB018 malformed-duration
WB019 malformed-quantity
WB020 malformed-constraint
WB021 malformed-pattern
WB022 tag-and-selection
WB023 service-account-required
WB024 source-of-two-kinds
WB025 release-moved
WB028 rollback-tag
WB030 registry-not-allowed
WB031 image-not-allowed
WB040 selects-last-tag
WB041 constraint-excludes-all
WB042 surprising-tag-order
WB043 moving-tag
WB044 plain-http
WB045 system-namespace
WB046 default-service-account
WB047 drift-not-readable
WB048 many-cpus
WB049 little-memory
WB050 long-log-retention
WB051 status-reset
WB052 approval-of-nothing
WB053 held-by-rollback
WB054 annotation-without-effect
WB060 reference-absent
WB061 reference-key-absent
WB062 reference-not-checked
WB063 reference-unknown
WB064 registry-secret-unusable
WB065 registry-secret-other-host
WB066 ca-secret-unusable
WB067 operators-own-object
WB068 namespace-terminating
WB069 namespace-without-consent
WB070 release-held
WB071 release-taken
WB072 grant-missing
WB073 grant-not-checked
WB080 values-not-yaml
WB081 values-not-map
WB082 values-binary
WB083 values-key-twice
WB084 values-not-expressible
WB085 values-too-deep
WB086 values-too-large
WB087 values-more
WB088 values-not-checked
WB089 values-single-text
WB090 values-unmarked-map
WB091 values-clash
WB092 values-ambiguous
WB093 values-source-shadowed
WB094 source-in-use
WB095 values-unlike-schema
WB096 chart-schema-unusable
WB097 chart-not-judged
WB098 impact
WB099 impact-too-large
WB100 kubectl-changes-value
WB101 kubectl-changes-key
WB102 kubectl-drops-null
`;

const names = Object.keys(RULES) as readonly RuleName[];

t.test('an id is given once, and stays with its rule for ever', (t) => {
  const given = GIVEN.trim().split('\n');
  t.strictSame(new Set(given.map((line) => line.split(' ')[0])).size, given.length, 'no id comes twice');
  t.strictSame(
    names.map((name) => `${RULES[name].id} ${name}`).toSorted(),
    given.filter((line) => !line.endsWith(' gone')),
  );
  for (const name of names) t.match(RULES[name].id, /^WB\d{3}$/);
  t.end();
});

const idsIn = (results: readonly Result[]): ReadonlySet<string> =>
  new Set(results.flatMap(({ problems, unresolved }) => [...problems, ...unresolved].map(({ rule }) => rule)));

const HEAD = 'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop}\nspec:\n';
const REGISTRY = 'registry: {url: ghcr.io/acme/web, tag: v1}';
const bundle = (spec: string): string => (spec.startsWith('apiVersion:') ? spec : HEAD + spec.replace(/^/gm, '  '));
const using = (name: string, more = ''): string =>
  bundle(`${REGISTRY}\nconverge: {valuesFrom: [{configMapRef: {name: ${name}}}]${more}}`);
const configMap = (name: string, data: object, namespace = 'shop'): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });

t.test('each example shows its rule', async (t) => {
  for (const name of names) {
    const { id, example, severity } = RULES[name];
    if (example === undefined) continue;
    const results = await judgeText('f', bundle(example));
    const found = results.flatMap(({ problems }) => problems).filter(({ rule }) => rule === id);
    t.ok(found.length > 0, `${id} ${name}`);
    t.strictSame([...new Set(found.map((one) => one.severity))], [severity], 'and is as severe as the table says');
  }
});

const parsed = parseConfig({ argv: ['--authorize=off'], env: {} });
if (parsed.kind !== 'ok') throw new Error('the flags are wrong');
const { config } = parsed;
const clock = createFakeClock();
const never = new AbortController().signal;

const judged = async (text: string, flags: readonly string[] = []): Promise<ReadonlySet<string>> =>
  idsIn(await judgeText('f', text, { flags }));

const asObject = (spec: object, more: object = {}): WerfBundle =>
  ({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'web', namespace: 'shop' },
    spec,
    ...more,
  }) as WerfBundle;

/** The rules of all problems and warnings in what a function gives. */
const rulesIn = (found: unknown): ReadonlySet<string> => {
  if (Array.isArray(found)) return new Set(found.flatMap((item: unknown) => [...rulesIn(item)]));
  if (!isMap(found)) return new Set();
  const rule = valueAt(found, 'rule');
  const own = typeof rule === 'string' ? [RULES[rule as RuleName].id] : [];
  return new Set([...own, ...Object.values(found).flatMap((part) => [...rulesIn(part)])]);
};

const grants = async (review: 'denied' | 'failed') => {
  const refs = bundleReferencesOf(asObject({ registry: { url: 'ghcr.io/acme/web' } }), 'shop');
  const reviews = { may: async () => (review === 'denied' ? { kind: review } : { kind: review, why: 'no answer' }) };
  const requester = { username: 'jane', uid: '', groups: [], extra: {} };
  const operator = { namespace: 'werfbundle-system', certificateSecret: 'certificates' };
  return askGrants({ authorize: 'always', operator, requester, reviews }, refs);
};

const spec = { registry: { url: 'ghcr.io/acme/web', tag: 'v1' } };

/** Ids of what is found with a chart that has this schema. */
const byChart = async (text: string, schema: object): Promise<ReadonlySet<string>> => {
  const files = Object.entries(chartFiles({ schema })).map(([path, content]) => [path, Buffer.from(content)] as const);
  const loaded = loadChart(new Map(files));
  if (loaded.kind === 'unreadable') throw new Error(loaded.why);
  return idsIn(await judgeText('f', text, { chart: loaded.chart }));
};

/** What no single file shows: found in other ways. */
const OTHERWISE: Partial<Record<RuleName, () => Promise<ReadonlySet<string>>>> = {
  'not-text': async () => {
    const inputs = [{ name: 'f', text: '', found: false, unreadable: 'is binary' }];
    return idsIn((await judgeInputs(inputs, { config, clock, strict: false, namespace: 'shop' })).results);
  },
  'not-utf8': async () => {
    const inputs = [{ name: 'f', text: bundle(REGISTRY), found: false, isLossy: true } as const];
    return idsIn((await judgeInputs(inputs, { config, clock, strict: false, namespace: 'shop' })).results);
  },
  'too-many-items': () =>
    judged(bundle(`${REGISTRY}\nconverge: {valuesFrom: [${'{configMapRef: {name: a}}, '.repeat(65)}]}`)),
  'release-moved': async () => {
    const old = asObject({ ...spec, converge: { releaseName: 'old' } }, { status: { lastAppliedTag: 'v1' } });
    return rulesIn(validateBundle(asObject(spec), old));
  },
  'registry-not-allowed': () => judged(bundle(REGISTRY), ['--allowed-registries=quay.io']),
  'image-not-allowed': () =>
    judged(bundle(`${REGISTRY}\nconverge: {image: "docker.io/acme/werf:2"}`), ['--allowed-images=ghcr.io/werf']),
  'status-reset': async () => {
    const [before, after] = [5, 0].map((consecutiveFailures) => asObject(spec, { status: { consecutiveFailures } }));
    if (before === undefined || after === undefined) return new Set();
    const requester = { username: 'jane', uid: '', groups: [], extra: {} };
    const request = { uid: '', operation: 'UPDATE', namespace: 'shop', name: 'web', requester, dryRun: false } as const;
    return rulesIn(resetOf({ ...request, withinMs: 1, object: after, oldObject: before }, 0));
  },
  'reference-absent': async () => {
    const requester = { username: 'jane', uid: '', groups: [], extra: {} };
    const client = createFakeKube({ clock });
    const against = (objects: Parameters<typeof clusterSource>[0]['objects']) =>
      clusterSource({ client, requester, authorize: 'off', objects });
    return idsIn(await judgeText('f', using('nowhere'), { sourceOf: against }));
  },
  'reference-not-checked': () => judged(`${using('a')}\n---\n${configMap('a', { a: 1 })}`),
  'reference-unknown': () => judged(using('a')),
  'namespace-terminating': () =>
    judged(
      `${bundle(`${REGISTRY}\nconverge: {targetNamespace: old, serviceAccountName: a}`)}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: old}\nstatus: {phase: Terminating}`,
    ),
  'release-taken': async () => {
    const refs = bundleReferencesOf(asObject(spec), 'shop');
    const younger = { namespace: 'shop', name: 'other', uid: 'b', createdAt: '2026-02-01T00:00:00Z' };
    const deps = { releases: { holders: async () => [younger] }, maySee: async () => true };
    const time = { signal: never, whyFailed: () => '', release: () => {} };
    const metadata = { name: 'web', uid: 'a', creationTimestamp: '2026-01-01T00:00:00Z' };
    return rulesIn(await judgeRelease({ ...deps, time }, refs, metadata));
  },
  'grant-missing': async () => rulesIn((await grants('denied')).findings),
  'grant-not-checked': async () => rulesIn((await grants('failed')).findings),
  'values-too-deep': () =>
    judged(`${using('a')}\n---\n${configMap('a', { 'a.yaml': `a: ${'['.repeat(120)}${']'.repeat(120)}` })}`),
  'values-too-large': () =>
    judged(
      `${bundle(`${REGISTRY}\nconverge: {valuesFrom: [${[1, 2, 3].map((at) => `{configMapRef: {name: a${at}}}`).join(', ')}]}`)}\n---\n${[1, 2, 3].map((at) => configMap(`a${at}`, { a: 'x'.repeat(800_000) })).join('\n---\n')}`,
    ),
  'values-more': () => {
    const broken = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`a${at}.yaml`, '[']));
    return judged(`${using('a')}\n---\n${configMap('a', broken)}`);
  },
  'values-not-checked': () => judged(`${using('a')}\n---\n${configMap('a', { a: 'x'.repeat(300_000) })}`),
  'values-source-shadowed': () =>
    judged(
      `${using('a', ', targetNamespace: production, serviceAccountName: a')}\n---\n${configMap('a', { a: 'x' }, 'production')}`,
      ['--cross-namespace=always'],
    ),
  'values-unlike-schema': () => byChart(bundle(REGISTRY), { required: ['domain'] }),
  'chart-schema-unusable': () => byChart(bundle(REGISTRY), { type: 'text' }),
  'chart-not-judged': () => byChart(using('a'), {}),
  impact: async () => rulesIn(await impactOf(undefined)),
  'impact-too-large': async () => rulesIn(await impactOf(0)),
  'source-in-use': async () => {
    const pool = new ValuesPool({ log: recordLog() });
    t.teardown(() => pool.stop());
    const source = (text: string): FoundSource => ({
      kind: 'ConfigMap',
      namespace: 'shop',
      name: 'a',
      data: { 'a.yaml': text },
    });
    const use = {
      bundle: { namespace: 'shop', name: 'web' },
      as: 'values',
      key: undefined,
      optional: false,
      digest: undefined,
    } as const;
    const charts = {
      judge: async () => ({ kind: 'unjudged', warnings: [] }) as const,
      isKept: async () => false,
    };
    const metrics = { lookedUp: () => {} };
    const client = createFakeKube({ clock });
    const deps = {
      uses: { of: async () => [use] },
      client,
      values: pool,
      charts,
      clock,
      metrics,
      maySee: async () => true,
    };
    const call = { signal: never, withinMs: 4000 };
    return rulesIn(await judgeChange({ before: source('a: 1'), after: source('[') }, deps, call));
  },
};

/** A ServiceAccount goes that a bundle names. */
const impactOf = async (maxImpact: number | undefined) => {
  const ref = { namespace: 'shop', name: 'deployer' };
  const use = {
    bundle: { namespace: 'shop', name: 'web' },
    as: 'service-account',
    key: undefined,
    optional: false,
    digest: undefined,
  } as const;
  const answers = { impact: async () => [{ ref: use.bundle, outcome: 'unblocked' as const }] };
  const bundles = { of: async () => [use], rivalsOf: () => [] };
  const metrics = { lookedUp: () => {} };
  const deps = { client: createFakeKube({ clock }), metrics, bundles, answers, settings: { platform, maxImpact } };
  const requester = { username: 'jane', uid: '', groups: [], extra: {} };
  const change = {
    kind: 'ServiceAccount',
    ref,
    operation: 'CREATE',
    requester,
    dryRun: false,
    isGoing: false,
  } as const;
  const asking = { time: lookupTime(clock, { signal: never }, 4000), sight: new Sight(undefined) };
  return judgeImpact({ ...change, before: undefined, after: { metadata: ref } }, deps, asking);
};

t.test('every rule finds something', async (t) => {
  for (const name of names) {
    const { id, example } = RULES[name];
    const find = OTHERWISE[name];
    t.equal(example === undefined, find !== undefined, `${name} has an example, or a row of this spec`);
    if (find !== undefined) t.ok((await find()).has(id), `${id} ${name}`);
  }
});
