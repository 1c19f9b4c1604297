import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { EventTeller } from '../../controller/execute/events.js';
import { KubeError } from '../../kube/client.js';
import { EVENTS, PODS } from '../../kube/resources.js';
import { bundle, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { endJob, JOB_1, offered, withDatabase } from '../kit/offered-bundle.js';
import { recordLog } from '../kit/record-log.js';

t.test('events are read where nothing else tells, and only once the usual time is over', async (t) => {
  const harness = await offered();
  await harness.run();
  const { uid = '' } = harness.jobs()[0]?.metadata ?? {};
  const about = (regarding: string, note: string) =>
    harness.kube.seed(EVENTS, {
      metadata: { namespace: 'ops', name: note.slice(0, 5) },
      type: 'Warning',
      reason: 'FailedCreate',
      note,
      regarding: { uid: regarding },
    });
  about(uid, 'Error creating: pods "x-1" is forbidden: exceeded quota');
  about('another', 'other words');
  const early = await harness.run();
  t.same([early.actions, early.next], [[], { kind: 'after', ms: 10_000 }]);
  await harness.wait(10_000);
  const late = await harness.run();
  const message = (status: WerfBundleStatus) => status.conditions?.find(({ type }) => type === 'Ready')?.message;
  t.equal(message(late.status), 'deploying v1.0.0 (NewTag): FailedCreate: the Pod is forbidden: exceeded quota');
  t.same(late.next, { kind: 'after', ms: 30_000 });
  harness.kube.failNext({ verb: 'list', plural: 'events' }, new KubeError('forbidden', 'list events: forbidden'));
  const blind = await harness.run();
  t.equal(message(blind.status), `deploying v1.0.0 (NewTag): NoPod: Job ${JOB_1} has no Pod yet; see its events`);
  await harness.wait(30 * 60_000);
  const { status, actions } = await harness.run();
  t.ok(actions.includes(`delete jobs ${JOB_1}`), 'nobody else ends such a Job');
  t.equal(
    status.lastErrorMessage,
    `Job ${JOB_1} did not start within 30m: FailedCreate: the Pod is forbidden: exceeded quota`,
  );
});

t.test('an event that can not be told is logged, and the deployment goes on', async (t) => {
  const harness = await offered();
  harness.kube.failNext(
    { verb: 'create', plural: 'events' },
    new KubeError('forbidden', 'create events: forbidden'),
    2,
  );
  const { log, next } = await harness.run();
  t.same(
    log.map(({ message, fields }) => [message, fields['reason']]),
    [
      ['an event could not be told', 'Deploying'],
      ['an event could not be told', 'ETagUnsupported'],
    ],
  );
  t.same([next.kind, harness.jobs().length], ['await-change', 1]);
});

t.test('an event that the apiserver had no time for is told later, once, and not for ever', async (t) => {
  const event = { type: 'Warning', reason: 'DeployFailed', message: 'pod failed with exit code 1' } as const;
  const create = { verb: 'create', plural: 'events' } as const;
  const telling = (fault: (kube: ReturnType<typeof createFakeKube>) => void) => {
    const kube = createFakeKube();
    const clock = createFakeClock(NOW);
    const log = recordLog();
    const stop = new AbortController();
    const events = new EventTeller({ client: kube, clock, log, instance: 'here' }, stop.signal);
    fault(kube);
    events.tell(bundle(), event);
    const outcome = () => [
      kube.all(EVENTS).length,
      kube.actions.length,
      ...log.entries.map(({ message, fields }) => `${message}: ${fields['error']}`),
    ];
    return { clock, events, stop, outcome };
  };
  const busy = new KubeError('too-many-requests', 'create: 429', { status: 429, retryAfterMs: 5_000 });
  const asked = telling((kube) => kube.failNext(create, busy));
  await asked.clock.advance(4_999);
  t.same(asked.outcome(), [0, 1]);
  await asked.clock.advance(1);
  t.same(asked.outcome(), [1, 2], 'when the apiserver wants to be asked again');

  const lost = telling((kube) => kube.loseAnswer(create, new KubeError('unavailable', 'create: socket hang up')));
  await lost.clock.advance(1_000);
  t.same(lost.outcome(), [1, 2], 'it was there, though the answer was lost');

  const away = telling((kube) => kube.failNext(create, new KubeError('unavailable', 'create: 503'), 9));
  await away.clock.advance(60_000);
  t.same(away.outcome(), [0, 5, 'an event could not be told: create: 503']);

  const stopped = telling((kube) => kube.failNext(create, new KubeError('unavailable', 'create: 503'), 9));
  await stopped.clock.advance(500);
  stopped.stop.abort();
  await stopped.events.settled();
  const ending = 'an event could not be told: create events.events.k8s.io ops/my-app';
  t.match(stopped.outcome(), [0, 1, ending], 'a process that ends waits for none');
});

t.test('an event is as long as Kubernetes allows, which counts bytes', async (t) => {
  const kube = createFakeKube();
  const clock = createFakeClock(NOW);
  const teller = new EventTeller(
    { client: kube, clock, log: recordLog(), instance: 'here' },
    new AbortController().signal,
  );
  for (const message of ['x'.repeat(2_000), `x${'ошибка '.repeat(200)}`, 'short'])
    teller.tell(bundle(), { type: 'Warning', reason: 'DeployFailed', message });
  await teller.settled();
  const notes = kube.all(EVENTS).map(({ note }) => note);
  t.same(notes, ['x'.repeat(1_024), `x${'ошибка '.repeat(200)}`.slice(0, 551), 'short']);
  t.same(
    notes.map((note = '') => Buffer.byteLength(note)),
    [1_024, 1_023, 5],
  );
});

t.test('an event has a name that Kubernetes allows, whatever the bundle is called', async (t) => {
  const rows = [
    { title: 'a short name', name: 'my-app', want: 'my-app' },
    { title: 'a name that is cut at a dot and a dash', name: 'a.b-'.repeat(63), want: `${'a.b-'.repeat(54)}a.b` },
  ];
  for (const { title, name, want } of rows) {
    const kube = createFakeKube();
    const clock = createFakeClock(NOW);
    const events = new EventTeller({ client: kube, clock, log: recordLog(), instance: 'here' }, AbortSignal.any([]));
    events.tell(bundle(undefined, { metadata: { name } }), { type: 'Normal', reason: 'Deployed', message: 'deployed' });
    await events.settled();
    t.same(
      kube.actions.map((action) => action.name),
      [`${want}.${NOW.toString(16)}0001`],
      title,
    );
  }
});

t.test(
  'beside what werf waited for in vain stands why: a Pod\u2019s own reason, and nothing of a Secret in it',
  async (t) => {
    const harness = await offered(withDatabase());
    await harness.run();
    endJob(harness, 1);
    const late = 'release install: failed release "my-app" (namespace: "ops"): track resource "ops/Deployment/web"';
    const log = `Error: ${late}: context deadline exceeded\n`;
    harness.kube.setPodLog({ namespace: 'ops', name: `${JOB_1}-pod` }, 'werf', log);
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry/correct horse"' };
    harness.kube.seed(PODS, {
      metadata: {
        namespace: 'ops',
        name: 'web-5d4f-x7f2k',
        labels: { 'pod-template-hash': '5d4f' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true }],
      },
      status: { phase: 'Pending', containerStatuses: [{ name: 'app', state: { waiting } }] },
    });
    await harness.wait(1_000);
    const { status } = await harness.run();
    const why = 'Pod web-5d4f-x7f2k is not ready: ImagePullBackOff: Back-off pulling image "registry/***"';
    t.equal(status.lastErrorMessage, `pod failed with exit code 1: ${late}: context deadline exceeded; ${why}`);
  },
);
