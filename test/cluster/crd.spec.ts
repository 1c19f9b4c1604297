import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { defaultsPatch, withDefaults } from '../../api/defaults.js';
import { validateBundle } from '../../api/validate.js';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { established } from '../../playground/established.js';
import { arbitrarySpec } from '../kit/arbitrary-spec.js';
import { startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import { refusalsOf } from '../kit/refusals.js';

const url = 'ghcr.io/acme/app';
const registry = { url };
const withRegistry = (fields: object) => ({ registry: { url, ...fields } });
const withConverge = (fields: object) => ({ registry, converge: fields });
const withMemory = (memory: unknown) => withConverge({ resourceLimits: { memory } });
const withSource = (source: unknown) => withConverge({ valuesFrom: [source] });

/** A spec that the schema accepts, or refuses at `refused`; no webhook is there. */
interface Row {
  readonly title: string;
  readonly spec: unknown;
  readonly refused?: string;
}

const ROWS: readonly Row[] = [
  { title: 'a registry is enough', spec: { registry } },
  { title: 'a spec is needed', spec: undefined, refused: 'spec' },
  { title: 'a registry is needed', spec: {}, refused: 'spec.registry' },
  { title: 'a url is needed', spec: { registry: {} }, refused: 'spec.registry.url' },
  ...[
    'localhost:5000/app',
    'localhost/app',
    'oci://ghcr.io/a/b',
    '[::1]:5000/app',
    'GHCR.io/a',
    `ghcr.io/${'a'.repeat(247)}`,
  ].map((good) => ({ title: `url ${good.slice(0, 30)} is one`, spec: withRegistry({ url: good }) })),
  {
    title: 'oci:// does not count for the length of a url',
    spec: withRegistry({ url: `oci://ghcr.io/${'a'.repeat(247)}` }),
  },
  ...[
    'https://ghcr.io/a',
    'ghcr.io/a:v1',
    'ghcr.io/a@sha256:00',
    'ghcr.io/a/',
    'ghcr.io/A',
    'ghcr.io',
    'acme/app',
    ' ghcr.io/a',
    'ghcr.io/a\n',
    '',
    `ghcr.io/${'a'.repeat(248)}`,
    `oci://ghcr.io/${'a'.repeat(248)}`,
    5,
  ].map((bad) => ({
    title: `url ${String(bad).slice(0, 30)} is none`,
    spec: withRegistry({ url: bad }),
    refused: 'spec.registry.url',
  })),
  ...['1m', '24h', '1.5h', '.5h', '60000000µs', '1h30m', '24h0.5ns'].map((good) => ({
    title: `${good} is a poll interval`,
    spec: withRegistry({ pollInterval: good }),
  })),
  ...['59.9s', '24h0m0.000000001s', '15', '1d', '+5m', '-5m', '', '99999999999h', '0.0166666666666666666h'].map(
    (bad) => ({
      title: `${bad} is no poll interval`,
      spec: withRegistry({ pollInterval: bad }),
      refused: 'spec.registry.pollInterval',
    }),
  ),
  { title: 'a timeout has the same bounds', spec: withConverge({ timeout: '25h' }), refused: 'spec.converge.timeout' },
  {
    title: 'so has the interval of drift detection',
    spec: withConverge({ driftDetection: { interval: '30s' } }),
    refused: 'spec.converge.driftDetection.interval',
  },
  { title: 'a tag may stand with an empty constraint', spec: withRegistry({ tag: 'v1', versionConstraint: '' }) },
  {
    title: 'a tag excludes a constraint',
    spec: withRegistry({ tag: 'v1', versionConstraint: '^1' }),
    refused: 'spec.registry.tag',
  },
  {
    title: 'a tag excludes a pattern',
    spec: withRegistry({ tag: 'v1', tagPattern: '^v' }),
    refused: 'spec.registry.tag',
  },
  {
    title: 'a tag excludes an order',
    spec: withRegistry({ tag: 'v1', tagOrder: 'Text' }),
    refused: 'spec.registry.tag',
  },
  {
    title: 'a constraint, a pattern and an order go together',
    spec: withRegistry({ versionConstraint: '^1', tagPattern: '^v', tagOrder: 'Number' }),
  },
  { title: 'a tag has 128 characters', spec: withRegistry({ tag: 'a'.repeat(128) }) },
  { title: 'a tag has not 129', spec: withRegistry({ tag: 'a'.repeat(129) }), refused: 'spec.registry.tag' },
  { title: 'a tag begins with a word character', spec: withRegistry({ tag: '-v1' }), refused: 'spec.registry.tag' },
  { title: 'a pattern is not empty', spec: withRegistry({ tagPattern: '' }), refused: 'spec.registry.tagPattern' },
  {
    title: 'a constraint has 256 characters, whatever their bytes',
    spec: withRegistry({ versionConstraint: '^'.repeat(256) }),
  },
  {
    title: 'a constraint has not 257',
    spec: withRegistry({ versionConstraint: '^'.repeat(257) }),
    refused: 'spec.registry.versionConstraint',
  },
  {
    title: 'tags are ordered as Text or Number',
    spec: withRegistry({ tagOrder: 'Semver' }),
    refused: 'spec.registry.tagOrder',
  },
  { title: 'a reference needs a name', spec: withRegistry({ secretRef: {} }), refused: 'spec.registry.secretRef.name' },
  {
    title: 'names are of any length that Kubernetes allows',
    spec: withRegistry({ secretRef: { name: `${'a.'.repeat(126)}a` } }),
  },
  {
    title: 'names are lower case',
    spec: withRegistry({ caSecretRef: { name: 'CA' } }),
    refused: 'spec.registry.caSecretRef.name',
  },
  { title: 'insecure is true or false', spec: withRegistry({ insecure: 'yes' }), refused: 'spec.registry.insecure' },
  {
    title: 'a namespace is a DNS label',
    spec: withConverge({ targetNamespace: 'a.b', serviceAccountName: 'a' }),
    refused: 'spec.converge.targetNamespace',
  },
  {
    title: 'a namespace has 63 characters',
    spec: withConverge({ targetNamespace: 'a'.repeat(63), serviceAccountName: 'a.b' }),
  },
  {
    title: 'a release has at most 53',
    spec: withConverge({ releaseName: 'a'.repeat(54) }),
    refused: 'spec.converge.releaseName',
  },
  { title: 'a release may have dots', spec: withConverge({ releaseName: 'my.app' }) },
  {
    title: 'a ServiceAccount has a name',
    spec: withConverge({ serviceAccountName: '' }),
    refused: 'spec.converge.serviceAccountName',
  },
  ...['1Gi', '512m', '1e3', '1E', '1E+3', '.5Gi', '5.', '+1Gi', '0.0000000001n', 1, `${'9'.repeat(60)}E`].map(
    (good) => ({
      title: `memory may be ${String(good).slice(0, 20)}`,
      spec: withMemory(good),
    }),
  ),
  ...[
    '0',
    '-1Gi',
    '1g',
    '1K',
    '1ki',
    '1e',
    '1 Gi',
    '',
    'Gi',
    '1e100',
    '1e99999999999999',
    '1'.repeat(65),
    0,
    -1,
    1.5,
    true,
    [],
  ].map((bad) => ({
    title: `memory may not be ${JSON.stringify(bad).slice(0, 20)}`,
    spec: withMemory(bad),
    refused: 'spec.converge.resourceLimits.memory',
  })),
  {
    title: 'no CPU at all is no quantity of it',
    spec: withConverge({ resourceLimits: { cpu: 0 } }),
    refused: 'spec.converge.resourceLimits.cpu',
  },
  {
    title: 'logs stay a day at least',
    spec: withConverge({ logRetentionDays: 0 }),
    refused: 'spec.converge.logRetentionDays',
  },
  { title: 'logs stay a year', spec: withConverge({ logRetentionDays: 365 }) },
  {
    title: 'logs stay no longer',
    spec: withConverge({ logRetentionDays: 366 }),
    refused: 'spec.converge.logRetentionDays',
  },
  { title: 'there are at most 10 retries', spec: withConverge({ retries: 11 }), refused: 'spec.converge.retries' },
  { title: 'there are whole retries', spec: withConverge({ retries: 1.5 }), refused: 'spec.converge.retries' },
  { title: 'an image has no white space', spec: withConverge({ image: 'a b' }), refused: 'spec.converge.image' },
  {
    title: 'not even where only Unicode sees it',
    spec: withConverge({ image: 'a\u00a0b' }),
    refused: 'spec.converge.image',
  },
  { title: 'an environment is a word', spec: withConverge({ environment: '-' }), refused: 'spec.converge.environment' },
  {
    title: 'a key is a key of a Secret',
    spec: withConverge({ werfSecretKeyRef: { name: 'a', key: 'a/b' } }),
    refused: 'spec.converge.werfSecretKeyRef.key',
  },
  {
    title: 'values come from a ConfigMap',
    spec: withSource({ configMapRef: { name: 'a' }, key: 'values.yaml', optional: true }),
  },
  { title: 'values come from a Secret', spec: withSource({ secretRef: { name: 'a' }, configMapRef: null }) },
  { title: 'values come from somewhere', spec: withSource({}), refused: 'spec.converge.valuesFrom[0]' },
  {
    title: 'values come from one of them',
    spec: withSource({ secretRef: { name: 'a' }, configMapRef: { name: 'a' } }),
    refused: 'spec.converge.valuesFrom[0]',
  },
  { title: 'a source is a map', spec: withSource(null), refused: 'spec.converge.valuesFrom[0]' },
  {
    title: 'a source is looked for in the namespace of the bundle, or of the target, or in either',
    spec: withConverge({
      valuesFrom: ['Bundle', 'Target', 'Either'].map((from) => ({ secretRef: { name: 'a' }, from })),
    }),
  },
  {
    title: 'a source is looked for nowhere else',
    spec: withSource({ secretRef: { name: 'a' }, from: 'target' }),
    refused: 'spec.converge.valuesFrom[0].from',
  },
  { title: 'there are 64 sources', spec: withConverge({ valuesFrom: Array(64).fill({ secretRef: { name: 'a' } }) }) },
  {
    title: 'there are not 65',
    spec: withConverge({ valuesFrom: Array(65).fill({ secretRef: { name: 'a' } }) }),
    refused: 'spec.converge.valuesFrom',
  },
  { title: 'values are a map of anything', spec: withConverge({ values: { a: [null, { b: 1.5 }] } }) },
  { title: 'values are no list', spec: withConverge({ values: [] }), refused: 'spec.converge.values' },
  {
    title: 'a correction is tried once at least',
    spec: withConverge({ driftDetection: { maxRetries: 0 } }),
    refused: 'spec.converge.driftDetection.maxRetries',
  },
  {
    title: 'a correction is tried as often as 32 bits can say',
    spec: withConverge({ driftDetection: { maxRetries: 2 ** 31 } }),
    refused: 'spec.converge.driftDetection.maxRetries',
  },
  { title: 'a plan is shown before a deployment if asked for', spec: { registry, converge: { plan: 'Show' } } },
  {
    title: '... which is said in words of the schema',
    spec: { registry, converge: { plan: 'Always' } },
    refused: 'spec.converge.plan',
  },
  { title: 'what failed is returned from if asked for', spec: withConverge({ onFailure: 'Return' }) },
  {
    title: 'nothing else follows a failure',
    spec: withConverge({ onFailure: 'Rollback' }),
    refused: 'spec.converge.onFailure',
  },
  { title: 'deletions are held if asked for', spec: { registry, converge: { deletions: 'Hold' } } },
  {
    title: '... and no otherwise',
    spec: { registry, converge: { deletions: 'Deny' } },
    refused: 'spec.converge.deletions',
  },
  { title: 'a release is dismissed if asked for', spec: { registry, deletionPolicy: 'Dismiss' } },
  {
    title: 'a release is not kept by another word',
    spec: { registry, deletionPolicy: 'Keep' },
    refused: 'spec.deletionPolicy',
  },
  { title: 'suspend is true or false', spec: { registry, suspend: 'no' }, refused: 'spec.suspend' },
  {
    title: 'a null is as good as nothing',
    spec: { registry: { url, secretRef: null, pollInterval: null }, converge: null, suspend: null },
  },
];

const bundle = (name: string, spec: unknown) => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name, namespace: 'default' },
  ...(spec !== undefined && { spec }),
});
/** A deployed bundle and a change of its spec.converge, refused at the field `refused` or taken. */
interface FixedRow {
  readonly name: string;
  readonly spec: object;
  /** status.lastAppliedTag; v1 if left out */
  readonly deployed?: string;
  readonly change: object;
  readonly refused?: string;
}

/** What a fixed field was, whether it was written or derived. */
const was = ({ metadata, spec }: WerfBundle, field: string): string =>
  String((spec.converge as Readonly<Record<string, unknown>> | undefined)?.[field] ?? metadata.name);

/** As the webhook would get it, with whatever spec. */
const judged = (name: string, spec: unknown) => validateBundle(bundle(name, spec) as unknown as WerfBundle).problems;

t.test('the CRD on a real apiserver, without webhooks', async (t) => {
  const { kubectl } = await startCluster(t);
  const crd = readFileSync(join(import.meta.dirname, '../../manifests/crd/werfbundles.werf.io.yaml'), 'utf8');
  t.match(await kubectl(['apply', '-f', '-'], crd), { code: 0 }, 'the CRD installs');
  t.ok(await established(kubectl, 'werfbundles.werf.io'), 'the CRD is established');

  const refusals = (prefix: string, specs: readonly unknown[]) =>
    refusalsOf(
      kubectl,
      specs.map((spec, index) => bundle(`${prefix}-${index}`, spec)),
    );

  await t.test(
    'the schema accepts valid specs and refuses invalid ones, and the rules refuse these at the same field',
    async (t) => {
      const answers = await refusals(
        'row',
        ROWS.map(({ spec }) => spec),
      );
      for (const [index, { title, spec, refused }] of ROWS.entries()) {
        const answer = answers[index];
        const fields = judged(`row-${index}`, spec).map(({ field }) => field);
        if (refused === undefined) {
          t.equal(answer, undefined, title);
        } else {
          t.ok(answer?.includes(`${refused}: `), title, { answer, refused });
          t.strictSame(fields, [refused], `${title}: so say the rules, and nothing else`);
        }
      }
    },
  );

  await t.test('whatever the schema refuses, the rules refuse', async (t) => {
    const specs = fc.sample(arbitrarySpec, { seed: 20261123, numRuns: 400 });
    const answers = await refusals('any', specs);
    const missed = specs.flatMap((spec, index) => {
      const told = new Set(judged('any', spec).map(({ field }) => field));
      const fields = [...(answers[index] ?? '').matchAll(/(?:invalid: \[?|, )(spec[\w.[\]]*): /g)].map(
        ([, field]) => field ?? '',
      );
      return fields.every((field) => told.has(field)) ? [] : [{ spec, fields, told: [...told] }];
    });
    t.strictSame(missed, []);
    const refused = answers.filter((answer) => answer !== undefined).length;
    t.ok(refused > 100 && refused < 350, 'there are enough of both kinds', { refused });
  });

  await t.test('defaults are those of api/, nulls included, and none is left for the webhook to add', async (t) => {
    const specs = [
      { registry },
      { registry: { ...registry, pollInterval: null }, converge: null, suspend: null },
      withConverge({
        timeout: '5m',
        driftDetection: { enabled: true },
        resourceLimits: { cpu: 2 },
        werfSecretKeyRef: { name: 'a' },
      }),
      withConverge({
        driftDetection: null,
        resourceLimits: { memory: null },
        valuesFrom: [{ secretRef: { name: 'a' } }],
        values: { a: null },
      }),
    ];
    for (const [index, spec] of specs.entries()) {
      const created = await kubectl(
        ['create', '-o', 'json', '-f', '-'],
        JSON.stringify(bundle(`defaults-${index}`, spec)),
      );
      const stored = JSON.parse(created.stdout) as WerfBundle;
      t.strictSame(stored.spec, withDefaults(spec as unknown as WerfBundleSpec), JSON.stringify(spec));
      t.strictSame(defaultsPatch(stored), []);
      t.strictSame(stored.status, { observedGeneration: -1 }, 'a new bundle is not taken for a finished one');
    }
  });

  await t.test('columns and short names', async (t) => {
    const headers = async (...args: string[]) =>
      (await kubectl(['get', ...args, 'defaults-0'])).stdout.split('\n')[0]?.split(/\s{2,}/);
    t.strictSame(await headers('wb'), ['NAME', 'READY', 'SUSPENDED', 'PHASE', 'TAG', 'AGE', 'MESSAGE']);
    const wide = [
      'NAME',
      'READY',
      'SUSPENDED',
      'PHASE',
      'TAG',
      'TARGET',
      'FAILURES',
      'LAST SYNC',
      'NEXT ATTEMPT',
      'AGE',
      'MESSAGE',
    ];
    t.strictSame(await headers('wbs', '-o', 'wide'), wide);
  });

  await t.test('a long message pads nothing: the rows of other bundles end where they end', async (t) => {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const conditions = (message: string) => [
      { type: 'Ready', status: 'False', reason: 'DeployFailed', message, lastTransitionTime },
    ];
    for (const [name, message] of Object.entries({ 'said-long': 'x'.repeat(850), 'said-short': 'short' })) {
      await kubectl(['create', '-f', '-'], JSON.stringify(bundle(name, { registry })));
      const status = JSON.stringify({ status: { phase: 'Syncing', conditions: conditions(message) } });
      await kubectl(['patch', 'wb', name, '--subresource=status', '--type=merge', '-p', status]);
    }
    const { stdout } = await kubectl(['get', 'wb', 'said-long', 'said-short']);
    const [, long, short] = stdout.split('\n');
    t.match(long, /^said-long +False +Syncing +\d+s +x{850}$/);
    t.match(short, /^said-short +False +Syncing +\d+s +short$/);
  });

  await t.test('they are listed among all that is there, and among what git deploys', async (t) => {
    for (const category of ['all', 'gitops'])
      t.match(
        (await kubectl(['get', category, '-o', 'name'])).stdout,
        /^werfbundle\.werf\.io\/defaults-0$/m,
        `kubectl get ${category}`,
      );
  });

  await t.test('kubectl explain has words for every field', async (t) => {
    const explained = async (path: string) => (await kubectl(['explain', path, '--recursive=false'])).stdout;
    for (const path of ['wb', 'wb.spec.converge.valuesFrom', 'wb.status.deployment', 'wb.status.history']) {
      const text = await explained(path);
      t.match(text, /^DESCRIPTION:\n {4}\S/m, path);
      t.notMatch(text, /<no description>/, path);
    }
  });

  await t.test('bundles are selected by their fields', async (t) => {
    const made = [
      { name: 'field-a', spec: withConverge({ targetNamespace: 'prod', serviceAccountName: 'a' }), phase: 'Failed' },
      { name: 'field-b', spec: { registry: { ...registry, url: 'ghcr.io/acme/b' }, suspend: true }, phase: 'Synced' },
    ];
    for (const { name, spec, phase } of made) {
      await kubectl(['create', '-f', '-'], JSON.stringify(bundle(name, spec)));
      const status = JSON.stringify({ status: { phase, lastAppliedTag: `of-${name}` } });
      await kubectl(['patch', 'wb', name, '--subresource=status', '--type=merge', '-p', status]);
    }
    const rows = [
      { selector: 'status.phase=Failed', want: 'field-a' },
      { selector: 'spec.converge.targetNamespace=prod', want: 'field-a' },
      { selector: 'status.lastAppliedTag=of-field-b', want: 'field-b' },
      { selector: 'spec.suspend=true', want: 'field-b' },
      { selector: 'spec.registry.url=ghcr.io/acme/b,status.phase!=Failed', want: 'field-b' },
    ];
    for (const { selector, want } of rows) {
      const { stdout } = await kubectl(['get', 'wb', '-o', 'name', '--field-selector', selector]);
      t.equal(stdout, `werfbundle.werf.io/${want}\n`, selector);
    }
  });

  await t.test('an unknown field is refused by kubectl apply, each with its path', async (t) => {
    const typos = { registry: { ...registry, urll: 'x', tagPatern: 'y' }, converge: { timout: '5m' } };
    const { code, stderr } = await kubectl(['apply', '-f', '-'], JSON.stringify(bundle('typos', typos)));
    t.equal(code, 1);
    for (const field of ['spec.converge.timout', 'spec.registry.tagPatern', 'spec.registry.urll'])
      t.match(stderr, `unknown field "${field}"`);
  });

  await t.test(
    'an invalid field that was stored under an older schema stays, as long as it is not changed',
    async (t) => {
      const old = { registry: { ...registry, pollInterval: '30s' }, converge: { retries: 1 } };
      const laxer = crd.replaceAll(
        /x-kubernetes-validations:\n +- rule: duration\(self\)[^\n]*\n +message: [^\n]*\n/g,
        '\n',
      );
      t.not(laxer, crd);
      await kubectl(['apply', '-f', '-'], laxer);
      const stored = async () => (await kubectl(['create', '-f', '-'], JSON.stringify(bundle('old', old)))).code;
      t.equal(await eventually(stored, (code) => code === 0), 0);
      await kubectl(['apply', '-f', '-'], crd);
      const tooShort = async () =>
        (await kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(bundle('new', old)))).code;
      t.equal(await eventually(tooShort, (code) => code === 1), 1, 'a new one is refused');
      const patch = (change: object) =>
        kubectl(['patch', 'wb', 'old', '--type=merge', '-p', JSON.stringify({ spec: change })]);
      t.match(await patch({ converge: { retries: 2 } }), { code: 0 }, 'another field');
      t.match(await patch({ registry: { tag: 'v2' } }), { code: 0 }, 'its neighbour');
      t.match((await patch({ registry: { pollInterval: '40s' } })).stderr, 'must be a duration from 1m to 24h');
      t.match(await patch({ registry: { pollInterval: '5m' } }), { code: 0 }, 'it can be mended');
    },
  );

  await t.test('the place of the release is fixed once something was deployed', async (t) => {
    const long = `${'a'.repeat(52)}.${'b'.repeat(40)}`;
    const rows: readonly FixedRow[] = [
      {
        name: 'fixed-a',
        spec: { targetNamespace: 'prod' },
        change: { targetNamespace: 'ops' },
        refused: 'targetNamespace',
      },
      { name: 'fixed-b', spec: { releaseName: 'x' }, change: { releaseName: 'y' }, refused: 'releaseName' },
      { name: 'fixed-c', spec: { releaseName: 'x' }, change: { releaseName: null }, refused: 'releaseName' },
      { name: 'fixed-d', spec: {}, change: { releaseName: 'x' }, refused: 'releaseName' },
      { name: 'fixed-e', spec: {}, change: { releaseName: 'fixed-e', targetNamespace: 'default' } },
      { name: 'fixed-f', spec: { releaseName: 'x', targetNamespace: 'prod' }, change: { timeout: '5m' } },
      { name: 'fixed-g', spec: { releaseName: 'x' }, deployed: '', change: { releaseName: 'y' } },
      { name: long, spec: { releaseName: 'x' }, change: { releaseName: 'y' }, refused: 'releaseName' },
      { name: long.replace('b', 'c'), spec: {}, change: { releaseName: 'a'.repeat(52) } },
    ];
    const tryRow = async ({ name, spec, deployed = 'v1', change, refused }: (typeof rows)[number]) => {
      await kubectl(
        ['create', '-f', '-'],
        JSON.stringify(bundle(name, withConverge({ serviceAccountName: 'a', ...spec }))),
      );
      const status = JSON.stringify({ status: { lastAppliedTag: deployed } });
      const patched = await kubectl([
        'patch',
        'wb',
        name,
        '--subresource=status',
        '--type=merge',
        '-o',
        'json',
        '-p',
        status,
      ]);
      const old = JSON.parse(patched.stdout) as WerfBundle;
      const patch = JSON.stringify({ spec: { converge: change } });
      const { stderr } = await kubectl(['patch', 'wb', name, '--dry-run=server', '--type=merge', '-p', patch]);
      const title = `${JSON.stringify(spec)} → ${JSON.stringify(change)}`;
      const changed = { ...old, spec: { ...old.spec, converge: { ...old.spec.converge, ...change } } };
      const fields = validateBundle(changed as unknown as WerfBundle, old).problems.map(({ field }) => field);
      const wanted = refused === undefined ? [] : [`spec.converge.${refused}`];
      t.strictSame(fields, wanted, `${title}: the rules`);
      if (refused === undefined) t.equal(stderr, '', title);
      else
        t.match(stderr, `spec.converge.${refused}: `, title) &&
          t.match(stderr, `deployed: it was "${was(old, refused)}"`);
    };
    await Promise.all(rows.map(tryRow));
  });
});
