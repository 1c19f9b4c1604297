import { planJobNameOf } from '../../api/names.js';
import type { Job, Pod, Stored } from '../../api/objects.js';
import { parseSpec, type Settings } from '../../api/settings.js';
import type { Deployment, StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import type { JobInputs, JobSlot, Observation, Platform } from '../../controller/decide/observation.js';
import { buildJob } from '../../controller/deploy/job.js';
import { type Proof, sealedJob } from '../../controller/deploy/job-signature.js';
import { signedStatus } from '../../controller/deploy/status-signature.js';
import type { Delivery, ScanOutcome } from '../../controller/scans/scan.js';
import type { RegistryFailure } from '../../registry/port.js';

/** Monday, 10:00:00 UTC: the moment of every observation that names no other. */
export const NOW = Date.parse('2026-11-23T10:00:00.000Z');
export const UID = '7f3c0000-0000-4000-8000-000000000001';
export const DIGEST_A = `sha256:${'a'.repeat(64)}`;
export const DIGEST_B = `sha256:${'b'.repeat(64)}`;
/** Made with the key of {@link platform}. */
export const CHECKSUM = `k1:${'1'.repeat(64)}`;

export const iso = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString();

export const platform: Platform = {
  timeScale: 1,
  suspendAll: false,
  checksumKey: { id: 'k1', secret: Buffer.from('0123456789abcdef0123456789abcdef') },
  werfImage: 'registry.example/werf:3.2.0',
  werfVersion: undefined,
  namespace: 'k8s-werf-operator-go-system',
  crossNamespace: 'consent',
  policy: { allowedRegistries: [], allowedImages: [], certificateSecret: 'werfbundle-webhook-certificates' },
  defaultRegistrySecret: undefined,
  failedRetryIntervalMs: 0,
  chartSchemas: true,
  version: '0.0.0',
  jobTemplate: undefined,
};

/** By what the controller of {@link platform} knows its own Jobs and statuses. */
export const PROOF: Proof = { key: platform.checksumKey, signsSince: 0 };

/** A bundle whose status the controller has written. */
export const signed = (of: StoredBundle, revision = 1): StoredBundle =>
  of.status === undefined ? of : { ...of, status: signedStatus(of, of.status, { key: PROOF.key, revision }) };

/** A stored bundle `ops/my-app`; generation 1, observed unless the status says otherwise. */
export const bundle = (
  status: WerfBundleStatus = { observedGeneration: -1 },
  change: { readonly spec?: Partial<WerfBundleSpec>; readonly metadata?: Partial<StoredBundle['metadata']> } = {},
): StoredBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace: 'ops', name: 'my-app', uid: UID, resourceVersion: '7', generation: 1, ...change.metadata },
  spec: { registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0' }, ...change.spec },
  status,
});

export const deployment = (change: Partial<Deployment> = {}): Deployment => ({
  number: 1,
  attempt: 1,
  generation: 1,
  tag: 'v1.0.0',
  digest: DIGEST_A,
  checksum: CHECKSUM,
  reason: 'NewTag',
  jobName: 'my-app-11111111-22222222',
  startedAt: iso(-60_000),
  ...change,
});

export const reachable = {
  type: 'RegistryReachable',
  status: 'True',
  reason: 'Polled',
  message: 'the registry answered',
  lastTransitionTime: '2026-11-23T09:00:00Z',
  observedGeneration: 1,
} as const;

/** The status of a bundle that has v1.0.0 deployed and nothing to do. */
export const syncedStatus = (change: WerfBundleStatus = {}): WerfBundleStatus => ({
  phase: 'Synced',
  observedGeneration: 1,
  consecutiveFailures: 0,
  lastETag: 'tags-sha256:1',
  resolvedTargetNamespace: 'ops',
  lastAppliedTag: 'v1.0.0',
  lastAppliedDigest: DIGEST_A,
  lastAttemptedTag: 'v1.0.0',
  appliedChecksum: CHECKSUM,
  lastSyncTime: '2026-11-23T09:30:00Z',
  lastJobName: deployment().jobName,
  lastJobStatus: 'Succeeded',
  deployment: deployment(),
  history: [historyEntry('Succeeded')],
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Deployed',
      message: 'deployed v1.0.0 to namespace ops',
      lastTransitionTime: '2026-11-23T09:30:00Z',
      observedGeneration: 1,
    },
    reachable,
  ],
  ...change,
});

export const historyEntry = (
  result: 'Succeeded' | 'Failed' | 'Lost' | 'Refused' | 'Superseded',
  change: Partial<NonNullable<WerfBundleStatus['history']>[number]> = {},
): NonNullable<WerfBundleStatus['history']>[number] => {
  const { number, tag, digest, checksum, reason, jobName, startedAt } = deployment();
  return { number, tag, digest, checksum, reason, jobName, startedAt, result, finishedAt: iso(-30_000), ...change };
};

export const tags = { etag: 'tags-sha256:1', etagSupported: false, count: 3 } as const;

export const selected = (tag = 'v1.0.0', digest = DIGEST_A): ScanOutcome => ({ kind: 'selected', tag, digest, tags });

export const failure = (message = 'connection refused', more: Partial<RegistryFailure> = {}): ScanOutcome => ({
  kind: 'failed',
  failure: { kind: 'failed', code: 'connection', message, ...more },
});

export const delivery = (outcome: ScanOutcome, sequence = 1): Delivery => ({ sequence, startedAt: NOW - 100, outcome });

export const jobInputs = (change: Partial<JobInputs> = {}): JobInputs => ({
  kind: 'ready',
  checksum: CHECKSUM,
  valuesArgs: [],
  valuesFile: undefined,
  werfSecretKey: undefined,
  secretTexts: [],
  ...change,
});

/** @throws Error if its spec breaks a rule */
export const settingsOf = (of: StoredBundle): Settings => {
  const spec = parseSpec(of);
  if (spec.kind === 'valid') return spec.settings;
  throw new Error(spec.problems.map(({ field, message }) => `${field}: ${message}`).join('; '));
};

/** The answer about the Job that a bundle would need: of its open deployment, or of the next check for drift. */
export const slot = ({ metadata: { name, uid }, status = {} }: StoredBundle, kind: JobSlot['kind']): JobSlot => {
  const { lastAppliedTag: tag = '', driftCheckCount = 0 } = status;
  const plan = planJobNameOf({ bundleName: name, uid, tag, check: driftCheckCount + 1 });
  return { kind, jobName: openDeployment(status)?.jobName ?? plan };
};

/** An observation in which everything is as a bundle would wish. */
export const observation = (of: StoredBundle, change: Partial<Observation> = {}): Observation => {
  return {
    now: NOW,
    startedAt: NOW - 24 * 60 * 60_000,
    bundle: of,
    platform,
    spec: parseSpec(of),
    access: {
      kind: 'ready',
      target: { host: 'registry.example', repository: 'acme/app', insecure: false },
      origin: { kind: 'no-secret' },
      dockerConfig: undefined,
    },
    delivery: undefined,
    latest: undefined,
    heldBack: undefined,
    sameScans: 0,
    deployedAt: undefined,
    valuesChangedAt: undefined,
    jobs: { highest: 0, newest: undefined },
    job: { kind: 'absent' },
    plans: [],
    cleanupPending: undefined,
    jobInputs: undefined,
    chart: undefined,
    dismissal: { kind: 'possible' },
    tagNow: undefined,
    kept: undefined,
    keptPlan: undefined,
    slot: slot(of, 'granted'),
    ...change,
  };
};

/** The Job of a deployment, created a minute ago. */
export const job = (of: StoredBundle, made: Deployment = deployment()): Stored<Job> => {
  const unsigned = buildJob({
    bundle: of.metadata,
    deployment: made,
    settings: settingsOf(of),
    werfImage: platform.werfImage,
    valuesArgs: [],
    secrets: { values: false, dockerConfig: false, key: false, ca: false },
    operatorVersion: platform.version,
    template: undefined,
  });
  const built = sealedJob(unsigned, [], PROOF.key);
  const given = { uid: 'job-1', resourceVersion: '1', creationTimestamp: '2026-11-23T09:59:00Z' };
  return { ...built, metadata: { ...built.metadata, ...given } };
};

/** Its Pod; `ended` is what became of container werf. */
export const pod = (ended?: { readonly exitCode: number; readonly reason?: string }): Stored<Pod> => ({
  metadata: {
    namespace: 'ops',
    name: 'my-app-pod',
    uid: 'pod-1',
    resourceVersion: '1',
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'job-1', controller: true }],
  },
  status: {
    phase: ended === undefined ? 'Running' : ended.exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      {
        name: 'werf',
        state:
          ended === undefined
            ? { running: { startedAt: iso(-50_000) } }
            : { terminated: { ...ended, finishedAt: '2026-11-23T09:59:58Z' } },
      },
    ],
  },
});

/** Names of all Secrets that a Job may have. */
export const secretNames = (jobName: string | undefined): readonly string[] =>
  ['values', 'docker', 'key', 'ca', 'kept', 'plan'].map((what) => `${jobName}-${what}`);
