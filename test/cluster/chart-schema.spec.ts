import t from 'tap';
import { loadChart } from '../../api/chart/chart.js';
import { decodeKeptChart } from '../../api/chart/kept-chart.js';
import { CONFIGMAPS, WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { type Given, PATIENCE_MS, readyOf, scenarioIn, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { type RunningController, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { metricOf } from '../kit/exposition.js';
import { recordWatch } from '../kit/record-watch.js';
import { configMap, secret } from '../kit/values-objects.js';

const schemaOf = (replicas: object, password: object = {}) =>
  JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    properties: { web: { properties: { replicas: { type: 'integer', ...replicas } } }, password },
  });

const filesOf = (schema: string) => ({
  'values.schema.json': schema,
  'values.yaml': 'web:\n  replicas: 1\n',
  'templates/web.yaml': '{}\n',
});

const readsOf = async (controller: RunningController) => {
  const body = await controller.get('/metrics');
  const of = (result: string) => metricOf(body, 'chart_reads_total', { result });
  return { kept: of('kept'), noSchema: of('no-schema'), failed: of('failed') };
};

t.test('values are judged by the schema of a chart before it is deployed', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: Given = { fixture, controller, states };
  const scenario = await scenarioIn(given, 'judged');
  const publish = (repository: string, tag: string, schema: string) =>
    fixture.publish({ repository, tag, files: filesOf(schema) });
  const keptOf = async (digest: string) => {
    const ref = { namespace: OPERATOR_NAMESPACE, name: `werfbundle-chart-${digest.slice(7, 47)}` };
    return await fixture.client.get(CONFIGMAPS, ref, fixture.signal);
  };
  const kept = async () => {
    const options = { namespace: OPERATOR_NAMESPACE, labelSelector: 'werf.io/kept-chart=true' };
    return (await fixture.client.list(CONFIGMAPS, options, fixture.signal)).items.length;
  };
  const password = canary('password');

  await t.test('what a chart judges by is kept by its digest, once', async (t) => {
    const { digest } = await publish('acme/judged', 'v1.0.0', schemaOf({}));
    await scenario.apply(configMap('app-config', 'web:\n  replicas: 2\n'));
    await scenario.apply(secret('app-secret', { 'values.yaml': `password: ${password}\n` }));
    const valuesFrom = [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'app-secret' } }];
    await scenario.applyBundle('app', scenario.spec('acme/judged', { valuesFrom }, { versionConstraint: '1.x' }));
    await scenario.synced('app', 'v1.0.0');
    const configMapOf = await keptOf(digest);
    t.match(configMapOf, { immutable: true, data: { digest } });
    const decoded = configMapOf && decodeKeptChart(configMapOf, digest);
    const loaded = decoded?.kind === 'chart' ? loadChart(decoded.files) : undefined;
    t.match(loaded, { kind: 'chart', chart: { name: 'judged', defaults: { values: { web: { replicas: 1 } } } } });
    t.strictSame(decoded?.kind === 'chart' && [...decoded.files.keys()], [
      'Chart.yaml',
      'values.yaml',
      'values.schema.json',
    ]);
    t.match(await readsOf(controller), { kept: 1, noSchema: 0, failed: 0 });
  });

  await t.test('a new tag whose schema refuses the values is held, and says which', async (t) => {
    const { digest } = await publish('acme/judged', 'v1.1.0', schemaOf({ minimum: 3 }, { pattern: '-second-' }));
    const status = await scenario.until('app', 'held', told('ValuesRefused'));
    const message = readyOf(status)?.message ?? '';
    t.match(message, /^tag v1\.1\.0 is not deployed: the schema of chart judged 1\.1\.0 refuses today’s values: /);
    t.match(
      message,
      'key "values.yaml" of ConfigMap judged/app-config: line 2, column 3: web.replicas: at least 3 is needed, and this is 2 (values.schema.json of chart judged, /properties/web/properties/replicas/minimum)',
    );
    t.match(message, /key "values\.yaml" of Secret judged\/app-secret: line 1, column 1: password: it does not match /);
    t.notMatch(message, password, 'what comes from a Secret is named, and not shown');
    t.match(status, { phase: 'Failed', refusedDigest: digest, lastAppliedTag: 'v1.0.0', deployment: { number: 1 } });
    await scenario.morePolls('acme/judged', 3);
    t.equal((await scenario.jobsOf('app')).length, 1, 'no Job was made');
    t.equal((await scenario.eventsOf('app')).filter((reason) => reason === 'ValuesRefused').length, 1);
    t.match(await readsOf(controller), { kept: 2, failed: 0 }, 'however often it is polled, the chart is read once');
  });

  await t.test('it is deployed as soon as the values are mended', async (t) => {
    await scenario.apply(secret('app-secret', { 'values.yaml': `password: ${canary('second')}\n` }));
    await scenario.apply(configMap('app-config', 'web:\n  replicas: 3\n'));
    const status = await scenario.synced('app', 'v1.1.0', 2);
    t.strictSame([status.refusedDigest, status.deployment?.reason], [undefined, 'NewTag']);
  });

  await t.test('a first deployment is held likewise, and another spec frees it', async (t) => {
    const values = { web: { replicas: 'many' } };
    await scenario.applyBundle('first', scenario.spec('acme/judged', { values }, { versionConstraint: '1.x' }));
    const status = await scenario.until('first', 'held', told('ValuesRefused'));
    t.match(readyOf(status)?.message, /spec\.converge\.values\.web\.replicas: a whole number is needed/);
    t.equal(status.deployment, undefined);
    await scenario.patch('first', { spec: { converge: { values: { web: { replicas: 5 }, password: '-second-' } } } });
    await scenario.synced('first', 'v1.1.0');
    t.match(await readsOf(controller), { kept: 2 }, 'charts are shared by all bundles');
  });

  await t.test('a chart without a schema leaves nothing behind', async (t) => {
    const files = { 'values.yaml': 'a: 1\n' };
    const { digest } = await fixture.publish({ repository: 'acme/plain', tag: 'v1.0.0', files });
    await scenario.applyBundle('plain', scenario.spec('acme/plain'));
    await scenario.synced('plain', 'v1.0.0');
    t.equal(await keptOf(digest), undefined);
    t.match(await readsOf(controller), { noSchema: 1 });
  });

  await t.test('the next controller reads what was kept, and asks no registry for it', async (t) => {
    await controller.stop();
    const next = await fixture.startController({ timeScale: TIME_SCALE });
    await scenario.apply(configMap('app-config', 'web:\n  replicas: 1\n'));
    const status = await scenario.until('app', 'held again', told('ValuesRefused'));
    t.match(
      readyOf(status)?.message,
      /^what has changed is not deployed: .*web\.replicas: at least 3 is needed, and this is 1/,
    );
    t.match(await readsOf(next), { kept: 0, failed: 0 });
    await scenario.apply(configMap('app-config', 'web:\n  replicas: 4\n'));
    const mended = await scenario.synced('app', 'v1.1.0', 3);
    t.equal(mended.deployment?.reason, 'NewValues');
    t.match(await readsOf(next), { kept: 0, failed: 0 }, 'nor is the registry asked when they are mended');
    await next.stop();
  });

  await t.test('what no bundle uses any more is deleted after ten minutes', async (t) => {
    // Ten minutes are ten seconds: the chart of v1.0.0 may be gone already.
    await fixture.startController({ timeScale: TIME_SCALE });
    t.equal(await eventually(kept, (count) => count <= 1, PATIENCE_MS), 1, 'that of v1.1.0 is in use');
    await scenario.kubectl('delete', 'werfbundle', '--all');
    t.equal(await eventually(kept, (count) => count === 0, PATIENCE_MS), 0);
  });
});
