import t from 'tap';
import type { Plan, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  historyEntry,
  jobInputs,
  NOW,
  observation,
  platform,
  selected,
  settingsOf,
  syncedStatus,
} from '../kit/builders.js';
import { BundleModel } from '../kit/bundle-model.js';
import { decided, needOf } from '../kit/decided.js';
import { failedStatus, returnedStatus } from '../kit/deciding-statuses.js';
import { lossOf, plan } from '../kit/plan-statuses.js';

const ROLLED_BACK = { 'werf.io/rollback-to': 'v1.0.0' };

/** v1.1.0 is deployed, and what the bundle is asked for stands in its annotations. */
const deployed = (annotations: Readonly<Record<string, string>>, change: WerfBundleStatus = {}): StoredBundle =>
  bundle(
    syncedStatus({
      lastAppliedTag: 'v1.1.0',
      lastAppliedDigest: DIGEST_B,
      deployment: deployment({ tag: 'v1.1.0', digest: DIGEST_B }),
      history: [historyEntry('Succeeded', { tag: 'v1.1.0', digest: DIGEST_B })],
      ...change,
    }),
    { metadata: { annotations } },
  );

const conditionsOf = ({ conditions = [] }: WerfBundleStatus): readonly string[] =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

t.test('a rollback asks the registry at once, for the tag that is rolled back to', async (t) => {
  const seen = observation(deployed(ROLLED_BACK), { latest: undefined });
  const { status, interest } = decided(seen);
  t.equal(status.rollbackTo, 'v1.0.0');
  t.match(interest, { policy: { tag: 'v1.0.0' }, due: { kind: 'at', time: seen.now } });
  t.strictSame(conditionsOf(status), [
    'Ready Unknown FirstScan',
    'Reconciling True FirstScan',
    'RegistryReachable Unknown FirstScan',
    'Held True RolledBack',
  ]);
});

t.test('what the registry last offered to the spec is not taken for an answer about the rollback', async (t) => {
  const latest = {
    kind: 'selected',
    tag: 'v1.2.0',
    digest: DIGEST_A,
    tags: { etag: '', etagSupported: false, count: 1 },
  };
  const { status } = decided(observation(deployed(ROLLED_BACK), { latest } as Partial<Observation>));
  t.equal(status.deployment?.tag, 'v1.1.0', 'nothing is decided');
});

t.test('it needs no annotation that allows downgrades, and is told as what it is', async (t) => {
  const of = deployed(ROLLED_BACK, { rollbackTo: 'v1.0.0' });
  const { status, events } = decided(observation(of, { delivery: delivery(selected('v1.0.0', DIGEST_A)) }));
  t.match(status.deployment, { number: 2, tag: 'v1.0.0', reason: 'Rollback' });
  t.strictSame(
    events.map(({ reason }) => reason),
    ['Deploying', 'RolledBack'],
  );
});

t.test('a deployment of another tag that was decided and not begun gives way to it', async (t) => {
  const next = deployment({ number: 2, tag: 'v1.2.0', jobName: 'my-app-2' });
  const { status } = decided(observation(deployed(ROLLED_BACK, { deployment: next })));
  t.match(status.history?.[0], {
    number: 2,
    result: 'Superseded',
    message: 'no Job was made: a person has rolled back to v1.0.0',
  });
});

t.test('a bundle that was rolled back is Synced, and says what holds it', async (t) => {
  const model = new BundleModel();
  model.settle();
  for (const tag of ['v1.0.0', 'v1.1.0']) {
    model.scan(selected(tag, tag === 'v1.0.0' ? DIGEST_A : DIGEST_B));
    model.settle();
    model.endJob(0);
    model.settle();
  }
  model.annotate(ROLLED_BACK);
  model.settle();
  model.scan(selected('v1.0.0', DIGEST_A));
  model.settle();
  model.endJob(0);
  model.settle();
  t.strictSame(conditionsOf(model.status), [
    'Ready True Deployed',
    'RegistryReachable True Polled',
    'Held True RolledBack',
  ]);
  t.equal(
    model.status.conditions?.[0]?.message,
    'rolled back to v1.0.0 by a person, and deployed to namespace ops; it stays until werfbundle release-hold my-app -n ops',
    'the message column of kubectl get',
  );
  t.equal(
    model.status.conditions?.find(({ type }) => type === 'Held')?.message,
    'a person holds v1.0.0 by annotation werf.io/rollback-to: neither polls nor the spec deploy another tag until it is taken away, by werfbundle release-hold my-app -n ops',
  );
  model.annotate({ 'werf.io/rollback-to': 'v1.0.0', other: '' });
  model.settle();
  t.strictSame(model.decision?.events, [], 'it is told once');
  model.annotate({ 'werf.io/rollback-to': '' });
  model.settle();
  t.strictSame(
    model.decision?.events.map(({ reason }) => reason),
    ['HoldReleased'],
  );
  t.strictSame(
    [model.status.rollbackTo, conditionsOf(model.status).includes('Held True RolledBack')],
    [undefined, false],
  );
  model.scan(selected('v1.1.0', DIGEST_B));
  model.settle();
  t.match(model.status.deployment, { tag: 'v1.1.0', reason: 'NewTag' });
  t.strictSame(model.violations, []);
});

t.test('an annotation that names no tag deploys nothing', async (t) => {
  const of = deployed({ 'werf.io/rollback-to': 'v1, please' }, { rollbackTo: 'v1, please' });
  const { status, interest } = decided(observation(of));
  t.match(status.conditions?.[0], {
    type: 'Ready',
    status: 'False',
    reason: 'SpecInvalid',
    message: /^metadata\.annotations\[werf\.io\/rollback-to\]: Invalid value: "v1, please"/,
  });
  t.equal(interest, undefined);
});

/** v1.0.0 is deployed, v1.1.0 has failed, and the bundle is to return. */
const RETURNING = { spec: { converge: { onFailure: 'Return' } } } as const;
const failed = (change: Partial<Observation> = {}, status: WerfBundleStatus = failedStatus('Failed')): Observation =>
  observation(bundle(status, RETURNING), { jobInputs: jobInputs(), ...change });
const OFFERED = { delivery: delivery(selected('v1.1.0', DIGEST_B)) };
const THERE = { tagNow: { kind: 'there', tag: 'v1.0.0', digest: DIGEST_A } } as const;
const whyNot = (seen: Observation): string | undefined => decided(seen).status.notReturned?.message;

t.test('what has failed for good is returned from, and is held from that very write on', async (t) => {
  const { status, actions } = decided(failed(THERE));
  t.match(status.deployment, { number: 3, tag: 'v1.0.0', digest: DIGEST_A, checksum: CHECKSUM, reason: 'Return' });
  t.strictSame(status.holds, [
    {
      tag: 'v1.1.0',
      digest: DIGEST_B,
      checksum: CHECKSUM,
      number: 2,
      since: '2026-11-23T10:00:00.000Z',
      message: 'pod failed with exit code 1',
      good: { tag: 'v1.0.0', digest: DIGEST_A, checksum: CHECKSUM },
    },
  ]);
  t.strictSame(actions, [], 'before anything is made');
});

t.test('the registry is asked once whether the tag still is what it was', async (t) => {
  t.equal(needOf(failed()), 'tag');
  t.equal(needOf(failed(THERE)), undefined);
});

t.test('it is returned to what is the same as before, or the status says why not', async (t) => {
  t.equal(
    whyNot(failed({ tagNow: { kind: 'there', tag: 'v1.0.0', digest: DIGEST_B } })),
    'tag v1.0.0 was published again, and werf can deploy a tag only, not the digest that it had',
  );
  t.equal(whyNot(failed({ tagNow: { kind: 'absent', tag: 'v1.0.0' } })), 'tag v1.0.0 is gone from the registry');
  const made = deployment({ number: 2, checksum: 'k1:2', reason: 'NewValues' });
  const byValues = failedStatus('Failed', {
    deployment: made,
    history: [historyEntry('Failed', { number: 2, checksum: 'k1:2' }), historyEntry('Succeeded')],
  });
  t.equal(
    whyNot(failed({ jobInputs: jobInputs({ checksum: 'k1:2' }) }, byValues)),
    'what it was deployed with is not kept',
  );
});

t.test('a registry that does not say is asked again, and nothing is given up', async (t) => {
  const { status, recheck } = decided(
    failed({ tagNow: { kind: 'unknown', tag: 'v1.0.0', why: 'error polling registry: 503' } }),
  );
  t.strictSame(
    [status.notReturned, status.deployment?.number, recheck],
    [undefined, 2, { kind: 'at', time: NOW + 30_000 }],
  );
  t.equal(
    status.conditions?.[0]?.message,
    'pod failed with exit code 1; v1.0.0 follows as soon as the registry says what its tag is: error polling registry: 503',
  );
});

t.test('nothing is returned from that has changed nothing, or is not given up', async (t) => {
  const numberAfter = (seen: Observation) => decided(seen).status.deployment?.number;
  const bad = { tag: 'v1.1.0', digest: DIGEST_B };
  const inVain = [5, 4, 3, 2].map((number) => historyEntry('Refused', { number, ...bad }));
  const refused = failedStatus('Refused', {
    deployment: deployment({ number: 5, ...bad }),
    history: [...inVain, historyEntry('Succeeded')],
  });
  t.equal(numberAfter(failed(THERE, refused)), 5, 'Jobs that were refused');
  const retries = bundle(failedStatus('Failed'), { spec: { converge: { onFailure: 'Return', retries: 1 } } });
  t.equal(numberAfter(observation(retries, { ...THERE, now: NOW - 1_000 })), 2, 'a retry is to come');
  const byPerson = { metadata: { annotations: { 'werf.io/rollback-to': 'v1.1.0' } }, ...RETURNING };
  const rolledBack = bundle(failedStatus('Failed', { rollbackTo: 'v1.1.0' }), byPerson);
  t.equal(numberAfter(observation(rolledBack, { ...THERE, jobInputs: jobInputs() })), 2, 'a person wants it so');
  const first = failedStatus('Failed');
  const { lastAppliedTag: _, lastAppliedDigest: __, ...nothingBefore } = first;
  t.equal(numberAfter(failed(THERE, nothingBefore)), 2, 'there is nothing to return to');
});

/** v1.2.0 is deployed, a rollback to v1.0.0 has failed and is let go, and the registry offers a version between. */
const afterRollback = (reason: 'NewTag' | 'Rollback', spec: object = {}) => {
  const tried = deployment({ number: 2, tag: 'v1.0.0', digest: DIGEST_A, reason });
  const digest = `sha256:${'c'.repeat(64)}`;
  const status = failedStatus('Failed', {
    lastAppliedTag: 'v1.2.0',
    lastAppliedDigest: digest,
    deployment: tried,
    history: [
      historyEntry('Failed', { number: 2, tag: 'v1.0.0', digest: DIGEST_A, reason }),
      historyEntry('Succeeded', { tag: 'v1.2.0', digest }),
    ],
  });
  const there = { kind: 'there', tag: 'v1.2.0', digest } as const;
  return observation(bundle(status, spec), { ...OFFERED, jobInputs: jobInputs(), tagNow: there, sameScans: 1 });
};

t.test('what a rollback that is over has tried is not tried again while a lower version is held back', async (t) => {
  for (const reason of ['Rollback', 'NewTag'] as const) {
    t.match(decided(afterRollback(reason)).status.deployment, { number: 2, tag: 'v1.0.0' }, reason);
    t.match(
      decided(afterRollback(reason, RETURNING)).status.deployment,
      { number: 3, tag: 'v1.2.0', reason: 'Return' },
      `${reason}: and is returned from, since nothing else will be tried`,
    );
  }
});

const held = (change: Partial<Observation>, annotations: Readonly<Record<string, string>> = {}): Observation =>
  observation(bundle(returnedStatus, { ...RETURNING, metadata: { annotations } }), {
    jobInputs: jobInputs(),
    ...THERE,
    ...change,
  });

t.test(
  'what is held is not deployed, be it by another tag or on request; a request deploys what was returned to',
  async (t) => {
    const deployedBy = (seen: Observation) => {
      const { deployment: next } = decided(seen).status;
      return `${next?.number} ${next?.tag} ${next?.reason}`;
    };
    t.equal(deployedBy(held(OFFERED)), '3 v1.0.0 Return');
    t.equal(deployedBy(held({ delivery: delivery(selected('v1.1.1', DIGEST_B)) })), '3 v1.0.0 Return');
    t.equal(deployedBy(held(OFFERED, { 'werf.io/deploy-requested-at': '1' })), '4 v1.0.0 Requested');
    t.equal(deployedBy(held({ ...OFFERED, jobInputs: jobInputs({ checksum: 'k1:9' }) })), '4 v1.0.0 NewValues');
    t.equal(
      deployedBy(held({ delivery: delivery(selected('v1.1.0', `sha256:${'c'.repeat(64)}`)) })),
      '4 v1.1.0 NewTag',
    );
  },
);

t.test(
  'what a person has tried by a rollback, and that failed, is tried by the registry once more when let go',
  async (t) => {
    const model = new BundleModel();
    model.changeSpec(RETURNING.spec);
    model.settle();
    const scan = (tag: string, digest: string) => {
      model.scan(selected(tag, digest));
      model.settle();
    };
    const ended = (...codes: readonly number[]) => {
      for (const code of codes) {
        model.endJob(code);
        model.settle();
      }
    };
    scan('v1.0.0', DIGEST_A);
    ended(0);
    scan('v1.1.0', DIGEST_B);
    ended(1, 0);
    model.annotate({ 'werf.io/rollback-to': 'v1.1.0' });
    model.settle();
    scan('v1.1.0', DIGEST_B);
    ended(1);
    const deployments = () =>
      (model.status.history ?? []).map(({ tag, reason, result }) => `${tag} ${reason} ${result}`).toReversed();
    const byPerson = [
      'v1.0.0 NewTag Succeeded',
      'v1.1.0 NewTag Failed',
      'v1.0.0 Return Succeeded',
      'v1.1.0 Rollback Failed',
    ];
    t.strictSame(deployments(), byPerson, 'a person wants it so: nothing is returned to');
    model.annotate({ 'werf.io/rollback-to': '' });
    model.settle();
    t.strictSame(deployments(), byPerson, 'the registry is asked first');
    scan('v1.1.0', DIGEST_B);
    t.match(model.status.deployment, { number: 5, tag: 'v1.1.0', reason: 'NewTag' });
    ended(1, 0);
    t.strictSame(
      [deployments(), model.status.holds?.map(({ tag, number }) => `${tag} ${number}`)],
      [[...byPerson, 'v1.1.0 NewTag Failed', 'v1.0.0 Return Succeeded'], ['v1.1.0 5']],
      'and once: then it is returned from, and held',
    );
    t.strictSame(model.violations, []);
  },
);

t.test('what is held says who holds it, until when, and why', async (t) => {
  const messages = (seen: Observation) =>
    Object.fromEntries((decided(seen).status.conditions ?? []).map(({ type, message }) => [type, message]));
  const until =
    'the controller holds v1.1.0 (onFailure: Return) until the registry offers another digest, or a person lets it go, which tries it again: kubectl annotate wb my-app -n ops --overwrite werf.io/release-hold-requested-at="$(date)"; it failed with: pod failed with exit code 1';
  t.match(messages(held(OFFERED)), {
    Ready: `v1.1.0 failed, and v1.0.0 is deployed again; ${until}`,
    Held: until,
  });
});

t.test('a return that would delete what is guarded says that it waits, and what stays until then', async (t) => {
  const hold = { onFailure: 'Return', deletions: 'Hold' } as const;
  const loss = lossOf('delete PersistentVolumeClaim/cache');
  const made: Partial<Plan> = { ...loss, after: 2, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Return' };
  const [heldBack] = returnedStatus.holds ?? [];
  if (heldBack === undefined) throw new Error('a status lacks it');
  const waiting = (change: Partial<Plan>) => {
    const status = failedStatus('Failed', { plan: plan({ ...made, ...change }), holds: [heldBack] });
    return decided(
      observation(bundle(status, { spec: { converge: hold } }), {
        jobInputs: jobInputs(),
        ...THERE,
        ...OFFERED,
        chart: { digest: DIGEST_A, verdict: { kind: 'accepts' } },
      }),
    ).status.conditions?.[0];
  };
  t.match(waiting({}), {
    reason: 'ApprovalAwaited',
    message:
      /^v1\.0\.0 would delete PersistentVolumeClaim\/cache: it waits for an approval, though it is the return from what has failed, which stays as it is until then; to give it, kubectl annotate /,
  });
  t.match(waiting({ result: 'Failed', message: 'no such chart' }), {
    reason: 'PlanFailed',
    message:
      /^v1\.0\.0 could not be planned, and is not deployed without a plan \(deletions: Hold\), though it is the return from what has failed, which stays as it is until then: no such chart; /,
  });
});

t.test('a flap of the list ends nothing that is told, and the same list twice does', async (t) => {
  const told = (sameScans: number) =>
    conditionsOf(decided(held({ delivery: delivery(selected()), sameScans }, {})).status).filter((line) =>
      /Held/.test(line),
    );
  const before = decided(held(OFFERED)).status;
  const after = (sameScans: number) =>
    conditionsOf(
      decided(
        observation(bundle(before, RETURNING), { jobInputs: jobInputs(), delivery: delivery(selected()), sameScans }),
      ).status,
    ).filter((line) => line.startsWith('Held'));
  t.strictSame([told(1), after(1), after(2)], [[], ['Held True Returned'], []]);
});

t.test('checksums of another key hold what they held', async (t) => {
  const rotated = { ...platform, checksumKey: { id: 'k2', secret: Buffer.from('x') } };
  const seen = held({ ...OFFERED, platform: rotated, jobInputs: jobInputs({ checksum: 'k2:1' }) });
  const { status } = decided(seen);
  t.match(status, {
    appliedChecksum: 'k2:1',
    deployment: { number: 3, checksum: 'k2:1' },
    holds: [{ digest: DIGEST_B, checksum: 'k2:1', good: { checksum: 'k2:1' } }],
  });
});

/** v1.0.0 is deployed with the values that it was returned to with; others have failed with it, and are the present ones. */
const BAD = 'k1:bad';
const heldValues: WerfBundleStatus = {
  ...returnedStatus,
  history: [
    historyEntry('Succeeded', { number: 3, reason: 'Return' }),
    historyEntry('Failed', { number: 2, checksum: BAD, reason: 'NewValues' }),
    historyEntry('Succeeded'),
  ],
  holds: (returnedStatus.holds ?? []).map((hold) => ({
    ...hold,
    tag: 'v1.0.0',
    digest: DIGEST_A,
    checksum: BAD,
    good: { ...hold.good, number: 1 },
  })),
  presentChecksum: BAD,
  kept: { number: 3, checksum: CHECKSUM, namespace: 'ops', name: 'my-app-kept-442700f3' },
};
const withValues = (checksum: string, change: Partial<Observation> = {}, spec: object = {}): Observation =>
  observation(bundle(heldValues, { spec: { converge: { onFailure: 'Return', ...spec } } }), {
    jobInputs: jobInputs({ checksum }),
    delivery: delivery(selected()),
    ...THERE,
    ...change,
  });
const keptThere = (of: Observation): Observation['kept'] => ({
  kind: 'there',
  checksum: CHECKSUM,
  settings: settingsOf(of.bundle),
  inputs: { valuesArgs: ['--set=kept=yes'], valuesFile: undefined, secretTexts: ['kept-text'] },
});

t.test('values that failed are held with the digest that they failed with, and with no other', async (t) => {
  const deployedBy = (seen: Observation) => {
    const { deployment: next } = decided(seen).status;
    return `${next?.number} ${next?.tag} ${next?.checksum} ${next?.reason}`;
  };
  t.equal(deployedBy(withValues(BAD)), `3 v1.0.0 ${CHECKSUM} Return`);
  t.equal(deployedBy(withValues('k1:mended')), '4 v1.0.0 k1:mended NewValues');
  t.equal(deployedBy(withValues(BAD, { delivery: delivery(selected('v1.1.0', DIGEST_B)) })), `4 v1.1.0 ${BAD} NewTag`);
  const rollback = observation(
    bundle({ ...heldValues, rollbackTo: 'v1.0.0' }, { ...RETURNING, metadata: { annotations: ROLLED_BACK } }),
    { jobInputs: jobInputs({ checksum: BAD }), delivery: delivery(selected()) },
  );
  t.equal(deployedBy(rollback), `3 v1.0.0 ${CHECKSUM} Return`, 'a tag that a person names says nothing of values');
});

t.test('while values are held, what is deployed again or compared has those that are kept', async (t) => {
  const asked = { metadata: { annotations: { 'werf.io/deploy-requested-at': '1' } }, ...RETURNING };
  const requested = observation(bundle(heldValues, asked), {
    jobInputs: jobInputs({ checksum: BAD }),
    delivery: delivery(selected()),
    ...THERE,
  });
  t.equal(needOf(requested), 'kept');
  const { status } = decided({ ...requested, kept: keptThere(requested) });
  t.match(status.deployment, { number: 4, tag: 'v1.0.0', checksum: CHECKSUM, reason: 'Requested' });
  t.equal(decided(requested).status.deployment?.number, 3, 'if they are gone, nothing is deployed in their place');

  const checks = withValues(BAD, { delivery: undefined }, { driftDetection: { enabled: true, interval: '1m' } });
  const [check] = decided({ ...checks, kept: keptThere(checks) }).actions;
  t.equal(check?.kind, 'create-plan');
  t.match(check?.kind === 'create-plan' && check.job, {
    metadata: { annotations: { 'werf.io/checksum': CHECKSUM } },
    spec: { template: { spec: { containers: [{ args: /^bundle,plan,--set=kept=yes,/ }] } } },
  });
  const drifted = decided(checks).status.conditions?.find(({ type }) => type === 'Drifted');
  t.match(drifted, {
    status: 'Unknown',
    message: 'the last check for drift gave no result: what it was deployed with is not kept',
  });
});

t.test('a return whose values are gone before its Job is made gives way, and that is told', async (t) => {
  const open = deployment({ number: 4, reason: 'Return', jobName: 'my-app-4' });
  const seen = observation(bundle({ ...heldValues, deployment: open }, RETURNING), {
    jobInputs: jobInputs({ checksum: BAD }),
  });
  t.equal(needOf(seen), 'kept');
  const { status, actions } = decided(seen);
  t.match(status.history?.[0], {
    number: 4,
    result: 'Superseded',
    message: 'no Job was made: what it was deployed with is not kept',
  });
  t.strictSame(actions, []);
});

t.test('values that are held stay so when the key of the checksums is changed', async (t) => {
  const rotated = { ...platform, checksumKey: { id: 'k2', secret: Buffer.from('x') } };
  const { status } = decided(withValues('k2:bad', { platform: rotated }));
  t.match(status, {
    appliedChecksum: CHECKSUM,
    deployment: { number: 3 },
    presentChecksum: 'k2:bad',
    holds: [{ checksum: 'k2:bad', good: { checksum: CHECKSUM } }],
  });
  const mended = {
    ...withValues(CHECKSUM),
    bundle: bundle({ ...heldValues, kept: { ...heldValues.kept, checksum: 'k0:1' } } as WerfBundleStatus, RETURNING),
  };
  const { actions } = decided(mended);
  t.match(actions, [{ kind: 'keep' }], 'what was kept by another key is kept anew');
});
