import type { Pod, Secret } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { PODS, SECRETS } from '../../kube/resources.js';
import { bundle, selected } from './builders.js';
import { type ReconcileHarness, reconcileHarness } from './reconcile-harness.js';

/** Name of a Job, as the bundle `ops/my-app` and its uid make them for v1.0.0: of its first deployment. */
export const JOB_1 = 'my-app-2485f4d5-08171322';
/** Of its second one. */
export const JOB_2 = 'my-app-2485f4d5-0845e699';

/** With a Secret of its own for each Job. */
export const WITH_DATABASE: Partial<WerfBundleSpec> = {
  converge: { valuesFrom: [{ secretRef: { name: 'database' } }] },
};

/** The Secret that the values are in. */
export const database: Secret = {
  metadata: { namespace: 'ops', name: 'database' },
  data: { 'values.yaml': Buffer.from('password: correct horse').toString('base64') },
};

/** A new bundle, with that Secret. */
export const withDatabase = (): ReconcileHarness => {
  const harness = reconcileHarness(bundle(undefined, { spec: WITH_DATABASE }));
  harness.kube.seed(SECRETS, database);
  return harness;
};

/** A bundle whose registry is known to offer v1.0.0, just before that is acted on. */
export const offered = async (harness: ReconcileHarness = withDatabase()): Promise<ReconcileHarness> => {
  await harness.run();
  harness.deliver(selected());
  return harness;
};

/** The Job's Pod ends, as a kubelet and the Job controller would have it. */
export const endJob = ({ kube, jobs, bundle: stored }: ReconcileHarness, exitCode = 0): void => {
  const wanted = stored()?.status?.deployment?.jobName;
  const made = jobs().find(({ metadata }) => metadata.name === wanted);
  const { uid = '', name = '', namespace = 'ops' } = made?.metadata ?? {};
  const pod: Pod = {
    metadata: {
      namespace,
      name: `${name}-pod`,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
    },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'werf', state: { terminated: { exitCode, finishedAt: '2026-11-23T10:00:00Z' } } }],
    },
  };
  kube.seed(PODS, pod);
  kube.setPodLog({ namespace, name: `${name}-pod` }, 'werf', 'connects with correct horse\nError: no such table\n');
};

/** What a status says of deployments, as far as a person reads it. */
export const brief = ({ phase, deployment, history, lastJobStatus, lastErrorMessage }: WerfBundleStatus) => ({
  phase,
  number: deployment?.number,
  history: history?.map(({ number, result }) => `${number} ${result}`),
  lastJobStatus,
  ...(lastErrorMessage !== undefined && { lastErrorMessage }),
});
