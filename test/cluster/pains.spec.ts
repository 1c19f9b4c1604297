import { join } from 'node:path';
import t from 'tap';
import { isMap } from '../../api/json-map.js';
import { issueAuthority, issueLeafUntil } from '../../certs/issue.js';
import { canary } from '../kit/canary.js';
import { documentedUninstall } from '../kit/documented-uninstall.js';
import { eventually } from '../kit/eventually.js';
import type { Manifest, RawAnswer } from '../kit/raw-api.js';
import { anyFreePort, startReplicas } from '../kit/replicas.js';
import { startSlowFront } from '../kit/slow-front.js';
import { bundle, startWebhookFixture } from '../kit/webhook-fixture.js';
import type { WebhookProgram } from '../kit/webhook-program.js';

// What users of other admission webhooks suffer from, and what happens here instead. Two of the ten pains are shown in gitops.spec.ts:
// existence checks that break the order of GitOps tools, and drift from defaults.

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATOR = 'k8s-werf-operator-go-system';
const REGISTRY = { url: 'ghcr.io/acme/app', tag: 'v1.0.0' };

const fixture = await startWebhookFixture(t);
const { api, kubectl, must, cluster } = fixture;
const front = await startSlowFront(t, cluster.controlPlane);
const replicas = await startReplicas(t, fixture, { server: front.server, flags: ['--guard-values'] });

const isDone = ({ status }: RawAnswer): boolean => status < 300;
const merge = (object: Manifest, body: object): Promise<RawAnswer> => api.merge(object, body);
const plain = (name: string, metadata: Partial<Manifest['metadata']> = {}) =>
  bundle(name, { registry: REGISTRY }, metadata);
/** Admission works, as soon as the apiserver has seen the webhook configurations. */
const admitting = () => eventually(() => api.create(plain('probe'), { dryRun: 'All' }), isDone);

let replica = await replicas.start();
t.ok(isDone(await admitting()));

t.test('ready before it can serve: a webhook that says "ready" can be called at once', async (t) => {
  const lone = plain('ready');
  await api.create(lone);
  t.equal(await replicas.stop(replica), 0);
  t.notOk(isDone(await merge(lone, { metadata: { annotations: { at: 'before' } } })), 'nobody answers');
  const port = await anyFreePort();
  const readyz = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      async (answer) => `${answer.status} ${await answer.text()}`,
      () => 'nobody listens',
    );
  const starting = replicas.start({ flags: ['--health-address', `127.0.0.1:${port}`] });
  const seen: string[] = [];
  const last = await eventually(readyz, (state) => seen.push(state) > 0 && state.startsWith('200'), 60_000);
  t.same(
    [...new Set(seen)].filter((state) => !['nobody listens', '503 starting\n'].includes(state)),
    [last],
  );
  replica = await starting;
  await replicas.ready(1);
  t.match(await merge(lone, { metadata: { annotations: { at: 'ready' } } }), { status: 200 });
});

t.test(
  'failed calls during a rollout: two replicas are replaced under continuous writes, and none fails',
  async (t) => {
    const patient = () => replicas.start({ flags: ['--shutdown-delay', '2s'] });
    const old = await Promise.all([patient(), patient()]);
    await replicas.ready(3);
    await replicas.stop(replica);
    const objects = [1, 2, 3, 4].map((writer) => plain(`rollout-${writer}`));
    for (const object of objects) await api.create(object);
    const turnedAway = [...replicas.turnedAway];
    let writing = true;
    const count = { writes: 0 };
    const failures: unknown[] = [];
    const writers = objects.map(async (object) => {
      while (writing) {
        // Each write changes the spec, so that everything is judged.
        const answer = await merge(object, { spec: { converge: { values: { count: count.writes } } } });
        count.writes += 1;
        if (!isDone(answer)) failures.push(answer.body['message']);
      }
    });
    const young: WebhookProgram[] = [];
    for (const one of old) {
      // As a Deployment does it: the new one is ready before an old one goes.
      young.push(await replicas.start());
      await replicas.ready(3);
      t.equal(await replicas.stop(one), 0);
    }
    writing = false;
    await Promise.all(writers);
    t.same(failures, [], `of ${count.writes} writes`);
    t.ok(count.writes > 20, `${count.writes} writes`);
    t.same(replicas.turnedAway, turnedAway, 'and no call was turned away');
    const [kept = replica, other = replica] = young;
    await replicas.stop(other);
    replica = kept;
  },
);

t.test(
  'finalizers of terminating objects: nothing that is missing, wrong or not granted keeps one from being deleted',
  async (t) => {
    await must(['create', 'namespace', 'going-production']);
    await must(['annotate', 'namespace', 'going-production', 'werf.io/accept-bundles-from=ops']);
    await must(['create', 'serviceaccount', 'werf-converge', '-n', 'going-production']);
    await must(['create', 'configmap', 'going', '-n', 'ops', '--from-literal=values.yaml=a: 1']);
    await must([
      'create',
      'secret',
      'generic',
      'going',
      '-n',
      'ops',
      `--from-literal=values.yaml=b: ${canary('going')}`,
    ]);
    const valuesFrom = [{ configMapRef: { name: 'going' } }, { secretRef: { name: 'going' } }];
    const converge = { targetNamespace: 'going-production', serviceAccountName: 'werf-converge', valuesFrom };
    const names = ['merge', 'json', 'replace', 'apply'].map((way) => `going-by-${way}`);
    const objects = names.map((name) =>
      bundle(name, { registry: REGISTRY, converge }, { finalizers: ['werf.io/test'] }),
    );
    for (const object of objects)
      t.match(await api.apply(object, { manager: 'kustomize-controller' }), { status: 201 });
    await must(['delete', 'wb', '-n', 'ops', '--wait=false', ...names]);
    await must(['delete', 'namespace', 'going-production', '--wait=false']);
    await must(['delete', 'configmap/going', 'secret/going', '-n', 'ops']);
    // May change bundles, and nothing that these bundles do.
    await must(['create', 'serviceaccount', 'tidy', '-n', 'ops']);
    await must([
      'create',
      'rolebinding',
      'tidy',
      '-n',
      'ops',
      '--clusterrole=werfbundle-editor',
      '--serviceaccount=ops:tidy',
    ]);
    const status = ['--clusterrole=werfbundle-status-editor', '--serviceaccount=ops:tidy'];
    await must(['create', 'rolebinding', 'tidy-status', '-n', 'ops', ...status]);
    const cleaned = await fixture.apiAs({ namespace: 'ops', name: 'tidy' });
    const [byMerge, byJson, byReplace, byApply] = objects;
    if (!byMerge || !byJson || !byReplace || !byApply) throw new Error('there are four');
    t.match(await cleaned.merge(byMerge, { status: { phase: 'Syncing' } }, 'status'), { status: 200 }, 'a status');
    t.match(
      await cleaned.merge(byMerge, { metadata: { annotations: { 'werf.io/dismiss-required': 'false' } } }),
      { status: 200 },
      'an annotation',
    );
    t.match(await cleaned.merge(byMerge, { metadata: { finalizers: null } }), { status: 200 });
    t.match(await cleaned.json(byJson, [{ op: 'remove', path: '/metadata/finalizers' }]), { status: 200 });
    const { body } = await cleaned.get(byReplace);
    t.match(
      await cleaned.replace(byReplace, {
        ...body,
        metadata: { ...(isMap(body['metadata']) && body['metadata']), finalizers: [] },
      }),
      { status: 200 },
    );
    const { finalizers: _, ...kept } = byApply.metadata;
    t.match(await api.apply({ ...byApply, metadata: kept }, { manager: 'kustomize-controller' }), { status: 200 });
    for (const object of objects) t.match(await api.get(object), { status: 404 }, `${object.metadata.name} is gone`);
  },
);

t.test(
  'look-ups throttled past the deadline: 64 sources at once, a slow apiserver, one that throttles, one that is silent',
  async (t) => {
    const names = Array.from({ length: 64 }, (_, index) => `source-${index}`);
    await Promise.all(
      names.map((name) =>
        api.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace: 'ops' },
          data: { 'values.yaml': 'a: 1\n' },
        }),
      ),
    );
    const object = bundle('sources', {
      registry: REGISTRY,
      converge: { valuesFrom: names.map((name) => ({ configMapRef: { name } })) },
    });
    const attempt = () => api.create(object, { dryRun: 'All' });
    const isSource = ({ path }: { readonly path: string }): boolean => path.includes('/configmaps/source-');
    const sources = () => front.asked.filter(isSource).length;

    const before = sources();
    front.treat((asked) => (isSource(asked) ? { kind: 'delay', ms: 100 } : { kind: 'pass' }));
    t.match(
      await attempt(),
      { status: 201, warnings: [] },
      'each takes 100 ms more: 64 of them one after the other would take 6.4 s',
    );
    t.equal(sources() - before, 64, 'each is asked for once');

    front.treat((asked) => (asked.path.endsWith('/source-7') ? { kind: 'answer', status: 429 } : { kind: 'pass' }));
    t.match(
      (await attempt()).body['message'],
      /denied the request: WerfBundle\.werf\.io "sources" is invalid: spec\.converge\.valuesFrom\[7\]\.configMapRef\.name: Internal error: ConfigMap source-7 could not be checked: .*too many requests/,
      'throttled is not missing',
    );

    await timeoutSeconds(2);
    front.treat((asked) =>
      isSource(asked) || asked.path.includes('subjectaccessreviews') ? { kind: 'delay', ms: 5_000 } : { kind: 'pass' },
    );
    const silent = await eventually(attempt, ({ body }) => String(body['message']).includes('within 500ms'), 30_000);
    t.match(
      silent.body['message'],
      /denied the request: .*user "\S+" may create jobs\.batch in namespace "ops" could not be checked: no answer within 500ms/,
      'a silent apiserver: the answer comes within the two seconds, and says what it could not find out',
    );
    front.treat(() => ({ kind: 'pass' }));
    await timeoutSeconds(10);
  },
);

const timeoutSeconds = async (seconds: number): Promise<void> => {
  const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/0/timeoutSeconds', value: seconds }]);
  await must(['patch', 'validatingwebhookconfiguration', 'werfbundle-validating', '--type=json', '-p', patch]);
};

t.test('all Secrets of the cluster in memory: only those that a bundle names are ever read', async (t) => {
  const names = Array.from({ length: 2_000 }, (_, index) => `many-${index}`);
  await must(['create', 'namespace', 'many']);
  const data = { 'values.yaml': Buffer.from(`a: ${canary('many')}`).toString('base64') };
  const secrets = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'many' },
    data,
  }));
  t.ok((await Promise.all(secrets.map((secret) => api.create(secret)))).every(isDone));
  const valuesFrom = names.slice(0, 20).map((name) => ({ secretRef: { name } }));
  const object = bundle('many', { registry: REGISTRY, converge: { valuesFrom } }, { namespace: 'many' });
  const before = front.asked.length;
  t.match(await api.create(object), { status: 201, warnings: [] });
  const reads = front.asked.slice(before).filter(({ path }) => path.includes('/secrets'));
  const wanted = names.slice(0, 20).map((name) => ({ method: 'GET', path: `/api/v1/namespaces/many/secrets/${name}` }));
  t.same(reads.toSorted(byPath), wanted.toSorted(byPath), 'each is asked for by its name, once');
  const lists = front.asked.filter(({ method, path }) => method === 'GET' && /\/(secrets|configmaps)(\?|$)/.test(path));
  t.same(lists, [], 'since the spec began, nobody has asked for a list of them');
  const account = `--as=system:serviceaccount:${OPERATOR}:werfbundle-webhook`;
  const rights = await must(['auth', 'can-i', '--list', account]);
  t.match(rights, /^secrets +\[\] +\[\] +\[get\]$/m, 'nor may the webhook list or watch them');
  t.match(rights, /^configmaps +\[\] +\[\] +\[get\]$/m);
});

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number => (a.path < b.path ? -1 : 1);

t.test('causes by field: a refusal is a Status with a cause for each', async (t) => {
  const wrong = bundle('causes', {
    registry: { url: 'ghcr.io/acme/app:v1', pollInterval: '15', secretRef: { name: 'nope' } },
    converge: { retries: 11, valuesFrom: [{ configMapRef: { name: 'nope' } }] },
  });
  const { status, body } = await api.create(wrong);
  t.equal(status, 422);
  const causes = [
    {
      reason: 'FieldValueInvalid',
      field: 'spec.registry.url',
      message:
        'Invalid value: "ghcr.io/acme/app:v1": a repository without tag is needed; did you mean "ghcr.io/acme/app" with spec.registry.tag "v1"?',
    },
    {
      reason: 'FieldValueNotFound',
      field: 'spec.registry.secretRef.name',
      message: 'Not found: Secret nope does not exist in namespace ops',
    },
    {
      reason: 'FieldValueInvalid',
      field: 'spec.registry.pollInterval',
      message: 'Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
    },
    {
      reason: 'FieldValueInvalid',
      field: 'spec.converge.retries',
      message: 'Invalid value: 11: must be less than or equal to 10',
    },
    {
      reason: 'FieldValueNotFound',
      field: 'spec.converge.valuesFrom[0].configMapRef.name',
      message: "Not found: failed to get ConfigMap 'nope' from namespace 'ops'",
    },
  ];
  t.same(body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Invalid',
    code: 422,
    message: `admission webhook "mutate.werfbundles.werf.io" denied the request: WerfBundle.werf.io "causes" is invalid: [${causes.map(({ field, message }) => `${field}: ${message}`).join(', ')}]`,
    details: { name: 'causes', group: 'werf.io', kind: 'WerfBundle', causes },
  });
});

t.test('dry run: supported by every webhook, in every way of writing, and nothing is left of it', async (t) => {
  await must(['apply', '-f', join(ROOT, 'manifests/webhook/values-guard/configuration.yaml')]);
  const kinds = 'mutatingwebhookconfigurations,validatingwebhookconfigurations';
  t.equal(await must(['get', kinds, '-o', 'jsonpath={.items[*].webhooks[*].sideEffects}']), 'None None None None None');
  const object = plain('dry', { labels: { a: 'b' } });
  t.match(await api.create(object, { dryRun: 'All' }), { status: 201 });
  t.match(await api.apply(object, { manager: 'argocd-controller', dryRun: true }), { status: 201 });
  t.match(await api.get(object), { status: 404 });
  await api.create(object);
  const stored = (await api.get(object)).body;
  const changed = { ...object, spec: { registry: { ...REGISTRY, tag: 'v2' } } };
  for (const args of [
    ['apply', '-f', '-'],
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    ['replace', '-f', '-'],
    ['patch', 'wb', 'dry', '-n', 'ops', '--type=merge', '-p', '{"spec":{"suspend":true}}'],
    ['delete', 'wb', 'dry', '-n', 'ops'],
  ]) {
    t.match(
      await kubectl([...args, '--dry-run=server'], args.includes('-f') ? [changed] : []),
      { code: 0 },
      args.join(' '),
    );
  }
  t.same((await api.get(object)).body, stored);
});

t.test(
  'expired or mismatched certificates: put into the Secret by a restored backup, they are never served',
  async (t) => {
    const object = plain('certificates');
    await api.create(object);
    const secret: Manifest = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'werfbundle-webhook-certificates', namespace: OPERATOR },
    };
    const authority = await issueAuthority(Date.now() - 20 * 86_400_000);
    const names = ['127.0.0.1', `werfbundle-webhook.${OPERATOR}.svc`];
    const [expired, other] = await Promise.all(
      [-1, 1].map((days) =>
        issueLeafUntil({ authority, names, now: Date.now() - 10 * 86_400_000, until: Date.now() + days * 86_400_000 }),
      ),
    );
    if (expired === undefined || other === undefined) throw new Error('there are two');
    const backups = [
      { title: 'expired', certificate: expired.certificate, key: expired.key },
      { title: 'a key that does not fit', certificate: other.certificate, key: expired.key },
    ];
    for (const { title, certificate, key } of backups) {
      const data = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority.certificate, 'ca.key': authority.key };
      await merge(secret, {
        data: Object.fromEntries(
          Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
        ),
      });
      t.match(
        await merge(object, { metadata: { annotations: { at: title } } }),
        { status: 200 },
        `${title}: the old pair is served`,
      );
      t.equal(await replicas.stop(replica), 0);
      replica = await replicas.start();
      t.ok(isDone(await admitting()), `${title}: and the next start makes a new one`);
    }
  },
);

t.test('an outage of a webhook that fails closed: bundles wait, and nothing else does', async (t) => {
  const [object, going] = [plain('outage'), plain('outage-going', { finalizers: ['werf.io/test'] })];
  for (const one of [object, going, plain('outage-free')]) await api.create(one);
  await must(['create', 'configmap', 'outage', '-n', 'ops', '--from-literal=values.yaml=a: 1']);
  await must(['label', 'configmap', 'outage', '-n', 'ops', 'werf.io/values=true']);
  await must(['create', 'namespace', 'outage']);
  await must(['create', 'configmap', 'values', '-n', 'outage', '--from-literal=values.yaml=a: 1']);
  const valuesFrom = [{ configMapRef: { name: 'values' } }];
  await api.create(bundle('inside', { registry: REGISTRY, converge: { valuesFrom } }, { namespace: 'outage' }));
  t.equal(await replicas.stop(replica), 0);

  const refused = await kubectl(['annotate', 'wb', 'outage', '-n', 'ops', 'a=b']);
  t.equal(refused.code, 1);
  const said = `Error from server (InternalError): Internal error occurred: failed calling webhook "mutate.werfbundles.werf.io": failed to call webhook: Post "${replicas.url}/mutate?timeout=10s": `;
  t.equal(
    refused.stderr.slice(0, said.length),
    said,
    'kubectl says which webhook could not be called, and how it ended',
  );
  const patch = (...args: readonly string[]) => must(['patch', ...args]);
  t.match(
    await patch(
      'wb',
      'outage',
      '-n',
      'ops',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Synced"}}',
    ),
    'patched',
    'the controller goes on: a status',
  );
  t.match(
    await patch('configmap', 'outage', '-n', 'ops', '--type=merge', '-p', '{"data":{"values.yaml":"a: 2"}}'),
    'patched',
    'a guarded source of values',
  );
  t.match(await must(['create', 'secret', 'generic', 'outage', '-n', OPERATOR]), 'created', 'any other kind');
  t.match(await must(['delete', 'wb', 'outage-free', '-n', 'ops']), 'deleted', 'a bundle may go');
  t.match(
    await must(['delete', 'namespace', 'outage', '--timeout=30s']),
    'deleted',
    'a namespace with a bundle and what it refers to, too, in whatever order',
  );
  t.match(await must(['get', 'wb', '-n', 'ops']), 'outage');
  await must(['delete', 'wb', 'outage-going', '-n', 'ops', '--wait=false']);
  t.ok(isDone(await merge(going, { metadata: { finalizers: null } })), 'it loses its finalizer, and goes');

  t.match(await api.get(going), { status: 404 });
  t.match(await must(['label', 'wb', 'outage', '-n', 'ops', 'a=b']), 'labeled', 'nor does a label need to be judged');

  replica = await replicas.start();
  const judged = () => merge(object, { metadata: { annotations: { a: 'b' } } });
  t.ok(isDone(await eventually(judged, isDone)), 'until a webhook is back, and nobody has to do anything for it');
});

t.test(
  'webhook configurations left behind: the documented way of uninstalling leaves nothing that blocks',
  async (t) => {
    const commands = await documentedUninstall();
    t.ok(commands.length >= 3, 'the README has the commands');
    await api.create(plain('orphan'));
    await api.create(plain('taken-along', { namespace: OPERATOR }));
    const left = async (): Promise<string> =>
      (await must(['get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '-o', 'name'])).trim();
    const [last] = commands.slice(-1);
    for (const command of commands.slice(0, -1))
      t.match(await kubectl([...command, '--timeout=60s']), { code: 0 }, `kubectl ${command.join(' ')}`);
    t.equal(await left(), '', "no webhook configuration is left, the guard's included");
    t.match(await kubectl(['get', 'namespace', OPERATOR]), { code: 1, stderr: /not found/ });
    await replica.stop();
    t.equal(await left(), '', 'nor does the webhook bring one back');
    t.match(
      await merge(plain('orphan'), { metadata: { labels: { a: 'b' } } }),
      { status: 200 },
      'other bundles are there, and can be changed',
    );
    t.match(await kubectl([...(last ?? []), '--timeout=60s']), { code: 0 }, `kubectl ${last?.join(' ')}`);
    t.match((await kubectl(['get', 'crd', 'werfbundles.werf.io'])).stderr, /not found/, 'until the CRD goes');
  },
);
