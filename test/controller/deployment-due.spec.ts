import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import { mergePatchOf } from '../../controller/decide/status-patch.js';
import { hasSeenValuesChange } from '../../controller/decide/values-change.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  failure,
  historyEntry,
  jobInputs,
  NOW,
  observation,
  platform,
  reachable,
  selected,
  syncedStatus,
  tags,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import { failedStatus, failing, present, REQUEST, runningStatus } from '../kit/deciding-statuses.js';

/** v1.2.0 is deployed, and the registry offers v1.1.0. */
const lowered = (
  given: {
    readonly scans?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly registry?: object;
    readonly generation?: number;
    readonly applied?: string;
    readonly offered?: string;
  } = {},
): Observation => {
  const { scans = 1, annotations = {}, registry = {}, generation = 1, applied = 'v1.2.0', offered = 'v1.1.0' } = given;
  const status = syncedStatus({
    lastAppliedTag: applied,
    deployment: deployment({ tag: applied }),
    observedGeneration: generation,
  });
  const spec = { registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0', ...registry } };
  return observation(bundle(status, { spec, metadata: { generation, annotations } }), {
    delivery: delivery(selected(offered, DIGEST_B)),
    jobInputs: jobInputs(),
    sameScans: scans,
  });
};

const ALLOWED = { 'werf.io/allow-downgrade': 'true' };
const downgrade = { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Downgrade' };

const downgrades: readonly { title: string; seen: Observation; want: object | undefined }[] = [
  {
    title: 'a lower version is held back, however often it is offered',
    seen: lowered({ scans: 9 }),
    want: undefined,
  },
  {
    title: 'and so it is at the first scan, though the annotation allows it',
    seen: lowered({ annotations: ALLOWED }),
    want: undefined,
  },
  {
    title: 'two scans and the annotation deploy a lower version',
    seen: lowered({ scans: 2, annotations: ALLOWED }),
    want: downgrade,
  },
  {
    title: 'no other value of the annotation allows it',
    seen: lowered({ scans: 2, annotations: { 'werf.io/allow-downgrade': 'yes' } }),
    want: undefined,
  },
  {
    title: 'a constraint that leaves out the deployed tag means the lower one, and is told as what it is',
    seen: lowered({ registry: { versionConstraint: '~1.1' } }),
    want: downgrade,
  },
  {
    title: 'so does a pattern',
    seen: lowered({ registry: { tagPattern: '^v1[.]1' } }),
    want: downgrade,
  },
  {
    title: 'so does a tag that is named',
    seen: lowered({ registry: { versionConstraint: undefined, tag: 'v1.1.0' } }),
    want: downgrade,
  },
  {
    title: 'by tagOrder Number the lower number is held back',
    seen: lowered({
      registry: { versionConstraint: undefined, tagOrder: 'Number' },
      applied: '10',
      offered: '9',
    }),
    want: undefined,
  },
  {
    title: 'a tag of another kind is neither lower nor higher',
    seen: lowered({ registry: { versionConstraint: undefined, tag: 'stable' }, offered: 'stable' }),
    want: { number: 2, attempt: 1, tag: 'stable', digest: DIGEST_B, reason: 'NewTag' },
  },
  {
    title: 'equal versions under another name are no downgrade',
    seen: lowered({ offered: '1.2.0' }),
    want: { number: 2, attempt: 1, tag: '1.2.0', digest: DIGEST_B, reason: 'NewTag' },
  },
];

const DEPLOY = { 'werf.io/deploy-requested-at': 'today' };
const requested = (
  status: WerfBundleStatus,
  change: Partial<Observation> = {},
  annotations: Readonly<Record<string, string>> = DEPLOY,
): Observation => observation(bundle(status, { metadata: { annotations } }), { jobInputs: jobInputs(), ...change });

const deployRequests: readonly { title: string; seen: Observation; want: object | undefined }[] = [
  {
    title: 'a deployment that is asked for deploys the same again',
    seen: requested(syncedStatus(), { delivery: delivery(selected()) }),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'or what is new, for that reason',
    seen: requested(syncedStatus(), { delivery: delivery(selected('v1.1.0', DIGEST_B)) }),
    want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewTag' },
  },
  {
    title: 'it waits until the registry was asked',
    seen: requested(syncedStatus()),
    want: undefined,
  },
  {
    title: 'but not until the registry answers: then the last tag is deployed again',
    seen: requested(syncedStatus(), { delivery: delivery(failure()) }),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'at once where polling has stopped',
    seen: requested(
      syncedStatus({
        consecutiveFailures: 6,
        conditions: [{ ...reachable, status: 'False', reason: 'PollingStopped', message: 'x' }],
      }),
    ),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'but never a tag that the spec does not take any more',
    seen: observation(
      bundle(syncedStatus({ observedGeneration: 2 }), {
        metadata: { annotations: DEPLOY, generation: 2 },
        spec: { registry: { url: 'registry.example/acme/app', versionConstraint: '>=2' } },
      }),
      {
        jobInputs: jobInputs({ checksum: 'k1:changed' }),
        delivery: delivery({ kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'none', tags }),
      },
    ),
    want: undefined,
  },
  {
    title: 'it counts once',
    seen: requested(syncedStatus({ lastHandledDeployRequest: 'today' }), { delivery: delivery(selected()) }),
    want: undefined,
  },
  {
    title: 'an empty value asks for nothing',
    seen: requested(
      syncedStatus(),
      { delivery: delivery(selected()) },
      {
        'werf.io/deploy-requested-at': '',
      },
    ),
    want: undefined,
  },
  {
    title: 'where nothing was ever deployed, what is found is deployed as what it is',
    seen: requested(failing(0), { delivery: delivery(selected()) }),
    want: { number: 1, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
  },
  {
    title: 'a lower version is held back all the same: the deployed one is deployed again',
    seen: { ...lowered({ annotations: DEPLOY }) },
    want: { number: 2, attempt: 1, tag: 'v1.2.0', digest: DIGEST_A, reason: 'Requested' },
  },
];

t.test(
  'what is new, asked for or owed is deployed under the next number, with the reason; nothing else is',
  async (t) => {
    const rows: readonly { title: string; seen: Observation; want: object | undefined }[] = [
      {
        title: 'the first tag of a new bundle',
        seen: observation(bundle(failing(0)), { delivery: delivery(selected()), jobInputs: jobInputs() }),
        want: { number: 1, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
      },
      {
        title: 'another tag takes the next number',
        seen: observation(bundle(syncedStatus()), {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewTag' },
      },
      {
        title: 'the same tag with another digest has moved',
        seen: observation(bundle(syncedStatus()), {
          delivery: delivery(selected('v1.0.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_B, reason: 'MovedTag' },
      },
      {
        title: 'other values are deployed with the same tag',
        seen: observation(bundle(syncedStatus()), {
          delivery: delivery(selected()),
          jobInputs: jobInputs({ checksum: 'k1:2' }),
        }),
        want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewValues' },
      },
      {
        title: 'another spec is told from other values by the generation',
        seen: observation(bundle(syncedStatus({ observedGeneration: 2 }), { metadata: { generation: 2 } }), {
          delivery: delivery(selected()),
          jobInputs: jobInputs({ checksum: 'k1:2' }),
        }),
        want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewSpec' },
      },
      {
        title: 'the same again is nothing',
        seen: observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
        want: undefined,
      },
      {
        title: 'what failed for good is not tried again',
        seen: observation(bundle(failedStatus('Failed')), {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: undefined,
      },
      {
        title: 'what failed is deployed when the registry offers something newer',
        seen: observation(bundle(failedStatus('Failed')), {
          delivery: delivery(selected('v1.2.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: { number: 3, attempt: 1, tag: 'v1.2.0', digest: DIGEST_B, reason: 'NewTag' },
      },
      {
        title: 'after a failure the tag deployed before is deployed again when it is wanted again',
        seen: observation(bundle(failedStatus('Failed')), { delivery: delivery(selected()), jobInputs: jobInputs() }),
        want: { number: 3, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
      },
      {
        title: 'what failed for good is tried anew once the spec was changed, be it only the memory limit',
        seen: observation(bundle(failedStatus('Failed', { observedGeneration: 2 }), { metadata: { generation: 2 } }), {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewSpec' },
      },
      {
        title: 'what failed for good is tried anew when somebody asks for a look',
        seen: observation(bundle(failedStatus('Refused'), { metadata: { annotations: REQUEST } }), {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        }),
        want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Requested' },
      },
      {
        title: 'a request counts once',
        seen: observation(
          bundle(failedStatus('Failed', { lastHandledRequest: '1' }), { metadata: { annotations: REQUEST } }),
          {
            delivery: delivery(selected('v1.1.0', DIGEST_B)),
            jobInputs: jobInputs(),
          },
        ),
        want: undefined,
      },
      {
        title: 'a request deploys nothing again that did not fail',
        seen: observation(bundle(syncedStatus(), { metadata: { annotations: REQUEST } }), {
          delivery: delivery(selected()),
          jobInputs: jobInputs(),
        }),
        want: undefined,
      },
      {
        title: 'a retry comes when its time has come',
        seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 2 } } }), {
          jobInputs: jobInputs(),
        }),
        want: { number: 3, attempt: 2, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Retry' },
      },
      {
        title: 'and not before',
        seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 2 } } }), {
          jobInputs: jobInputs(),
          now: NOW - 1,
        }),
        want: undefined,
      },
      {
        title: 'retries end',
        seen: observation(
          bundle(
            failedStatus('Failed', {
              deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, attempt: 3 }),
            }),
            { spec: { converge: { retries: 2 } } },
          ),
          { jobInputs: jobInputs(), now: NOW + 3_600_000 },
        ),
        want: undefined,
      },
      {
        title: 'a lost Job is tried again after 30s',
        seen: observation(bundle(failedStatus('Lost')), { jobInputs: jobInputs() }),
        want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'JobLost' },
      },
      {
        title: 'after the fourth Job in a row without a result a person must act',
        seen: observation(
          bundle(failedStatus('Lost', { history: [2, 3, 4, 5].map(() => historyEntry('Lost', { number: 2 })) })),
          {
            jobInputs: jobInputs(),
            now: NOW + 3_600_000,
          },
        ),
        want: undefined,
      },
      {
        title: 'a lower version is deployed when the spec was changed since',
        seen: observation(
          bundle(
            syncedStatus({
              lastAppliedTag: 'v1.2.0',
              deployment: deployment({ tag: 'v1.2.0' }),
              observedGeneration: 2,
            }),
            { metadata: { generation: 2 } },
          ),
          {
            delivery: delivery(selected('v1.1.0', DIGEST_B)),
            jobInputs: jobInputs(),
          },
        ),
        want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Downgrade' },
      },
      ...downgrades,
      ...deployRequests,
      {
        title: 'a delivery that arrives with a changed spec answers the old one',
        seen: observation(bundle(syncedStatus(), { metadata: { generation: 2 } }), {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
        }),
        want: undefined,
      },
      {
        title: 'what is deployed by an older operator is recorded, not deployed',
        seen: observation(bundle({ observedGeneration: 1, lastAppliedTag: 'v1.0.0', resolvedTargetNamespace: 'ops' }), {
          delivery: delivery(selected()),
          jobInputs: jobInputs(),
        }),
        want: undefined,
      },
    ];
    for (const { title, seen, want } of rows) {
      const before = seen.bundle.status?.deployment?.number ?? 0;
      const { deployment: next } = decided(seen).status;
      if (want === undefined) {
        t.equal(next?.number ?? 0, before, title);
        continue;
      }
      const { number, attempt, tag, digest, reason } = next ?? {};
      t.strictSame({ number, attempt, tag, digest, reason }, want, title);
      if (seen.bundle.metadata.annotations?.['werf.io/deploy-requested-at'] === 'today')
        t.equal(decided(seen).status.lastHandledDeployRequest, 'today', `${title}: and it is answered`);
      t.strictSame(decided(seen).actions, [], `${title}: the intent is written before anything is created`);
      t.equal(decided(seen).recheck.kind, 'now', `${title}: and carried out at once`);
    }
    const inVain = deployRequests.find(({ title }) => title.startsWith('but never a tag'))?.seen;
    t.equal(
      inVain && decided(inVain).status.lastHandledDeployRequest,
      'today',
      'what can not be deployed is no reason to ask the registry for ever',
    );
    const old = decided(
      observation(bundle({ observedGeneration: 1, lastAppliedTag: 'v1.0.0', resolvedTargetNamespace: 'ops' }), {
        delivery: delivery(selected()),
        jobInputs: jobInputs(),
      }),
    ).status;
    t.strictSame(
      [old.appliedChecksum, old.lastAppliedDigest, old.phase],
      [CHECKSUM, DIGEST_A, 'Synced'],
      'its checksum and digest are recorded',
    );
    const recorded = decided(observation(bundle(old), { delivery: delivery(selected()), jobInputs: jobInputs() }));
    t.strictSame([recorded.status, recorded.recheck.kind === 'now'], [old, false], 'once, not again and again');
    const settled = decided(
      observation(bundle(syncedStatus({ observedGeneration: 2 }), { metadata: { generation: 2 } }), {
        delivery: delivery(selected()),
        jobInputs: jobInputs(),
      }),
    ).status;
    t.equal(
      settled.deployment?.generation,
      2,
      'a spec for which the registry offers the same is settled: a lower version that comes later is no consequence of it',
    );
    const rekeyed = decided(
      observation(bundle(syncedStatus({ appliedChecksum: 'k0:1', deployment: deployment({ checksum: 'k0:1' }) })), {
        delivery: delivery(selected()),
        jobInputs: jobInputs(),
      }),
    ).status;
    t.strictSame(
      [rekeyed.appliedChecksum, rekeyed.deployment?.checksum, rekeyed.deployment?.number],
      [CHECKSUM, CHECKSUM, 1],
      'a checksum of another key is replaced, not acted on',
    );
  },
);

t.test('a checksum of another key is replaced wherever it stands, and nowhere else', async (t) => {
  const [old, other] = ['k0:1', 'k0:2'];
  const last = { number: 2, tag: 'v1.1.0', digest: DIGEST_B } as const;
  const rows: readonly { title: string; given: WerfBundleStatus; offer: 'v1.0.0' | 'v1.1.0'; want: unknown }[] = [
    {
      title: 'a correction that failed was of what is deployed',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ number: 2, checksum: old, reason: 'DriftCorrection' }),
        history: [historyEntry('Failed', { number: 2, checksum: old }), historyEntry('Succeeded', { checksum: old })],
      }),
      offer: 'v1.0.0',
      want: [CHECKSUM, [2, 'v1.0.0', DIGEST_A, CHECKSUM], [CHECKSUM, CHECKSUM]],
    },
    {
      title: 'what gave way says nothing of what is deployed, and stays as it was',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ ...last, checksum: other }),
        history: [
          historyEntry('Superseded', { ...last, checksum: other }),
          historyEntry('Succeeded', { checksum: old }),
        ],
      }),
      offer: 'v1.0.0',
      want: [CHECKSUM, [2, 'v1.1.0', DIGEST_B, other], [other, CHECKSUM]],
    },
    {
      title: 'another tag that failed was not what is deployed',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ ...last, checksum: other }),
        history: [historyEntry('Failed', { ...last, checksum: other }), historyEntry('Succeeded', { checksum: old })],
      }),
      offer: 'v1.1.0',
      want: [old, [2, 'v1.1.0', DIGEST_B, CHECKSUM], [CHECKSUM, old]],
    },
  ];
  for (const { title, given, offer, want } of rows) {
    const offered = offer === 'v1.0.0' ? selected() : selected(offer, DIGEST_B);
    const seen = observation(bundle(given), { delivery: delivery(offered), jobInputs: jobInputs() });
    const { status } = decided(seen);
    const { number, tag, digest, checksum } = status.deployment ?? {};
    const checksums = status.history?.map((entry) => entry.checksum);
    t.strictSame([status.appliedChecksum, [number, tag, digest, checksum], checksums], want, title);
    const again = decided({ ...seen, bundle: bundle(status) });
    t.equal(mergePatchOf(status, again.status), undefined, `${title}: once`);
  }
});

t.test('values that were touched are looked at after ten seconds of quiet', async (t) => {
  const touched = (agoMs: number, change: Partial<Observation> = {}, status = syncedStatus()) =>
    observation(bundle(status), { valuesChangedAt: NOW - agoMs, ...change });
  const waits = (seen: Observation) => {
    const { recheck } = decided(seen);
    return recheck.kind === 'at' ? recheck.time - NOW : recheck.kind;
  };
  t.strictSame([needOf(touched(9_999)) === 'job-inputs', waits(touched(9_999))], [false, 1]);
  t.equal(needOf(touched(10_000)) === 'job-inputs', true);
  t.equal(
    needOf(touched(200, { platform: { ...platform, timeScale: 60 } })) === 'job-inputs',
    true,
    'over the time scale',
  );
  const other = decided(touched(10_000, { jobInputs: jobInputs({ checksum: 'k1:2' }) }));
  t.strictSame([other.status.deployment?.reason, other.status.deployment?.tag], ['NewValues', 'v1.0.0']);
  const same = decided(touched(10_000, { jobInputs: jobInputs() }));
  t.equal(mergePatchOf(syncedStatus(), same.status), undefined, 'what is the same writes nothing');
  t.equal(
    needOf(touched(10_000, {}, failing(0))) === 'job-inputs',
    false,
    'where nothing is deployed there is nothing to compare',
  );
  const running = touched(10_000, { job: present(runningStatus) }, runningStatus);
  t.strictSame(
    [needOf(running) === 'job-inputs', hasSeenValuesChange(running)],
    [false, false],
    'a Job that runs comes first',
  );
  t.equal(hasSeenValuesChange(touched(9_999, { jobInputs: jobInputs() })), false, 'who looks too soon looks again');
  t.equal(hasSeenValuesChange(touched(10_000, { jobInputs: jobInputs() })), true);
  t.equal(hasSeenValuesChange(touched(10_000, {}, failing(0))), true);
});
