import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { superviseProcess } from '../../playground/control-plane/supervised-process.js';
import { established } from '../../playground/established.js';
import { canary, keepMetrics, leaksIn } from '../kit/canary.js';
import { openCluster } from '../kit/cluster.js';

const ROOT = join(import.meta.dirname, '..', '..');
const PASSWORD = canary('password');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const configMap = (name: string, data: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const secret = (name: string, stringData: object): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default' },
  stringData,
});

// What every spec of test/cluster fails for, done on purpose.
t.test('whatever leaves a Secret is found at the end of a spec, wherever it went', async (t) => {
  const cluster = await openCluster(t, async () => {}, {
    own: 'it leaves what no spec may, and looks for it while it runs',
  });
  const must = async (args: readonly string[], input?: object): Promise<void> => {
    const { code, stderr } = await cluster.kubectl(args, input && JSON.stringify(input));
    if (code !== 0) throw new Error(stderr);
  };
  const apply = (object: object) => must(['apply', '-f', '-'], object);
  const log = async (name: string, line: string): Promise<void> => {
    const command = ['/bin/echo', line] as const;
    const logFile = join(cluster.dir, `${name}.log`);
    await superviseProcess({ name, command, cwd: cluster.dir, env: {}, logFile }).ended;
  };
  const found = () => leaksIn(cluster.dir);

  await apply(
    secret('well-kept', { 'values.yaml': `password: ${PASSWORD}\n`, 'ca.crt': '-----BEGIN CERTIFICATE-----' }),
  );
  await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
  t.ok(await established(cluster.kubectl, 'werfbundles.werf.io'));
  t.same(await found(), [], 'in a Secret it may be');

  await apply(secret('unmarked', { password: 'hunter2' }));
  await must(['create', 'configmap', 'plain', `--from-literal=password=${PASSWORD}`]);
  const auths = { 'registry.example': { auth: base64(`robot:${PASSWORD}`) } };
  const encoded = {
    a: base64(PASSWORD),
    b: base64(`x${PASSWORD}`),
    c: base64(`xy${PASSWORD}`),
    docker: base64(JSON.stringify({ auths })),
    part: PASSWORD.slice(-15),
    'text.json': JSON.stringify({ PASSWORD }),
  };
  await must(['create', '-f', '-'], configMap('encoded', encoded));
  await must(['annotate', 'configmap', 'plain', `note=${PASSWORD}`]);
  const spec = { registry: { url: 'ghcr.io/acme/app' } };
  await must(['create', '-f', '-'], {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'app', namespace: 'default' },
    spec,
  });
  const status = JSON.stringify({ status: { phase: 'Failed', lastErrorMessage: `no ${PASSWORD}` } });
  await must(['patch', 'wb', 'app', '--subresource=status', '--type=merge', '-p', status]);
  await log('controller', JSON.stringify({ message: 'deployed', values: { password: PASSWORD } }));
  await log('registry', `GET /v2/?password=${PASSWORD}`);
  const exporter = createServer((_request, response) => response.end(`up 1\nasked{by="${PASSWORD}"} 1\n`));
  await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
  await keepMetrics(join(cluster.dir, 'webhook.metrics'), (exporter.address() as AddressInfo).port);
  exporter.close();

  const core = 'control-plane/kube-apiserver-audit.log';
  const both = (where: string, ...fields: readonly string[]) =>
    ['requestObject', 'responseObject'].flatMap((object) => fields.map((field) => `${where}: ${object}.${field}`));
  const seen = await found();
  t.same(
    seen.filter((where) => !/managedFields|last-applied/.test(where)).toSorted(),
    [
      `${core}: create secrets default/unmarked: data.password holds no canary`,
      ...both(`${core}: create configmaps default/plain`, 'data.password'),
      ...both(`${core}: create configmaps default/encoded`, ...Object.keys(encoded).map((key) => `data.${key}`)),
      `${core}: patch configmaps default/plain: requestObject.metadata.annotations.note`,
      `${core}: patch configmaps default/plain: responseObject.data.password`,
      `${core}: patch configmaps default/plain: responseObject.metadata.annotations.note`,
      ...both(`${core}: patch werfbundles/status default/app`, 'status.lastErrorMessage'),
      'controller.log: line 1: values.password',
      'registry.log: line 1',
      'webhook.metrics: line 2',
    ].toSorted(),
  );
  t.notMatch(seen.join('\n'), /canary-|hunter2/, 'and nothing of it is told');
});
