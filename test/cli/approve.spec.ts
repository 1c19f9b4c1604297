import t from 'tap';
import type { Plan, StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { type ApproveOptions, approve } from '../../cli/approve/command.js';
import { planFact } from '../../cli/plan/plan-fact.js';
import { outcomeOf } from '../../cli/reconcile/outcome.js';
import { printStatus } from '../../cli/status/command.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { bundle, deployment, iso, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';
import { plannedStatus } from '../kit/plan-statuses.js';

const REF = { namespace: 'ops', name: 'my-app' };
const HASH = '0123456789abcdef';
const APPROVED = { 'werf.io/approve-plan': HASH };

const MADE: Partial<Plan> = {
  result: 'Made',
  hash: HASH,
  finishedAt: iso(-60_000 * 10),
  counts: { create: 0, update: 1, recreate: 1, delete: 2 },
  deleted: [
    { kind: 'PersistentVolumeClaim', name: 'data' },
    { kind: 'Secret', name: 'old', namespace: 'other' },
  ],
  recreated: [{ kind: 'StatefulSet', name: 'db' }],
  message: 'v1.1.0 would update 1, recreate 1, delete 2 objects',
};
const AWAITED = {
  type: 'Ready',
  status: 'False',
  reason: 'ApprovalAwaited',
  message: 'it waits for an approval',
  lastTransitionTime: iso(0),
} as const;

const waiting = (
  change: Partial<Plan> = {},
  more: {
    readonly status?: WerfBundleStatus;
    readonly spec?: Partial<WerfBundleSpec>;
    readonly metadata?: Partial<StoredBundle['metadata']>;
  } = {},
): StoredBundle => {
  const status = plannedStatus({ ...MADE, ...change }, { conditions: [AWAITED], ...more.status });
  const spec = { converge: { deletions: 'Hold' }, ...more.spec } as const;
  return bundle(status, { spec, metadata: more.metadata ?? {} });
};

/** @param answer - of the person who is asked; undefined: nobody is there */
const setUp = (given: StoredBundle = waiting(), answer?: boolean, columns?: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.seed(WERFBUNDLES, given);
  const terminal = createFakeTerminal({ clock, ...(columns !== undefined && { columns }) });
  const questions: string[] = [];
  const confirm = async (question: string) => {
    questions.push(question);
    return answer;
  };
  const run = (options: Partial<ApproveOptions> = {}) =>
    approve({ terminal, session: sessionOf(kube, terminal), confirm }, 'my-app', { timeout: '5m', ...options });
  const approved = () => kube.read(WERFBUNDLES, REF)?.metadata.annotations?.['werf.io/approve-plan'];
  return { clock, kube, terminal, questions, run, approved };
};

const PLAN = `Plan ${HASH} of v1.1.0 (NewTag), made 10m ago
  create 0, update 1, recreate 1, delete 2
  delete PersistentVolumeClaim/data (held)
  delete Secret/old (namespace other)
  recreate StatefulSet/db (held)
`;
const DONE = `werfbundle.werf.io/my-app plan ${HASH} approved: v1.1.0 would update 1, recreate 1, delete 2 objects\n`;

t.test('a person sees the plan, and says yes to just that', async (t) => {
  const { terminal, questions, run, approved } = setUp(waiting(), true);
  await run();
  t.strictSame(questions, [`Approve plan ${HASH} of ops/my-app?`]);
  t.equal(terminal.taken(), PLAN + DONE);
  t.equal(terminal.takenErrors(), '');
  t.equal(approved(), HASH);
  t.strictSame(terminal.ended, [0]);
  await run();
  t.equal(terminal.taken(), DONE.replace(' approved', ' was approved before'), 'again: it is as it was to be');
  t.equal(questions.length, 1);
});

t.test('whoever does not say yes has approved nothing, and a script has to name the plan', async (t) => {
  const no = setUp(waiting(), false);
  await t.rejects(no.run(), { message: 'nothing was approved', exitCode: 1 });
  const nobody = setUp();
  await t.rejects(nobody.run(), {
    message: `nobody is there to ask: who has looked at this plan approves it by --hash ${HASH}`,
    exitCode: 2,
  });
  t.equal(nobody.terminal.taken(), PLAN, 'there it is');
  t.strictSame([no.approved(), nobody.approved()], [undefined, undefined]);
  await nobody.run({ hash: HASH });
  t.strictSame([nobody.terminal.taken(), nobody.approved(), nobody.questions.length], [DONE, HASH, 1]);
  const json = setUp(waiting(), true);
  await json.run({ output: 'json' });
  t.equal(json.terminal.takenErrors(), PLAN, 'what a person reads is not what a program reads');
  t.match(JSON.parse(json.terminal.taken()), { kind: 'WerfBundle', metadata: { annotations: APPROVED } });
});

t.test('another plan than the one that was seen is not approved', async (t) => {
  const other = { hash: 'fedcba9876543210', message: 'v1.2.0 would delete 9 objects' };
  const says = (why: string) =>
    `ops/my-app: the plan has changed: ${why}. What waits now is plan fedcba9876543210: v1.2.0 would delete 9 objects
nothing was approved; to look at it: werfbundle approve my-app -n ops`;
  const named = setUp(waiting(other));
  await t.rejects(named.run({ hash: HASH }), { message: says(`"${HASH}" is not its hash`), exitCode: 1 });
  await t.rejects(named.run({ hash: '' }), { message: says('"" is not its hash') }, 'what a shell makes of nothing');
  t.equal(named.approved(), undefined);

  const { kube, terminal, approved } = setUp();
  const meanwhile = async () => {
    await kube.mergePatch(WERFBUNDLES, REF, { status: { plan: other } }, { subresource: 'status' }, terminal.signal);
    return true;
  };
  const asking = { terminal, session: sessionOf(kube, terminal), confirm: meanwhile };
  await t.rejects(approve(asking, 'my-app', { timeout: '5m' }), { message: says(`it was ${HASH}`), exitCode: 1 });
  t.equal(approved(), undefined, 'while the question stood there');

  const busy = setUp();
  busy.kube.failNext({ verb: 'patch' }, () => new KubeError('conflict', 'patch: conflict', { status: 409 }), 2);
  await busy.run({ hash: HASH });
  t.equal(busy.approved(), HASH, 'a status that says the same of the plan is no other plan');
});

t.test('that nothing waits is told with the reason', async (t) => {
  const rows: readonly (readonly [title: string, given: StoredBundle, why: string])[] = [
    [
      'deletions are not held',
      waiting({}, { spec: { converge: { plan: 'Show' } } }),
      'no deletion is held (spec.converge.deletions)',
    ],
    [
      'the spec has changed since',
      waiting({}, { status: { observedGeneration: 0 } }),
      'the controller has not looked at the spec as it is now, for which there may be another plan',
    ],
    ['it is being deleted', waiting({}, { metadata: { deletionTimestamp: iso(0) } }), 'the bundle is being deleted'],
    ['its deployment has begun', waiting({ after: 0 }), 'no deployment is planned'],
    [
      'it is being made',
      bundle(plannedStatus(), { spec: { converge: { deletions: 'Hold' } } }),
      'the plan of v1.1.0 is still being made',
    ],
    [
      'it could not be made',
      waiting({ result: 'Failed', message: 'exit code 1' }),
      'v1.1.0 could not be planned, and no approval replaces a plan: exit code 1',
    ],
    [
      'it loses nothing that is held',
      waiting({ deleted: [], recreated: [] }),
      'the plan of v1.1.0 needs none, and goes on by itself',
    ],
  ];
  for (const [title, given, why] of rows) {
    const { run, approved } = setUp(given, true);
    await t.rejects(run(), { message: `ops/my-app: nothing waits for an approval: ${why}`, exitCode: 1 }, title);
    t.equal(approved(), undefined, title);
  }
});

t.test('who may not approve is told which role it takes, before anybody is asked', async (t) => {
  const { kube, questions, run } = setUp(waiting(), true);
  const cause = {
    field: 'metadata.annotations[werf.io/approve-plan]',
    message: 'Forbidden: user "jane" may not approve werfbundles.werf.io "my-app"',
  };
  const role =
    'who may grant rights gives them: kubectl create rolebinding approver -n ops --clusterrole=werfbundle-approver --user=USER';
  const refusal = () => new KubeError('invalid', 'patch ops/my-app: invalid: x', { status: 422, causes: [cause] });
  kube.failNext({ verb: 'patch' }, refusal, 1);
  await t.rejects(run(), {
    message: `patch ops/my-app: it is refused, and nothing was changed:\n* ${cause.field}: ${cause.message}\n${role}`,
    exitCode: 1,
  });
  kube.failNext({ verb: 'patch' }, () => new KubeError('forbidden', 'patch: forbidden', { status: 403 }), 1);
  await t.rejects(run(), { message: `patch: forbidden\n${role}`, exitCode: 1 }, 'nor may they patch it');
  t.strictSame(questions, []);
});

t.test('what keeps an approved plan from being deployed at once is told', async (t) => {
  const old = waiting(
    { finishedAt: iso(-3 * 60 * 60_000) },
    { spec: { suspend: true, converge: { deletions: 'Hold' } } },
  );
  const { terminal, run } = setUp(old);
  await run({ hash: HASH });
  t.equal(
    terminal.takenErrors(),
    `my-app: the plan was made 3h ago: it is made once more, and goes on by itself if the same would be lost
my-app: it is suspended: v1.1.0 is deployed after werfbundle resume my-app -n ops
`,
  );
  const byFlux = waiting({}, { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } });
  const flux = setUp(byFlux);
  const fieldsV1 = { 'f:metadata': { 'f:annotations': { 'f:werf.io/approve-plan': {} } } };
  flux.kube.setManagedFields(WERFBUNDLES, REF, [{ manager: 'kustomize-controller', operation: 'Apply', fieldsV1 }]);
  await flux.run({ hash: HASH });
  t.match(
    flux.terminal.takenErrors(),
    'Kustomization apps (Flux) sets metadata.annotations.werf.io/approve-plan, and puts it back',
  );
});

t.test('what the plan does not name is told as held, and lines keep to the width', async (t) => {
  const { terminal, run } = setUp(waiting({ deleted: [], recreated: [], unlisted: 3, unnamed: 2 }), true, 60);
  await run();
  t.match(
    terminal.taken(),
    `
  delete or recreate 3 more, for which the status has no
    room
  delete or recreate 2 that the plan does not name (held)
`,
  );
  const silent = waiting({ counts: undefined as never, message: 'v1.1.0 would change something' });
  const unknown = setUp(silent, true);
  await unknown.run();
  t.match(unknown.terminal.taken(), '\n  v1.1.0 would change something\n');
});

t.test(
  'the plan of the next deployment is a line of the status, with the command where it waits for one',
  async (t) => {
    const made = `${MADE.message} (plan ${HASH}, made 10m ago)`;
    const rows: readonly (readonly [title: string, given: StoredBundle, line: string | undefined])[] = [
      ['it waits', waiting(), `waits for an approval: ${made}; werfbundle approve my-app -n ops`],
      ['it is approved', waiting({}, { metadata: { annotations: APPROVED } }), `approved: ${made}`],
      ['it is only shown', waiting({}, { spec: { converge: { plan: 'Show' } } }), made],
      ['it is being made', bundle(plannedStatus()), 'that of v1.1.0 is being made'],
      ['it failed', waiting({ result: 'Failed', message: 'no' }), 'v1.1.0 could not be planned: no'],
      ['its deployment has begun', waiting({ after: 0 }), undefined],
    ];
    for (const [title, given, line] of rows) t.equal(planFact(given, NOW), line, title);
    const { terminal, kube } = setUp();
    await printStatus({ terminal, session: sessionOf(kube, terminal) }, 'my-app', {});
    t.match(terminal.taken(), `\nPlan:      waits for an approval: ${made}; werfbundle approve my-app -n ops\n`);
  },
);

t.test('an approval is waited for until its deployment has ended, or another plan needs one', (t) => {
  const request = { kind: 'approval', hash: HASH, planned: 'v1.1.0' } as const;
  const of = (given: StoredBundle) => outcomeOf(given, request);
  t.match(of(waiting()), { kind: 'untaken' }, 'the controller has not seen it');
  t.strictSame(of(waiting({ hash: 'another' })), { kind: 'unapproved', message: AWAITED.message });
  const going = { ...AWAITED, status: 'Unknown', reason: 'Deploying', message: 'deploying v1.1.0' } as const;
  t.match(of(waiting({}, { status: { conditions: [going], phase: 'Syncing' } })), { kind: 'waiting' });
  const deployed = { ...AWAITED, status: 'True', reason: 'Deployed', message: 'deployed v1.1.0' } as const;
  const after = { conditions: [deployed], lastAppliedTag: 'v1.1.0', deployment: deployment({ number: 2 }) };
  t.match(of(waiting({}, { status: after })), { kind: 'ready' });
  t.end();
});
