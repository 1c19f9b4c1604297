import { BrokenPromise } from '../bundle-watch.js';
import { publishBundle } from '../registry/publish.js';
import { applySample, DEMO, demo, PATIENCE_MS, type Stage, showKubectl, watching } from '../stage.js';
import { demoChart } from '../werf/charts.js';

const REPOSITORY = 'demo/shop';

const publishShop = (stage: Stage, version: string) =>
  publishBundle({
    host: stage.registryHost,
    repository: REPOSITORY,
    tag: `v${version}`,
    chart: demoChart({ name: 'shop', version }),
  });

const deployed = (stage: Stage, tag: string) =>
  stage.bundles.until(
    demo('shop'),
    {
      what: `bundle shop is Synced with ${tag}`,
      withinMs: PATIENCE_MS,
      is: (status) =>
        status.phase === 'Synced' && status.lastAppliedTag === tag && status.lastJobStatus === 'Succeeded',
    },
    stage.signal,
  );

/** A good bundle goes from Syncing to Synced. */
export const goodBundle = async (stage: Stage): Promise<void> => {
  const { screen } = stage;
  screen.heading('A good bundle');
  const { digest } = await publishShop(stage, '1.0.0');
  screen.say(`published ${REPOSITORY}:v1.0.0 (${digest.slice(0, 19)}…) to the registry at ${stage.registryHost}`);
  const applied = await applySample(stage, 'shop.yaml');
  if (applied.code !== 0) throw new BrokenPromise('promised, and not so: a good bundle is admitted');
  const bundle = await watching(stage, 'shop', () => deployed(stage, 'v1.0.0'));
  screen.kept('shop went from Syncing to Synced with tag v1.0.0');
  await showKubectl(stage, ['get', 'jobs,pods', '-n', DEMO, '-l', 'app.kubernetes.io/instance=shop']);
  await showKubectl(stage, ['logs', '-n', DEMO, `job/${bundle.status?.lastJobName ?? ''}`]);
  await showKubectl(stage, ['get', 'secrets', '-n', DEMO, '-l', 'owner=helm']);
  await showDeployed(stage);
};

/** With a real werf the chart is there; the stand-in leaves a ConfigMap that says what it would have deployed. */
const showDeployed = async (stage: Stage): Promise<void> => {
  if (stage.werf === 'stand-in') return void (await showKubectl(stage, ['get', 'configmaps', '-n', DEMO]));
  const { text } = await showKubectl(stage, ['get', 'configmaps,deployments,pods', '-n', DEMO]);
  if (!/^deployment\.apps\/web +3\/3 /m.test(text) || !/^configmap\/shop /m.test(text))
    throw new BrokenPromise(
      'promised, and not so: the chart\u2019s ConfigMap and its Deployment of three Pods are there',
    );
  stage.screen.kept('what the chart has in it is there, and ready');
};

/** A tag that is pushed later is found and deployed. */
export const secondTag = async (stage: Stage): Promise<void> => {
  const { screen } = stage;
  screen.heading('A second tag');
  await watching(stage, 'shop', async () => {
    await publishShop(stage, '1.1.0');
    screen.say(`published ${REPOSITORY}:v1.1.0; nobody tells the cluster`);
    await deployed(stage, 'v1.1.0');
  });
  screen.kept('the next poll found v1.1.0, and it was deployed');
};
