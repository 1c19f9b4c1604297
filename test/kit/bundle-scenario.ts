import type { Test } from 'tap';
import type { Job, KubeObject, ObjectRef } from '../../api/objects.js';
import {
  API_VERSION,
  KIND,
  type StoredBundle,
  type WerfBundleSpec,
  type WerfBundleStatus,
} from '../../api/werfbundle.js';
import { EVENTS, JOBS, WERFBUNDLES } from '../../kube/resources.js';
import type { KubectlResult } from './cluster.js';
import type { DeployFixture, RunningController } from './deploy-fixture.js';
import { eventually } from './eventually.js';
import type { WatchRecord } from './record-watch.js';

/** How long anything may take, milliseconds: these machines are slow at times. */
export const PATIENCE_MS = 90_000;

/** A minute is a second for the controllers of specs: `1m` is the shortest interval that a bundle may have. */
export const TIME_SCALE = 60;

/** What the scenarios of a spec file have in common. */
export interface Given {
  readonly fixture: DeployFixture;
  readonly controller: RunningController;
  /** Of all bundles. */
  readonly states: WatchRecord<StoredBundle>;
}

/** Bundles of one namespace, and what becomes of them. */
export class BundleScenario {
  readonly fixture: DeployFixture;
  readonly namespace: string;
  readonly #controller: RunningController;
  readonly #states: WatchRecord<StoredBundle>;

  constructor({ fixture, controller, states }: Given, namespace: string) {
    this.fixture = fixture;
    this.namespace = namespace;
    this.#controller = controller;
    this.#states = states;
  }

  ref(name: string): ObjectRef {
    return { namespace: this.namespace, name };
  }

  /** Of a repository of the open registry, polled each minute (of the scaled time); `more` replaces fields of it. */
  spec(repository: string, more: WerfBundleSpec['converge'] = {}, registry: object = {}): WerfBundleSpec {
    const url = `${this.fixture.registryHost}/${repository}`;
    return {
      registry: { url, insecure: true, pollInterval: '1m', ...registry },
      converge: { serviceAccountName: 'werf-converge', ...more },
    };
  }

  /** `kubectl apply`. */
  async apply(...objects: readonly (KubeObject & { readonly spec?: unknown })[]): Promise<KubectlResult> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    return this.#well(
      await this.fixture.cluster.kubectl(['apply', '-n', this.namespace, '-f', '-'], JSON.stringify(list)),
    );
  }

  async applyBundle(name: string, spec: WerfBundleSpec): Promise<void> {
    await this.apply({ apiVersion: API_VERSION, kind: KIND, metadata: this.ref(name), spec });
  }

  async kubectl(...args: readonly string[]): Promise<KubectlResult> {
    return this.#well(await this.fixture.cluster.kubectl([...args, '-n', this.namespace]));
  }

  async patch(name: string, patch: object, ...flags: readonly string[]): Promise<void> {
    await this.kubectl('patch', 'werfbundle', name, '--type', 'merge', '-p', JSON.stringify(patch), ...flags);
  }

  /** Resolves with the status as soon as it is as wanted, even if only for a moment. */
  async until(name: string, what: string, is: (status: WerfBundleStatus) => boolean): Promise<WerfBundleStatus> {
    const wanted = { what: `${name}: ${what}`, withinMs: PATIENCE_MS, is };
    const bundle = await this.fixture.bundles.until(this.ref(name), wanted, this.fixture.signal);
    const { uid, resourceVersion } = bundle.metadata;
    const same = ({ metadata }: StoredBundle) => metadata.uid === uid && metadata.resourceVersion === resourceVersion;
    // Two watches: what the other one has shown, this one shows soon.
    await eventually(
      async () => this.#states.states().some(same),
      (shown) => shown,
    );
    return bundle.status ?? {};
  }

  /** Synced with this deployment. */
  synced(name: string, tag: string, number = 1): Promise<WerfBundleStatus> {
    return this.until(
      name,
      `Synced with ${tag}, deployment ${number}`,
      ({ phase, lastAppliedTag, deployment }) =>
        phase === 'Synced' && lastAppliedTag === tag && deployment?.number === number,
    );
  }

  /** Failed, and lastErrorMessage is just this. */
  failed(name: string, message: string): Promise<WerfBundleStatus> {
    return this.until(
      name,
      `Failed: ${message}`,
      ({ phase, lastErrorMessage }) => phase === 'Failed' && lastErrorMessage === message,
    );
  }

  async bundle(name: string): Promise<StoredBundle | undefined> {
    return this.fixture.client.get(WERFBUNDLES, this.ref(name), this.fixture.signal);
  }

  /** All Jobs that there are of a bundle, found as the guide has it. */
  async jobsOf(bundle: string): Promise<readonly Job[]> {
    const { fixture, namespace } = this;
    const labelSelector = `app.kubernetes.io/instance=${bundle}`;
    return (await fixture.client.list(JOBS, { namespace, labelSelector }, fixture.signal)).items;
  }

  /** Reasons of a bundle's events, sorted. */
  async eventsOf(bundle: string): Promise<readonly string[]> {
    const { items } = await this.fixture.client.list(EVENTS, { namespace: this.namespace }, this.fixture.signal);
    const own = items.filter(({ regarding }) => regarding?.name === bundle);
    return own.map(({ reason = '' }) => reason).toSorted();
  }

  /** What the controller's log says of a bundle, and of events that could not be told. */
  async logged(bundle: string): Promise<string> {
    const lines = await this.#logLines();
    const own = `"${this.namespace}/${bundle}"`;
    return lines.filter((line) => line.includes(own) || line.includes('an event could not be told')).join('\n');
  }

  async #logLines(): Promise<readonly string[]> {
    return (await this.#controller.log()).split('\n');
  }

  /** How often the controller has begun to poll a repository. */
  async polls(repository: string): Promise<number> {
    const lines = await this.#logLines();
    return lines.filter((line) => line.includes('"polling registry"') && line.includes(`/${repository}"`)).length;
  }

  /** Waits until a repository was polled some times more. */
  async morePolls(repository: string, count: number): Promise<void> {
    const wanted = (await this.polls(repository)) + count;
    const seen = await eventually(
      () => this.polls(repository),
      (polls) => polls >= wanted,
      PATIENCE_MS,
    );
    if (seen < wanted) throw new Error(`${repository} was polled ${seen} times instead of ${wanted}`);
  }

  /** Every state of a bundle so far. */
  states(name: string): readonly StoredBundle[] {
    return this.#states
      .states()
      .filter(({ metadata }) => metadata.namespace === this.namespace && metadata.name === name);
  }

  /** What a bundle said of itself, in order, each state once: `Syncing Unknown Deploying`. What a Job waits for is left out. */
  said(name: string): readonly string[] {
    const lines = this.states(name)
      .flatMap(({ status = {} }) => {
        const ready = readyOf(status);
        return ready === undefined ? [] : [`${status.phase} ${ready.status} ${ready.reason}`];
      })
      .filter((line) => !line.endsWith(' WaitingForJob'));
    return lines.filter((line, index) => line !== lines[index - 1]);
  }

  #well(result: KubectlResult): KubectlResult {
    if (result.code !== 0) throw new Error(`kubectl: ${result.stderr}`);
    return result;
  }
}

/** Begins a scenario in a namespace of its own. */
export const scenarioIn = async (given: Given, namespace: string): Promise<BundleScenario> => {
  await given.fixture.makeNamespace(namespace);
  return new BundleScenario(given, namespace);
};

/** Plays scenarios side by side, each as a test of its title. `t.jobs` bounds how many at once. */
export const playAll = async <G extends Given>(
  t: Test,
  given: G,
  scenarios: Readonly<Record<string, (t: Test, given: G) => Promise<void>>>,
): Promise<void> => {
  await Promise.all(Object.entries(scenarios).map(([title, play]) => t.test(title, (t) => play(t, given))));
};

export const readyOf = ({ conditions }: WerfBundleStatus) => conditions?.find(({ type }) => type === 'Ready');

/** Whether Ready has this reason. */
export const told =
  (reason: string) =>
  (status: WerfBundleStatus): boolean =>
    readyOf(status)?.reason === reason;

/** What of a status tells how its deployments went. */
export const outcomeOf = ({ phase, deployment, history, lastErrorMessage, consecutiveFailures }: WerfBundleStatus) => ({
  phase,
  number: deployment?.number,
  reason: deployment?.reason,
  history: history?.map(({ number, tag, result }) => `${number} ${tag} ${result}`),
  consecutiveFailures,
  ...(lastErrorMessage !== undefined && { lastErrorMessage }),
});
