import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { valueAt } from '../../api/json-map.js';
import { withoutAccountWarning } from '../kit/account-warning.js';
import { canary } from '../kit/canary.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { reconcileAsFlux } from '../kit/flux.js';
import { fieldsOf, owned } from '../kit/managed-fields.js';
import type { Manifest, RawApi } from '../kit/raw-api.js';
import { bundle, startWebhookFixture } from '../kit/webhook-fixture.js';
import { configMap, wholeEnvironment } from '../kit/whole-environment.js';

const fixture = await startWebhookFixture(t);
const { api, kubectl, must } = fixture;
const webhook = await fixture.startWebhook();

const REGISTRY = { url: 'ghcr.io/acme/app', tag: 'v1.0.0' };

/** An object as it is stored, without what tells of its writers. */
const stored = async (object: Manifest): Promise<object> => {
  const { body } = await api.get(object);
  return withoutManagers(body);
};

const withoutManagers = (object: object): object => {
  const { metadata, ...rest } = object as { readonly metadata: Readonly<Record<string, unknown>> };
  const { managedFields: _, ...kept } = metadata;
  return { ...rest, metadata: kept };
};

const version = async (object: Manifest): Promise<readonly unknown[]> => {
  const { body } = await api.get(object);
  return [valueAt(body, 'metadata', 'generation'), valueAt(body, 'metadata', 'resourceVersion')];
};

/** What a server-side apply would make of it, next to what is there: Argo CD's ServerSideDiff. */
const serverSideDiff = async (t: Test, object: Manifest, manager: string): Promise<void> => {
  const { body, warnings } = await api.apply(object, { manager, dryRun: true });
  t.same(withoutManagers(body), await stored(object), `live is what git says, by a server-side dry run of ${manager}`);
  t.same(warnings, []);
};

t.test(
  'existence checks and the order of GitOps tools: Flux dry-runs a whole stage that does not exist yet, and applies it',
  async (t) => {
    const objects = wholeEnvironment('flux-shop', 'flux-shop-production');
    const first = await reconcileAsFlux(api, objects);
    t.same(first, {
      kind: 'applied',
      changes: [
        'Namespace/flux-shop created',
        'Namespace/flux-shop-production created',
        'ServiceAccount/flux-shop-production/werf-converge created',
        'ConfigMap/flux-shop/app-config created',
        'Secret/flux-shop/app-keys created',
        'Secret/flux-shop/creds created',
        'Secret/flux-shop/werf-key created',
        'WerfBundle/flux-shop/shop created',
      ],
      // All of the dry run: the write itself finds everything.
      warnings: [
        'spec.registry.secretRef.name: Not found: Secret creds does not exist in namespace flux-shop',
        'spec.converge.serviceAccountName: Not found: ServiceAccount werf-converge does not exist in namespace flux-shop-production',
        'spec.converge.werfSecretKeyRef.name: Not found: Secret werf-key does not exist in namespace flux-shop',
        "spec.converge.valuesFrom[0].configMapRef.name: Not found: configMap 'app-config' not found in namespaces 'flux-shop' or 'flux-shop-production'",
        "spec.converge.valuesFrom[1].secretRef.name: Not found: secret 'app-keys' not found in namespaces 'flux-shop' or 'flux-shop-production'",
      ],
    });

    const [shop] = objects;
    if (shop === undefined) throw new Error('there is a bundle');
    const before = await version(shop);
    const unchanged = first.kind === 'applied' ? first.changes.map((line) => line.replace('created', 'unchanged')) : [];
    t.same(
      await reconcileAsFlux(api, objects),
      { kind: 'applied', changes: unchanged, warnings: [] },
      'the next time nothing is to do',
    );
    t.same(await version(shop), before);

    const next = await reconcileAsFlux(api, wholeEnvironment('flux-shop', 'flux-shop-production', 'v1.1.0'));
    t.same(next.kind === 'applied' && next.changes.filter((line) => !line.endsWith('unchanged')), [
      'WerfBundle/flux-shop/shop configured',
    ]);
    t.equal((await version(shop))[0], 2, 'a new tag in git is one new generation');
  },
);

t.test('Flux as a tenant does the same with what the tenant may do', async (t) => {
  const namespaces = ['tenant', 'tenant-production'];
  for (const namespace of namespaces) {
    await must(['create', 'namespace', namespace]);
    await must(['annotate', 'namespace', namespace, 'werf.io/accept-bundles-from=tenant']);
    const subject = ['--clusterrole=admin', '--serviceaccount=tenant:flux'];
    await must(['create', 'rolebinding', 'flux', '-n', namespace, ...subject]);
  }
  await must(['create', 'serviceaccount', 'flux', '-n', 'tenant']);
  const tenant = await fixture.apiAs({ namespace: 'tenant', name: 'flux' });
  const objects = wholeEnvironment('tenant', 'tenant-production').filter(({ kind }) => kind !== 'Namespace');
  const kinds = async (flux: RawApi): Promise<readonly string[]> => {
    const outcome = await reconcileAsFlux(flux, objects);
    return outcome.kind === 'applied' ? outcome.changes.map((line) => line.replace(/^.* /, '')) : [outcome.message];
  };
  t.same(
    await kinds(tenant),
    objects.map(() => 'created'),
  );
  t.same(
    await kinds(tenant),
    objects.map(() => 'unchanged'),
  );
});

t.test(
  "what is wrong in itself stops the stage in Flux's dry run already, with everything in one message",
  async (t) => {
    const objects = [
      configMap('ops', 'flux-fine', 'a: 1\n'),
      bundle('flux-wrong', {
        registry: { url: 'https://ghcr.io/acme/app', pollInterval: '15' },
        converge: { valuesFrom: [{ configMapRef: { name: 'flux-fine' } }] },
      }),
    ];
    t.same(await reconcileAsFlux(api, objects), {
      kind: 'refused',
      message:
        'WerfBundle/ops/flux-wrong dry-run failed (Invalid): admission webhook "mutate.werfbundles.werf.io" denied the request: WerfBundle.werf.io "flux-wrong" is invalid: [spec.registry.url: Invalid value: "https://ghcr.io/acme/app": a repository without scheme is needed; did you mean "ghcr.io/acme/app"?, spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"]',
    });
    t.equal((await api.get(objects[0] as Manifest)).status, 404, 'nothing of the stage was written');

    await must(['create', 'configmap', 'flux-broken', '-n', 'ops', '--from-literal=values.yaml=a: b: c']);
    const broken = bundle('flux-broken', {
      registry: REGISTRY,
      converge: { valuesFrom: [{ configMapRef: { name: 'flux-broken' } }] },
    });
    t.match(
      await reconcileAsFlux(api, [broken]),
      {
        kind: 'refused',
        message:
          /spec\.converge\.valuesFrom\[0\]\.configMapRef\.name: .*key "values\.yaml" of ConfigMap ops\/flux-broken .* line 1, column /,
      },
      'so does what exists and is broken',
    );
  },
);

t.test(
  'a commit that adds keys and refers to them passes the dry run, in which the keys are not there yet',
  async (t) => {
    const keyed = (key: string): readonly Manifest[] => {
      const valuesFrom = [{ configMapRef: { name: 'keyed' }, key }];
      const converge = { valuesFrom, werfSecretKeyRef: { name: 'keyed', key } };
      return [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'keyed', namespace: 'ops' },
          data: { [key]: 'a: 1\n' },
        },
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'keyed', namespace: 'ops' },
          data: { [key]: Buffer.from(canary('key')).toString('base64') },
        },
        bundle('keyed', { registry: REGISTRY, converge }),
      ];
    };
    t.match(await reconcileAsFlux(api, keyed('old.yaml')), { kind: 'applied' });
    t.same(await reconcileAsFlux(api, keyed('new.yaml')), {
      kind: 'applied',
      changes: ['ConfigMap/ops/keyed configured', 'Secret/ops/keyed configured', 'WerfBundle/ops/keyed configured'],
      warnings: [
        'spec.converge.werfSecretKeyRef.name: Invalid value: "keyed": Secret keyed in namespace ops has no key new.yaml, or it is empty',
        'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "keyed": ConfigMap ops/keyed has no key "new.yaml"; it has "old.yaml"',
      ],
    });
    const typo = { valuesFrom: [{ configMapRef: { name: 'keyed' }, key: 'nwe.yaml' }] };
    t.match(
      await reconcileAsFlux(api, [bundle('keyed', { registry: REGISTRY, converge: typo })]),
      { kind: 'refused', message: /apply failed: .*has no key "nwe\.yaml"; it has "new\.yaml"$/ },
      'a key that does not come is refused when it is applied',
    );
  },
);

t.test('Argo CD applies from the client, and finds live to be what git says', async (t) => {
  const tracked = { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:werf.io/WerfBundle:ops/argo' } };
  const argo = bundle('argo', { registry: REGISTRY, converge: { values: { replicas: 2 } } }, tracked);
  t.equal(await must(['apply', '-f', '-'], [argo]), 'werfbundle.werf.io/argo created\n');
  const before = await version(argo);
  t.equal((await kubectl(['diff', '-f', '-'], [argo])).code, 0, 'three-way diff: nothing to do');
  await serverSideDiff(t, argo, 'argocd-controller');

  await api.apply(argo, { manager: 'argocd-controller' });
  t.equal((await version(argo))[0], before[0], 'ServerSideApply=true afterwards changes no field');
  await serverSideDiff(t, argo, 'argocd-controller');
  const synced = await version(argo);
  await api.apply(argo, { manager: 'argocd-controller' });
  t.same(await version(argo), synced, 'and self-heal, again and again, not even the resourceVersion');
});

/** Specs as people write them; each must be stored such that nothing differs from what they wrote. */
const WRITTEN: readonly { readonly title: string; readonly spec: object; readonly filled: object }[] = [
  { title: 'nothing but what is required', spec: { registry: REGISTRY }, filled: {} },
  {
    title: 'maps with nothing in them',
    spec: { registry: REGISTRY, converge: { resourceLimits: {}, driftDetection: {}, values: {} } },
    filled: { values: {} },
  },
  {
    title: 'maps with something in them',
    spec: { registry: REGISTRY, converge: { resourceLimits: { cpu: '2' }, driftDetection: { enabled: true } } },
    filled: {
      resourceLimits: { cpu: '2', memory: '1Gi' },
      driftDetection: { enabled: true, interval: '15m', correct: true, maxRetries: 3 },
    },
  },
  {
    title: 'values that could be written in another way',
    spec: {
      registry: { url: 'oci://ghcr.io/acme/app', tag: 'v1.0.0', pollInterval: '60m' },
      converge: { timeout: '90s', resourceLimits: { cpu: 1, memory: '1024Mi' } },
    },
    filled: { timeout: '90s', resourceLimits: { cpu: 1, memory: '1024Mi' } },
  },
  {
    title: 'defaults that are written out',
    spec: { registry: { ...REGISTRY, pollInterval: '15m', insecure: false }, converge: { retries: 0 }, suspend: false },
    filled: {},
  },
  {
    title: 'items of a list, in which nothing is filled in',
    spec: {
      registry: REGISTRY,
      converge: {
        valuesFrom: [{ configMapRef: { name: 'written' } }, { secretRef: { name: 'nope' }, optional: true }],
      },
    },
    filled: { valuesFrom: [{ configMapRef: { name: 'written' } }, { secretRef: { name: 'nope' }, optional: true }] },
  },
];
const DEFAULTS = {
  resourceLimits: { cpu: '1', memory: '1Gi' },
  logRetentionDays: 7,
  timeout: '30m',
  retries: 0,
  rollbackOnFailure: false,
  plan: 'Never',
  deletions: 'Allow',
  onFailure: 'Stay',
  driftDetection: { enabled: false, interval: '15m', correct: true, maxRetries: 3 },
};

t.test('drift from defaults: none, however a spec is written and applied', async (t) => {
  await must(['create', 'configmap', 'written', '-n', 'ops', '--from-literal=values.yaml=a: 1']);
  const byClient = WRITTEN.map(({ spec }, index) => bundle(`written-by-client-${index}`, spec));
  await must(['apply', '-f', '-'], byClient);
  const told = byClient.map(({ metadata: { name } }) => `werfbundle.werf.io/${name} unchanged\n`).join('');
  t.equal(await must(['apply', '-f', '-'], byClient), told, 'kubectl apply again');
  t.equal((await kubectl(['diff', '-f', '-'], byClient)).code, 0, 'kubectl diff');
  for (const [index, { title, spec, filled }] of WRITTEN.entries()) {
    const server = bundle(`written-by-server-${index}`, spec);
    await api.apply(server, { manager: 'kustomize-controller' });
    for (const object of [server, byClient[index] ?? server]) {
      t.same(valueAt(await stored(object), 'spec', 'converge'), { ...DEFAULTS, ...filled }, `${title}: stored`);
      await serverSideDiff(t, object, 'kustomize-controller');
    }
    t.same(
      owned(await api.get(server)),
      { 'kustomize-controller': fieldsOf(spec) },
      `${title}: the tool owns what it wrote, and nobody the defaults`,
    );
  }
});

t.test('a null among the values, which takes away a default of the chart, survives server-side apply', async (t) => {
  const values = { a: null, list: [{ b: null }, {}], empty: {} };
  const object = bundle('nulls', { registry: REGISTRY, converge: { values } });
  await api.apply(object, { manager: 'kustomize-controller' });
  t.same(valueAt(await stored(object), 'spec', 'converge', 'values'), values);
  await serverSideDiff(t, object, 'kustomize-controller');
  t.equal(
    (await kubectl(['diff', '--server-side', '--field-manager=kustomize-controller', '-f', '-'], [object])).code,
    0,
  );
});

t.test('every way in which kubectl writes', async (t) => {
  const name = 'by-hand';
  const object = bundle(name, { registry: REGISTRY });
  const other = bundle(name, { registry: { ...REGISTRY, tag: 'v1.0.1' } });
  const generation = async () => (await version(object))[0];
  const wb = ['wb', name, '-n', 'ops'];
  const patch = (type: string, body: unknown, ...rest: readonly string[]) => [
    'patch',
    ...wb,
    `--type=${type}`,
    '-p',
    JSON.stringify(body),
    ...rest,
  ];
  const steps: readonly {
    readonly args: readonly string[];
    readonly input?: readonly object[];
    readonly says: string;
    readonly generation: number | undefined;
  }[] = [
    {
      args: ['create', '-f', '-', '--dry-run=server'],
      input: [object],
      says: 'created (server dry run)',
      generation: undefined,
    },
    { args: ['create', '-f', '-'], input: [object], says: 'created', generation: 1 },
    { args: ['replace', '-f', '-'], input: [object], says: 'replaced', generation: 1 },
    { args: ['apply', '--server-side', '-f', '-'], input: [object], says: 'serverside-applied', generation: 1 },
    {
      args: ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      input: [other],
      says: 'serverside-applied',
      generation: 2,
    },
    { args: ['replace', '-f', '-'], input: [object], says: 'replaced', generation: 3 },
    { args: patch('merge', { spec: { registry: { tag: 'v1.0.2' } } }), says: 'patched', generation: 4 },
    { args: patch('merge', { spec: { registry: { tag: 'v1.0.2' } } }), says: 'patched (no change)', generation: 4 },
    {
      args: patch('json', [{ op: 'replace', path: '/spec/registry/tag', value: 'v1.0.3' }]),
      says: 'patched',
      generation: 5,
    },
    {
      args: patch('json', [{ op: 'remove', path: '/spec/converge/timeout' }]),
      says: 'patched (no change)',
      generation: 5,
    },
    { args: patch('merge', { spec: { converge: null } }), says: 'patched (no change)', generation: 5 },
    {
      args: patch('merge', { spec: { suspend: true } }, '--dry-run=server'),
      says: 'patched',
      generation: 5,
    },
    { args: ['label', ...wb, 'team=a'], says: 'labeled', generation: 5 },
    { args: patch('merge', { status: { phase: 'Syncing' } }, '--subresource=status'), says: 'patched', generation: 5 },
    { args: ['delete', ...wb, '--dry-run=server'], says: 'deleted (server dry run)', generation: 5 },
  ];
  for (const { args, input, says, generation: wanted } of steps) {
    const { code, stdout, stderr } = await kubectl(args, input);
    // kubectl says since 1.35 from which namespace it deletes.
    const said = stdout
      .trim()
      .replace(/^.*?by-hand"? /, '')
      .replace('from ops namespace ', '');
    t.same([code, said, withoutAccountWarning(stderr)], [0, says, ''], args.join(' '));
    t.equal(await generation(), wanted, 'generation');
  }
  const refused = await kubectl(patch('json', [{ op: 'replace', path: '/spec/converge/retries', value: 11 }]));
  t.equal(
    refused.stderr,
    'The WerfBundle "by-hand" is invalid: spec.converge.retries: Invalid value: 11: must be less than or equal to 10\n',
  );
  t.match(await must(['delete', ...wb]), 'deleted');
});

t.test('kubectl create with generateName, and a refusal that names it', async (t) => {
  const generated = (spec: object) => ({
    ...bundle('', spec),
    metadata: { generateName: 'preview-', namespace: 'ops' },
  });
  t.match(
    await must(['create', '-f', '-'], [generated({ registry: REGISTRY })]),
    /^werfbundle\.werf\.io\/preview-[a-z0-9]{5} created\n$/,
  );
  const refused = await kubectl(['create', '-f', '-'], [generated({ registry: { ...REGISTRY, pollInterval: '30s' } })]);
  t.equal(refused.code, 1);
  t.match(
    withoutAccountWarning(refused.stderr),
    /^The WerfBundle "preview-" is invalid: spec\.registry\.pollInterval: Invalid value: "30s": /,
  );
});

t.test('kubectl edit: a change is stored, and a mistake comes back into the editor with its cause', async (t) => {
  const object = bundle('edited', { registry: REGISTRY });
  await must(['apply', '-f', '-'], [object]);
  t.match(await edited("sed -i 's/tag: v1.0.0/tag: v2.0.0/'"), { code: 0, text: 'werfbundle.werf.io/edited edited\n' });
  t.equal((await version(object))[0], 2);
  t.match(await edited('true'), { code: 0, text: 'Edit cancelled, no changes made.\n' });

  const seen = join(fixture.cluster.dir, 'seen');
  const editor = join(fixture.cluster.dir, 'editor');
  await writeFile(editor, `#!/bin/sh\ncat "$1" >>${seen}\nsed -i 's/retries: 0/retries: 11/' "$1"\n`);
  await chmod(editor, 0o700);
  t.match(await edited(editor), { code: 1, text: /werfbundles\.werf\.io "edited" is invalid/ });
  t.match(
    await readFile(seen, 'utf8'),
    '# * spec.converge.retries: Invalid value: 11: must be less than or equal to 10',
  );
  t.equal((await version(object))[0], 2, 'nothing was stored');
});

const edited = async (editor: string): Promise<{ readonly code: number; readonly text: string }> => {
  const { kubectl } = await binariesOfThisRun();
  const { dir, kubeconfig } = fixture.cluster;
  const env = { PATH: process.env['PATH'], HOME: dir, TMPDIR: dir, KUBECONFIG: kubeconfig, KUBE_EDITOR: editor };
  return await new Promise((resolve) => {
    execFile(kubectl, ['edit', 'wb', 'edited', '-n', 'ops'], { env, cwd: dir }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), text: stderr + stdout });
    });
  });
};

t.test('200 bundles in one go, and again: all are there, and nothing changes', async (t) => {
  await must(['create', 'namespace', 'many']);
  const many = Array.from({ length: 200 }, (_, index) =>
    bundle(`app-${index}`, { registry: REGISTRY }, { namespace: 'many' }),
  );
  const versions = async (): Promise<readonly unknown[]> => {
    const { body } = await api.call({ method: 'GET', path: '/apis/werf.io/v1alpha1/namespaces/many/werfbundles' });
    const items = Array.isArray(body['items']) ? body['items'] : [];
    return items.map((item) => [valueAt(item, 'metadata', 'name'), valueAt(item, 'metadata', 'resourceVersion')]);
  };
  const applied = many.map(({ metadata: { name } }) => `werfbundle.werf.io/${name} serverside-applied\n`).join('');
  t.equal(await must(['apply', '--server-side', '-f', '-'], many), applied);
  const before = await versions();
  t.equal(before.length, 200);
  const again = await reconcileAsFlux(api, many);
  t.same(again.kind === 'applied' && again.changes.filter((line) => !line.endsWith(' unchanged')), []);
  t.same(await versions(), before);
});

t.test(
  "the operator's own manifests in git: Flux and kubectl find nothing to put right in what the webhook has written",
  async (t) => {
    await webhook.stop();
    const file = join(import.meta.dirname, '..', '..', 'manifests', 'webhook', 'configurations.yaml');
    const configurations = parseAllDocuments(await readFile(file, 'utf8')).map(
      (document) => document.toJS() as Manifest,
    );
    t.match(await reconcileAsFlux(api, configurations), { kind: 'applied' });
    await fixture.startWebhook({ behindService: true });
    const bundles = await Promise.all(
      configurations.map(async (object) => valueAt((await api.get(object)).body, 'webhooks', 0, 'clientConfig')),
    );
    for (const clientConfig of bundles)
      t.match(clientConfig, { caBundle: /^LS0t/, service: { name: 'werfbundle-webhook' } });
    t.same(await reconcileAsFlux(api, configurations), {
      kind: 'applied',
      changes: [
        'MutatingWebhookConfiguration/werfbundle-mutating unchanged',
        'ValidatingWebhookConfiguration/werfbundle-validating unchanged',
      ],
      warnings: [],
    });
    t.equal((await kubectl(['diff', '-f', file])).code, 0);
  },
);
