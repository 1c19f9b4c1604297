import type { StoredBundle } from '../../../api/werfbundle.js';
import type { KubeClient } from '../../../kube/client.js';
import { NAMESPACES, WERFBUNDLES } from '../../../kube/resources.js';
import { bundle, DIGEST_A, historyEntry, iso, syncedStatus } from '../../kit/builders.js';
import { inParallel } from '../controller/in-parallel.js';

/** Requests of the benchmark to the apiserver at once. */
const AT_ONCE = 24;
const NAMESPACE_COUNT = 100;
/** As many as a status keeps: bundles as large as they are after some weeks. */
const DEPLOYMENTS = 10;

const namespaceAt = (index: number): string => `team-${index % NAMESPACE_COUNT}`;

const metadataAt = (index: number) => ({ namespace: namespaceAt(index), name: `app-${index}` });

/** One in fifty has failed. */
const statusAt = (index: number): NonNullable<StoredBundle['status']> => {
  const history = Array.from({ length: DEPLOYMENTS }, (_, age) =>
    historyEntry('Succeeded', {
      number: 30 - age,
      tag: `v1.${30 - age}.0`,
      jobName: `app-${index}-${age}`,
      digest: DIGEST_A,
    }),
  );
  const status = syncedStatus({ lastAppliedTag: 'v1.30.0', lastSyncTime: iso(-index * 1_000), history });
  if (index % 50 !== 0) return status;
  const why = { reason: 'DeployFailed', message: 'the Job failed: image not found', lastTransitionTime: iso(0) };
  const conditions = [
    { type: 'Ready', status: 'False', ...why } as const,
    { type: 'Stalled', status: 'True', ...why } as const,
  ];
  return { ...status, phase: 'Failed', conditions };
};

/** Makes namespaces and bundles, with statuses as a controller leaves them. @throws KubeError */
export const createBundles = async (client: KubeClient, count: number, signal: AbortSignal): Promise<void> => {
  const namespaces = Array.from({ length: NAMESPACE_COUNT }, (_, index) => namespaceAt(index));
  await inParallel(AT_ONCE, namespaces, (name) => client.create(NAMESPACES, { metadata: { name } }, signal));
  const indexes = Array.from({ length: count }, (_, index) => index);
  await inParallel(AT_ONCE, indexes, async (index) => {
    const metadata = metadataAt(index);
    const { spec } = bundle();
    await client.create(WERFBUNDLES, { apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata, spec }, signal);
    await client.mergePatch(WERFBUNDLES, metadata, { status: statusAt(index) }, { subresource: 'status' }, signal);
  });
};
