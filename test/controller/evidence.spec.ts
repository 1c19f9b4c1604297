import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { Job, Stored } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { projectBundle } from '../../controller/cache/projections.js';
import { LOG_PATIENCE_MS } from '../../controller/decide/deployment.js';
import { isOurs, type Proof, provenJob } from '../../controller/deploy/job-signature.js';
import { isFromBefore, provenStatus, signedStatus } from '../../controller/deploy/status-signature.js';
import { knownJobs } from '../../controller/observe/known-jobs.js';
import { Memory } from '../../controller/reconcile/memory.js';
import { JOBS, PODS, SECRETS } from '../../kube/resources.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  deployment,
  historyEntry,
  iso,
  job,
  PROOF,
  selected,
  signed,
  syncedStatus,
} from '../kit/builders.js';
import { database, endJob, JOB_1, JOB_2, offered, WITH_DATABASE, withDatabase } from '../kit/offered-bundle.js';
import { type ReconcileHarness, type Run, reconcileHarness } from '../kit/reconcile-harness.js';

const OTHER_KEY = { id: 'k2', secret: Buffer.alloc(32, 2) };
/** An installation that has not begun to sign. */
const UNSIGNED: Proof = { key: PROOF.key, signsSince: undefined };

t.test(
  'a status is believed as the controller wrote it, for its own bundle, and only the counter may be lowered',
  (t) => {
    const owner = bundle();
    const failing = signedStatus(owner, syncedStatus({ consecutiveFailures: 4, lastJobLogs: 'log' }), {
      key: PROOF.key,
      revision: 7,
    });
    const { deployment: made = deployment(), signature = '' } = failing;
    const other = bundle(undefined, { metadata: { uid: 'another' } });
    const rows: readonly { title: string; status: WerfBundleStatus; want: WerfBundleStatus | undefined }[] = [
      { title: 'as it was written', status: failing, want: failing },
      { title: 'none was written yet', status: { observedGeneration: -1 }, want: undefined },
      {
        title: 'the log is another: no decision depends on it',
        status: { ...failing, lastJobLogs: 'x' },
        want: { ...failing, lastJobLogs: 'x' },
      },
      {
        title: 'the counter was set to 0: people start polls again by that',
        status: { ...failing, consecutiveFailures: 0 },
        want: { ...failing, consecutiveFailures: 0 },
      },
      { title: 'the counter was raised', status: { ...failing, consecutiveFailures: 6 }, want: failing },
      { title: 'another tag', status: { ...failing, lastAppliedTag: 'v9' }, want: undefined },
      { title: 'another number', status: { ...failing, deployment: { ...made, number: 2 ** 53 } }, want: undefined },
      { title: 'something was added', status: { ...failing, activeJobName: 'evil' }, want: undefined },
      { title: 'something was taken away', status: { ...failing, history: [] }, want: undefined },
      { title: 'no signature', status: syncedStatus(), want: undefined },
      {
        title: 'the counter in the signature was changed',
        status: { ...failing, signature: signature.replace('4:', '0:') },
        want: undefined,
      },
      {
        title: 'the revision in the signature was changed',
        status: { ...failing, signature: signature.replace(':7:', ':8:') },
        want: undefined,
      },
      {
        title: 'a signature of another bundle',
        status: signedStatus(other, syncedStatus(), { key: PROOF.key, revision: 7 }),
        want: undefined,
      },
      {
        title: 'a signature by another key',
        status: signedStatus(owner, syncedStatus(), { key: OTHER_KEY, revision: 7 }),
        want: undefined,
      },
    ];
    for (const { title, status, want } of rows) t.strictSame(provenStatus(owner, status, PROOF.key), want, title);
    t.end();
  },
);

t.test(
  'a status from before this installation signed what it writes is taken over, if it can be counted on from',
  (t) => {
    const owner = bundle();
    const rows: readonly { title: string; status: WerfBundleStatus; proof: Proof; want: boolean }[] = [
      { title: 'no signature', status: syncedStatus(), proof: UNSIGNED, want: true },
      {
        title: 'by a key that was lost',
        status: signedStatus(owner, {}, { key: OTHER_KEY, revision: 7 }),
        proof: UNSIGNED,
        want: true,
      },
      { title: 'a wrong signature of this key', status: { signature: '0:1:k1:00' }, proof: UNSIGNED, want: false },
      { title: 'once all are signed', status: syncedStatus(), proof: PROOF, want: false },
      {
        title: 'a number that is none',
        status: syncedStatus({ history: [historyEntry('Succeeded', { number: 2 ** 53 })] }),
        proof: UNSIGNED,
        want: false,
      },
    ];
    const endless = [
      { deployment: deployment({ number: 999_999_999_999_999 }) },
      { history: [historyEntry('Failed', { number: 1_000_000_000_000 })] },
      { driftCheckCount: 999_999_999_999_999 },
      { driftCheckCount: -1 },
    ];
    for (const status of endless)
      t.equal(
        isFromBefore(syncedStatus(status), UNSIGNED),
        false,
        'nothing that the CRD allows comes after this number',
      );
    for (const { title, status, proof, want } of rows) t.equal(isFromBefore(status, proof), want, title);
    const last = job(bundle(), deployment({ number: 999_999_999_999_999 }));
    t.equal(knownJobs([last], bundle(), 'ops').highest, 0, 'nor do Jobs from before move numbers to the end');
    t.end();
  },
);

t.test('what is taken over is taken once, and is never remembered as the controller\u2019s own', (t) => {
  const own = signed(bundle(syncedStatus()));
  const forged = { ...own, status: syncedStatus({ lastAppliedTag: 'v9.0.0', signature: '0:1:k0:00' }) };
  const taken = projectBundle(forged, UNSIGNED);
  t.strictSame([taken.isTakenOver, taken.status], [true, forged.status]);
  const other = { ...own, status: syncedStatus({ lastAppliedTag: 'v8.0.0' }) };
  const later = projectBundle(other, PROOF, () => taken);
  t.strictSame([later.status, later.storedStatus], [undefined, other.status], 'it is gone once all are signed');
  const memory = new Memory();
  memory.wrote(taken, projectBundle(own, UNSIGNED));
  const endless = { ...forged, status: { ...forged.status, signature: `0:${'9'.repeat(15)}:k0:00` } };
  const unseen = { ...endless, metadata: { ...own.metadata, resourceVersion: '9' } };
  t.strictSame(
    memory.current(projectBundle(unseen, UNSIGNED, () => taken)).status,
    own.status,
    'a revision that is not proven is none, though no cache has had our own write',
  );
  const known = projectBundle(own, UNSIGNED);
  const kept = projectBundle(forged, UNSIGNED, () => known);
  t.strictSame(
    [kept.isTakenOver, kept.status],
    [undefined, own.status],
    'a bundle that is signed is not taken over again',
  );
  t.end();
});

t.test('a Job proves what it was made for by its template, its name and its namespace', (t) => {
  const ours = job(bundle());
  const { spec } = ours;
  if (spec === undefined) throw new Error('a Job has a spec');
  const templateSays = (change: Record<string, string>): Stored<Job> => {
    const annotations = { ...spec.template.metadata?.annotations, ...change };
    const template = { ...spec.template, metadata: { ...spec.template.metadata, annotations } };
    return { ...ours, spec: { ...spec, template } };
  };
  const named = (change: object): Stored<Job> => ({ ...ours, metadata: { ...ours.metadata, ...change } });
  const number = 'werf.io/deployment-number';
  const rows: readonly { title: string; job: Stored<Job>; proof?: Proof; says: string | undefined }[] = [
    { title: 'as it was made', job: ours, says: '1' },
    { title: 'its own annotations were removed', job: named({ annotations: {} }), says: '1' },
    { title: 'its own labels were removed', job: named({ labels: {} }), says: '1' },
    { title: 'its own number was changed', job: named({ annotations: { [number]: '7' } }), says: '1' },
    { title: 'a copy in another namespace', job: named({ namespace: 'team-b' }), says: undefined },
    { title: 'a copy under another name', job: named({ name: 'planted' }), says: undefined },
    { title: 'another number in its template', job: templateSays({ [number]: '999999999999999' }), says: undefined },
    { title: 'other Secrets', job: templateSays({ 'werf.io/secrets': 'database' }), says: undefined },
    { title: 'no signature', job: templateSays({ 'werf.io/signature': '' }), says: undefined },
    {
      title: 'no signature, from before there were any',
      job: templateSays({ 'werf.io/signature': '' }),
      proof: { key: PROOF.key, signsSince: Date.parse('2026-11-23T10:00:00Z') },
      says: '1',
    },
    {
      title: 'no signature, and made since there are',
      job: templateSays({ 'werf.io/signature': '' }),
      proof: { key: PROOF.key, signsSince: Date.parse('2026-11-23T09:00:00Z') },
      says: undefined,
    },
    {
      title: 'a wrong signature, from before there were any',
      job: templateSays({ [number]: '7' }),
      proof: UNSIGNED,
      says: undefined,
    },
  ];
  for (const { title, job: given, proof = PROOF, says } of rows) {
    const proven = provenJob(given, proof);
    t.strictSame([isOurs(proven), proven.metadata.annotations?.[number]], [says !== undefined, says], title);
  }
  t.end();
});

/** A bundle that has v1.0.0 deployed by its first Job, which is still there. */
const deployed = async (): Promise<ReconcileHarness> => {
  const harness = await offered(withDatabase());
  await harness.run();
  endJob(harness);
  await harness.run();
  return harness;
};

/** What the Jobs that are made from here on deploy. */
const madeBy = async (
  harness: ReconcileHarness,
): Promise<{
  made: readonly object[];
  requests: number;
  log: Run['log'];
}> => {
  const before = new Set(harness.jobs().map(({ metadata }) => metadata.name));
  const { requests, log } = await harness.run();
  const made = harness
    .jobs()
    .filter(({ metadata }) => !before.has(metadata.name))
    .map(({ metadata, spec }) => {
      const containers = spec?.template.spec['containers'] as readonly { args: unknown; image: unknown }[] | undefined;
      const container = containers?.[0];
      const { 'werf.io/tag': tag, 'werf.io/digest': digest } = metadata.annotations ?? {};
      const { namespace } = metadata;
      return { namespace, tag, digest, args: container?.args, image: container?.image };
    });
  return { made, requests, log };
};

t.test('what others write into a status is corrected while the controller runs, and starts nothing', async (t) => {
  const forged: readonly { title: string; change: (status: WerfBundleStatus) => WerfBundleStatus }[] = [
    {
      title: 'an intent, as alice of team-a writes it',
      change: (status) => ({
        ...status,
        deployment: deployment({ number: 7, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'evil-job-3' }),
      }),
    },
    {
      title: 'a number that nothing comes after',
      change: (status) => ({ ...status, deployment: deployment({ number: 2 ** 53 }) }),
    },
    {
      title: 'a history with such a number',
      change: (status) => ({ ...status, history: [historyEntry('Succeeded', { number: 2 ** 53 })] }),
    },
    { title: 'that v9 is deployed', change: (status) => ({ ...status, lastAppliedTag: 'v9.0.0' }) },
    { title: 'that nothing was ever deployed', change: () => ({}) },
    { title: 'that polling has stopped', change: (status) => ({ ...status, consecutiveFailures: 6 }) },
    { title: 'that it is Failed', change: (status) => ({ ...status, phase: 'Failed' }) },
    { title: 'another target', change: (status) => ({ ...status, resolvedTargetNamespace: 'kube-system' }) },
  ];
  for (const { title, change } of forged) {
    const harness = await deployed();
    const { lastJobLogs: _, ...own } = harness.bundle()?.status ?? {};
    await harness.run();
    harness.storeStatus(change(own), 'forged');
    const { made, log } = await madeBy(harness);
    t.strictSame(made, [], title);
    t.match(log, [{ message: 'a status that others have written was corrected', fields: { bundle: 'ops/my-app' } }]);
    const { lastJobLogs: __, ...restored } = harness.bundle()?.status ?? {};
    t.strictSame(restored, own, `${title}: what the controller wrote is there again`);
  }
});

t.test('an old status that is written back while the controller runs is corrected, and starts nothing', async (t) => {
  const rows = [
    { title: 'the watch brings each version', misses: false },
    { title: 'the last own version is missed by a relist', misses: true },
  ];
  for (const { title, misses } of rows) {
    const harness = await deployed();
    const { status: old = {} } = harness.bundle() ?? {};
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    endJob(harness);
    harness.freezeCaches(misses);
    await harness.run();
    const { status: own } = harness.bundle() ?? {};
    t.equal(own?.lastAppliedTag, 'v1.1.0');
    for (const { metadata } of harness.jobs())
      harness.kube.vanish(JOBS, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
    harness.storeStatus(old, 'forged');
    harness.freezeCaches(false);
    const { made } = await madeBy(harness);
    t.strictSame(made, [], title);
    const { lastJobLogs: _, ...restored } = harness.bundle()?.status ?? {};
    const { lastJobLogs: __, ...wanted } = own ?? {};
    t.strictSame(restored, wanted, `${title}: the last own one is there again`);
  }
});

t.test('who writes a status again and again does not keep the controller from writing its own', async (t) => {
  const rows = [
    {
      title: 'a status of theirs',
      change: (status: WerfBundleStatus) => ({ ...status, lastAppliedTag: 'v9.0.0' }),
      made: 1,
    },
    {
      title: 'a counter that is lowered is an order: it is looked at anew',
      change: (status: WerfBundleStatus) => status,
      made: 0,
    },
  ];
  for (const { title, change, made: want } of rows) {
    const harness = await deployed();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    const meddle = (left: number): void =>
      harness.kube.before({ verb: 'patch', plural: 'werfbundles' }, () => {
        const stored = harness.bundle()?.status ?? {};
        harness.storeStatus(change(stored), 'forged');
        if (left > 1) meddle(left - 1);
      });
    meddle(2);
    const { made } = await madeBy(harness);
    t.equal(made.length, want, title);
  }
});

t.test('a status that was forged while no controller ran is told again by the Job', async (t) => {
  const harness = await deployed();
  const own = harness.bundle()?.status ?? {};
  harness.storeStatus({ ...own, lastAppliedTag: 'v9.0.0', deployment: deployment({ number: 2 ** 53 }) }, 'forged');
  harness.restart();
  const { made } = await madeBy(harness);
  t.strictSame(made, []);
  await harness.wait(LOG_PATIENCE_MS);
  t.strictSame((await madeBy(harness)).made, []);
  const { lastAppliedTag, deployment: told, history } = harness.bundle()?.status ?? {};
  t.strictSame([lastAppliedTag, told?.number, history?.map(({ result }) => result)], ['v1.0.0', 1, ['Succeeded']]);
});

t.test('an old status of the controller, written back by others, deploys nothing that is not wanted now', async (t) => {
  const harness = await deployed();
  const intent = signed({
    ...bundle(),
    status: { deployment: deployment({ number: 5, jobName: 'my-app-5', startedAt: iso(-25 * 3_600_000) }) },
  });
  for (const { metadata } of harness.jobs())
    harness.kube.vanish(JOBS, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
  harness.storeStatus(intent.status ?? {}, 'forged');
  harness.restart();
  const { made } = await madeBy(harness);
  t.strictSame(made, [], 'an intent of yesterday is not carried out');
  t.match(harness.bundle()?.status?.history?.[0], { number: 5, result: 'Superseded', message: /more than a day ago/ });
});

t.test('of a log nothing is copied that a Secret of somebody else says is harmless', async (t) => {
  const harness = await offered(withDatabase());
  await harness.run();
  const [made] = harness.jobs();
  const name = `${made?.metadata.name}-values`;
  const own = harness.kube.read(SECRETS, { namespace: 'ops', name });
  const harmless = Buffer.from(JSON.stringify({ texts: [], allValues: false })).toString('base64');
  harness.kube.seed(SECRETS, { ...own, data: { ...own?.data, 'redact.json': harmless } } as never);
  endJob(harness);
  await harness.run();
  await harness.wait(60_000);
  const { status } = await harness.run();
  t.strictSame([status.history?.[0]?.result, status.lastJobLogs], ['Succeeded', undefined]);
});

t.test('a Job whose annotations were taken away is followed all the same, and its log is redacted', async (t) => {
  const harness = await offered(withDatabase());
  await harness.run();
  const [made] = harness.jobs();
  harness.kube.seed(JOBS, { ...made, metadata: { ...made?.metadata, annotations: {} } } as never);
  endJob(harness);
  const { status } = await harness.run();
  t.strictSame(
    [status.history?.[0]?.result, status.lastJobLogs],
    ['Succeeded', 'connects with ***\nError: no such table'],
  );
});

t.test('a Job whose labels were taken away, which no watch brings any more, is looked at until it ends', async (t) => {
  const harness = await offered(withDatabase());
  await harness.run();
  const [made] = harness.jobs();
  const { name = '', uid = '' } = made?.metadata ?? {};
  harness.kube.seed(JOBS, { ...made, metadata: { ...made?.metadata, labels: {} } } as never);
  harness.kube.seed(PODS, {
    metadata: {
      namespace: 'ops',
      name: `${name}-pod`,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
    },
    status: { phase: 'Running', containerStatuses: [{ name: 'werf', state: { running: {} } }] },
  });
  const { next } = await harness.run();
  t.match(next, { kind: 'after' });
  t.ok(
    next.kind === 'after' && next.ms <= 30_000,
    `the next look comes in ${next.kind === 'after' ? next.ms : '?'} ms`,
  );
  endJob(harness);
  const { status } = await harness.run();
  t.strictSame([status.history?.[0]?.result, harness.jobs().length], ['Succeeded', 1]);
});

t.test('a bundle that costs more than one may goes to the back, and says so', async (t) => {
  const sources = Array.from({ length: 64 }, (_, n) => ({ configMapRef: { name: `source-${n}` } }));
  const converge = { targetNamespace: 'production', serviceAccountName: 'werf', valuesFrom: sources };
  const wide = await offered(reconcileHarness(bundle(undefined, { spec: { converge } })));
  const run = await wide.run();
  t.not(run.next.kind, 'hold', 'one that names as much as a bundle may is within its limit');
  t.ok(run.requests <= 64 + 2 * sources.length, `${run.requests} requests`);

  const slow = await offered();
  slow.kube.before({ verb: 'get', plural: 'secrets' }, () => slow.wait(60_000));
  const { next, events } = await slow.run();
  t.strictSame(
    [next.kind, events],
    [
      'hold',
      [
        'Warning ReconcileLimitExceeded: a reconcile of this bundle takes longer than 60 s: others go first, and it is tried again later',
      ],
    ],
  );
});

const text = fc.constantFrom('v1.0.0', 'v1.1.0', 'v9.0.0', DIGEST_A, DIGEST_B, 'evil', '', 'my-app-1');
const number = fc.constantFrom(1, 2, 3, 7, 999_999_999_999_999, 2 ** 53);
const made = {
  number,
  tag: text,
  digest: text,
  checksum: text,
  jobName: text,
  startedAt: fc.constantFrom(iso(-60_000), iso(60_000)),
};
const reason = fc.constantFrom('NewTag', 'Dismiss', 'Retry', 'JobLost', 'Requested');
const someStatus = fc.record(
  {
    phase: fc.constantFrom('Syncing', 'Synced', 'Failed'),
    observedGeneration: fc.constantFrom(-1, 0, 1, 2),
    consecutiveFailures: fc.nat({ max: 6 }),
    nextAttemptTime: fc.constantFrom(iso(-1), iso(9_999_999_999)),
    lastAppliedTag: text,
    lastAppliedDigest: text,
    appliedChecksum: text,
    lastJobName: text,
    lastJobStatus: fc.constantFrom('Running', 'Succeeded', 'Failed'),
    resolvedTargetNamespace: fc.constantFrom('ops', 'kube-system', 'team-b'),
    driftCheckCount: number,
    driftCorrectionAttempts: number,
    lastHandledRequest: text,
    lastHandledDeployRequest: text,
    deployment: fc.record({ ...made, attempt: fc.constantFrom(1, 9), generation: fc.constantFrom(1, 2), reason }),
    history: fc.array(
      fc.record({
        ...made,
        reason,
        result: fc.constantFrom('Succeeded', 'Failed', 'Lost', 'Superseded'),
        finishedAt: fc.constantFrom(iso(-1), iso(60_000)),
      }),
      { maxLength: 10 },
    ),
    signature: fc.constantFrom('', `0:1:k1:${'0'.repeat(64)}`, 'own'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<WerfBundleStatus>;

/** A Job that somebody plants: what it says is theirs, and its signature, if it has one, another Job's. */
const somePlanted = fc.record({
  namespace: fc.constantFrom('ops', 'team-b'),
  name: fc.constantFrom('planted', JOB_1, JOB_2),
  says: fc.record(
    {
      'werf.io/deployment-number': fc.constantFrom('1', '2', '7', '999999999999999', '9007199254740992', '-1', 'x'),
      'werf.io/secrets': fc.constantFrom('', 'database', 'x,'.repeat(46_000)),
      'werf.io/checksum': text,
      'werf.io/drift-check': fc.constantFrom('1', '7'),
    },
    { requiredKeys: [] },
  ),
  isPlan: fc.boolean(),
});

type Planted = typeof somePlanted extends fc.Arbitrary<infer P> ? P : never;

/** A bundle that has v1.0.0 deployed, and whose Job is still there; the registry offers v1.1.0. */
const synced = (): ReconcileHarness => {
  const made = deployment({ jobName: JOB_1 });
  const status = syncedStatus({
    deployment: made,
    lastJobName: JOB_1,
    history: [historyEntry('Succeeded', { jobName: JOB_1 })],
  });
  const harness = reconcileHarness(bundle(status, { spec: WITH_DATABASE }));
  harness.kube.seed(SECRETS, database);
  harness.kube.seed(JOBS, job(bundle(), made));
  endJob(harness);
  return harness;
};

const plant = (harness: ReconcileHarness, { namespace, name, says, isPlan }: Planted): void => {
  const [ours] = harness.jobs();
  if (ours === undefined || (namespace === 'ops' && name === JOB_1)) return;
  const { spec } = ours;
  const texts = { ...ours.metadata.annotations, ...says };
  const labels = { ...ours.metadata.labels, ...(isPlan && { 'werf.io/job-kind': 'plan' }) };
  const metadata = { labels, annotations: { ...spec?.template.metadata?.annotations, ...says } };
  const template = { ...spec?.template, metadata };
  harness.kube.seed(JOBS, {
    metadata: { namespace, name, labels, annotations: texts },
    spec: { ...spec, template },
  } as never);
};

t.test('whatever others write, what is deployed is what an empty status would have deployed, or nothing', async (t) => {
  const attacked = async (attack: (harness: ReconcileHarness) => void) => {
    const harness = synced();
    attack(harness);
    const first = await madeBy(harness);
    await harness.wait(LOG_PATIENCE_MS);
    harness.deliver(selected('v1.1.0', DIGEST_B));
    const later = await madeBy(harness);
    return { made: [...first.made, ...later.made], requests: Math.max(first.requests, later.requests) };
  };
  const lost = await attacked((harness) => {
    harness.storeStatus({}, 'forged');
    harness.restart();
  });
  t.match(lost.made, [{ namespace: 'ops', tag: 'v1.1.0', digest: DIGEST_B }], 'as a status that was lost');
  const law = fc.asyncProperty(
    fc.option(someStatus, { nil: undefined }),
    fc.array(somePlanted, { maxLength: 4 }),
    fc.boolean(),
    async (status, planted, restarts) => {
      const { made, requests } = await attacked((harness) => {
        const own = harness.bundle()?.status?.signature;
        const { signature, ...rest } = status ?? {};
        const copied = signature === 'own' ? own : signature;
        if (status !== undefined)
          harness.storeStatus({ ...rest, ...(copied !== undefined && { signature: copied }) }, 'forged');
        for (const each of planted) plant(harness, each);
        if (restarts) harness.restart();
      });
      if (requests > 64) throw new Error(`it costs ${requests} requests`);
      if (made.length > 0 && !isDeepStrictEqual(made, lost.made)) throw new Error(JSON.stringify(made));
    },
  );
  await t.resolves(fc.assert(law, { numRuns: 2_000 }));
});
