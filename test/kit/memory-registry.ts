import type {
  HeldBack,
  Registry,
  RegistryFailure,
  RegistryTarget,
  TaggedManifest,
  TagList,
} from '../../registry/port.js';

/** A {@link Registry} in memory that counts what it is asked. `hold()` keeps answers back until `release()`. */
export class MemoryRegistry implements Registry {
  /** Tag → digest; a digest that begins with `image` is no bundle's. Repositories that are not here are not found. */
  readonly repositories = new Map<string, Map<string, string>>();
  /** `list host/repo`, `read host/repo:tag`, in order. */
  readonly calls: string[] = [];
  /** Set: every request fails with it. */
  failure: RegistryFailure | undefined;
  /** Set: every request is held back, and each scan to begin with if `holds` says so. */
  held: HeldBack | undefined;
  /** false: `held` shows only when something is asked, as when another scan has just broken the host. */
  holds = true;
  /** Tags whose manifests fail, with what. */
  readonly failingTags = new Map<string, RegistryFailure | HeldBack>();
  etag: string | undefined;
  /** Set: listings are said to be unchanged. */
  unchanged = false;
  #held: Promise<void> | undefined;
  #release: () => void = () => undefined;

  publish(repository: string, tags: Readonly<Record<string, string>>): void {
    const known = this.repositories.get(repository) ?? new Map<string, string>();
    for (const [tag, digest] of Object.entries(tags)) known.set(tag, digest);
    this.repositories.set(repository, known);
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  holdOf(): HeldBack | undefined {
    return this.holds ? this.held : undefined;
  }

  async listTags({ host, repository }: RegistryTarget, signal: AbortSignal): Promise<TagList> {
    this.calls.push(`list ${host}/${repository}`);
    await this.#answer(signal);
    const stopped = this.held ?? this.failure;
    if (stopped !== undefined) return stopped;
    const tags = this.repositories.get(repository);
    if (tags === undefined) return { kind: 'failed', code: 'not-found', message: '404 not found' };
    const { etag, unchanged } = this;
    return {
      kind: 'tags',
      tags: [...tags.keys()],
      ...(etag !== undefined && { etag }),
      ...(unchanged && { unchanged }),
    };
  }

  async readManifest({ host, repository }: RegistryTarget, tag: string, signal: AbortSignal): Promise<TaggedManifest> {
    this.calls.push(`read ${host}/${repository}:${tag}`);
    await this.#answer(signal);
    const failure = this.held ?? this.failure ?? this.failingTags.get(tag);
    if (failure !== undefined) return failure;
    const digest = this.repositories.get(repository)?.get(tag);
    return digest === undefined
      ? { kind: 'absent' }
      : { kind: 'manifest', digest, bundle: !digest.startsWith('image') };
  }

  async #answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#held === undefined) return;
    await new Promise<void>((resolve, reject) => {
      void this.#held?.then(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}
