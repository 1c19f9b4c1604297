import type { KubeClient } from '../kube/client.js';
import type { Clock, Log } from '../process/ports.js';
import { CaBundlePublisher } from './ca-bundle-publisher.js';
import { CertificateError } from './certificate-error.js';
import {
  type Address,
  type Configuration,
  injectedBy,
  isRight,
  type Target,
  trustedByAny,
  type Wanted,
} from './configurations.js';
import { Faults } from './faults.js';
import { authorityFacts, isOurs, type LeafFacts } from './inspect.js';
import type { KeyPair } from './issue.js';
import { type Observation, planCertificates, type Step } from './plan.js';
import type { Schedule } from './schedule.js';
import {
  type CertificateSource,
  type IssueOrder,
  isLost,
  type Offer,
  offerFacts,
  type Reading,
  unreadable,
} from './source.js';

/** What a server serves with. */
export interface Serving extends KeyPair {
  /** SHA-256 fingerprint of the leaf. */
  readonly fingerprint: string;
  /** End of the leaf's life, milliseconds since 1970. */
  readonly expires: number;
}

interface CertificateManagerDeps {
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly source: CertificateSource;
  readonly schedule: Pick<Schedule, 'overlapMs'>;
  readonly targets: readonly Target[];
  /** Makes the server use this pair from now on. */
  readonly onServe: (serving: Serving) => void;
}

/** What is served, with the facts about it and the CAs that came with it. */
interface Served {
  readonly offer: Offer;
  readonly leaf: LeafFacts;
}

/** What was read for one step. Configurations are undefined if they could not be read. */
interface Seen {
  readonly reading: Reading;
  readonly configurations: readonly Configuration[] | undefined;
}

/** What failed in this look, and is not tried again before the next one. */
interface Stuck {
  readonly publishing: boolean;
  readonly issuing: boolean;
}

/** No situation needs more steps in one look; if there are more, somebody else undoes them. */
const MOST_STEPS = 16;
/** After a failure the next look comes at least this soon, milliseconds. */
const RETRY_MS = 5000;

/**
 * Keeps certificates valid, published and served: looks at their source and at the webhook configurations, and does what the plan says.
 *
 * Guarantees: that of {@link planCertificates}; a fault is logged when it begins and when it ends, and the last good pair is still
 * served; caBundle and address are put back when somebody overwrites them.
 */
export class CertificateManager {
  readonly #deps: CertificateManagerDeps;
  readonly #faults: Faults<
    'read the webhook configurations' | 'read the certificates' | 'issue certificates' | 'publish the certificates'
  >;
  readonly #publisher: CaBundlePublisher;
  #reading: Reading | undefined;
  #served: Served | undefined;
  #address: Address | undefined;

  constructor(deps: CertificateManagerDeps) {
    this.#deps = deps;
    this.#faults = new Faults(deps.log);
    this.#publisher = new CaBundlePublisher(deps);
  }

  /** What is served with. Undefined before {@link open}. */
  get serving(): Serving | undefined {
    return this.#served && servingOf(this.#served);
  }

  /** The CAs, PEM, that were in every caBundle when they were read the last time. */
  get trusted(): readonly string[] {
    return this.#publisher.trusted;
  }

  /** Gets a pair to serve with, made if need be, and publishes nothing. @throws KubeError, CertificateError */
  async open(signal: AbortSignal): Promise<Serving> {
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const reading = await this.#deps.source.read(signal);
      this.#reading = reading;
      const seen = { reading, configurations: await this.#configurationsBefore(reading, signal) };
      const step = planCertificates(this.#observe(seen, { publishing: true, issuing: false }));
      if (step.kind === 'issue') await this.#issue(step, seen, signal);
      if (step.kind === 'serve') this.#serve(reading);
      if (this.#served !== undefined) return servingOf(this.#served);
    }
    throw new CertificateError('the certificates are changed by somebody else again and again');
  }

  /** Publishes the CAs of what is served, at this address. @throws KubeError, CertificateError */
  async publish(address: Address, signal: AbortSignal): Promise<void> {
    const exact: Address = address.kind === 'url' ? { ...address, anyPort: false } : address;
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const configurations = await this.#publisher.read(signal);
      this.#mustNotBeInjected(configurations);
      this.#reading = await this.#deps.source.read(signal);
      const wanted = this.#wanted(exact, configurations);
      this.#address = address;
      if (configurations.every((configuration) => isRight(configuration, wanted))) return;
      await this.#publisher.write(configurations, wanted, signal);
    }
    throw new CertificateError("somebody overwrites the webhooks' clientConfig again and again");
  }

  /**
   * Looks once, and does what is to be done.
   * @returns milliseconds until the next look is needed
   * @throws bugs only: what fails is logged, and tried again at the next look
   */
  async look(signal: AbortSignal): Promise<number> {
    let stuck: Stuck = { publishing: false, issuing: false };
    for (let steps = 0; steps < MOST_STEPS && !signal.aborted; steps += 1) {
      const seen = await this.#read(signal);
      const step = planCertificates(this.#observe(seen, stuck));
      if (step.kind === 'keep') break;
      if (step.kind === 'wait') return this.#pause(step.until - this.#deps.clock.now());
      stuck = await this.#do(step, seen, { stuck, signal });
    }
    return this.#pause(this.#deps.source.lookMs);
  }

  #pause(ms: number): number {
    return Math.max(0, Math.min(ms, this.#deps.source.lookMs, this.#faults.any ? RETRY_MS : Number.POSITIVE_INFINITY));
  }

  async #do(
    step: Exclude<Step, { readonly kind: 'keep' | 'wait' }>,
    seen: Seen,
    { stuck, signal }: { readonly stuck: Stuck; readonly signal: AbortSignal },
  ): Promise<Stuck> {
    switch (step.kind) {
      case 'issue': {
        const done = await this.#faults.heed('issue certificates', () => this.#issue(step, seen, signal));
        return { ...stuck, issuing: done === undefined };
      }
      case 'publish': {
        const done = await this.#faults.heed('publish the certificates', () => this.#putRight(seen, signal));
        return { ...stuck, publishing: done === undefined };
      }
      case 'serve':
        this.#serve(seen.reading);
        return stuck;
      default:
        return unreachable(step);
    }
  }

  /** Reads the configurations first: any CA in them was in the Secret before. */
  async #read(signal: AbortSignal): Promise<Seen> {
    const configurations = await this.#faults.heed('read the webhook configurations', () =>
      this.#publisher.read(signal),
    );
    const reading = await this.#faults.heed('read the certificates', () => this.#deps.source.read(signal));
    if (reading !== undefined) this.#reading = reading;
    // Without the Secret it is not known what should stand in the configurations; another replica may know more.
    const isBlind = reading === undefined && this.#deps.source.shared;
    return {
      configurations: isBlind ? undefined : configurations,
      reading: reading ?? unreadable(this.#reading),
    };
  }

  /** Reads the configurations if the Secret was lost: they still hold its CAs, by which other replicas may still serve. */
  async #configurationsBefore(reading: Reading, signal: AbortSignal): Promise<readonly Configuration[] | undefined> {
    // A failure is ignored here: publishing to them fails again, is reported, and is fatal.
    if (!isLost(reading)) return undefined;
    return this.#faults.heed('read the webhook configurations', () => this.#publisher.read(signal));
  }

  #observe({ reading, configurations }: Seen, stuck: Stuck): Observation {
    const { source, clock, schedule } = this.#deps;
    const served = this.#served?.leaf;
    const offer = this.#offer(reading);
    return {
      now: clock.now(),
      issuer: stuck.issuing ? { kind: 'theirs' } : reading.issuer,
      offered: offer && offerFacts(offer, source.names),
      served: served && { id: served.id, signer: served.signer, to: served.to },
      confirmed: this.#publisher.confirmed,
      published: stuck.publishing ? 'stuck' : this.#published(configurations),
      overlapMs: schedule.overlapMs,
    };
  }

  /** A Secret that was lost, or whose CA was, is created anew around the pair that is served. */
  #offer(reading: Reading): Offer | undefined {
    const served = this.#served?.offer;
    if (served === undefined || !isLost(reading)) return reading.offer;
    return { ...served, authorities: unique([...(reading.offer?.authorities ?? []), ...served.authorities]) };
  }

  #published(configurations: readonly Configuration[] | undefined): Observation['published'] {
    const address = this.#address;
    if (address === undefined || configurations === undefined) return 'stuck';
    const wanted = this.#wanted(address, configurations);
    return configurations.every((configuration) => isRight(configuration, wanted)) ? 'right' : 'wrong';
  }

  /** A caBundle has to hold the source's CAs, and that of the pair that is served. */
  #wanted(address: Address, configurations: readonly Configuration[]): Wanted {
    const { offer, leaf } = this.#served ?? {};
    const own = offer?.authorities.filter((pem) => authorityFacts(pem)?.id === leaf?.signer) ?? [];
    const authorities = [...(this.#reading?.offer?.authorities ?? []), ...own];
    return this.#publisher.wanted(address, configurations, { authorities, others: !this.#deps.source.shared });
  }

  async #putRight({ configurations = [] }: Seen, signal: AbortSignal): Promise<'done'> {
    const wanted = this.#address && this.#wanted(this.#address, configurations);
    if (wanted !== undefined) await this.#publisher.write(configurations, wanted, signal);
    return 'done';
  }

  async #issue(
    { authority, leaf, why }: Extract<Step, { readonly kind: 'issue' }>,
    { reading, configurations = [] }: Seen,
    signal: AbortSignal,
  ): Promise<'done'> {
    const offer = this.#offer(reading);
    const earlier = isLost(reading) ? trustedByAny(configurations).filter(isOurs) : [];
    const order: IssueOrder = {
      authority,
      leaf,
      pair: offer ?? { certificate: '', key: '' },
      alsoTrusted: [...(offer?.authorities ?? []), ...earlier],
    };
    const { log, source } = this.#deps;
    if (await reading.issue(order, signal)) {
      log.info('certificates issued', { authority, leaf, why, names: source.names });
    }
    return 'done';
  }

  #serve({ offer }: Reading): void {
    const { source, log, onServe } = this.#deps;
    if (offer === undefined) return;
    const { leaf } = offerFacts(offer, source.names);
    if (leaf === 'broken') return;
    const served = { offer, leaf };
    onServe(servingOf(served));
    this.#served = served;
    log.info('serving with a certificate', { fingerprint: leaf.id, expires: new Date(leaf.to).toISOString() });
  }

  #mustNotBeInjected(configurations: readonly Configuration[]): void {
    if (!this.#deps.source.shared) return;
    for (const configuration of configurations) {
      const annotation = injectedBy(configuration);
      const { type, name } = configuration.target;
      if (annotation === undefined) continue;
      throw new CertificateError(
        `${type.kind} ${name} has the annotation ${annotation}, so its caBundle is cert-manager's: ` +
          'take the annotation away, or give the certificates with --cert-dir',
      );
    }
  }
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

const servingOf = ({ offer, leaf }: Served): Serving => ({
  certificate: offer.certificate,
  key: offer.key,
  fingerprint: leaf.id,
  expires: leaf.to,
});

const unreachable = (step: never): never => {
  throw new Error(`no such step: ${JSON.stringify(step)}`);
};
