import t from 'tap';
import { valueAt } from '../../api/json-map.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario } from '../kit/bundle-scenario.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { keptFiles } from '../kit/kept-charts.js';
import { recordWatch } from '../kit/record-watch.js';

// The webhook's judgement by a chart, beside a controller whose statuses say which chart it is.

const NAMESPACE = 'schema-of-deployed';

const fixture = await startDeployFixture(t);
await fixture.startWebhook();
const controller = await fixture.startController({ leaderElect: true });
const states = await recordWatch(t, fixture, WERFBUNDLES);
await fixture.makeNamespace(NAMESPACE);
const scenario = new BundleScenario({ fixture, controller, states }, NAMESPACE);

const schema = JSON.stringify({ properties: { replicas: { type: 'integer' } } });
const filesOf = (version: string) => ({
  'Chart.yaml': `apiVersion: v2\nname: shop\nversion: ${version}\n`,
  'values.schema.json': schema,
});

/** What the controller keeps: it may have done so already. */
const keep = async (digest: string): Promise<void> => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', ...keptFiles(digest, filesOf('1.0.0')) } as const;
  await fixture.client.create(CONFIGMAPS, configMap, fixture.signal).catch((error: unknown) => {
    if (!(error instanceof KubeError && error.code === 'already-exists')) throw error;
  });
};

const apply = (values: Readonly<Record<string, unknown>>, registry: object = {}) =>
  fixture.cluster.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({
      apiVersion: 'werf.io/v1alpha1',
      kind: 'WerfBundle',
      metadata: { name: 'shop', namespace: NAMESPACE },
      spec: scenario.spec('acme/shop', { values }, { tag: 'v1.0.0', ...registry }),
    }),
  );

const generationOf = async (): Promise<number> =>
  Number(
    (await fixture.cluster.kubectl(['get', 'wb', 'shop', '-n', NAMESPACE, '-o', 'jsonpath={.metadata.generation}']))
      .stdout,
  );
const isReady = ({ conditions = [] }: WerfBundleStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Ready' && status === 'True');

t.test('what the controller says of a bundle is what the webhook judges by', async (t) => {
  const { digest } = await fixture.publish({ repository: 'acme/shop', tag: 'v1.0.0', files: filesOf('1.0.0') });
  await keep(digest);
  const created = await apply({ replicas: 1 });
  t.equal(created.code, 0, created.stderr);
  const status = await scenario.synced('shop', 'v1.0.0');
  t.equal(status.lastAppliedDigest, digest, 'the chart is the one that was published');
  const refused = await eventually(
    () => apply({ replicas: 'two' }),
    ({ code }) => code !== 0,
  );
  t.match(
    refused.stderr,
    /^The WerfBundle "shop" is invalid: spec\.converge\.values\.replicas: Invalid value: "two": a whole number is needed.* chart shop 1\.0\.0, which is deployed, accepts/,
  );
  const accepted = await apply({ replicas: 2 });
  t.strictSame([accepted.code, accepted.stderr], [0, '']);
  const generation = await generationOf();
  await scenario.until('shop', 'is deployed anew', (now) => now.observedGeneration === generation && isReady(now));
  t.equal((await apply({ replicas: 'two' })).code, 1, 'as before');

  const moved = await apply({ replicas: 'two' }, { tag: 'v2.0.0' });
  t.strictSame([moved.code, moved.stderr], [0, ''], 'values for another tag are not judged by this one');
  t.equal(
    valueAt(await fixture.client.get(WERFBUNDLES, scenario.ref('shop'), fixture.signal), 'spec', 'registry', 'tag'),
    'v2.0.0',
  );
});
