import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Explanation } from '../../cli/explain/explanation.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// What the commands that look into a bundle say, as a user runs them, before, while and after the controller deploys it.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
await fixture.makeNamespace('demo');
for (const tag of ['v1.0.0', 'v1.1.0', 'v2.0.0', 'v1.2.0-rc.1'])
  await fixture.publish({ repository: 'demo/shop', tag });

/** The labels of what diff makes. */
const OF_DIFF = 'app.kubernetes.io/managed-by=werfbundle-diff';

const meta = (name: string) => ({ metadata: { namespace: 'demo', name } });
const SPEC: WerfBundleSpec = {
  registry: { url: `${registryHost}/demo/shop`, insecure: true, versionConstraint: '~1.1' },
  converge: {
    serviceAccountName: 'werf-converge',
    valuesFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'database' } }],
    values: { greeting: 'hello' },
  },
};
const BUNDLE = { apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', ...meta('shop'), spec: SPEC };
const must = async (args: readonly string[], input?: unknown): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? undefined : JSON.stringify(input));
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
const listOf = (...items: readonly object[]) => ({ apiVersion: 'v1', kind: 'List', items });
const SOURCES = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    ...meta('settings'),
    data: { 'values.yaml': 'db: {host: db.example}\ndebug: true\n' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    ...meta('database'),
    stringData: { token: canary('token'), 'values.yaml': `db: {host: ${canary('host')}, ${canary('key')}: 1}` },
  },
];

/** Somebody who may look at bundles, and at nothing else. */
const viewerConfig = async (): Promise<string> => {
  await must(
    ['apply', '-f', '-'],
    listOf(
      { apiVersion: 'v1', kind: 'ServiceAccount', ...meta('viewer') },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        ...meta('viewer'),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'werfbundle-viewer' },
        subjects: [{ kind: 'ServiceAccount', namespace: 'demo', name: 'viewer' }],
      },
    ),
  );
  const file = join(cluster.dir, 'viewer.kubeconfig');
  const { server, ca } = cluster.controlPlane;
  await writeKubeconfig(client, { namespace: 'demo', name: 'viewer' }, { server, ca, file }, signal);
  return file;
};

/** All that was printed: searched for canaries at the end. */
const printed: string[] = [];
const run = async (args: readonly string[], kubeconfig = cluster.kubeconfig) => {
  const result = await runWerfbundle(args, { kubeconfig, cwd: cluster.dir });
  printed.push(result.stdout, result.stderr);
  return result;
};
const explained = async (...args: readonly string[]): Promise<Explanation> => {
  const { code, stdout, stderr } = await run(['explain', '-n', 'demo', '-o', 'json', ...args]);
  t.strictSame([code, stderr], [0, '']);
  return JSON.parse(stdout);
};
const applied = await (async () => {
  await must(['apply', '-f', '-'], listOf(...SOURCES));
  const file = join(cluster.dir, 'shop.json');
  await writeFile(file, JSON.stringify(BUNDLE));
  return file;
})();

t.test('explain -f says what would be deployed before anything is applied', async (t) => {
  const { tag, values, next, job } = await explained('-f', applied, '--cluster');
  t.strictSame([tag.chosen, tag.listed, next.state, job.serviceAccount.state], ['v1.1.0', 4, 'not-applied', 'found']);
  t.strictSame(tag.skipped, [
    { tag: 'v2.0.0', reason: 'constraint' },
    { tag: 'v1.2.0-rc.1', reason: 'constraint' },
    { tag: 'v1.0.0', reason: 'constraint' },
  ]);
  t.strictSame([values.count, values.problems], [5, []]);
});

t.test('explain says what the controller did, once it has done it', async (t) => {
  await must(['apply', '-f', '-'], BUNDLE);
  const before = await explained('wb/shop');
  t.strictSame([before.next.state, before.next.reason, before.tag.deployed], ['due', 'NewTag', undefined]);
  await fixture.startController();
  const is = ({ phase }: { readonly phase?: string }) => phase === 'Synced';
  await fixture.bundles.until({ namespace: 'demo', name: 'shop' }, { what: 'Synced', withinMs: 60_000, is }, signal);
  const { tag, next, job } = await explained('shop');
  t.strictSame([tag.chosen, tag.deployed, next.state], ['v1.1.0', 'v1.1.0', 'up-to-date']);
  const jobs = JSON.parse(await must(['get', 'jobs', '-n', 'demo', '-o', 'json']));
  const [{ args, image, resources }] = jobs.items[0].spec.template.spec.containers;
  t.strictSame(job.args, args, 'the arguments are those of the Job that was made');
  t.strictSame([job.image, job.imageFrom, job.limits], [image, 'last-job', resources.limits]);
  t.equal(before.job.name, jobs.items[0].metadata.name, 'its name was known before');
  const { code, stdout, stderr } = await run(['explain', 'shop', '-n', 'demo']);
  t.strictSame([code, stderr], [0, '']);
  t.match(stdout, /^ {8}Secret demo\/database, key "token"\n {10}token = \*\*\*$/m);
  t.strictSame(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
});

t.test('tree shows the Job, its Pod and what the release holds, each with whether it is there', async (t) => {
  const { code, stdout, stderr } = await run(['tree', 'wb/shop', '-n', 'demo']);
  t.strictSame([code, stderr], [0, '']);
  const [header = '', ...lines] = stdout.split('\n');
  t.match(header, /^NAME +READY +AGE +REASON$/);
  const shown = lines.map((line) =>
    line
      .replace(/-[0-9a-f]{8}-[0-9a-f]{8}(-\w+)?/g, '-…')
      .replace(/ +\d+s\b/, ' 1s')
      .replace(/(?<=\S) +/g, ' '),
  );
  t.strictSame(shown, [
    'WerfBundle/shop True 1s Deployed',
    '├─Job/shop-… True 1s Completed',
    '│ └─Pod/shop-… True 1s Completed',
    '└─Release/shop True deployed, version 1 of shop-1.1.0',
    '  └─ConfigMap/werf-stand-in-shop - 1s',
    '',
  ]);
  await must(['delete', 'configmap', '-n', 'demo', 'werf-stand-in-shop']);
  t.match(
    (await run(['tree', 'shop', '-n', 'demo'])).stdout,
    /└─ConfigMap\/werf-stand-in-shop +False +does not exist$/m,
  );
  const few = await run(['tree', 'shop', '-n', 'demo'], await viewerConfig());
  t.strictSame([few.code, few.stderr], [0, '']);
  t.match(few.stdout, /^└─Release\/shop +Unknown +may not be read by you$/m);
});

t.test('diff says what the next deployment would change, by a plan that leaves nothing behind', async (t) => {
  const gone = await run(['diff', 'shop', '-n', 'demo']);
  t.strictSame([gone.code, gone.stderr], [1, '']);
  t.match(gone.stdout, /^[│ ]*\+ tag: v1\.1\.0$/m, 'the words of the plan');
  t.notMatch(gone.stdout, /^Error/m, 'a difference is no failure');
  t.match(gone.stdout, /\ndeploying v1\.1\.0 to namespace demo would create ConfigMap\/werf-stand-in-shop\n$/);

  await must(['annotate', 'wb', 'shop', '-n', 'demo', 'werf.io/deploy-requested-at=now']);
  const again = {
    what: 'deployed again',
    withinMs: 60_000,
    is: ({ phase, deployment }: WerfBundleStatus) => phase === 'Synced' && deployment?.number === 2,
  };
  await fixture.bundles.until({ namespace: 'demo', name: 'shop' }, again, signal);
  const same = await run(['diff', 'wb/shop', '-n', 'demo']);
  t.strictSame([same.code, same.stderr], [0, '']);
  t.match(same.stdout, /\ndeploying v1\.1\.0 to namespace demo would change nothing\n$/);

  const other = await run(['diff', 'shop', '-n', 'demo', '--tag', 'v2.0.0', '-o', 'json']);
  t.strictSame([other.code, other.stderr], [1, '']);
  const { result, changes } = JSON.parse(other.stdout);
  t.strictSame([result, changes], ['changes', 'update ConfigMap/werf-stand-in-shop']);

  const file = join(cluster.dir, 'changed.json');
  await writeFile(
    file,
    JSON.stringify({ ...BUNDLE, spec: { ...SPEC, converge: { ...SPEC.converge, values: { greeting: 'good day' } } } }),
  );
  const changed = await run(['diff', '-n', 'demo', '-f', file]);
  t.strictSame([changed.code, changed.stderr], [0, '']);
  t.match(changed.stdout, /would change no object, and record the release anew\n$/, 'of a file that is not applied');

  const few = await run(['diff', 'shop', '-n', 'demo'], await viewerConfig());
  t.strictSame([few.code, few.stdout], [2, '']);
  t.match(few.stderr, /^werfbundle: Secret demo\/database may not be read by you, and the plan needs its values$/m);

  const left = () => must(['get', 'jobs,secrets', '-n', 'demo', '-l', OF_DIFF, '-o', 'name']);
  t.equal(await left(), '', 'no Job and no Secret');
  const untilMade = async (): Promise<void> => {
    while (!(await left()).includes('job.batch/')) await delay(50);
  };
  for (const [ending, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const ended = await runWerfbundle(['diff', 'shop', '-n', 'demo', '--tag', 'v2.0.0'], {
      kubeconfig: cluster.kubeconfig,
      cwd: cluster.dir,
      onStart: (end) => void untilMade().then(() => end(ending)),
    });
    t.strictSame([ended, await left()], [{ code, stdout: '', stderr: '' }, ''], `${ending} leaves nothing, either`);
  }
  const { status } = JSON.parse(await must(['get', 'wb', 'shop', '-n', 'demo', '-o', 'json']));
  t.strictSame(
    [status.deployment.number, status.lastAppliedTag, status.driftCheckCount],
    [2, 'v1.1.0', undefined],
    'the controller took it for none of its own',
  );
});

t.test('explain with few rights tells what may not be read', async (t) => {
  const viewer = await viewerConfig();
  const { code, stdout, stderr } = await run(['explain', 'shop', '-n', 'demo', '--no-registry'], viewer);
  t.strictSame([code, stderr], [0, '']);
  t.match(stdout, /^ {8}ConfigMap demo\/settings may not be read by you: /m);
  t.match(stdout, /^ {8}Secret demo\/database may not be read by you: /m);
  t.match(stdout, /^ {8}ServiceAccount werf-converge \(may not be read by you\)$/m);
  t.match(stdout, /^Next +v1\.1\.0 is deployed; /m);
});

t.test('a registry that does not answer, and a spec that is not valid, are told in the usual words', async (t) => {
  await client.create(
    WERFBUNDLES,
    { ...meta('lost'), spec: { ...SPEC, registry: { ...SPEC.registry, url: `${registryHost}/demo/nowhere` } } },
    signal,
  );
  t.match((await explained('lost')).tag.note, /^error polling registry: 404 not found /);
  await client.create(
    WERFBUNDLES,
    { ...meta('wrong'), spec: { ...SPEC, registry: { ...SPEC.registry, versionConstraint: 'newest' } } },
    signal,
  );
  const { code, stdout } = await run(['explain', 'wrong', '-n', 'demo']);
  t.equal(code, 1);
  t.match(stdout, /^ {2}spec\.registry\.versionConstraint: Invalid value: "newest"/m);
});

t.test('nothing that was printed has anything of a Secret', async (t) => {
  t.ok(printed.length >= 12);
  for (const what of ['token', 'host', 'key']) t.notMatch(printed.join('\n'), canary(what));
});
