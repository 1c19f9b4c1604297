import { parseRegistryUrl } from '../api/registry-url.js';
import type { Clock } from '../process/ports.js';
import type { Access } from './access.js';
import { failureOfAnswer, protocolFailure } from './failures.js';
import { jsonObject } from './http-answer.js';
import { nextPage } from './link.js';
import type { HeldBack, RegistryFailure, RegistryTarget, RepositoryList } from './port.js';
import { catalogUrl } from './target.js';

/** For a hint a part of a large registry is enough. */
const PAGES_MAX = 5;

/**
 * Lists the repositories of a registry that tells them; many don't, or to administrators only. It is for hints: unlike the list of tags,
 * which decides, it may be a part.
 * @see https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export class Catalog {
  readonly #access: Access;
  readonly #clock: Clock;

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** The first pages. A failure only if there is none. */
  async list(target: RegistryTarget, signal: AbortSignal): Promise<RepositoryList> {
    const repositories: string[] = [];
    let url = catalogUrl(target);
    for (let pages = 1; ; pages += 1) {
      const page = await this.#page(target, url, signal);
      if (page.kind !== 'page') return pages === 1 ? page : { kind: 'repositories', repositories };
      repositories.push(...page.repositories);
      const next = nextPage(url, page.links);
      if (next.kind !== 'next' || pages === PAGES_MAX) return { kind: 'repositories', repositories };
      url = next.url;
    }
  }

  async #page(target: RegistryTarget, url: URL, signal: AbortSignal): Promise<Page | RegistryFailure | HeldBack> {
    const request = { resource: 'catalog', method: 'GET', url, accept: 'application/json' } as const;
    const answer = await this.#access.request(target, request, signal);
    if (answer.kind !== 'answer') return answer;
    if (answer.status !== 200) return failureOfAnswer(answer, this.#clock.now());
    const all = jsonObject(answer.body)?.['repositories'];
    if (!Array.isArray(all)) return protocolFailure('the list of repositories is not what a registry answers');
    const isName = (name: unknown): name is string =>
      typeof name === 'string' && parseRegistryUrl(`${target.host}/${name}`).kind === 'ok';
    const repositories = all.filter(isName);
    return { kind: 'page', repositories, links: answer.headers('link') };
  }
}

interface Page {
  readonly kind: 'page';
  readonly repositories: readonly string[];
  readonly links: readonly string[];
}
