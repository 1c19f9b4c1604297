import t from 'tap';
import type { WerfBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';

// The webhook beside a controller: what the one keeps of charts, and says in a status, is what the other one judges by.

const NAMESPACE = 'schema-of-deployed';

const fixture = await startDeployFixture(t);
await fixture.startWebhook();
const controller = await fixture.startController({ timeScale: TIME_SCALE });
const states = await recordWatch(t, fixture, WERFBUNDLES);
await fixture.makeNamespace(NAMESPACE);
const scenario = new BundleScenario({ fixture, controller, states }, NAMESPACE);

const publish = (tag: string, replicas: object) =>
  fixture.publish({
    repository: 'acme/shop',
    tag,
    files: { 'values.schema.json': JSON.stringify({ properties: { replicas } }) },
  });

const apply = async (replicas: unknown, ...flags: readonly string[]) => {
  const bundle: WerfBundle = {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'shop', namespace: NAMESPACE },
    spec: scenario.spec('acme/shop', { values: { replicas } }, { versionConstraint: '>=1.0.0' }),
  };
  const { code, stderr } = await fixture.cluster.kubectl(['apply', ...flags, '-f', '-'], JSON.stringify(bundle));
  return { code, stderr };
};
const SILENT = { code: 0, stderr: '' };

t.test('values are judged by the chart that is deployed, and by one that is held since it refuses them', async (t) => {
  const first = await publish('v1.0.0', { type: 'integer' });
  t.equal((await apply(1)).code, 0);
  const deployed = await scenario.synced('shop', 'v1.0.0');
  t.equal(deployed.lastAppliedDigest, first.digest);
  const refused = await eventually(
    () => apply('two', '--dry-run=server'),
    ({ code }) => code !== 0,
  );
  t.match(
    refused.stderr,
    /^The WerfBundle "shop" is invalid: spec\.converge\.values\.replicas: Invalid value: "two": a whole number is needed.* chart shop 1\.0\.0, which is deployed, accepts/,
  );
  t.strictSame(await apply(2), SILENT);
  await scenario.synced('shop', 'v1.0.0', 2);

  const second = await publish('v2.0.0', { type: 'string' });
  const held = await scenario.until('shop', 'held', told('ValuesRefused'));
  t.equal(held.refusedDigest, second.digest);
  const unfit = await apply(3, '--dry-run=server');
  t.match(unfit, { code: 0, stderr: 'Warning: spec.converge.values.replicas: Invalid value: 3: a text is needed' });
  t.strictSame(await apply('two'), SILENT, 'what the deployed one would refuse is for the one that is held');
  await scenario.until('shop', 'deployed v2.0.0', ({ lastAppliedTag }) => lastAppliedTag === 'v2.0.0');
  const back = await eventually(
    () => apply(3, '--dry-run=server'),
    ({ code }) => code !== 0,
  );
  t.match(back.stderr, 'chart shop 2.0.0, which is deployed, accepts');
});
