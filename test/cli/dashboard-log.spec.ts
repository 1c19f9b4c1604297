import t from 'tap';
import { onePerson } from '../../cli/dashboard/callers.js';
import type { LogLine } from '../../dashboard/protocol.js';
import { JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, deployment, job, NOW, pod, syncedStatus } from '../kit/builders.js';
import { startDashboardFixture } from '../kit/dashboard-server.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';

const KEY = 'the-key-that-was-printed';
const PART = 'a line of a log\n'.repeat(4_096);
/** Twice of what a page may leave unread: what is sent without waiting for the page is cut off. */
const PARTS = 512;

t.test(
  'a log that comes faster than a page reads it arrives whole, and no more of it is held than the page reads',
  async (t) => {
    const clock = createFakeClock(NOW);
    const kube = createFakeKube({ clock });
    const sent = { parts: 0, atOnce: 0 };
    const arrived = { parts: 0 };
    Object.assign(kube, {
      followPodLog: async function* () {
        for (sent.parts = 0; sent.parts < PARTS; sent.parts += 1) {
          sent.atOnce = Math.max(sent.atOnce, sent.parts - arrived.parts);
          yield Buffer.from(PART);
        }
      },
    });
    const page = await startDashboardFixture(t, { callers: onePerson(KEY, kube), clock });
    const last = deployment({ number: 2, tag: 'v2.0.0', jobName: 'my-app-2' });
    const of = bundle(syncedStatus({ deployment: last, activeJobName: 'my-app-2' }));
    kube.seed(WERFBUNDLES, of);
    const made = kube.seed(JOBS, job(of, last));
    const { metadata, status } = pod();
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'my-app-2', uid: made.metadata.uid, controller: true };
    const name = status?.containerStatuses?.[0]?.name ?? 'werf';
    kube.seed(PODS, {
      metadata: {
        ...metadata,
        namespace: made.metadata.namespace,
        labels: { 'batch.kubernetes.io/job-name': 'my-app-2' },
        ownerReferences: [owner],
      },
      status: { phase: 'Succeeded', containerStatuses: [{ name, state: { terminated: { exitCode: 0 } } }] },
    } as never);

    const log = await page.open<LogLine>('/api/bundles/ops/my-app/log', KEY);
    t.match(await log.next(), { kind: 'job' });
    let letters = 0;
    for (let line = await log.next(); line.kind !== 'ended'; line = await log.next()) {
      if (line.kind === 'text') letters += line.text.length;
      arrived.parts += 1;
    }
    t.equal(letters, PARTS * PART.length);
    t.ok(sent.atOnce < PARTS / 2, `${sent.atOnce} parts of ${PART.length / 1024} KB were under way at once`);
  },
);
