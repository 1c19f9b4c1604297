import { join } from 'node:path';
import type { Test } from 'tap';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { type AdmissionFixture, startAdmissionFixture } from './admission-fixture.js';
import type { KubectlResult } from './cluster.js';
import { type Manifest, RawApi } from './raw-api.js';

/** A control plane on which GitOps tools are replayed: admission's own, and the apiserver by its own HTTP. */
interface WebhookFixture extends Pick<AdmissionFixture, 'cluster' | 'startWebhook'> {
  /** As cluster-admin. */
  readonly api: RawApi;
  /** kubectl as cluster-admin, with objects as its standard input; never throws for what kubectl refuses. */
  kubectl(args: readonly string[], input?: readonly object[]): Promise<KubectlResult>;
  /** The same, which must succeed; its output. */
  must(args: readonly string[], input?: readonly object[]): Promise<string>;
  /** A raw API with the token of a ServiceAccount. */
  apiAs(account: { readonly namespace: string; readonly name: string }): Promise<RawApi>;
}

/** Starts it, with namespace `ops` and no webhook; everything ends with the spec file. */
export const startWebhookFixture = async (t: Test): Promise<WebhookFixture> => {
  const { cluster, must, startWebhook } = await startAdmissionFixture(t);
  const { kubeconfig, dir, controlPlane } = cluster;
  const client = createKubeClient(await connect({ kubeconfig }));
  t.teardown(() => client.close());
  await must(['create', 'namespace', 'ops']);
  const { signal } = new AbortController();
  return {
    cluster,
    startWebhook,
    api: await RawApi.open(t, kubeconfig),
    kubectl: (args, input = []) => cluster.kubectl(args, listOf(input)),
    must: (args, input = []) => must(args, listOf(input)),
    apiAs: async (account) => {
      const file = join(dir, `raw-${account.namespace}-${account.name}.kubeconfig`);
      await writeKubeconfig(client, account, { server: controlPlane.server, ca: controlPlane.ca, file }, signal);
      return await RawApi.open(t, file);
    },
  };
};

const listOf = (items: readonly object[]): string =>
  JSON.stringify(items.length === 1 ? items[0] : { apiVersion: 'v1', kind: 'List', items });

/** A bundle as it stands in git, in namespace `ops`. */
export const bundle = (
  name: string,
  spec: object,
  metadata: Partial<Manifest['metadata']> = {},
): Manifest & { readonly spec: object } => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name, namespace: 'ops', ...metadata },
  spec,
});
