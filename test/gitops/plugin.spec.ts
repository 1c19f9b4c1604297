import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { isMap, valueAt } from '../../api/json-map.js';
import type { Manifest } from '../kit/raw-api.js';
import { type Application, isWell, startArgoCd } from './argocd.js';
import { startGitOpsFixture } from './gitops-fixture.js';
import { generatedFrom } from './shop.js';
import { toolsOfThisRun } from './tools.js';

const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests');
const fixture = await startGitOpsFixture(t);
const argocd = await startArgoCd(t, fixture);
const { api, must } = fixture;

type Shown = Awaited<ReturnType<Application['show']>>;
const told = ({ conditions }: Shown): string => conditions.join('\n');
const pluginWith = (...env: readonly object[]) => ({ plugin: { name: 'werfbundle', env } });

t.test('a folder whose bundles are valid is applied as it is; one that breaks a rule changes nothing', async (t) => {
  const repository = await fixture.repository('plugin');
  const shop = fixture.shop('plugin');
  await fixture.publish({ repository: 'acme/plugin', tag: 'v1.0.0' });
  await repository.commit({ 'shop/all.yaml': shop.all, 'README.md': 'no manifest' });
  const source = { path: 'shop', ...pluginWith() };
  const application = await argocd.application({ name: 'plugin', repository, source });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  const before = (await fixture.bundle('plugin'))?.metadata.resourceVersion;

  const wrong = fixture.shop('plugin', { registry: { pollInterval: '15' }, converge: { retries: 11 } });
  const other = { ...shop.configMap, metadata: { name: 'other', namespace: 'plugin' } };
  await repository.commit({ 'shop/all.yaml': [...wrong.all, other] });
  const refused = await application.until((shown) => told(shown).includes('nothing is applied'));
  // The whole of it, as people read it: Argo CD's own words in front, then ours.
  t.match(refused, {
    sync: 'Unknown',
    health: 'Healthy',
    conditions: [
      /^ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: .*werfbundle\.js generate` failed exit status 1: 2 problems, nothing is applied:\n\(1\) all\.yaml:\d+:\d+: WerfBundle plugin\/shop: spec\.registry\.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m" \[WB018\]\n\(2\) all\.yaml:\d+:\d+: WerfBundle plugin\/shop: spec\.converge\.retries: Invalid value: 11: must be less than or equal to 10 \[WB\d+\]$/s,
    ],
  });
  t.equal((await api.get(other)).status, 404, 'nothing of the commit is applied');
  t.equal((await fixture.bundle('plugin'))?.metadata.resourceVersion, before);

  await repository.commit({ 'shop/all.yaml': [...shop.all, other] });
  t.match(await application.until(isWell), { sync: 'Synced', conditions: [] }, 'a commit that mends it is applied');
  t.equal((await api.get(other)).status, 200);
});

t.test('a refusal with hundreds of problems is in the Application as it was told', async (t) => {
  const repository = await fixture.repository('many');
  const bundles = Array.from({ length: 200 }, (_, n) => {
    const { bundle } = fixture.shop('many', { registry: { pollInterval: '15' } });
    return { ...bundle, metadata: { ...bundle.metadata, name: `shop-${n}` } };
  });
  await repository.commit({ 'shop.yaml': bundles });
  const application = await argocd.application({ name: 'many', repository, source: pluginWith() });
  const refused = await application.until((shown) => told(shown).includes('nothing is applied'));
  t.match(
    told(refused),
    /200 problems, nothing is applied:\n\(1\) .*\nand \d+ problems more: werfbundle validate lists them$/s,
  );
  t.ok(told(refused).length > 15_000, `${told(refused).length} characters`);
});

t.test(
  'objects without a namespace are judged in that of the Application; STRICT judges what is not in git',
  async (t) => {
    await must(['create', 'namespace', 'elsewhere']);
    const { bundle, configMap } = fixture.shop('elsewhere');
    const { namespace: _, ...metadata } = bundle.metadata;
    const repository = await fixture.repository('elsewhere');
    await repository.commit({ 'shop.yaml': [{ ...bundle, metadata }, configMap] });
    const source = pluginWith({ name: 'STRICT', value: 'true' });
    const application = await argocd.application({ name: 'elsewhere', repository, source, namespace: 'elsewhere' });
    const refused = await application.until((shown) => told(shown).includes('nothing is applied'));
    t.match(told(refused), /: 2 problems, nothing is applied:\n/);
    t.match(told(refused), /ServiceAccount werf-converge of namespace elsewhere is not in the input/);
    t.match(told(refused), /Secret shop-keys of namespace elsewhere is not in the input/);
  },
);

t.test('with KUSTOMIZE what kustomize makes of the folder is judged and applied', async (t) => {
  const repository = await fixture.repository('built');
  await fixture.publish({ repository: 'acme/built', tag: 'v1.0.0' });
  await repository.commit(await generatedFrom(fixture.shop('built')));
  const source = pluginWith({ name: 'KUSTOMIZE', value: 'true' });
  const application = await argocd.application({ name: 'built', repository, source });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });

  await repository.commit({ 'values.yaml': 'a: b: c\n' });
  const refused = await application.until((shown) => told(shown).includes('nothing is applied'));
  t.match(
    told(refused),
    /1 problem, nothing is applied:\n\(1\) kustomize build \.:\d+:\d+: .*valuesFrom\[0\].*line 1, column /s,
  );
});

t.test('the component gives argocd-repo-server a sidecar that Argo CD can reach', async (t) => {
  const folder = join(fixture.cluster.dir, 'repo-server');
  const own = join(toolsOfThisRun().argocd, 'repo-server', 'argocd-repo-server-deployment.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'deployment.yaml'), await readFile(own, 'utf8'));
  for (const file of ['kustomization.yaml', 'plugin.yaml', 'repo-server.yaml']) {
    await mkdir(join(folder, 'plugin'), { recursive: true });
    await writeFile(join(folder, 'plugin', file), await readFile(join(MANIFESTS, 'argocd/plugin', file), 'utf8'));
  }
  const kustomization = { namespace: 'argocd', resources: ['deployment.yaml'], components: ['plugin'] };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  const text = await must(['kustomize', folder]);
  const objects = parseAllDocuments(text).map((each) => each.toJS() as Manifest);
  for (const object of objects) await must(['create', '--dry-run=server', '-f', '-'], object);

  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const settings = objects.find(({ kind }) => kind === 'ConfigMap');
  const pod = valueAt(deployment, 'spec', 'template', 'spec');
  const named = (list: string, name: string): unknown => {
    const all = valueAt(pod, list);
    return Array.isArray(all) ? all.find((each) => isMap(each) && each['name'] === name) : undefined;
  };
  const sidecar = named('containers', 'werfbundle');
  t.match(sidecar, {
    image: 'ghcr.io/werf/werfbundle:0.1.0',
    command: ['/var/run/argocd/argocd-cmp-server'],
    securityContext: { runAsUser: 999, readOnlyRootFilesystem: true },
  });
  const mounts = valueAt(sidecar, 'volumeMounts') as readonly { readonly name: string }[];
  for (const { name } of mounts) t.ok(named('volumes', name), `volume ${name}`);
  t.match(named('volumes', 'werfbundle-plugin'), { configMap: { name: settings?.metadata.name } });
  t.equal(
    valueAt(named('initContainers', 'werfbundle-kustomize'), 'image'),
    valueAt(named('initContainers', 'copyutil'), 'image'),
    'kustomize is of the same Argo CD',
  );
  const plugin = parse(String(valueAt(settings, 'data', 'plugin.yaml'))) as unknown;
  const dockerfile = await readFile(join(MANIFESTS, '..', 'Dockerfile'), 'utf8');
  t.match(
    dockerfile,
    /^WORKDIR \/app$[\s\S]*^COPY --from=build \/app\/dist dist$/m,
    'where the image has the command line',
  );
  t.same(valueAt(plugin, 'spec', 'generate', 'command'), ['node', '/app/dist/werfbundle.js', 'generate']);
});
