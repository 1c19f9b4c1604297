/** What is asked of an OCI registry, and what it may answer. */
import type { RegistryCredential } from '../api/docker-config.js';

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
  /** `host[:port]` of who failed, where that is not the target's host: a token server, or where the registry redirects to. */
  readonly host?: string;
  /** The target's credential was sent, to its host or to its token server. */
  readonly credentialSent?: true;
}

/**
 * A request that was not made, to spare its host: `rate`: others wait for their turn already; `breaker`: the host was broken at the
 * last requests; `retry-after`: it asked to be left alone. This is no failure: nothing is known of the requested resource.
 */
export interface HeldBack {
  readonly kind: 'held';
  readonly why: 'rate' | 'breaker' | 'retry-after';
  /** When to ask again, milliseconds from now. */
  readonly forMs: number;
}

/** `unchanged`: every page was answered with 304 Not Modified; the tags are those of the last listing. */
export type TagList =
  | { readonly kind: 'tags'; readonly tags: readonly string[]; readonly etag?: string; readonly unchanged?: true }
  | RegistryFailure
  | HeldBack;

/** What a tag points to. `bundle`: the manifest's config is a Helm chart's. */
export type TaggedManifest =
  | { readonly kind: 'manifest'; readonly digest: string; readonly bundle: boolean }
  | { readonly kind: 'absent' }
  | RegistryFailure
  | HeldBack;

/** An OCI registry. Never throws for what a registry or the network does; rejects only when `signal` is aborted. */
export interface Registry {
  /** Whether a scan of the target would be held back now; asks nobody. undefined: it would not. */
  holdOf(target: RegistryTarget): HeldBack | undefined;
  /** All tags of the repository, unsorted, all pages. */
  listTags(target: RegistryTarget, signal: AbortSignal): Promise<TagList>;
  readManifest(target: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest>;
}

/** Names of repositories, perhaps not all. */
export type RepositoryList =
  | { readonly kind: 'repositories'; readonly repositories: readonly string[] }
  | RegistryFailure
  | HeldBack;

/** What repositories a registry has, for hints only: the controller does not ask. */
export interface RepositoryCatalog {
  /** @param target - by whose host and credential it is asked. Rejects only when `signal` is aborted. */
  listRepositories(target: RegistryTarget, signal: AbortSignal): Promise<RepositoryList>;
}

/**
 * The chart of a bundle, packed as Helm packs charts: tar and gzip. `absent`: the registry does not have it any more. `unusable`: there is
 * something of this digest, but no chart that could be read; asking again is useless. `why` is a sentence without an end.
 */
export type BundleArchive =
  | { readonly kind: 'archive'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly why: string }
  | RegistryFailure
  | HeldBack;

/** What is in bundles. */
export interface BundleArchives {
  /**
   * Pulls the chart of a bundle: two requests.
   * @param digest - of its manifest, `sha256:…`; manifest and chart are only taken if they have their digests
   */
  readArchive(target: RegistryTarget, digest: string, signal: AbortSignal): Promise<BundleArchive>;
}
