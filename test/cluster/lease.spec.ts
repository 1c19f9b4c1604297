import { join } from 'node:path';
import t from 'tap';
import { established } from '../../playground/established.js';
import { Kubectl } from '../../playground/kubectl.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { LeasedControlPlane } from '../runner/leased-control-plane.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** Writes to the store all the time, as something would that lives on. Never resolves: it is there to be interrupted. */
const writeUntil = async (signal: AbortSignal, etcd: string): Promise<never> => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  for (let count = 0; !signal.aborted; count += 1) {
    const body = JSON.stringify({ key: base64(`/registry/configmaps/default/left-${count}`), value: base64('{}') });
    // The store goes with the control plane, which is what is waited for.
    await fetch(`${etcd}/v3/kv/put`, { method: 'POST', body, signal }).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return new Promise(() => {});
};

// A control plane of its own: it is lent here, as the runner lends one to a spec.
t.test('a control plane that specs have one after the other', { timeout: 120_000 }, async (t) => {
  const dir = t.testdir();
  const binaries = await binariesOfThisRun();
  const lent = new LeasedControlPlane({ dir: join(dir, 'control-plane'), binaries });
  t.teardown(() => lent.stop());
  t.same(await lent.putBack(), [], 'before anybody had it there is nothing to put back');
  const { kubeconfig } = await lent.lease();
  const kubectl = new Kubectl({ program: binaries.kubectl, kubeconfig, context: undefined, home: dir, cwd: ROOT });
  const must = async (args: readonly string[], input?: object): Promise<string> => {
    const { code, text } = await kubectl.run(args, input && JSON.stringify(input));
    if (code !== 0) throw new Error(text);
    return text;
  };
  const everything = async () =>
    (await must(['get', 'ns,sa,cm,secrets,crd,clusterroles,apiservices,nodes', '-A', '--no-headers', '-o', 'name']))
      .split('\n')
      .toSorted();

  const spec = { registry: { url: 'ghcr.io/acme/app' } };
  const metadata = { name: 'held', namespace: 'ops', finalizers: ['werf.io/held'] };
  const held = { apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata, spec };
  const use = async () => {
    await must(['apply', '-k', 'manifests/crd']);
    t.ok(await established((words) => kubectl.run(words), 'werfbundles.werf.io'));
    await must(['create', 'namespace', 'ops']);
    await must(['create', '-f', '-'], held);
    await must(['delete', 'serviceaccount', 'default', '-n', 'kube-public']);
    await must(['label', 'namespace', 'default', 'used=true']);
  };
  const before = await everything();
  await t.test('is reset after each spec: finalizers hold nothing up', async (t) => {
    await use();
    t.same(await lent.putBack(), []);
    t.same(await everything(), before);
    t.notMatch(await must(['get', 'namespace', 'default', '--show-labels']), 'used=true');
  });
  await t.test('can be used again at once in the same way', async (t) => {
    await use();
    t.match(await must(['get', 'wb', '-A']), 'held');
    t.same(await lent.putBack(), []);
  });
  await t.test('reports a client that writes after its spec has ended, and is not lent again', async (t) => {
    const { etcd } = await lent.lease();
    const ending = new AbortController();
    const left = await Promise.race([lent.putBack(), writeUntil(ending.signal, etcd)]);
    ending.abort();
    t.match(left[0], '/registry/configmaps/default/left-');
    const { kubeconfig: other } = await lent.lease();
    t.not(other, undefined);
    t.same(await everything(), before, 'the next one is new');
  });
});
