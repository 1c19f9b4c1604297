import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient, KubeError } from '../../kube/client.js';
import { type Connection, connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { createReflector } from '../../kube/reflector.js';
import {
  ACCOUNT_TOKEN,
  CONFIGMAPS,
  JOBS,
  NAMESPACES,
  SECRETS,
  SUBJECT_ACCESS_REVIEWS,
  WERFBUNDLES,
} from '../../kube/resources.js';
import { established } from '../../playground/established.js';
import { systemClock, systemRandom } from '../../process/system-clock.js';
import { kubeContract } from '../contract/kube.contract.js';
import { startCluster } from '../kit/cluster.js';
import { recordLog } from '../kit/record-log.js';

const CRD = join(import.meta.dirname, '../../manifests/crd/werfbundles.werf.io.yaml');
const signal = AbortSignal.timeout(240_000);

/** A port in front of the apiserver whose connections are counted, and can be cut. */
const startCutter = async (server: URL) => {
  const sockets = new Set<Socket>();
  let opened = 0;
  const proxy = createServer((inner) => {
    opened += 1;
    const outer = connectSocket(Number(server.port), server.hostname);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  const cut = (): number => {
    const open = sockets.size;
    for (const socket of sockets) socket.destroy();
    return open;
  };
  const close = (): void => {
    proxy.close();
    cut();
  };
  return { url: new URL(`https://127.0.0.1:${port}`), opened: () => opened, cut, close };
};

/** Waits for what the cluster will do in its own time. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) {
    signal.throwIfAborted();
    await systemClock.sleep(20, signal);
  }
};

t.test('the client on a real apiserver', async (t) => {
  const cluster = await startCluster(t);
  const crd = await cluster.kubectl(['apply', '-f', '-'], await readFile(CRD, 'utf8'));
  t.equal(crd.code, 0, crd.stderr);
  t.ok(await established(cluster.kubectl, 'werfbundles.werf.io'));
  const connection = await connect({ kubeconfig: cluster.kubeconfig });
  const requests: string[] = [];
  const client = createKubeClient(connection, {
    userAgent: 'werfbundle-spec/1',
    onRequest: ({ verb, resource, code }) => requests.push(`${verb} ${resource} ${code}`),
  });
  t.teardown(() => client.close());
  const makeNamespace = async (name: string): Promise<string> => {
    await client.create(NAMESPACES, { metadata: { name } }, signal);
    return name;
  };

  await t.test('keeps the contract', async (t) => {
    const namespace = await makeNamespace('contract');
    await kubeContract(t, async () => ({ client, namespace }));
  });

  await t.test('reports requests with few labels', async (t) => {
    requests.splice(0);
    await client.get(CONFIGMAPS, { namespace: 'default', name: 'nothing' }, signal);
    await client.list(JOBS, {}, signal);
    t.strictSame(requests, ['get configmaps 404', 'list jobs.batch 200']);
  });

  await t.test('fetches a long list in pages', async (t) => {
    const namespace = await makeNamespace('pages');
    const names = Array.from({ length: 1100 }, (_, i) => `c-${i.toString().padStart(4, '0')}`);
    for (let at = 0; at < names.length; at += 50) {
      const batch = names.slice(at, at + 50);
      await Promise.all(batch.map((name) => client.create(CONFIGMAPS, { metadata: { namespace, name } }, signal)));
    }
    requests.splice(0);
    const { items } = await client.list(CONFIGMAPS, { namespace }, signal);
    t.strictSame(
      items.flatMap(({ metadata: { name = '' } }) => (name.startsWith('c-') ? [name] : [])),
      names,
    );
    t.strictSame(requests, Array(5).fill('list configmaps 200'));
  });

  await t.test('asks questions, and creates subresources', async (t) => {
    const resourceAttributes = { verb: 'get', group: '', resource: 'pods', namespace: 'default' };
    const spec = { user: 'nobody', uid: '', groups: [], extra: {}, resourceAttributes };
    t.equal((await client.ask(SUBJECT_ACCESS_REVIEWS, spec, signal))?.allowed, false);
    const account = { namespace: 'default', name: 'default' };
    const token = await client.createSubresource(ACCOUNT_TOKEN, account, { spec: { audiences: [] } }, signal);
    t.match(token.status.token, /^ey/);
  });

  await t.test('never repeats what a Secret holds', async (t) => {
    const make = async (secret: object): Promise<KubeError> => {
      const refused = client.create(SECRETS, { metadata: { namespace: 'default', name: 's' }, ...secret }, signal);
      return await refused.then(
        () => t.fail('was not refused') as never,
        (error: KubeError) => error,
      );
    };
    const undecodable = await make({ data: { k: 'hunter2!!' } });
    t.equal(undecodable.message, 'create secrets default/s: invalid');
    t.notMatch(JSON.stringify([undecodable.stack, undecodable.detail, `${undecodable.cause}`]), 'hunter2');
    const wrong = await make({
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': 'hunter2' },
    });
    t.equal(wrong.message, 'create secrets default/s: invalid: see data[.dockerconfigjson]');
  });

  await t.test('says which user was refused what', async (t) => {
    const nobody: Connection = { ...connection, headers: async () => ({ authorization: 'Bearer of-nobody' }) };
    const stranger = createKubeClient(nobody);
    t.teardown(() => stranger.close());
    await t.rejects(stranger.list(JOBS, {}, signal), {
      code: 'unauthorized',
      status: 401,
      message: 'list jobs.batch: unauthorized: Unauthorized',
    });
    const unserved = { ...JOBS, plural: 'chores' };
    await t.rejects(client.get(unserved, { namespace: 'a', name: 'b' }, signal), {
      code: 'other',
      message: 'get chores.batch a/b: failed: the apiserver does not serve this kind',
    });
  });

  await t.test('keeps its connection for all kinds of calls', async (t) => {
    const counter = await startCutter(connection.server);
    t.teardown(() => counter.close());
    const through = createKubeClient({ ...connection, server: counter.url });
    t.teardown(() => through.close());
    const ref = { namespace: await makeNamespace('kept'), name: 'kept' };
    for (let round = 1; round <= 5; round += 1) {
      const { metadata } = await through.create(CONFIGMAPS, { metadata: ref }, signal);
      await through.mergePatch(CONFIGMAPS, ref, { data: { round: String(round) } }, {}, signal);
      await through.get(CONFIGMAPS, ref, signal);
      await through.delete(CONFIGMAPS, ref, { uid: metadata.uid ?? '' }, signal);
      t.equal(await through.get(CONFIGMAPS, ref, signal), undefined);
    }
    // A second one is opened where the first has not put the last answer away yet.
    t.ok(counter.opened() <= 2, `${counter.opened()} connections for 25 requests`);
  });

  await t.test('a reflector survives cut connections and an expired version', async (t) => {
    const namespace = await makeNamespace('mirror');
    const cutter = await startCutter(connection.server);
    t.teardown(() => cutter.close());
    const through = createKubeClient({ ...connection, server: cutter.url });
    t.teardown(() => through.close());
    let lists = 0;
    let expired = false;
    const mirrored: Pick<KubeClient, 'list' | 'watch'> = {
      list: (...args) => {
        lists += 1;
        return through.list(...args);
      },
      watch: (type, options, signal) => {
        const resourceVersion = expired ? '1' : options.resourceVersion;
        expired = false;
        return through.watch(type, { ...options, resourceVersion }, signal);
      },
    };
    const log = recordLog();
    const changes: string[] = [];
    const reflector = createReflector<StoredBundle, string>({
      client: mirrored,
      type: WERFBUNDLES,
      list: { namespace, labelSelector: 'mirror=yes' },
      project: ({ spec }) => spec.registry.tag ?? '',
      clock: systemClock,
      random: systemRandom,
      log,
      onChange: ({ ref, before, after }) => changes.push(`${ref.name}: ${before ?? '-'} > ${after ?? '-'}`),
    });
    const stop = new AbortController();
    const done = reflector.start(stop.signal);
    await reflector.whenSynced(signal);
    const labels = { mirror: 'yes' };
    const make = (name: string, tag: string) =>
      client.create(
        WERFBUNDLES,
        { metadata: { namespace, name, labels }, spec: { registry: { url: 'registry.example/app', tag } } },
        signal,
      );
    const change = (name: string, tag: string) =>
      client.mergePatch(WERFBUNDLES, { namespace, name }, { spec: { registry: { tag } } }, {}, signal);
    const seen = async (want: readonly string[]): Promise<void> => {
      await until(() => changes.length >= want.length);
      t.strictSame(changes.splice(0), want);
    };

    await make('a', '1');
    await seen(['a: - > 1']);
    for (const value of ['2', '3', '4']) {
      t.ok(cutter.cut() > 0, 'connections were cut');
      await change('a', value);
      await seen([`a: ${Number(value) - 1} > ${value}`]);
    }
    t.equal(lists, 1, 'what was missed came by watch');
    expired = true;
    cutter.cut();
    await make('b', '1');
    await seen(['b: - > 1']);
    t.equal(lists, 2);
    await change('a', '5');
    await seen(['a: 4 > 5']);
    stop.abort();
    await done;
    t.strictSame(
      log.entries.filter(({ level }) => level === 'error'),
      [],
    );
  });
});
