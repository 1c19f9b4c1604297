import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { established } from '../../playground/established.js';
import { alertGroups } from '../kit/alert-rules.js';
import { startCluster } from '../kit/cluster.js';
import { dashboard } from '../kit/dashboard.js';
import { objectsOf } from '../kit/kustomized.js';
import { prometheusPrograms, runPromtool } from '../kit/prometheus.js';

// What docs/monitoring.md has in its blocks: commands, kustomizations, and a configuration of Prometheus.

const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'k8s-werf-operator-go-system';

const cluster = await startCluster(t);
const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

/** A kind of the Prometheus operator, which is not here: it takes anything. */
const definitionOf = (plural: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.monitoring.coreos.com` },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { plural, kind },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});
const KINDS = { podmonitors: 'PodMonitor', servicemonitors: 'ServiceMonitor', prometheusrules: 'PrometheusRule' };

const BLOCKS = [
  ...(await readFile(join(ROOT, 'docs/monitoring.md'), 'utf8')).matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
].map(([, text = '']) => text);

t.test('the manifests can be applied, on a cluster with the kinds of the Prometheus operator', async (t) => {
  for (const [plural, kind] of Object.entries(KINDS)) {
    await must(['apply', '-f', '-'], JSON.stringify(definitionOf(plural, kind)));
    t.ok(await established((words) => cluster.kubectl(words), `${plural}.monitoring.coreos.com`));
  }
  await must(['create', 'namespace', NAMESPACE]);
  await must(['apply', '-k', join(ROOT, 'manifests/monitoring')]);
  const rule = JSON.parse(await must(['get', 'prometheusrule', 'werfbundle', '-n', NAMESPACE, '-o', 'json']));
  t.strictSame(rule.spec, alertGroups());
  await must(['apply', '-k', join(ROOT, 'manifests/monitoring/grafana')]);
  const map = JSON.parse(await must(['get', 'configmap', '-n', NAMESPACE, '-l', 'grafana_dashboard=1', '-o', 'json']));
  t.strictSame(JSON.parse(map.items[0].data['werfbundle.json']), dashboard());
});

t.test('each kustomization of the document does what it is there for', async (t) => {
  const kustomizations = BLOCKS.filter((text) => text.includes('kind: Kustomization'));
  t.equal(kustomizations.length, 2);
  await symlink(ROOT, join(cluster.dir, 'werfbundle'));
  const [labelled, patched] = await Promise.all(
    kustomizations.map(async (text, index) => {
      const folder = join(cluster.dir, `kustomization-${index}`);
      await mkdir(folder);
      await writeFile(join(folder, 'kustomization.yaml'), text);
      return objectsOf(await must(['kustomize', folder]));
    }),
  );
  for (const [name, { metadata }] of Object.entries(labelled ?? {}))
    t.equal(metadata.labels?.['release'], 'kube-prometheus-stack', name);
  t.match(patched?.['PrometheusRule werfbundle'], {
    spec: { groups: { 1: { rules: { 0: { alert: 'WerfBundleFailed', for: '2h' } } } } },
  });
});

const programs = await prometheusPrograms();
const skip = programs.kind === 'missing' && programs.why;

t.test('Prometheus itself reads the configuration that the document shows', { skip }, async (t) => {
  if (programs.kind === 'missing') throw new Error(programs.why);
  const [config = '', ...others] = BLOCKS.filter((text) => text.startsWith('scrape_configs:'));
  t.same(others, []);
  const { scrape_configs } = parse(config) as { readonly scrape_configs: readonly Readonly<Record<string, unknown>>[] };
  // Debian builds it without the discovery of Kubernetes: what that finds is left out.
  const rest = scrape_configs.map(({ kubernetes_sd_configs, ...others }) => {
    t.strictSame(kubernetes_sd_configs, [{ role: 'pod', namespaces: { names: [NAMESPACE] } }]);
    return others;
  });
  const file = join(t.testdir(), 'prometheus.yaml');
  await writeFile(file, stringify({ scrape_configs: rest }));
  const { ok, text } = await runPromtool(programs.promtool, ['check', 'config', file]);
  t.ok(ok, text);
});
