/** What the controller needs of the outside world. Adapters implement these; main.ts wires them. */
import type { RegistryCredential } from '../api/docker-config.js';

export type { RegistryCredential };

/** How a registry is spoken to. Equal values mean the same scan. */
export interface RegistryTarget {
  /** `host[:port]`, as in spec.registry.url. */
  readonly host: string;
  /** Path below the host: `acme/app`. */
  readonly repository: string;
  readonly insecure: boolean;
  readonly credential?: RegistryCredential;
  /** PEM certificates that are trusted beside the system's. */
  readonly ca?: string;
}

/**
 * A request that the registry did not fulfil.
 * `message` is in the guide's words, without prefix: `401 unauthorized`, `context deadline exceeded`; nothing of a response body.
 */
export interface RegistryFailure {
  readonly kind: 'failed';
  readonly code:
    | 'unauthorized'
    | 'not-found'
    | 'timeout'
    | 'rate-limited'
    | 'server-error'
    | 'connection'
    | 'certificate'
    | 'refused-address'
    | 'protocol';
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** `unchanged`: every page was answered with 304 Not Modified; the tags are those of the last listing. */
export type TagList =
  | { readonly kind: 'tags'; readonly tags: readonly string[]; readonly etag?: string; readonly unchanged?: true }
  | RegistryFailure;

/** What a tag points to. `bundle`: the manifest's config is a Helm chart's. */
export type TaggedManifest =
  | { readonly kind: 'manifest'; readonly digest: string; readonly bundle: boolean }
  | { readonly kind: 'absent' }
  | RegistryFailure;

/** An OCI registry. Never throws for what a registry or the network does; rejects only when `signal` is aborted. */
export interface Registry {
  /** All tags of the repository, unsorted, all pages. */
  listTags(target: RegistryTarget, signal: AbortSignal): Promise<TagList>;
  readManifest(target: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest>;
}
