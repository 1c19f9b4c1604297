import type { KubeClient } from '../kube/client.js';
import type { Clock, Log } from '../process/ports.js';
import {
  type Address,
  type Configuration,
  isRight,
  readConfigurations,
  type Target,
  trustedByAll,
  trustedByAny,
  type Wanted,
  writeConfiguration,
} from './configurations.js';
import { authorityFacts } from './inspect.js';

interface CaBundlePublisherDeps {
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly targets: readonly Target[];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Writes our CAs into the webhook configurations, and knows since when each has been in them. */
export class CaBundlePublisher {
  readonly #deps: CaBundlePublisherDeps;
  #confirmed: ReadonlyMap<string, number> = new Map();
  #trusted: readonly string[] = [];

  constructor(deps: CaBundlePublisherDeps) {
    this.#deps = deps;
  }

  /** Since when each CA has been in every caBundle, whenever they were read: by id, milliseconds since 1970. */
  get confirmed(): ReadonlyMap<string, number> {
    return this.#confirmed;
  }

  /** The CAs, PEM, that were in every caBundle that counts when they were read the last time. */
  get trusted(): readonly string[] {
    return this.#trusted;
  }

  /** @throws KubeError, CertificateError */
  async read(signal: AbortSignal): Promise<readonly Configuration[]> {
    const { client, targets, clock } = this.#deps;
    const configurations = await readConfigurations(client, targets, signal);
    // An optional configuration fails open, so it does not restrict what may be served.
    this.#trusted = trustedByAll(configurations.filter(({ target }) => target.optional !== true));
    const ids = this.#trusted.flatMap((pem) => authorityFacts(pem)?.id ?? []);
    this.#confirmed = new Map(ids.map((id) => [id, this.#confirmed.get(id) ?? clock.now()]));
    return configurations;
  }

  /** Corrects the configurations that differ from what is wanted. @throws KubeError */
  async write(configurations: readonly Configuration[], wanted: Wanted, signal: AbortSignal): Promise<void> {
    for (const configuration of configurations.filter((present) => !isRight(present, wanted))) {
      await writeConfiguration(this.#deps.client, configuration, wanted, signal);
      const { type, name } = configuration.target;
      this.#deps.log.info('webhook configuration written', { kind: type.kind, configuration: name });
    }
  }

  /**
   * What should stand in the configurations.
   * @param trust.authorities - PEM; always among them
   * @param trust.others - whether CAs that others wrote are kept while they are valid
   */
  wanted(
    address: Address,
    configurations: readonly Configuration[],
    trust: { readonly authorities: readonly string[]; readonly others: boolean },
  ): Wanted {
    const now = this.#deps.clock.now();
    const others = trust.others ? trustedByAny(configurations) : [];
    const isValid = (pem: string): boolean => (authorityFacts(pem)?.to ?? 0) > now;
    return { address, authorities: [...new Set([...trust.authorities, ...others.filter(isValid)])] };
  }
}
