import t from 'tap';
import type { Pod } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { type DiffOptions, diff } from '../../cli/diff/command.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS, JOBS, PODS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import type { RegistryFailure } from '../../registry/port.js';
import { bundle, deployment, iso, NOW, syncedStatus } from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';
import { heldValuesStatus } from '../kit/held-values.js';
import { MemoryRegistry } from '../kit/memory-registry.js';
import { plannedStatus } from '../kit/plan-statuses.js';

const HIDDEN = 'hunter2-hunter2';
const BASE64 = (text: string): string => Buffer.from(text).toString('base64');

const SPEC: WerfBundleSpec = {
  registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0' },
  converge: {
    serviceAccountName: 'werf-converge',
    image: 'registry.example/werf:3.2.0',
    targetNamespace: 'ops',
    valuesFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'database' } }],
  },
};

const REFUSED: RegistryFailure = { kind: 'failed', code: 'connection', message: 'connection refused' };

const setUp = (status: WerfBundleStatus = syncedStatus(), spec: WerfBundleSpec = SPEC, failure?: RegistryFailure) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const registry = new MemoryRegistry();
  registry.failure = failure;
  registry.publish('acme/app', { 'v1.0.0': 'sha256:1', 'v1.1.0': 'sha256:2' });
  const meta = (name: string) => ({ metadata: { namespace: 'ops', name } });
  kube.seed(SERVICEACCOUNTS, meta('werf-converge'));
  kube.seed(CONFIGMAPS, { ...meta('settings'), data: { 'values.yaml': 'debug: true\n' } });
  kube.seed(SECRETS, { ...meta('database'), data: { token: BASE64(HIDDEN) } });
  kube.seed(WERFBUNDLES, bundle(status, { spec }));
  const terminal = createFakeTerminal({ clock });
  const told: string[] = [];
  const session = { ...sessionOf(kube, terminal), tell: (line: string) => void told.push(line) };
  const openRegistry = () => Object.assign(registry, { close: async () => {} });
  const run = (options: DiffOptions = {}) => diff({ terminal, session, openRegistry }, 'my-app', options);
  const untilJob = async () => {
    while (kube.all(JOBS).length === 0) await settle();
    await settle();
    const [job] = kube.all(JOBS);
    if (job === undefined) throw new Error('there is no Job');
    return job;
  };
  /** The Pod of the Job, as it ended. */
  const end = async (exitCode: number, log: string) => {
    const { metadata } = await untilJob();
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      finishedAt: new Date(NOW).toISOString(),
    };
    const labels = { 'batch.kubernetes.io/job-name': metadata.name };
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: metadata.name, uid: metadata.uid, controller: true };
    const pod: Pod = {
      metadata: { namespace: 'ops', name: 'plan-pod', labels, ownerReferences: [owner] },
      status: {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: 'werf', state: { terminated } }],
      },
    };
    kube.seed(PODS, pod);
    kube.setPodLog({ namespace: 'ops', name: 'plan-pod' }, 'werf', log);
    await clock.advance(1_000);
  };
  return { clock, kube, terminal, told, run, untilJob, end };
};

const LOG = `┌ Update ConfigMap/app
│ - token: old
│ + token: ${HIDDEN}
└ Update ConfigMap/app

Planned changes summary for release "my-app" (namespace: "ops"):
- update: 1 resources
`;

t.test('a difference is told in the words of werf, without what came from a Secret; exit code 1', async (t) => {
  const { kube, terminal, told, run, end } = setUp();
  const running = run();
  await end(2, LOG);
  await running;
  t.equal(
    terminal.taken(),
    `${LOG.replace(HIDDEN, '***')}
deploying v1.1.0 to namespace ops would update ConfigMap/app
`,
  );
  t.strictSame(terminal.ended, [1]);
  t.match(told.join('\n'), /the Pod waits: NoPod/);
  t.strictSame(
    [kube.all(JOBS), kube.all(SECRETS).map(({ metadata }) => metadata.name)],
    [[], ['database']],
    'nothing is left',
  );
});

t.test('of the log there is what it says, and nothing that looks like a failure or moves the cursor', async (t) => {
  for (const words of ['resource changes planned', 'changes planned']) {
    const { terminal, run, end } = setUp();
    const running = run();
    await end(2, `${LOG.replace('old', '\u001b[2J\u001b[31mold\u001b[0m')}\nError: ${words}\n`);
    await running;
    t.equal(
      terminal.taken(),
      `${LOG.replace(HIDDEN, '***')}\ndeploying v1.1.0 to namespace ops would update ConfigMap/app\n`,
      words,
    );
  }
  const { terminal, run, end } = setUp();
  const running = run();
  await end(
    3,
    'No resource changes planned, but still must install release "my-app"\n\nError: no resource changes planned, but still must install release\n',
  );
  await running;
  t.match(terminal.taken(), /^No resource .*"my-app"\n\ndeploying v1\.1\.0 to namespace ops would change no object/);
});

t.test('the log is that of the Job’s own Pod, whatever labels others have', async (t) => {
  const { kube, terminal, run, untilJob, end } = setUp();
  const running = run();
  const { metadata } = await untilJob();
  const labels = { 'batch.kubernetes.io/job-name': metadata.name };
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: metadata.name, uid: metadata.uid };
  const terminated = { exitCode: 0, reason: 'Completed', finishedAt: new Date(NOW).toISOString() };
  const status: Pod['status'] = { phase: 'Succeeded', containerStatuses: [{ name: 'werf', state: { terminated } }] };
  const others = { labelled: [], 'of-another': [{ ...owner, uid: 'other', controller: true }], 'not-made': [owner] };
  for (const [name, ownerReferences] of Object.entries(others)) {
    const creationTimestamp = '2099-01-01T00:00:00Z';
    kube.seed(PODS, { metadata: { namespace: 'ops', name, labels, ownerReferences, creationTimestamp }, status });
    kube.setPodLog({ namespace: 'ops', name }, 'werf', 'all is well\n');
  }
  await end(2, LOG);
  await running;
  t.match(terminal.taken(), /would update ConfigMap\/app\n$/);
});

t.test('that nothing would change, or only the release, is no difference', async (t) => {
  for (const [code, log, words] of [
    [0, 'No changes\n', 'change nothing'],
    [
      3,
      'No resource changes planned, but still must install release "my-app"\n',
      'change no object, and record the release anew',
    ],
  ] as const) {
    const { terminal, run, end } = setUp();
    const running = run();
    await end(code, log);
    await running;
    t.equal(terminal.taken(), `${log}\ndeploying v1.1.0 to namespace ops would ${words}\n`);
    t.strictSame(terminal.ended, [0]);
  }
});

t.test('programs get the same as an object', async (t) => {
  const { terminal, run, end } = setUp();
  const running = run({ output: 'json', tag: 'v1.0.0' });
  await end(2, LOG);
  await running;
  t.strictSame(JSON.parse(terminal.taken()), {
    namespace: 'ops',
    name: 'my-app',
    targetNamespace: 'ops',
    tag: 'v1.0.0',
    result: 'changes',
    changes: 'update ConfigMap/app',
    log: LOG.replace(HIDDEN, '***').trimEnd().split('\n'),
  });
});

t.test(
  'the Job is the controller’s own for plans, and nothing by which the controller would take it for one',
  async (t) => {
    const { kube, run, untilJob, end } = setUp();
    const running = run();
    const { metadata, spec } = await untilJob();
    const secrets = kube.all(SECRETS).filter(({ metadata: { name } }) => name !== 'database');
    await end(0, '');
    await running;
    t.match(metadata.name, /^my-app-diff-[0-9a-f]{8}$/);
    const labels = { 'app.kubernetes.io/name': 'werfbundle', 'app.kubernetes.io/managed-by': 'werfbundle-diff' };
    t.strictSame(metadata.labels, labels);
    t.strictSame(metadata.ownerReferences, undefined);
    for (const { annotations = {} } of [metadata, spec?.template.metadata ?? {}, ...secrets.map((one) => one.metadata)])
      t.strictSame(
        Object.keys(annotations).filter((name) => name.startsWith('werf.io/')),
        [],
      );
    const containers = spec?.template.spec['containers'] as readonly {
      readonly args: readonly string[];
      readonly image: string;
    }[];
    t.strictSame(containers[0]?.args.slice(0, 5), [
      'bundle',
      'plan',
      '--set=debug=true',
      '--repo',
      'registry.example/acme/app',
    ]);
    t.equal(containers[0]?.image, 'registry.example/werf:3.2.0');
    t.notMatch(JSON.stringify(spec), HIDDEN);
    t.strictSame(
      secrets.map((one) => [
        one.metadata.name,
        Object.keys(one.data ?? {}),
        one.metadata.labels,
        one.metadata.ownerReferences?.[0]?.name,
      ]),
      [[`${metadata.name}-values`, ['values.yaml'], labels, metadata.name]],
      'should the program die, they go with the Job',
    );
  },
);

const RECORDED = {
  result: 'Made',
  hash: '0123456789abcdef',
  finishedAt: iso(-60_000 * 10),
  counts: { create: 0, update: 1, recreate: 0, delete: 1 },
  deleted: [{ kind: 'PersistentVolumeClaim', name: 'data' }],
  recreated: [],
  message: 'v1.1.0 would update 1, delete 1 object: delete PersistentVolumeClaim/data',
} as const;
const HOLDING: WerfBundleSpec = { ...SPEC, converge: { ...SPEC.converge, deletions: 'Hold' } };
const SUMMARY = `Plan 0123456789abcdef of v1.1.0 (NewTag), made 10m ago
  create 0, update 1, recreate 0, delete 1
  delete PersistentVolumeClaim/data (held)
It waits for an approval: werfbundle approve my-app -n ops
`;

t.test('the plan that the controller has recorded stands first, and what contradicts it is told', async (t) => {
  const { terminal, run, end } = setUp(plannedStatus(RECORDED), HOLDING);
  const running = run();
  await end(2, LOG);
  await running;
  t.equal(
    terminal.taken(),
    `${SUMMARY}
${LOG.replace(HIDDEN, '***')}
deploying v1.1.0 to namespace ops would update ConfigMap/app
`,
  );
  t.equal(
    terminal.takenErrors(),
    'this plan, made just now, is another one than the recorded plan; to have that one made anew: werfbundle reconcile my-app -n ops\n',
  );
  const { deleted: _, ...counted } = RECORDED;
  const same = { ...counted, counts: { ...RECORDED.counts, delete: 0 } };
  const rows = [
    ['of what both say the same', plannedStatus(same), ''],
    [
      'of another tag',
      plannedStatus({ ...same, tag: 'v1.0.9' }),
      /^the recorded plan is of v1\.0\.9, and this one, made just now, of v1\.1\.0; /,
    ],
    ['of what is deployed there is no recorded plan', plannedStatus({ ...RECORDED, after: 0 }), ''],
  ] as const;
  for (const [title, status, says] of rows) {
    const given = setUp(status, HOLDING);
    const compared = given.run();
    await given.end(2, LOG);
    await compared;
    t.match(given.terminal.takenErrors(), says === '' ? /^$/ : says, title);
  }
  const json = setUp(plannedStatus(RECORDED), HOLDING);
  const printing = json.run({ output: 'json' });
  await json.end(2, LOG);
  await printing;
  const { result, finishedAt: madeAt, ...recorded } = RECORDED;
  t.match(JSON.parse(json.terminal.taken()), {
    result: 'changes',
    recorded: { ...recorded, tag: 'v1.1.0', madeAt, approval: 'awaited' },
  });
});

t.test('--recorded needs no right but to read the bundle, and makes nothing', async (t) => {
  const { kube, terminal, run } = setUp(plannedStatus(RECORDED), HOLDING);
  await run({ recorded: true });
  t.strictSame([terminal.taken(), terminal.ended, kube.actions], [SUMMARY, [1], []]);
  await run({ recorded: true, output: 'json' });
  t.match(JSON.parse(terminal.taken()), { hash: RECORDED.hash, approval: 'awaited' });
  const nothing = { ...RECORDED, deleted: [], counts: { create: 0, update: 0, recreate: 0, delete: 0 } };
  const idle = setUp(plannedStatus(nothing));
  await idle.run({ recorded: true });
  t.strictSame(
    [idle.terminal.taken(), idle.terminal.ended],
    ['Plan 0123456789abcdef of v1.1.0 (NewTag), made 10m ago\n  create 0, update 0, recreate 0, delete 0\n', [0]],
  );
  const rows = [
    ['none', syncedStatus(), 'no deployment is planned (spec.converge.plan, spec.converge.deletions)'],
    [
      'used up',
      plannedStatus({ ...RECORDED, after: 0 }),
      'no deployment is planned (spec.converge.plan, spec.converge.deletions); the last plan was of v1.1.0, whose deployment has begun',
    ],
    ['under way', plannedStatus(), 'the plan of v1.1.0 is still being made'],
    ['failed', plannedStatus({ result: 'Failed', message: 'exit code 1' }), 'v1.1.0 could not be planned: exit code 1'],
  ] as const;
  for (const [title, status, says] of rows)
    await t.rejects(setUp(status).run({ recorded: true }), { message: `ops/my-app: ${says}`, exitCode: 2 }, title);
  const both = setUp(plannedStatus(RECORDED)).run({ recorded: true, tag: 'v1.0.0' });
  await t.rejects(both, { message: /^--recorded: give the NAME of a bundle, and neither/, exitCode: 2 });
});

t.test('who may not make a plan has seen the recorded one', async (t) => {
  const { kube, terminal, run } = setUp(plannedStatus(RECORDED), HOLDING);
  kube.failNext({ verb: 'create' }, () => new KubeError('forbidden', 'forbidden', { status: 403 }), 9);
  await t.rejects(run(), { message: /^forbidden/, exitCode: 2 });
  t.equal(terminal.taken(), `${SUMMARY}\n`);
});

t.test('of values that are held it says so, and what they are compared with', async (t) => {
  const spec: WerfBundleSpec = {
    registry: { ...SPEC.registry, versionConstraint: '1.0.0' },
    converge: { ...SPEC.converge, onFailure: 'Return' },
  };
  const { terminal, run, end } = setUp(syncedStatus({ ...heldValuesStatus('sha256:1') }), spec);
  const running = run();
  await end(2, LOG);
  await running;
  t.match(terminal.taken(), /\ndeploying v1\.0\.0 to namespace ops would update ConfigMap\/app\n$/);
  t.equal(
    terminal.takenErrors().replace(/\s+/g, ' ').trim(),
    'the present values, or the present spec, are held: deployment 2 failed with them. The plan compares them with what is deployed, which has those of deployment 1; they are not deployed before they change, or are let go: werfbundle release-hold my-app -n ops',
  );
  t.strictSame(terminal.ended, [1]);

  const newer = setUp(syncedStatus({ ...heldValuesStatus('sha256:1') }), {
    ...spec,
    registry: SPEC.registry,
  });
  const other = newer.run();
  await newer.end(0, '');
  await other;
  t.equal(newer.terminal.takenErrors(), '', 'another digest is deployed with the present values');
});

t.test('what it lacks is told before anything is made; exit code 2, which is no difference', async (t) => {
  const forbidden = () => new KubeError('forbidden', 'forbidden', { status: 403 });
  const rows: readonly (readonly [
    title: string,
    set: ReturnType<typeof setUp>,
    forbid: string | undefined,
    options: DiffOptions,
    lines: readonly (string | RegExp)[],
  ])[] = [
    [
      'a Secret that may not be read',
      setUp(),
      'secrets',
      {},
      ['Secret ops/database may not be read by you, and the plan needs its values'],
    ],
    [
      'a Job runs',
      setUp(syncedStatus({ lastJobStatus: 'Running' })),
      undefined,
      {},
      [`Job ${deployment().jobName} deploys v1.0.0 now: a plan would see half of it; ask again after it`],
    ],
    [
      'an older werf',
      setUp(syncedStatus(), { ...SPEC, converge: { ...SPEC.converge, image: 'registry.example/werf:2.10.0' } }),
      undefined,
      {},
      ['werf 2.10.0 has no "bundle plan": 2.53 or later is needed; --image names another one'],
    ],
    [
      'no such tag',
      setUp(),
      undefined,
      { tag: 'v9' },
      [/^tag "v9" does not exist in registry\.example\/acme\/app; .*; --tag names one$/],
    ],
    [
      'a registry that does not answer, and nothing deployed: no option helps',
      setUp({ observedGeneration: 1 }, SPEC, REFUSED),
      undefined,
      {},
      [/connection refused.*; without the registry which tag would be deployed is not known$/],
    ],
    [
      'a spec that is not valid',
      setUp(syncedStatus(), { registry: { url: '' } }),
      undefined,
      {},
      [/is not valid/, /^spec\.registry\.url: /],
    ],
    [
      'a time that is none',
      setUp(),
      undefined,
      { timeout: 'soon' },
      [/^--timeout: "soon" is no duration; one looks like/],
    ],
  ];
  for (const [title, { kube, run }, forbid, options, lines] of rows) {
    if (forbid !== undefined) kube.failNext({ verb: 'get', plural: forbid }, forbidden, 2);
    const error = await run(options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    t.match(error, { exitCode: 2, lines }, title);
    t.strictSame(kube.actions, [], `${title}: nothing was made`);
  }
});

t.test('whatever happens, nothing is left', async (t) => {
  const left = (kube: ReturnType<typeof createFakeKube>) => [
    kube.all(JOBS),
    kube.all(SECRETS).map(({ metadata }) => metadata.name),
  ];
  const NOTHING = [[], ['database']];

  const refused = setUp();
  refused.kube.failNext(
    { verb: 'create', plural: 'jobs' },
    new KubeError('forbidden', 'create jobs.batch: forbidden', { status: 403 }),
  );
  await t.rejects(refused.run(), {
    exitCode: 2,
    message: /^create jobs\.batch: forbidden\nsomebody who may grant rights/,
  });
  t.strictSame(left(refused.kube), NOTHING, 'the Job is refused');

  const broken = setUp();
  const failing = broken.run();
  failing.catch(() => {});
  await broken.end(1, `Error: cannot pull with ${HIDDEN}\n`);
  const error = (await failing.catch((thrown: unknown) => thrown)) as Error;
  t.match(error, { exitCode: 2, message: /pod failed with exit code 1: cannot pull with \*\*\*$/ });
  t.notMatch(error.message, HIDDEN);
  t.strictSame(left(broken.kube), NOTHING, 'the plan fails');

  const slow = setUp();
  const waiting = slow.run({ timeout: '5s' });
  waiting.catch(() => {});
  await slow.untilJob();
  await slow.clock.advance(6_000);
  await t.rejects(waiting, {
    exitCode: 2,
    message: /^the plan has not ended in time: the Pod waits: NoPod; --timeout gives it more$/m,
  });
  t.strictSame(left(slow.kube), NOTHING, 'it takes too long');

  const stopped = setUp();
  const interrupted = stopped.run();
  interrupted.catch(() => {});
  await stopped.untilJob();
  stopped.terminal.interrupt();
  await t.rejects(interrupted);
  t.strictSame(left(stopped.kube), NOTHING, 'Ctrl-C');
});
