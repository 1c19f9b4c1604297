import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import { type ImpactOptions, showImpact } from '../../cli/impact/command.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, syncedStatus } from '../kit/builders.js';
import { createFakeKube, type FakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const HIDDEN = 'hunter2-hunter2';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

type Converge = NonNullable<WerfBundleSpec['converge']>;

/** A cluster with a ConfigMap that three bundles read: one with a value of its own above it, one that is suspended. */
const cluster = (): FakeKube => {
  const kube = createFakeKube();
  kube.seed(NAMESPACES, { metadata: { name: 'shared', annotations: { 'werf.io/accept-bundles-from': 'ops,web' } } });
  kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'shared', name: 'deployer' } });
  kube.seed(CONFIGMAPS, { metadata: { namespace: 'shared', name: 'platform' }, data: { 'values.yaml': 'level: 1\n' } });
  kube.seed(SECRETS, {
    metadata: { namespace: 'shared', name: 'keys' },
    data: { 'values.yaml': base64(`password: ${HIDDEN}\n`) },
  });
  const add = (namespace: string, name: string, converge: Converge, suspend?: boolean) =>
    kube.seed(
      WERFBUNDLES,
      bundle(syncedStatus(), {
        spec: { converge: { ...READS, ...converge }, ...(suspend === true && { suspend }) },
        metadata: { namespace, name, uid: `uid-${name}`, creationTimestamp: '2026-11-20T10:00:00Z' },
      }),
    );
  add('ops', 'shop', {});
  add('web', 'blog', {});
  add('web', 'overrides', { values: { level: 7 } });
  add('web', 'asleep', {}, true);
  add('web', 'keyed', { valuesFrom: [{ secretRef: { name: 'keys' }, from: 'Target' }] });
  return kube;
};

const READS: Converge = {
  targetNamespace: 'shared',
  serviceAccountName: 'deployer',
  valuesFrom: [{ configMapRef: { name: 'platform' }, from: 'Target' }],
};

const configMap = (text: string, annotations = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: platform, namespace: shared${annotations}}\ndata:\n  values.yaml: |\n    ${text}\n`;

/** What is printed, and the exit code. */
const impactOf = async (
  t: { testdir(): string },
  {
    files,
    client = cluster(),
    options = {},
  }: { readonly files: Record<string, string>; readonly client?: KubeClient; readonly options?: ImpactOptions },
) => {
  const dir = t.testdir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const terminal = createFakeTerminal();
  await showImpact({ terminal, session: sessionOf(client, terminal) }, [dir], options);
  return { out: terminal.taken(), err: terminal.takenErrors(), ended: terminal.ended };
};

t.test('a changed ConfigMap says which bundles it deploys, and which it leaves alone', async (t) => {
  t.strictSame(await impactOf(t, { files: { 'platform.yaml': configMap('level: 2') } }), {
    out: [
      'ConfigMap shared/platform deploys 2 bundles in 2 namespaces; 1 bundle would follow, but for being suspended',
      'NAMESPACE   NAME     EFFECT      WHY',
      'ops         shop     deploys     its values change',
      'web         asleep   suspended   once it is resumed: deploys: its values change',
      'web         blog     deploys     its values change',
      '',
    ].join('\n'),
    err: '',
    ended: [0],
  });
});

t.test('what is only written otherwise deploys nothing', async (t) => {
  t.strictSame(await impactOf(t, { files: { 'platform.yaml': configMap('"level":   1 # as before') } }), {
    out: 'ConfigMap shared/platform changes nothing for any bundle\n',
    err: '',
    ended: [0],
  });
});

t.test('values that break, a key that goes, and what is deleted keep bundles from being deployed', async (t) => {
  const broken = await impactOf(t, { files: { 'platform.yaml': configMap('- a list') } });
  t.match(
    broken.out,
    /^ConfigMap shared\/platform keeps 3 bundles from being deployed in 2 namespaces; 1 bundle would/,
  );
  t.match(broken.out, /blog +blocked +key "values.yaml" of ConfigMap shared\/platform is a list/);
  const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer, namespace: shared}\n';
  t.match(
    (await impactOf(t, { files: { 'a.yaml': account } })).out,
    /^ServiceAccount shared\/deployer changes nothing/,
  );
  const deleted = await impactOf(t, { files: { 'a.yaml': account }, options: { delete: true } });
  t.match(deleted.out, /^ServiceAccount shared\/deployer keeps 4 bundles from being deployed in 2 namespaces/);
  t.match(deleted.out, /shop +blocked +.*ServiceAccount deployer does not exist in namespace shared/);
});

t.test(
  "a namespace's consent, a bundle, and a Secret are judged as well, and nothing of a Secret is printed",
  async (t) => {
    const files = {
      'namespace.yaml':
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: shared, annotations: {werf.io/accept-bundles-from: web}}\n',
      'keys.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shared}\nstringData: {values.yaml: "password: ${HIDDEN}-2"}\n`,
      'blog.yaml': `apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: blog, namespace: web}\nspec: ${JSON.stringify(
        {
          registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0' },
          converge: { ...READS, environment: 'live' },
        },
      )}\n`,
    };
    const seen = await impactOf(t, { files, options: { output: 'json' } });
    t.notMatch(JSON.stringify(seen), HIDDEN);
    const { objects, ...rest } = JSON.parse(seen.out);
    t.strictSame(rest, { hit: 3, namespaces: 2, complete: true });
    t.strictSame(
      objects.map(({ confirm, ...object }: { confirm?: string }) => ({
        ...object,
        confirmable: confirm !== undefined,
      })),
      [
        {
          kind: 'WerfBundle',
          namespace: 'web',
          name: 'blog',
          hit: 1,
          deploys: 1,
          namespaces: 1,
          suspended: 0,
          confirmed: false,
          bundles: [{ namespace: 'web', name: 'blog', effect: 'deploys', why: 'what it deploys changes' }],
          confirmable: true,
        },
        {
          kind: 'Secret',
          namespace: 'shared',
          name: 'keys',
          hit: 1,
          deploys: 1,
          namespaces: 1,
          suspended: 0,
          confirmed: false,
          bundles: [{ namespace: 'web', name: 'keyed', effect: 'deploys', why: 'its values change' }],
          confirmable: false,
        },
        {
          kind: 'Namespace',
          name: 'shared',
          hit: 1,
          deploys: 0,
          namespaces: 1,
          suspended: 0,
          confirmed: false,
          bundles: [{ namespace: 'ops', name: 'shop', effect: 'blocked', why: CONSENT }],
          confirmable: true,
        },
      ],
    );
  },
);

const CONSENT =
  'spec.converge.targetNamespace: namespace shared does not accept bundles from namespace ops; if it accepts others, add this one to its annotation, else: kubectl annotate namespace shared werf.io/accept-bundles-from=ops';

t.test('--max-impact fails above it, until the manifest confirms this very content', async (t) => {
  const within = await impactOf(t, { files: { 'a.yaml': configMap('level: 2') }, options: { maxImpact: '2' } });
  t.strictSame([within.err, within.ended], ['', [0]]);
  const above = await impactOf(t, { files: { 'a.yaml': configMap('level: 2') }, options: { maxImpact: '1' } });
  t.strictSame(above.ended, [1]);
  const [, code = ''] =
    /^ConfigMap shared\/platform hits 2 bundles, more than --max-impact 1; to confirm this content, annotate the manifest with werf.io\/confirm-impact: "([0-9a-f]{16})"\n$/.exec(
      above.err,
    ) ?? [];
  t.not(code, '');
  const annotations = `, annotations: {werf.io/confirm-impact: "${code}"}`;
  const confirmed = await impactOf(t, {
    files: { 'a.yaml': configMap('level: 2', annotations) },
    options: { maxImpact: '1' },
  });
  t.strictSame([confirmed.err, confirmed.ended], ['', [0]]);
  const other = await impactOf(t, {
    files: { 'a.yaml': configMap('level: 3', annotations) },
    options: { maxImpact: '1' },
  });
  t.strictSame(other.ended, [1], 'another content is not confirmed');
});

t.test('a Secret has no code to confirm it with', async (t) => {
  const keys = `apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shared}\nstringData: {values.yaml: "password: ${HIDDEN}-2"}\n`;
  const seen = await impactOf(t, { files: { 'a.yaml': keys }, options: { maxImpact: '0' } });
  t.strictSame(
    [seen.err, seen.ended],
    ['Secret shared/keys hits 1 bundle, more than --max-impact 0; to go on all the same, raise --max-impact\n', [1]],
  );
});

/** A client that may list bundles of one namespace only, and read no Secrets. */
const limited = (kube: FakeKube, namespace: string): KubeClient =>
  new Proxy(kube as KubeClient, {
    get: (target, name) => {
      if (name === 'list')
        return (type: never, options: { namespace?: string }, signal: AbortSignal) =>
          options.namespace === namespace ? target.list(type, options, signal) : Promise.reject(forbidden());
      if (name === 'get')
        return (type: { kind: string }, ref: never, signal: AbortSignal) =>
          type.kind === 'Secret' ? Promise.reject(forbidden()) : target.get(type as never, ref, signal);
      return Reflect.get(target, name);
    },
  });
const forbidden = () => new KubeError('forbidden', 'it is forbidden');

t.test('who may not list all bundles is told so, and gets no verdict', async (t) => {
  const seen = await impactOf(t, {
    files: { 'a.yaml': configMap('level: 2') },
    client: limited(cluster(), 'ops'),
    options: { maxImpact: '5' },
  });
  t.match(seen.out, /^ConfigMap shared\/platform deploys 1 bundle in 1 namespace\n/);
  t.strictSame(
    [seen.err, seen.ended],
    [
      'you may not list the bundles of all namespaces: only those of ops were looked at\n--max-impact: not all bundles could be seen, so nobody knows whether it is kept\n',
      [2],
    ],
  );
});

t.test('a Secret that may not be read makes a deployment one that may be', async (t) => {
  const kube = cluster();
  kube.seed(
    WERFBUNDLES,
    bundle(syncedStatus(), {
      spec: {
        converge: {
          ...READS,
          valuesFrom: [...(READS.valuesFrom ?? []), { secretRef: { name: 'keys' }, from: 'Target' }],
        },
      },
      metadata: { namespace: 'ops', name: 'both', uid: 'uid-both', creationTimestamp: '2026-11-20T10:00:00Z' },
    }),
  );
  const seen = await impactOf(t, { files: { 'a.yaml': configMap('level: 2') }, client: limited(kube, 'ops') });
  t.match(seen.out, /both +may-deploy +Secret shared\/keys may not be read by you/);
});

t.test('wrong use is told, and nothing is asked', async (t) => {
  const files = { 'a.yaml': configMap('level: 2') };
  const refused = (of: Parameters<typeof impactOf>[1], message: string) =>
    t.rejects(impactOf(t, of), { message, exitCode: 2 });
  await refused(
    { files, options: { maxImpact: 'many' } },
    '--max-impact: "many" is no number of bundles; one looks like "5"',
  );
  await refused(
    { files: { 'a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shared}\n' }, options: { delete: true } },
    '--delete: with a Namespace all that it holds is deleted, bundles and sources alike: give those',
  );
  const malformed = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}\n';
  await refused(
    { files: { 'a.yaml': malformed } },
    `ConfigMap c: the one of ${join(t.testdirName, 'a.yaml')} is malformed: data["a"] is not a text`,
  );
  await t.rejects(impactOf(t, { files: { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\ndata: {a\n' } }), /a\.yaml:\d+: /);
  const other = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n';
  t.strictSame(await impactOf(t, { files: { 'a.yaml': other } }), {
    out: '',
    err: 'nothing in the files is a WerfBundle, or of a kind that bundles refer to\n',
    ended: [0],
  });
});

t.test("the controller's own flags are believed as they are given", async (t) => {
  const files = { 'platform.yaml': configMap('level: 2') };
  const suspended = await impactOf(t, { files, options: { suspendAll: true } });
  t.match(
    suspended.out,
    /^ConfigMap shared\/platform changes nothing for any bundle; 3 bundles would follow, but for being suspended\n/,
  );
  const login = `apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: k8s-werf-operator-go-system}\ntype: Opaque\ndata: {}\n`;
  const unknown = await impactOf(t, { files: { 'login.yaml': login } });
  t.match(unknown.out, /^Secret k8s-werf-operator-go-system\/login changes nothing for any bundle\n/);
  const known = await impactOf(t, { files: { 'login.yaml': login }, options: { defaultRegistrySecret: 'login' } });
  t.match(
    known.out,
    /^Secret k8s-werf-operator-go-system\/login keeps 4 bundles from being deployed in 2 namespaces; 1 bundle would/,
  );
});
