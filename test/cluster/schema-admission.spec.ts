import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { established } from '../../playground/established.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { canary } from '../kit/canary.js';
import { startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import { deployedStatus, digestOf, keptChart } from '../kit/kept-charts.js';
import { startWebhookProgram } from '../kit/webhook-program.js';

// What the webhook says of values by the schema of the chart that is deployed, to kubectl.

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATOR = 'k8s-werf-operator-go-system';

const cluster = await startCluster(t);
const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};
await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
await must(['apply', '-k', join(ROOT, 'manifests/default')]);
await must(['create', 'namespace', 'shops']);
if (!(await established(cluster.kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');

const client = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
t.teardown(() => client.close());
const { server, ca } = cluster.controlPlane;
const file = join(cluster.dir, 'webhook.kubeconfig');
const account = { namespace: OPERATOR, name: 'werfbundle-webhook' };
await writeKubeconfig(client, account, { server, ca, file }, new AbortController().signal);
const flags = ['--kubeconfig', file, '--namespace', OPERATOR, '--advertise-url', 'https://127.0.0.1:0'];
const webhook = await startWebhookProgram(cluster.dir, [...flags, '--shutdown-delay', '0s', '--guard-values']);
t.teardown(webhook.stop);

const DIGEST = digestOf('5');
await must(
  ['create', '-f', '-'],
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    ...keptChart(DIGEST, {
      name: 'shop',
      defaults: { replicas: 1 },
      schema: {
        properties: {
          replicas: { type: 'integer', minimum: 1 },
          mode: { enum: ['odd', 'even'] },
          password: { type: 'string', minLength: 100 },
        },
      },
    }),
  }),
);

const VALUES = { replicas: 2 };
const bundle = (name: string, converge: object): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name, namespace: 'shops' },
    spec: { registry: { url: 'ghcr.io/acme/shop', versionConstraint: '1.x' }, converge },
  });
const source = (kind: 'ConfigMap' | 'Secret', name: string, text: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'shops', labels: { 'werf.io/values': 'true' } },
    [kind === 'Secret' ? 'stringData' : 'data']: { 'values.yaml': text },
  });
const apply = (input: string, ...more: readonly string[]) => cluster.kubectl(['apply', ...more, '-f', '-'], input);

/** Says that the chart is deployed, for whatever generation the bundle has now: as the controller does, which does not run here. */
const settle = async (name: string): Promise<void> => {
  const generation = Number(await must(['get', 'wb', name, '-n', 'shops', '-o', 'jsonpath={.metadata.generation}']));
  const patch = JSON.stringify({ status: deployedStatus(DIGEST, generation) });
  await must(['patch', 'wb', name, '-n', 'shops', '--subresource=status', '--type=merge', '-p', patch]);
};
const deployed = async (name: string, converge: object): Promise<void> => {
  await must(['apply', '-f', '-'], bundle(name, converge));
  await settle(name);
};

const first = await eventually(
  () => apply(bundle('my-app', { values: VALUES })),
  ({ code }) => code === 0,
  30_000,
);
if (first.code !== 0) throw new Error(`no bundle is admitted: ${first.stderr}`);

const SCHEMA = '(values.schema.json of chart shop, ';
const REMEDY =
  '; chart shop 1.0.0, which is deployed, accepts the values that are stored: if these are meant for another one, annotate the bundle with werf.io/refused-values=warn';
const NO_NUMBER = `a whole number is needed, and this is a text ${SCHEMA}/properties/replicas/type)`;
const refusal = (name: string, ...causes: readonly string[]): string =>
  causes.length === 1
    ? `The WerfBundle "${name}" is invalid: ${causes.join()}\n`
    : `The WerfBundle "${name}" is invalid: \n${causes.map((cause) => `* ${cause}\n`).join('')}`;

t.test('kubectl apply is refused for a value that the deployed chart does not accept', async (t) => {
  const bad = bundle('my-app', { values: { replicas: 'two' } });
  const unseen = await apply(bad, '--dry-run=server');
  t.equal(unseen.code, 0, 'nothing is deployed yet');
  await settle('my-app');
  const refused = await apply(bad);
  t.equal(
    refused.stderr,
    refusal('my-app', `spec.converge.values.replicas: Invalid value: "two": ${NO_NUMBER}${REMEDY}`),
  );
  t.equal((await apply(bad, '--server-side', '--force-conflicts')).code, 1, 'server-side as well');

  const document = await readFile(join(ROOT, 'docs/configuration.md'), 'utf8');
  t.ok(document.includes(refused.stderr.trimEnd()), 'the documents show just that');

  await must(['annotate', 'wb', 'my-app', '-n', 'shops', 'werf.io/refused-values=warn']);
  const warned = await apply(bad);
  t.equal(warned.code, 0, warned.stderr);
  t.match(warned.stderr, `Warning: spec.converge.values.replicas: Invalid value: "two": ${NO_NUMBER}`);
  await settle('my-app');
  await must(['annotate', 'wb', 'my-app', '-n', 'shops', 'werf.io/refused-values-']);
  const worse = await apply(bundle('my-app', { values: { replicas: 'two', mode: 'new' } }));
  t.equal(worse.code, 0, `who finds it refused can mend one thing after the other: ${worse.stderr}`);
  t.match(
    worse.stderr,
    /Warning: spec\.converge\.values\.mode: .*\n?.*Warning: |Warning: spec\.converge\.values\.replicas/,
  );
});

t.test(
  'sources that come to a bundle are named by key, line and column, and nothing of a Secret is shown',
  async (t) => {
    const [secret, long] = [canary('password'), canary('long').padEnd(100, 'x')];
    await must(['apply', '-f', '-'], source('ConfigMap', 'modes', '# which\nmode: new\n'));
    await must(['apply', '-f', '-'], source('Secret', 'keys', `password: ${secret}\n`));
    await must(['apply', '-f', '-'], source('Secret', 'long-keys', `password: ${long}\n`));
    await deployed('sourced', { values: VALUES });
    const valuesFrom = [{ configMapRef: { name: 'modes' } }, { secretRef: { name: 'keys' } }];
    const refused = await apply(bundle('sourced', { values: VALUES, valuesFrom }));
    t.equal(
      refused.stderr,
      refusal(
        'sourced',
        `spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "modes": key "values.yaml" of ConfigMap shops/modes: line 2, column 1: mode: one of "odd", "even" is needed ${SCHEMA}/properties/mode/enum)${REMEDY}`,
        `spec.converge.valuesFrom[1].secretRef.name: Invalid value: "keys": key "values.yaml" of Secret shops/keys: line 1, column 1: password: at least 100 characters are needed ${SCHEMA}/properties/password/minLength)`,
      ),
    );
    const other = await apply(
      bundle('sourced', { values: VALUES, valuesFrom: [{ secretRef: { name: 'long-keys' } }] }),
    );
    t.strictSame([other.code, other.stderr], [0, ''], 'a Secret that fits');
  },
);

t.test('the values guard says of a change of a source what the charts of bundles make of it', async (t) => {
  const [fits, short] = [canary('fits').padEnd(100, 'y'), canary('short')];
  await must(['apply', '-f', '-'], source('ConfigMap', 'shared', 'replicas: 2\n'));
  await must(['apply', '-f', '-'], source('Secret', 'shared-keys', `password: ${fits}\n`));
  const valuesFrom = [{ configMapRef: { name: 'shared' } }, { secretRef: { name: 'shared-keys' } }];
  await deployed('guarded', { valuesFrom });
  await must(['apply', '-f', join(ROOT, 'manifests/webhook/values-guard/configuration.yaml')]);

  const bad = source('ConfigMap', 'shared', '# how many\nreplicas: two\n');
  const refused = `key "values.yaml" of ConfigMap shops/shared: line 2, column 1: replicas: ${NO_NUMBER}`;
  const dryRun = () => apply(bad, '--dry-run=server');
  const warned = await eventually(dryRun, ({ stderr }) => stderr !== '', 30_000);
  t.strictSame(
    [warned.code, warned.stderr],
    [0, `Warning: data[values.yaml]: the chart of WerfBundle shops/guarded refuses it: ${refused}\n`],
  );

  await must(['annotate', 'wb', 'guarded', '-n', 'shops', 'werf.io/refused-values=deny']);
  const denied = async (input: string): Promise<string> =>
    (
      await eventually(
        () => apply(input, '--dry-run=server'),
        ({ code }) => code !== 0,
        30_000,
      )
    ).stderr;
  t.equal(
    await denied(bad),
    `The ConfigMap "shared" is invalid: data[values.yaml]: Invalid value: "<contents omitted>": ${refused}; WerfBundle shops/guarded uses it\n`,
  );
  t.equal(
    await denied(source('Secret', 'shared-keys', `password: ${short}\n`)),
    `The Secret "shared-keys" is invalid: data[values.yaml]: Invalid value: "<contents omitted>": key "values.yaml" of Secret shops/shared-keys: line 1, column 1: password: at least 100 characters are needed ${SCHEMA}/properties/password/minLength); WerfBundle shops/guarded uses it\n`,
  );
  const good = await apply(source('ConfigMap', 'shared', 'replicas: 3\n'));
  t.strictSame([good.code, good.stderr], [0, '']);
});
