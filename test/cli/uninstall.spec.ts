import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { FINALIZER } from '../../api/finalizer.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { CLUSTER_ROLE_BINDINGS, DEFINITIONS, DEPLOYMENTS } from '../../cli/diagnosis/operator-kinds.js';
import { type UninstallOptions, uninstall } from '../../cli/uninstall/command.js';
import type { Found, Item } from '../../cli/uninstall/found.js';
import { OPERATOR_KINDS } from '../../cli/uninstall/kinds.js';
import { planOf } from '../../cli/uninstall/plan.js';
import { nameOf, planText } from '../../cli/uninstall/words.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { JOBS, LEASES, NAMESPACES, PODS, SECRETS, VALIDATING_WEBHOOKS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, iso, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const ROOT = join(import.meta.dirname, '..', '..');
const SYSTEM = 'k8s-werf-operator-go-system';
const typeOf = (kind: string): ResourceType => {
  const found = OPERATOR_KINDS.flatMap(({ types }) => types).find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found;
};
const item = (type: ResourceType, name: string, metadata: object = {}): Item => ({
  type,
  metadata: {
    name,
    ...(type.namespaced && { namespace: SYSTEM }),
    uid: `${type.plural}-${name}`,
    resourceVersion: '1',
    ...metadata,
  },
});
const bundleOf = (name: string, more: { readonly policy?: 'Dismiss'; readonly metadata?: object } = {}): StoredBundle =>
  bundle(undefined, {
    metadata: { name, namespace: 'ops', uid: name, ...more.metadata },
    ...(more.policy && { spec: { deletionPolicy: more.policy } }),
  });
const HELD = { finalizers: [FINALIZER, 'other.io/x'] };
const GOING = { ...HELD, deletionTimestamp: iso(0) };

const FOUND: Found = {
  operator: [
    item(SECRETS, 'werfbundle-webhook-certificates'),
    item(typeOf('Deployment'), 'werfbundle-controller'),
    item(VALIDATING_WEBHOOKS, 'werfbundle-validating'),
    item(typeOf('Role'), 'werfbundle-controller'),
  ],
  bundles: [bundleOf('plain'), bundleOf('held', { metadata: HELD })],
  work: [item(JOBS, 'held-1', { namespace: 'ops' })],
  crd: item(DEFINITIONS, 'werfbundles.werf.io'),
  namespaces: [{ item: item(NAMESPACES, SYSTEM), foreign: [] }],
  isControllerAlive: false,
  unreadable: [],
};

const namesOf = (found: Partial<Found>, crd: boolean) => {
  const { notes, ...plan } = planOf({ ...FOUND, ...found }, { crd });
  const bundles = (of: readonly StoredBundle[]) => of.map(({ metadata }) => metadata.name);
  return {
    dismissals: bundles(plan.dismissals),
    released: bundles(plan.released),
    order: [
      ...[...plan.webhooks, ...plan.processes],
      ...[...plan.rest, ...plan.work, ...(plan.crd === undefined ? [] : [plan.crd]), ...plan.namespaces],
    ].map(nameOf),
    notes,
  };
};

t.test('every kind of object that the manifests install is looked for', (t) => {
  const known = OPERATOR_KINDS.flatMap(({ types }) => types.map(({ kind }) => kind));
  const folders = [
    'admission-policy',
    'certs',
    'controller',
    'default',
    'monitoring',
    'network-policies',
    'rbac',
    'receiver',
    'webhook',
  ];
  const texts = folders.flatMap((folder) => {
    const path = join(ROOT, 'manifests', folder);
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
    return files.map((file) => readFileSync(join(path, file), 'utf8'));
  });
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
  const installed = objects.filter(
    (object) => object?.metadata?.labels?.['app.kubernetes.io/part-of'] === 'werfbundle',
  );
  t.ok(installed.length > 20);
  const forgotten = installed.map(({ kind }) => kind).filter((kind) => kind !== 'Namespace' && !known.includes(kind));
  t.strictSame(forgotten, []);
  t.end();
});

t.test('webhook configurations go first, then processes, then all else; the CRD only if it is asked for', (t) => {
  const first = [
    'ValidatingWebhookConfiguration werfbundle-validating',
    `Deployment ${SYSTEM}/werfbundle-controller`,
    `Secret ${SYSTEM}/werfbundle-webhook-certificates`,
    `Role ${SYSTEM}/werfbundle-controller`,
  ];
  t.strictSame(namesOf({}, false), {
    dismissals: [],
    released: ['held'],
    order: [...first, `Namespace ${SYSTEM}`],
    notes: [
      'The CustomResourceDefinition stays, with 2 WerfBundles and 1 Job of theirs, which end by themselves; --crd takes it, too',
    ],
  });
  t.strictSame(namesOf({}, true), {
    dismissals: [],
    released: ['held'],
    order: [...first, 'Job ops/held-1', 'CustomResourceDefinition werfbundles.werf.io', `Namespace ${SYSTEM}`],
    notes: [],
  });
  t.end();
});

t.test('a namespace is not deleted with what others have in it, nor with bundles that are to stay', (t) => {
  const own = bundleOf('own', { metadata: { namespace: SYSTEM } });
  const kept = namesOf({ bundles: [own] }, false);
  t.notOk(kept.order.includes(`Namespace ${SYSTEM}`));
  t.match(
    kept.notes[0],
    `Namespace ${SYSTEM} stays: it has WerfBundle/own; to delete it with all that: kubectl delete namespace ${SYSTEM}`,
  );
  t.ok(namesOf({ bundles: [own] }, true).order.includes(`Namespace ${SYSTEM}`));
  const foreign = [
    { item: item(NAMESPACES, SYSTEM), foreign: ['Secret/mine', ...Array.from({ length: 9 }, (_, at) => `Pod/${at}`)] },
  ];
  t.match(
    namesOf({ namespaces: foreign }, true).notes[0],
    `stays: it has Secret/mine, Pod/0, Pod/1, Pod/2, Pod/3 and 5 more;`,
  );
  const going = [{ item: item(NAMESPACES, SYSTEM, { deletionTimestamp: iso(0) }), foreign: [] }];
  t.notOk(namesOf({ namespaces: going }, true).order.includes(`Namespace ${SYSTEM}`), 'it goes already');
  t.end();
});

t.test(
  'a release that a live controller uninstalls is waited for; one that stays is named, with what uninstalls it',
  (t) => {
    const bundles = [
      bundleOf('going', { policy: 'Dismiss', metadata: GOING }),
      bundleOf('there', { policy: 'Dismiss', metadata: HELD }),
    ];
    const alive = namesOf({ bundles, isControllerAlive: true }, true);
    t.strictSame([alive.dismissals, alive.released], [['going'], ['there']]);
    t.strictSame(alive.notes, [
      'Release there in namespace ops stays; to have it uninstalled, first: kubectl delete wb there -n ops',
    ]);
    const dead = namesOf({ bundles }, true);
    t.strictSame([dead.dismissals, dead.released], [[], ['going', 'there']]);
    t.strictSame(dead.notes, [
      'Release going in namespace ops stays, since no controller is there to uninstall it: helm uninstall going -n ops',
      'Release there in namespace ops stays, though WerfBundle ops/there has deletionPolicy Dismiss: helm uninstall there -n ops',
    ]);
    t.strictSame(
      namesOf({ bundles: [bundleOf('orphan', { metadata: GOING })], isControllerAlive: true }, true).notes,
      [],
    );
    t.end();
  },
);

t.test('who would apply it again is named', (t) => {
  const by = (labels: object, annotations: object) =>
    namesOf({ operator: [item(SECRETS, 'a', { labels, annotations })] }, true).notes;
  t.match(by({ 'kustomize.toolkit.fluxcd.io/name': 'infra' }, {})[0], /^Kustomization infra \(Flux\) has applied/);
  t.match(by({}, { 'argocd.argoproj.io/tracking-id': 'infra:v1/Secret:x/a' })[0], /^Application infra \(Argo CD\)/);
  t.match(by({}, { 'meta.helm.sh/release-name': 'wb' })[0], /^Release wb \(Helm\) has some of it: helm uninstall wb/);
  t.end();
});

const setUp = () => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const terminal = createFakeTerminal({ clock });
  const labels = { 'app.kubernetes.io/part-of': 'werfbundle' };
  kube.seed(VALIDATING_WEBHOOKS, { metadata: { name: 'werfbundle-validating', labels } });
  kube.seed(DEFINITIONS, { metadata: { name: 'werfbundles.werf.io' } });
  kube.seed(LEASES, {
    metadata: { name: 'werfbundle-controller', namespace: SYSTEM, labels },
    spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: iso(0) },
  });
  kube.seed(SECRETS, {
    metadata: {
      name: 'werfbundle-checksum-key',
      namespace: SYSTEM,
      labels: { 'app.kubernetes.io/managed-by': 'werfbundle-controller' },
    },
  });
  kube.seed(SECRETS, { metadata: { name: 'mine', namespace: SYSTEM } });
  kube.seed(CLUSTER_ROLE_BINDINGS, {
    metadata: { name: 'werfbundle-controller', labels },
    subjects: [{ namespace: SYSTEM }],
  });
  kube.seed(WERFBUNDLES, bundleOf('held', { metadata: HELD }));
  kube.answer('selfsubjectaccessreviews', () => ({ status: { allowed: true } }));
  const asked: string[] = [];
  const go = (options: Partial<UninstallOptions> = {}, answer?: boolean) => {
    const confirm = async (question: string) => {
      asked.push(question);
      return answer;
    };
    return uninstall({ terminal, session: sessionOf(kube, terminal), confirm }, { timeout: '5m', ...options });
  };
  return { clock, kube, terminal, go, asked };
};

t.test('it asks before it deletes; what was not agreed to is not done', async (t) => {
  const { kube, go, asked, terminal } = setUp();
  await t.rejects(go(), { exitCode: 2, message: /give --yes/ });
  await t.rejects(go({}, false), { exitCode: 1, message: 'nothing was deleted' });
  await go({ dryRun: true }, true);
  t.strictSame(kube.actions, []);
  t.strictSame(
    asked,
    Array.from({ length: 2 }, () => 'Delete all this from https://cluster.example:6443?'),
  );
  terminal.taken();
  await go({}, true);
  t.match(
    terminal.taken().split('To know:\n')[1],
    `ValidatingWebhookConfiguration werfbundle-validating deleted
finalizer ${FINALIZER} of WerfBundle ops/held taken off
ClusterRoleBinding werfbundle-controller deleted
Lease ${SYSTEM}/werfbundle-controller deleted
Secret ${SYSTEM}/werfbundle-checksum-key deleted
`,
  );
  t.strictSame(kube.read(WERFBUNDLES, { namespace: 'ops', name: 'held' })?.metadata.finalizers, ['other.io/x']);
  t.ok(kube.read(SECRETS, { namespace: SYSTEM, name: 'mine' }));
});

t.test('a right that is missing is named before anything is deleted', async (t) => {
  const { kube, go } = setUp();
  kube.answer('selfsubjectaccessreviews', (_, body) => ({
    status: { allowed: !JSON.stringify(body).includes('"leases"') },
  }));
  await t.rejects(go({ yes: true }), {
    message: `nothing was deleted: you lack the right to\n* delete leases.coordination.k8s.io in namespace ${SYSTEM}`,
  });
  kube.failNext({ verb: 'list', plural: 'secrets' }, new KubeError('forbidden', 'no', { status: 403 }));
  await t.rejects(go({ yes: true }), { message: /^you may not see what there is; .*\n\* list secrets$/ });
  t.strictSame(kube.actions, []);
});

t.test('rights to read are named in order, each once, and none for a kind that is not served', async (t) => {
  const { kube, go } = setUp();
  for (const plural of ['servicemonitors', 'issuers', 'services', 'roles', 'secrets'])
    kube.failNext(
      { verb: 'list', plural },
      new KubeError('forbidden', 'no', { status: 403 }),
      Number.POSITIVE_INFINITY,
    );
  for (const plural of ['servicemonitors', 'issuers']) kube.unserved.add(plural);
  await t.rejects(go({ yes: true }), {
    message: `you may not see what there is; nothing was deleted. You lack the right to
* list roles.rbac.authorization.k8s.io
* list secrets
* list services`,
  });
});

t.test('on a terminal its notes are broken between words', async (t) => {
  const note = 'Namespace ops stays: it has Secret/mine; to delete it with all that: kubectl delete namespace ops';
  const plan = { ...planOf(FOUND, { crd: false }), notes: [note] };
  const notes = (columns: number | undefined) => planText(plan, { bundlesWithCrd: 0, columns }).split('To know:\n')[1];
  t.equal(notes(undefined), `  ${note}\n`);
  t.equal(
    notes(60),
    '  Namespace ops stays: it has Secret/mine; to delete it with\n  all that: kubectl delete namespace ops\n',
  );
});

t.test('what is missing to delete is named in order', async (t) => {
  const { kube, go } = setUp();
  kube.answer('selfsubjectaccessreviews', () => ({ status: { allowed: false } }));
  await t.rejects(go({ yes: true }), {
    message: `nothing was deleted: you lack the right to
* delete clusterrolebindings.rbac.authorization.k8s.io
* delete leases.coordination.k8s.io in namespace ${SYSTEM}
* delete secrets in namespace ${SYSTEM}
* delete validatingwebhookconfigurations.admissionregistration.k8s.io
* patch werfbundles.werf.io in namespace ops`,
  });
});

t.test('nothing more is deleted while the operator has not ended, nor is it waited for longer than said', async (t) => {
  for (const hangs of [false, true]) {
    const { kube, go, clock } = setUp();
    const labels = { 'app.kubernetes.io/part-of': 'werfbundle' };
    kube.seed(DEPLOYMENTS, { metadata: { name: 'werfbundle-controller', namespace: SYSTEM, labels } });
    kube.seed(PODS, { metadata: { name: 'pod-1', namespace: SYSTEM, labels } });
    if (hangs) {
      const list = kube.list.bind(kube);
      const inVain = (signal: AbortSignal) =>
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(new KubeError('aborted', 'list pods: aborted'))),
        );
      kube.list = ((...[type, options, signal]: Parameters<typeof list>) =>
        type.plural === 'pods' ? inVain(signal) : list(type, options, signal)) as typeof list;
    }
    const which = hangs ? 'whether its Pods have ended could not be read' : `Pods ${SYSTEM}/pod-1`;
    const refused = t.rejects(go({ yes: true }), {
      exitCode: 1,
      message: new RegExp(
        `^the operator has not ended within 60s: ${which}. Webhook configurations and Deployments are`,
      ),
    });
    for (let second = 0; second < 61; second += 1) {
      for (let left = 20; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1000);
    }
    await refused;
    t.ok(kube.read(LEASES, { namespace: SYSTEM, name: 'werfbundle-controller' }));
    t.ok(kube.read(WERFBUNDLES, { namespace: 'ops', name: 'held' })?.metadata.finalizers?.includes(FINALIZER));
  }
});

t.test('a release that is not uninstalled in time keeps all as it is, unless no time was given', async (t) => {
  const { kube, go, clock, terminal } = setUp();
  kube.seed(
    WERFBUNDLES,
    bundleOf('going', { policy: 'Dismiss', metadata: { finalizers: [FINALIZER], deletionTimestamp: iso(0) } }),
  );
  const waiting = t.rejects(go({ yes: true, timeout: '1m' }), {
    message: /^after 1m releases of ops\/going are still being uninstalled; nothing was deleted/,
  });
  for (let second = 0; second < 70; second += 1) {
    for (let left = 20; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1000);
  }
  await waiting;
  t.strictSame(kube.actions, []);
  kube.seed(LEASES, {
    metadata: {
      name: 'werfbundle-controller',
      namespace: SYSTEM,
      labels: { 'app.kubernetes.io/part-of': 'werfbundle' },
    },
    spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: new Date(clock.now()).toISOString() },
  });
  await go({ yes: true, timeout: '0s' });
  t.equal(kube.read(WERFBUNDLES, { namespace: 'ops', name: 'going' }), undefined, 'it goes, and its release stays');
  t.strictSame(terminal.ended, [0]);
});

t.test('what others have labelled as the operator\u2019s in namespaces of their own is left alone', async (t) => {
  const { kube, go, terminal } = setUp();
  const labels = { 'app.kubernetes.io/part-of': 'werfbundle' };
  const made = { 'app.kubernetes.io/managed-by': 'werfbundle-controller' };
  kube.seed(SECRETS, { metadata: { name: 'database', namespace: 'tenant', labels } });
  kube.seed(SECRETS, { metadata: { name: 'of-no-bundle', namespace: 'tenant', labels: made } });
  kube.seed(JOBS, { metadata: { name: 'of-no-bundle', namespace: 'tenant', labels: made } });
  kube.seed(NAMESPACES, { metadata: { name: 'tenant', labels } });
  kube.seed(LEASES, {
    metadata: { name: 'mine', namespace: 'tenant', labels },
    spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: iso(1e9) },
  });
  await go({ dryRun: true, crd: true });
  t.notMatch(terminal.taken(), /tenant/);
});
