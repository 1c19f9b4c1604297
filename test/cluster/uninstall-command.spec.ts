import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { FINALIZER } from '../../api/finalizer.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';
import { textOf } from '../kit/source-files.js';

// werfbundle uninstall on clusters as people leave them: with a controller at work, and with nothing at work any more.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
const { kubectl } = cluster;
const ROOT = join(import.meta.dirname, '..', '..');
const run = (args: readonly string[], kubeconfig = cluster.kubeconfig, onOutput: (stdout: string) => void = () => {}) =>
  runWerfbundle(['uninstall', ...args], { kubeconfig, cwd: cluster.dir, onOutput });
const done = async (args: readonly string[], input?: string) => {
  const result = await kubectl(args, input);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
};

/** Makes a bundle. @param finalizers - as a controller that is gone would have left them */
const make = (name: string, namespace: string, more: { readonly spec?: object; readonly finalizers?: string[] } = {}) =>
  client.create(
    WERFBUNDLES,
    {
      metadata: { name, namespace, ...(more.finalizers && { finalizers: more.finalizers }) },
      spec: {
        registry: { url: `${registryHost}/demo/${name}`, insecure: true, tag: 'v1.0.0' },
        converge: { serviceAccountName: 'werf-converge' },
        ...more.spec,
      },
    },
    signal,
  );
const synced = (name: string, namespace: string) =>
  eventually(
    () => client.get(WERFBUNDLES, { namespace, name }, signal),
    (bundle) => bundle?.status?.phase === 'Synced',
    60_000,
  );

/** What manifests/default has beside rights and webhooks, without Pods, and the parts that are apart. */
const installRest = async (): Promise<void> => {
  const deployments = ['webhook', 'controller'].map((name) => {
    const deployment = parse(textOf(`manifests/${name}/deployment.yaml`));
    return { ...deployment, spec: { ...deployment.spec, replicas: 0 } };
  });
  await done(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: deployments }));
  await done(['apply', '-f', join(ROOT, 'manifests/webhook/service.yaml')]);
  await done(['apply', '-f', join(ROOT, 'manifests/webhook/values-guard/configuration.yaml')]);
  for (const name of ['webhook', 'controller'])
    await done(['apply', '-f', join(ROOT, 'manifests', name, 'disruption-budget.yaml')]);
  await done(['apply', '-f', join(ROOT, 'manifests/default/critical-pods.yaml')]);
  await done(['apply', '-k', join(ROOT, 'manifests/network-policies')]);
  for (const name of ['policy', 'binding'])
    await done(['apply', '-f', join(ROOT, 'manifests/admission-policy', `${name}.yaml`)]);
};

/** All objects of the cluster: `deployments.apps ops/web`. Events tell of the past. */
const everything = async (): Promise<readonly Listed[]> => {
  const kinds = (await done(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n');
  const found = await Promise.all(
    kinds
      .filter((name) => !name.startsWith('events'))
      .map(async (name) => {
        const { stdout } = await kubectl(['get', name, '-A', '-o', 'json', '--ignore-not-found']);
        const { items = [] } = (stdout === '' ? {} : JSON.parse(stdout)) as { readonly items?: readonly Listed[] };
        return items.map((item) => ({ ...item, kind: name }));
      }),
  );
  return found.flat();
};
interface Listed {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly apiVersion: string }[];
  };
}

/** What is left of the operator: by label, by owner, by name. Releases are Helm's. */
const leftovers = async (): Promise<readonly string[]> =>
  (await everything())
    .filter(({ kind, metadata: { name, namespace = '', labels = {}, ownerReferences = [] } }) => {
      if (labels['owner'] === 'helm') return false;
      const values = Object.entries(labels).filter(([key]) => key.startsWith('app.kubernetes.io/'));
      return (
        values.some(([, value]) => value.startsWith('werfbundle')) ||
        ownerReferences.some(({ apiVersion }) => apiVersion.startsWith('werf.io/')) ||
        [kind, name, namespace].some((text) => /werfbundle|werf\.io|k8s-werf/.test(text))
      );
    })
    .map(({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`);

const releases = async (): Promise<readonly string[]> =>
  (
    await done([
      'get',
      'secrets',
      '-A',
      '-l',
      'owner=helm',
      '-o',
      'jsonpath={range .items[*]}{.metadata.labels.name}{"\\n"}{end}',
    ])
  )
    .trim()
    .split('\n')
    .filter((name) => name !== '');

t.test('who may not do all of it does nothing of it, and nobody is taken by surprise', async (t) => {
  await fixture.makeNamespace('demo');
  await installRest();
  const before = (await everything()).length;
  await done(['create', 'serviceaccount', 'looker', '-n', 'demo']);
  await done(['create', 'clusterrole', 'looker', '--verb=get,list', '--resource=*.*,werfbundles.werf.io']);
  await done(['create', 'clusterrolebinding', 'looker', '--clusterrole=looker', '--serviceaccount=demo:looker']);
  const file = join(cluster.dir, 'looker.kubeconfig');
  const { server, ca } = cluster.controlPlane;
  await writeKubeconfig(client, { namespace: 'demo', name: 'looker' }, { server, ca, file }, signal);
  const looked = await run(['--yes'], file);
  t.equal(looked.code, 1);
  t.match(looked.stderr, /^werfbundle: nothing was deleted: you lack the right to\n(\* .*\n)+$/);
  t.match(looked.stderr, `\n* delete deployments.apps in namespace ${OPERATOR_NAMESPACE}\n`);
  await done(['delete', 'clusterrolebinding', 'looker']);
  const blind = await run(['--yes'], file);
  t.match(blind, {
    code: 1,
    stdout: '',
    stderr: /^werfbundle: you may not see what there is; nothing was deleted\. You lack/,
  });
  await done(['delete', 'clusterrole', 'looker']);
  await done(['delete', 'serviceaccount', 'looker', '-n', 'demo']);

  const asked = await run([]);
  t.match(asked, {
    code: 2,
    stdout:
      /^Deleted, in this order:\n {2}MutatingWebhookConfiguration|^Deleted, in this order:\n {2}ValidatingWebhookConfiguration/,
  });
  t.equal(asked.stderr, 'werfbundle: nobody is there to ask: give --yes, or --dry-run to look only\n');
  const dry = await run(['--dry-run', '--crd']);
  t.strictSame([dry.code, dry.stderr], [0, '']);
  t.match(dry.stdout, '  CustomResourceDefinition werfbundles.werf.io, and with it 0 WerfBundles\n');
  t.equal((await everything()).length, before, 'and nothing has changed');
});

t.test('while a controller works, releases of bundles that are going are waited for; bundles stay', async (t) => {
  await fixture.startWebhook();
  const controller = await fixture.startController({ leaderElect: true });
  for (const name of ['shop', 'leaving'])
    await fixture.publish({ repository: `demo/${name}`, tag: 'v1.0.0', behaviour: 'slow: 2' });
  await Promise.all([make('shop', 'demo'), make('leaving', 'demo', { spec: { deletionPolicy: 'Dismiss' } })]);
  await Promise.all([synced('shop', 'demo'), synced('leaving', 'demo')]);
  t.strictSame((await releases()).toSorted(), ['leaving', 'shop']);
  // It leads still, and begins to uninstall only when it is waited for.
  controller.send('SIGSTOP');
  await done(['delete', 'wb', 'leaving', '-n', 'demo', '--wait=false']);
  const { code, stdout, stderr } = await run(['--yes'], cluster.kubeconfig, (shown) => {
    if (shown.includes('Waited for first')) controller.send('SIGCONT');
  });
  t.strictSame([code, stderr], [0, '']);
  t.match(stdout, /^Waited for first, until their releases are uninstalled:\n {2}WerfBundle demo\/leaving\n/);
  t.match(stdout, /\n {2}The CustomResourceDefinition stays, with 2 WerfBundles and /);
  t.strictSame(await releases(), ['shop']);
  await controller.kill();
  const left = await leftovers();
  t.strictSame(
    left.filter((name) => !name.startsWith('jobs.batch demo/') && !name.startsWith('pods demo/')).toSorted(),
    [
      'apiservices.apiregistration.k8s.io /v1alpha1.werf.io',
      'customresourcedefinitions.apiextensions.k8s.io /werfbundles.werf.io',
      'werfbundles.werf.io demo/shop',
    ],
    'with its Jobs, whose logs are kept for a while',
  );
});

t.test('with nothing at work any more, nothing holds it up, and nothing is left', async (t: Test) => {
  await done(['create', 'namespace', 'ending']);
  await done(['apply', '-f', join(ROOT, 'manifests/default/namespace.yaml')]);
  await done(['apply', '-k', join(ROOT, 'manifests/rbac')]);
  await installRest();
  const finalizers = [FINALIZER];
  await make('own', OPERATOR_NAMESPACE, { finalizers, spec: { deletionPolicy: 'Dismiss' } });
  await make('ended', 'ending', { finalizers });
  await make('pending', 'demo', { finalizers, spec: { deletionPolicy: 'Dismiss' } });
  // Their webhook is not there: each change of a bundle would be refused.
  await done(['apply', '-f', join(ROOT, 'manifests/webhook/configurations.yaml')]);
  await done(['delete', 'wb', 'pending', '-n', 'demo', '--wait=false']);
  await done(['delete', 'namespace', 'ending', '--wait=false']);
  const { code, stdout, stderr } = await run(['--crd', '--yes']);
  t.strictSame([code, stderr], [0, '']);
  t.match(
    stdout,
    'Release pending in namespace demo stays, since no controller is there to uninstall it: helm uninstall pending -n demo\n',
  );
  t.match(stdout, `finalizer ${FINALIZER} of WerfBundle ending/ended taken off\n`);
  t.strictSame(await leftovers(), []);
  await eventually(
    () => kubectl(['get', 'namespace', 'ending', '--ignore-not-found', '-o', 'name']),
    (found) => found.stdout === '',
    60_000,
  );
  t.strictSame(await releases(), ['shop'], 'what was deployed stays');
  const again = await run(['--crd', '--yes']);
  t.match(again, { code: 0, stderr: '', stdout: /^Nothing of werfbundle is in https:/ });
});
