import { isRepositoryAddress } from '../api/registry-url.js';
import { repositoryName } from '../api/repository-name.js';
import type { CallRefusal } from './call-refusals.js';
import type { Receiver } from './receivers.js';
import type { Told } from './senders/sender.js';

/** What becomes of a call that is proven to be its receiver's. */
export type Verdict =
  | {
      readonly kind: 'pushed';
      /** Repositories by their `repositoryName`. */
      readonly names: readonly string[];
      readonly below: boolean;
      /** Whether the same call, later, is known to be the same. */
      readonly isUnique: boolean;
    }
  | { readonly kind: 'ignored'; readonly why: string }
  /** `detail` quotes nothing of the call. */
  | { readonly kind: 'refused'; readonly reason: CallRefusal; readonly detail?: string };

/** How far the moment of a push may be from now, milliseconds, in both directions. */
export const FRESH_MS = 5 * 60_000;

/** Repositories of one call: senders tell of one, or of a few. */
const MOST_REPOSITORIES = 16;
const TOO_MANY = `it tells of more than ${MOST_REPOSITORIES} repositories`;

/** Judges what a call tells of. Pure; never throws. @param now - milliseconds since 1970 */
export const judge = (told: Told, { registry }: Pick<Receiver, 'registry'>, now: number): Verdict => {
  switch (told.kind) {
    case 'other':
      return { kind: 'ignored', why: told.what };
    case 'malformed':
      return { kind: 'refused', reason: 'malformed', detail: told.why };
    case 'pushed': {
      const { repositories, below, at } = told;
      if (repositories.length > MOST_REPOSITORIES) return { kind: 'refused', reason: 'malformed', detail: TOO_MANY };
      if (at !== undefined && !(Math.abs(now - at) <= FRESH_MS)) return { kind: 'refused', reason: 'stale' };
      if (!repositories.every((repository) => isRepositoryAddress(`${registry.host}/${repository}`)))
        return { kind: 'refused', reason: 'malformed', detail: 'what it calls a repository is the name of none' };
      const names = repositories.map((repository) => repositoryName({ host: registry.host, repository }));
      if (!names.every((name) => isWithin(registry, name))) return { kind: 'refused', reason: 'elsewhere' };
      return { kind: 'pushed', names, below, isUnique: at !== undefined };
    }
    default:
      return told satisfies never;
  }
};

/** Whether a repository is what a receiver may tell of, or below it. Docker Hub's own images may be written without `library/`. */
const isWithin = ({ host, path }: Receiver['registry'], name: string): boolean => {
  if (path === undefined) return true;
  const prefixes = [`${host}/${path}`, repositoryName({ host, repository: path })];
  return prefixes.some((prefix) => name === prefix || name.startsWith(`${prefix}/`));
};
