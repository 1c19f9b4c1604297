import t from 'tap';
import { BEFORE_ROLLBACK } from '../../api/annotations.js';
import type { StoredBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { releaseHold } from '../../cli/release-hold/command.js';
import { type RollbackOptions, rollBack } from '../../cli/rollback/command.js';
import { selectionOf } from '../../cli/rollback/target.js';
import { manifestChange, waysBack } from '../../cli/rollback/words.js';
import { KubeError } from '../../kube/client.js';
import { SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, NOW, syncedStatus } from '../kit/builders.js';
import { returnedStatus } from '../kit/deciding-statuses.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';
import { MemoryRegistry } from '../kit/memory-registry.js';

const REF = { namespace: 'ops', name: 'my-app' };
const URL = 'registry.example/acme/app';

const of = (registry: Partial<WerfBundleSpec['registry']>, annotations: Readonly<Record<string, string>> = {}) =>
  bundle(syncedStatus(), { metadata: { annotations }, spec: { registry: { url: URL, ...registry } } });

const setUp = (given: StoredBundle, columns?: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.seed(WERFBUNDLES, given);
  const registry = new MemoryRegistry();
  registry.publish('acme/app', { 'v1.0.0': 'sha256:1', 'v1.1.0': 'sha256:2' });
  const terminal = createFakeTerminal({ clock, ...(columns !== undefined && { columns }) });
  const openRegistry = () => Object.assign(registry, { close: async () => {} });
  const run = (options: Partial<RollbackOptions>) =>
    rollBack({ terminal, session: sessionOf(kube, terminal), openRegistry }, 'my-app', { timeout: '5m', ...options });
  const release = () => releaseHold({ terminal, session: sessionOf(kube, terminal) }, 'my-app', { timeout: '5m' });
  return { kube, registry, terminal, run, release, stored: () => kube.read(WERFBUNDLES, REF) };
};

/** The patch that makes the bundle follow its registry again. */
const patchIn = (text: string): unknown => JSON.parse(/registry again:\n.* -p '(.*)'$/m.exec(text)?.[1] ?? 'null');

t.test('how the bundle follows its registry again is known, however often it was pinned', async (t) => {
  const { registry, terminal, run, stored } = setUp(of({ versionConstraint: '1.x', tagPattern: '^v' }));
  registry.publish('acme/app', { 'v9.9.9': 'sha256:3', 'v1.1.0-rc.1': 'sha256:4' });
  const follow = { spec: { registry: { tag: null, versionConstraint: '1.x', tagPattern: '^v' } } };
  for (const to of ['v9.9.9', 'v1.0.0', 'v1.1.0-rc.1']) {
    await run({ pin: true, to });
    const told = terminal.takenErrors();
    t.strictSame(patchIn(told), follow, `after ${to}`);
    t.strictSame(stored()?.spec.registry, { url: URL, tag: to });
    t.notMatch(told, 'is not known');
  }
});

t.test('on a terminal words are broken, and neither the manifest nor commands', async (t) => {
  const url = `registry.example/acme/${'long-'.repeat(20)}app`;
  const { terminal, run } = setUp(of({ url, tag: 'v1.1.0' }), 70);
  await run({ pin: true, to: 'v1.1.0' }).catch(() => undefined);
  terminal.takenErrors();
  await run({ pin: true, to: 'v1.0.0' });
  const told = terminal.takenErrors();
  t.match(
    told,
    `What chose its tag before somebody pinned one is not known; to follow
  the registry, add its versionConstraint or tagPattern to:
  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":null}}}'
`,
  );
  t.match(told, `     url: ${url}\n`);
});

t.test('what pinned it otherwise, and what others wrote, is not taken for the way back', (t) => {
  const kept = (pinned: unknown, before: unknown) => ({ [BEFORE_ROLLBACK]: JSON.stringify({ pinned, before }) });
  const applied = (registry: object) => ({
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
      spec: { registry: { url: URL, ...registry } },
    }),
  });
  const unknown = [
    'It was pinned before, to v2; to go back to that:',
    `  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":"v2"}}}'`,
    'What chose its tag before somebody pinned one is not known; to follow the registry, add its versionConstraint or tagPattern to:',
    `  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":null}}}'`,
  ];
  const known = [
    'To follow the registry again:',
    `  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":null,"versionConstraint":"1.x"}}}'`,
  ];
  const rows: readonly (readonly [
    title: string,
    annotations: Readonly<Record<string, string>>,
    is: readonly string[],
  ])[] = [
    ['nothing', {}, unknown],
    ['a rollback to it', kept('v2', { versionConstraint: '1.x', url: 'evil.example/x', tagPattern: 7 }), known],
    ['a rollback to another tag', kept('v3', { versionConstraint: '1.x' }), unknown],
    ['a tag', kept('v2', { tag: 'v4' }), unknown],
    ['no map', kept('v2', '1.x'), unknown],
    ['no JSON', { [BEFORE_ROLLBACK]: '{' }, unknown],
    ['a manifest that was applied without a tag', applied({ versionConstraint: '1.x' }), known],
    ['a manifest that was applied with a tag', applied({ tag: 'v2' }), unknown],
  ];
  for (const [title, annotations, is] of rows) t.strictSame(waysBack(of({ tag: 'v2' }, annotations), 'v1'), is, title);
  t.end();
});

t.test('the change of a manifest, and the command, have all fields that choose a tag', (t) => {
  const before = of({ tagPattern: '^main-(\\d+)$', tagOrder: 'Number' });
  t.strictSame(
    manifestChange(before, { manifest: selectionOf(before.spec), tag: 'main-7', intro: 'Where its manifest is kept:' }),
    [
      'Where its manifest is kept:',
      ' spec:',
      '   registry:',
      '     url: registry.example/acme/app',
      '-    tagPattern: ^main-(\\d+)$',
      '-    tagOrder: Number',
      '+    tag: main-7',
    ],
  );
  t.strictSame(waysBack(before, 'main-7'), [
    'To follow the registry again:',
    `  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":null,"tagPattern":"^main-(\\\\d+)$","tagOrder":"Number"}}}'`,
  ]);
  t.end();
});

t.test('the registry is asked for the tag, and it is said what it could not find out', async (t) => {
  const { kube, terminal, run, stored } = setUp(of({ versionConstraint: '1.x', secretRef: { name: 'login' } }));
  const dockerconfig = Buffer.from(JSON.stringify({ auths: { 'registry.example': { auth: 'YTpi' } } })).toString(
    'base64',
  );
  kube.seed(SECRETS, {
    metadata: { namespace: 'ops', name: 'login' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': dockerconfig },
  });
  await t.rejects(run({ pin: true, to: 'v9.9.9', dryRun: true }), { message: /^ops\/my-app: .*v9\.9\.9/, exitCode: 1 });
  await t.rejects(
    run({ pin: true, to: 'v9.9.9' }),
    { message: /^ops\/my-app: .*v9\.9\.9/, exitCode: 1 },
    'a real run knows it, too',
  );
  t.equal(terminal.taken(), '', 'nothing is said to have gone well');
  await run({ pin: true, to: 'v1.1.0', dryRun: true });
  t.match(terminal.taken(), /^werfbundle\.werf\.io\/my-app set to v1\.1\.0 \(server dry run\)\n/);
  t.notMatch(terminal.takenErrors(), 'is not known');
  const forbidden = () => new KubeError('forbidden', 'forbidden', { status: 403 });
  kube.failNext({ verb: 'get', plural: 'secrets' }, forbidden, 1);
  await run({ pin: true, to: 'v1.1.0', dryRun: true });
  t.match(terminal.takenErrors(), /^my-app: whether the registry has v1\.1\.0 is not known: /m);
  t.strictSame(terminal.ended, [0, 0]);
  t.match(stored()?.spec.registry, { versionConstraint: '1.x' }, 'nothing was changed');
});

t.test('a second rollback tells what is applied by others, which the first has not changed', async (t) => {
  const manifest = { spec: { registry: { url: URL, versionConstraint: '1.x' } } };
  const byKubectl = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(manifest) };
  const constraint = { 'f:spec': { 'f:registry': { 'f:url': {}, 'f:versionConstraint': {} } } };
  const rest = { 'f:spec': { 'f:registry': { 'f:url': {} } } };
  const labels = { 'kustomize.toolkit.fluxcd.io/name': 'apps' };
  const rows = [
    {
      title: 'kubectl apply',
      metadata: { annotations: byKubectl },
      first: [{ manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: constraint }],
      later: [{ manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: rest }],
      says: 'kubectl apply\\) sets spec\\.registry\\.versionConstraint: what it applies next is refused',
    },
    {
      title: 'Flux, whose field the first one has taken',
      metadata: { labels },
      first: [{ manager: 'kustomize-controller', operation: 'Apply', fieldsV1: constraint }],
      later: [{ manager: 'kustomize-controller', operation: 'Apply', fieldsV1: rest }],
      says: 'Flux\\) may set spec\\.registry\\.versionConstraint; if so, what it applies next is refused',
    },
  ] as const;
  for (const { title, metadata, first, later, says } of rows) {
    const { kube, registry, terminal, run, stored } = setUp(
      bundle(syncedStatus(), { metadata, spec: { registry: { url: URL, versionConstraint: '1.x' } } }),
    );
    registry.publish('acme/app', { 'v0.9.0': 'sha256:0' });
    kube.setManagedFields(WERFBUNDLES, REF, first);
    await run({ pin: true, to: 'v0.9.0' });
    t.match(terminal.taken(), ' rolled back to v0.9.0\n', title);
    terminal.takenErrors();
    kube.setManagedFields(WERFBUNDLES, REF, later);
    await run({ pin: true, to: 'v1.1.0' });
    t.match(terminal.taken(), ' set to v1.1.0\n', `${title}: forward is not back`);
    const told = terminal.takenErrors();
    t.match(told, new RegExp(says), title);
    t.match(told, '-    versionConstraint: 1.x\n+    tag: v1.1.0\n', title);
    t.notMatch(told, '-    tag', title);
    t.strictSame(stored()?.spec.registry, { url: URL, tag: 'v1.1.0' }, title);
    if (title === 'kubectl apply') continue;
    const taken = { 'f:spec': { 'f:registry': { 'f:url': {}, 'f:tag': {} } } };
    kube.setManagedFields(WERFBUNDLES, REF, [{ manager: 'kustomize-controller', operation: 'Apply', fieldsV1: taken }]);
    await run({ pin: true, to: 'v0.9.0' });
    t.match(terminal.takenErrors(), '-    tag: v1.1.0\n+    tag: v0.9.0\n', 'git has the tag by now');
  }
});

/** The options without `pin`. */
const BY_ANNOTATION = {} as const;

t.test('a rollback is an annotation, which git need not have, and release-hold takes it away', async (t) => {
  const { terminal, run, release, stored } = setUp(of({ versionConstraint: '1.x' }));
  await run({ ...BY_ANNOTATION, to: 'v1.1.0' });
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app set to v1.1.0\n');
  t.strictSame(terminal.takenErrors().split('\n'), [
    'No poll undoes it, and nothing has to change where its manifest is kept. To follow the registry again:',
    '  werfbundle release-hold my-app -n ops',
    'To keep it for good, where its manifest is kept:',
    ' spec:',
    '   registry:',
    '     url: registry.example/acme/app',
    '-    versionConstraint: 1.x',
    '+    tag: v1.1.0',
    '',
  ]);
  t.match(stored(), { metadata: { annotations: { 'werf.io/rollback-to': 'v1.1.0' } } });
  t.strictSame(stored()?.spec.registry, { url: URL, versionConstraint: '1.x' }, 'the spec is as it was');
  await t.rejects(run({ ...BY_ANNOTATION, to: 'v1.1.0' }), {
    message: 'ops/my-app: it is rolled back to v1.1.0 already',
  });
  await run({ ...BY_ANNOTATION });
  t.equal(stored()?.metadata.annotations?.['werf.io/rollback-to'], 'v1.0.0', 'away from what nothing came of');
  terminal.taken();
  await release();
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app follows its registry again\n');
  t.strictSame(stored()?.metadata.annotations, {});
  await t.rejects(release(), { message: 'ops/my-app: nothing is held', exitCode: 1 });
});

t.test('what is deployed can be held as well, before a release at night', async (t) => {
  const { run, stored } = setUp(of({ versionConstraint: '1.x' }));
  await run({ ...BY_ANNOTATION, to: 'v1.0.0' });
  t.equal(stored()?.metadata.annotations?.['werf.io/rollback-to'], 'v1.0.0');
});

t.test('a pin takes the annotation away, which would come before it', async (t) => {
  const { run, release, stored } = setUp(of({ versionConstraint: '1.x' }, { 'werf.io/rollback-to': 'v1.0.0' }));
  await run({ pin: true, to: 'v1.1.0' });
  t.equal(stored()?.metadata.annotations?.['werf.io/rollback-to'], undefined);
  t.strictSame(stored()?.spec.registry, { url: URL, tag: 'v1.1.0' });
  await t.rejects(release(), {
    message: `ops/my-app: nothing is held; but spec.registry.tag pins v1.1.0
To follow the registry again:
  kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"tag":null,"versionConstraint":"1.x"}}}'`,
  });
});

t.test('who sets the annotation in git is told before the change', async (t) => {
  const given = bundle(syncedStatus(), {
    metadata: {
      labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' },
      annotations: { 'werf.io/rollback-to': 'v1.1.0' },
    },
    spec: { registry: { url: URL, versionConstraint: '1.x' } },
  });
  const { kube, terminal, run, release } = setUp(given);
  const fieldsV1 = { 'f:metadata': { 'f:annotations': { 'f:werf.io/rollback-to': {} } } };
  kube.setManagedFields(WERFBUNDLES, REF, [{ manager: 'kustomize-controller', operation: 'Apply', fieldsV1 }]);
  const says =
    /^my-app: Kustomization apps \(Flux\) sets metadata\.annotations\.werf\.io\/rollback-to, and puts it back/;
  await run({ ...BY_ANNOTATION, to: 'v1.0.0' });
  t.match(terminal.takenErrors(), says);
  await release();
  t.match(terminal.takenErrors(), says);
});

t.test('release-hold lets go what is held since it failed, by a request of its own', async (t) => {
  const { terminal, release, stored } = setUp(bundle(returnedStatus));
  await release();
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app follows its registry again\n');
  t.strictSame(stored()?.metadata.annotations, { 'werf.io/release-hold-requested-at': new Date(NOW).toISOString() });
});
