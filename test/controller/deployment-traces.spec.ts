import t from 'tap';
import { KubeError } from '../../kube/client.js';
import { JOBS } from '../../kube/resources.js';
import { DIGEST_A, DIGEST_B, NOW, selected } from '../kit/builders.js';
import { endJob, JOB_1, offered } from '../kit/offered-bundle.js';
import { type ReconcileHarness, SCANNED } from '../kit/reconcile-harness.js';
import type { EndedSpan } from '../kit/record-spans.js';

const briefly = ({ name, parentId, at, until, failure }: EndedSpan) => ({
  name,
  parentId,
  from: at - NOW,
  to: until - NOW,
  failure,
});

const traceparentOf = (harness: ReconcileHarness): string | undefined =>
  harness.jobs()[0]?.spec?.template.metadata?.annotations?.['werf.io/traceparent'];

t.test("a deployment is one trace: what was found, the decision, the Job's creation, the Job", async (t) => {
  const harness = await offered();
  const { ended, scans } = harness.trace();
  await harness.run();
  t.strictSame(scans, [1], 'the scan is told of, since something follows from it');
  const [decided, created] = ended;
  t.equal(traceparentOf(harness), `00-${SCANNED.traceId}-${created?.spanId}-01`);
  await harness.wait(90_000);
  endJob(harness);
  await harness.run();
  t.strictSame(ended.map(briefly), [
    { name: 'decide deployment', parentId: SCANNED.spanId, from: 0, to: 0, failure: undefined },
    { name: 'create Job', parentId: decided?.spanId, from: 0, to: 0, failure: undefined },
    { name: 'run Job', parentId: created?.spanId, from: 0, to: 0, failure: undefined },
  ]);
  t.strictSame([...new Set(ended.map(({ traceId }) => traceId))], [SCANNED.traceId]);
  const deployment = {
    'deployment.name': 'ops/my-app',
    'deployment.id': '1',
    'werfbundle.deployment.reason': 'NewTag',
    'werfbundle.tag': 'v1.0.0',
    'oci.manifest.digest': DIGEST_A,
  };
  const job = { 'k8s.namespace.name': 'ops', 'k8s.job.name': JOB_1 };
  const [uid] = harness.jobs().map(({ metadata }) => metadata.uid);
  t.strictSame(
    ended.map(({ attributes }) => attributes),
    [
      deployment,
      { ...deployment, ...job },
      {
        ...deployment,
        ...job,
        'k8s.job.uid': uid,
        'k8s.container.name': 'werf',
        'container.image.name': 'registry.example/werf',
        'container.image.tags': ['3.2.0'],
        'deployment.status': 'succeeded',
      },
    ],
  );
  harness.deliver(selected());
  await harness.run();
  t.strictSame([ended.length, scans], [3, [1]], 'a scan from which nothing follows is not told of');
});

t.test('a process that starts tells of the Job of another one, from what Kubernetes knows of it', async (t) => {
  const harness = await offered();
  const { ended } = harness.trace();
  await harness.run();
  harness.restart();
  await harness.wait(90_000);
  endJob(harness, 1);
  await harness.run();
  const [, created, job] = ended;
  t.match(job, {
    name: 'run Job',
    traceId: SCANNED.traceId,
    parentId: created?.spanId,
    at: NOW + 999,
    failure: 'Failed',
    attributes: { 'deployment.status': 'failed' },
  });
});

t.test('a Job that its own process has lost is told of; a refused one is a creation that failed', async (t) => {
  const lost = await offered();
  const traced = lost.trace();
  await lost.run();
  const uid = lost.jobs()[0]?.metadata.uid ?? '';
  await lost.kube.delete(JOBS, { namespace: 'ops', name: JOB_1 }, { uid }, new AbortController().signal);
  await lost.run();
  t.match(traced.ended.at(-1), { name: 'run Job', failure: 'Lost' });

  const refused = await offered();
  refused.kube.failNext({ verb: 'create', plural: 'jobs' }, new KubeError('forbidden', 'no', { status: 403 }));
  const { ended } = refused.trace();
  await refused.run();
  t.match(ended.slice(0, 2), [{ name: 'decide deployment' }, { name: 'create Job', failure: 'refused' }]);
});

t.test('what was decided is not told of before it is written', async (t) => {
  const harness = await offered();
  const { ended, scans } = harness.trace();
  const unavailable = new KubeError('unavailable', 'patch: 503', { status: 503 });
  harness.kube.failNext({ verb: 'patch', plural: 'werfbundles' }, unavailable);
  await harness.run();
  t.strictSame([ended, scans], [[], []]);
  await harness.run();
  t.strictSame([ended.map(({ name }) => name), scans], [['decide deployment', 'create Job'], [1]]);
});

t.test('while nothing is traced, a Job is as it was', async (t) => {
  const harness = await offered();
  await harness.run();
  t.equal(traceparentOf(harness), undefined);
  const { ended } = harness.trace();
  endJob(harness);
  await harness.run();
  t.strictSame(ended, [], 'and no trace begins in its middle');
});

t.test(
  'what others write of a trace on a Job counts for nothing: its template is what nobody can change',
  async (t) => {
    const harness = await offered();
    const { ended } = harness.trace();
    await harness.run();
    const forged = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    for (const job of harness.kube.all(JOBS)) {
      const annotations = { ...job.metadata.annotations, 'werf.io/traceparent': forged };
      harness.kube.seed(JOBS, { ...job, metadata: { ...job.metadata, annotations } });
    }
    harness.restart();
    endJob(harness);
    await harness.run();
    t.match(ended.at(-1), { name: 'run Job', traceId: SCANNED.traceId }, "the Job's own annotation is not read");
  },
);

t.test('lines of the log say to which trace they belong', async (t) => {
  const harness = await offered();
  const { ended } = harness.trace();
  harness.deliver(selected('v1.1.0', DIGEST_B));
  await harness.run();
  const line = harness.lines().find(({ fields }) => fields['reason'] === 'Deploying');
  const [decided] = ended;
  t.match(line?.fields, { trace_id: SCANNED.traceId, span_id: decided?.spanId });
});
