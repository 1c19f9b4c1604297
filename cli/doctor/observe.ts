import { targetNamespaceOf } from '../../api/names.js';
import type { ObjectRef } from '../../api/objects.js';
import { referenceFor, referencesOf } from '../../api/references/references.js';
import type { ParsedSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { judge } from '../../controller/observe/judge.js';
import type { KubeClient } from '../../kube/client.js';
import { getOnce, type Reads } from '../../kube/get-once.js';
import { NAMESPACES, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { commonFlags } from '../../process/common-flags.js';
import type { Clock } from '../../process/ports.js';
import { askWebhook, type WebhookAnswer } from '../diagnosis/ask-webhook.js';
import { type DeploymentView, readDeployments } from '../diagnosis/deployments.js';
import { type Known, knownFrom, mapKnown } from '../diagnosis/known.js';
import { type LeaseView, readLeases } from '../diagnosis/leases.js';
import { operatorNamespace } from '../diagnosis/operator-namespace.js';
import { readAccessView } from './access-view.js';
import { missingRightsOf } from './account-rights.js';
import { type AskedRegistry, askRegistry } from './ask-registry.js';
import { type Grants, readGrants } from './grants.js';
import { readJobView } from './job-view.js';
import type { Observation, OperatorView, RegistryView } from './observation.js';
import { polledRepositories } from './similar-repositories.js';
import { readSources } from './sources.js';

interface ObserveDeps {
  /** With the user's own rights. */
  readonly client: KubeClient;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** undefined: no registry is to be asked. */
  readonly registry: AskedRegistry | undefined;
  /** As it was given, or undefined. */
  readonly operatorNamespace: string | undefined;
}

/** A controller that works has looked at a new spec by then. */
const USUAL_LOOK_MS = 3_000;

/** Reads what concerns bundles, one after another: what several of them have in common is read once. */
export class Observer {
  readonly #deps: ObserveDeps;
  readonly #reads: Reads;
  readonly #rights = new Map<string, Promise<Known<readonly string[]>>>();
  readonly #grants = new Map<string, Promise<Known<Grants>>>();
  readonly #webhooks = new Map<string, Promise<WebhookAnswer>>();
  #namespace: Promise<string> | undefined;
  #bundles: Promise<Known<{ readonly items: readonly StoredBundle[] }>> | undefined;
  #leases: Promise<Known<readonly LeaseView[]>> | undefined;
  #deployments: Promise<Known<readonly DeploymentView[]>> | undefined;
  #namespaceExists: Promise<Known<boolean>> | undefined;

  constructor(deps: ObserveDeps) {
    this.#deps = deps;
    this.#reads = getOnce(deps.client);
  }

  /** What is known of a bundle. @throws KubeError of an aborted command only */
  async observe(stored: StoredBundle, signal: AbortSignal): Promise<Observation> {
    const { client, clock } = this.#deps;
    const bundle = await this.#settled(stored, signal);
    const namespace = await this.#operatorNamespace(signal);
    // The platform's own lists of registries and images are not for everybody to read: the status tells of them.
    const policy = {
      allowedRegistries: [],
      allowedImages: [],
      certificateSecret: commonFlags['certificate-secret'].default,
    };
    const spec = judge(bundle, { namespace, policy });
    const references = referencesOf(bundle, bundle.metadata.namespace);
    const target = referenceFor(references, 'target-namespace');
    const account = referenceFor(references, 'service-account');
    const accountRef = { namespace: targetNamespaceOf(bundle), name: account?.name ?? 'default' };
    const [operator, registry, targetNamespace, accountFound, missingRights, grants, values, job] = await Promise.all([
      this.#readOperator(bundle.metadata.namespace, signal),
      this.#registry(bundle, spec, signal),
      target && knownFrom(this.#reads.get(NAMESPACES, { name: target.name }, signal)),
      account && knownFrom(this.#reads.get(SERVICEACCOUNTS, accountRef, signal)),
      this.#missingRights(accountRef, signal),
      kept(this.#grants, accountRef.namespace, () => readGrants(client, accountRef.namespace, signal)),
      readSources(this.#reads, { bundle, references }, signal),
      readJobView(client, { bundle, now: clock.now() }, signal),
    ]);
    return {
      now: clock.now(),
      bundle,
      spec,
      operator,
      ...registry,
      target: targetNamespace,
      account: accountFound && mapKnown(accountFound, (found) => found !== undefined),
      missingRights,
      grants,
      ...values,
      job,
    };
  }

  /** The bundle; once more, if its spec was not looked at yet: that takes a moment. */
  async #settled(bundle: StoredBundle, signal: AbortSignal): Promise<StoredBundle> {
    const { client, clock } = this.#deps;
    if (bundle.status?.observedGeneration === bundle.metadata.generation) return bundle;
    await clock.sleep(USUAL_LOOK_MS, signal);
    const { namespace, name } = bundle.metadata;
    const again = await knownFrom(client.get(WERFBUNDLES, { namespace, name }, signal));
    return (again.kind === 'known' ? again.value : undefined) ?? bundle;
  }

  #operatorNamespace(signal: AbortSignal): Promise<string> {
    this.#namespace ??= operatorNamespace(this.#deps.client, this.#deps.operatorNamespace, signal);
    return this.#namespace;
  }

  /** @param of - the namespace of a bundle */
  async #readOperator(of: string, signal: AbortSignal): Promise<OperatorView> {
    const { client } = this.#deps;
    const namespace = await this.#operatorNamespace(signal);
    const exists = this.#deps.operatorNamespace === undefined ? undefined : this.#exists(namespace, signal);
    this.#leases ??= knownFrom(readLeases(this.#deps, namespace, signal));
    this.#deployments ??= readDeployments(client, namespace, signal);
    const answer = kept(this.#webhooks, of, () => askWebhook(client, of, signal));
    const [leases, deployments, webhook, namespaceExists] = await Promise.all([
      this.#leases,
      this.#deployments,
      answer,
      exists,
    ]);
    return { namespace, namespaceExists, leases, deployments, webhook };
  }

  #exists(namespace: string, signal: AbortSignal): Promise<Known<boolean>> {
    this.#namespaceExists ??= knownFrom(this.#reads.get(NAMESPACES, { name: namespace }, signal)).then((found) =>
      mapKnown(found, (object) => object !== undefined),
    );
    return this.#namespaceExists;
  }

  #missingRights(account: ObjectRef, signal: AbortSignal): Promise<Known<readonly string[]>> {
    const key = `${account.namespace}/${account.name}`;
    return kept(this.#rights, key, () => missingRightsOf(this.#deps.client, account, signal));
  }

  async #registry(
    bundle: StoredBundle,
    spec: ParsedSpec,
    signal: AbortSignal,
  ): Promise<Pick<Observation, 'access' | 'registry'>> {
    const { view, target } = await readAccessView(this.#reads, bundle, signal);
    return { access: view, registry: await this.#asked(spec, target, signal) };
  }

  async #asked(
    spec: ParsedSpec,
    target: Awaited<ReturnType<typeof readAccessView>>['target'],
    signal: AbortSignal,
  ): Promise<RegistryView> {
    const { registry } = this.#deps;
    if (registry === undefined) return { kind: 'not-asked', why: 'it was not asked from here (--no-registry)' };
    if (spec.kind === 'invalid') return { kind: 'not-asked', why: 'the spec is not valid' };
    if (target.kind === 'unknown') return { kind: 'not-asked', why: target.why };
    const { policy, host } = spec.settings.registry;
    const others = async () => polledRepositories(await this.#visibleBundles(signal), host);
    return askRegistry(registry, { target: target.value, policy, others }, signal);
  }

  /** Bundles of all namespaces, if the user may see them. */
  async #visibleBundles(signal: AbortSignal): Promise<readonly StoredBundle[]> {
    this.#bundles ??= knownFrom(this.#deps.client.list(WERFBUNDLES, {}, signal));
    const bundles = await this.#bundles;
    return bundles.kind === 'known' ? bundles.value.items : [];
  }
}

const kept = <T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
};
