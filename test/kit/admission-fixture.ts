import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Peculiarities } from '../../playground/control-plane/program-flags.js';
import { established } from '../../playground/established.js';
import { type Cluster, type KubectlResult, startCluster } from './cluster.js';
import { startWebhookProgram, type WebhookProgram } from './webhook-program.js';

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATOR = 'k8s-werf-operator-go-system';

/** A real control plane with the CRD, the webhook's rights and configurations, for several users; and no webhook yet. */
export interface AdmissionFixture {
  readonly cluster: Cluster;
  /** kubectl as cluster-admin, which must succeed; its output. */
  must(args: readonly string[], input?: string): Promise<string>;
  /** kubectl with the token of a ServiceAccount `NAMESPACE/NAME`; never throws for what kubectl refuses. */
  as(account: string, args: readonly string[], input?: string): Promise<KubectlResult>;
  /**
   * Starts the built program with the rights of manifests/rbac, and waits until it is ready.
   * @param options.server - in front of the apiserver, if not the apiserver itself
   * @param options.flags - the last one of a name counts
   */
  startWebhook(options?: WebhookWish): Promise<WebhookProgram>;
}

export interface WebhookWish {
  readonly flags?: readonly string[];
  readonly server?: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The apiserver is told of the Service, as in a cluster, and can't call it: there is nothing behind it. */
  readonly behindService?: boolean;
}

/** Starts a control plane (5 to 8 s); all goes when the spec file is done. */
export const startAdmissionFixture = async (t: Test, peculiarities: Peculiarities = {}): Promise<AdmissionFixture> => {
  const cluster = await startCluster(t, peculiarities);
  const must = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
  await must(['apply', '-k', join(ROOT, 'manifests/default')]);
  if (!(await established(cluster.kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');
  const kubeconfigs = new Map<string, Promise<string>>();
  const kubeconfigOf = (account: string, server?: string): Promise<string> => {
    const key = `${account} ${server ?? ''}`;
    const made = kubeconfigs.get(key) ?? writeKubeconfig({ dir: cluster.dir, must, account, server });
    kubeconfigs.set(key, made);
    return made;
  };
  return {
    cluster,
    must,
    as: async (account, args, input) => cluster.kubectl(['--kubeconfig', await kubeconfigOf(account), ...args], input),
    startWebhook: async ({ flags = [], server, env = {}, behindService = false } = {}) => {
      const address = behindService ? [] : ['--advertise-url', 'https://127.0.0.1:0'];
      const kubeconfig = await kubeconfigOf(`${OPERATOR}/werfbundle-webhook`, server);
      const own = ['--kubeconfig', kubeconfig, '--shutdown-delay', '0s', ...address];
      const running = await startWebhookProgram(cluster.dir, [...own, ...flags], env);
      t.teardown(() => running.stop());
      return running;
    },
  };
};

const writeKubeconfig = async (options: {
  readonly dir: string;
  readonly must: AdmissionFixture['must'];
  readonly account: string;
  readonly server: string | undefined;
}): Promise<string> => {
  const { dir, must, account, server } = options;
  const [namespace = '', name = ''] = account.split('/');
  const token = (await must(['create', 'token', name, '-n', namespace])).trim();
  const config = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json']));
  for (const entry of config.users) entry.user = { token };
  if (server !== undefined) for (const entry of config.clusters) entry.cluster = { server };
  const file = join(dir, `${namespace}-${name}${server === undefined ? '' : '-front'}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};
