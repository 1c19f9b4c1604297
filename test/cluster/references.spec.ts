import t from 'tap';
import { withoutAccountWarning } from '../kit/account-warning.js';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { canary } from '../kit/canary.js';
import { eventually } from '../kit/eventually.js';
import { startSlowFront } from '../kit/slow-front.js';

const fixture = await startAdmissionFixture(t);
const { cluster, must } = fixture;
const front = await startSlowFront(t, cluster.controlPlane);
const webhook = await fixture.startWebhook({ server: front.server });

const list = (...items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const core = (kind: string, metadata: object, more: object = {}): object => ({
  apiVersion: 'v1',
  kind,
  metadata,
  ...more,
});
const configMap = (name: string, text: string): object =>
  core('ConfigMap', { namespace: 'ops', name }, { data: { 'values.yaml': text } });
const bundle = (name: string, converge: object = {}, metadata: object = {}, registry: object = {}): object => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace: 'ops', ...(name !== '' && { name }), ...metadata },
  spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0', ...registry }, converge },
});
const apply = (input: string, ...flags: readonly string[]) => cluster.kubectl(['apply', '-f', '-', ...flags], input);
const refusal = (name: string, ...problems: readonly string[]): string =>
  problems.length === 1
    ? `The WerfBundle "${name}" is invalid: ${problems.join()}\n`
    : `The WerfBundle "${name}" is invalid: \n${problems.map((problem) => `* ${problem}\n`).join('')}`;

await must(
  ['apply', '-f', '-'],
  list(
    core('Namespace', { name: 'ops' }),
    core('Namespace', { name: 'production', annotations: { 'werf.io/accept-bundles-from': 'ops' } }),
  ),
);

/** What one folder in git holds: a bundle and all that it needs. */
const TEXT = canary('text');
const docker = { '.dockerconfigjson': JSON.stringify({ auths: { 'ghcr.io': { username: 'acme', password: TEXT } } }) };
const SUPPLIES = [
  core('ServiceAccount', { namespace: 'production', name: 'werf-converge' }),
  core('Secret', { namespace: 'ops', name: 'creds' }, { type: 'kubernetes.io/dockerconfigjson', stringData: docker }),
  core(
    'Secret',
    { namespace: 'production', name: 'keys' },
    { stringData: { 'values.yaml': `db: {password: ${TEXT}}` } },
  ),
  configMap('app-config', 'app: {replicas: 2}'),
];
const CONVERGE = {
  targetNamespace: 'production',
  serviceAccountName: 'werf-converge',
  valuesFrom: [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'keys' }, from: 'Target' }],
};
const app = (change: object = {}, metadata: object = {}): object =>
  bundle('app', { ...CONVERGE, ...change }, metadata, { secretRef: { name: 'creds' } });
const MISSING = [
  'spec.registry.secretRef.name: Not found: Secret creds does not exist in namespace ops',
  'spec.converge.serviceAccountName: Not found: ServiceAccount werf-converge does not exist in namespace production',
  "spec.converge.valuesFrom[0].configMapRef.name: Not found: configMap 'app-config' not found in namespaces 'ops' or 'production'",
  "spec.converge.valuesFrom[1].secretRef.name: Not found: failed to get Secret 'keys' from namespace 'production'",
];

t.test('a whole stage that does not exist yet passes a dry run, and is applied in order', async (t) => {
  const alone = await apply(list(app()));
  t.same(alone, { code: 1, stdout: '', stderr: refusal('app', ...MISSING) }, 'the bundle alone is refused');
  const dry = await apply(list(...SUPPLIES, app()), '--dry-run=server');
  t.equal(dry.code, 0);
  t.equal(dry.stderr, MISSING.map((text) => `Warning: ${text}\n`).join(''), 'what is missing is told as warnings');
  t.equal((await apply(list(...SUPPLIES, app()))).stderr, '', 'in the order of the files, nothing is to be told');
  t.equal(await must(['apply', '-f', '-'], list(app())), 'werfbundle.werf.io/app unchanged\n');
  t.equal((await cluster.kubectl(['diff', '-f', '-'], list(app()))).code, 0);
  const early = bundle(
    'early',
    { serviceAccountName: 'later' },
    { annotations: { 'werf.io/missing-references': 'warn' } },
  );
  t.same(await apply(list(early)), {
    code: 0,
    stdout: 'werfbundle.werf.io/early created\n',
    stderr:
      'Warning: spec.converge.serviceAccountName: Not found: ServiceAccount later does not exist in namespace ops\n',
  });
});

t.test('what exists and can\u2019t be used is refused, in a dry run as well', async (t) => {
  await must(['apply', '-f', '-'], list(configMap('broken', 'app:\n  replicas: 2\n  image: my: app\n')));
  const secret = core('Secret', { namespace: 'ops', name: 'broken' }, { stringData: { 'v.yaml': `a: ${TEXT}: b` } });
  await must(['apply', '-f', '-'], list(secret));
  const valuesFrom = [{ configMapRef: { name: 'broken' } }, { secretRef: { name: 'broken' } }];
  const told = await apply(
    list(bundle('broken', { valuesFrom }, {}, { secretRef: { name: 'broken' } })),
    '--dry-run=server',
  );
  t.equal(
    withoutAccountWarning(told.stderr),
    refusal(
      'broken',
      'spec.registry.secretRef.name: Invalid value: "broken": Secret broken in namespace ops is of type Opaque; kubernetes.io/dockerconfigjson is needed',
      'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "broken": key "values.yaml" of ConfigMap ops/broken is no YAML: line 3, column 10: mapping values are not allowed here',
      'spec.converge.valuesFrom[1].secretRef.name: Invalid value: "broken": key "v.yaml" of Secret ops/broken is no YAML: line 1, column 4',
    ),
  );
  const gone = bundle('gone', { targetNamespace: 'nowhere', serviceAccountName: 'a' });
  t.equal(
    (await apply(list(gone))).stderr,
    refusal(
      'gone',
      'spec.converge.targetNamespace: Not found: namespace nowhere does not exist',
      'spec.converge.serviceAccountName: Not found: ServiceAccount a does not exist in namespace nowhere',
    ),
  );
});

t.test('a release that another bundle holds', async (t) => {
  const second = bundle('second', { ...CONVERGE, releaseName: 'app' });
  const problem =
    'spec.converge.releaseName: Invalid value: "app": release "app" in namespace "production" belongs to the older WerfBundle ops/app; a releaseName of its own is needed';
  const told = await eventually(
    () => apply(list(second), '--dry-run=server'),
    ({ code }) => code !== 0,
  );
  t.equal(told.stderr, refusal('second', problem));
  const generated = bundle('', {}, { generateName: 'made-' });
  const created = [
    await cluster.kubectl(['create', '-f', '-'], list(generated)),
    await cluster.kubectl(['create', '-f', '-'], list(generated)),
  ];
  t.same(
    created.map(({ code, stderr }) => [code, withoutAccountWarning(stderr)]),
    Array(2).fill([0, '']),
    'generated names make their own',
  );
});

t.test('a deleted object does not block a request that does not need it', async (t) => {
  const finalizers = ['werf.io/test'];
  await must(['patch', 'wb', 'app', '-n', 'ops', '--type=merge', '-p', JSON.stringify({ metadata: { finalizers } })]);
  await must(['delete', 'secret', 'creds', '-n', 'ops']);
  await must(['delete', 'secret/keys', 'serviceaccount/werf-converge', '-n', 'production']);
  const patch = (what: object) =>
    cluster.kubectl(['patch', 'wb', 'app', '-n', 'ops', '--type=merge', '-p', JSON.stringify(what)]);
  t.equal((await patch({ metadata: { labels: { team: 'a' } } })).stderr, '', 'a label');
  t.equal((await patch({ spec: { suspend: true } })).stderr, '', 'a part of the spec that has nothing to do with it');
  t.equal(
    (await patch({ spec: { registry: { url: 'ghcr.io/acme/other' } } })).stderr,
    refusal('app', MISSING[0] ?? ''),
    'what depends on it is refused',
  );
  await must(['delete', 'wb', 'app', '-n', 'ops', '--wait=false']);
  t.equal((await patch({ metadata: { finalizers: null } })).stderr, '', 'a finalizer');
  t.match((await cluster.kubectl(['get', 'wb', 'app', '-n', 'ops'])).stderr, 'not found');
});

t.test('ten look-ups at once, one of them too slow', async (t) => {
  const names = Array.from({ length: 10 }, (_, at) => `values-${at}`);
  await must(['apply', '-f', '-'], list(...names.map((name) => configMap(name, 'a: 1'))));
  const many = bundle('many', { valuesFrom: names.map((name) => ({ configMapRef: { name } })) });
  t.equal((await apply(list(many), '--dry-run=server')).code, 0);
  const before = front.connections();
  for (const _ of [1, 2, 3]) t.equal((await apply(list(many), '--dry-run=server')).code, 0);
  t.ok(front.connections() - before <= 2, 'the connections of the first are used again');

  front.hold('/configmaps/values-4');
  const shorter = '[{"op":"replace","path":"/webhooks/0/timeoutSeconds","value":3}]';
  await must(['patch', 'validatingwebhookconfiguration', 'werfbundle-validating', '--type=json', '-p', shorter]);
  const told = await eventually(
    () => apply(list(many), '--dry-run=server'),
    ({ stderr }) => stderr.includes('within 1s'),
  );
  t.equal(
    withoutAccountWarning(told.stderr),
    refusal(
      'many',
      'spec.converge.valuesFrom[4].configMapRef.name: Internal error: ConfigMap values-4 could not be checked: no answer within 1s',
    ),
    'of three seconds one is for the look-ups: it is refused in time, and not called missing',
  );
  t.ok(front.givenUp() > 0, 'nobody waits for it any more');
  t.match(await webhook.metrics(), /^werfbundle_lookups_total\{kind="ConfigMap",result="failed"\} [1-9]/m);
});
