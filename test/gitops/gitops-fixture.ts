import { join } from 'node:path';
import type { Test } from 'tap';
import { valueAt } from '../../api/json-map.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { PATIENCE_MS, TIME_SCALE } from '../kit/bundle-scenario.js';
import { type DeployFixture, type RunningController, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { type Manifest, RawApi } from '../kit/raw-api.js';
import type { WebhookProgram } from '../kit/webhook-program.js';
import { GitRepository } from './git-repository.js';
import { type Shop, type ShopWish, shopOf } from './shop.js';

/** A cluster with the whole project on it, and git beside it. Whoever applies has the rights of a cluster-admin, as both tools do. */
export interface GitOpsFixture extends Pick<DeployFixture, 'cluster' | 'publish'> {
  readonly api: RawApi;
  readonly controller: RunningController;
  readonly webhook: WebhookProgram;
  /** Starts another one in its place. */
  startWebhook(): Promise<WebhookProgram>;
  /** kubectl, which must succeed; its output. */
  must(args: readonly string[], input?: object): Promise<string>;
  /** An empty repository of this name. */
  repository(name: string): Promise<GitRepository>;
  /** A shop in a namespace of this name, whose repository in the registry is `acme/NAME`. */
  shop(namespace: string, wish?: Omit<ShopWish, 'namespace' | 'url'>): Shop;
  /** The bundle `shop` of the namespace; undefined if there is none. */
  bundle(namespace: string): Promise<StoredBundle | undefined>;
  /** Waits until it is as wanted. @returns the last look at it, to be asserted */
  until(namespace: string, is: (bundle: StoredBundle | undefined) => boolean): Promise<StoredBundle | undefined>;
  /** Events of it of these reasons: `DismissFailed: release …`. */
  eventsOf(namespace: string, reason: string): Promise<readonly string[]>;
}

export const startGitOpsFixture = async (t: Test): Promise<GitOpsFixture> => {
  const fixture = await startDeployFixture(t);
  const { cluster, client, signal, registryHost } = fixture;
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const webhook = await fixture.startWebhook();
  const bundle = (namespace: string) => client.get(WERFBUNDLES, { namespace, name: 'shop' }, signal);
  const must = async (args: readonly string[], input?: object): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? '' : JSON.stringify(input));
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  return {
    cluster,
    controller,
    webhook,
    must,
    bundle,
    publish: fixture.publish,
    startWebhook: fixture.startWebhook,
    api: await RawApi.open(t, cluster.kubeconfig),
    repository: (name) => GitRepository.init(join(cluster.dir, 'git', name)),
    shop: (namespace, wish = {}) => shopOf({ ...wish, namespace, url: `${registryHost}/acme/${namespace}` }),
    until: (namespace, is) => eventually(() => bundle(namespace), is, PATIENCE_MS),
    eventsOf: async (namespace, reason) => {
      const events = JSON.parse(await must(['get', 'events.events.k8s.io', '-n', namespace, '-o', 'json'])) as {
        readonly items: readonly { readonly reason: string; readonly note: string }[];
      };
      return events.items.filter((event) => event.reason === reason).map(({ note }) => note);
    },
  };
};

/** Generation and resourceVersion: what neither changes when nothing does. */
export const versionsOf = async (
  api: RawApi,
  objects: readonly Manifest[],
): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  const seen = objects.map(async (object) => {
    const { body } = await api.get(object);
    const version = [valueAt(body, 'metadata', 'generation'), valueAt(body, 'metadata', 'resourceVersion')];
    return [`${object.kind}/${object.metadata.name}`, version] as const;
  });
  return Object.fromEntries(await Promise.all(seen));
};
