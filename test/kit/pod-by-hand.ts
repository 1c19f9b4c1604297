import type { KubeObject, Pod } from '../../api/objects.js';
import { PODS } from '../../kube/resources.js';
import { type BundleScenario, PATIENCE_MS } from './bundle-scenario.js';
import { eventually } from './eventually.js';

/** What a Pod's spec has as its scheduler, so that nobody schedules it. */
export const BY_HAND = 'by-hand';
const NODE = 'node-by-hand';

/** How container `werf` stands, as a kubelet writes it. */
type State =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: { readonly exitCode: number; readonly reason: string; readonly finishedAt: string } };

/**
 * A Pod that no scheduler takes and no kubelet runs: a spec writes what they would write.
 * @see https://github.com/kubernetes/kubernetes/tree/v1.36.3/pkg/kubelet (kuberuntime_container.go, images/image_manager.go)
 */
export class PodByHand {
  readonly #scenario: BundleScenario;
  readonly #pod: Pod;
  #events = 0;

  private constructor(scenario: BundleScenario, pod: Pod) {
    this.#scenario = scenario;
    this.#pod = pod;
  }

  /** Waits until there is one of this bundle's. */
  static async of(scenario: BundleScenario, bundle: string): Promise<PodByHand> {
    const { client, signal } = scenario.fixture;
    const labelSelector = `app.kubernetes.io/instance=${bundle}`;
    const look = async () => (await client.list(PODS, { namespace: scenario.namespace, labelSelector }, signal)).items;
    const [pod] = await eventually(look, (pods) => pods.length > 0, PATIENCE_MS);
    if (pod === undefined) throw new Error(`${bundle} has no Pod`);
    return new PodByHand(scenario, pod);
  }

  /** The scheduler finds no node for it. */
  unschedulable(message: string): Promise<unknown> {
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    return this.#writeStatus({ phase: 'Pending', conditions: [condition] });
  }

  /** The scheduler gives it to a node. */
  async bind(): Promise<void> {
    const { namespace, fixture } = this.#scenario;
    const metadata = { namespace, name: this.#name };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: NODE } };
    const path = `/api/v1/namespaces/${namespace}/pods/${this.#name}/binding`;
    const { code, stderr } = await fixture.cluster.kubectl(
      ['create', '--raw', path, '-f', '-'],
      JSON.stringify(binding),
    );
    if (code !== 0) throw new Error(stderr);
  }

  /** The kubelet says how the container stands. */
  is(phase: string, state: State): Promise<unknown> {
    const container = { name: 'werf', image: 'werf', imageID: '', restartCount: 0 };
    return this.#writeStatus({ phase, containerStatuses: [{ ...container, ready: 'running' in state, state }] });
  }

  /** The kubelet warns, by a core/v1 event, a second after the one before. */
  async warns(reason: string, message: string): Promise<void> {
    const { namespace } = this.#scenario;
    const { uid, creationTimestamp = '' } = this.#pod.metadata;
    this.#events += 1;
    const time = new Date(Date.parse(creationTimestamp) + this.#events * 1_000).toISOString().replace(/\.\d+/, '');
    await this.#scenario.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${this.#name}.${this.#events}` },
      type: 'Warning',
      reason,
      message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name: this.#name, uid },
      source: { component: 'kubelet', host: NODE },
    } as KubeObject);
  }

  get #name(): string {
    return this.#pod.metadata.name ?? '';
  }

  #writeStatus(status: object): Promise<unknown> {
    const patch = JSON.stringify({ status });
    return this.#scenario.kubectl('patch', 'pod', this.#name, '--subresource=status', '--type=merge', '-p', patch);
  }
}
