import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { established } from '../../playground/established.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { canary } from '../kit/canary.js';
import { startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import { startWebhookProgram } from '../kit/webhook-program.js';

const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'k8s-werf-operator-go-system';
const GUARD = 'manifests/webhook/values-guard/configuration.yaml';

const cluster = await startCluster(t);
const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};
await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
await must(['apply', '-k', join(ROOT, 'manifests/default')]);
for (const namespace of ['ops', 'production']) await must(['create', 'namespace', namespace]);
await must(['annotate', 'namespace', 'production', 'werf.io/accept-bundles-from=ops']);
await must(['create', 'serviceaccount', 'werf-converge', '-n', 'production']);
if (!(await established(cluster.kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');

const client = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
t.teardown(() => client.close());
const { server, ca } = cluster.controlPlane;
const file = join(cluster.dir, 'webhook.kubeconfig');
const account = { namespace: NAMESPACE, name: 'werfbundle-webhook' };
await writeKubeconfig(client, account, { server, ca, file }, new AbortController().signal);
const flags = ['--kubeconfig', file, '--namespace', NAMESPACE, '--advertise-url', 'https://127.0.0.1:0'];
const webhook = await startWebhookProgram(cluster.dir, [...flags, '--shutdown-delay', '0s', '--guard-values']);
t.teardown(webhook.stop);

const source = (kind: 'ConfigMap' | 'Secret', name: string, data: object, rest: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'ops', labels: { 'werf.io/values': 'true' }, ...rest },
    ...(kind === 'Secret' ? { stringData: data } : { data }),
  });
const bundle = (name: string, converge: object): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name, namespace: 'ops' },
    spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1' }, converge },
  });
const apply = (input: string, ...flags: readonly string[]) => cluster.kubectl(['apply', ...flags, '-f', '-'], input);

const GOOD = 'app:\n  replicas: 2\n';
const BROKEN = 'app:\n  image: nginx: latest\n';
const REFUSAL = (kind: string, name: string, cause: string): string => `The ${kind} "${name}" is invalid: ${cause}\n`;
const CAUSE = (where: string, who: string): string =>
  `data[values.yaml]: Invalid value: "<contents omitted>": key "values.yaml" of ${where}; ${who}`;

t.test('a source can be broken until the guard is installed, which it may be at any time', async (t) => {
  const input = bundle('my-app', { valuesFrom: [{ configMapRef: { name: 'app-config' } }] });
  await must(['apply', '-f', '-'], source('ConfigMap', 'app-config', { 'values.yaml': GOOD }));
  const isDone = ({ code }: { readonly code: number }): boolean => code === 0;
  const first = await eventually(() => apply(input), isDone, 30_000);
  t.ok(isDone(first), `a bundle is admitted once the webhook is ready: ${first.stderr}`);
  const crossing = { targetNamespace: 'production', serviceAccountName: 'werf-converge' };
  const shared = {
    valuesFrom: [{ configMapRef: { name: 'shared' } }, { secretRef: { name: 'keys' }, key: 'values.yaml' }],
  };
  await must(['apply', '-f', '-'], source('ConfigMap', 'shared', { 'values.yaml': GOOD }, { namespace: 'production' }));
  await must(
    ['apply', '-f', '-'],
    source('Secret', 'keys', { 'values.yaml': `${GOOD}password: ${canary('keys')}\n`, other: canary('other') }),
  );
  await must(['apply', '-f', '-'], bundle('crossing', { ...crossing, ...shared }));
  await must(['apply', '-f', '-'], source('ConfigMap', 'app-config', { 'values.yaml': BROKEN }));
  await must(['apply', '-f', '-'], source('ConfigMap', 'app-config', { 'values.yaml': GOOD }));

  await must(['apply', '-f', join(ROOT, GUARD)]);
  const dryRun = () => apply(source('ConfigMap', 'app-config', { 'values.yaml': BROKEN }), '--dry-run=server');
  const refused = await eventually(dryRun, (answer) => !isDone(answer));
  t.equal(
    refused.stderr,
    REFUSAL(
      'ConfigMap',
      'app-config',
      CAUSE(
        'ConfigMap ops/app-config is no YAML: line 2, column 10: mapping values are not allowed here',
        'WerfBundle ops/my-app uses it',
      ),
    ),
  );
});

t.test('a change that would break a bundle is refused, and the bundle is named', async (t) => {
  const refusals: readonly { title: string; args: readonly string[]; input?: string; stderr: string }[] = [
    {
      title: 'server-side apply',
      args: ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      input: source('ConfigMap', 'app-config', { 'values.yaml': '- a' }),
      stderr: REFUSAL(
        'ConfigMap',
        'app-config',
        CAUSE('ConfigMap ops/app-config is a list, where a map of values is needed', 'WerfBundle ops/my-app uses it'),
      ),
    },
    {
      title: 'the label taken off in the same breath',
      args: [
        ...['patch', 'configmap', 'app-config', '-n', 'ops', '--type=merge', '-p'],
        JSON.stringify({ metadata: { labels: null }, data: { 'values.yaml': 'a: *b' } }),
      ],
      stderr: REFUSAL(
        'ConfigMap',
        'app-config',
        CAUSE(
          'ConfigMap ops/app-config has an alias (*name) of an anchor that is not there: line 1, column 4',
          'WerfBundle ops/my-app uses it',
        ),
      ),
    },
    {
      title: 'a source in the target namespace of a bundle',
      args: ['apply', '-f', '-'],
      input: source('ConfigMap', 'shared', { 'values.yaml': '[]' }, { namespace: 'production' }),
      stderr: REFUSAL(
        'ConfigMap',
        'shared',
        CAUSE(
          'ConfigMap production/shared is a list, where a map of values is needed',
          'WerfBundle ops/crossing uses it',
        ),
      ),
    },
    {
      title: 'a Secret, of which only the position is shown',
      args: ['apply', '-f', '-'],
      input: source('Secret', 'keys', { 'values.yaml': `password: ${canary('keys')}: x` }),
      stderr: REFUSAL(
        'Secret',
        'keys',
        CAUSE('Secret ops/keys is no YAML: line 1, column 11', 'WerfBundle ops/crossing uses it'),
      ),
    },
    {
      title: 'a key that a bundle needs',
      args: ['patch', 'secret', 'keys', '-n', 'ops', '--type=merge', '-p', '{"data":{"values.yaml":null}}'],
      stderr: REFUSAL(
        'Secret',
        'keys',
        'data[values.yaml]: Required value: Secret ops/keys would lose this key; WerfBundle ops/crossing uses it',
      ),
    },
    {
      title: 'a key that is read by a thread, as large as it is',
      args: ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      input: source('ConfigMap', 'app-config', {
        'values.yaml': `a: 1\n${'# padding\n'.repeat(20_000)}b: c: d\n`,
      }),
      stderr: REFUSAL(
        'ConfigMap',
        'app-config',
        CAUSE(
          'ConfigMap ops/app-config is no YAML: line 20002, column 4: mapping values are not allowed here',
          'WerfBundle ops/my-app uses it',
        ),
      ),
    },
  ];
  for (const { title, args, input, stderr } of refusals) {
    t.strictSame(await cluster.kubectl(args, input), { code: 1, stdout: '', stderr }, title);
  }
  const raw = await cluster.kubectl(
    ['apply', '-v=9', '-f', '-'],
    source('ConfigMap', 'app-config', { 'values.yaml': '[]' }),
  );
  const body = raw.stderr.replaceAll('\\"', '"').replaceAll('\\u003c', '<').replaceAll('\\u003e', '>');
  const message =
    'admission webhook "guard.values.werf.io" denied the request: ConfigMap "app-config" is invalid: data[values.yaml]: Invalid value: "<contents omitted>": key "values.yaml" of ConfigMap ops/app-config is a list, where a map of values is needed; WerfBundle ops/my-app uses it';
  t.ok(body.includes(message), 'the message alone says it too');
});

t.test('a change that breaks nothing is let through', async (t) => {
  const patch = (kind: string, name: string, change: object, namespace = 'ops') =>
    cluster.kubectl(['patch', kind, name, '-n', namespace, '--type=merge', '-p', JSON.stringify(change)]);
  const passes: readonly {
    title: string;
    run: () => Promise<{ code: number; stderr: string }>;
    warning?: string;
  }[] = [
    {
      title: 'a good change',
      run: () => patch('configmap', 'app-config', { data: { 'values.yaml': 'app: {replicas: 3}' } }),
    },
    { title: 'a key that nobody uses', run: () => patch('secret', 'keys', { data: { other: null } }) },
    {
      title: 'a source of the same name, which the bundle does not find first',
      run: async () => {
        await must(['apply', '-f', '-'], source('ConfigMap', 'shared', { 'values.yaml': GOOD }));
        return patch('configmap', 'shared', { data: { 'values.yaml': '[]' } }, 'production');
      },
    },
    {
      title: 'a source without the label',
      run: async () => {
        await patch('configmap', 'app-config', { metadata: { labels: null } });
        return patch('configmap', 'app-config', { data: { 'values.yaml': '[]' } });
      },
    },
    {
      title: 'the label, on a source that is broken',
      run: () => patch('configmap', 'app-config', { metadata: { labels: { 'werf.io/values': 'true' } } }),
    },
    {
      title: 'a deletion',
      run: () => cluster.kubectl(['delete', 'secret', 'keys', '-n', 'ops']),
      warning: 'Warning: data: keeps 1 bundle from being deployed in 1 namespace: ops/crossing\n',
    },
    {
      title: 'anything once the bundle is deleted',
      run: async () => {
        await must(['delete', 'wb', 'crossing', '-n', 'ops']);
        return patch('configmap', 'shared', { data: { 'values.yaml': '- x' } });
      },
    },
  ];
  for (const { title, run, warning = '' } of passes) {
    const { code, stderr } = await run();
    t.strictSame({ code, stderr }, { code: 0, stderr: warning }, title);
  }
});

t.test('while the webhook is down, sources can be changed', async (t) => {
  await must(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    source('ConfigMap', 'app-config', { 'values.yaml': GOOD }),
  );
  await webhook.stop();
  const { code } = await apply(
    source('ConfigMap', 'app-config', { 'values.yaml': BROKEN }),
    '--server-side',
    '--force-conflicts',
  );
  t.equal(code, 0);
});
