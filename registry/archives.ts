import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfAnswer, protocolFailure } from './failures.js';
import type { HttpAnswer } from './http-answer.js';
import { chartLayerOf, hasDigest, isBundleManifest, MANIFEST_ACCEPT, parseDigest } from './manifest.js';
import type { BundleArchive, HeldBack, RegistryFailure, RegistryTarget } from './port.js';
import { resourceUrl } from './target.js';

/** Pulls the charts of bundles. Nothing is kept: who asks does so once for each digest. */
export class Archives {
  readonly #access: Access;
  readonly #clock: Clock;
  readonly #most: number;

  /** @param most - that is read of one archive, bytes */
  constructor(access: Access, clock: Clock, most: number) {
    this.#access = access;
    this.#clock = clock;
    this.#most = most;
  }

  async read(target: RegistryTarget, digest: string, signal: AbortSignal): Promise<BundleArchive> {
    if (parseDigest(digest) === undefined) return unusable('it has no digest');
    const manifest = await this.#get(target, { resource: 'manifests', digest }, signal);
    if (!Buffer.isBuffer(manifest)) return manifest;
    if (isBundleManifest(manifest) !== true) return unusable('it is no bundle');
    const layer = chartLayerOf(manifest);
    if (layer === undefined) return unusable('its manifest names no chart');
    if (layer.size > this.#most) return unusable(`its archive has more than ${this.#most / 1024 / 1024} MiB`);
    const bytes = await this.#get(target, { resource: 'blobs', digest: layer.digest }, signal);
    return Buffer.isBuffer(bytes) ? { kind: 'archive', bytes } : bytes;
  }

  async #get(target: RegistryTarget, { resource, digest }: Content, signal: AbortSignal): Promise<Buffer | Missing> {
    const url = resourceUrl(target, `${resource}/${digest}`);
    const how = resource === 'blobs' ? WHOLE : { accept: MANIFEST_ACCEPT };
    const answer = await this.#access.request(target, { resource, method: 'GET', url, ...how }, signal);
    return answer.kind === 'answer' ? this.#contentOf(answer, digest) : answer;
  }

  #contentOf(answer: HttpAnswer, digest: string): Buffer | Missing {
    if (answer.status === 404) return { kind: 'absent' };
    if (answer.status !== 200) return failureOfAnswer(answer, this.#clock.now());
    return hasDigest(answer.body, digest)
      ? answer.body
      : protocolFailure('what the registry gave does not have the digest that was asked for');
  }
}

/** What is named by its digest. */
interface Content {
  readonly resource: 'manifests' | 'blobs';
  readonly digest: string;
}

type Missing = { readonly kind: 'absent' } | RegistryFailure | HeldBack;

const WHOLE = { accept: '*/*', encoding: 'identity' } as const;

const unusable = (why: string): BundleArchive => ({ kind: 'unusable', why });
